import { expect, test } from 'vitest'
import type { Logger } from '../../src/logger.ts'
import { silentLogger } from '../../src/logger.ts'
import { PauseDetector } from '../../src/metrics/pause-detector.ts'
import { PERCENTILE_TURN_MS, PercentileWindow } from '../../src/metrics/percentile-window.ts'
import { ServerMetrics } from '../../src/metrics/server-metrics.ts'
import { Summary } from '../../src/metrics/summary.ts'
import type { Clock, TimerHandle, Timers } from '../../src/runtime/runtime.ts'
import { recordTraffic } from './record-traffic.ts'

/** One timer at a time, which the test lets come as late as it likes. */
class LateTimers implements Clock, Timers {
  timeMs = 0
  waiting: { dueMs: number; callback: () => void } | null = null

  nowMs(): number {
    return this.timeMs
  }

  monotonicMs(): number {
    return this.timeMs
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    this.waiting = { dueMs: this.timeMs + delayMs, callback }
    return { cancel: () => (this.waiting = null) }
  }

  soon(): void {
    throw new Error('not used here')
  }

  /** Lets the waiting timer come, so many milliseconds after it was due. */
  come(lateMs: number): void {
    const timer = this.waiting
    if (timer === null) throw new Error('no timer is waiting')
    this.waiting = null
    this.timeMs = timer.dueMs + lateMs
    timer.callback()
  }
}

const options = { sleepTimeMs: 500, infoThresholdMs: 1000, warnThresholdMs: 10_000 }

test('a pause is counted from the threshold upwards and logged by its length', () => {
  const timers = new LateTimers()
  const pauses = new Summary()
  const logged: string[] = []
  const logger: Logger = {
    ...silentLogger,
    info: (message) => logged.push(`info ${message}`),
    warn: (message) => logged.push(`warn ${message}`),
  }
  new PauseDetector(options, timers, timers, logger, pauses).start()
  for (const lateMs of [0, 999, 1500, 20_000, 3]) timers.come(lateMs)
  expect(pauses).toMatchObject({ count: 2, sum: 21_500, minimum: 1500, max: 20_000 })
  expect(logged).toEqual([
    'info The server was held up for about 1500 ms and served nobody in that time',
    'warn The server was held up for about 20000 ms and served nobody in that time',
  ])
})

test('a stopped detector leaves no timer', () => {
  const timers = new LateTimers()
  const detector = new PauseDetector(options, timers, timers, silentLogger, new Summary())
  detector.start()
  timers.come(0)
  detector.stop()
  expect(timers.waiting).toBeNull()
})

test('percentiles forget after two turns of the window, in single summaries and in sets', () => {
  const timers = new LateTimers()
  const metrics = new ServerMetrics()
  const window = new PercentileWindow(metrics, timers)
  window.start()
  metrics.requests.readLatencyMs.record(5)
  recordTraffic(metrics.requests.readTraffic, '/a/b', 7)
  const [traffic] = Array.from(metrics.requests.readTraffic.summaries.entries(), ([, summary]) => summary)
  timers.come(0)
  expect(timers.timeMs).toBe(PERCENTILE_TURN_MS)
  expect(metrics.requests.readLatencyMs.percentile(0.5)).toBe(5)
  expect(traffic?.percentile(0.5)).toBe(7)
  timers.come(0)
  expect(metrics.requests.readLatencyMs.percentile(0.5)).toBeNaN()
  expect(traffic?.percentile(0.5)).toBeNaN()
  expect(metrics.requests.readLatencyMs.count).toBe(1)
  window.stop()
  expect(timers.waiting).toBeNull()
})
