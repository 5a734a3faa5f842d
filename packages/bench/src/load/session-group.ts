import type { ReplyFrame } from './reply-frame.ts'
import { Session, type SessionHandler } from './session.ts'
import type { Transport } from './transport.ts'

/** Handshakes under way at once: below the listen backlog of every server. */
const OPENING_MAX = 64

/** The sessions that carry a load: opened together, kept alive together, closed together. */
export class SessionGroup implements SessionHandler {
  readonly sessions: Session[] = []
  private readonly transport: Transport
  private readonly sessionTimeoutMs: number
  private waiting = 0
  private resolve: () => void = () => {}
  private reject: (error: Error) => void = () => {}
  private opening = 0
  private openTarget = 0
  private keepAlive: NodeJS.Timeout | null = null
  private nextXidAtTick: number[] = []

  constructor(transport: Transport, sessionTimeoutMs: number) {
    this.transport = transport
    this.sessionTimeoutMs = sessionTimeoutMs
  }

  /** Opens `count` sessions, some of them at a time. They are idle until somebody else becomes their handler. */
  async open(count: number): Promise<void> {
    this.keepAlive = setInterval(() => this.pingIdle(), this.sessionTimeoutMs / 4)
    this.waiting = count
    this.openTarget = count
    await this.settle(() => this.openMore())
  }

  /** Closes every session and waits until the server has confirmed each. */
  async close(): Promise<void> {
    if (this.keepAlive !== null) clearInterval(this.keepAlive)
    this.waiting = this.sessions.length
    await this.settle(() => {
      for (const session of this.sessions) {
        session.handler = this
        session.close()
      }
    })
  }

  /** Drops everything at once. */
  destroy(): void {
    if (this.keepAlive !== null) clearInterval(this.keepAlive)
    for (const session of this.sessions) session.destroy()
  }

  onReady(): void {
    this.opening -= 1
    this.finishOne()
    this.openMore()
  }

  onBatchBegin(): void {}

  onReply(_session: Session, reply: ReplyFrame): void {
    throw reply.violation('unexpected reply', 'the session is idle')
  }

  onEvent(_session: Session, reply: ReplyFrame): void {
    throw reply.violation('watch event', 'nothing was watched')
  }

  onBatchEnd(): void {}

  onClosed(_session: Session, error: Error | null): void {
    if (error !== null) this.reject(error)
    else this.finishOne()
  }

  private settle(start: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      if (this.waiting === 0) resolve()
      else start()
    })
  }

  private openMore(): void {
    while (this.opening < OPENING_MAX && this.sessions.length < this.openTarget) {
      this.opening += 1
      this.sessions.push(new Session(this.transport, this.sessions.length, this.sessionTimeoutMs, this))
    }
  }

  private finishOne(): void {
    this.waiting -= 1
    if (this.waiting === 0) this.resolve()
  }

  /** Pings the sessions that have sent nothing since the last time. */
  private pingIdle(): void {
    for (const session of this.sessions) {
      if (session.sessionId !== 0n && this.nextXidAtTick[session.index] === session.nextXid) session.ping()
      this.nextXidAtTick[session.index] = session.nextXid
    }
  }
}
