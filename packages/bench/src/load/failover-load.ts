import { ControlSession } from './control-session.ts'
import { UsageMeter } from './generator-usage.ts'
import { PayloadMaker } from './payload.ts'
import { type ReplyFrame, STAT_BYTES } from './reply-frame.ts'
import { SET_TAIL, type SessionTicket, setPrefix } from './request-frames.ts'
import { Session, type SessionHandler } from './session.ts'
import type { Transport } from './transport.ts'
import { CONTROL_SESSION, Violation } from './violation.ts'

/** What a load through a failure of a server looks like. */
export interface FailoverLoadPlan {
  readonly connections: number
  /** Writes outstanding on each session. */
  readonly window: number
  readonly payloadBytes: number
  /** Sessions whose connection is lost go on at the next server; without it a lost connection fails the run. */
  readonly resumesSessions: boolean
  readonly root: string
}

/** What the clients saw. */
export interface FailoverOutcome {
  /** The longest time in the observed interval without a write that succeeded anywhere. */
  readonly longestGapMs: number
  readonly acknowledgedWrites: number
  /** Writes whose connection was lost before their reply: done or not, nobody told. */
  readonly unknownWrites: number
  readonly lostConnections: number
}

const SESSION_TIMEOUT_MS = 30000
const RESUME_DELAY_MS = 5
/** A server between two roles may take a connection and never answer it. */
const HANDSHAKE_TIMEOUT_MS = 1000
const FINISH_TIMEOUT_MS = 60000
const PAYLOAD_SEED = 1

/** One session on its way from server to server, and what it knows about its own node. */
interface Lane {
  readonly index: number
  session: Session
  server: number
  ticket: SessionTicket | null
  handshakeTimer: NodeJS.Timeout | null
  /** Writes sent, by number; those below `answered` have been answered or lost. */
  sent: number
  answered: number
  acknowledged: number
  unknown: number
  /** Version and number of the newest acknowledged write. */
  version: number
  lastAcknowledged: number
  isDone: boolean
}

/**
 * Writes without pause while servers come and go. Each session has a node of its own, so that its version tells
 * exactly which writes the ensemble remembers: all that were acknowledged, perhaps some that were not answered, in their order.
 */
export class FailoverLoad implements SessionHandler {
  private readonly transport: Transport
  private readonly plan: FailoverLoadPlan
  private readonly payload: PayloadMaker
  private readonly prefixes: Buffer[] = []
  private readonly lanes: Lane[] = []
  private meter: UsageMeter | null = null
  private lastWriteMs = 0
  private batchMs = 0
  private lostConnections = 0
  private isStopping = false
  private failure: Error | null = null
  private onProgress: () => void = () => {}

  constructor(transport: Transport, plan: FailoverLoadPlan) {
    this.transport = transport
    this.plan = plan
    this.payload = new PayloadMaker(plan.payloadBytes, PAYLOAD_SEED)
  }

  /** Makes the nodes and begins to write. */
  async start(): Promise<void> {
    await this.withControl(0, async (control) => {
      await control.create(this.plan.root, Buffer.alloc(0))
      await control.all(this.plan.connections, (index) =>
        control.create(this.path(index), this.payload.make({ key: index, writer: index, sequence: 0 })),
      )
    })
    for (let index = 0; index < this.plan.connections; index++) {
      this.prefixes.push(setPrefix(this.path(index), this.plan.payloadBytes))
      this.lanes.push(this.newLane(index))
    }
  }

  /** Begins to look for gaps: whatever ends later than now counts from its beginning. */
  observe(): void {
    this.meter = new UsageMeter()
  }

  /** Lets every outstanding write be answered, and holds the nodes of the servers named against what was acknowledged. */
  async finish(servers: readonly number[]): Promise<FailoverOutcome> {
    this.isStopping = true
    try {
      await this.untilAnswered()
      const longestGapMs = this.meter?.end().longestGapMs ?? 0
      for (const lane of this.lanes) lane.session.destroy()
      for (const server of servers) await this.withControl(server, (control) => this.inspect(control))
      await this.withControl(servers[0] ?? 0, (control) => control.deleteTree(this.plan.root))
      const total = (pick: (lane: Lane) => number): number => this.lanes.reduce((sum, lane) => sum + pick(lane), 0)
      return {
        longestGapMs,
        acknowledgedWrites: total((lane) => lane.acknowledged),
        unknownWrites: total((lane) => lane.unknown),
        lostConnections: this.lostConnections,
      }
    } finally {
      this.destroy()
    }
  }

  /** A promise was broken, or a connection that was to stay: nothing more is written, and `finish` says why. */
  get hasFailed(): boolean {
    return this.failure !== null
  }

  /** Drops everything at once. */
  destroy(): void {
    this.isStopping = true
    this.meter?.abandon()
    for (const lane of this.lanes) {
      lane.isDone = true
      if (lane.handshakeTimer !== null) clearTimeout(lane.handshakeTimer)
      lane.session.destroy()
    }
  }

  onReady(session: Session): void {
    const lane = this.laneOf(session)
    if (lane.handshakeTimer !== null) clearTimeout(lane.handshakeTimer)
    lane.handshakeTimer = null
    if (lane.ticket !== null && lane.ticket.sessionId !== session.sessionId) {
      throw new Violation('handshake', lane.index, 'another session than the one to go on with')
    }
    this.fill(lane)
  }

  onBatchBegin(): void {
    this.batchMs = performance.now()
  }

  onReply(session: Session, reply: ReplyFrame): void {
    const lane = this.laneOf(session)
    reply.expectSuccess()
    reply.expectBody(STAT_BYTES)
    const version = reply.statVersion(reply.body)
    const number = lane.answered
    // Each write of the lane made at most one version, and none that was acknowledged later can be older.
    if (version <= lane.version || version > number + 1) {
      throw reply.violation('version order', `version ${version} of write ${number + 1}, after version ${lane.version}`)
    }
    lane.answered += 1
    lane.acknowledged += 1
    lane.version = version
    lane.lastAcknowledged = number
    if (this.lastWriteMs !== this.batchMs) this.meter?.endGap(this.lastWriteMs)
    this.lastWriteMs = this.batchMs
  }

  onEvent(_session: Session, reply: ReplyFrame): void {
    throw reply.violation('watch event', 'nothing was watched')
  }

  onBatchEnd(session: Session): void {
    this.fill(this.laneOf(session))
  }

  onClosed(session: Session, error: Error | null): void {
    const lane = this.laneOf(session)
    if (lane.session !== session || lane.isDone) return
    if (error instanceof Violation || !this.plan.resumesSessions) {
      this.fail(error ?? new Error(`the server closed the connection of session ${lane.index}`))
      return
    }
    this.moveOn(lane)
  }

  private newLane(index: number): Lane {
    const session = new Session(this.transport, index, SESSION_TIMEOUT_MS, this)
    const counts = { sent: 0, answered: 0, acknowledged: 0, unknown: 0, version: 0, lastAcknowledged: -1 }
    return { index, session, server: index, ticket: null, handshakeTimer: null, isDone: false, ...counts }
  }

  private laneOf(session: Session): Lane {
    return this.lanes[session.index] as Lane
  }

  private fill(lane: Lane): void {
    while (!this.isStopping && lane.sent - lane.answered < this.plan.window) {
      const at = lane.session.send(this.prefixes[lane.index] as Buffer, this.payload.sizeBytes + SET_TAIL.length)
      const output = lane.session.output
      this.payload.write(output.bytes, output.view, at, lane.index, lane.index, lane.sent + 1)
      output.bytes.set(SET_TAIL, at + this.payload.sizeBytes)
      lane.sent += 1
    }
    lane.session.flush()
    if (this.isStopping && lane.sent === lane.answered) {
      lane.isDone = true
      this.onProgress()
    }
  }

  /** The connection is lost: what was not answered never will be, and the session goes on at the next server. */
  private moveOn(lane: Lane): void {
    if (lane.session.sessionId !== 0n) {
      lane.ticket = lane.session.ticket
      this.lostConnections += 1
    }
    lane.unknown += lane.sent - lane.answered
    lane.answered = lane.sent
    if (lane.handshakeTimer !== null) clearTimeout(lane.handshakeTimer)
    lane.server += 1
    lane.handshakeTimer = setTimeout(() => this.connect(lane), RESUME_DELAY_MS)
  }

  private connect(lane: Lane): void {
    if (lane.isDone) return
    const session = new Session(this.transport, lane.index, SESSION_TIMEOUT_MS, this, lane.server, lane.ticket)
    lane.session = session
    lane.handshakeTimer = setTimeout(() => {
      session.destroy()
      this.moveOn(lane)
    }, HANDSHAKE_TIMEOUT_MS)
  }

  private async untilAnswered(): Promise<void> {
    let timer: NodeJS.Timeout | null = null
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`stalled: writes without a reply after ${FINISH_TIMEOUT_MS} ms`)),
        FINISH_TIMEOUT_MS,
      )
      this.onProgress = () => {
        if (this.failure !== null) reject(this.failure)
        else if (this.lanes.every((lane) => lane.isDone)) resolve()
      }
      for (const lane of this.lanes) if (lane.sent === lane.answered && lane.handshakeTimer === null) lane.isDone = true
      this.onProgress()
    }).finally(() => {
      if (timer !== null) clearTimeout(timer)
    })
  }

  private async inspect(control: ControlSession): Promise<void> {
    await control.sync(this.plan.root)
    await control.all(this.plan.connections, async (index) => {
      const lane = this.lanes[index] as Lane
      const state = await control.read(this.path(index), this.payload, index)
      const fail = (detail: string): Violation =>
        new Violation('final state', CONTROL_SESSION, `${this.path(index)} has ${detail}`)
      if (state.version < lane.version || state.version < lane.acknowledged || state.version > lane.acknowledged + lane.unknown) {
        throw fail(`version ${state.version} after ${lane.acknowledged} acknowledged and ${lane.unknown} unanswered writes`)
      }
      const number = (state.label?.sequence ?? 0) - 1
      if (number < lane.lastAcknowledged || number >= lane.sent) {
        throw fail(`write ${number + 1}; write ${lane.lastAcknowledged + 1} was acknowledged, ${lane.sent} were sent`)
      }
    })
  }

  private async withControl(server: number, task: (control: ControlSession) => Promise<void>): Promise<void> {
    const control = new ControlSession(this.transport, SESSION_TIMEOUT_MS, server)
    try {
      await control.open()
      await task(control)
      await control.close()
    } finally {
      control.destroy()
    }
  }

  private path(index: number): string {
    return `${this.plan.root}/k${String(index).padStart(6, '0')}`
  }

  private fail(error: Error): void {
    this.failure = error
    this.destroy()
    this.onProgress()
  }
}
