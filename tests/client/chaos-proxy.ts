// A way to a server that breaks as networks do: connections are cut, answers lost with them, one side or both close, nothing moves any more,
// everything is late, or comes in crumbs.

import { connect, createServer, type Server, type Socket } from 'node:net'
import type { SeededRandom } from '../faults/seeded-random.ts'

const HOST = '127.0.0.1'

/** Kinds of faults, each as likely as it is often in this list: a stall holds its client up for seconds, the others for milliseconds. */
const FAULTS = [
  'cut',
  'cut',
  'cut',
  'lost-answers',
  'lost-answers',
  'lost-answers',
  'lost-create',
  'lost-create',
  'half-close-by-server',
  'half-close-by-client',
  'late',
  'late',
  'crumbs',
  'crumbs',
  'cut-all',
  'stall',
] as const

export type Fault = (typeof FAULTS)[number]

/** How long chunks are late while a connection is, at most. */
const LATE_MS_MAX = 30
/** For how long. */
const LATE_FOR_MS = 500
/** create, create2, createContainer and createTTL: what leaves something behind when nobody hears of it. */
const CREATE_OPCODES = new Set([1, 15, 19, 21])
/** Where a request's opcode is: behind its length and its number. */
const OPCODE_OFFSET = 8
/** How many answers are lost before the connection that they were on is cut. */
const LOST_CHUNKS_MAX = 3

/** One client's connection and the server's end of it. */
class Pipe {
  readonly client: Socket
  readonly server: Socket
  /** How much longer each chunk takes. */
  #lateMs = 0
  /** What is on its way. */
  readonly #late: { readonly chunk: Buffer; readonly to: Socket }[] = []
  hasCrumbs = false
  /** Chunks from the server that get lost before the pipe is cut; -1 for none. */
  chunksToLose = -1
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #onEnd: () => void

  constructor(client: Socket, server: Socket, proxy: ChaosProxy, onEnd: () => void) {
    this.client = client
    this.server = server
    this.#onEnd = onEnd
    client.on('data', (chunk) => {
      // Requests of a client that waits for each answer begin with their chunks.
      const isCreate = chunk.length >= OPCODE_OFFSET + 4 && CREATE_OPCODES.has(chunk.readInt32BE(OPCODE_OFFSET))
      if (isCreate && proxy.takeLostCreate()) this.chunksToLose = 0
      this.#pass(chunk, server)
    })
    server.on('data', (chunk) => this.#answer(chunk))
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => this.cut())
      socket.on('close', () => this.cut())
    }
  }

  cut(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.client.destroy()
    this.server.destroy()
    this.#onEnd()
  }

  /** Everything comes later for a while. */
  beLate(lateMs: number): void {
    this.#lateMs = Math.max(this.#lateMs, lateMs)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#lateMs = 0
    }, LATE_FOR_MS)
    this.#timers.add(timer)
  }

  /** From now on nothing moves, and nobody is told. */
  stall(): void {
    this.client.pause()
    this.server.pause()
  }

  #answer(chunk: Buffer): void {
    if (this.chunksToLose < 0) return this.#pass(chunk, this.client)
    this.chunksToLose -= 1
    if (this.chunksToLose < 0) this.cut()
  }

  #pass(chunk: Buffer, to: Socket): void {
    if (this.#lateMs === 0 && this.#late.length === 0) return this.#write(chunk, to)
    // Whichever timer is due first sends what has waited longest: nothing is overtaken.
    this.#late.push({ chunk, to })
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const first = this.#late.shift()
      if (first !== undefined) this.#write(first.chunk, first.to)
    }, this.#lateMs)
    this.#timers.add(timer)
  }

  #write(chunk: Buffer, to: Socket): void {
    if (to.destroyed || to.writableEnded) return
    if (!this.hasCrumbs) return void to.write(chunk)
    // Frames are torn in their lengths and everywhere else.
    for (let start = 0; start < chunk.length; start += 7) to.write(chunk.subarray(start, start + 7))
  }
}

export class ChaosProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #serverPort: number
  readonly #random: SeededRandom
  readonly #pipes = new Set<Pipe>()
  readonly counts = new Map<Fault, number>()
  /** Connections that clients have made. */
  connections = 0
  /** Creations, of whichever clients come next, that the server is to carry out and nobody to hear of. */
  #createsToLose = 0

  private constructor(server: Server, serverPort: number, random: SeededRandom) {
    this.#server = server
    this.#serverPort = serverPort
    this.#random = random
    server.on('connection', (socket) => this.#join(socket))
  }

  static async start(serverPort: number, random: SeededRandom): Promise<ChaosProxy> {
    // Half-open connections are the proxy's business: the other side hears of an end only when it is passed on.
    const server = createServer({ allowHalfOpen: true })
    const proxy = new ChaosProxy(server, serverPort, random)
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
    return proxy
  }

  get address(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return `${HOST}:${address.port}`
  }

  /** Lets one fault happen, of a kind and to a connection of chance. */
  breakSomething(): Fault {
    const fault = this.#random.pick(FAULTS)
    const pipe = [...this.#pipes][this.#random.below(Math.max(1, this.#pipes.size))]
    const lateMs = 1 + this.#random.below(LATE_MS_MAX)
    const chunksToLose = this.#random.below(LOST_CHUNKS_MAX)
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
    if (pipe === undefined) return fault
    switch (fault) {
      case 'cut':
        pipe.cut()
        break
      case 'cut-all':
        for (const each of [...this.#pipes]) each.cut()
        break
      case 'lost-answers':
        pipe.chunksToLose = chunksToLose
        break
      case 'lost-create':
        this.#createsToLose += 1
        break
      case 'half-close-by-server':
        pipe.client.end()
        break
      case 'half-close-by-client':
        pipe.server.end()
        break
      case 'late':
        pipe.beLate(lateMs)
        break
      case 'crumbs':
        pipe.hasCrumbs = true
        break
      case 'stall':
        pipe.stall()
        break
    }
    return fault
  }

  /** Whether the answer to a creation is to be lost; true once for each that is. */
  takeLostCreate(): boolean {
    if (this.#createsToLose === 0) return false
    this.#createsToLose -= 1
    return true
  }

  /** What happened, in words. */
  get story(): string {
    return [...this.counts].map(([fault, count]) => `${count} ${fault}`).join(', ')
  }

  #join(client: Socket): void {
    this.connections += 1
    const server = connect({ host: HOST, port: this.#serverPort, allowHalfOpen: true })
    const pipe = new Pipe(client, server, this, () => this.#pipes.delete(pipe))
    this.#pipes.add(pipe)
    client.on('end', () => pipe.cut())
    server.on('end', () => pipe.cut())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pipe of [...this.#pipes]) pipe.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
