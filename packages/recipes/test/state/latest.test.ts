import { expect, test } from 'vitest'
import { Latest } from '../../src/state/latest.ts'

test('a reader gets the value that is there, and then each newer one', async () => {
  const latest = new Latest(1)
  const values = latest.values()
  expect((await values.next()).value).toBe(1)
  const next = values.next()
  latest.set(2)
  expect((await next).value).toBe(2)
})

test('a slow reader misses values, never the last one', async () => {
  const latest = new Latest(0)
  const seen: number[] = []
  for await (const value of latest.values()) {
    seen.push(value)
    if (value === 0) for (let next = 1; next <= 100; next += 1) latest.set(next)
    else latest.end()
  }
  expect(seen).toEqual([0, 100])
})

test('the last value is given before the end and before a failure', async () => {
  const latest = new Latest('a')
  latest.set('b')
  latest.fail(new RangeError('over'))
  latest.set('c')
  const values = latest.values()
  expect(await values.next()).toEqual({ done: false, value: 'b' })
  await expect(values.next()).rejects.toBeInstanceOf(RangeError)
  expect([latest.value, latest.isEnded]).toEqual(['b', true])
})

test('a signal ends one reader and leaves the others', async () => {
  const latest = new Latest(1)
  const controller = new AbortController()
  const [ended, going] = [latest.values(controller.signal), latest.values()]
  await ended.next()
  await going.next()
  const last = ended.next()
  controller.abort()
  expect((await last).done).toBe(true)
  const next = going.next()
  latest.set(2)
  expect((await next).value).toBe(2)
})
