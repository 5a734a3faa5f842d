// How a learner reaches its leader: all addresses of the leader at once, each several times with pauses, because a server that
// has just won an election may not listen yet. The pauses begin short: mostly it is a matter of milliseconds, and an ensemble
// that has lost its leader waits for them. The first connection is taken.

import type { MemberAddress } from '@tskeeper/core'
import type { ConnectionAttempt, ConnectionHandler, NetworkConnection } from '../runtime/network.ts'
import type { Runtime, TimerHandle } from '../runtime/runtime.ts'

/** The pauses between the attempts on one address. */
export interface AttemptPauses {
  readonly longestMs: number
  /** 0: one attempt. */
  readonly count: number
}

const FIRST_PAUSE_MS = 5

export class LeaderConnection {
  private readonly runtime: Runtime
  private readonly deadlineMs: number
  private readonly pauses: AttemptPauses
  private readonly handler: ConnectionHandler
  private readonly done: (error: Error | null, connection: NetworkConnection | null) => void
  private readonly attempts = new Set<ConnectionAttempt>()
  private readonly waiting = new Set<TimerHandle>()
  private addressesLeft: number
  private isOver = false

  /** Gives up after `limitMs`. `done` is called once: with the connection, whose handler is `handler`, or with the last error. */
  constructor(
    runtime: Runtime,
    addresses: readonly MemberAddress[],
    limitMs: number,
    pauses: AttemptPauses,
    handler: ConnectionHandler,
    done: (error: Error | null, connection: NetworkConnection | null) => void,
  ) {
    this.runtime = runtime
    this.deadlineMs = runtime.clock.monotonicMs() + limitMs
    this.pauses = pauses
    this.handler = handler
    this.done = done
    this.addressesLeft = addresses.length
    for (const address of addresses) this.attempt(address, 1)
  }

  private attempt(address: MemberAddress, number: number): void {
    const timeoutMs = Math.max(this.deadlineMs - this.runtime.clock.monotonicMs(), 1)
    const { host, quorumPort } = address
    const options = { host, port: quorumPort, timeoutMs, noDelay: true, keepAlive: false }
    const attempt = this.runtime.network.connect(options, this.handler, (error, connection) => {
      this.attempts.delete(attempt)
      if (connection !== null) this.take(connection)
      else this.failed(address, number, error ?? new Error('no connection'))
    })
    this.attempts.add(attempt)
  }

  private take(connection: NetworkConnection): void {
    if (this.isOver) {
      connection.destroy()
      return
    }
    this.cancel()
    this.done(null, connection)
  }

  private failed(address: MemberAddress, number: number, error: Error): void {
    if (this.isOver) return
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (number - 1), this.pauses.longestMs)
    const isLate = this.runtime.clock.monotonicMs() + pauseMs >= this.deadlineMs
    if (number > this.pauses.count || isLate) {
      this.addressesLeft--
      if (this.addressesLeft > 0) return
      this.cancel()
      this.done(error, null)
      return
    }
    const pause = this.runtime.timers.after(pauseMs, () => {
      this.waiting.delete(pause)
      this.attempt(address, number + 1)
    })
    this.waiting.add(pause)
  }

  /** Gives up; `done` is not called any more. */
  cancel(): void {
    this.isOver = true
    for (const attempt of this.attempts) attempt.cancel()
    for (const pause of this.waiting) pause.cancel()
  }
}
