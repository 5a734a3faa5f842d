import { expect, test } from 'vitest'
import { ratioOf, short, spreadOf, spreadText } from '../../src/compare/statistics.ts'

test('the median is the middle value, or the mean of the two middle ones', () => {
  expect(spreadOf([9, 1, 4])).toEqual({ min: 1, median: 4, max: 9, count: 3 })
  expect(spreadOf([9, 1, 4, 6])).toEqual({ min: 1, median: 5, max: 9, count: 4 })
  expect(spreadOf([])).toBeNull()
})

test('ratios are taken within pairs, and a pair with a failure has none', () => {
  const pairs = [
    [10, 5],
    [90, 30],
    [null, 1],
    [1, null],
    [1, 0],
  ] as const
  expect(ratioOf(pairs)).toEqual({ min: 2, median: 2.5, max: 3, count: 2 })
})

test('numbers are printed with as many digits as they deserve', () => {
  expect([1234.56, 12.345, 1.2345, 0.001].map(short)).toEqual(['1235', '12.3', '1.23', '0.00'])
  expect(spreadText(spreadOf([2, 3, 1]))).toBe('2.00 [1.00..3.00]')
  expect(spreadText(spreadOf([2]))).toBe('2.00')
  expect(spreadText(null)).toBe('-')
})
