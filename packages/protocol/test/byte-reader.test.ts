import { expect, test } from 'vitest'
import { ByteReader, ByteWriter, DecodeError } from '../src/server.ts'

function readerOf(...bytes: readonly number[]): ByteReader {
  return new ByteReader(Uint8Array.from(bytes))
}

test('numbers are big-endian and signed', () => {
  expect(readerOf(0xff).readByte()).toBe(-1)
  expect(readerOf(0x80, 0, 0, 1).readInt()).toBe(-0x7fffffff)
  expect(readerOf(0x80, 0, 0, 0, 0, 0, 0, 1).readLong()).toBe(-(2n ** 63n) + 1n)
})

test.each([0, 1, -1, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
  '%d is the same 64 bits as a number and as a bigint',
  (value) => {
    const out = new ByteWriter()
    out.writeNumber(value)
    expect(new ByteReader(out.toBytes()).readLong()).toBe(BigInt(value))
    expect(new ByteReader(out.toBytes()).readNumber()).toBe(value)
  },
)

test('any byte but 0 is true', () => {
  expect([0, 1, 2, 0xff].map((byte) => readerOf(byte).readBoolean())).toEqual([false, true, true, true])
})

test('null, empty and full buffers differ', () => {
  expect(readerOf(0xff, 0xff, 0xff, 0xff).readBuffer()).toBeNull()
  expect(readerOf(0, 0, 0, 0).readBuffer()).toEqual(new Uint8Array())
  expect(readerOf(0, 0, 0, 2, 7, 8, 9).readBuffer()).toEqual(new Uint8Array([7, 8]))
})

test('a buffer is a copy, also out of a Node Buffer, whose slices share their memory', () => {
  const chunk = Buffer.from([0, 0, 0, 2, 7, 8])
  const buffer = new ByteReader(chunk).readBuffer()
  chunk.fill(0)
  expect(buffer).toEqual(new Uint8Array([7, 8]))
  expect(buffer?.buffer.byteLength).toBe(2)
})

test('a slice is found without being copied', () => {
  const input = readerOf(9, 0, 0, 0, 2, 7, 8)
  input.readByte()
  expect(input.readSlice()).toBe(2)
  expect([input.sliceStart, input.sliceLength, input.position]).toEqual([5, 2, 7])
})

test('null and empty slices have no bytes', () => {
  const input = readerOf(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
  expect([input.readSlice(), input.sliceLength]).toEqual([-1, -1])
  expect([input.readSlice(), input.sliceLength]).toEqual([0, 0])
  expect(input.remaining()).toBe(0)
})

test.each([
  [-2, 'a length of -2 at byte 0'],
  [-0x80000000, 'a length of -2147483648 at byte 0'],
  [1, '1 bytes wanted, 0 left at byte 4'],
  [0x7fffffff, '2147483647 bytes wanted, 0 left at byte 4'],
])('a length of %i before no bytes is refused', (length, message) => {
  const out = new ByteWriter()
  out.writeInt(length)
  expect(() => new ByteReader(out.toBytes()).readString()).toThrow(
    new DecodeError(message.split(' at byte ')[0] as string, Number(message.split(' ').at(-1))),
  )
})

test('a string over the limit is refused, though its bytes are there', () => {
  const out = new ByteWriter()
  out.writeString('abcd')
  expect(new ByteReader(out.toBytes(), 4).readString()).toBe('abcd')
  expect(() => new ByteReader(out.toBytes(), 3).readString()).toThrow('a length of 4, over the limit of 3 at byte 0')
})

test.each([
  [-1, -1],
  [-2, 0],
  [-0x80000000, 0],
  [0, 0],
  [2, 2],
])('a count of %i reads as %i', (count, expected) => {
  const out = new ByteWriter()
  out.writeInt(count)
  out.writeLong(0n)
  expect(new ByteReader(out.toBytes()).readCount(4)).toBe(expected)
})

test.each([3, 0x7fffffff])('a count of %i elements is refused when the bytes cannot hold them', (count) => {
  const out = new ByteWriter()
  out.writeInt(count)
  out.writeLong(0n)
  expect(() => new ByteReader(out.toBytes()).readCount(4)).toThrow(`a vector of ${count} elements in 8 bytes at byte 0`)
})

test('one reader serves many frames, and does not read beyond the one it is at', () => {
  const bytes = Uint8Array.from([0, 0, 0, 1, 0, 0, 0, 2])
  const input = new ByteReader(new Uint8Array())
  const view = new DataView(bytes.buffer)
  input.reset(bytes, view, 4, 8)
  expect(input.readInt()).toBe(2)
  input.reset(bytes, view, 0, 4)
  expect(input.readInt()).toBe(1)
  expect(() => input.readByte()).toThrow(DecodeError)
})

test('a reader over a part of a larger memory reads that part', () => {
  const memory = Uint8Array.from([9, 9, 0, 0, 0, 5])
  expect(new ByteReader(memory.subarray(2)).readInt()).toBe(5)
})
