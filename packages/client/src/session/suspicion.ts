import type { ClientRuntime, TimerHandle } from '../runtime/runtime.ts'

/**
 * A clock of the client's own for what only servers decide: whether the session still lives. A server counts from the last
 * time that it heard of the client, which is no earlier than the sending of the last request that was answered. When the
 * session's time-out has passed since then, the session may be gone, and is *suspect*.
 */
export class Suspicion {
  readonly #runtime: ClientRuntime
  readonly #tell: (isSuspect: boolean) => void
  #timer: TimerHandle | null = null
  #confirmedMs = 0
  #timeoutMs = 0
  /** Whether there is a session to worry about. */
  #isActive = false
  #isTold = false
  /** The end of the session has been asked for. */
  #isEnding = false

  constructor(runtime: ClientRuntime, tell: (isSuspect: boolean) => void) {
    this.#runtime = runtime
    this.#tell = tell
  }

  /** Read from the clock at each call: it is right even when timers are late because the program was busy. */
  get isSuspect(): boolean {
    return this.#isActive && (this.#isEnding || this.#remainingMs() <= 0)
  }

  /** The session is alive (again), with this time-out, as of `confirmed`. */
  begin(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs
    this.#isActive = true
    this.#clear()
    this.#watch()
  }

  /** A server heard of the client at this moment, or later. */
  confirm(monotonicMs: number): void {
    if (monotonicMs <= this.#confirmedMs) return
    this.#confirmedMs = monotonicMs
    if (this.#isTold && !this.isSuspect) this.#clear()
  }

  /** A server has been asked to end the session, which it does at some moment before it answers. */
  ending(): void {
    this.#isEnding = true
    if (!this.#isActive || this.#isTold) return
    this.#isTold = true
    this.#tell(true)
  }

  /** There is no session any more. */
  end(): void {
    this.#isActive = false
    this.#timer?.cancel()
    this.#timer = null
  }

  #remainingMs(): number {
    return this.#confirmedMs + this.#timeoutMs - this.#runtime.clock.monotonicMs()
  }

  #clear(): void {
    if (!this.#isTold) return
    this.#isTold = false
    this.#tell(false)
    this.#watch()
  }

  /** The timer is not moved at each confirmation: it looks when it fires, and waits for the rest. */
  #watch(): void {
    if (this.#timer !== null || this.#isTold) return
    this.#timer = this.#runtime.timers.after(Math.max(1, this.#remainingMs()), () => {
      this.#timer = null
      if (!this.#isActive) return
      if (!this.isSuspect) return this.#watch()
      this.#isTold = true
      this.#tell(true)
    })
  }
}
