import { expect, test } from 'vitest'
import { clientCversion, STAT_PERSISTED_SIZE, STAT_SIZE } from '../src/server.ts'

test.each([
  ['a node without children', 0, 0, 0],
  ['the root of a fresh tree, whose only child was not counted', 0, 1, -1],
  ['/zookeeper of a fresh tree', 0, 2, -2],
  ['one child created', 1, 1, 1],
  ['one child created and deleted', 1, 0, 2],
  ['three children created, one deleted', 3, 2, 4],
  ['a counter that has wrapped', 0x7fffffff, 5, -7],
])('A41: %s: stored %i with %i children shows as %i', (_what, stored, children, shown) => {
  expect(clientCversion(stored, children)).toBe(shown)
})

test('A35: a Stat has 68 bytes, in a snapshot 60', () => {
  expect([STAT_SIZE, STAT_PERSISTED_SIZE]).toEqual([68, 60])
})
