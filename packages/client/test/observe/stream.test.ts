import { expect, test } from 'vitest'
import { Stream } from '../../src/observe/stream.ts'

function keepAll(waiting: readonly number[]): number[] {
  return [...waiting]
}

test('values come in order, whether they are waited for or wait', async () => {
  const stream = new Stream<number>(keepAll, () => undefined)
  const first = stream.next()
  stream.push(1)
  stream.push(2)
  expect([await first, await stream.next()]).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
  ])
})

test('an end lets what waits be taken, and gives its error once', async () => {
  let ended = 0
  const stream = new Stream<number>(keepAll, () => ended++)
  stream.push(1)
  stream.end(new Error('over'))
  stream.end()
  stream.push(2)
  expect((await stream.next()).value).toBe(1)
  await expect(stream.next()).rejects.toThrow('over')
  expect((await stream.next()).done).toBe(true)
  expect(ended).toBe(1)
})

test('a consumer that is done drops what waits', async () => {
  const stream = new Stream<number>(keepAll, () => undefined)
  stream.push(1)
  await stream.return()
  expect((await stream.next()).done).toBe(true)
})

test('an abort ends it, also one that came before, and the signal is let go', async () => {
  const controller = new AbortController()
  const stream = new Stream<number>(keepAll, () => undefined).endOn(controller.signal)
  const next = stream.next()
  controller.abort()
  expect((await next).done).toBe(true)
  expect(new Stream<number>(keepAll, () => undefined).endOn(AbortSignal.abort()).isEnded).toBe(true)
})

test('when too much waits, the producer says what stands for it', async () => {
  const stream = new Stream<number>(
    (waiting) => [-waiting.length],
    () => undefined,
  )
  for (let value = 0; value <= 10_000; value++) stream.push(value)
  expect((await stream.next()).value).toBe(-10_001)
})
