import { expect, test } from 'vitest'
import { LatencyRange } from '../../src/metrics/latency-range.ts'
import { SizeRange } from '../../src/metrics/size-range.ts'
import { Summary } from '../../src/metrics/summary.ts'

test('a summary keeps count, sum, extremes and average', () => {
  const summary = new Summary()
  for (const value of [3, 1, 2.5]) summary.record(value)
  expect(summary).toMatchObject({ count: 3, sum: 6.5, minimum: 1, max: 3 })
  expect(summary.average).toBeCloseTo(6.5 / 3, 12)
})

test('an empty summary is zero, and has no percentiles', () => {
  const summary = new Summary()
  expect(summary).toMatchObject({ count: 0, sum: 0, minimum: 0, max: 0, average: 0 })
  expect(summary.percentile(0.99)).toBeNaN()
})

test('a percentile is never below the smallest value', () => {
  const summary = new Summary()
  summary.record(1000)
  expect(summary.percentile(0.5)).toBe(1000)
})

test('turning the window keeps what is counted since the start', () => {
  const summary = new Summary()
  summary.record(5)
  summary.rotate()
  summary.rotate()
  expect(summary).toMatchObject({ count: 1, sum: 5, minimum: 5, max: 5 })
  expect(summary.percentile(0.5)).toBeNaN()
})

test('reset makes a summary empty', () => {
  const summary = new Summary()
  summary.record(5)
  summary.reset()
  expect(summary).toEqual(new Summary())
})

test('a latency range keeps smallest, average and largest, and is zero when empty', () => {
  const range = new LatencyRange()
  expect(range).toMatchObject({ minimumMs: 0, averageMs: 0, maxMs: 0 })
  for (const latencyMs of [4, 0.5, 1.5]) range.record(latencyMs)
  expect(range).toMatchObject({ minimumMs: 0.5, averageMs: 2, maxMs: 4 })
  range.reset()
  expect(range).toEqual(new LatencyRange())
})

test('a size range is -1 until the first size', () => {
  const range = new SizeRange()
  expect(range).toMatchObject({ lastBytes: -1, minBytes: -1, maxBytes: -1 })
  for (const size of [20, 16, 126, 24]) range.record(size)
  expect(range).toMatchObject({ lastBytes: 24, minBytes: 16, maxBytes: 126 })
  range.record(0)
  expect(range.minBytes).toBe(0)
})
