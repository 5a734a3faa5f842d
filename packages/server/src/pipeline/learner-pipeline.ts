// The way of a write in a learner:
//
//   submit    forwarded to the leader; who waits for it is kept in the order of the requests
//   receive   the leader's proposal comes back, and is copied once, in the form that the log's file has
//   log       all that came in one go becomes one write into the log and one sync, then an acknowledgement for each
//   apply     the leader has committed it: applied to the tree, and if it is the oldest write that was forwarded from
//             here, its client gets the reply
//
// The leader takes the requests of a link in their order, and gives each exactly one transaction (a failure is one, too). So the
// transaction that answers the oldest request comes before those of all later ones.
//
// A transaction names its request by session and number alone, and when a session moves here over a new connection, numbers of requests
// that are on their way over its old server come again. Those that are with the leader already are waited for before the new connection
// is served (`awaitOlderRequests`). To those that come later the leader gives transactions that say that the session has moved: such a
// one may also be the answer to a request from here, when the session has moved on. Which it is shows by what comes next, at the latest
// by the answer to a sync that is sent then.

import type { CommittedWindow, Database, Identity, Requester } from '@tskeeper/core'
import { create2PartsOf, Ring } from '@tskeeper/core'
import { type ByteReader, DecodeError, ErrorCode, Op } from '@tskeeper/protocol/server'
import type { OutstandingRequestView } from '../admin/server-view.ts'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Clock } from '../runtime/runtime.ts'
import { StartupError } from '../startup-error.ts'
import type { TxnLog } from '../storage/txn-log.ts'
import { AppliedWaiters } from './applied-waiters.ts'
import type { CommitStage } from './commit-stage.ts'
import { ReceivedBatch } from './received-batch.ts'
import type { SessionFacts, WritePath } from './write-path.ts'

/** Where a transaction's header has the client's number of the request, and the type: long session, int cxid, long zxid, long time. */
const CXID_OFFSET = 8
const TYPE_OFFSET = 28
/** Behind the header: of a request that failed, its error. */
const ERROR_OFFSET = 32
/** The process cannot go on: what is committed cannot be applied. */
const EXIT_CANNOT_APPLY = 1

/** Batches that are kept for the next ones, unless they grew beyond so many bytes. */
const SPARES_MAX = 32
const SPARE_BYTES_MAX = 256 * 1024

/** What sends requests to the leader. */
export interface RequestSender {
  /** A client's request; `input` is at its record, which goes to the end. */
  sendRequest(sessionId: bigint, xid: number, op: number, input: ByteReader | null, identities: readonly Identity[] | null): void
  sendCreateSession(sessionId: bigint, timeoutMs: number): void
  /** A sync of the server itself, in the name of a session. */
  sendSync(sessionId: bigint): void
}

export interface LearnerPipelineParts {
  readonly database: Database
  readonly commits: CommitStage
  readonly log: TxnLog
  readonly window: CommittedWindow
  readonly sender: RequestSender
  readonly clock: Clock
  readonly metrics: ServerMetrics
  /** False for observers, whom nobody asks for acknowledgements. */
  readonly isAcknowledging: boolean
  /** False for observers that keep no log. */
  readonly isLogging: boolean
  /** The log is synced up to this zxid. */
  readonly onSynced: (zxid: number) => void
  readonly onAppended: () => void
  readonly onFailure: (error: Error) => void
}

/** A sync of this server itself, or one that another server's client sent, and that is with the leader. */
interface ForwardedSync {
  readonly serial: number
  readonly released: () => void
}

/** A client's request that is with the leader. */
interface Waiting {
  /** Counts writes and syncs in the order in which they were sent. */
  readonly serial: number
  readonly connection: ClientConnection
  readonly sessionId: bigint
  readonly xid: number
  readonly op: number
  readonly arrivedMs: number
  /** Of a sync: the bytes of its path's field, which the reply repeats. */
  readonly echo: Uint8Array | null
  /** Of a multi: which of its parts are create2, null if none is. What comes back from the leader does not tell. */
  readonly create2Parts: readonly number[] | null
  /** A transaction has come that says that the session has moved: it answers this request unless another one does. */
  isDoubted: boolean
}

export class LearnerPipeline implements WritePath {
  private readonly parts: LearnerPipelineParts
  private readonly waiting = new Ring<Waiting>()
  private readonly waitingSyncs = new Ring<Waiting | ForwardedSync>()
  /** Of the request that was sent last. */
  private lastSerial = 0
  /** Of the last sync that was sent because of a doubted request. */
  private doubtSerial = 0
  private readonly appliedWaiters = new AppliedWaiters()
  private largeBytes = 0
  /** Transactions that are not applied, or not logged yet; the last batch takes what comes until it is sealed. */
  private readonly received: ReceivedBatch[] = []
  private isLastSealed = true
  private readonly spares: ReceivedBatch[] = []
  /** Places in `received`, as batch and index in it: where the next transaction to apply and the next one to log are. */
  private applyBatch = 0
  private applyIndex = 0
  private logBatch = 0
  private logIndex = 0
  /** Transactions that are to be appended to the log, from the log's place on. */
  private toLogCount = 0
  private loggedZxid = -1
  private syncingZxid = -1
  private isSyncing = false
  /** Zxids that are in the log and not acknowledged. */
  private readonly unacknowledged: number[] = []
  private unacknowledgedFrom = 0
  private isStopped = false
  private hasFailed = false
  private onFlushed: (() => void) | null = null
  private onQuiet: (() => void) | null = null
  private readonly synced = (error: Error | null): void => this.finishSync(error)

  constructor(parts: LearnerPipelineParts) {
    this.parts = parts
  }

  // --- requests of clients ---------------------------------------------------------------------

  get inProcess(): number {
    return this.waiting.size + this.waitingSyncs.size
  }

  get largeRequestBytes(): number {
    return this.waiting.size === 0 ? 0 : this.largeBytes
  }

  addLargeRequest(length: number): void {
    this.largeBytes = this.largeRequestBytes + length
  }

  submit(
    connection: ClientConnection,
    requester: Requester,
    op: number,
    xid: number,
    _timeMs: number,
    arrivedMs: number,
    input: ByteReader,
  ): void {
    const { sessionId, identities } = requester
    const create2Parts = op === Op.multi ? create2PartsOf(input) : null
    this.waiting.push({
      serial: ++this.lastSerial,
      connection,
      sessionId,
      xid,
      op,
      arrivedMs,
      echo: null,
      create2Parts,
      isDoubted: false,
    })
    this.parts.sender.sendRequest(sessionId, xid, op, input, identities)
  }

  submitCreateSession(connection: ClientConnection | null, session: SessionFacts, _timeMs: number, arrivedMs: number): void {
    const { id, createdTimeoutMs } = session
    const [serial, op] = [++this.lastSerial, Op.createSession]
    if (connection !== null)
      this.waiting.push({
        serial,
        connection,
        sessionId: id,
        xid: 0,
        op,
        arrivedMs,
        echo: null,
        create2Parts: null,
        isDoubted: false,
      })
    this.parts.sender.sendCreateSession(id, createdTimeoutMs)
  }

  submitCloseSession(
    connection: ClientConnection | null,
    sessionId: bigint,
    xid: number,
    _timeMs: number,
    arrivedMs: number,
  ): void {
    const [serial, op] = [++this.lastSerial, Op.closeSession]
    if (connection !== null)
      this.waiting.push({ serial, connection, sessionId, xid, op, arrivedMs, echo: null, create2Parts: null, isDoubted: false })
    this.parts.sender.sendRequest(sessionId, xid, op, null, connection?.identities ?? null)
  }

  /** A client's sync; `input` is at its record. The reply comes with `releaseSync`. */
  submitSync(connection: ClientConnection, sessionId: bigint, xid: number, arrivedMs: number, input: ByteReader): void {
    const echo = input.bytes.slice(input.position, input.end)
    this.waitingSyncs.push({
      serial: ++this.lastSerial,
      connection,
      sessionId,
      xid,
      op: Op.sync,
      arrivedMs,
      echo,
      create2Parts: null,
      isDoubted: false,
    })
    this.parts.sender.sendRequest(sessionId, xid, Op.sync, input, connection.identities)
  }

  /** A sync of an observer's client was sent on to the leader. */
  awaitSync(released: () => void): void {
    this.waitingSyncs.push({ serial: ++this.lastSerial, released })
  }

  /**
   * A session moves here. What it has asked over its old server may be with the leader, which has been asked just now whether it lives:
   * `whenApplied` waits for that, too.
   */
  awaitOlderRequests(sessionId: bigint): void {
    this.sendOwnSync(sessionId, NOTHING)
  }

  private sendOwnSync(sessionId: bigint, released: () => void): void {
    this.awaitSync(released)
    this.parts.sender.sendSync(sessionId)
  }

  /** The leader has sent everything that was committed when the oldest sync reached it. False if none waits. */
  releaseSync(): boolean {
    const sync = this.waitingSyncs.shift()
    if (sync === null) return false
    if ('released' in sync) {
      sync.released()
      return true
    }
    const nowMs = this.parts.clock.monotonicMs()
    this.parts.commits.answer(sync.connection, Op.sync, sync.xid, ErrorCode.OK, sync.echo ?? NO_BYTES, nowMs, sync.arrivedMs)
    return true
  }

  /** Also waits for syncs. They and the writes are answered in their own orders: the oldest of both says how far all is done. */
  whenApplied(done: () => void): void {
    if (this.inProcess === 0) done()
    else this.appliedWaiters.add(this.lastSerial, done)
  }

  private tellAppliedWaiters(): void {
    const oldestWrite = this.waiting.peek()?.serial ?? Number.POSITIVE_INFINITY
    const oldestSync = this.waitingSyncs.peek()?.serial ?? Number.POSITIVE_INFINITY
    this.appliedWaiters.reached(Math.min(oldestWrite, oldestSync) - 1)
  }

  *outstanding(): Generator<OutstandingRequestView> {
    const nowMs = this.parts.clock.monotonicMs()
    for (const ring of [this.waiting, this.waitingSyncs]) {
      for (let i = 0; i < ring.size; i++) {
        const request = ring.at(i)
        if ('released' in request) continue
        const { sessionId, op, xid, arrivedMs } = request
        yield { sessionId, opcode: op, cxid: xid, zxid: 0, path: null, ageMs: nowMs - arrivedMs }
      }
    }
  }

  // --- transactions from the leader ------------------------------------------------------------

  /** A transaction has come; a copy is taken. */
  receive(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.isLastSealed) {
      this.received.push(this.spares.pop() ?? new ReceivedBatch())
      this.isLastSealed = false
    }
    this.received.at(-1)?.add(zxid, bytes, start, end)
  }

  /** The next transaction goes into the log, with all others of this chunk when the chunk is done. */
  logNext(): void {
    this.toLogCount++
  }

  /** All that came in one go has been told: writes the log, and syncs it if the disk is free. */
  chunkDone(): void {
    this.seal()
    this.append()
    this.dropDone()
    if (!this.appliedWaiters.isEmpty) this.tellAppliedWaiters()
  }

  private seal(): void {
    const batch = this.received.at(-1)
    if (batch === undefined || this.isLastSealed) return
    this.isLastSealed = true
    const { window } = this.parts
    for (let i = 0; i < batch.count; i++)
      window.append(batch.zxids[i] as number, batch.entries.bytes, batch.starts[i] as number, batch.ends[i] as number)
    window.commit(this.parts.database.lastZxid)
  }

  private append(): void {
    if (this.hasFailed || this.toLogCount === 0) return
    while (this.toLogCount > 0) {
      const batch = this.received[this.logBatch] as ReceivedBatch
      const count = Math.min(this.toLogCount, batch.count - this.logIndex)
      if (count > 0) this.appendOf(batch, this.logIndex, this.logIndex + count)
      this.toLogCount -= count
      this.logIndex += count
      if (this.toLogCount > 0) this.nextLogBatch()
      if (this.hasFailed) return
    }
    this.sync()
    if (this.parts.isLogging) this.parts.onAppended()
  }

  private nextLogBatch(): void {
    this.logBatch++
    this.logIndex = 0
  }

  private appendOf(batch: ReceivedBatch, from: number, to: number): void {
    const firstZxid = batch.zxids[from] as number
    const lastZxid = batch.zxids[to - 1] as number
    this.loggedZxid = lastZxid
    if (this.parts.isAcknowledging) for (let i = from; i < to; i++) this.unacknowledged.push(batch.zxids[i] as number)
    if (!this.parts.isLogging) return
    try {
      const bytes = batch.logBytes(from, to)
      this.parts.log.append(bytes, bytes.length, firstZxid, lastZxid, to - from)
    } catch (error) {
      this.fail(error)
    }
  }

  private sync(): void {
    if (!this.isSyncing && !this.hasFailed && this.syncingZxid !== this.loggedZxid) this.beginSync()
  }

  private beginSync(): void {
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
    this.isSyncing = false
    const zxid = this.syncingZxid
    this.parts.metrics.log.slowSyncs = this.parts.log.slowSyncCount
    this.sync()
    if (!this.isStopped) this.parts.onSynced(zxid)
    if (!this.isSyncing) this.becomeIdle()
  }

  private becomeIdle(): void {
    const flushed = this.onFlushed
    this.onFlushed = null
    flushed?.()
    if (this.isStopped) this.becomeQuiet()
  }

  /** Calls `done` when everything that was given to the log is synced; not at once. */
  flushLog(done: () => void): void {
    this.seal()
    this.append()
    this.onFlushed = done
    if (this.hasFailed) return
    if (!this.isSyncing) this.beginSync()
  }

  /** The zxids in (`afterZxid`, `lastZxid`] that are in the log, ascending; each is given once. */
  takeLogged(afterZxid: number, lastZxid: number, take: (zxid: number) => void): void {
    const { unacknowledged } = this
    while (this.unacknowledgedFrom < unacknowledged.length) {
      const zxid = unacknowledged[this.unacknowledgedFrom] as number
      if (zxid > lastZxid) break
      this.unacknowledgedFrom++
      if (zxid > afterZxid) take(zxid)
    }
    if (this.unacknowledgedFrom * 2 < unacknowledged.length) return
    unacknowledged.splice(0, this.unacknowledgedFrom)
    this.unacknowledgedFrom = 0
  }

  // --- applying --------------------------------------------------------------------------------

  /** Applies the oldest transaction that is not applied, which has this zxid, and answers its client if that is one of ours. */
  apply(zxid: number, nowMs: number): void {
    const batch = this.nextToApply(zxid)
    const i = this.applyIndex - 1
    const { bytes, view } = batch.entries
    const start = batch.starts[i] as number
    const waiting = this.takeWaiting(view, start)
    const { commits, window } = this.parts
    if (!this.applyAt(batch, i, waiting?.op === Op.multi, waiting?.create2Parts ?? null)) return
    if (this.isLastSealed) window.commit(zxid)
    if (waiting === null) commits.reply(null, Op.error, 0, bytes, nowMs, nowMs)
    else commits.reply(waiting.connection, waiting.op, waiting.xid, bytes, nowMs, waiting.arrivedMs)
  }

  /**
   * False if the transaction cannot be applied, a part of it perhaps is, and the server has to stop: without it the tree would be
   * another one than everywhere else, and it may be in the log, which a restart reads alike.
   */
  private applyAt(batch: ReceivedBatch, index: number, isAnswered: boolean, create2Parts: readonly number[] | null): boolean {
    const { bytes, view } = batch.entries
    try {
      const [start, end] = [batch.starts[index] as number, batch.ends[index] as number]
      this.parts.commits.apply(bytes, view, start, end, isAnswered, create2Parts)
      return true
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      const zxid = batch.zxids[index] as number
      this.fail(
        new StartupError(
          `the leader's transaction 0x${zxid.toString(16)} cannot be applied: ${error.message}. Is the leader of a newer release?`,
          EXIT_CANNOT_APPLY,
          { cause: error },
        ),
      )
      return false
    }
  }

  /** Passes over the oldest transaction that is not applied: the tree holds it already. */
  skip(zxid: number): void {
    this.nextToApply(zxid)
    if (this.isLastSealed) this.parts.window.commit(zxid)
  }

  /** The transaction with this zxid, which is next to be applied, without applying it. */
  peek(zxid: number, read: (bytes: Uint8Array, view: DataView, start: number, end: number) => void): void {
    let batchIndex = this.applyBatch
    let index = this.applyIndex
    for (let batch = this.received[batchIndex]; batch !== undefined; batch = this.received[++batchIndex]) {
      for (; index < batch.count; index++) {
        if (batch.zxids[index] !== zxid) continue
        read(batch.entries.bytes, batch.entries.view, batch.starts[index] as number, batch.ends[index] as number)
        return
      }
      index = 0
    }
  }

  /** Moves the place of what is to be applied by one; what is applied without having been logged is not logged any more. */
  private nextToApply(zxid: number): ReceivedBatch {
    while (this.applyIndex >= (this.received[this.applyBatch]?.count ?? 0)) {
      if (this.applyBatch >= this.received.length) throw new Error(`the transaction ${zxid.toString(16)} was never received`)
      this.applyBatch++
      this.applyIndex = 0
    }
    const batch = this.received[this.applyBatch] as ReceivedBatch
    if (batch.zxids[this.applyIndex] !== zxid)
      throw new Error(`${zxid.toString(16)} is committed, but ${batch.zxids[this.applyIndex]?.toString(16)} is next`)
    this.applyIndex++
    if (this.isLogBehindApply()) {
      this.logBatch = this.applyBatch
      this.logIndex = this.applyIndex
    }
    return batch
  }

  private isLogBehindApply(): boolean {
    if (this.toLogCount > 0) return false
    return this.logBatch < this.applyBatch || (this.logBatch === this.applyBatch && this.logIndex < this.applyIndex)
  }

  /** The request from here that the transaction at `start` answers, if there is one: the oldest, but for doubted ones. */
  private takeWaiting(view: DataView, start: number): Waiting | null {
    const { waiting } = this
    let index = 0
    while (index < waiting.size && waiting.at(index).isDoubted && !isAnswer(view, start, waiting.at(index))) index++
    if (index === waiting.size) return null
    const request = waiting.at(index)
    if (!isAnswer(view, start, request)) return null
    if (view.getInt32(start + TYPE_OFFSET) === Op.error && view.getInt32(start + ERROR_OFFSET) === ErrorCode.SESSION_MOVED) {
      this.doubt(request)
      return null
    }
    // Those before it were answered, too.
    for (; index > 0; index--) this.dropOldest()
    return waiting.shift()
  }

  private doubt(request: Waiting): void {
    request.isDoubted = true
    // A sync behind it is with the leader already.
    if (request.serial < this.doubtSerial) return
    const serial = this.lastSerial + 1
    this.doubtSerial = serial
    this.sendOwnSync(request.sessionId, () => this.dropDoubted(serial))
  }

  /** The leader has answered everything up to `serial`. */
  private dropDoubted(serial: number): void {
    for (let oldest = this.waiting.peek(); oldest?.isDoubted === true && oldest.serial < serial; oldest = this.waiting.peek())
      this.dropOldest()
  }

  /** The session of the oldest request has moved on: its connection is a leftover, and whatever it is told would be wrong. */
  private dropOldest(): void {
    this.waiting.shift()?.connection.destroy()
  }

  /** Forgets batches that are both logged and applied. */
  private dropDone(): void {
    let done = Math.min(this.applyBatch, this.logBatch)
    const isDone = (place: number, index: number): boolean => place > done || index >= (this.received[done]?.count ?? 0)
    while (done < this.received.length && isDone(this.applyBatch, this.applyIndex) && isDone(this.logBatch, this.logIndex)) {
      done++
      if (this.applyBatch < done) {
        this.applyBatch = done
        this.applyIndex = 0
      }
      if (this.logBatch < done) {
        this.logBatch = done
        this.logIndex = 0
      }
    }
    if (done === 0) return
    for (const batch of this.received.splice(0, done)) this.recycle(batch)
    this.applyBatch -= done
    this.logBatch -= done
  }

  private recycle(batch: ReceivedBatch): void {
    batch.clear()
    if (this.spares.length < SPARES_MAX && batch.entries.bytes.length <= SPARE_BYTES_MAX) this.spares.push(batch)
  }

  // --- the end ---------------------------------------------------------------------------------

  /**
   * The role ends: nothing more is logged or answered. Calls `done` when all that is in the log is synced and, unless the tree
   * `isBroken`, applied, as it would be after a restart. The connections of the clients must be closed before.
   */
  stop(isBroken: boolean, done: () => void): void {
    if (this.isStopped) return
    this.seal()
    this.append()
    this.isStopped = true
    this.appliedWaiters.clear()
    this.onFlushed = null
    this.onQuiet = () => {
      if (!isBroken && !this.hasFailed) this.applyLogged()
      done()
    }
    if (!this.isSyncing || this.hasFailed) this.becomeQuiet()
  }

  /** The server fails: nothing more is taken or written, and nobody waits for the end. */
  abandon(): void {
    this.isStopped = true
    this.hasFailed = true
  }

  private becomeQuiet(): void {
    const done = this.onQuiet
    this.onQuiet = null
    done?.()
  }

  private applyLogged(): void {
    const { window, database } = this.parts
    while (this.applyBatch < this.logBatch || (this.applyBatch === this.logBatch && this.applyIndex < this.logIndex)) {
      const batch = this.received[this.applyBatch] as ReceivedBatch
      if (this.applyIndex >= batch.count) {
        this.applyBatch++
        this.applyIndex = 0
        continue
      }
      if (!this.applyAt(batch, this.applyIndex++, false, null)) return
    }
    window.truncate(database.lastZxid)
    window.commit(Number.POSITIVE_INFINITY)
  }

  private fail(error: unknown): void {
    if (this.hasFailed) return
    this.hasFailed = true
    this.parts.onFailure(error instanceof Error ? error : new Error(String(error)))
    if (this.isStopped) this.becomeQuiet()
  }
}

/** May the transaction at `start` be the answer to the request? */
function isAnswer(view: DataView, start: number, request: Waiting): boolean {
  if (view.getInt32(start + CXID_OFFSET) !== request.xid || view.getBigInt64(start) !== request.sessionId) return false
  const type = view.getInt32(start + TYPE_OFFSET)
  const isSessionOp = type === Op.createSession || type === Op.closeSession
  return !isSessionOp || type === request.op
}

const NO_BYTES = new Uint8Array(0)
const NOTHING = (): void => {}
