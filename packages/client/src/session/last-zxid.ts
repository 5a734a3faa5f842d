const TWO_TO_32 = 4_294_967_296n

/** The highest zxid that replies have shown, in two halves: a bigint for every reply would cost more than the rest of its header. */
export class LastZxid {
  private high = 0
  private low = 0

  get value(): bigint {
    return BigInt(this.high) * TWO_TO_32 + BigInt(this.low)
  }

  /** Takes the zxid of a reply that stands at `offset`. */
  note(view: DataView, offset: number): void {
    const high = view.getInt32(offset)
    if (high < this.high) return
    const low = view.getUint32(offset + 4)
    if (high === this.high && low <= this.low) return
    this.high = high
    this.low = low
  }
}
