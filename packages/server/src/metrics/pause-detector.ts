import type { Logger } from '../logger.ts'
import type { Clock, TimerHandle, Timers } from '../runtime/runtime.ts'
import type { Summary } from './summary.ts'

/** The settings `jvm.pause.monitor.*`, under which operators know this detector. */
export interface PauseDetectorOptions {
  /** Time between two looks at the clock. */
  readonly sleepTimeMs: number
  /** Pauses from here on are counted and logged as information. */
  readonly infoThresholdMs: number
  /** Pauses from here on are logged as warnings. */
  readonly warnThresholdMs: number
}

/**
 * Notices when the event loop was held up, by a collection of garbage, by a long computation or by a machine that
 * gave the process no time: it sets a timer and looks how late it comes. Clients see such a pause as latency, and a
 * pause near the session timeout costs sessions.
 */
export class PauseDetector {
  readonly #options: PauseDetectorOptions
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #logger: Logger
  readonly #pauses: Summary
  #timer: TimerHandle | null = null

  constructor(options: PauseDetectorOptions, clock: Clock, timers: Timers, logger: Logger, pauses: Summary) {
    this.#options = options
    this.#clock = clock
    this.#timers = timers
    this.#logger = logger
    this.#pauses = pauses
  }

  start(): void {
    const dueMs = this.#clock.monotonicMs() + this.#options.sleepTimeMs
    this.#timer = this.#timers.after(this.#options.sleepTimeMs, () => {
      this.#report(this.#clock.monotonicMs() - dueMs)
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #report(pauseMs: number): void {
    if (pauseMs < this.#options.infoThresholdMs) return
    this.#pauses.record(pauseMs)
    const message = `The server was held up for about ${Math.round(pauseMs)} ms and served nobody in that time`
    if (pauseMs >= this.#options.warnThresholdMs) this.#logger.warn(message)
    else this.#logger.info(message)
  }
}
