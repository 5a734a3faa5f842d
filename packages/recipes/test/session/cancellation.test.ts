import { ZooKeeperError } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { Cancellation, pause, unlessAborted, untilAborted } from '../../src/session/cancellation.ts'
import { ManualTimers, manualClient } from '../support/manual-client.ts'

test('a deadline aborts with TIMEOUT when it has passed, and not before', () => {
  const timers = new ManualTimers()
  using cancellation = new Cancellation(manualClient(timers), 'waiting', { deadlineMs: 100 })
  timers.advance(99)
  expect(cancellation.signal.aborted).toBe(false)
  timers.advance(1)
  expect(cancellation.signal.reason).toMatchObject({ code: 'TIMEOUT' })
})

test('a deadline that is further away than a timer can wait is waited for in steps', () => {
  const timers = new ManualTimers()
  using far = new Cancellation(manualClient(timers), 'waiting', { deadlineMs: 2 ** 31 + 10 })
  using never = new Cancellation(manualClient(timers), 'waiting', { deadlineMs: Number.POSITIVE_INFINITY })
  timers.advance(2 ** 31 - 1)
  timers.advance(10)
  expect(far.signal.aborted).toBe(false)
  timers.advance(1)
  expect([far.signal.aborted, never.signal.aborted]).toEqual([true, false])
})

test("the caller's signal aborts with ABORTED and its reason as the cause, also when it was aborted before", () => {
  const zk = manualClient(new ManualTimers())
  const controller = new AbortController()
  using later = new Cancellation(zk, 'waiting', { signal: controller.signal })
  controller.abort('enough')
  using before = new Cancellation(zk, 'waiting', { signal: controller.signal })
  for (const { signal } of [later, before]) expect(signal.reason).toMatchObject({ code: 'ABORTED', cause: 'enough' })
})

test('an inner wait that an outer one ends keeps the reason of the outer one', () => {
  const timers = new ManualTimers()
  const zk = manualClient(timers)
  using outer = new Cancellation(zk, 'waiting', { deadlineMs: 5 })
  using inner = new Cancellation(zk, 'waiting inside', { signal: outer.signal })
  timers.advance(5)
  expect(inner.signal.reason).toBe(outer.signal.reason)
})

test('the loss of another lease is not taken for the loss of the own place', () => {
  const zk = manualClient(new ManualTimers())
  const lost = AbortSignal.abort(new ZooKeeperError('SESSION_EXPIRED', 'the session has expired'))
  using cancellation = new Cancellation(zk, 'waiting', { signal: lost })
  expect(cancellation.signal.reason).toMatchObject({ code: 'ABORTED' })
})

test('what has been disposed of leaves no timer and no listener', () => {
  const timers = new ManualTimers()
  const controller = new AbortController()
  const cancellation = new Cancellation(manualClient(timers), 'waiting', { deadlineMs: 5, signal: controller.signal })
  cancellation[Symbol.dispose]()
  controller.abort()
  expect([timers.size, cancellation.signal.aborted]).toEqual([0, false])
})

test('a pause ends with its time, or with the signal, and leaves no timer', async () => {
  const timers = new ManualTimers()
  const zk = manualClient(timers)
  const whole = pause(zk, 10, null)
  timers.advance(10)
  await whole
  const controller = new AbortController()
  const cut = pause(zk, 10, controller.signal)
  controller.abort(new RangeError('no'))
  await expect(cut).rejects.toBeInstanceOf(RangeError)
  await expect(pause(zk, 10, controller.signal)).rejects.toBeInstanceOf(RangeError)
  expect(timers.size).toBe(0)
})

test('a promise is waited for unless the signal is aborted', async () => {
  const controller = new AbortController()
  expect(await unlessAborted(controller.signal, Promise.resolve(7))).toBe(7)
  expect(await unlessAborted(null, Promise.resolve(8))).toBe(8)
  const never = unlessAborted(controller.signal, new Promise(() => undefined))
  const both = untilAborted(new AbortController().signal, controller.signal)
  controller.abort(new RangeError('no'))
  await expect(never).rejects.toBeInstanceOf(RangeError)
  await both
})
