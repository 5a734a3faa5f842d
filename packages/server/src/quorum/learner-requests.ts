// What a leader's shell does with the packets that its learners send on behalf of their clients: writes, syncs, questions about
// sessions, and news of which clients were heard of.

import type { Identity, Leader, SessionTracker } from '@tskeeper/core'
import { ByteReader, DecodeError, Op, type QuorumPacketSpan, QuorumPacketType } from '@tskeeper/protocol/server'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { LeaderPipeline } from '../pipeline/leader-pipeline.ts'
import type { Clock } from '../runtime/runtime.ts'
import { writeValidity } from './master-packets.ts'
import type { QuorumLink } from './quorum-link.ts'

/** Of a touched session: long id, int timeout. */
const TOUCH_SIZE = 12
const NO_IDENTITIES: readonly Identity[] = []

export interface LearnerRequestsParts {
  readonly leader: Leader<QuorumLink>
  readonly pipeline: LeaderPipeline
  readonly tracker: SessionTracker<ClientConnection>
  readonly clock: Clock
  /** Zxid of the last write that was prepared, proposed or not. */
  readonly lastPrepared: () => number
  /** A session came to another server: when it is due now, in monotonic milliseconds. */
  readonly onTouched: () => void
}

export class LearnerRequests {
  private readonly parts: LearnerRequestsParts
  private readonly reader = new ByteReader(new Uint8Array(0))
  /** The identities that were read last, as bytes and as what they say: most requests come with the same few. */
  private lastIdentityBytes: Uint8Array = new Uint8Array(0)
  private lastIdentities: readonly Identity[] = NO_IDENTITIES

  constructor(parts: LearnerRequestsParts) {
    this.parts = parts
  }

  /** Serves a REQUEST, REVALIDATE or PING. Throws `DecodeError` for data that is none. */
  serve(link: QuorumLink, packet: QuorumPacketSpan, bytes: Uint8Array, view: DataView): void {
    const { reader } = this
    reader.reset(bytes, view, packet.dataStart, packet.dataStart + Math.max(packet.dataLength, 0))
    if (packet.type === QuorumPacketType.request) this.request(link, packet, bytes, view)
    else if (packet.type === QuorumPacketType.revalidate) this.revalidate(link, packet.zxid)
    else this.touched(link)
  }

  private request(link: QuorumLink, packet: QuorumPacketSpan, bytes: Uint8Array, view: DataView): void {
    const { reader, parts } = this
    const sessionId = reader.readLong()
    const xid = reader.readInt()
    const op = reader.readInt()
    if (op === Op.sync) {
      parts.leader.syncRequested(link, parts.lastPrepared())
      return
    }
    const identities = this.identitiesOf(packet, bytes, view)
    parts.pipeline.submitForwarded(link, sessionId, xid, op, identities, parts.clock.nowMs(), parts.clock.monotonicMs(), reader)
  }

  private identitiesOf(packet: QuorumPacketSpan, bytes: Uint8Array, view: DataView): readonly Identity[] {
    const { authStart, end } = packet
    if (end - authStart <= 4) return NO_IDENTITIES
    if (this.isLastIdentities(bytes, authStart, end)) return this.lastIdentities
    const reader = new ByteReader(bytes)
    reader.reset(bytes, view, authStart, end)
    const count = reader.readInt()
    const identities: Identity[] = []
    for (let i = 0; i < count; i++) identities.push({ scheme: reader.readString() ?? '', id: reader.readString() ?? '' })
    this.lastIdentityBytes = bytes.slice(authStart, end)
    this.lastIdentities = identities
    return identities
  }

  private isLastIdentities(bytes: Uint8Array, start: number, end: number): boolean {
    const last = this.lastIdentityBytes
    if (end - start !== last.length) return false
    for (let i = 0; i < last.length; i++) if (bytes[start + i] !== last[i]) return false
    return true
  }

  /**
   * A client of another server wants to take its session up there. The answer comes behind the commits of all that the leader has
   * been asked for before. What the client has written over an older connection is among that, and the server that asks knows
   * such a write by session and number alone: later it would take it for one of the new connection, whose numbers may begin again.
   */
  private revalidate(link: QuorumLink, zxid: number): void {
    const { pipeline, tracker, clock } = this.parts
    const sessionId = this.reader.readLong()
    const timeoutMs = this.reader.readInt()
    const session = tracker.get(sessionId)
    // From now on nothing more is taken of the session over other links.
    if (session !== null) tracker.resume(session, timeoutMs, link, clock.monotonicMs())
    this.parts.onTouched()
    const answer = (isValid: boolean): void => {
      if (!link.isOpen) return
      writeValidity(link.out, zxid, sessionId, isValid)
      link.flushLater()
    }
    pipeline.whenApplied(() => {
      if (session?.isClosing !== true) answer(session !== null)
      // Its end may have been decided just now. Nobody is told of it before it is committed, since another leader could undo it.
      else pipeline.whenApplied(() => answer(false))
    })
  }

  /** The sessions whose clients the learner has heard of since the last PING. */
  private touched(link: QuorumLink): void {
    const { tracker, clock } = this.parts
    const nowMs = clock.monotonicMs()
    while (this.reader.remaining() >= TOUCH_SIZE) {
      const session = tracker.get(this.reader.readLong())
      const timeoutMs = this.reader.readInt()
      if (session === null) continue
      // The server that the session has left may still report that it was heard of there, but not how long it may be silent now.
      if (session.owner === null || session.owner === link) session.timeoutMs = timeoutMs
      tracker.touch(session, nowMs)
    }
    if (this.reader.remaining() > 0) throw new DecodeError('a list of sessions that ends inside of one', this.reader.position)
  }
}
