import { ZooKeeperError } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { persevere, persevereAcrossSessions } from '../../src/session/persevere.ts'
import { ManualTimers, manualClient, settle } from '../support/manual-client.ts'

/** Fails with each of the codes in turn, and then gives 7. */
function failing(...codes: ('CONNECTION_LOSS' | 'SESSION_EXPIRED' | 'NO_NODE' | 'THROTTLED_OP')[]): () => Promise<number> {
  const left = [...codes]
  return () => {
    const code = left.shift()
    return code === undefined ? Promise.resolve(7) : Promise.reject(new ZooKeeperError(code, code))
  }
}

/** Moves the clock until the promise has settled; gives how long that took. */
async function advanceUntilSettled(timers: ManualTimers, promise: Promise<unknown>): Promise<number> {
  let isSettled = false
  const settled = (): void => {
    isSettled = true
  }
  promise.then(settled, settled)
  await settle()
  for (let passedMs = 0; ; passedMs += 1) {
    if (isSettled) return passedMs
    timers.advance(1)
    await settle()
  }
}

test('what fails with its connection is made again, with growing pauses', async () => {
  const timers = new ManualTimers()
  const run = persevere(manualClient(timers), null, failing('CONNECTION_LOSS', 'THROTTLED_OP', 'CONNECTION_LOSS'))
  // Three quarters of 20, 40 and 80 ms, as chance stands in the middle.
  expect(await advanceUntilSettled(timers, run)).toBe(15 + 30 + 60)
  expect(await run).toBe(7)
})

test('what the server refuses is not made again', async () => {
  const run = persevere(manualClient(new ManualTimers()), null, failing('NO_NODE'))
  await expect(run).rejects.toMatchObject({ code: 'NO_NODE' })
})

test('the end of a session ends it, unless it does not depend on the session', async () => {
  const timers = new ManualTimers()
  const bound = persevere(manualClient(timers), null, failing('SESSION_EXPIRED'))
  await expect(bound).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  let connects = 0
  const zk = manualClient(timers, { connect: () => Promise.resolve((connects += 1)) })
  expect(await persevereAcrossSessions(zk, null, failing('SESSION_EXPIRED', 'SESSION_EXPIRED'))).toBe(7)
  expect(connects).toBe(2)
})

test('a client that has no further session ends it', async () => {
  const over = new ZooKeeperError('SESSION_EXPIRED', 'for good')
  const zk = manualClient(new ManualTimers(), { connect: () => Promise.reject(over) })
  await expect(persevereAcrossSessions(zk, null, failing('SESSION_EXPIRED'))).rejects.toBe(over)
})

test('a signal ends it at once, during an attempt and during a pause', async () => {
  const timers = new ManualTimers()
  const [first, second] = [new AbortController(), new AbortController()]
  const attempting = persevere(manualClient(timers), first.signal, () => new Promise(() => undefined))
  first.abort(new RangeError('first'))
  await expect(attempting).rejects.toThrow('first')
  const pausing = persevere(manualClient(timers), second.signal, failing('CONNECTION_LOSS'))
  await settle()
  second.abort(new RangeError('second'))
  await expect(pausing).rejects.toThrow('second')
  expect(timers.size).toBe(0)
})
