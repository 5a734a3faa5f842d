import { expect, test } from 'vitest'
import { defaultTimeoutLimits, negotiateTimeout } from '../../src/session/session-timeout.ts'

test('A90: who asks for 1 ms gets 2 ticks, who asks for an hour gets 20', () => {
  const limits = defaultTimeoutLimits(2000)
  expect(negotiateTimeout(1, limits)).toBe(4000)
  expect(negotiateTimeout(3_600_000, limits)).toBe(40_000)
})

test.each([
  [0, 2000],
  [-1, 2000],
  [1, 2000],
  [1999, 2000],
  [2001, 2001],
  [20_000, 20_000],
  [20_001, 20_000],
])('A90: with a tick of 1000 ms a request for %i ms is granted %i ms', (requestedMs, grantedMs) => {
  expect(negotiateTimeout(requestedMs, defaultTimeoutLimits(1000))).toBe(grantedMs)
})

test('A90: limits of the configuration take the place of the default ones', () => {
  const limits = { minMs: 500, maxMs: 600_000 }
  expect(negotiateTimeout(1, limits)).toBe(500)
  expect(negotiateTimeout(3_600_000, limits)).toBe(600_000)
})
