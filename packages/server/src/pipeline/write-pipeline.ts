// The way of a write in a server that stands alone:
//
//   submit    checked against the pending view and encoded as a log entry into the batch that gathers
//   flush     the batch becomes one write into the log and one asynchronous sync; the next batch gathers meanwhile
//   commit    synced: each transaction is applied to the tree, watches fire, the reply is made
//
// Nothing is applied, and so nothing seen or acknowledged, before it is on disk. When the disk refuses, nothing
// more is acknowledged at all: what it holds is unknown then.

import type { Database, Preparer, Requester, Session } from '@tskeeper/core'
import { type ByteReader, ByteWriter, ErrorCode, Op } from '@tskeeper/protocol/server'
import type { OutstandingRequestView } from '../admin/server-view.ts'
import type { ClientConnection } from '../listener/client-connection.ts'
import { NO_OPERATION } from '../listener/connection-statistics.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Clock, Timers } from '../runtime/runtime.ts'
import type { TxnLog } from '../storage/txn-log.ts'
import { beginEntry, ENTRY_PREFIX_SIZE, endEntry } from '../storage/txn-log-entry.ts'
import { recordBatchTimes } from './batch-times.ts'
import { WriteBatch } from './write-batch.ts'
import { recordWriteTraffic } from './write-traffic.ts'

export interface WritePipelineParts {
  readonly database: Database
  readonly preparer: Preparer
  readonly log: TxnLog
  readonly clock: Clock
  readonly timers: Timers
  readonly metrics: ServerMetrics
  /** A batch is about to be applied, at this monotonic time. */
  readonly onCommitting: (nowMs: number) => void
  /** A createSession is applied: its client, which asked at `arrivedMs`, can be answered. */
  readonly onSessionCreated: (connection: ClientConnection, arrivedMs: number) => void
  /** A closeSession is applied; `connection` is that of the client that asked for it, null when the server did. */
  readonly onSessionClosed: (sessionId: bigint, connection: ClientConnection | null, reply: (() => void) | null) => void
  /** A batch is in the log; a moment to look whether a snapshot is due. */
  readonly onAppended: () => void
  /** A batch is done: replies can be flushed, and connections that were held back read again. */
  readonly onCommitted: () => void
  /** The log has failed: the server must stop. */
  readonly onFailure: (error: Error) => void
}

export class WritePipeline {
  private readonly parts: WritePipelineParts
  private gathering: WriteBatch = new WriteBatch()
  private syncing: WriteBatch = new WriteBatch()
  /** Synced, and being applied right now. */
  private committing: WriteBatch | null = null
  private spare: WriteBatch = new WriteBatch()
  private isSyncing = false
  private isFlushScheduled = false
  private hasFailed = false
  private readonly multiResults = new ByteWriter(1024)
  private readonly flushSoon = (): void => {
    this.isFlushScheduled = false
    this.flush()
  }
  private readonly synced = (error: Error | null): void => this.finishSync(error)
  /** Called when everything that was submitted is committed. */
  private onIdle: (() => void) | null = null

  constructor(parts: WritePipelineParts) {
    this.parts = parts
  }

  /** Writes that were submitted and are not committed yet. */
  get inProcess(): number {
    return this.gathering.count + (this.isSyncing ? this.syncing.count : 0) + (this.committing?.count ?? 0)
  }

  /** Bytes of the large requests that were submitted and are not committed yet. */
  get largeRequestBytes(): number {
    const syncing = this.isSyncing ? this.syncing.largeRequestBytes : 0
    return this.gathering.largeRequestBytes + syncing + (this.committing?.largeRequestBytes ?? 0)
  }

  /** The write that is submitted next counts as large, with so many bytes. */
  addLargeRequest(length: number): void {
    this.gathering.largeRequestBytes += length
  }

  /** A client's write; `input` is at its record. */
  submit(
    connection: ClientConnection,
    requester: Requester,
    op: number,
    xid: number,
    timeMs: number,
    arrivedMs: number,
    input: ByteReader,
  ): void {
    const { clock, metrics, preparer } = this.parts
    const { entries, count } = this.gathering
    // One in a batch is measured: looking at the clock takes as long as preparing does.
    const beganMs = count === 0 ? clock.monotonicMs() : 0
    const start = beginEntry(entries)
    preparer.prepare(op, requester, xid, timeMs, input, entries)
    if (count === 0) metrics.prep.processTimeMs.record(clock.monotonicMs() - beganMs)
    this.add(connection, op, xid, start, arrivedMs)
  }

  submitCreateSession(connection: ClientConnection, session: Session<ClientConnection>, timeMs: number, arrivedMs: number): void {
    const { entries } = this.gathering
    const start = beginEntry(entries)
    this.parts.preparer.prepareCreateSession(session.id, session.createdTimeoutMs, timeMs, entries)
    this.add(connection, Op.createSession, 0, start, arrivedMs)
  }

  submitCloseSession(
    connection: ClientConnection | null,
    sessionId: bigint,
    xid: number,
    timeMs: number,
    arrivedMs: number,
  ): void {
    const { clock, metrics, preparer } = this.parts
    const { entries } = this.gathering
    const beganMs = clock.monotonicMs()
    const start = beginEntry(entries)
    preparer.prepareCloseSession(sessionId, xid, timeMs, entries)
    metrics.prep.closeSessionTimeMs.record(clock.monotonicMs() - beganMs)
    this.add(connection, Op.closeSession, xid, start, arrivedMs)
  }

  submitDeleteContainer(path: Uint8Array, timeMs: number, arrivedMs: number): void {
    const { entries } = this.gathering
    const start = beginEntry(entries)
    this.parts.preparer.prepareDeleteContainer(path, timeMs, entries)
    this.add(null, Op.deleteContainer, 0, start, arrivedMs)
  }

  private add(connection: ClientConnection | null, op: number, xid: number, start: number, arrivedMs: number): void {
    const { gathering } = this
    endEntry(gathering.entries, start)
    const txnStart = start + ENTRY_PREFIX_SIZE
    gathering.add(
      connection,
      op,
      xid,
      txnStart,
      gathering.entries.position - 1,
      this.parts.preparer.lastZxid,
      arrivedMs,
      this.parts.preparer.contentCrc,
      this.parts.preparer.partCrcs,
    )
    this.parts.metrics.prep.requestsQueued++
    if (this.isSyncing || this.isFlushScheduled) return
    // Not at once: what the other connections have sent in this turn of the loop shall share the sync.
    this.isFlushScheduled = true
    this.parts.timers.soon(this.flushSoon)
  }

  private flush(): void {
    if (this.isSyncing || this.gathering.count === 0 || this.hasFailed) return
    const batch = this.gathering
    this.gathering = this.syncing
    this.syncing = batch
    this.isSyncing = true
    const { log, clock, metrics } = this.parts
    batch.startedMs = clock.monotonicMs()
    metrics.log.requestsQueued += batch.count
    metrics.log.queueSize.record(batch.count)
    metrics.log.batchSize.record(batch.count)
    try {
      log.append(batch.entries.bytes, batch.entries.position, batch.firstZxid, batch.lastZxid, batch.count)
      log.sync(this.synced)
    } catch (error) {
      this.fail(error)
      return
    }
    metrics.log.processTimeMs.record(clock.monotonicMs() - batch.startedMs)
    this.parts.onAppended()
  }

  private finishSync(error: Error | null): void {
    if (error !== null) {
      this.fail(error)
      return
    }
    const done = this.syncing
    const syncedMs = this.parts.clock.monotonicMs()
    this.isSyncing = false
    this.syncing = this.spare
    // The disk goes on with the next batch while this one is applied.
    this.committing = done
    this.flush()
    if (this.hasFailed) return
    this.commit(done, syncedMs)
    this.recordBatch(done, syncedMs)
    done.clear()
    this.committing = null
    this.spare = done
    this.parts.onCommitted()
    if (!this.isFlushScheduled) this.flush()
    if (this.inProcess === 0 && this.onIdle !== null) this.onIdle()
  }

  private recordBatch(batch: WriteBatch, syncedMs: number): void {
    const { clock, database, log, metrics, preparer } = this.parts
    recordBatchTimes(metrics, batch, syncedMs, clock.monotonicMs())
    metrics.log.slowSyncs = log.slowSyncCount
    metrics.failures.digestMismatches = database.digestMismatchCount
    metrics.prep.pendingChangesAdded = preparer.view.preparedCount
    metrics.prep.pendingChangesRemoved = preparer.view.preparedCount - preparer.view.waitingCount
  }

  private commit(batch: WriteBatch, nowMs: number): void {
    const { database, preparer, metrics } = this.parts
    const { bytes, view } = batch.entries
    this.parts.onCommitting(nowMs)
    for (let i = 0; i < batch.count; i++) {
      const op = batch.ops[i] as number
      const connection = batch.connections[i] ?? null
      const isMulti = op === Op.multi && connection !== null
      this.multiResults.reset()
      database.multiResults = isMulti ? this.multiResults : null
      database.apply(bytes, view, batch.starts[i] as number, batch.ends[i] as number, batch.contentCrcs[i], batch.partCrcs[i])
      if (database.code === ErrorCode.OK)
        recordWriteTraffic(metrics.requests.writeTraffic, database.type, bytes, view, batch.starts[i] as number)
      preparer.view.applied(database.appliedZxid)
      this.reply(connection, op, batch.xids[i] as number, bytes, nowMs, batch.arrivedMs[i] as number)
    }
  }

  private reply(
    connection: ClientConnection | null,
    op: number,
    xid: number,
    bytes: Uint8Array,
    nowMs: number,
    arrivedMs: number,
  ): void {
    const { database } = this.parts
    if (op === Op.createSession) {
      if (connection !== null) this.parts.onSessionCreated(connection, arrivedMs)
      return
    }
    if (op === Op.closeSession) {
      const reply = connection === null ? null : (): void => this.writeReply(connection, op, xid, bytes, nowMs, arrivedMs)
      this.parts.onSessionClosed(database.sessionId, connection, reply)
      return
    }
    if (connection !== null) this.writeReply(connection, op, xid, bytes, nowMs, arrivedMs)
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
    const out = connection.replies()
    const start = out.position
    out.ensure(20)
    out.position = start + 20
    // A multi that failed says so in its body.
    const code = op === Op.multi && database.type === Op.multi ? ErrorCode.OK : database.code
    if (code === ErrorCode.OK) this.writeBody(op, bytes, out)
    const { view } = out
    view.setInt32(start, out.position - start - 4)
    view.setInt32(start + 4, xid)
    writeZxid(view, start + 8, database.lastZxid)
    view.setInt32(start + 16, code)
    const size = out.position - start - 4
    // A write that failed is no last operation, as in the reference.
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
      case Op.multi:
        out.writeBytes(this.multiResults.written())
        out.writeInt(Op.error)
        out.writeBoolean(true)
        out.writeInt(-1)
        return
    }
  }

  private fail(error: unknown): void {
    this.hasFailed = true
    this.parts.onFailure(error instanceof Error ? error : new Error(String(error)))
  }

  /** The clients' writes that are on their way, oldest first, for people to look at. */
  *outstanding(): Generator<OutstandingRequestView> {
    const nowMs = this.parts.clock.monotonicMs()
    for (const batch of this.isSyncing ? [this.syncing, this.gathering] : [this.gathering]) {
      for (let i = 0; i < batch.count; i++) {
        yield {
          sessionId: batch.connections[i]?.session?.id ?? 0n,
          opcode: batch.ops[i] as number,
          cxid: batch.xids[i] as number,
          zxid: batch.firstZxid + i,
          path: null,
          ageMs: nowMs - (batch.arrivedMs[i] as number),
        }
      }
    }
  }

  /** Calls `done` when everything that was submitted is committed; at once if it is, or if it never will be. */
  whenIdle(done: () => void): void {
    if (this.hasFailed || this.inProcess === 0) {
      done()
      return
    }
    this.onIdle = () => {
      this.onIdle = null
      done()
    }
  }
}

const TWO_TO_32 = 4294967296

function writeZxid(view: DataView, at: number, zxid: number): void {
  view.setInt32(at, Math.floor(zxid / TWO_TO_32))
  view.setUint32(at + 4, zxid >>> 0)
}

function writePath(database: Database, bytes: Uint8Array, out: ByteWriter): void {
  out.writeInt(database.pathLength)
  out.writeBytes(bytes.subarray(database.pathStart, database.pathStart + database.pathLength))
}
