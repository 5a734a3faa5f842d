// Which sessions live, and when each of them is over.
//
// Time is cut into ticks. A session that is heard of at `now` is due at the end of the tick in which
// `now + timeout` falls, so it lives for its timeout and at most one tick more. Sessions that are due
// together lie in one bucket:
//
//   buckets   12 -> a, d     15 -> b     16 -> c, e, f
//
// A touch only notes the new due time in the session; the session stays in the bucket where it lies.
// When that bucket's time comes, those that were heard of since move to the bucket where they belong
// now, and the others have expired. So a touch is a comparison and a store, and a session moves once
// in a timeout, however often its client speaks.
//
// Times are monotonic milliseconds that the caller reads; nothing here knows a clock or a timer.

import { assert } from '../lib/assert.ts'
import { ExpiryBucket, Session, type SessionOwner } from './session.ts'

/** What a request of a session meets; the values other than OK are the protocol's error codes. */
export const SessionCheck = {
  OK: 0,
  /** No such session here. A leader of a quorum answers EXPIRED in its place. */
  UNKNOWN: -12,
  EXPIRED: -112,
  MOVED: -118,
} as const
export type SessionCheck = (typeof SessionCheck)[keyof typeof SessionCheck]

/** Sessions that are due at one moment, for people to look at. */
export interface SessionsDue<Attachment extends object = object> {
  /** Monotonic milliseconds, the end of a tick. */
  readonly expiryMs: number
  readonly sessions: readonly Session<Attachment>[]
}

const NONE: readonly never[] = []

export class SessionTracker<Attachment extends object = object> {
  readonly tickMs: number
  private readonly byId = new Map<bigint, Session<Attachment>>()
  private readonly buckets = new Map<number, ExpiryBucket<Attachment>>()
  /** Buckets up to this tick were looked at; none is ever made at or before it. */
  private doneTick = 0

  constructor(tickMs: number) {
    assert(tickMs > 0, 'a tick is longer than nothing')
    this.tickMs = tickMs
  }

  /** Number of sessions, closing ones included. */
  get size(): number {
    return this.byId.size
  }

  has(id: bigint): boolean {
    return this.byId.has(id)
  }

  get(id: bigint): Session<Attachment> | null {
    return this.byId.get(id) ?? null
  }

  /** All sessions, oldest first, closing ones included. */
  sessions(): IterableIterator<Session<Attachment>> {
    return this.byId.values()
  }

  /**
   * Tracks a session, new or restored, with its full timeout from now on. An id that is tracked already
   * keeps its session (a log that is replayed says the same thing twice).
   */
  add(id: bigint, timeoutMs: number, nowMs: number): Session<Attachment> {
    let session = this.byId.get(id)
    if (session === undefined) {
      session = new Session<Attachment>(id, timeoutMs)
      this.byId.set(id, session)
    }
    session.createdTimeoutMs = timeoutMs
    session.timeoutMs = timeoutMs
    if (!session.isClosing) this.touch(session, nowMs)
    return session
  }

  /** The session's client was heard of. False if the session is over: then nothing changes. */
  touch(session: Session<Attachment>, nowMs: number): boolean {
    if (session.isClosing) return false
    const tick = Math.floor((nowMs + session.timeoutMs) / this.tickMs) + 1
    if (tick === session.expiryTick) return true
    this.reschedule(session, tick)
    return true
  }

  /** A client takes its session up again, with the timeout of its new connection. False if the session is over. */
  resume(session: Session<Attachment>, timeoutMs: number, owner: SessionOwner, nowMs: number): boolean {
    if (session.isClosing) return false
    session.timeoutMs = timeoutMs
    session.owner = owner
    return this.touch(session, nowMs)
  }

  /** May this owner send a request of the session? The first owner that asks is taken. */
  check(session: Session<Attachment>, owner: SessionOwner): SessionCheck {
    if (!session.isTracked) return SessionCheck.UNKNOWN
    if (session.isClosing) return SessionCheck.EXPIRED
    if (session.owner === owner) return SessionCheck.OK
    if (session.owner !== null) return SessionCheck.MOVED
    session.owner = owner
    return SessionCheck.OK
  }

  /** The same by id, for who has nothing else. */
  checkId(id: bigint, owner: SessionOwner): SessionCheck {
    const session = this.byId.get(id)
    return session === undefined ? SessionCheck.UNKNOWN : this.check(session, owner)
  }

  /** The session's end is decided: it can no more be touched, resumed or expire, and waits for its removal. */
  markClosing(session: Session<Attachment>): void {
    if (session.isClosing) return
    session.isClosing = true
    this.leaveBucket(session)
  }

  /**
   * Marks the sessions that are due as closing and returns them, those due first in front. To be
   * called at `nextExpiryMs()`; what the clients have sent until now should have been read before.
   */
  expired(nowMs: number): readonly Session<Attachment>[] {
    const nowTick = Math.floor(nowMs / this.tickMs)
    if (nowTick <= this.doneTick) return NONE
    this.doneTick = nowTick
    const due = [...this.buckets.values()]
      .filter((bucket) => bucket.tick <= nowTick)
      .sort((left, right) => left.tick - right.tick)
    if (due.length === 0) return NONE
    const expired: Session<Attachment>[] = []
    for (const bucket of due) this.emptyBucket(bucket, nowTick, expired)
    return expired.sort((left, right) => left.expiryTick - right.expiryTick)
  }

  /** When `expired` should be called next, in monotonic milliseconds; Infinity if no session can expire. */
  nextExpiryMs(): number {
    let tick = Number.POSITIVE_INFINITY
    for (const bucketTick of this.buckets.keys()) {
      if (bucketTick < tick) tick = bucketTick
    }
    return tick * this.tickMs
  }

  /** When the session is due, in monotonic milliseconds. */
  expiryMs(session: Session<Attachment>): number {
    return session.expiryTick * this.tickMs
  }

  /** Forgets a session: its end was applied. Returns it, or null if it was not there. */
  remove(id: bigint): Session<Attachment> | null {
    const session = this.byId.get(id)
    if (session === undefined) return null
    this.markClosing(session)
    session.isTracked = false
    this.byId.delete(id)
    return session
  }

  /** The sessions that can expire, by the moment they are due, the earliest first. */
  dueTimes(): SessionsDue<Attachment>[] {
    const byTick = new Map<number, Session<Attachment>[]>()
    for (const session of this.byId.values()) {
      if (session.isClosing) continue
      const sessions = byTick.get(session.expiryTick)
      if (sessions === undefined) byTick.set(session.expiryTick, [session])
      else sessions.push(session)
    }
    return [...byTick.entries()]
      .sort(([left], [right]) => left - right)
      .map(([tick, sessions]) => ({ expiryMs: tick * this.tickMs, sessions }))
  }

  /** A new due time; the session only moves if its bucket would be looked at too late. */
  private reschedule(session: Session<Attachment>, tick: number): void {
    // Ticks that are done are never looked at again, so a clock that stands still must not file a session there.
    session.expiryTick = tick > this.doneTick ? tick : this.doneTick + 1
    if (session.bucket !== null && session.bucket.tick <= session.expiryTick) return
    this.leaveBucket(session)
    this.enterBucket(session)
  }

  private enterBucket(session: Session<Attachment>): void {
    let bucket = this.buckets.get(session.expiryTick)
    if (bucket === undefined) {
      bucket = new ExpiryBucket<Attachment>(session.expiryTick)
      this.buckets.set(session.expiryTick, bucket)
    }
    bucket.append(session)
  }

  private leaveBucket(session: Session<Attachment>): void {
    const bucket = session.bucket
    if (bucket === null) return
    bucket.unlink(session)
    if (bucket.first === null) this.buckets.delete(bucket.tick)
  }

  private emptyBucket(bucket: ExpiryBucket<Attachment>, nowTick: number, expired: Session<Attachment>[]): void {
    for (let session = bucket.first; session !== null; session = bucket.first) {
      this.leaveBucket(session)
      if (session.expiryTick > nowTick) {
        this.enterBucket(session)
        continue
      }
      session.isClosing = true
      expired.push(session)
    }
  }
}
