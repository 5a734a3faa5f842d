import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8Bytes, utf8Length, utf8Read, utf8Write } from '../src/server.ts'

const REPLACEMENT = '\ufffd'

function read(bytes: Uint8Array): string {
  return utf8Read(bytes, 0, bytes.length)
}

test('any text is encoded as the platform does it, and read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
      const bytes = utf8Bytes(text)
      expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(text, 'utf8').toString('hex'))
      expect(utf8Length(text)).toBe(bytes.length)
      expect(read(bytes)).toBe(text)
    }),
  )
})

test('any UTF-16, with surrogates that have lost their pairs, is encoded as the platform does it', () => {
  const units = fc.array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7f0, max: 0xe010 })))
  fc.assert(
    fc.property(units, (codes) => {
      const text = String.fromCharCode(...codes)
      expect(Buffer.from(utf8Bytes(text)).toString('hex')).toBe(Buffer.from(text, 'utf8').toString('hex'))
    }),
  )
})

test('any bytes are decoded as the platform does it, unless they hold a surrogate pair', () => {
  const pieces = fc.constantFrom(
    [0x41],
    [0xc3, 0xa9],
    [0xe2, 0x82, 0xac],
    [0xf0, 0x9f, 0x98, 0x80],
    [0xed],
    [0x80],
    [0xc3],
    [0xff],
    [0xef, 0xbb, 0xbf],
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const bytes = Uint8Array.from(parts.flat())
      expect(read(bytes)).toBe(Buffer.from(bytes).toString('utf8'))
    }),
  )
})

test('text is written where it belongs, and nowhere else', () => {
  const bytes = new Uint8Array(10).fill(9)
  expect(utf8Write('a€', bytes, 3)).toBe(4)
  expect([...bytes]).toEqual([9, 9, 9, 0x61, 0xe2, 0x82, 0xac, 9, 9, 9])
})

test('text is read from where it lies', () => {
  const bytes = Uint8Array.from([0x61, 0xe2, 0x82, 0xac, 0x62])
  expect(utf8Read(bytes, 1, 4)).toBe('€')
  expect(utf8Read(bytes, 4, 5)).toBe('b')
  expect(utf8Read(bytes, 2, 2)).toBe('')
})

test.each<[string, number[], string]>([
  ['a byte that begins nothing', [0xff], REPLACEMENT],
  ['a continuation without a beginning', [0x2f, 0x80, 0x61], `/${REPLACEMENT}a`],
  ['a character that is cut', [0x2f, 0xe2, 0x82], `/${REPLACEMENT}`],
  ['an overlong slash', [0xc0, 0xaf], REPLACEMENT.repeat(2)],
  ['half a surrogate pair', [0xed, 0xa0, 0xbd, 0x61], `${REPLACEMENT.repeat(3)}a`],
  ['a surrogate pair in the wrong order', [0xed, 0xb8, 0x80, 0xed, 0xa0, 0xbd], REPLACEMENT.repeat(6)],
])('%s becomes U+FFFD', (_what, bytes, text) => {
  expect(read(Uint8Array.from(bytes))).toBe(text)
})

// The reference's server encodes each half of a surrogate pair by itself; such bytes are in its replies,
// logs and snapshots wherever a scheme's id has a character beyond U+FFFF.
const PAIR = [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]

test.each<[string, number[], string]>([
  ['alone', PAIR, '😀'],
  ['twice', [...PAIR, ...PAIR], '😀😀'],
  ['between other characters', [0x61, ...PAIR, 0xe2, 0x82, 0xac], 'a😀€'],
  ['after half of another', [0xed, 0xa0, 0xbd, ...PAIR], `${REPLACEMENT.repeat(3)}😀`],
  ['after a character that is cut', [0xe2, 0x82, ...PAIR], `${REPLACEMENT}😀`],
  ['beside its proper encoding', [...PAIR, 0xf0, 0x9f, 0x98, 0x80], '😀😀'],
  ['before a byte order mark', [...PAIR, 0xef, 0xbb, 0xbf], '😀\ufeff'],
  ['in a long text', [...Buffer.alloc(100, 'a'), ...PAIR], `${'a'.repeat(100)}😀`],
])('a surrogate pair of six bytes, %s, is read as its character', (_where, bytes, text) => {
  expect(read(Uint8Array.from(bytes))).toBe(text)
})

test('the first and the last surrogate pair are read', () => {
  expect(read(Uint8Array.from([0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]))).toBe('\u{10000}')
  expect(read(Uint8Array.from([0xed, 0xaf, 0xbf, 0xed, 0xbf, 0xbf]))).toBe('\u{10ffff}')
})

test('a pair that reaches beyond the end is not read', () => {
  const bytes = Uint8Array.from(PAIR)
  expect(utf8Read(bytes, 0, 5)).toBe(REPLACEMENT.repeat(5))
})

test.each([63, 64, 65, 1000])('a byte order mark before %i letters is a character like any other', (length) => {
  const text = `\ufeff${'a'.repeat(length)}`
  expect(read(utf8Bytes(text))).toBe(text)
})
