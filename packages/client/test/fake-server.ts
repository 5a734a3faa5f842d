// A server that follows a script: it takes connections (or not), answers handshakes, pings, credentials and setWatches by itself, and keeps
// every other request until the test answers it.

import { ByteReader, ByteWriter, beginFrame, endFrame, Op, Xid } from '@tskeeper/protocol'
import type { Timers, TransportConnection, TransportHandler } from '../src/portable.ts'

/** A request as it came. */
export interface Received {
  readonly xid: number
  readonly op: number
  /** At the request's body. */
  readonly body: ByteReader
}

/** No test needs as many attempts: a client that makes more does not pause between them, and virtual time would stand still. */
const ATTEMPTS_MAX = 2_000

export class FakeServer {
  readonly #timers: Timers
  /** `refuse` breaks each attempt, `silent` never answers one, `stall` accepts and says nothing. */
  mode: 'accept' | 'refuse' | 'silent' | 'stall' = 'accept'
  grant = { timeoutMs: 9_000, sessionId: 0x1234n, isReadOnly: false }
  /** Whether sessions that clients bring are refused. */
  isForgetful = false
  authCode = 0
  /** Whether connections answer setWatches by themselves. */
  answersSetWatches = true
  /** Answer to a four-letter word. */
  wordAnswer = 'ro'
  readonly attempts: FakeConnection[] = []
  readonly words: string[] = []

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** The connection that came last. */
  get last(): FakeConnection {
    const connection = this.attempts.at(-1)
    if (connection === undefined) throw new Error('nobody has connected')
    return connection
  }

  connect(handler: TransportHandler): TransportConnection {
    if (this.attempts.length >= ATTEMPTS_MAX) throw new Error('a client that connects again and again without a pause')
    const connection = new FakeConnection(this, handler, this.#timers)
    this.attempts.push(connection)
    if (this.mode === 'refuse') this.#timers.soon(() => connection.breakOff(new Error('connection refused')))
    else if (this.mode !== 'silent') this.#timers.soon(() => connection.open())
    return connection
  }
}

/** A handshake as the client sent it. */
export interface Handshake {
  readonly lastZxid: bigint
  readonly timeoutMs: number
  readonly sessionId: bigint
  readonly password: Uint8Array | null
  readonly readOnly: boolean
}

export class FakeConnection implements TransportConnection {
  readonly #server: FakeServer
  readonly #handler: TransportHandler
  readonly #timers: Timers
  readonly received: Received[] = []
  /** Answers to pings stop when it is false. */
  answersPings = true
  answersClose = true
  handshake: Handshake | null = null
  writeCount = 0
  /** Whether `write` says that the bytes have not left, and keeps them from the server. */
  isBlocked = false
  #held: Uint8Array | null = null
  isClosed = false
  #input = new Uint8Array(0)

  constructor(server: FakeServer, handler: TransportHandler, timers: Timers) {
    this.#server = server
    this.#handler = handler
    this.#timers = timers
  }

  get credentials(): Received[] {
    return this.received.filter(({ xid }) => xid === Xid.auth)
  }

  /** Requests of one kind. */
  requests(op: number): Received[] {
    return this.received.filter((request) => request.op === op)
  }

  /** The only request of a kind. */
  request(op: number): Received {
    const found = this.requests(op)
    if (found.length !== 1) throw new Error(`${found.length} requests of type ${op}`)
    return found[0] as Received
  }

  open(): void {
    if (!this.isClosed) this.#handler.onOpen()
  }

  /** The network breaks the connection. */
  breakOff(error: Error | null = null): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#handler.onClose(error)
  }

  write(bytes: Uint8Array, length: number): boolean {
    this.writeCount += 1
    const copy = Uint8Array.from(bytes.subarray(0, length))
    if (this.isBlocked) {
      this.#held = copy
      return false
    }
    this.#timers.soon(() => this.#take(copy))
    return true
  }

  /** What was held leaves after all. */
  unblock(): void {
    this.isBlocked = false
    const held = this.#held
    this.#held = null
    if (held === null) return
    this.#take(held)
    this.#handler.onDrain()
  }

  destroy(): void {
    this.breakOff(null)
  }

  /** Answers a request. */
  reply(request: Received, zxid: bigint, writeBody: (out: ByteWriter) => void = () => undefined, err = 0): void {
    this.send((out) => writeReply(out, request.xid, zxid, err, writeBody))
  }

  refuse(request: Received, err: number, zxid = 1n): void {
    this.reply(request, zxid, undefined, err)
  }

  event(type: number, path: string, zxid = -1n): void {
    this.send((out) => writeEvent(out, type, path, zxid))
  }

  /** Sends frames in one chunk. */
  send(...writers: ((out: ByteWriter) => void)[]): void {
    const out = new ByteWriter()
    for (const write of writers) {
      const start = beginFrame(out)
      write(out)
      endFrame(out, start)
    }
    this.sendBytes(out.toBytes())
  }

  sendBytes(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (!this.isClosed) this.#handler.onData(bytes, view, bytes.length)
  }

  #take(bytes: Uint8Array): void {
    if (this.isClosed || this.#server.mode === 'stall') return
    const input = new Uint8Array(this.#input.length + bytes.length)
    input.set(this.#input)
    input.set(bytes, this.#input.length)
    this.#input = input
    if (this.handshake === null && new TextDecoder().decode(input) === 'isro') {
      this.#server.words.push('isro')
      this.sendBytes(new TextEncoder().encode(this.#server.wordAnswer))
      return this.breakOff()
    }
    this.#cutFrames()
  }

  #cutFrames(): void {
    for (;;) {
      if (this.isClosed || this.#input.length < 4) return
      const end = 4 + new DataView(this.#input.buffer).getInt32(0)
      if (this.#input.length < end) return
      const frame = this.#input.slice(4, end)
      this.#input = this.#input.slice(end)
      this.#receive(new ByteReader(frame))
    }
  }

  #receive(input: ByteReader): void {
    if (this.handshake === null) return this.#greet(input)
    const request = { xid: input.readInt(), op: input.readInt(), body: input }
    if (request.xid === Xid.ping) {
      if (this.answersPings) this.send((out) => writeReply(out, Xid.ping, 1n, 0, () => undefined))
      return
    }
    this.received.push(request)
    if (request.xid === Xid.auth) this.reply(request, 0n, undefined, this.#server.authCode)
    const setsWatches = request.op === Op.setWatches || request.op === Op.setWatches2
    if (setsWatches && this.#server.answersSetWatches) this.reply(request, 1n)
    if (request.op === Op.closeSession && this.answersClose) {
      this.reply(request, 1n)
      this.breakOff()
    }
  }

  #greet(input: ByteReader): void {
    input.readInt()
    this.handshake = {
      lastZxid: input.readLong(),
      timeoutMs: input.readInt(),
      sessionId: input.readLong(),
      password: input.readBuffer(),
      readOnly: input.readBoolean(),
    }
    const { grant, isForgetful } = this.#server
    const isRefused = isForgetful && this.handshake.sessionId !== 0n
    const sessionId = this.handshake.sessionId === 0n ? grant.sessionId : this.handshake.sessionId
    this.send((out) => {
      out.writeInt(0)
      out.writeInt(isRefused ? 0 : grant.timeoutMs)
      out.writeLong(isRefused ? 0n : sessionId)
      out.writeBuffer(new Uint8Array(16).fill(isRefused ? 0 : 7))
      out.writeBoolean(grant.isReadOnly)
    })
    if (isRefused) this.breakOff()
  }
}

export function writeReply(out: ByteWriter, xid: number, zxid: bigint, err: number, writeBody: (out: ByteWriter) => void): void {
  out.writeInt(xid)
  out.writeLong(zxid)
  out.writeInt(err)
  writeBody(out)
}

export function writeEvent(out: ByteWriter, type: number, path: string, zxid: bigint): void {
  writeReply(out, Xid.notification, zxid, 0, () => undefined)
  out.writeInt(type)
  out.writeInt(3)
  out.writeString(path)
}

/** The fields of a Stat that a test cares about. */
export interface StatFields {
  readonly czxid?: bigint
  readonly mzxid?: bigint
  readonly version?: number
  readonly cversion?: number
}

export function writeStatOf(out: ByteWriter, fields: StatFields = {}): void {
  const { czxid = 1n, mzxid = 1n, version = 0, cversion = 0 } = fields
  out.writeLong(czxid)
  out.writeLong(mzxid)
  out.writeLong(1n)
  out.writeLong(2n)
  for (const value of [version, cversion, 0]) out.writeInt(value)
  out.writeLong(0n)
  for (const value of [0, 0]) out.writeInt(value)
  out.writeLong(1n)
}

/** The body of a reply to getData. */
export function nodeBody(data: string, fields: StatFields = {}): (out: ByteWriter) => void {
  return (out) => {
    out.writeBuffer(new TextEncoder().encode(data))
    writeStatOf(out, fields)
  }
}
