const BYTES_MIN = 1024
const LENGTH_SIZE = 4

/** Bytes of one connection that wait: a piece of a frame whose rest has not come, or frames that cannot be handled now. */
export class KeptInput {
  /** What waits is `bytes[start, end)`; nothing is allocated while nothing does. */
  bytes: Uint8Array = NO_BYTES
  view: DataView = NO_VIEW
  start = 0
  private end = 0

  /** How many bytes wait. */
  get size(): number {
    return this.end - this.start
  }

  /** Where they end. */
  get limit(): number {
    return this.end
  }

  /** Keeps a copy of `source[start, end)` behind what waits. */
  append(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (this.end + length > this.bytes.length) this.grow(length)
    this.bytes.set(source.subarray(start, end), this.end)
    this.end += length
  }

  /** Forgets everything, and gives the memory back. */
  drop(): void {
    this.start = 0
    this.end = 0
    this.bytes = NO_BYTES
    this.view = NO_VIEW
  }

  /** Whole frames that wait. */
  countFrames(): number {
    let count = 0
    let at = this.start
    while (this.end - at >= LENGTH_SIZE) {
      const length = this.view.getInt32(at)
      if (length < 0 || this.end - at - LENGTH_SIZE < length) break
      at += LENGTH_SIZE + length
      count++
    }
    return count
  }

  private grow(length: number): void {
    const { size } = this
    let capacity = Math.max(this.bytes.length, BYTES_MIN)
    while (capacity < size + length) capacity *= 2
    const bytes = new Uint8Array(capacity)
    bytes.set(this.bytes.subarray(this.start, this.end))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
    this.start = 0
    this.end = size
  }
}

const NO_BYTES = new Uint8Array(0)
const NO_VIEW = new DataView(NO_BYTES.buffer)
