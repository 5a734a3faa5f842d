import { expect, test } from 'vitest'
import { isQuorum } from '../../src/invariants/quorum.ts'

test('without groups a quorum is more than half of the voters', () => {
  expect(isQuorum(new Set([1, 2]), 3, null)).toBe(true)
  expect(isQuorum(new Set([1, 2]), 4, null)).toBe(false)
})

test('with groups it is more than half of the weight in more than half of the groups that have any', () => {
  const hierarchy = { groups: [[1, 2, 3], [4], [5]], weights: [1, 1, 1, 2, 0] }
  expect(isQuorum(new Set([1, 2, 4]), 5, hierarchy)).toBe(true)
  expect(isQuorum(new Set([1, 2, 3, 5]), 5, hierarchy)).toBe(false)
  expect(isQuorum(new Set([1, 4, 5]), 5, hierarchy)).toBe(false)
})
