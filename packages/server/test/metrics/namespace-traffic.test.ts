import { utf8Bytes } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { OVERFLOW_KEY, SET_KEYS_MAX } from '../../src/metrics/keyed-set.ts'
import { NamespaceTraffic } from '../../src/metrics/namespace-traffic.ts'
import { recordTraffic } from './record-traffic.ts'

type Row = readonly [key: string, count: number, sum: number]

function rows(traffic: NamespaceTraffic): Row[] {
  return Array.from(traffic.summaries.entries(), ([key, { count, sum }]) => [key, count, sum] as const)
}

test('traffic is counted under the first name of the path, and the root under none', () => {
  const traffic = new NamespaceTraffic()
  recordTraffic(traffic, '/', 1000)
  recordTraffic(traffic, '/ab', 1)
  recordTraffic(traffic, '/ab/c', 2)
  recordTraffic(traffic, '/ab', 3)
  recordTraffic(traffic, '/abc', 10)
  recordTraffic(traffic, '/a', 20)
  recordTraffic(traffic, '/abc/d/e', 30)
  expect(rows(traffic)).toEqual([
    ['ab', 3, 6],
    ['abc', 2, 40],
    ['a', 1, 20],
  ])
})

test('the path is read where it lies among other bytes', () => {
  const traffic = new NamespaceTraffic()
  const bytes = utf8Bytes('xxx/ab/cyyy')
  traffic.record(bytes, 3, 5, 7)
  traffic.record(bytes, 3, 3, 7)
  // The name ends where the path does, whatever stands behind it.
  traffic.record(bytes, 3, 2, 7)
  expect(rows(traffic)).toEqual([
    ['ab', 2, 14],
    ['a', 1, 7],
  ])
})

test('requests that change between namespaces find theirs again', () => {
  const traffic = new NamespaceTraffic()
  for (let round = 0; round < 10; round++) for (const name of ['/one', '/two/x', '/three']) recordTraffic(traffic, name, 1)
  expect(rows(traffic)).toEqual([
    ['one', 10, 10],
    ['two', 10, 10],
    ['three', 10, 10],
  ])
})

test('names whose hashes are the same are told apart', () => {
  const traffic = new NamespaceTraffic()
  // 31 * 'A' + 'a' and 31 * 'B' + 'B' are the same number.
  for (let round = 0; round < 3; round++)
    for (const name of ['/Aa', '/BB/x', '/AaAa', '/BBBB', '/AaBB']) recordTraffic(traffic, name, 1)
  expect(rows(traffic)).toEqual(['Aa', 'BB', 'AaAa', 'BBBB', 'AaBB'].map((name) => [name, 3, 3]))
})

test('a name may have any characters', () => {
  const traffic = new NamespaceTraffic()
  recordTraffic(traffic, '/grüße/x', 1)
  recordTraffic(traffic, '/my test', 2)
  expect(rows(traffic)).toEqual([
    ['gr__e', 1, 1],
    ['my_test', 1, 2],
  ])
})

test('when there are too many namespaces, the new ones are counted together and the known ones as before', () => {
  const traffic = new NamespaceTraffic()
  for (let i = 0; i < SET_KEYS_MAX + 10; i++) recordTraffic(traffic, `/n${i}/x`, 1)
  recordTraffic(traffic, '/n3', 1)
  const shown = new Map(rows(traffic).map(([key, count]) => [key, count]))
  expect(shown.size).toBe(SET_KEYS_MAX + 1)
  expect(shown.get(OVERFLOW_KEY)).toBe(10)
  expect(shown.get('n3')).toBe(2)
})
