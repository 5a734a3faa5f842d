import { EventType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { EventFrame } from '../../src/watch/event-frame.ts'
import { bytesOf } from '../txn/workbench.ts'

const hexOf = (frame: EventFrame): string => {
  const bytes = frame.encoded()
  return Buffer.from(bytes.subarray(0, frame.length)).toString('hex')
}

test('an event is a frame with the reply header of a notification, the zxid of its cause, type, state and path', () => {
  const frame = new EventFrame()
  frame.begin(EventType.nodeDataChanged, bytesOf('xx/a/é'), 2, 5, 0x500000009)
  expect(hexOf(frame)).toBe(
    ['00000021', 'ffffffff', '0000000500000009', '00000000', '00000003', '00000003', '00000005', '2f612fc3a9'].join(''),
  )
  expect(frame.length).toBe(37)
})

test('A69: the type of a created node is 1', () => {
  const frame = new EventFrame()
  frame.begin(EventType.nodeCreated, bytesOf('/'), 0, 1, -1)
  expect(hexOf(frame)).toBe(
    ['0000001d', 'ffffffff', 'ffffffffffffffff', '00000000', '00000001', '00000003', '00000001', '2f'].join(''),
  )
})

test('the frame is made once, when it is first wanted, and anew for the next event', () => {
  const frame = new EventFrame()
  frame.begin(EventType.nodeCreated, bytesOf('/first'), 0, 6, 1)
  expect(frame.length).toBe(0)
  const first = frame.encoded().slice(0, frame.length)
  expect(frame.encoded()).toBe(frame.encoded())
  frame.begin(EventType.nodeDeleted, bytesOf(`/${'long'.repeat(1000)}`), 0, 4001, 2)
  expect(frame.length).toBe(0)
  expect(frame.encoded().length).toBeGreaterThanOrEqual(4033)
  expect(frame.length).toBe(4033)
  frame.begin(EventType.nodeCreated, bytesOf('/first'), 0, 6, 1)
  expect(frame.encoded().slice(0, frame.length)).toEqual(first)
})
