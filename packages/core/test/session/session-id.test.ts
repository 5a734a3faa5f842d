import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstSessionId, SessionIdSource } from '../../src/session/session-id.ts'

const none: ReadonlySet<bigint> = new Set()

test('a session id has the server in its top byte, 40 bits of the time, and a counter of 16 bits', () => {
  expect(firstSessionId(1, 0x0d7af3)).toBe(0x01_00000d7af3_0000n)
  // Milliseconds of November 2026: the bits above the 40th are lost.
  expect(firstSessionId(1, 0x1a1f9a635ea)).toBe(0x01_a1f9a635ea_0000n)
})

test('a server above 127 makes negative ids, and number 128 never the smallest number, which marks containers', () => {
  expect(firstSessionId(254, 1)).toBe(BigInt.asIntN(64, 0xfe00_0000_0001_0000n))
  expect(firstSessionId(128, 0)).toBe(-(2n ** 63n) + 1n)
})

test('the id is the sum of its parts for every server and time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.maxSafeInteger().map(Math.abs), (serverId, nowMs) => {
      fc.pre(!(serverId === 128 && nowMs % 2 ** 40 === 0))
      const id = BigInt.asUintN(64, firstSessionId(serverId, nowMs))
      expect(id >> 56n).toBe(BigInt(serverId))
      expect((id >> 16n) & 0xffffffffffn).toBe(BigInt(nowMs) % 2n ** 40n)
      expect(id & 0xffffn).toBe(0n)
    }),
  )
})

test('ids count up from the first and run over into the time', () => {
  const ids = new SessionIdSource(1, 5)
  expect(ids.next(none)).toBe(firstSessionId(1, 5))
  for (let count = 1; count < 65_536; count++) ids.next(none)
  expect(ids.next(none)).toBe(firstSessionId(1, 6))
})

test('an id that is in use is not given again', () => {
  const first = firstSessionId(1, 5)
  const ids = new SessionIdSource(1, 5)
  expect(ids.next(new Set([first, first + 1n, first + 3n]))).toBe(first + 2n)
  expect(ids.next(new Set([first, first + 1n, first + 3n]))).toBe(first + 4n)
})

test('no session gets id 0, which asks for a new session', () => {
  const ids = new SessionIdSource(0, 0)
  expect(ids.next(none)).toBe(1n)
})
