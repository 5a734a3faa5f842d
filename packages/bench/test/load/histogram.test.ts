import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LatencyHistogram } from '../../src/load/histogram.ts'

test('an empty histogram reports zeros', () => {
  expect(new LatencyHistogram().summary()).toEqual({ count: 0, min: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 })
})

test('one value is each of the percentiles', () => {
  const histogram = new LatencyHistogram()
  histogram.record(123.4)
  expect(histogram.summary()).toEqual({
    count: 1,
    min: 123.4,
    mean: 123.4,
    p50: 123.4,
    p90: 123.4,
    p99: 123.4,
    p999: 123.4,
    max: 123.4,
  })
})

test('percentiles are those of a sorted list, to within one percent and the unit', () => {
  const latencies = fc.array(fc.double({ min: 0, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(latencies, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 0.999, 1), (values, fraction) => {
      const histogram = new LatencyHistogram()
      for (const value of values) histogram.record(value)
      const sorted = [...values].sort((a, b) => a - b)
      const exact = sorted[Math.max(1, Math.ceil(fraction * sorted.length)) - 1] ?? Number.NaN
      expect(Math.abs(histogram.percentile(fraction) - exact)).toBeLessThanOrEqual(exact * 0.01 + 0.1)
    }),
  )
})

test('a latency longer than the largest bucket counts, and its true length is the maximum', () => {
  const histogram = new LatencyHistogram()
  histogram.record(1e12)
  expect(histogram.count).toBe(1)
  expect(histogram.summary().max).toBe(1e12)
})

test('a latency below zero counts as zero', () => {
  const histogram = new LatencyHistogram()
  histogram.record(-5)
  expect(histogram.summary()).toMatchObject({ count: 1, min: 0, max: 0 })
})
