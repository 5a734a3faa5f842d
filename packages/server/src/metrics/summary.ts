import { LogHistogram } from './log-histogram.ts'

/** Precision of the percentiles of a single summary: at most 3 % below the true value, 6.5 KB for each generation. */
const SUMMARY_PRECISION_BITS = 5

/** Precision inside a set, of which there may be hundreds: at most 12 % below the true value, 1.6 KB for each generation. */
export const SET_PRECISION_BITS = 3

/**
 * What is kept of a stream of measurements: how many, their sum, the extremes, and how they are spread.
 * Times are milliseconds and may have a fraction; sizes and depths are whole numbers.
 */
export class Summary {
  /** Number of values since the start or the last `reset`. */
  count: number = 0
  sum: number = 0
  /** Smallest value; Infinity while there is none, so read it through `minimum`. */
  min: number = Number.POSITIVE_INFINITY
  /** Largest value; 0 while there is none. */
  max: number = 0
  private readonly histogram: LogHistogram

  constructor(precisionBits: number = SUMMARY_PRECISION_BITS) {
    this.histogram = new LogHistogram(precisionBits)
  }

  /** Adds one value, at least 0. */
  record(value: number): void {
    this.count++
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    this.histogram.record(value)
  }

  /** The same as so many calls of `record`. */
  recordMany(value: number, times: number): void {
    this.count += times
    this.sum += value * times
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    this.histogram.record(value, times)
  }

  get minimum(): number {
    return this.count === 0 ? 0 : this.min
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count
  }

  /** Value that the given share of the recent values does not exceed, `share` in (0, 1]; NaN when nothing was recorded lately. */
  percentile(share: number): number {
    const value = this.histogram.percentile(share)
    return value < this.min ? this.min : value
  }

  /** Lets the percentiles forget what was recorded before the last call. Count, sum and extremes stay. */
  rotate(): void {
    this.histogram.rotate()
  }

  reset(): void {
    this.count = 0
    this.sum = 0
    this.min = Number.POSITIVE_INFINITY
    this.max = 0
    this.histogram.clear()
  }
}
