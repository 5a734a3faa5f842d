import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { adler32, adler32OfView, utf8Bytes } from '../src/server.ts'

/** zlib ends a deflated stream with the Adler-32 of what went in. */
function trailer(bytes: Uint8Array): number {
  return deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4)
}

test.each([
  ['', 1],
  ['a', 0x00620062],
  ['Wikipedia', 0x11e60398],
])('the checksum of %j', (text, checksum) => {
  expect(adler32(utf8Bytes(text))).toBe(checksum)
})

test('it agrees with the trailer that zlib writes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(adler32(bytes)).toBe(trailer(bytes))
    }),
  )
})

test.each([79, 80, 88, 1279, 1280, 1287, 1361, 7687, 1_000_003])(
  '%i bytes of 255, the most that the sums can grow, do not overflow',
  (length) => {
    const bytes = new Uint8Array(length).fill(255)
    expect(adler32(bytes)).toBe(trailer(bytes))
    expect(adler32(bytes, 0, length, 0xfff0fff0)).toBe(naive(bytes, 0xfff0fff0))
  },
)

test('a stream can be summed in pieces, and a part of the bytes alone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), fc.nat(), (bytes, a, b) => {
      const [start, end] = [a % bytes.length, b % bytes.length].sort((x, y) => x - y) as [number, number]
      expect(adler32(bytes, start, end)).toBe(trailer(bytes.subarray(start, end)))
      expect(adler32(bytes, end, bytes.length, adler32(bytes, 0, end))).toBe(trailer(bytes))
    }),
  )
})

test('through a view of other bytes around them the checksum is the same, from any seed', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3000, size: 'max' }),
      fc.nat({ max: 7 }),
      fc.nat({ max: 0xffffffff }),
      (bytes, before, seed) => {
        const around = new Uint8Array(bytes.length + 16).fill(255)
        around.set(bytes, before)
        const checksum = adler32OfView(new DataView(around.buffer), before, before + bytes.length, seed)
        expect(checksum).toBe(naive(bytes, seed))
      },
    ),
  )
})

test('the seals of a snapshot are those that a real server wrote, one running on from the other', () => {
  const bytes = readFileSync(new URL('./golden/empty-snapshot.bin', import.meta.url))
  const first = adler32(bytes, 0, 0x19b)
  expect(BigInt(first)).toBe(bytes.readBigInt64BE(0x19b))
  expect(BigInt(adler32(bytes, 0x19b, 0x1bc, first))).toBe(bytes.readBigInt64BE(0x1bc))
})

function naive(bytes: Uint8Array, seed: number): number {
  let a = seed & 0xffff
  let b = seed >>> 16
  for (const byte of bytes) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return b * 65536 + a
}
