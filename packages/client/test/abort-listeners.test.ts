import { expect, test, vi } from 'vitest'
import { whenAborted } from '../src/abort-listeners.ts'

test('all who wait for a signal share one listener, which goes with the last of them', () => {
  const { signal } = new AbortController()
  const added = vi.spyOn(signal, 'addEventListener')
  const removed = vi.spyOn(signal, 'removeEventListener')
  const stops = Array.from({ length: 1_000 }, () => whenAborted(signal, () => undefined))
  expect(added).toHaveBeenCalledTimes(1)
  for (const stop of stops) stop()
  expect(removed).toHaveBeenCalledTimes(1)
  whenAborted(signal, () => undefined)
  expect(added).toHaveBeenCalledTimes(2)
})

test('everybody who still waits is called once, in order', () => {
  const controller = new AbortController()
  const called: string[] = []
  const both = (): void => void called.push('both')
  whenAborted(controller.signal, both)
  whenAborted(controller.signal, both)
  whenAborted(controller.signal, () => {
    called.push('ends the next one')
    stopNext()
  })
  const stopNext = whenAborted(controller.signal, () => void called.push('next'))
  const stopLast = whenAborted(controller.signal, () => void called.push('last'))
  controller.abort()
  stopLast()
  expect(called).toEqual(['both', 'both', 'ends the next one', 'last'])
})

test('nobody is called for a signal that was aborted before', () => {
  const callback = vi.fn()
  whenAborted(AbortSignal.abort(), callback)()
  whenAborted(undefined, callback)()
  expect(callback).not.toHaveBeenCalled()
})
