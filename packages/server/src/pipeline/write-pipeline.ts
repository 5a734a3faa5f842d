// The way of a write in a server that stands alone:
//
//   submit    checked against the pending view and encoded as a log entry into the batch that gathers
//   flush     the batch becomes one write into the log and one asynchronous sync; the next batch gathers meanwhile
//   commit    synced: each transaction is applied to the tree, watches fire, the reply is made
//
// Nothing is applied, and so nothing seen or acknowledged, before it is on disk. When the disk refuses, nothing
// more is acknowledged at all: what it holds is unknown then.

import type { Database, Preparer, Requester } from '@tskeeper/core'
import { type ByteReader, Op } from '@tskeeper/protocol/server'
import type { OutstandingRequestView } from '../admin/server-view.ts'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Clock, Timers } from '../runtime/runtime.ts'
import type { TxnLog } from '../storage/txn-log.ts'
import { AppliedWaiters } from './applied-waiters.ts'
import { recordBatchTimes } from './batch-times.ts'
import type { CommitStage } from './commit-stage.ts'
import { PreparingPipeline } from './preparing-pipeline.ts'
import { outstandingOf, WriteBatch } from './write-batch.ts'
import type { WritePath } from './write-path.ts'

export interface WritePipelineParts {
  readonly database: Database
  readonly preparer: Preparer
  readonly commits: CommitStage
  readonly log: TxnLog
  readonly clock: Clock
  readonly timers: Timers
  readonly metrics: ServerMetrics
  /** A batch is about to be applied, at this monotonic time. */
  readonly onCommitting: (nowMs: number) => void
  /** A batch is in the log; a moment to look whether a snapshot is due. */
  readonly onAppended: () => void
  /** A batch is done: replies can be flushed, and connections that were held back read again. */
  readonly onCommitted: () => void
  /** The log has failed: the server must stop. */
  readonly onFailure: (error: Error) => void
}

export class WritePipeline extends PreparingPipeline implements WritePath {
  private readonly parts: WritePipelineParts
  private syncing: WriteBatch = new WriteBatch()
  /** Synced, and being applied right now. */
  private committing: WriteBatch | null = null
  private spare: WriteBatch = new WriteBatch()
  private isSyncing = false
  private isFlushScheduled = false
  private hasFailed = false
  private readonly flushSoon = (): void => {
    this.isFlushScheduled = false
    this.flush()
  }
  private readonly synced = (error: Error | null): void => this.finishSync(error)
  private readonly appliedWaiters = new AppliedWaiters()
  /** Called when everything that was submitted is committed. */
  private onIdle: (() => void) | null = null

  constructor(parts: WritePipelineParts) {
    super(parts)
    this.parts = parts
  }

  /** Writes that were submitted and are not committed yet. */
  get inProcess(): number {
    return this.prepare.gathering.count + (this.isSyncing ? this.syncing.count : 0) + (this.committing?.count ?? 0)
  }

  /** Bytes of the large requests that were submitted and are not committed yet. */
  get largeRequestBytes(): number {
    const syncing = this.isSyncing ? this.syncing.largeRequestBytes : 0
    return this.prepare.gathering.largeRequestBytes + syncing + (this.committing?.largeRequestBytes ?? 0)
  }

  submit(
    connection: ClientConnection,
    requester: Requester,
    op: number,
    xid: number,
    timeMs: number,
    arrivedMs: number,
    input: ByteReader,
  ): void {
    this.prepare.request(connection, requester, op, xid, timeMs, arrivedMs, input)
  }

  protected override mayPrepare(): boolean {
    return true
  }

  protected override scheduleFlush(): void {
    if (this.isSyncing || this.isFlushScheduled) return
    // Not at once: what the other connections have sent in this turn of the loop shall share the sync.
    this.isFlushScheduled = true
    this.parts.timers.soon(this.flushSoon)
  }

  private flush(): void {
    const batch = this.prepare.gathering
    if (this.isSyncing || batch.count === 0 || this.hasFailed) return
    this.prepare.gathering = this.syncing
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
    this.appliedWaiters.reached(done.lastZxid)
    this.parts.onCommitted()
    if (!this.isFlushScheduled) this.flush()
    if (this.inProcess === 0 && this.onIdle !== null) this.onIdle()
  }

  private recordBatch(batch: WriteBatch, syncedMs: number): void {
    const { clock, log, metrics } = this.parts
    recordBatchTimes(metrics, batch, syncedMs, clock.monotonicMs())
    metrics.log.slowSyncs = log.slowSyncCount
    this.recordCounts()
  }

  private commit(batch: WriteBatch, nowMs: number): void {
    const { database, preparer, commits } = this.parts
    const { bytes } = batch.entries
    this.parts.onCommitting(nowMs)
    for (let i = 0; i < batch.count; i++) {
      const op = batch.ops[i] as number
      const connection = batch.connections[i] ?? null
      commits.applyPrepared(batch, i, op === Op.multi && connection !== null)
      preparer.view.applied(database.appliedZxid)
      commits.reply(connection, op, batch.xids[i] as number, bytes, nowMs, batch.arrivedMs[i] as number)
    }
  }

  private fail(error: unknown): void {
    this.hasFailed = true
    this.parts.onFailure(error instanceof Error ? error : new Error(String(error)))
  }

  whenApplied(done: () => void): void {
    if (this.inProcess === 0) done()
    else this.appliedWaiters.add(this.parts.preparer.lastZxid, done)
  }

  *outstanding(): Generator<OutstandingRequestView> {
    const nowMs = this.parts.clock.monotonicMs()
    if (this.isSyncing) yield* outstandingOf(this.syncing, nowMs)
    yield* outstandingOf(this.prepare.gathering, nowMs)
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
