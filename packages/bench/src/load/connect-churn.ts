import { UsageMeter } from './generator-usage.ts'
import { LatencyHistogram } from './histogram.ts'
import type { LoopOutcome, LoopPlan } from './load-loop.ts'
import type { ReplyFrame } from './reply-frame.ts'
import { Session, type SessionHandler } from './session.ts'
import type { Transport } from './transport.ts'
import { Violation } from './violation.ts'

const TICK_MS = 50

/**
 * Sessions opened and closed, over and over, `lanes` of them at once. A latency runs from the connect to the
 * server's closing of the connection, after it confirmed the end of the session.
 */
export class ConnectChurn implements SessionHandler {
  private readonly transport: Transport
  private readonly lanes: number
  private readonly sessionTimeoutMs: number
  private readonly plan: LoopPlan
  private readonly histogram = new LatencyHistogram()
  private readonly laneStartMs: Float64Array
  private readonly active: (Session | null)[]
  private readonly sessionIds = new Set<bigint>()
  private beginMs = 0
  private endMs = 0
  private started = 0
  private finished = 0
  private counted = 0
  private lastFinishedMs = 0
  private meter: UsageMeter | null = null
  private measured: ReturnType<UsageMeter['end']> | null = null
  private tick: NodeJS.Timeout | null = null
  private isOver = false
  private resolve: (outcome: LoopOutcome) => void = () => {}
  private reject: (error: Error) => void = () => {}

  constructor(transport: Transport, lanes: number, sessionTimeoutMs: number, plan: LoopPlan) {
    this.transport = transport
    this.lanes = lanes
    this.sessionTimeoutMs = sessionTimeoutMs
    this.plan = plan
    this.laneStartMs = new Float64Array(lanes)
    this.active = Array.from({ length: lanes }, () => null)
  }

  run(): Promise<LoopOutcome> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      const nowMs = performance.now()
      this.beginMs = nowMs + this.plan.warmupMs
      this.endMs = this.plan.operations === null ? this.beginMs + this.plan.durationMs : Number.POSITIVE_INFINITY
      this.lastFinishedMs = nowMs
      this.tick = setInterval(() => this.onTick(), TICK_MS)
      this.observe(nowMs)
      for (let lane = 0; lane < this.lanes; lane++) this.open(lane)
    })
  }

  onReady(session: Session): void {
    if (this.sessionIds.has(session.sessionId)) {
      throw new Violation('handshake', session.index, `session id ${session.sessionId.toString(16)} was given twice`)
    }
    this.sessionIds.add(session.sessionId)
    session.close()
  }

  onBatchBegin(): void {}

  onReply(_session: Session, reply: ReplyFrame): void {
    if (reply.error !== 0) throw reply.violation('error code', `error ${reply.error}`)
  }

  onEvent(_session: Session, reply: ReplyFrame): void {
    throw reply.violation('watch event', 'nothing was watched')
  }

  onBatchEnd(): void {}

  onClosed(session: Session, error: Error | null): void {
    if (this.isOver) return
    if (error !== null) {
      this.fail(error)
      return
    }
    const nowMs = performance.now()
    this.observe(nowMs)
    this.finished += 1
    if (this.measured === null) this.meter?.endGap(this.lastFinishedMs)
    this.lastFinishedMs = nowMs
    if (nowMs >= this.beginMs && nowMs < this.endMs) {
      this.counted += 1
      this.histogram.record((nowMs - (this.laneStartMs[session.index] as number)) * 1000)
    }
    this.active[session.index] = null
    this.open(session.index)
    this.finishWhenDone(nowMs)
  }

  private open(lane: number): void {
    const nowMs = performance.now()
    if (nowMs >= this.endMs || (this.plan.operations !== null && this.started >= this.plan.operations)) return
    this.started += 1
    this.laneStartMs[lane] = nowMs
    this.active[lane] = new Session(this.transport, lane, this.sessionTimeoutMs, this)
  }

  private observe(nowMs: number): void {
    if (this.meter === null && nowMs >= this.beginMs) {
      this.meter = new UsageMeter()
      this.lastFinishedMs = nowMs
    }
    if (this.measured === null && this.meter !== null && nowMs >= this.endMs) this.measured = this.meter.end()
  }

  private onTick(): void {
    const nowMs = performance.now()
    this.observe(nowMs)
    if (this.started > this.finished && nowMs - this.lastFinishedMs > this.plan.stallMs) {
      this.fail(new Error(`stalled: no session was opened and closed for ${this.plan.stallMs} ms`))
      return
    }
    this.finishWhenDone(nowMs)
  }

  private finishWhenDone(nowMs: number): void {
    if (this.isOver || this.started > this.finished) return
    if (this.plan.operations !== null) this.endMs = this.lastFinishedMs
    this.observe(nowMs)
    if (this.measured === null) return
    this.stop()
    this.resolve({
      operations: this.counted,
      seconds: (this.endMs - this.beginMs) / 1000,
      latencyUs: this.histogram.summary(),
      // The handshake and the confirmed close.
      verifiedReplies: this.finished * 2,
      notIssued: 0,
      longestGapMs: this.measured.longestGapMs,
      generator: this.measured.usage,
      interval: this.measured.interval,
    })
  }

  private fail(error: Error): void {
    if (this.isOver) return
    this.stop()
    for (const session of this.active) session?.destroy()
    this.reject(error)
  }

  private stop(): void {
    this.isOver = true
    this.meter?.abandon()
    if (this.tick !== null) clearInterval(this.tick)
  }
}
