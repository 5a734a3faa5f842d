// A histogram with logarithmic buckets, in the manner of HDR histograms: each power of two is cut into the same
// number of equal slices, so the relative error is the same for microseconds and for minutes. The bucket of a
// value is read straight from the bits of its double: the exponent and the first bits of the fraction.
//
//     sign | exponent (11 bits) | fraction (52 bits)
//          |<-- bucket number ---------->|   with `precisionBits` bits of the fraction
//
// Percentiles should speak of the recent past, not of the weeks since the start. So there are two generations of
// counts: values go into the current one, percentiles are taken over both, and `rotate` drops the older one.

/** Values below this, in the unit of the caller, count as zero. A millisecond divided by it is about a microsecond. */
const VALUE_MIN = 2 ** -10

/** Octaves above `VALUE_MIN`: up to 2^40, which is 34 years of milliseconds or a tebibyte. Larger values count as that. */
const OCTAVES = 50

const EXPONENT_BIAS = 1023
const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)
const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
const HIGH_HALF = isLittleEndian ? 1 : 0

/** Counts of values by size, for percentiles over the last one to two generations. */
export class LogHistogram {
  /** How far the bits of a double's high half move to the right to become a bucket number. */
  readonly #shift: number
  /** Bucket number that the bits of `VALUE_MIN` have; bucket 0 holds the values below it. */
  readonly #base: number
  readonly #size: number
  /** Null until the first value: a server has a hundred histograms and most stay empty. */
  #current: Uint32Array | null = null
  #previous: Uint32Array | null = null

  /** With n bits of precision a percentile is at most 1/2^n below the true value, and whole numbers below 2^(n+1) are exact. */
  constructor(precisionBits: number) {
    this.#shift = 20 - precisionBits
    this.#base = ((EXPONENT_BIAS + Math.log2(VALUE_MIN)) << precisionBits) - 1
    this.#size = (OCTAVES << precisionBits) + 1
  }

  /** Counts one value, as often as `times` says. Negative values and NaN count as zero. */
  record(value: number, times = 1): void {
    const counts = this.#current ?? this.#allocate()
    const bucket = this.#bucketOf(value)
    counts[bucket] = (counts[bucket] ?? 0) + times
  }

  /** Starts a new generation: what was recorded before the last call no longer counts. */
  rotate(): void {
    const oldest = this.#previous
    this.#previous = this.#current
    this.#current = oldest
    oldest?.fill(0)
  }

  clear(): void {
    this.#current = null
    this.#previous = null
  }

  /** Values in both generations. */
  count(): number {
    return sum(this.#current) + sum(this.#previous)
  }

  /**
   * The smallest value in the bucket that holds the given share of all values, `share` in (0, 1].
   * NaN when there are no values.
   */
  percentile(share: number): number {
    const total = this.count()
    if (total === 0) return Number.NaN
    const rank = Math.max(1, Math.ceil(share * total))
    let seen = 0
    for (let bucket = 0; bucket < this.#size; bucket++) {
      seen += (this.#current?.[bucket] ?? 0) + (this.#previous?.[bucket] ?? 0)
      if (seen >= rank) return this.#lowerBoundOf(bucket)
    }
    return this.#lowerBoundOf(this.#size - 1)
  }

  #allocate(): Uint32Array {
    this.#current = new Uint32Array(this.#size)
    return this.#current
  }

  #bucketOf(value: number): number {
    if (!(value >= VALUE_MIN)) return 0
    double[0] = value
    const bucket = ((halves[HIGH_HALF] ?? 0) >> this.#shift) - this.#base
    return bucket < this.#size ? bucket : this.#size - 1
  }

  #lowerBoundOf(bucket: number): number {
    if (bucket === 0) return 0
    halves[HIGH_HALF] = (bucket + this.#base) << this.#shift
    halves[1 - HIGH_HALF] = 0
    return double[0] ?? 0
  }
}

function sum(counts: Uint32Array | null): number {
  let total = 0
  if (counts !== null) for (const count of counts) total += count
  return total
}
