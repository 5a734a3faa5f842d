import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NodeDisk } from '../../src/runtime/node-disk.ts'
import { SnappyCompressor, SnappyError, snappyBound, snappyDecompress, snappyLength } from '../../src/storage/snappy.ts'
import { type ByteSink, SnappyFrameDecoder, SnappyFrameEncoder } from '../../src/storage/snappy-frames.ts'

const compressor = new SnappyCompressor()

function compress(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(snappyBound(bytes.length))
  return out.subarray(0, compressor.compress(bytes, 0, bytes.length, out, 0))
}

function decompress(packed: Uint8Array): Uint8Array {
  const out = new Uint8Array(snappyLength(packed, 0, packed.length))
  snappyDecompress(packed, 0, packed.length, out, 0)
  return out
}

class Collected implements ByteSink {
  bytes = new Uint8Array(0)
  filled = 0

  reserve(count: number): void {
    const bytes = new Uint8Array(this.filled + count)
    bytes.set(this.bytes.subarray(0, this.filled))
    this.bytes = bytes
  }

  accept(count: number): void {
    this.filled += count
  }
}

/** Text that repeats itself at many distances, as paths and records do. */
const repetitive = fc
  .array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 200 }), fc.boolean()), { maxLength: 200 })
  .map((parts) => {
    const bytes: number[] = []
    for (const [seed, length, isRun] of parts) for (let i = 0; i < length; i++) bytes.push(isRun ? seed : (seed * (i + 3)) & 0xff)
    return Uint8Array.from(bytes)
  })

test('what was packed is unpacked to the same bytes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 3000 }), repetitive), (bytes) => {
      const packed = compress(bytes)
      expect(packed.length).toBeLessThanOrEqual(snappyBound(bytes.length))
      expect(decompress(packed)).toEqual(bytes)
    }),
  )
})

test('text that repeats itself gets smaller', () => {
  const text = Buffer.from(Array.from({ length: 500 }, (_, i) => `/services/worker-${i}/lock`).join(' '))
  expect(compress(text).length).toBeLessThan(text.length / 2)
  expect(compress(new Uint8Array(32_768)).length).toBeLessThan(2000)
})

test('literals and copies of every form are unpacked', () => {
  // From the format's description: "ab", then a copy of 4 at distance 2 in each of the three forms, and a long literal.
  const copy = (...bytes: number[]): string => Buffer.from(decompress(Uint8Array.from(bytes))).toString()
  expect(copy(6, 0x04, 0x61, 0x62, 0x01, 0x02)).toBe('ababab')
  expect(copy(6, 0x04, 0x61, 0x62, 0x0e, 0x02, 0x00)).toBe('ababab')
  expect(copy(6, 0x04, 0x61, 0x62, 0x0f, 0x02, 0x00, 0x00, 0x00)).toBe('ababab')
  const long = Uint8Array.from([100, 0xf0, 99, ...Array.from({ length: 100 }, (_, i) => i)])
  expect(decompress(long)).toEqual(long.subarray(3))
})

test('damaged blocks are refused and never written past their room', () => {
  const refused: readonly number[][] = [
    [], // no length
    [0x80], // length not complete
    [0xff, 0xff, 0xff, 0xff, 0xff, 0x01], // length of six bytes
    [2, 0x08, 1, 2], // literal longer than the block
    [2, 0x08, 1, 2, 3], // literal longer than what is stated
    [4, 0x00, 1, 0x01, 0x00], // copy at distance 0
    [5, 0x00, 1, 0x01, 0x02], // copy from in front of the block
    [4, 0x00, 1, 0x01, 0x01], // copy past the stated end
    [5, 0x00, 1, 0x02], // copy not complete
    [9, 0xf4, 1], // length of a literal not complete
    [5, 0x00, 1], // fewer bytes than stated
  ]
  for (const bytes of refused) expect(() => decompress(Uint8Array.from(bytes)), String(bytes)).toThrow(SnappyError)
  expect(() => snappyDecompress(Uint8Array.from([3, 0x08, 1, 2, 3]), 0, 5, new Uint8Array(2), 0)).toThrow(/larger than the room/)
})

test('random bytes are unpacked or refused, nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
      try {
        const packed = Uint8Array.from([bytes.length & 0x7f, ...bytes])
        decompress(packed)
      } catch (error) {
        expect(error).toBeInstanceOf(SnappyError)
      }
    }),
  )
})

test('a stream is cut into blocks of 32 KiB and may arrive in pieces of any size', () => {
  const bytes = new Uint8Array(100_000).map((_, i) => (i * i) >> 7)
  const encoder = new SnappyFrameEncoder()
  const stream = Buffer.concat([
    encoder.begin(),
    encoder.encode(bytes.subarray(0, 70_000), 70_000).slice(),
    encoder.encode(bytes.slice(70_000), 30_000),
    encoder.end(),
  ])
  expect(stream.subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001')
  let blocks = 0
  for (let at = 16; at < stream.length; at += 4 + stream.readInt32BE(at)) blocks++
  expect(blocks).toBe(4)
  for (const pieceSize of [1, 7, 1000, stream.length]) {
    const sink = new Collected()
    const decoder = new SnappyFrameDecoder(sink)
    for (let at = 0; at < stream.length; at += pieceSize) decoder.push(stream.subarray(at, at + pieceSize))
    decoder.finish()
    expect(Buffer.compare(sink.bytes.subarray(0, sink.filled), bytes)).toBe(0)
  }
})

test('a stream that is not one, or not whole, is refused', () => {
  const decoderOf = (...bytes: number[]): SnappyFrameDecoder => {
    const decoder = new SnappyFrameDecoder(new Collected())
    decoder.push(Uint8Array.from(bytes))
    return decoder
  }
  const header = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]
  expect(() => decoderOf(...header.map((byte) => byte ^ 1))).toThrow(/header is not there/)
  expect(() => decoderOf(...header.slice(0, 15), 2)).toThrow(/version 2/)
  expect(() => decoderOf(...header, 0xff, 0xff, 0xff, 0xff)).toThrow(/states -1 bytes/)
  expect(() => decoderOf(...header, 0x7f, 0xff, 0xff, 0xff)).toThrow(/states 2147483647 bytes/)
  expect(() => decoderOf(...header, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x07)).toThrow(/states 2147483647 bytes/)
  expect(() => decoderOf(...header, 0, 0, 0, 5, 1).finish()).toThrow(/ends inside a block/)
  expect(() => decoderOf(...header.slice(0, 9)).finish()).toThrow(/ends inside a block/)
  expect(() => decoderOf(...header).finish()).not.toThrow()
})

test('the block that Java packed is unpacked', () => {
  const bytes = new NodeDisk().readFile(`${import.meta.dirname}/../golden/snappy/version-2/snapshot.0.snappy`)
  const sink = new Collected()
  const decoder = new SnappyFrameDecoder(sink)
  decoder.push(bytes)
  decoder.finish()
  expect(sink.filled).toBe(457)
  expect(Buffer.from(sink.bytes.subarray(0, 8)).toString('hex')).toBe('5a4b534e00000002')
})
