// The last step of a write in every role: the transaction is applied to the database, and the client that asked for it,
// if it is one of this server's, gets its reply.

import type { ChangeHints, Database } from '@tskeeper/core'
import { ByteWriter, ErrorCode, Op } from '@tskeeper/protocol/server'
import type { ClientConnection } from '../listener/client-connection.ts'
import { NO_OPERATION } from '../listener/connection-statistics.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { WriteBatch } from './write-batch.ts'
import { recordWriteTraffic } from './write-traffic.ts'

export interface CommitStageParts {
  readonly database: Database
  readonly metrics: ServerMetrics
  /** A createSession is applied: its client, which asked at `arrivedMs`, can be answered. */
  readonly onSessionCreated: (connection: ClientConnection, arrivedMs: number) => void
  /** A closeSession is applied; `connection` is that of the client that asked for it, null when the server did. */
  readonly onSessionClosed: (sessionId: bigint, connection: ClientConnection | null, reply: (() => void) | null) => void
}

export class CommitStage {
  private readonly parts: CommitStageParts
  private readonly multiResults = new ByteWriter(1024)

  constructor(parts: CommitStageParts) {
    this.parts = parts
  }

  /** Applies a transaction that this server prepared; with `isAnswered` the results of a multi are kept for its reply. */
  applyPrepared(batch: WriteBatch, index: number, isAnswered: boolean): void {
    const { bytes, view } = batch.entries
    const hintEnd = batch.hintEnds[index] as number
    const start = batch.starts[index] as number
    this.expectResults(isAnswered, isAnswered ? batch.create2PartsAt(index) : null)
    this.applyHinted(bytes, view, start, batch.ends[index] as number, batch.hints, batch.firstHint(index), hintEnd)
  }

  /**
   * Applies the transaction `bytes[start, end)`, which another server may have prepared. Of a multi that `isAnswered` these parts, if not
   * null, were asked for as create2.
   */
  apply(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    isAnswered: boolean,
    create2Parts: readonly number[] | null = null,
  ): void {
    this.expectResults(isAnswered, create2Parts)
    this.applyHinted(bytes, view, start, end, null, 0, 0)
  }

  private expectResults(isAnswered: boolean, create2Parts: readonly number[] | null): void {
    const { database } = this.parts
    if (isAnswered) this.multiResults.reset()
    database.multiResults = isAnswered ? this.multiResults : null
    database.create2Parts = create2Parts
  }

  private applyHinted(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    hints: ChangeHints | null,
    firstHint: number,
    hintEnd: number,
  ): void {
    const { database, metrics } = this.parts
    database.apply(bytes, view, start, end, hints, firstHint, hintEnd)
    if (database.code === ErrorCode.OK) recordWriteTraffic(metrics.requests.writeTraffic, database.type, bytes, view, start)
  }

  /**
   * What follows from the transaction that was applied last, whose bytes these are: `connection`, null if nobody here waits
   * for it, gets the reply to its request `op` with the number `xid`.
   */
  reply(connection: ClientConnection | null, op: number, xid: number, bytes: Uint8Array, nowMs: number, arrivedMs: number): void {
    const { database } = this.parts
    // Who asked does not count here: a learner learns of the ends of sessions by the transaction alone.
    if (database.type === Op.closeSession) {
      const reply = connection === null ? null : (): void => this.writeReply(connection, op, xid, bytes, nowMs, arrivedMs)
      this.parts.onSessionClosed(database.sessionId, connection, reply)
      return
    }
    if (connection === null) return
    if (op === Op.createSession) this.parts.onSessionCreated(connection, arrivedMs)
    else this.writeReply(connection, op, xid, bytes, nowMs, arrivedMs)
  }

  // Frame: int length | ReplyHeader (int xid, long zxid, int err) | body by operation.
  private writeReply(
    connection: ClientConnection,
    op: number,
    xid: number,
    bytes: Uint8Array,
    nowMs: number,
    arrivedMs: number,
  ): void {
    const { database, metrics } = this.parts
    if (!connection.isOpen) {
      metrics.throttle.staleReplies++
      return
    }
    // A multi that failed says so in its body.
    const code = op === Op.multi && database.type === Op.multi ? ErrorCode.OK : database.code
    if (code === ErrorCode.SESSION_MOVED) {
      // The client has gone to another server: this connection is a leftover, and whatever it is told would be wrong.
      connection.destroy()
      return
    }
    const out = connection.replies()
    const start = beginReply(out)
    if (code === ErrorCode.OK) this.writeBody(op, bytes, out)
    const size = endReply(out, start, xid, database.lastZxid, code)
    // A write that failed is no last operation, as in the reference.
    const lastOp = code === ErrorCode.OK ? op : NO_OPERATION
    connection.statistics.replied(lastOp, xid, database.lastZxid, nowMs - arrivedMs, nowMs)
    connection.writeAnswered()
    metrics.connections.packetsSent++
    metrics.requests.responseSizes.record(size)
    metrics.requests.responseBytes += size
  }

  /** A reply that follows from no transaction; `body` comes behind the header. */
  answer(
    connection: ClientConnection,
    op: number,
    xid: number,
    code: number,
    body: Uint8Array,
    nowMs: number,
    arrivedMs: number,
  ): void {
    const { database, metrics } = this.parts
    if (!connection.isOpen) {
      metrics.throttle.staleReplies++
      return
    }
    const out = connection.replies()
    const start = beginReply(out)
    out.writeBytes(body)
    const size = endReply(out, start, xid, database.lastZxid, code)
    const lastOp = code === ErrorCode.OK ? op : NO_OPERATION
    connection.statistics.replied(lastOp, xid, database.lastZxid, nowMs - arrivedMs, nowMs)
    connection.writeAnswered()
    metrics.connections.packetsSent++
    metrics.requests.responseSizes.record(size)
    metrics.requests.responseBytes += size
  }

  private writeBody(op: number, bytes: Uint8Array, out: ByteWriter): void {
    const { database } = this.parts
    const { nodes } = database.tree
    switch (op) {
      case Op.create:
        writePath(database, bytes, out)
        return
      case Op.create2:
      case Op.createContainer:
      case Op.createTTL:
        writePath(database, bytes, out)
        nodes.writeStat(database.node, out)
        return
      case Op.setData:
      case Op.setACL:
        nodes.writeStat(database.node, out)
        return
      case Op.reconfig:
        nodes.writeData(database.node, out)
        nodes.writeStat(database.node, out)
        return
      case Op.multi:
        out.writeBytes(this.multiResults.written())
        out.writeInt(Op.error)
        out.writeBoolean(true)
        out.writeInt(-1)
        return
    }
  }
}

const TWO_TO_32 = 4294967296
const REPLY_HEADER_SIZE = 20

function beginReply(out: ByteWriter): number {
  const start = out.position
  out.ensure(REPLY_HEADER_SIZE)
  out.position = start + REPLY_HEADER_SIZE
  return start
}

/** Fills in the header of the reply that `beginReply` began, and returns its size as its length field says it. */
function endReply(out: ByteWriter, start: number, xid: number, zxid: number, code: number): number {
  const { view } = out
  const size = out.position - start - 4
  view.setInt32(start, size)
  view.setInt32(start + 4, xid)
  writeZxid(view, start + 8, zxid)
  view.setInt32(start + 16, code)
  return size
}

function writeZxid(view: DataView, at: number, zxid: number): void {
  view.setInt32(at, Math.floor(zxid / TWO_TO_32))
  view.setUint32(at + 4, zxid >>> 0)
}

function writePath(database: Database, bytes: Uint8Array, out: ByteWriter): void {
  out.writeInt(database.pathLength)
  out.writeBytes(bytes.subarray(database.pathStart, database.pathStart + database.pathLength))
}
