// What the clients of a run asked and were told: the side of the story that the server's files and
// its tree are held against. A write is acknowledged (its reply came) or unknown (it was sent, and
// the connection ended before a reply came); nothing else may ever show up in the server.

import { ByteReader, type ByteWriter } from '@tskeeper/protocol'
import { connectRequest, readConnectResponse, requestPayload, SessionRefusedError } from '../support/raw-client.ts'
import { RawConnection } from '../support/raw-connection.ts'
import {
  openAcl,
  type RawMultiOp,
  RawOp,
  type RawStat,
  readMulti,
  readStat,
  readText,
  writeAcl,
  writeCreate,
  writeMulti,
} from '../support/raw-records.ts'
import type { Operation, Outcome, SingleOperation } from './tree-model.ts'

const XID_PING = -2

export interface RecordedWrite {
  readonly sessionId: bigint
  readonly cxid: number
  readonly operation: Operation
  /** Counts the connections of the run; requests of one connection reach the server in order. */
  readonly connection: number
  /** What the reply said; null while it is unknown. */
  outcome: Outcome | null
  /** The zxid in the reply's header. */
  replyZxid: number
}

export interface RecordedClose {
  readonly sessionId: bigint
  readonly cxid: number
  isAcknowledged: boolean
}

export interface RecordedRead {
  readonly path: string
  /** The zxid in the reply's header: the state of the tree that the reply shows. */
  readonly zxid: number
  readonly error: number
  readonly data: Uint8Array | null
  readonly stat: RawStat | null
}

export class History {
  /** By `writeKey`. */
  readonly writes = new Map<string, RecordedWrite>()
  readonly closes = new Map<string, RecordedClose>()
  readonly reads: RecordedRead[] = []
  /** Sessions that the server said it opened, with their passwords. */
  readonly sessions = new Map<bigint, Uint8Array>()
  /** Sessions of clients that only look, and are not recorded. */
  readonly observers = new Set<bigint>()
  /** Connect requests for a new session that were sent; each may have opened one without our knowing. */
  connectsSent = 0
  /** Highest zxid in any reply: whatever it is, the server has shown it to somebody. */
  zxidSeen = 0
  connections = 0

  countAcknowledged(): number {
    let count = 0
    for (const write of this.writes.values()) if (write.outcome !== null) count++
    return count
  }
}

export function writeKey(sessionId: bigint, cxid: number): string {
  return `${sessionId}/${cxid}`
}

interface Pending {
  readonly xid: number
  /** The reply, or null when the connection ended first. */
  readonly settle: (reply: Reply | null) => void
}

interface Reply {
  readonly zxid: number
  readonly error: number
  readonly body: ByteReader
}

/** A session that lives through connections: its request numbers go on where they were, so that each names one request. */
export class RecordedSession {
  readonly history: History
  readonly id: bigint
  readonly password: Uint8Array
  readonly timeoutMs: number
  #connection: RawConnection
  #connectionNumber: number
  #nextXid = 1
  #pending: Pending[] = []
  #pingTimer: NodeJS.Timeout
  /** Why this connection cannot be trusted: a reply that nobody awaited, or zxids that go back. */
  violation: string | null = null
  #lastZxid = 0

  private constructor(history: History, connection: RawConnection, id: bigint, password: Uint8Array, timeoutMs: number) {
    this.history = history
    this.id = id
    this.password = password
    this.timeoutMs = timeoutMs
    this.#connection = connection
    this.#connectionNumber = history.connections++
    this.#pingTimer = this.#listen()
  }

  static async open(history: History, port: number, timeoutMs: number): Promise<RecordedSession> {
    const connection = await RawConnection.open('127.0.0.1', port)
    history.connectsSent++
    connection.sendFrame(connectRequest({ timeoutMs }))
    const response = readConnectResponse(await connection.nextFrame(30_000))
    if (response.timeoutMs <= 0 || response.password === null) throw new SessionRefusedError(0n)
    history.sessions.set(response.sessionId, response.password)
    return new RecordedSession(history, connection, response.sessionId, response.password, response.timeoutMs)
  }

  /** Resumes the session on a new connection, with its password and the highest zxid that it has seen. */
  async resume(port: number): Promise<void> {
    this.#connection.destroy()
    clearInterval(this.#pingTimer)
    const connection = await RawConnection.open('127.0.0.1', port)
    const request = { timeoutMs: this.timeoutMs, sessionId: this.id, password: this.password, lastZxidSeen: this.#lastZxid }
    connection.sendFrame(connectRequest(request))
    const response = readConnectResponse(await connection.nextFrame(30_000))
    if (response.timeoutMs <= 0) {
      connection.destroy()
      throw new SessionRefusedError(this.id)
    }
    if (response.sessionId !== this.id) throw new Error(`session ${this.id} was resumed as ${response.sessionId}`)
    this.#connection = connection
    this.#connectionNumber = this.history.connections++
    this.#pending = []
    this.#pingTimer = this.#listen()
  }

  get outstanding(): number {
    return this.#pending.length
  }

  get isConnected(): boolean {
    return !this.#connection.isClosed
  }

  /** Sends a write; resolves with its outcome, or null when the connection ended before the reply. */
  write(operation: Operation): Promise<Outcome | null> {
    const xid = this.#nextXid++
    const record: RecordedWrite = {
      sessionId: this.id,
      cxid: xid,
      operation,
      connection: this.#connectionNumber,
      outcome: null,
      replyZxid: 0,
    }
    this.history.writes.set(writeKey(this.id, xid), record)
    return this.#send(xid, opcodeOf(operation), (writer) => writeOperation(writer, operation)).then((reply) => {
      if (reply === null) return null
      record.outcome = readOutcome(operation, reply)
      record.replyZxid = reply.zxid
      return record.outcome
    })
  }

  async read(path: string): Promise<void> {
    const reply = await this.#send(this.#nextXid++, RawOp.getData, (writer) => {
      writer.writeString(path)
      writer.writeBoolean(false)
    })
    if (reply === null) return
    const data = reply.error === 0 ? reply.body.readBuffer() : null
    const stat = reply.error === 0 ? readStat(reply.body) : null
    this.history.reads.push({ path, zxid: reply.zxid, error: reply.error, data, stat })
  }

  /** Closes the session; true when the server said so. */
  async close(): Promise<boolean> {
    clearInterval(this.#pingTimer)
    const xid = this.#nextXid++
    const record: RecordedClose = { sessionId: this.id, cxid: xid, isAcknowledged: false }
    this.history.closes.set(writeKey(this.id, xid), record)
    const reply = await this.#send(xid, RawOp.closeSession)
    record.isAcknowledged = reply !== null && reply.error === 0
    this.#connection.destroy()
    return record.isAcknowledged
  }

  /** Cuts the connection and says nothing: the session stays until its time-out. */
  abandon(): void {
    clearInterval(this.#pingTimer)
    this.#connection.destroy()
  }

  /** Resolves when the connection has ended and every pending request is settled as unknown. */
  async ended(): Promise<void> {
    await this.#connection.closed
  }

  #listen(): NodeJS.Timeout {
    const connection = this.#connection
    connection.listen(
      (payload) => this.#receive(payload),
      () => {
        clearInterval(this.#pingTimer)
        for (const pending of this.#pending.splice(0)) pending.settle(null)
      },
    )
    return setInterval(() => void this.#send(XID_PING, RawOp.ping), Math.max(100, this.timeoutMs / 3))
  }

  #send(xid: number, opcode: number, writeBody?: (writer: ByteWriter) => void): Promise<Reply | null> {
    return new Promise((settle) => {
      if (this.#connection.isClosed) {
        settle(null)
        return
      }
      this.#pending.push({ xid, settle })
      this.#connection.sendFrame(requestPayload(xid, opcode, writeBody))
    })
  }

  #receive(payload: Uint8Array): void {
    const body = new ByteReader(payload)
    const xid = body.readInt()
    const zxid = body.readNumber()
    const error = body.readInt()
    const next = this.#pending.shift()
    if (next === undefined || next.xid !== xid) {
      this.violation ??= `session ${this.id}: a reply to request ${xid} came where ${next?.xid ?? 'none'} was awaited`
      this.#connection.destroy()
      return
    }
    if (zxid < this.#lastZxid) this.violation ??= `session ${this.id}: zxid ${zxid} was seen after ${this.#lastZxid}`
    this.#lastZxid = Math.max(this.#lastZxid, zxid)
    this.history.zxidSeen = Math.max(this.history.zxidSeen, zxid)
    next.settle({ zxid, error, body })
  }
}

function opcodeOf(operation: Operation): number {
  switch (operation.kind) {
    case 'create':
      return RawOp.create2
    case 'delete':
      return RawOp.delete
    case 'setData':
      return RawOp.setData
    case 'setAcl':
      return RawOp.setAcl
    case 'multi':
      return RawOp.multi
    case 'check':
      throw new Error('a check is only sent inside a multi')
  }
}

function writeOperation(writer: ByteWriter, operation: Operation): void {
  switch (operation.kind) {
    case 'create':
      writeCreate(writer, operation.path, operation.data, openAcl, operation.flags)
      return
    case 'delete':
      writer.writeString(operation.path)
      writer.writeInt(operation.version)
      return
    case 'setData':
      writer.writeString(operation.path)
      writer.writeBuffer(operation.data)
      writer.writeInt(operation.version)
      return
    case 'setAcl':
      writer.writeString(operation.path)
      writeAcl(writer, operation.acl)
      writer.writeInt(operation.version)
      return
    case 'multi':
      writeMulti(writer, operation.parts.map(multiPart))
      return
    case 'check':
      throw new Error('a check is only sent inside a multi')
  }
}

function multiPart(part: SingleOperation): RawMultiOp {
  switch (part.kind) {
    case 'create':
      return { op: 'create2', path: part.path, data: part.data, flags: part.flags }
    case 'delete':
      return { op: 'delete', path: part.path, version: part.version }
    case 'setData':
      return { op: 'setData', path: part.path, data: part.data, version: part.version }
    case 'check':
      return { op: 'check', path: part.path, version: part.version }
    case 'setAcl':
      throw new Error('a multi has no setACL')
  }
}

function readOutcome(operation: Operation, reply: Reply): Outcome {
  const nothing: Outcome = { error: reply.error, path: null, stat: null, parts: [] }
  if (reply.error !== 0) return nothing
  switch (operation.kind) {
    case 'create':
      return { ...nothing, path: readText(reply.body), stat: readStat(reply.body) }
    case 'setData':
    case 'setAcl':
      return { ...nothing, stat: readStat(reply.body) }
    case 'multi': {
      const parts = readMulti(reply.body).map((part) => ({ error: part.err, path: part.path, stat: part.stat, parts: [] }))
      return { ...nothing, error: parts.find((part) => part.error !== 0)?.error ?? 0, parts }
    }
    case 'delete':
    case 'check':
      return nothing
  }
}
