import { type GeneratorUsage, type Interval, UsageMeter } from './generator-usage.ts'
import { LatencyHistogram, type LatencySummary } from './histogram.ts'
import type { ReplyFrame } from './reply-frame.ts'
import type { Session, SessionHandler } from './session.ts'
import type { Workload } from './workload.ts'

/** How long and how hard to load. */
export interface LoopPlan {
  /** Operations outstanding on each session. */
  readonly window: number
  /** Time before the measured interval; what completes in it is verified but not counted. */
  readonly warmupMs: number
  readonly durationMs: number
  /** With a number, the run ends after so many operations instead, all of which count. */
  readonly operations: number | null
  /** With a number, operations become due at this rate whether earlier ones are answered or not. */
  readonly ratePerS: number | null
  /** Without any reply for so long, the server counts as stalled and the run fails. */
  readonly stallMs: number
}

/** What a loop measured. */
export interface LoopOutcome {
  readonly operations: number
  readonly seconds: number
  readonly latencyUs: LatencySummary
  /** Every reply that was received, all of them verified: also those of the warm-up. */
  readonly verifiedReplies: number
  /** Operations of an open loop that were due and could not be issued. */
  readonly notIssued: number
  /** The longest time within the interval in which no session received anything although the generator looked. */
  readonly longestGapMs: number
  readonly generator: GeneratorUsage
  readonly interval: Interval
}

const TICK_MS = 50
/** How long an open loop goes on issuing what was due, after the interval's end. */
const OPEN_LOOP_GRACE_MS = 5000
/** An open loop sleeps only when the next operation is further away than a timer is inexact. */
const TIMER_SLACK_MS = 2

/**
 * Keeps a workload going on a group of sessions, and measures it.
 *
 * Closed loop: each session keeps `window` operations outstanding; a latency counts from when the operation
 * was encoded. Open loop: operation i is due at start + i / rate and goes to the next session with
 * room; its latency counts from when it was due, also when every window was full: a server that stalls cannot
 * hide by slowing the generator down.
 */
export class LoadLoop implements SessionHandler {
  private readonly sessions: readonly Session[]
  private readonly workload: Workload
  private readonly plan: LoopPlan
  private readonly requestsPerOperation: number
  private readonly histogram = new LatencyHistogram()
  /** For each slot, when its operation began. */
  private readonly slotStartMs: Float64Array
  private readonly firstXid: Int32Array
  private readonly issued: Float64Array
  private readonly completed: Float64Array
  private isStarted = false
  private isFinished = false
  private startMs = 0
  private beginMs = 0
  private endMs = 0
  /** When the chunk that is being looked at arrived. */
  private batchMs = 0
  private repliesAtBatch = 0
  private lastReplyMs = 0
  private replies = 0
  private operationsCounted = 0
  private operationsIssued = 0
  private operationsCompleted = 0
  private lastCompletedMs = 0
  private nextSession = 0
  private meter: UsageMeter | null = null
  private measured: ReturnType<UsageMeter['end']> | null = null
  private tick: NodeJS.Timeout | null = null
  private pumpTimer: NodeJS.Timeout | null = null
  private pumpImmediate: NodeJS.Immediate | null = null
  private resolve: (outcome: LoopOutcome) => void = () => {}
  private reject: (error: Error) => void = () => {}

  constructor(sessions: readonly Session[], workload: Workload, plan: LoopPlan) {
    this.sessions = sessions
    this.workload = workload
    this.plan = plan
    this.requestsPerOperation = workload.requestsPerOperation
    this.slotStartMs = new Float64Array(sessions.length * plan.window)
    this.firstXid = new Int32Array(sessions.length)
    this.issued = new Float64Array(sessions.length)
    this.completed = new Float64Array(sessions.length)
  }

  /** Runs to the end; rejects with the first violation or failure. */
  run(): Promise<LoopOutcome> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      for (const session of this.sessions) {
        session.handler = this
        this.firstXid[session.index] = session.nextXid
      }
      this.isStarted = true
      this.startMs = performance.now()
      this.lastReplyMs = this.startMs
      this.beginMs = this.startMs + this.plan.warmupMs
      this.endMs = this.plan.operations === null ? this.beginMs + this.plan.durationMs : Number.POSITIVE_INFINITY
      this.tick = setInterval(() => this.onTick(), TICK_MS)
      this.observe(this.startMs)
      if (this.plan.ratePerS !== null) {
        this.pump()
        return
      }
      for (const session of this.sessions) this.fillWindow(session)
    })
  }

  onReady(): void {}

  onBatchBegin(): void {
    this.batchMs = performance.now()
    this.repliesAtBatch = this.replies
    this.observe(this.batchMs)
  }

  onReply(session: Session, reply: ReplyFrame): void {
    const ordinal = reply.xid - (this.firstXid[session.index] as number)
    const perOperation = this.requestsPerOperation
    const operation = perOperation === 1 ? ordinal : Math.floor(ordinal / perOperation)
    const part = ordinal - operation * perOperation
    const slot = session.index * this.plan.window + (operation % this.plan.window)
    this.workload.verify(session, slot, part, reply)
    this.replies += 1
    if (part === perOperation - 1) this.complete(session, this.slotStartMs[slot] as number)
  }

  onEvent(_session: Session, reply: ReplyFrame): void {
    throw reply.violation('watch event', 'nothing was watched')
  }

  onBatchEnd(session: Session): void {
    if (this.replies > this.repliesAtBatch) this.observeReplies()
    if (this.plan.ratePerS === null) this.fillWindow(session)
    else this.issueDue(performance.now())
    this.finishWhenDone()
  }

  onClosed(_session: Session, error: Error | null): void {
    this.fail(error ?? new Error('a session was closed while it was loaded'))
  }

  private complete(session: Session, startedMs: number): void {
    this.completed[session.index] = (this.completed[session.index] as number) + 1
    this.operationsCompleted += 1
    this.lastCompletedMs = this.batchMs
    // A closed loop counts what completes in the interval; an open loop what was due in it, however late it came.
    const decisiveMs = this.plan.ratePerS === null ? this.batchMs : startedMs
    if (decisiveMs < this.beginMs || decisiveMs >= this.endMs) return
    this.operationsCounted += 1
    this.histogram.record((this.batchMs - startedMs) * 1000)
  }

  private fillWindow(session: Session): void {
    const nowMs = performance.now()
    if (nowMs >= this.endMs || this.isFinished) return
    const index = session.index
    const room = this.plan.window - ((this.issued[index] as number) - (this.completed[index] as number))
    for (let count = 0; count < room && this.mayIssue(); count++) this.issue(session, nowMs)
    session.flush()
  }

  private mayIssue(): boolean {
    return this.plan.operations === null || this.operationsIssued < this.plan.operations
  }

  private issue(session: Session, startedMs: number): void {
    const operation = this.issued[session.index] as number
    const slot = session.index * this.plan.window + (operation % this.plan.window)
    this.slotStartMs[slot] = startedMs
    this.issued[session.index] = operation + 1
    this.operationsIssued += 1
    this.workload.issue(session, slot)
  }

  /** Issues every operation that is due, while a session has room. */
  private issueDue(nowMs: number): void {
    if (this.isFinished || nowMs > this.endMs + OPEN_LOOP_GRACE_MS) return
    for (;;) {
      const dueMs = this.nextDueMs()
      if (dueMs > nowMs || dueMs >= this.endMs || !this.mayIssue()) return
      const session = this.sessionWithRoom()
      if (session === null) return
      this.issue(session, dueMs)
      session.flush()
    }
  }

  private nextDueMs(): number {
    return this.startMs + (this.operationsIssued * 1000) / (this.plan.ratePerS ?? 1)
  }

  private sessionWithRoom(): Session | null {
    const count = this.sessions.length
    for (let tried = 0; tried < count; tried++) {
      const index = this.nextSession
      this.nextSession = index + 1 === count ? 0 : index + 1
      if ((this.issued[index] as number) - (this.completed[index] as number) < this.plan.window)
        return this.sessions[index] as Session
    }
    return null
  }

  /** Wakes up for the next due operation: by a timer if there is time for one, otherwise in the next turn. */
  private pump(): void {
    if (this.isFinished) return
    const nowMs = performance.now()
    this.issueDue(nowMs)
    this.finishWhenDone()
    const waitMs = this.nextDueMs() - nowMs
    if (waitMs > TIMER_SLACK_MS) this.pumpTimer = setTimeout(() => this.pump(), waitMs - TIMER_SLACK_MS)
    else this.pumpImmediate = setImmediate(() => this.pump())
  }

  private observe(nowMs: number): void {
    if (this.meter === null && nowMs >= this.beginMs) {
      this.meter = new UsageMeter()
      this.lastReplyMs = nowMs
    }
    if (this.measured === null && this.meter !== null && nowMs >= this.endMs) {
      this.meter.endGap(this.lastReplyMs)
      this.measured = this.meter.end()
    }
  }

  private observeReplies(): void {
    if (this.meter !== null && this.measured === null) this.meter.endGap(this.lastReplyMs)
    this.lastReplyMs = this.batchMs
  }

  private onTick(): void {
    const nowMs = performance.now()
    this.observe(nowMs)
    const outstanding = this.operationsIssued - this.operationsCompleted
    if (outstanding > 0 && nowMs - this.lastReplyMs > this.plan.stallMs) {
      this.fail(new Error(`stalled: no reply for ${this.plan.stallMs} ms, ${outstanding} operations outstanding`))
      return
    }
    this.finishWhenDone()
  }

  private finishWhenDone(): void {
    if (!this.isStarted || this.isFinished || this.operationsIssued > this.operationsCompleted) return
    const nowMs = performance.now()
    if (this.plan.operations !== null) {
      if (this.mayIssue()) return
      this.endMs = this.lastCompletedMs
      this.observe(nowMs)
    } else if (nowMs < this.endMs) {
      return
    } else if (this.plan.ratePerS !== null && this.nextDueMs() < this.endMs && nowMs <= this.endMs + OPEN_LOOP_GRACE_MS) {
      return
    }
    this.observe(nowMs)
    const outcome = this.outcome()
    this.stop()
    this.resolve(outcome)
  }

  private outcome(): LoopOutcome {
    if (this.measured === null) throw new Error('the loop ended before its interval')
    const rate = this.plan.ratePerS
    const due =
      rate === null || this.plan.operations !== null
        ? this.operationsIssued
        : Math.ceil(((this.endMs - this.startMs) * rate) / 1000)
    return {
      operations: this.operationsCounted,
      seconds: (this.endMs - this.beginMs) / 1000,
      latencyUs: this.histogram.summary(),
      verifiedReplies: this.replies,
      notIssued: Math.max(0, due - this.operationsIssued),
      longestGapMs: this.measured.longestGapMs,
      generator: this.measured.usage,
      interval: this.measured.interval,
    }
  }

  private fail(error: Error): void {
    if (this.isFinished) return
    this.stop()
    this.reject(error)
  }

  private stop(): void {
    this.isFinished = true
    this.meter?.abandon()
    if (this.tick !== null) clearInterval(this.tick)
    if (this.pumpTimer !== null) clearTimeout(this.pumpTimer)
    if (this.pumpImmediate !== null) clearImmediate(this.pumpImmediate)
  }
}
