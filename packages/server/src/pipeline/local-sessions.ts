// Sessions that only this server knows: they begin and end without a transaction, own no ephemeral nodes, and cannot move. A
// server in read-only mode has no others.

import { localOwner, type Session, SessionTracker } from '@tskeeper/core'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { Logger } from '../logger.ts'
import type { Clock, TimerHandle, Timers } from '../runtime/runtime.ts'
import { hex } from './hex.ts'

/** What becomes of a session that wants an ephemeral node: it is refused, becomes one of the ensemble, or gets the answer of any write. */
export type EphemeralRule = 'refuse' | 'upgrade' | 'pass'

export interface LocalSessionsParts {
  readonly tickMs: number
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  readonly ephemerals: EphemeralRule
  /** A session expired. */
  readonly onExpired: () => void
}

export class LocalSessions {
  readonly tracker: SessionTracker<ClientConnection>
  readonly ephemerals: EphemeralRule
  private readonly parts: LocalSessionsParts
  private timer: TimerHandle | null = null
  /** Monotonic milliseconds for which the timer is set; Infinity without one. */
  private timerDueMs = Number.POSITIVE_INFINITY
  private isStopped = false

  constructor(parts: LocalSessionsParts) {
    this.parts = parts
    this.ephemerals = parts.ephemerals
    this.tracker = new SessionTracker<ClientConnection>(parts.tickMs)
  }

  begin(id: bigint, timeoutMs: number, connection: ClientConnection): Session<ClientConnection> {
    const session = this.tracker.add(id, timeoutMs, this.parts.clock.monotonicMs())
    session.isLocal = true
    session.owner = localOwner
    session.attachment = connection
    this.watch(session)
    return session
  }

  /** Takes up a session that is known here; null for others. */
  resume(id: bigint, timeoutMs: number): Session<ClientConnection> | null {
    const session = this.tracker.get(id)
    if (session === null || !this.tracker.resume(session, timeoutMs, localOwner, this.parts.clock.monotonicMs())) return null
    this.watch(session)
    return session
  }

  remove(id: bigint): void {
    this.tracker.remove(id)
  }

  /** No session expires any more: the server's role is over, and its clients' connections with it. */
  stop(): void {
    this.isStopped = true
    this.timer?.cancel()
  }

  private watch(session: Session<ClientConnection>): void {
    this.schedule(this.tracker.expiryMs(session))
  }

  private schedule(dueMs: number): void {
    if (this.isStopped || dueMs >= this.timerDueMs) return
    const { clock, timers } = this.parts
    this.timer?.cancel()
    this.timerDueMs = dueMs
    this.timer = timers.after(Math.max(dueMs - clock.monotonicMs(), 1), () => {
      this.timer = null
      this.timerDueMs = Number.POSITIVE_INFINITY
      // What clients have sent already may be waiting behind this timer: it is read first.
      timers.soon(() => this.expire())
    })
  }

  private expire(): void {
    if (this.isStopped) return
    const { clock, logger, onExpired } = this.parts
    for (const session of this.tracker.expired(clock.monotonicMs())) {
      logger.info(`Expiring local session 0x${hex(session.id)}, timeout of ${session.timeoutMs}ms exceeded`)
      this.tracker.remove(session.id)
      const connection = session.attachment
      if (connection !== null) {
        connection.session = null
        connection.destroy()
      }
      onExpired()
    }
    this.schedule(this.tracker.nextExpiryMs())
  }
}
