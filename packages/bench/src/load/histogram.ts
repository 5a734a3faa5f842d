/**
 * Latencies in a fixed amount of memory, in the manner of HdrHistogram: below 256 units one bucket a unit,
 * above that each power of two is divided into 128 buckets, so that a value is known to within 0.8 %.
 * The unit is a tenth of a microsecond and the largest value 214 seconds; what is longer counts as that.
 */

const SUB_BUCKET_BITS = 7
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS
const UNITS_PER_US = 10
const UNITS_MAX = 0x7fffffff
const BUCKETS = (31 - SUB_BUCKET_BITS + 1) * SUB_BUCKETS

/** The figures of a histogram that go into a report, all in microseconds. */
export interface LatencySummary {
  readonly count: number
  readonly min: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Counts of latencies by size. Recording takes no memory and a few nanoseconds. */
export class LatencyHistogram {
  private readonly counts = new Float64Array(BUCKETS)
  private total = 0
  private sumUs = 0
  private minUs = Number.POSITIVE_INFINITY
  private maxUs = 0

  /** Counts one latency; a negative one, which a clock that was read once a batch can produce, counts as zero. */
  record(latencyUs: number): void {
    const us = latencyUs > 0 ? latencyUs : 0
    const units = us * UNITS_PER_US
    const index = bucketOf(units < UNITS_MAX ? units | 0 : UNITS_MAX)
    this.counts[index] = (this.counts[index] ?? 0) + 1
    this.total += 1
    this.sumUs += us
    if (us < this.minUs) this.minUs = us
    if (us > this.maxUs) this.maxUs = us
  }

  get count(): number {
    return this.total
  }

  /** The latency that a fraction of all, for example 0.99, does not exceed; 0 without any. */
  percentile(fraction: number): number {
    if (this.total === 0) return 0
    const rank = Math.max(1, Math.ceil(fraction * this.total))
    let seen = 0
    for (let index = 0; index < BUCKETS; index++) {
      seen += this.counts[index] ?? 0
      if (seen >= rank) return Math.min(Math.max(middleOf(index) / UNITS_PER_US, this.minUs), this.maxUs)
    }
    return this.maxUs
  }

  summary(): LatencySummary {
    return {
      count: this.total,
      min: this.total === 0 ? 0 : this.minUs,
      mean: this.total === 0 ? 0 : this.sumUs / this.total,
      p50: this.percentile(0.5),
      p90: this.percentile(0.9),
      p99: this.percentile(0.99),
      p999: this.percentile(0.999),
      max: this.maxUs,
    }
  }
}

function bucketOf(units: number): number {
  const shift = Math.max(0, 31 - Math.clz32(units) - SUB_BUCKET_BITS)
  return shift * SUB_BUCKETS + (units >>> shift)
}

/** The middle of a bucket in units: the estimate that is wrong by the same share in both directions. */
function middleOf(index: number): number {
  if (index < 2 * SUB_BUCKETS) return index
  const shift = Math.floor(index / SUB_BUCKETS) - 1
  const lowest = (index - shift * SUB_BUCKETS) * 2 ** shift
  return lowest + (2 ** shift - 1) / 2
}
