import fc from 'fast-check'
import { expect, test } from 'vitest'
import { doubleText, integerText } from '../../src/metrics/number-text.ts'

test.each([
  [0, '0.0'],
  [77, '77.0'],
  [8.25, '8.25'],
  [1.23172, '1.2317'],
  [0.00005, '0.0001'],
  [0.00004, '0.0'],
  [2 / 3, '0.6667'],
  [1e21, '1000000000000000000000.0'],
  [2 ** 53, '9007199254740992.0'],
  [123456789012.5, '123456789012.5'],
])('the double %d is written %s', (value, text) => {
  expect(doubleText(value)).toBe(text)
})

test('a double has a point, at most four decimals and no exponent, and is within half a unit of them', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e25, noNaN: true }), (value) => {
      const text = doubleText(value)
      expect(text).toMatch(/^\d+\.\d+$/)
      if (value < 1e11) expect(text).toMatch(/^\d+\.\d{1,4}$/)
      expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.max(0.000051, value * 1e-15))
    }),
  )
})

test('integers are written plainly, whatever their size', () => {
  expect(integerText(0)).toBe('0')
  expect(integerText(-1)).toBe('-1')
  expect(integerText(2.5)).toBe('3')
  expect(integerText(1e22)).toBe('10000000000000000000000')
})
