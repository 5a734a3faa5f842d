import { assert } from '../lib/assert.ts'
import { verifiersInForce } from '../membership/quorum-tracker.ts'
import type { QuorumVerifier } from '../membership/quorum-verifier.ts'

/** Proposals that need the same quorums, from `firstZxid` to where the next span begins. */
interface ProposalSpan {
  readonly firstZxid: number
  /** Everyone whose quorum the proposals of the span need. */
  readonly verifiers: readonly QuorumVerifier[]
  /** The configuration that the first proposal of the span brings, or null. */
  readonly reconfig: QuorumVerifier | null
}

/**
 * Which proposals are committed. Every server acknowledges in the order of zxids, so that one number a server says it all, and a
 * proposal is committed when a quorum of every verifier that was in force when it was proposed has come as far. In order:
 *
 *     lastCommitted      span 1: {old}        span 2: {old, new}          lastProposed
 *          |  . . . . . . . . . . . . . . . |  R . . . . . . . . . . . . . . |
 *                                              the reconfiguration, committed by itself
 */
export class CommitTracker {
  /** Highest acknowledged zxid by server; servers that vote in no verifier are kept too, a reconfiguration may make them voters. */
  private readonly acked = new Map<number, number>()
  private readonly spans: ProposalSpan[]
  private committedZxid: number
  private proposedZxid: number
  /** Scratch space of `quorumZxid`: only one thread of control is ever in it. */
  private readonly scratch = new Set<number>()

  /** Proposals begin after `zxid`, the beginning of the epoch. */
  constructor(zxid: number, committed: QuorumVerifier) {
    this.committedZxid = zxid
    this.proposedZxid = zxid
    this.spans = [{ firstZxid: zxid + 1, verifiers: [committed], reconfig: null }]
  }

  get lastCommitted(): number {
    return this.committedZxid
  }

  get lastProposed(): number {
    return this.proposedZxid
  }

  /** Everything up to `zxid` is proposed, under the verifiers of the last span. */
  proposed(zxid: number): void {
    assert(zxid > this.proposedZxid, 'proposals are made in the order of their zxids')
    this.proposedZxid = zxid
  }

  /** The reconfiguration `zxid` is proposed: it and what comes after it needs the new quorum as well as the old one. */
  reconfigProposed(zxid: number, committed: QuorumVerifier, next: QuorumVerifier): void {
    assert(zxid === this.proposedZxid + 1, 'a reconfiguration is proposed by itself')
    this.beginSpan({ firstZxid: zxid, verifiers: verifiersInForce(committed, next), reconfig: next })
    this.proposedZxid = zxid
  }

  /** A configuration is in force: what is proposed from now on needs its quorum alone. */
  activated(committed: QuorumVerifier): void {
    this.beginSpan({ firstZxid: this.proposedZxid + 1, verifiers: [committed], reconfig: null })
  }

  /**
   * `sid` has everything up to `zxid` on disk. Returns false for what says nothing new: an old zxid, one of the time before
   * this epoch. Throws nothing for a zxid that was never proposed, but does not count it either.
   */
  ack(sid: number, zxid: number): boolean {
    if (zxid <= this.committedZxid || zxid > this.proposedZxid || zxid <= this.ackedBy(sid)) return false
    this.acked.set(sid, zxid)
    return true
  }

  /** Highest zxid that `sid` acknowledged, -1 for none. */
  ackedBy(sid: number): number {
    return this.acked.get(sid) ?? -1
  }

  /**
   * `sid` is being synchronised anew, and may be told to cut from its log what it acknowledged before: that counts again when it is
   * acknowledged again.
   */
  retract(sid: number): void {
    this.acked.delete(sid)
  }

  /** The configuration that the next proposal to commit brings, or null when it is no reconfiguration. */
  nextReconfig(): QuorumVerifier | null {
    const span = this.currentSpan()
    return span.firstZxid === this.committedZxid + 1 ? span.reconfig : null
  }

  /**
   * Highest zxid that can be committed now; `lastCommitted` when there is none. A reconfiguration ends the run: it is committed by itself, and
   * what comes after it is looked at anew.
   */
  committable(): number {
    const span = this.currentSpan()
    const next = this.spans[1]
    let limit = next === undefined ? this.proposedZxid : next.firstZxid - 1
    if (this.nextReconfig() !== null) limit = span.firstZxid
    for (const verifier of span.verifiers) limit = Math.min(limit, this.quorumZxid(verifier))
    return Math.max(limit, this.committedZxid)
  }

  /** Everything up to `zxid` is committed. */
  commit(zxid: number): void {
    assert(zxid > this.committedZxid, 'commits are made in the order of their zxids')
    assert(zxid <= this.proposedZxid, 'only what was proposed is committed')
    this.committedZxid = zxid
    this.dropDoneSpans()
  }

  /** Highest zxid that a quorum of the verifier has acknowledged, -1 for none. */
  private quorumZxid(verifier: QuorumVerifier): number {
    const { scratch } = this
    scratch.clear()
    // Servers join in the order of how far they have come, so the first quorum is the one that has come farthest.
    for (;;) {
      let farthest = -1
      let farthestSid: number | null = null
      for (const sid of verifier.voters) {
        const zxid = this.ackedBy(sid)
        if (zxid > farthest && !scratch.has(sid)) {
          farthest = zxid
          farthestSid = sid
        }
      }
      if (farthestSid === null) return -1
      scratch.add(farthestSid)
      if (verifier.containsQuorum(scratch)) return farthest
    }
  }

  private currentSpan(): ProposalSpan {
    const span = this.spans[0]
    assert(span !== undefined, 'there is always a span for the next proposal')
    return span
  }

  private beginSpan(span: ProposalSpan): void {
    const last = this.spans.at(-1)
    if (last !== undefined && last.firstZxid === span.firstZxid) this.spans.pop()
    this.spans.push(span)
    this.dropDoneSpans()
  }

  /** The first span is always that of the next proposal to commit. */
  private dropDoneSpans(): void {
    while ((this.spans[1]?.firstZxid ?? Number.POSITIVE_INFINITY) <= this.committedZxid + 1) this.spans.shift()
  }
}
