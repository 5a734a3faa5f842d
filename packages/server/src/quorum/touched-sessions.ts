import type { SessionTracker } from '@tskeeper/core'
import type { ByteWriter } from '@tskeeper/protocol/server'
import type { ClientConnection } from '../listener/client-connection.ts'

/**
 * The sessions whose clients a learner has heard of since it last told its leader. A connection keeps the time at which it was
 * heard of anyway, so nothing is noted on the way of a request; only clients that have gone are.
 */
export class TouchedSessions {
  private readonly tracker: SessionTracker<ClientConnection>
  private readonly gone = new Map<bigint, number>()
  private toldMs = 0

  constructor(tracker: SessionTracker<ClientConnection>) {
    this.tracker = tracker
  }

  /** The client of the session has gone; it may have been heard of since the leader was told. */
  leftBehind(sessionId: bigint, timeoutMs: number): void {
    this.gone.set(sessionId, timeoutMs)
  }

  /** The session has moved: how long it may be silent is not for the server to say that it has left. */
  movedAway(sessionId: bigint): void {
    this.gone.delete(sessionId)
  }

  /** Writes what the leader is told at `nowMs`: for each session long id, int timeout. */
  write(out: ByteWriter, nowMs: number): void {
    for (const [sessionId, timeoutMs] of this.gone) {
      out.writeLong(sessionId)
      out.writeInt(timeoutMs)
    }
    this.gone.clear()
    for (const session of this.tracker.sessions()) {
      if (session.attachment === null || session.attachment.lastHeardMs < this.toldMs) continue
      out.writeLong(session.id)
      out.writeInt(session.timeoutMs)
    }
    this.toldMs = nowMs
  }
}
