import type { TimerHandle, Timers } from '../runtime/runtime.ts'
import { METRICS } from './metric-table.ts'
import type { ServerMetrics } from './server-metrics.ts'

/** Percentiles cover the time since the last but one turn: five to ten minutes. */
export const PERCENTILE_TURN_MS: number = 5 * 60 * 1000

/** Lets all percentiles forget what was recorded before the last call of this function. */
export function rotatePercentiles(metrics: ServerMetrics): void {
  for (const metric of METRICS) {
    if (metric.kind === 'summary') metric.read(metrics).rotate()
    if (metric.kind !== 'summary set') continue
    for (const [, summary] of metric.read(metrics)) summary.rotate()
  }
}

/** Turns the window of the percentiles regularly. */
export class PercentileWindow {
  readonly #metrics: ServerMetrics
  readonly #timers: Timers
  #timer: TimerHandle | null = null

  constructor(metrics: ServerMetrics, timers: Timers) {
    this.#metrics = metrics
    this.#timers = timers
  }

  start(): void {
    this.#timer = this.#timers.after(PERCENTILE_TURN_MS, () => {
      rotatePercentiles(this.#metrics)
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}
