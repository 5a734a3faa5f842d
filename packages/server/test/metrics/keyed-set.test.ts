import { expect, test } from 'vitest'
import { CounterSet, metricKey, OVERFLOW_KEY, SET_KEYS_MAX, SummarySet } from '../../src/metrics/keyed-set.ts'

test('characters that would break a line of metrics become underscores', () => {
  expect(metricKey('my test')).toBe('my_test')
  expect(metricKey('a:b/c"d\te')).toBe('a_b_c_d_e')
  expect(metricKey('Plain_1.2-3')).toBe('Plain_1.2-3')
})

test('keys that look the same afterwards share a summary', () => {
  const set = new SummarySet()
  set.get('my test').record(1)
  set.get('my_test').record(2)
  expect(Array.from(set.entries(), ([key, { count, sum }]) => [key, count, sum])).toEqual([['my_test', 2, 3]])
})

test('a set of summaries stops growing and counts the rest together', () => {
  const set = new SummarySet()
  for (let i = 0; i < SET_KEYS_MAX * 3; i++) set.get(`namespace ${i}`).record(1)
  const entries = [...set.entries()]
  expect(entries).toHaveLength(SET_KEYS_MAX + 1)
  expect(entries.at(-1)?.[0]).toBe(OVERFLOW_KEY)
  expect(entries.at(-1)?.[1].count).toBe(SET_KEYS_MAX * 2)
  expect(set.get('namespace 7')).toBe(entries[7]?.[1])
})

test('a set of counters stops growing and counts the rest together', () => {
  const set = new CounterSet()
  for (let i = 0; i < SET_KEYS_MAX + 5; i++) set.add(`n${i}`, 2)
  set.add('n0', 1)
  expect([...set.entries()]).toHaveLength(SET_KEYS_MAX + 1)
  expect(new Map(set.entries()).get('n0')).toBe(3)
  expect(new Map(set.entries()).get(OVERFLOW_KEY)).toBe(10)
})
