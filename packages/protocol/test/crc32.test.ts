import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32, utf8Bytes } from '../src/server.ts'

test.each([
  ['', 0],
  ['a', 0xe8b7be43],
  ['123456789', 0xcbf43926],
])('the checksum of %j', (text, checksum) => {
  expect(crc32(utf8Bytes(text))).toBe(checksum)
})

test('it agrees with zlib', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 0xffffffff }), (bytes, seed) => {
      expect(crc32(bytes)).toBe(zlibCrc32(bytes))
      expect(crc32(bytes, 0, bytes.length, seed)).toBe(zlibCrc32(bytes, seed))
    }),
  )
})

test('a stream can be summed in pieces, and a part of the bytes alone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), fc.nat(), (bytes, a, b) => {
      const [start, end] = [a % bytes.length, b % bytes.length].sort((x, y) => x - y) as [number, number]
      expect(crc32(bytes, start, end)).toBe(zlibCrc32(bytes.subarray(start, end)))
      expect(crc32(bytes, end, bytes.length, crc32(bytes, 0, end))).toBe(zlibCrc32(bytes))
    }),
  )
})

test('the digests of the nodes of an empty tree add up to the one that a real server logs', () => {
  const root = crc32(new Uint8Array(60))
  const zookeeper = crc32(new Uint8Array(60), 0, 60, crc32(utf8Bytes('/zookeeper')))
  expect(root + zookeeper).toBe(0x51c6d660)
})
