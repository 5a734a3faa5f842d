import { ErrorCode } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { localOwner, type Session } from '../../src/session/session.ts'
import { SessionCheck, SessionTracker } from '../../src/session/session-tracker.ts'

const TICK_MS = 1000

function idsOf(sessions: Iterable<Session>): bigint[] {
  return [...sessions].map((session) => session.id)
}

test('A91: a session that is never heard of again is over between its timeout and one tick more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2000, max: 20_000 }), fc.double({ min: 0, max: 1e7, noNaN: true }), (timeoutMs, startMs) => {
      const tracker = new SessionTracker(TICK_MS)
      const session = tracker.add(1n, timeoutMs, startMs)
      const expiryMs = tracker.expiryMs(session)
      expect(expiryMs).toBeGreaterThan(startMs + timeoutMs - 0.001)
      expect(expiryMs).toBeLessThanOrEqual(startMs + timeoutMs + TICK_MS)
      expect(tracker.expired(expiryMs - 0.01)).toEqual([])
      expect(tracker.expired(expiryMs)).toEqual([session])
    }),
  )
})

test('A91: the due time is the end of the tick in which the timeout runs out', () => {
  const tracker = new SessionTracker(TICK_MS)
  expect(tracker.expiryMs(tracker.add(1n, 2000, 530))).toBe(3000)
  expect(tracker.expiryMs(tracker.add(2n, 2000, 1000))).toBe(4000)
  expect(tracker.expiryMs(tracker.add(3n, 2000, 999.9))).toBe(3000)
})

test('a touch moves the due time, and the session outlives the bucket it was in', () => {
  const tracker = new SessionTracker(TICK_MS)
  const silent = tracker.add(1n, 2000, 0)
  const lively = tracker.add(2n, 2000, 0)
  expect(tracker.touch(lively, 1500)).toBe(true)
  expect(tracker.nextExpiryMs()).toBe(3000)
  expect(tracker.expired(3000)).toEqual([silent])
  expect(tracker.nextExpiryMs()).toBe(4000)
  expect(tracker.expired(4000)).toEqual([lively])
  expect(tracker.nextExpiryMs()).toBe(Number.POSITIVE_INFINITY)
})

test('an expired session is closing: it is not touched, not resumed, and expires once', () => {
  const tracker = new SessionTracker(TICK_MS)
  const session = tracker.add(1n, 2000, 0)
  expect(tracker.expired(3000)).toEqual([session])
  expect(session.isClosing).toBe(true)
  expect(tracker.touch(session, 3000)).toBe(false)
  expect(tracker.resume(session, 5000, localOwner, 3000)).toBe(false)
  expect([session.timeoutMs, session.owner, tracker.expiryMs(session)]).toEqual([2000, null, 3000])
  expect(tracker.expired(100_000)).toEqual([])
  expect(tracker.has(1n)).toBe(true)
})

test('a resume brings the timeout of the new connection, shorter or longer, and leaves the one it was created with', () => {
  const tracker = new SessionTracker(TICK_MS)
  const session = tracker.add(1n, 20_000, 0)
  expect(tracker.resume(session, 2000, localOwner, 100)).toBe(true)
  expect(tracker.nextExpiryMs()).toBe(3000)
  expect(session.createdTimeoutMs).toBe(20_000)
  expect(tracker.resume(session, 10_000, localOwner, 200)).toBe(true)
  expect(tracker.expired(3000)).toEqual([])
  expect(tracker.expired(11_000)).toEqual([session])
})

test('a session that is tracked twice keeps its place and gets its full timeout again', () => {
  const tracker = new SessionTracker(TICK_MS)
  const session = tracker.add(1n, 2000, 0)
  expect(tracker.add(1n, 4000, 500)).toBe(session)
  expect(tracker.size).toBe(1)
  expect(session.createdTimeoutMs).toBe(4000)
  expect(tracker.expiryMs(session)).toBe(5000)
})

test('a server that was asleep finds all that is due at once, what was due first in front', () => {
  const tracker = new SessionTracker(TICK_MS)
  tracker.add(1n, 9000, 0)
  tracker.add(2n, 3000, 0)
  const touched = tracker.add(3n, 2000, 0)
  tracker.add(4n, 20_000, 0)
  tracker.touch(touched, 4500)
  expect(idsOf(tracker.expired(12_345))).toEqual([2n, 3n, 1n])
  expect(idsOf(tracker.sessions())).toEqual([1n, 2n, 3n, 4n])
})

test('a session is never filed where nobody looks any more, even if the clock stands still', () => {
  const tracker = new SessionTracker(TICK_MS)
  tracker.expired(50_000)
  const session = tracker.add(1n, 2000, 0)
  expect(tracker.nextExpiryMs()).toBe(51_000)
  expect(tracker.expired(51_000)).toEqual([session])
})

test('a removed session is unknown to who still holds it', () => {
  const tracker = new SessionTracker(TICK_MS)
  const session = tracker.add(1n, 2000, 0)
  expect(tracker.remove(1n)).toBe(session)
  expect(tracker.remove(1n)).toBeNull()
  expect(tracker.get(1n)).toBeNull()
  expect(tracker.touch(session, 0)).toBe(false)
  expect(tracker.check(session, localOwner)).toBe(SessionCheck.UNKNOWN)
  expect(tracker.nextExpiryMs()).toBe(Number.POSITIVE_INFINITY)
})

test('a check knows unknown and closing sessions, takes the first owner, and refuses another', () => {
  const tracker = new SessionTracker(TICK_MS)
  const learner = {}
  expect(tracker.checkId(1n, localOwner)).toBe(SessionCheck.UNKNOWN)
  const session = tracker.add(1n, 2000, 0)
  expect(tracker.checkId(1n, learner)).toBe(SessionCheck.OK)
  expect(tracker.check(session, learner)).toBe(SessionCheck.OK)
  expect(tracker.check(session, localOwner)).toBe(SessionCheck.MOVED)
  expect(tracker.resume(session, 2000, localOwner, 0)).toBe(true)
  expect(tracker.check(session, localOwner)).toBe(SessionCheck.OK)
  expect(tracker.check(session, learner)).toBe(SessionCheck.MOVED)
  tracker.markClosing(session)
  expect(tracker.check(session, localOwner)).toBe(SessionCheck.EXPIRED)
})

test('what a check answers are the error codes of the protocol', () => {
  expect(SessionCheck).toEqual({
    OK: ErrorCode.OK,
    UNKNOWN: ErrorCode.UNKNOWN_SESSION,
    EXPIRED: ErrorCode.SESSION_EXPIRED,
    MOVED: ErrorCode.SESSION_MOVED,
  })
})

test('due times show where sessions really are, not where their buckets lie', () => {
  const tracker = new SessionTracker(TICK_MS)
  const touched = tracker.add(1n, 2000, 0)
  tracker.add(2n, 6000, 0)
  tracker.add(3n, 2000, 0)
  tracker.touch(touched, 4100)
  tracker.markClosing(tracker.add(4n, 2000, 0))
  expect(tracker.dueTimes().map((due) => [due.expiryMs, idsOf(due.sessions)])).toEqual([
    [3000, [3n]],
    [7000, [1n, 2n]],
  ])
})

interface ModelSession {
  timeoutMs: number
  dueMs: number
  isClosing: boolean
}

const session = fc.nat(7).map(BigInt)
const timeout = fc.integer({ min: 1, max: 12_000 })
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const), id: session, timeoutMs: timeout }),
    fc.record({ kind: fc.constant('touch' as const), id: session }),
    fc.record({ kind: fc.constant('resume' as const), id: session, timeoutMs: timeout }),
    fc.record({ kind: fc.constant('close' as const), id: session }),
    fc.record({ kind: fc.constant('remove' as const), id: session }),
    fc.record({ kind: fc.constant('wait' as const), forMs: fc.integer({ min: 0, max: 5000 }) }),
    fc.record({ kind: fc.constant('look' as const) }),
  ),
  { maxLength: 200, size: 'max' },
)

test('over any schedule the tracker agrees with a table of due times that is searched from end to end', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 3000 }), (schedule, tickMs) => {
      const tracker = new SessionTracker(tickMs)
      const model = new Map<bigint, ModelSession>()
      let nowMs = 0
      let lookedMs = -1
      const dueMs = (timeoutMs: number): number => (Math.floor((nowMs + timeoutMs) / tickMs) + 1) * tickMs
      for (const step of schedule) {
        if (step.kind === 'wait') nowMs += step.forMs
        else if (step.kind === 'look') {
          const expected = [...model].filter(([, entry]) => !entry.isClosing && entry.dueMs <= nowMs)
          for (const [, entry] of expected) entry.isClosing = true
          const actual = tracker.expired(nowMs)
          expect(idsOf(actual).sort()).toEqual(expected.map(([id]) => id).sort())
          const times = actual.map((expired) => tracker.expiryMs(expired))
          expect(times).toEqual([...times].sort((left, right) => left - right))
          lookedMs = nowMs
        } else if (step.kind === 'add') {
          const entry = model.get(step.id)
          tracker.add(step.id, step.timeoutMs, nowMs)
          if (entry === undefined)
            model.set(step.id, { timeoutMs: step.timeoutMs, dueMs: dueMs(step.timeoutMs), isClosing: false })
          else if (!entry.isClosing) Object.assign(entry, { timeoutMs: step.timeoutMs, dueMs: dueMs(step.timeoutMs) })
        } else if (step.kind === 'remove') {
          expect(tracker.remove(step.id) !== null).toBe(model.delete(step.id))
        } else {
          const tracked = tracker.get(step.id)
          const entry = model.get(step.id)
          expect(tracked === null).toBe(entry === undefined)
          if (tracked === null || entry === undefined) continue
          if (step.kind === 'close') {
            tracker.markClosing(tracked)
            entry.isClosing = true
            continue
          }
          const timeoutMs = step.kind === 'resume' ? step.timeoutMs : entry.timeoutMs
          const isLive =
            step.kind === 'resume' ? tracker.resume(tracked, timeoutMs, localOwner, nowMs) : tracker.touch(tracked, nowMs)
          expect(isLive).toBe(!entry.isClosing)
          if (isLive) Object.assign(entry, { timeoutMs, dueMs: dueMs(timeoutMs) })
        }
        expect(tracker.size).toBe(model.size)
        const live = [...model.values()].filter((entry) => !entry.isClosing)
        const earliest = Math.min(...live.map((entry) => entry.dueMs))
        // The tracker may look early, at a bucket whose sessions were all touched, but never late.
        expect(tracker.nextExpiryMs()).toBeLessThanOrEqual(earliest)
        expect(tracker.nextExpiryMs()).toBeGreaterThan(lookedMs)
        expect(Number.isFinite(tracker.nextExpiryMs())).toBe(live.length > 0)
        expect(tracker.dueTimes().flatMap((due) => due.sessions.map(() => due.expiryMs))).toEqual(
          live.map((entry) => entry.dueMs).sort((left, right) => left - right),
        )
      }
    }),
    { numRuns: 300 },
  )
})
