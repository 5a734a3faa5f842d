import { utf8Length, utf8Write } from './utf8.ts'

const TWO_TO_32 = 4294967296

/**
 * A growing buffer that records are encoded into, big-endian as everything in this protocol.
 * The hot paths write through `view` and `position` directly after one `ensure`.
 */
export class ByteWriter {
  bytes: Uint8Array
  view: DataView
  /** Where the next byte goes; everything before it is written. */
  position: number

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
    this.position = 0
  }

  /** Makes room for `length` more bytes. Earlier `bytes` and `view` references are stale if it had to grow. */
  ensure(length: number): void {
    const needed = this.position + length
    if (needed > this.bytes.length) this.grow(needed)
  }

  private grow(needed: number): void {
    let capacity = Math.max(this.bytes.length * 2, 64)
    while (capacity < needed) capacity *= 2
    const bytes = new Uint8Array(capacity)
    bytes.set(this.bytes.subarray(0, this.position))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }

  writeByte(value: number): void {
    this.ensure(1)
    this.view.setInt8(this.position, value)
    this.position += 1
  }

  writeBoolean(value: boolean): void {
    this.writeByte(value ? 1 : 0)
  }

  writeInt(value: number): void {
    this.ensure(4)
    this.view.setInt32(this.position, value)
    this.position += 4
  }

  /** A 64-bit value that may use all its bits: session ids, ephemeral owners, digests. */
  writeLong(value: bigint): void {
    this.ensure(8)
    this.view.setBigInt64(this.position, value)
    this.position += 8
  }

  /** A 64-bit value held as a safe integer: zxids, times, counts. Negative values are two's complement. */
  writeNumber(value: number): void {
    this.ensure(8)
    this.view.setInt32(this.position, Math.floor(value / TWO_TO_32))
    this.view.setUint32(this.position + 4, value >>> 0)
    this.position += 8
  }

  /** Length and bytes; null is length -1. */
  writeBuffer(value: Uint8Array | null): void {
    if (value === null) {
      this.writeInt(-1)
      return
    }
    this.writeInt(value.length)
    this.writeBytes(value)
  }

  /** Length in bytes and UTF-8; null is length -1. */
  writeString(value: string | null): void {
    if (value === null) {
      this.writeInt(-1)
      return
    }
    const length = utf8Length(value)
    this.ensure(4 + length)
    this.view.setInt32(this.position, length)
    utf8Write(value, this.bytes, this.position + 4)
    this.position += 4 + length
  }

  /** The bytes alone, without a length. */
  writeBytes(value: Uint8Array): void {
    this.ensure(value.length)
    this.bytes.set(value, this.position)
    this.position += value.length
  }

  /** What has been written, as a view that the next write may overwrite or abandon. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.position)
  }

  /** What has been written, as a copy of its own. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.position)
  }

  reset(): void {
    this.position = 0
  }
}
