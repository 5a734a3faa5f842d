import { expect, test } from 'vitest'
import { editDistance, nearestName } from '../../src/config/nearest-name.ts'

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['abc', 'abc', 0],
  ['abc', 'abd', 1],
  ['abc', 'acb', 1],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 1],
])('from %j to %j are %d mistakes', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance)
})

test('the nearest name is found whatever the case', () => {
  expect(nearestName('TICKTIME', ['dataDir', 'tickTime'])).toBe('tickTime')
})

test('a name that is like none of them has no nearest', () => {
  expect(nearestName('frobnicate', ['dataDir', 'tickTime'])).toBeNull()
})
