import { utf8Read } from './utf8.ts'

const TWO_TO_32 = 4294967296

/** Bytes that are not what the protocol says: where, in which field, and why. */
export class DecodeError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`)
    this.name = 'DecodeError'
    this.offset = offset
  }
}

/**
 * Reads records out of `bytes[position, end)`. One reader serves many frames: `reset` points it
 * at the next one. A length prefix is hostile until it is checked against the bytes that are
 * there, so nothing is ever allocated on the word of the sender alone.
 */
export class ByteReader {
  bytes: Uint8Array
  view: DataView
  position: number
  /** One past the last byte that may be read. */
  end: number
  /** Longest string or buffer that is accepted, in bytes. */
  lengthMax: number
  /** Where the last `readSlice` found its bytes, and how many; length -1 is null. */
  sliceStart = 0
  sliceLength = -1

  constructor(bytes: Uint8Array, lengthMax = 0x7fffffff) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.position = 0
    this.end = bytes.length
    this.lengthMax = lengthMax
  }

  /** Points the reader at `bytes[start, end)`. `view` must cover exactly `bytes`. */
  reset(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.bytes = bytes
    this.view = view
    this.position = start
    this.end = end
  }

  /** Bytes that are left. */
  remaining(): number {
    return this.end - this.position
  }

  private take(length: number): number {
    const at = this.position
    if (length > this.end - at) throw new DecodeError(`${length} bytes wanted, ${this.end - at} left`, at)
    this.position = at + length
    return at
  }

  readByte(): number {
    return this.view.getInt8(this.take(1))
  }

  readBoolean(): boolean {
    return this.view.getInt8(this.take(1)) !== 0
  }

  readInt(): number {
    return this.view.getInt32(this.take(4))
  }

  readLong(): bigint {
    return this.view.getBigInt64(this.take(8))
  }

  /** A 64-bit value as a number: exact for safe integers, which zxids, times and counts are. */
  readNumber(): number {
    const at = this.take(8)
    return this.view.getInt32(at) * TWO_TO_32 + this.view.getUint32(at + 4)
  }

  /**
   * Reads a length-prefixed field without copying it: `sliceStart` and `sliceLength` say where it lies.
   * Returns the length, -1 for null.
   */
  readSlice(): number {
    const at = this.position
    const length = this.readInt()
    if (length < -1) throw new DecodeError(`a length of ${length}`, at)
    if (length > this.lengthMax) throw new DecodeError(`a length of ${length}, over the limit of ${this.lengthMax}`, at)
    this.sliceLength = length
    this.sliceStart = length > 0 ? this.take(length) : this.position
    return length
  }

  /** A copy of the field's bytes, or null. */
  readBuffer(): Uint8Array | null {
    const length = this.readSlice()
    if (length < 0) return null
    // Not `slice`: a Node Buffer's shares the memory, and would keep a whole network chunk alive.
    const copy = new Uint8Array(length)
    copy.set(this.bytes.subarray(this.sliceStart, this.sliceStart + length))
    return copy
  }

  readString(): string | null {
    const length = this.readSlice()
    return length < 0 ? null : utf8Read(this.bytes, this.sliceStart, this.sliceStart + length)
  }

  /**
   * A vector's element count: -1 is null, other negative counts are an empty vector, as in the
   * reference. `elementSizeMin` is the fewest bytes that one element takes; a count that cannot
   * fit in what is left is refused here, before anything is allocated for it.
   */
  readCount(elementSizeMin: number): number {
    const at = this.position
    const count = this.readInt()
    if (count === -1) return -1
    if (count < 0) return 0
    if (count * elementSizeMin > this.end - this.position) {
      throw new DecodeError(`a vector of ${count} elements in ${this.end - this.position} bytes`, at)
    }
    return count
  }
}
