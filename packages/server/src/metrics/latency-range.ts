/** Smallest, average and largest of a time in milliseconds: four plain fields, without percentiles. */
export class LatencyRange {
  count: number = 0
  sumMs: number = 0
  /** Infinity while nothing was recorded, so read it through `minimumMs`. */
  minMs: number = Number.POSITIVE_INFINITY
  maxMs: number = 0

  record(latencyMs: number): void {
    this.count++
    this.sumMs += latencyMs
    if (latencyMs < this.minMs) this.minMs = latencyMs
    if (latencyMs > this.maxMs) this.maxMs = latencyMs
  }

  /** The same as so many calls of `record`. */
  recordMany(latencyMs: number, times: number): void {
    this.count += times
    this.sumMs += latencyMs * times
    if (latencyMs < this.minMs) this.minMs = latencyMs
    if (latencyMs > this.maxMs) this.maxMs = latencyMs
  }

  get minimumMs(): number {
    return this.count === 0 ? 0 : this.minMs
  }

  get averageMs(): number {
    return this.count === 0 ? 0 : this.sumMs / this.count
  }

  reset(): void {
    this.count = 0
    this.sumMs = 0
    this.minMs = Number.POSITIVE_INFINITY
    this.maxMs = 0
  }
}
