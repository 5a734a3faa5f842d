// The way of a write in a leader:
//
//   submit    checked against the pending view and encoded as a log entry into the batch that gathers, whoever's client asked
//   flush     at the end of the turn the batch is proposed: to the learners, and to the own log
//   commit    a quorum has it: each transaction is applied to the tree, watches fire, own clients get their replies
//
// Batches are proposed one behind the other, without waiting for the one before. The own log is synced as often as the disk can;
// the sync counts as this server's acknowledgement, and nothing else does. Commits come in the order of the proposals.

import type { Database, Preparer, SessionOwner } from '@tskeeper/core'
import {
  type CommittedWindow,
  type Identity,
  localOwner,
  type Requester,
  SessionCheck,
  type SessionTracker,
} from '@tskeeper/core'
import { type ByteReader, ErrorCode, Op } from '@tskeeper/protocol/server'
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

/** The counter that no transaction may have: the epoch is used up before it. */
const COUNTER_EXHAUSTED = 0xffffffff
const COUNTERS_IN_EPOCH = 4294967296
/** Batches that are kept for the next ones. */
const SPARES_MAX = 8

export interface LeaderPipelineParts {
  readonly database: Database
  readonly preparer: Preparer
  readonly commits: CommitStage
  readonly log: TxnLog
  readonly window: CommittedWindow
  readonly tracker: () => SessionTracker<ClientConnection>
  readonly clock: Clock
  readonly timers: Timers
  readonly metrics: ServerMetrics
  /** Can an unknown session be one that only another server knows? */
  readonly mayBeLocalElsewhere: (sessionId: bigint) => boolean
  /** The batch is proposed: tell the leader, and send it. */
  readonly onProposed: (batch: WriteBatch) => void
  /** A session of another server's client is tracked from now on. */
  readonly onSessionTracked: () => void
  /** The own log is synced up to this zxid. */
  readonly onSynced: (zxid: number) => void
  /** The epoch has no more zxids. */
  readonly onExhausted: () => void
  readonly onAppended: () => void
  readonly onCommitting: (nowMs: number) => void
  readonly onCommitted: () => void
  readonly onFailure: (error: Error) => void
}

export class LeaderPipeline extends PreparingPipeline implements WritePath {
  private readonly parts: LeaderPipelineParts
  /** Complete and waiting to be proposed: a reconfiguration is proposed by itself. */
  private readonly sealed: WriteBatch[] = []
  /** Proposed and not committed to the end, oldest first. */
  private readonly proposed: WriteBatch[] = []
  private readonly spares: WriteBatch[] = []
  /** Last zxid that is in the log, and the last one that the sync under way covers. */
  private loggedZxid = 0
  private syncingZxid = 0
  private isSyncing = false
  private isFlushScheduled = false
  private isStopped = false
  private isExhausted = false
  private hasFailed = false
  private proposedCount = 0
  private readonly appliedWaiters = new AppliedWaiters()
  private onQuiet: (() => void) | null = null
  /** Who asks for the forwarded write in hand: nobody keeps it for longer than the request is prepared. */
  private readonly forwarder: { sessionId: bigint; identities: readonly Identity[] } = { sessionId: 0n, identities: [] }
  private readonly flushSoon = (): void => {
    this.isFlushScheduled = false
    this.flush()
  }
  private readonly synced = (error: Error | null): void => this.finishSync(error)

  constructor(parts: LeaderPipelineParts) {
    super(parts)
    this.parts = parts
  }

  get inProcess(): number {
    let count = this.prepare.gathering.count + this.proposedCount
    for (const batch of this.sealed) count += batch.count
    return count
  }

  get largeRequestBytes(): number {
    let bytes = this.prepare.gathering.largeRequestBytes
    for (const batch of this.proposed) bytes += batch.largeRequestBytes
    for (const batch of this.sealed) bytes += batch.largeRequestBytes
    return bytes
  }

  /** Something is proposed before this turn of the loop ends: what goes to the learners meanwhile can leave with it. */
  get isFlushDue(): boolean {
    return this.isFlushScheduled && !this.isStopped
  }

  // --- submitting ------------------------------------------------------------------------------

  submit(
    connection: ClientConnection,
    requester: Requester,
    op: number,
    xid: number,
    timeMs: number,
    arrivedMs: number,
    input: ByteReader,
  ): void {
    if (!this.mayPrepare()) return
    const { session } = connection
    const check = session === null ? SessionCheck.UNKNOWN : this.parts.tracker().check(session, localOwner)
    if (check === SessionCheck.OK || session?.isLocal === true)
      this.request(connection, requester, op, xid, timeMs, arrivedMs, input)
    else this.prepare.refusal(connection, requester.sessionId, op, xid, codeOfCheck(check), timeMs, arrivedMs)
  }

  /** A write of another server's client: `input` is at the request's record. `owner` is the link that it came over. */
  submitForwarded(
    owner: SessionOwner,
    sessionId: bigint,
    xid: number,
    op: number,
    identities: readonly Identity[],
    timeMs: number,
    nowMs: number,
    input: ByteReader,
  ): void {
    if (!this.mayPrepare()) return
    const tracker = this.parts.tracker()
    if (op === Op.createSession) {
      const timeoutMs = input.readInt()
      tracker.add(sessionId, timeoutMs, nowMs).owner = owner
      this.parts.onSessionTracked()
      this.prepare.createSession(null, sessionId, timeoutMs, timeMs, nowMs)
      return
    }
    if (op === Op.closeSession) {
      const session = tracker.get(sessionId)
      if (session !== null) tracker.markClosing(session)
      this.prepare.closeSession(null, sessionId, xid, timeMs, nowMs)
      return
    }
    const check = tracker.checkId(sessionId, owner)
    const isElsewhereLocal = check === SessionCheck.UNKNOWN && this.parts.mayBeLocalElsewhere(sessionId)
    if (check !== SessionCheck.OK && !isElsewhereLocal)
      this.prepare.refusal(null, sessionId, op, xid, codeOfCheck(check), timeMs, nowMs)
    else {
      const { forwarder } = this
      forwarder.sessionId = sessionId
      forwarder.identities = identities
      this.request(null, forwarder, op, xid, timeMs, nowMs, input)
    }
  }

  private request(
    connection: ClientConnection | null,
    requester: Requester,
    op: number,
    xid: number,
    timeMs: number,
    arrivedMs: number,
    input: ByteReader,
  ): void {
    if (op === Op.reconfig) this.seal()
    this.prepare.request(connection, requester, op, xid, timeMs, arrivedMs, input)
    if (op !== Op.reconfig) return
    this.prepare.gathering.config = this.parts.preparer.proposedConfig
    this.seal()
  }

  private seal(): void {
    if (this.prepare.gathering.count === 0) return
    this.sealed.push(this.prepare.gathering)
    this.prepare.gathering = this.spares.pop() ?? new WriteBatch()
  }

  /** Is there a zxid for one more write? A role that ends takes none; its clients' connections are closed. */
  protected override mayPrepare(): boolean {
    if (this.isStopped || this.isExhausted) return false
    if (!this.isBeyondEpoch(this.parts.preparer.lastZxid + 1)) return true
    this.isExhausted = true
    this.parts.timers.soon(() => this.parts.onExhausted())
    return false
  }

  /** The simulator puts a shorter epoch in the place of this one. */
  private isBeyondEpoch(zxid: number): boolean {
    return zxid % COUNTERS_IN_EPOCH === COUNTER_EXHAUSTED
  }

  protected override scheduleFlush(): void {
    if (this.isFlushScheduled) return
    this.isFlushScheduled = true
    this.parts.timers.soon(this.flushSoon)
  }

  // --- proposing -------------------------------------------------------------------------------

  /** Proposes what has gathered. */
  private flush(): void {
    this.seal()
    for (let batch = this.sealed.shift(); batch !== undefined; batch = this.sealed.shift()) this.propose(batch)
  }

  private propose(batch: WriteBatch): void {
    if (this.isStopped || this.hasFailed) return
    const { log, clock, metrics, window } = this.parts
    this.proposed.push(batch)
    this.proposedCount += batch.count
    batch.startedMs = clock.monotonicMs()
    metrics.log.requestsQueued += batch.count
    metrics.log.batchSize.record(batch.count)
    // The batch's own buffer serves again when it is committed; the window keeps its transactions for learners that come late.
    const { bytes } = batch.entries
    for (let i = 0; i < batch.count; i++)
      window.append(batch.firstZxid + i, bytes, batch.starts[i] as number, batch.ends[i] as number)
    this.parts.onProposed(batch)
    // Telling the learners may have ended the role: what was proposed is logged all the same. Nobody was told if the disk did not take the
    // configuration that is proposed, and without that its transaction must not be found in the log.
    if (this.hasFailed) return
    try {
      log.append(batch.entries.bytes, batch.entries.position, batch.firstZxid, batch.lastZxid, batch.count)
    } catch (error) {
      this.fail(error)
      return
    }
    this.loggedZxid = batch.lastZxid
    this.sync()
    metrics.log.processTimeMs.record(clock.monotonicMs() - batch.startedMs)
    this.parts.onAppended()
  }

  private sync(): void {
    if (this.isSyncing || this.hasFailed || this.syncingZxid === this.loggedZxid) return
    this.isSyncing = true
    this.syncingZxid = this.loggedZxid
    try {
      this.parts.log.sync(this.synced)
    } catch (error) {
      this.fail(error)
    }
  }

  private finishSync(error: Error | null): void {
    if (error !== null) {
      this.fail(error)
      return
    }
    const zxid = this.syncingZxid
    this.isSyncing = false
    this.parts.metrics.log.slowSyncs = this.parts.log.slowSyncCount
    this.sync()
    if (!this.isStopped) this.parts.onSynced(zxid)
    else if (!this.isSyncing) this.becomeQuiet()
  }

  // --- committing ------------------------------------------------------------------------------

  /** Everything up to `zxid` is committed. */
  commit(zxid: number): void {
    const nowMs = this.parts.clock.monotonicMs()
    this.parts.onCommitting(nowMs)
    this.parts.window.commit(zxid)
    for (let batch = this.proposed[0]; batch !== undefined; batch = this.proposed[0]) {
      this.commitOf(batch, zxid, nowMs)
      if (batch.doneCount < batch.count) break
      recordBatchTimes(this.parts.metrics, batch, nowMs, this.parts.clock.monotonicMs())
      this.proposed.shift()
      batch.clear()
      if (this.spares.length < SPARES_MAX) this.spares.push(batch)
    }
    this.recordCounts()
    this.appliedWaiters.reached(zxid)
    this.parts.onCommitted()
  }

  private commitOf(batch: WriteBatch, zxid: number, nowMs: number): void {
    const { database, preparer, commits } = this.parts
    const { bytes } = batch.entries
    while (batch.doneCount < batch.count && batch.firstZxid + batch.doneCount <= zxid) {
      const i = batch.doneCount
      const op = batch.ops[i] as number
      const connection = batch.connections[i] ?? null
      commits.applyPrepared(batch, i, op === Op.multi && connection !== null)
      preparer.view.applied(database.appliedZxid)
      batch.doneCount++
      this.proposedCount--
      commits.reply(connection, op, batch.xids[i] as number, bytes, nowMs, batch.arrivedMs[i] as number)
    }
  }

  whenApplied(done: () => void): void {
    // What was not taken any more is not applied.
    if (this.isStopped || this.isExhausted) return
    if (this.inProcess === 0) done()
    else this.appliedWaiters.add(this.parts.preparer.lastZxid, done)
  }

  *outstanding(): Generator<OutstandingRequestView> {
    const nowMs = this.parts.clock.monotonicMs()
    for (const batch of this.proposed) yield* outstandingOf(batch, nowMs)
    for (const batch of this.sealed) yield* outstandingOf(batch, nowMs)
    yield* outstandingOf(this.prepare.gathering, nowMs)
  }

  // --- the end ---------------------------------------------------------------------------------

  /**
   * The role ends: nothing more is taken or proposed. Calls `done` when all that is logged is synced and applied, as it would be after
   * a restart. The connections of the clients must be closed before.
   */
  stop(done: () => void): void {
    if (this.isStopped) return
    this.isStopped = true
    this.appliedWaiters.clear()
    this.onQuiet = done
    if (!this.isSyncing || this.hasFailed) this.becomeQuiet()
  }

  /** The server fails: nothing more is taken, proposed or written, and nobody waits for the end. */
  abandon(): void {
    this.isStopped = true
    this.hasFailed = true
  }

  private becomeQuiet(): void {
    const done = this.onQuiet
    if (done === null) return
    this.onQuiet = null
    if (!this.hasFailed) this.applyLogged()
    // What was prepared and not proposed never was.
    this.parts.preparer.view.applied(Number.POSITIVE_INFINITY)
    done()
  }

  private applyLogged(): void {
    const { commits, window } = this.parts
    for (const batch of this.proposed) {
      const { bytes, view } = batch.entries
      for (let i = batch.doneCount; i < batch.count; i++)
        commits.apply(bytes, view, batch.starts[i] as number, batch.ends[i] as number, false)
    }
    this.proposed.length = 0
    this.proposedCount = 0
    window.commit(Number.POSITIVE_INFINITY)
  }

  private fail(error: unknown): void {
    this.hasFailed = true
    this.parts.onFailure(error instanceof Error ? error : new Error(String(error)))
    if (this.isStopped) this.becomeQuiet()
  }
}

/** A leader knows all sessions: one that it does not know is over. */
function codeOfCheck(check: number): number {
  return check === SessionCheck.MOVED ? ErrorCode.SESSION_MOVED : ErrorCode.SESSION_EXPIRED
}
