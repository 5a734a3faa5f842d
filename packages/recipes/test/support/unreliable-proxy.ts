// A relay between clients and a server that loses what a test tells it to lose: connections, or the answer to one request that the
// server has carried out.

import { connect, createServer, type Server, type Socket } from 'node:net'

const HOST = '127.0.0.1'

/** What becomes of the next request with a certain opcode. */
interface Loss {
  readonly opcode: number
  /** Whether the server gets it: then its answer is lost, otherwise the request itself. */
  readonly isDelivered: boolean
  /** How many requests with this opcode go unharmed before. */
  spared: number
  readonly done: () => void
}

export class UnreliableProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #targetPort: number
  readonly #relays = new Set<Relay>()
  readonly #losses: Loss[] = []
  #isOpen = true

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.#targetPort = targetPort
  }

  static async start(targetPort: number): Promise<UnreliableProxy> {
    const server = createServer()
    const proxy = new UnreliableProxy(server, targetPort)
    server.on('connection', (socket) => proxy.#accept(socket))
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
    return proxy
  }

  get address(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return `${HOST}:${address.port}`
  }

  /** Cuts every connection; clients may come back at once. */
  cut(): void {
    for (const relay of [...this.#relays]) relay.destroy()
  }

  /** Cuts every connection and lets nobody in until `open`. */
  close(): void {
    this.#isOpen = false
    this.cut()
  }

  open(): void {
    this.#isOpen = true
  }

  /**
   * The server carries out the next request with this opcode (or a later one, after so many that are spared), and the connection is
   * cut in place of its answer. Settles then.
   */
  loseReplyTo(opcode: number, spared = 0): Promise<void> {
    return new Promise((done) => this.#losses.push({ opcode, isDelivered: true, spared, done }))
  }

  /** The connection is cut in place of the next request with this opcode. Settles then. */
  loseRequest(opcode: number): Promise<void> {
    return new Promise((done) => this.#losses.push({ opcode, isDelivered: false, spared: 0, done }))
  }

  /** What is to be lost of a request with this opcode; asked once for each request. */
  takeLoss(opcode: number): Loss | null {
    const index = this.#losses.findIndex((each) => each.opcode === opcode)
    const loss = this.#losses[index] ?? null
    if (loss === null || loss.spared-- > 0) return null
    this.#losses.splice(index, 1)
    return loss
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined)
    if (!this.#isOpen) return void client.destroy()
    const relay = new Relay(this, client, connect(this.#targetPort, HOST), () => this.#relays.delete(relay))
    this.#relays.add(relay)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

class Relay {
  readonly #proxy: UnreliableProxy
  readonly #client: Socket
  readonly #server: Socket
  readonly #onEnd: () => void
  #isFirstFrame = true
  #lostXid: number | null = null
  #loss: Loss | null = null

  constructor(proxy: UnreliableProxy, client: Socket, server: Socket, onEnd: () => void) {
    this.#proxy = proxy
    this.#client = client
    this.#server = server
    this.#onEnd = onEnd
    readFrames(client, (frame) => this.#onRequest(frame))
    readFrames(server, (frame) => this.#onReply(frame))
    for (const socket of [client, server]) {
      socket.on('error', () => undefined)
      socket.on('close', () => this.destroy())
      socket.setNoDelay(true)
    }
  }

  destroy(): void {
    this.#client.destroy()
    this.#server.destroy()
    this.#onEnd()
  }

  #onRequest(frame: Buffer): void {
    if (this.#loss !== null) return
    const isHandshake = this.#isFirstFrame
    this.#isFirstFrame = false
    const loss = isHandshake ? null : this.#proxy.takeLoss(frame.readInt32BE(8))
    if (loss?.isDelivered === false) {
      this.destroy()
      loss.done()
      return
    }
    if (loss !== null) {
      this.#loss = loss
      this.#lostXid = frame.readInt32BE(4)
    }
    this.#server.write(frame)
  }

  #onReply(frame: Buffer): void {
    if (this.#loss !== null && frame.readInt32BE(4) === this.#lostXid) {
      this.destroy()
      this.#loss.done()
    } else {
      this.#client.write(frame)
    }
  }
}

/** Calls back with each whole frame, its length in front. */
function readFrames(socket: Socket, onFrame: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0)
      const frame = Buffer.from(rest.subarray(0, end))
      rest = rest.subarray(end)
      onFrame(frame)
    }
  })
}
