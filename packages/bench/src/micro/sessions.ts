import { localOwner, type Session, SessionTracker } from '@tskeeper/core'
import { bench, do_not_optimize, group } from 'mitata'

const SESSIONS = 10000
const TICK_MS = 2000
const TIMEOUT_MS = 30000
const FIRST_ID = 0x100000000000000n

/** What each request of a session costs its bookkeeping. */
export function sessionBenchmarks(): void {
  const tracker = new SessionTracker(TICK_MS)
  const sessions: Session[] = []
  for (let index = 0; index < SESSIONS; index++) sessions.push(tracker.add(FIRST_ID + BigInt(index), TIMEOUT_MS, 0))
  let next = 0
  let nowMs = 0
  const anySession = (): Session => {
    next = next + 1 === SESSIONS ? 0 : next + 1
    return sessions[next] as Session
  }

  group(`${SESSIONS} sessions`, () => {
    bench('touch, the clock stands', () => {
      do_not_optimize(tracker.touch(anySession(), nowMs))
    })
    bench('touch, the clock moves a millisecond each time, expiry looked at once a tick', () => {
      nowMs += 1
      do_not_optimize(tracker.touch(anySession(), nowMs))
      if (nowMs % TICK_MS === 0) do_not_optimize(tracker.expired(nowMs))
    })
    bench('check the owner', () => {
      do_not_optimize(tracker.check(anySession(), localOwner))
    })
  })
}
