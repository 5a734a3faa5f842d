import type { ControlSession } from './control-session.ts'
import { UsageMeter } from './generator-usage.ts'
import { LatencyHistogram } from './histogram.ts'
import type { LoopOutcome } from './load-loop.ts'
import { type PayloadLabel, PayloadMaker } from './payload.ts'
import { type ReplyFrame, STAT_BYTES } from './reply-frame.ts'
import { RequestType, readFrame, stringField } from './request-frames.ts'
import type { Session, SessionHandler } from './session.ts'
import type { WorkloadSetting } from './workload.ts'

const EVENT_DATA_CHANGED = 3
const STATE_CONNECTED = 3
const KEY = 0
/** A round before the measured ones: both sides have run each path once. */
const WARMUP_ROUNDS = 1

/** What the rounds of a fan-out measured. */
export interface FanOutOutcome extends LoopOutcome {
  /** For each round, from sending the set to the last notification. */
  readonly allToldMs: readonly number[]
}

/**
 * One node watched by every session. Each round the control session sets it, and the time runs until
 * the last session has been told. Each session must be told once, and must then read the new data.
 */
export class WatchFanOut implements SessionHandler {
  private readonly sessions: readonly Session[]
  private readonly control: ControlSession
  private readonly rounds: number
  private readonly stallMs: number
  private readonly path: string
  private readonly payload: PayloadMaker
  private readonly readFrame: Buffer
  private readonly eventPath: Buffer
  private readonly isArmed: Uint8Array
  private readonly label: PayloadLabel = { key: KEY, writer: 0, sequence: 0 }
  private readonly histogram = new LatencyHistogram()
  /** Sets so far, which is the version that reads must show. */
  private version = 0
  private pending = 0
  private batchMs = 0
  private setMs = 0
  private lastEventMs = 0
  private replies = 0
  private resolve: () => void = () => {}
  private reject: (error: Error) => void = () => {}

  constructor(sessions: readonly Session[], control: ControlSession, setting: WorkloadSetting, rounds: number, stallMs: number) {
    this.sessions = sessions
    this.control = control
    this.rounds = rounds
    this.stallMs = stallMs
    this.path = `${setting.root}/watched`
    this.payload = new PayloadMaker(setting.payloadBytes, setting.seed)
    this.readFrame = readFrame(RequestType.getData, this.path, true)
    this.eventPath = stringField(this.path)
    this.isArmed = new Uint8Array(sessions.length)
  }

  /** Makes the node, which every server must have before `run`. */
  async prepare(): Promise<void> {
    await this.control.create(this.path, this.payload.make({ key: KEY, writer: 0, sequence: 0 }))
  }

  async run(): Promise<FanOutOutcome> {
    for (const session of this.sessions) session.handler = this
    await this.arm()
    for (let round = 0; round < WARMUP_ROUNDS; round++) await this.round(false)
    const meter = new UsageMeter()
    const allToldMs: number[] = []
    for (let round = 0; round < this.rounds; round++) allToldMs.push(await this.round(true))
    const { usage, interval } = meter.end()
    return {
      operations: this.histogram.count,
      seconds: allToldMs.reduce((sum, ms) => sum + ms, 0) / 1000,
      latencyUs: this.histogram.summary(),
      verifiedReplies: this.replies,
      notIssued: 0,
      longestGapMs: 0,
      generator: usage,
      interval,
      allToldMs,
    }
  }

  onReady(): void {}

  onBatchBegin(): void {
    this.batchMs = performance.now()
  }

  onReply(session: Session, reply: ReplyFrame): void {
    reply.expectSuccess()
    const size = this.payload.sizeBytes
    reply.expectBody(4 + size + STAT_BYTES)
    if (!this.payload.check(reply.bytes, reply.view, reply.body + 4, KEY, this.label)) {
      throw reply.violation('payload', `data of ${this.path} is not what was written`)
    }
    const version = reply.statVersion(reply.body + 4 + size)
    if (version !== this.version || (size > 0 && this.label.sequence !== version)) {
      throw reply.violation('stale read', `version ${version} after the notification of version ${this.version}`)
    }
    this.replies += 1
    this.isArmed[session.index] = 1
    this.finishOne()
  }

  onEvent(session: Session, reply: ReplyFrame): void {
    if (this.isArmed[session.index] !== 1) throw reply.violation('watch event', 'told twice')
    reply.expectBody(8 + this.eventPath.length)
    if (reply.view.getInt32(reply.body) !== EVENT_DATA_CHANGED || reply.view.getInt32(reply.body + 4) !== STATE_CONNECTED) {
      throw reply.violation(
        'watch event',
        `type ${reply.view.getInt32(reply.body)}, state ${reply.view.getInt32(reply.body + 4)}`,
      )
    }
    reply.expectField(reply.body + 8, this.eventPath)
    this.isArmed[session.index] = 0
    this.replies += 1
    this.lastEventMs = this.batchMs
    if (this.isCounted) this.histogram.record((this.batchMs - this.setMs) * 1000)
    this.finishOne()
  }

  onBatchEnd(): void {}

  onClosed(_session: Session, error: Error | null): void {
    this.reject(error ?? new Error('a session was closed while it watched'))
  }

  private isCounted = false

  /** Sets the node, waits until all have been told, lets all of them watch again; how long the telling took. */
  private async round(isCounted: boolean): Promise<number> {
    this.isCounted = isCounted
    this.version += 1
    const data = this.payload.make({ key: KEY, writer: 0, sequence: this.version })
    this.setMs = performance.now()
    const told = this.settle('notifications')
    await Promise.all([told, this.control.set(this.path, data)])
    const elapsedMs = this.lastEventMs - this.setMs
    await this.arm()
    return elapsedMs
  }

  private async arm(): Promise<void> {
    const armed = this.settle('reads')
    for (const session of this.sessions) {
      session.send(this.readFrame, 0)
      session.flush()
    }
    await armed
  }

  /** Waits for one reply or event on every session. */
  private settle(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`stalled: ${this.pending} of ${this.sessions.length} ${what} are missing after ${this.stallMs} ms`))
      }, this.stallMs)
      this.pending = this.sessions.length
      this.resolve = () => {
        clearTimeout(timer)
        resolve()
      }
      this.reject = (error) => {
        clearTimeout(timer)
        reject(error)
      }
    })
  }

  private finishOne(): void {
    this.pending -= 1
    if (this.pending === 0) this.resolve()
  }
}
