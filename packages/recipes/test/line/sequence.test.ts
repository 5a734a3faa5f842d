import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareSequence, parseSequence, parseSequentialName } from '../../src/line/sequence.ts'

const INT32_MAX = 2_147_483_647
const INT32_MIN = -2_147_483_648

/** As servers print it: at least ten characters, the sign among them. */
function suffix(sequence: number): string {
  return sequence < 0 ? `-${String(-sequence).padStart(9, '0')}` : String(sequence).padStart(10, '0')
}

test('the number behind the kind is read, whatever stands before', () => {
  expect(parseSequence('_c_0f9e-lock-0000000012', 'lock-')).toBe(12)
  expect(parseSequence('lock-lock-0000000003', 'lock-')).toBe(3)
  expect(parseSequence('entry-0000000001-0000000003', 'entry-')).toBeNull()
  expect(parseSequence('lock-2147483648', 'lock-')).toBeNull()
  expect(parseSequence('lock-', 'lock-')).toBeNull()
  expect(parseSequence('latch-0000000001', 'lock-')).toBeNull()
})

test('a dash of the kind is not a sign of the number', () => {
  expect(parseSequence('lock-1234567890', 'lock-')).toBe(1_234_567_890)
  expect(parseSequence('lock--2147483648', 'lock-')).toBe(INT32_MIN)
  expect(parseSequence('lock--000000001', 'lock-')).toBe(-1)
})

test('the number that follows 2147483647 is -2147483648', () => {
  expect(compareSequence(INT32_MAX, INT32_MIN)).toBeLessThan(0)
  expect(compareSequence(INT32_MIN, INT32_MAX)).toBeGreaterThan(0)
  expect(compareSequence(-1, 0)).toBeLessThan(0)
  expect(compareSequence(7, 7)).toBe(0)
})

test('names sort in the order of their creation across the wrap', () => {
  const created = [INT32_MAX - 1, INT32_MAX, INT32_MIN, INT32_MIN + 1].map((sequence) => `_c_x-lock-${suffix(sequence)}`)
  const parsed = [...created].reverse().map((name) => parseSequentialName(name, ['lock-']))
  const sorted = parsed.toSorted((left, right) => compareSequence(left?.sequence ?? 0, right?.sequence ?? 0))
  expect(sorted.map((entry) => entry?.name)).toEqual(created)
})

test('any two numbers less than 2^31 creations apart compare in the order of creation', () => {
  const int32 = fc.integer({ min: INT32_MIN, max: INT32_MAX })
  fc.assert(
    fc.property(int32, fc.integer({ min: 1, max: INT32_MAX }), (first, distance) => {
      const second = (first + distance) | 0
      expect(compareSequence(first, second)).toBeLessThan(0)
      expect(compareSequence(second, first)).toBeGreaterThan(0)
    }),
  )
})

test('every number that a server prints is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: INT32_MIN, max: INT32_MAX }), (sequence) => {
      expect(parseSequence(`_c_a-b-__WRIT__${suffix(sequence)}`, '__WRIT__')).toBe(sequence)
    }),
  )
})
