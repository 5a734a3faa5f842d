// A whole server on virtual time, with a disk and a network in memory: nothing happens but what the test says, in the
// order in which it says so.

import { SESSION_PASSWORD_LENGTH, sessionPassword } from '@tskeeper/core'
import { ByteReader, ByteWriter, Op } from '@tskeeper/protocol/server'
import { configFromProperties } from '../../src/config/load-config.ts'
import type { RunningServer } from '../../src/running-server.ts'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import type {
  ConnectionAttempt,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  NetworkConnection,
} from '../../src/runtime/network.ts'
import type { TimerHandle, Timers } from '../../src/runtime/runtime.ts'
import { startServer } from '../../src/server.ts'
import { FixedRandom, ManualClock } from '../manual-runtime.ts'
import { RecordingLogger } from '../recording-logger.ts'

interface VirtualTimer {
  readonly dueMs: number
  readonly callback: () => void
}

/** Timers that go off when the test moves the clock. */
class VirtualTimers implements Timers {
  readonly #clock: ManualClock
  #waiting: VirtualTimer[] = []
  #soon: (() => void)[] = []

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    const timer = { dueMs: this.#clock.steadyMs + delayMs, callback }
    this.#waiting.push(timer)
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter((other) => other !== timer)
      },
    }
  }

  soon(callback: () => void): void {
    this.#soon.push(callback)
  }

  /** Runs what waits for its turn; false if nothing did. */
  runSoon(): boolean {
    const soon = this.#soon
    this.#soon = []
    for (const callback of soon) callback()
    return soon.length > 0
  }

  /** Moves the clock by this time and goes off at each moment that is due on the way. */
  advance(durationMs: number): void {
    const endMs = this.#clock.steadyMs + durationMs
    for (;;) {
      const next = this.#firstDue(endMs)
      if (next === null) break
      this.#waiting = this.#waiting.filter((timer) => timer !== next)
      this.#clock.advance(Math.max(next.dueMs - this.#clock.steadyMs, 0))
      next.callback()
    }
    this.#clock.advance(endMs - this.#clock.steadyMs)
  }

  #firstDue(endMs: number): VirtualTimer | null {
    let first: VirtualTimer | null = null
    for (const timer of this.#waiting) if (timer.dueMs <= endMs && (first === null || timer.dueMs < first.dueMs)) first = timer
    return first
  }
}

class VirtualNetwork implements Network {
  accept: (connection: NetworkConnection) => void = () => {}

  listen(
    options: ListenOptions,
    accept: (connection: NetworkConnection) => void,
    ready: (error: Error | null, port: number) => void,
  ): Listener {
    this.accept = accept
    ready(null, options.port)
    return { port: options.port, close: (done) => done() }
  }

  connect(options: ConnectOptions): ConnectionAttempt {
    throw new Error(`a server alone connects to nobody, also not to ${options.host}:${options.port}`)
  }
}

export interface VirtualReply {
  readonly xid: number
  readonly zxid: number
  readonly err: number
}

/** A client as its connection's other end. */
export class VirtualClient implements NetworkConnection {
  readonly remoteAddress: string
  readonly remotePort: number
  handler: ConnectionHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }
  /** The server reads from this connection at the moment. */
  isRead = true
  isClosed = false
  /** The client reads: what the server writes leaves at once. */
  isReading = true
  readonly #received: Uint8Array[] = []
  #isDrainOwed = false
  #waiting: Uint8Array[] = []

  constructor(address: string, port: number) {
    this.remoteAddress = address
    this.remotePort = port
  }

  write(bytes: Uint8Array, length: number): boolean {
    this.#received.push(bytes.slice(0, length))
    if (!this.isReading) this.#isDrainOwed = true
    return this.isReading
  }

  pause(): void {
    this.isRead = false
  }

  resume(): void {
    this.isRead = true
    for (const bytes of this.#waiting.splice(0)) this.deliver(bytes)
  }

  end(): void {
    this.#close()
  }

  destroy(): void {
    this.#close()
  }

  #close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.handler.onClose(null)
  }

  /** The client's end is gone. */
  cut(): void {
    this.#close()
  }

  /** The client reads what it had not read, and goes on reading. */
  startReading(): void {
    this.isReading = true
    if (!this.#isDrainOwed) return
    this.#isDrainOwed = false
    this.handler.onDrain()
  }

  /** Sends frames in one chunk. */
  send(...payloads: readonly Uint8Array[]): void {
    const out = new ByteWriter(64)
    for (const payload of payloads) {
      out.writeInt(payload.length)
      out.writeBytes(payload)
    }
    this.deliver(out.toBytes())
  }

  /** Sends bytes as they are. */
  deliver(bytes: Uint8Array): void {
    if (this.isClosed) return
    if (this.isRead) this.handler.onData(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes.length)
    else this.#waiting.push(bytes)
  }

  /** Asks for a new session, or for this one, with whatever else is sent at once. */
  connect(timeoutMs: number, sessionId = 0n, ...requests: readonly Uint8Array[]): void {
    const password = new Uint8Array(SESSION_PASSWORD_LENGTH)
    if (sessionId !== 0n) sessionPassword(sessionId, password)
    const out = new ByteWriter(64)
    out.writeInt(0)
    out.writeNumber(0)
    out.writeInt(timeoutMs)
    out.writeLong(sessionId)
    out.writeBuffer(password)
    out.writeBoolean(false)
    this.send(out.toBytes(), ...requests)
  }

  /** The id of the session that the server gave or confirmed, 0 if it refused; null if it has not answered. */
  takeSessionId(): bigint | null {
    const bytes = this.takeBytes()
    if (bytes.length === 0) return null
    const length = new DataView(bytes.buffer).getInt32(0)
    if (bytes.length > 4 + length) this.#received.push(bytes.slice(4 + length))
    return new DataView(bytes.buffer).getBigInt64(12)
  }

  /** All that came since the last call, as one piece. */
  takeBytes(): Uint8Array {
    const bytes = Uint8Array.from(this.#received.flatMap((part) => [...part]))
    this.#received.length = 0
    return bytes
  }

  takeText(): string {
    return new TextDecoder().decode(this.takeBytes())
  }

  /** The headers of the replies that came since the last call. */
  takeReplies(): VirtualReply[] {
    const bytes = this.takeBytes()
    const reader = new ByteReader(bytes)
    const replies: VirtualReply[] = []
    while (reader.remaining() > 0) {
      const length = reader.readInt()
      const end = reader.position + length
      replies.push({ xid: reader.readInt(), zxid: reader.readNumber(), err: reader.readInt() })
      reader.position = end
    }
    return replies
  }
}

export class VirtualServer {
  readonly clock: ManualClock = new ManualClock()
  readonly timers: VirtualTimers = new VirtualTimers(this.clock)
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly logger: RecordingLogger = new RecordingLogger()
  readonly #network = new VirtualNetwork()
  #running: RunningServer | null = null
  #nextPort = 40_000
  /** Syncs do not end while this is true. */
  isDiskHeld = false

  /** Settings as they would stand in zoo.cfg; `chance` is every random number. */
  static async start(settings: Readonly<Record<string, string | number>>, chance = 0): Promise<VirtualServer> {
    const server = new VirtualServer()
    const { clock, timers, disk, logger } = server
    const file = {
      clientPort: 2181,
      dataDir: '/data',
      tickTime: 1000,
      preAllocSize: 64,
      '4lw.commands.whitelist': '*',
      ...settings,
    }
    const properties = new Map(Object.entries(file).map(([key, value]) => [key, String(value)]))
    const config = configFromProperties(properties, { disk, logger, workingDirectory: '/', properties: new Map() })
    const runtime = { clock, timers, disk, network: server.#network, random: new FixedRandom(chance) }
    server.#running = await startServer(config, { runtime, logger })
    return server
  }

  /** Everything that can happen without time going on happens. */
  settle(): void {
    do {
      if (!this.isDiskHeld) this.disk.completeSyncs()
    } while (this.timers.runSoon())
  }

  advance(durationMs: number): void {
    this.timers.advance(durationMs)
    this.settle()
  }

  /** A connection on which nothing has been sent. */
  open(address = '127.0.0.1'): VirtualClient {
    const client = new VirtualClient(address, this.#nextPort++)
    this.#network.accept(client)
    return client
  }

  /** A client with a session, whose responses so far are forgotten. */
  connect(timeoutMs = 10_000): VirtualClient {
    const client = this.open()
    client.connect(timeoutMs)
    this.settle()
    client.takeBytes()
    return client
  }

  /** The answer to a four-letter word. */
  ask(word: string): string {
    const client = this.open()
    client.deliver(new TextEncoder().encode(word))
    this.settle()
    return client.takeText()
  }

  /** A metric of `mntr`. */
  metric(name: string): number {
    const value = new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(this.ask('mntr'))?.[1]
    if (value === undefined) throw new Error(`there is no metric ${name}`)
    return Number(value)
  }

  async stop(): Promise<void> {
    this.isDiskHeld = false
    const stopped = this.#running?.stop()
    this.settle()
    await stopped
  }
}

/** Requests with the given xid. */
export function createRequest(xid: number, path: string): Uint8Array {
  const out = header(xid, Op.create)
  out.writeString(path)
  out.writeBuffer(null)
  out.writeInt(1)
  out.writeInt(31)
  out.writeString('world')
  out.writeString('anyone')
  out.writeInt(0)
  return out.toBytes()
}

export function setDataRequest(xid: number, path: string): Uint8Array {
  const out = header(xid, Op.setData)
  out.writeString(path)
  out.writeBuffer(null)
  out.writeInt(-1)
  return out.toBytes()
}

export function existsRequest(xid: number, path: string): Uint8Array {
  const out = header(xid, Op.exists)
  out.writeString(path)
  out.writeBoolean(false)
  return out.toBytes()
}

export function syncRequest(xid: number, path: string): Uint8Array {
  const out = header(xid, Op.sync)
  out.writeString(path)
  return out.toBytes()
}

export function bareRequest(xid: number, op: number): Uint8Array {
  return header(xid, op).toBytes()
}

function header(xid: number, op: number): ByteWriter {
  const out = new ByteWriter(64)
  out.writeInt(xid)
  out.writeInt(op)
  return out
}
