import { expect, test } from 'vitest'
import { formatLimits, formatUsage, parseLimits, parseUsage } from '../../../src/shell/text/quota-text.ts'

test('A184: limits are read and written as every release does', () => {
  const text = 'count=1,bytes=10=;byteHardLimit=20;countHardLimit=3'
  expect(parseLimits(text)).toEqual({ count: 1, bytes: 10, countHardLimit: 3, byteHardLimit: 20 })
  expect(formatLimits(parseLimits(text))).toBe(text)
})

test('limits of older releases have no hard ones', () => {
  expect(parseLimits('count=5,bytes=-1')).toEqual({ count: 5, bytes: -1, countHardLimit: -1, byteHardLimit: -1 })
})

test('what is used is read and written', () => {
  expect(formatUsage(parseUsage('count=2,bytes=0'))).toBe('count=2,bytes=0')
  expect(parseUsage('')).toEqual({ count: 0, bytes: 0 })
})
