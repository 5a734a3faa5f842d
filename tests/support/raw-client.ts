/**
 * A small client that speaks the protocol in the open: no reconnecting, no watch bookkeeping, nothing hidden. It is what the
 * suites use to look at a server, ours or Apache's, from the outside. Requests may be sent without awaiting earlier ones; replies
 * are checked to come in the order of the requests.
 */
import { ByteReader, ByteWriter } from '@tskeeper/protocol'
import { ConnectionClosedError, frame, RawConnection, withTimeout } from './raw-connection.ts'
import {
  openAcl,
  type RawAcl,
  type RawClientInfo,
  RawCreateMode,
  type RawData,
  RawErrorName,
  type RawMultiOp,
  type RawMultiResult,
  RawOp,
  type RawStat,
  readAcl,
  readMulti,
  readStat,
  readStrings,
  readText,
  readVector,
  toBytes,
  writeAcl,
  writeCreate,
  writeMulti,
  writeStrings,
} from './raw-records.ts'

const XID_EVENT = -1
const XID_PING = -2
const XID_AUTH = -4

/** A reply whose error code is not 0. */
export class RawReplyError extends Error {
  readonly code: number
  readonly zxid: number

  constructor(what: string, code: number, zxid: number) {
    super(`${what}: ${RawErrorName[code] ?? 'error'} (${code})`)
    this.name = 'RawReplyError'
    this.code = code
    this.zxid = zxid
  }
}

/** The server answered the connect request with a time-out of 0: wrong password, or the session is gone. */
export class SessionRefusedError extends Error {
  constructor(sessionId: bigint) {
    super(`session 0x${BigInt.asUintN(64, sessionId).toString(16)} was refused`)
    this.name = 'SessionRefusedError'
  }
}

export interface RawClientOptions {
  /** Session time-out to ask for, in milliseconds; 10,000 unless said. */
  readonly timeoutMs?: number
  /** Session to resume; 0n, the default, opens a new one. */
  readonly sessionId?: bigint
  /** Password of the session to resume: 16 bytes. */
  readonly password?: Uint8Array | null
  /** `null` leaves the byte out of the request, as the oldest clients do. */
  readonly readOnly?: boolean | null
  readonly lastZxidSeen?: number
  /** Milliseconds between pings; a third of the negotiated time-out unless said, 0 for none. */
  readonly pingIntervalMs?: number
  /** How long to wait for the connection and for the connect response. */
  readonly connectTimeoutMs?: number
}

export interface RawReply {
  readonly xid: number
  readonly zxid: number
  readonly err: number
  /** Stands after the reply's header; empty when `err` is not 0. */
  readonly body: ByteReader
  /** Place among all replies and events of this connection, from 0. */
  readonly order: number
}

export interface RawEvent {
  readonly type: number
  readonly state: number
  readonly path: string
  readonly zxid: number
  /** Place among all replies and events of this connection, from 0. */
  readonly order: number
}

interface PendingRequest {
  readonly xid: number
  readonly resolve: (reply: RawReply) => void
  readonly reject: (error: Error) => void
}

export interface ConnectRecord {
  readonly timeoutMs: number
  readonly sessionId: bigint
  readonly password: Uint8Array | null
  readonly readOnly: boolean | null
}

/** The payload of a connect request. */
export function connectRequest(options: RawClientOptions): Uint8Array {
  const writer = new ByteWriter()
  writer.writeInt(0)
  writer.writeNumber(options.lastZxidSeen ?? 0)
  writer.writeInt(options.timeoutMs ?? 10_000)
  writer.writeLong(options.sessionId ?? 0n)
  writer.writeBuffer(options.password === undefined ? new Uint8Array(16) : options.password)
  if (options.readOnly !== null) writer.writeBoolean(options.readOnly ?? false)
  return writer.toBytes()
}

export function readConnectResponse(payload: Uint8Array): ConnectRecord {
  const reader = new ByteReader(payload)
  reader.readInt()
  const timeoutMs = reader.readInt()
  const sessionId = reader.readLong()
  const password = reader.readBuffer()
  const readOnly = reader.remaining() > 0 ? reader.readBoolean() : null
  return { timeoutMs, sessionId, password, readOnly }
}

/** A request's payload: its header, then what `writeBody` adds. */
export function requestPayload(xid: number, op: number, writeBody?: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  writer.writeInt(xid)
  writer.writeInt(op)
  writeBody?.(writer)
  return writer.toBytes()
}

export class RawClient {
  readonly connection: RawConnection
  readonly sessionId: bigint
  readonly password: Uint8Array
  /** Session time-out as negotiated. */
  readonly timeoutMs: number
  /** What the connect response said; null when it had no such byte. */
  readonly readOnly: boolean | null
  /** Every watch event that has arrived, in order; `nextEvent` does not remove from it. */
  readonly events: RawEvent[] = []
  /** Highest zxid in a reply so far. */
  lastZxid = 0

  #nextXid = 1
  #arrivals = 0
  /** How many of `events` have been given out by `nextEvent`. */
  #eventsTaken = 0
  #pending: PendingRequest[] = []
  /** Requests before this index of `#pending` have been answered; the array is cut when it has grown long. */
  #pendingHead = 0
  #pendingAuth: PendingRequest[] = []
  #pendingPings: PendingRequest[] = []
  readonly #eventWaiters = new Set<() => void>()
  #pingTimer: NodeJS.Timeout | null = null
  #failure: Error | null = null

  private constructor(connection: RawConnection, response: ConnectRecord) {
    this.connection = connection
    this.sessionId = response.sessionId
    this.password = response.password ?? new Uint8Array(16)
    this.timeoutMs = response.timeoutMs
    this.readOnly = response.readOnly
  }

  /** Opens or resumes a session. Rejects with SessionRefusedError, ConnectionClosedError or the socket's error. */
  static async connect(host: string, port: number, options: RawClientOptions = {}): Promise<RawClient> {
    const connectTimeoutMs = options.connectTimeoutMs ?? 20_000
    const connection = await RawConnection.open(host, port, connectTimeoutMs)
    connection.sendFrame(connectRequest(options))
    const payload = await connection.nextFrame(connectTimeoutMs).catch((error: unknown) => {
      connection.destroy()
      throw error
    })
    const response = readConnectResponse(payload)
    if (response.timeoutMs <= 0) {
      connection.destroy()
      throw new SessionRefusedError(options.sessionId ?? 0n)
    }
    const client = new RawClient(connection, response)
    connection.listen(
      (bytes) => client.#receive(bytes),
      (error) => client.#fail(error),
    )
    const pingIntervalMs = options.pingIntervalMs ?? Math.floor(response.timeoutMs / 3)
    if (pingIntervalMs > 0) client.#startPinging(pingIntervalMs)
    return client
  }

  /** True once the connection is gone. */
  get isClosed(): boolean {
    return this.#failure !== null
  }

  /** Requests that are sent and not yet answered, pings and auth aside. */
  get outstanding(): number {
    return this.#pending.length - this.#pendingHead
  }

  /**
   * Sends one request and resolves with its reply, whatever its error code is. The frame is written at once, so calls that are
   * not awaited are pipelined.
   */
  request(op: number, writeBody?: (writer: ByteWriter) => void): Promise<RawReply> {
    const xid = this.#nextXid
    this.#nextXid = xid === 0x7ffffffe ? 1 : xid + 1
    return this.#send(xid, requestPayload(xid, op, writeBody), this.#pending)
  }

  /** Sends a payload of the caller's making under its own xid, and expects no reply to it. */
  sendPayload(payload: Uint8Array): void {
    this.connection.sendFrame(payload)
  }

  ping(): Promise<RawReply> {
    return this.#send(XID_PING, requestPayload(XID_PING, RawOp.ping), this.#pendingPings)
  }

  /** Adds identities to the connection; rejects with code -115 when the server refuses them. */
  async auth(scheme: string, auth: RawData): Promise<void> {
    const payload = requestPayload(XID_AUTH, RawOp.auth, (writer) => {
      writer.writeInt(0)
      writer.writeString(scheme)
      writer.writeBuffer(toBytes(auth))
    })
    expectOk('auth', await this.#send(XID_AUTH, payload, this.#pendingAuth))
  }

  async create(
    path: string,
    data: RawData = null,
    flags: number = RawCreateMode.persistent,
    acl: readonly RawAcl[] | null = openAcl,
  ): Promise<string> {
    return readText(await this.#ok(`create ${path}`, RawOp.create, (writer) => writeCreate(writer, path, data, acl, flags)))
  }

  async create2(
    path: string,
    data: RawData = null,
    flags: number = RawCreateMode.persistent,
    acl: readonly RawAcl[] | null = openAcl,
  ): Promise<{ path: string; stat: RawStat }> {
    const body = await this.#ok(`create2 ${path}`, RawOp.create2, (writer) => writeCreate(writer, path, data, acl, flags))
    return { path: readText(body), stat: readStat(body) }
  }

  async createContainer(
    path: string,
    data: RawData = null,
    acl: readonly RawAcl[] | null = openAcl,
  ): Promise<{ path: string; stat: RawStat }> {
    const body = await this.#ok(`createContainer ${path}`, RawOp.createContainer, (writer) =>
      writeCreate(writer, path, data, acl, RawCreateMode.container),
    )
    return { path: readText(body), stat: readStat(body) }
  }

  async createTtl(
    path: string,
    ttlMs: number,
    data: RawData = null,
    flags: number = RawCreateMode.persistentWithTtl,
    acl: readonly RawAcl[] | null = openAcl,
  ): Promise<{ path: string; stat: RawStat }> {
    const body = await this.#ok(`createTtl ${path}`, RawOp.createTtl, (writer) => {
      writeCreate(writer, path, data, acl, flags)
      writer.writeNumber(ttlMs)
    })
    return { path: readText(body), stat: readStat(body) }
  }

  async delete(path: string, version = -1): Promise<void> {
    await this.#ok(`delete ${path}`, RawOp.delete, (writer) => {
      writer.writeString(path)
      writer.writeInt(version)
    })
  }

  /** The node's Stat, or null when there is no such node. */
  async exists(path: string, watch = false): Promise<RawStat | null> {
    const reply = await this.request(RawOp.exists, pathAndWatch(path, watch))
    if (reply.err === -101) return null
    return readStat(expectOk(`exists ${path}`, reply))
  }

  async getData(path: string, watch = false): Promise<{ data: Uint8Array | null; stat: RawStat }> {
    const body = await this.#ok(`getData ${path}`, RawOp.getData, pathAndWatch(path, watch))
    return { data: body.readBuffer(), stat: readStat(body) }
  }

  /** The node's data as text; the empty string for null. */
  async getText(path: string, watch = false): Promise<string> {
    const { data } = await this.getData(path, watch)
    return new TextDecoder().decode(data ?? new Uint8Array(0))
  }

  async setData(path: string, data: RawData, version = -1): Promise<RawStat> {
    const body = await this.#ok(`setData ${path}`, RawOp.setData, (writer) => {
      writer.writeString(path)
      writer.writeBuffer(toBytes(data))
      writer.writeInt(version)
    })
    return readStat(body)
  }

  async getAcl(path: string): Promise<{ acl: RawAcl[]; stat: RawStat }> {
    const body = await this.#ok(`getAcl ${path}`, RawOp.getAcl, (writer) => writer.writeString(path))
    return { acl: readAcl(body), stat: readStat(body) }
  }

  async setAcl(path: string, acl: readonly RawAcl[] | null, version = -1): Promise<RawStat> {
    const body = await this.#ok(`setAcl ${path}`, RawOp.setAcl, (writer) => {
      writer.writeString(path)
      writeAcl(writer, acl)
      writer.writeInt(version)
    })
    return readStat(body)
  }

  async getChildren(path: string, watch = false): Promise<string[]> {
    return readStrings(await this.#ok(`getChildren ${path}`, RawOp.getChildren, pathAndWatch(path, watch)))
  }

  async getChildren2(path: string, watch = false): Promise<{ children: string[]; stat: RawStat }> {
    const body = await this.#ok(`getChildren2 ${path}`, RawOp.getChildren2, pathAndWatch(path, watch))
    return { children: readStrings(body), stat: readStat(body) }
  }

  async sync(path: string): Promise<string> {
    return readText(await this.#ok(`sync ${path}`, RawOp.sync, (writer) => writer.writeString(path)))
  }

  /** A transaction. Its result tells each operation's outcome; it rejects only when the whole request is refused. */
  async multi(ops: readonly RawMultiOp[]): Promise<RawMultiResult[]> {
    return readMulti(await this.#ok('multi', RawOp.multi, (writer) => writeMulti(writer, ops)))
  }

  async multiRead(ops: readonly RawMultiOp[]): Promise<RawMultiResult[]> {
    return readMulti(await this.#ok('multiRead', RawOp.multiRead, (writer) => writeMulti(writer, ops)))
  }

  /** Mode 0 is persistent, 1 persistent recursive. */
  async addWatch(path: string, mode: number): Promise<void> {
    await this.#ok(`addWatch ${path}`, RawOp.addWatch, pathAndInt(path, mode))
  }

  /** Type 1 children, 2 data, 3 any, 4 persistent, 5 persistent recursive. */
  async removeWatches(path: string, type: number): Promise<void> {
    await this.#ok(`removeWatches ${path}`, RawOp.removeWatches, pathAndInt(path, type))
  }

  async checkWatches(path: string, type: number): Promise<void> {
    await this.#ok(`checkWatches ${path}`, RawOp.checkWatches, pathAndInt(path, type))
  }

  async setWatches(watches: RawSetWatches): Promise<void> {
    await this.#ok('setWatches', RawOp.setWatches, (writer) => writeSetWatches(writer, watches))
  }

  async setWatches2(watches: RawSetWatches): Promise<void> {
    await this.#ok('setWatches2', RawOp.setWatches2, (writer) => {
      writeSetWatches(writer, watches)
      writeStrings(writer, watches.persistent ?? [])
      writeStrings(writer, watches.persistentRecursive ?? [])
    })
  }

  async getEphemerals(prefix: string | null = null): Promise<string[]> {
    return readStrings(await this.#ok('getEphemerals', RawOp.getEphemerals, (writer) => writer.writeString(prefix)))
  }

  async getAllChildrenNumber(path: string): Promise<number> {
    const body = await this.#ok(`getAllChildrenNumber ${path}`, RawOp.getAllChildrenNumber, (writer) => writer.writeString(path))
    return body.readInt()
  }

  async whoAmI(): Promise<RawClientInfo[]> {
    const body = await this.#ok('whoAmI', RawOp.whoAmI)
    return readVector(body, () => ({ scheme: body.readString(), user: body.readString() }))
  }

  /** The oldest event that no call has returned yet; waits up to `timeoutMs` for one. */
  async nextEvent(timeoutMs = 5_000): Promise<RawEvent> {
    await this.waitForEvents(this.#eventsTaken + 1, timeoutMs)
    const event = this.events[this.#eventsTaken]
    if (event === undefined) throw new Error('an event was announced and is not there')
    this.#eventsTaken++
    return event
  }

  /** Waits until `count` events have arrived since the connection began. */
  async waitForEvents(count: number, timeoutMs = 5_000): Promise<void> {
    if (this.events.length >= count) return
    let wake: (() => void) | null = null
    const arrived = new Promise<void>((resolve, reject) => {
      wake = () => {
        if (this.events.length >= count) resolve()
        else if (this.#failure !== null) reject(this.#failure)
      }
      this.#eventWaiters.add(wake)
      wake()
    })
    try {
      await withTimeout(arrived, timeoutMs, `event number ${count}`)
    } finally {
      if (wake !== null) this.#eventWaiters.delete(wake)
    }
  }

  /** Closes the session and waits until the server has closed the connection. */
  async close(timeoutMs = 10_000): Promise<void> {
    this.#stopPinging()
    if (this.isClosed) return
    await withTimeout(this.request(RawOp.closeSession), timeoutMs, 'the reply to closeSession').catch((error: unknown) => {
      if (!(error instanceof ConnectionClosedError)) throw error
    })
    await this.connection.waitForClose(timeoutMs)
  }

  /** Drops the connection and leaves the session to its time-out. */
  destroy(): void {
    this.#stopPinging()
    this.connection.destroy()
  }

  async #ok(what: string, op: number, writeBody?: (writer: ByteWriter) => void): Promise<ByteReader> {
    return expectOk(what, await this.request(op, writeBody))
  }

  #send(xid: number, payload: Uint8Array, queue: PendingRequest[]): Promise<RawReply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure)
        return
      }
      queue.push({ xid, resolve, reject })
      this.connection.sendBytes(frame(payload))
    })
  }

  #receive(payload: Buffer): void {
    const body = new ByteReader(payload)
    const xid = body.readInt()
    const zxid = body.readNumber()
    const err = body.readInt()
    const order = this.#arrivals++
    if (xid === XID_EVENT) {
      this.#receiveEvent(body, zxid, order)
      return
    }
    if (xid > 0 && zxid > this.lastZxid) this.lastZxid = zxid
    const pending = this.#takePending(xid)
    if (pending === null) {
      this.#fail(new Error(`a reply with xid ${xid} (error ${err}) is not the next that is awaited`))
      this.connection.destroy()
      return
    }
    pending.resolve({ xid, zxid, err, body, order })
  }

  #receiveEvent(body: ByteReader, zxid: number, order: number): void {
    this.events.push({ type: body.readInt(), state: body.readInt(), path: readText(body), zxid, order })
    for (const wake of this.#eventWaiters) wake()
  }

  /** The request that a reply with this xid answers, or null when it answers none or comes out of order. */
  #takePending(xid: number): PendingRequest | null {
    if (xid === XID_PING) return this.#pendingPings.shift() ?? null
    if (xid === XID_AUTH) return this.#pendingAuth.shift() ?? null
    const next = this.#pending[this.#pendingHead]
    if (next === undefined || next.xid !== xid) return null
    this.#pendingHead++
    if (this.#pendingHead === this.#pending.length || this.#pendingHead >= 4096) {
      this.#pending.splice(0, this.#pendingHead)
      this.#pendingHead = 0
    }
    return next
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#stopPinging()
    const unanswered = [...this.#pending.slice(this.#pendingHead), ...this.#pendingAuth, ...this.#pendingPings]
    this.#pending = []
    this.#pendingHead = 0
    this.#pendingAuth = []
    this.#pendingPings = []
    for (const pending of unanswered) pending.reject(error)
    for (const wake of this.#eventWaiters) wake()
  }

  #startPinging(intervalMs: number): void {
    this.#pingTimer = setInterval(() => {
      // A ping that fails says no more than the end of the connection does.
      this.ping().catch(() => {})
    }, intervalMs)
    this.#pingTimer.unref()
  }

  #stopPinging(): void {
    if (this.#pingTimer !== null) clearInterval(this.#pingTimer)
    this.#pingTimer = null
  }
}

export interface RawSetWatches {
  readonly relativeZxid: number
  readonly data?: readonly string[]
  readonly exist?: readonly string[]
  readonly child?: readonly string[]
  readonly persistent?: readonly string[]
  readonly persistentRecursive?: readonly string[]
}

function writeSetWatches(writer: ByteWriter, watches: RawSetWatches): void {
  writer.writeNumber(watches.relativeZxid)
  writeStrings(writer, watches.data ?? [])
  writeStrings(writer, watches.exist ?? [])
  writeStrings(writer, watches.child ?? [])
}

function pathAndWatch(path: string, watch: boolean): (writer: ByteWriter) => void {
  return (writer) => {
    writer.writeString(path)
    writer.writeBoolean(watch)
  }
}

function pathAndInt(path: string, value: number): (writer: ByteWriter) => void {
  return (writer) => {
    writer.writeString(path)
    writer.writeInt(value)
  }
}

function expectOk(what: string, reply: RawReply): ByteReader {
  if (reply.err !== 0) throw new RawReplyError(what, reply.err, reply.zxid)
  return reply.body
}

export type { RawAcl, RawClientInfo, RawData, RawMultiOp, RawMultiResult, RawStat }
export { openAcl, RawCreateMode, RawOp }
