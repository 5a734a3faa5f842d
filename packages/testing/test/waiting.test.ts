import { expect, test } from 'vitest'
import { eventually } from '../src/waiting.ts'

test('the first answer is given, however many questions it takes', async () => {
  let questions = 0
  expect(
    await eventually(
      () => (++questions < 5 ? null : questions),
      () => 'no answer',
    ),
  ).toBe(5)
})

test('who waits in vain is told what is the matter', async () => {
  const waiting = eventually(
    () => null,
    () => 'server 1 (127.0.0.1:2181, down) does not serve',
    0,
  )
  await expect(waiting).rejects.toThrow('server 1 (127.0.0.1:2181, down) does not serve after 0 ms')
})
