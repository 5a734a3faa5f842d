import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogHistogram } from '../../src/metrics/log-histogram.ts'

const PRECISION_BITS = 5

test('an empty histogram has no percentiles', () => {
  const histogram = new LogHistogram(PRECISION_BITS)
  expect(histogram.count()).toBe(0)
  expect(histogram.percentile(0.5)).toBeNaN()
})

test('whole numbers below 64 are exact', () => {
  for (let value = 0; value < 64; value++) {
    const histogram = new LogHistogram(PRECISION_BITS)
    histogram.record(value)
    expect(histogram.percentile(1)).toBe(value)
  }
})

test('a percentile is the value at its rank, at most 1/32 too small', () => {
  const values = fc.array(fc.double({ min: 2 ** -10, max: 2 ** 39, noNaN: true }), { minLength: 1, maxLength: 200 })
  const share = fc.double({ min: 0.001, max: 1, noNaN: true })
  fc.assert(
    fc.property(values, share, (recorded, wanted) => {
      const histogram = new LogHistogram(PRECISION_BITS)
      for (const value of recorded) histogram.record(value)
      const sorted = Float64Array.from(recorded).sort()
      const exact = sorted[Math.max(1, Math.ceil(wanted * sorted.length)) - 1] ?? Number.NaN
      const found = histogram.percentile(wanted)
      expect(found).toBeLessThanOrEqual(exact)
      expect(found).toBeGreaterThan(exact * (1 - 1 / 32))
    }),
  )
})

test.each([0, -1, Number.NaN, 1e-9])('%d counts as zero', (value) => {
  const histogram = new LogHistogram(PRECISION_BITS)
  histogram.record(value)
  expect(histogram.count()).toBe(1)
  expect(histogram.percentile(1)).toBe(0)
})

test.each([2 ** 40, 1e300, Number.POSITIVE_INFINITY])('%d is kept as the largest value that there is', (value) => {
  const histogram = new LogHistogram(PRECISION_BITS)
  histogram.record(value)
  expect(histogram.count()).toBe(1)
  expect(histogram.percentile(1)).toBe(2 ** 40 * (63 / 64))
})

test('values are forgotten at the second turn after them, not at the first', () => {
  const histogram = new LogHistogram(PRECISION_BITS)
  for (let i = 0; i < 9; i++) histogram.record(10)
  histogram.rotate()
  histogram.record(40)
  expect(histogram.percentile(0.5)).toBe(10)
  expect(histogram.percentile(1)).toBe(40)
  histogram.rotate()
  expect(histogram.count()).toBe(1)
  expect(histogram.percentile(0.01)).toBe(40)
  histogram.rotate()
  expect(histogram.percentile(1)).toBeNaN()
})

test('clear forgets both generations', () => {
  const histogram = new LogHistogram(PRECISION_BITS)
  histogram.record(1)
  histogram.rotate()
  histogram.record(2)
  histogram.clear()
  expect(histogram.count()).toBe(0)
})
