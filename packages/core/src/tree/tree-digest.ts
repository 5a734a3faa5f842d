const TWO_TO_32 = 4294967296

/** The sum, modulo 2^64, of the digests of all nodes, in two halves that need no BigInt. */
export class TreeDigest {
  /** Signed 32 bits. */
  high = 0
  /** Unsigned 32 bits. */
  low = 0

  /** Replaces one node's part by another; both are unsigned 32-bit numbers, 0 for no node. */
  replace(before: number, after: number): void {
    let low = this.low + after - before
    if (low < 0) {
      low += TWO_TO_32
      this.high = (this.high - 1) | 0
    } else if (low >= TWO_TO_32) {
      low -= TWO_TO_32
      this.high = (this.high + 1) | 0
    }
    this.low = low
  }

  copyFrom(other: TreeDigest): void {
    this.high = other.high
    this.low = other.low
  }

  equals(high: number, low: number): boolean {
    return this.high === high && this.low === low
  }

  /** Unsigned. */
  toBigInt(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low)
  }
}
