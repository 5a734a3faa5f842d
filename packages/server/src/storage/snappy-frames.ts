// The container in which Java's snappy streams put their blocks:
//
//   | 82 "SNAPPY" 00 | version 1, int | compatible with 1, int |   then, again and again
//   | length, int | packed block of that length |              a block holds up to 32 KiB of input

import { SnappyCompressor, SnappyError, snappyBound, snappyDecompress, snappyLength } from './snappy.ts'

/** The first eight bytes of a container. */
export const SNAPPY_MAGIC: readonly number[] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]

/** Bytes of the container's header. */
const SNAPPY_HEADER_SIZE = 16

const BLOCK_BYTES = 32 * 1024
/** A block that states more than this is not from a writer of snapshots, whatever its block size is. */
const PACKED_LENGTH_MAX = 64 << 20

/** Packs a stream. The arrays that it returns are valid until the next call. */
export class SnappyFrameEncoder {
  private readonly compressor = new SnappyCompressor()
  private out = new Uint8Array(0)
  private view = new DataView(this.out.buffer)

  /** The header. */
  begin(): Uint8Array {
    const header = new Uint8Array(SNAPPY_HEADER_SIZE)
    header.set(SNAPPY_MAGIC)
    const view = new DataView(header.buffer)
    view.setInt32(8, 1)
    view.setInt32(12, 1)
    return header
  }

  /** The blocks of `bytes[0, length)`. */
  encode(bytes: Uint8Array, length: number): Uint8Array {
    const bound = snappyBound(length) + Math.ceil(length / BLOCK_BYTES) * snappyBound(0)
    if (this.out.length < bound) {
      this.out = new Uint8Array(bound)
      this.view = new DataView(this.out.buffer)
    }
    let at = 0
    for (let start = 0; start < length; start += BLOCK_BYTES) {
      const end = Math.min(start + BLOCK_BYTES, length)
      const packed = this.compressor.compress(bytes, start, end, this.out, at + 4)
      this.view.setInt32(at, packed)
      at += 4 + packed
    }
    return this.out.subarray(0, at)
  }

  /** The container has no end mark. */
  end(): Uint8Array {
    return new Uint8Array(0)
  }
}

/** Where unpacked bytes go: `reserve` makes room, `accept` says that so many bytes were put at `bytes[filled]`. */
export interface ByteSink {
  readonly bytes: Uint8Array
  readonly filled: number
  reserve(count: number): void
  accept(count: number): void
}

/** Unpacks a stream that arrives in pieces into a sink. */
export class SnappyFrameDecoder {
  private readonly sink: ByteSink
  private input = new Uint8Array(256 * 1024)
  private view = new DataView(this.input.buffer)
  private start = 0
  private end = 0
  private isHeaderRead = false

  constructor(sink: ByteSink) {
    this.sink = sink
  }

  /** Takes the next bytes of the file. Throws `SnappyError`. */
  push(bytes: Uint8Array): void {
    this.append(bytes)
    if (!this.isHeaderRead && !this.readHeader()) return
    while (this.end - this.start >= 4) {
      const length = this.view.getInt32(this.start)
      if (length <= 0 || length > PACKED_LENGTH_MAX) throw new SnappyError(`a block states ${length} bytes`)
      if (this.end - this.start - 4 < length) return
      this.unpack(this.start + 4, this.start + 4 + length)
      this.start += 4 + length
    }
  }

  /** The file has ended. Throws `SnappyError` if that was in the middle of something. */
  finish(): void {
    if (!this.isHeaderRead || this.end > this.start) throw new SnappyError('the file ends inside a block')
  }

  private unpack(start: number, end: number): void {
    const length = snappyLength(this.input, start, end)
    // Snappy packs at best 64 bytes into 3: a larger claim is not believed, nor is memory set aside for it.
    if (length > (end - start) * 32) throw new SnappyError(`a block of ${end - start} bytes states ${length} bytes`)
    this.sink.reserve(length)
    snappyDecompress(this.input, start, end, this.sink.bytes, this.sink.filled)
    this.sink.accept(length)
  }

  private readHeader(): boolean {
    if (this.end - this.start < SNAPPY_HEADER_SIZE) return false
    if (!SNAPPY_MAGIC.every((byte, i) => this.input[this.start + i] === byte)) throw new SnappyError('the header is not there')
    const compatible = this.view.getInt32(this.start + 12)
    if (compatible > 1) throw new SnappyError(`it needs a reader of version ${compatible}`)
    this.start += SNAPPY_HEADER_SIZE
    this.isHeaderRead = true
    return true
  }

  private append(bytes: Uint8Array): void {
    const left = this.end - this.start
    const needed = left + bytes.length
    if (needed > this.input.length) {
      const input = new Uint8Array(needed * 2)
      input.set(this.input.subarray(this.start, this.end))
      this.input = input
      this.view = new DataView(input.buffer)
    } else {
      this.input.copyWithin(0, this.start, this.end)
    }
    this.input.set(bytes, left)
    this.start = 0
    this.end = needed
  }
}
