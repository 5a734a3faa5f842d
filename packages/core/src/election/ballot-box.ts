import { PeerState } from '@tskeeper/protocol/server'
import { QuorumTracker } from '../membership/quorum-tracker.ts'
import type { QuorumVerifier } from '../membership/quorum-verifier.ts'
import { type CastVote, votesAgree } from './vote.ts'

/** The latest vote of each server. */
export class BallotBox {
  readonly #votes = new Map<number, CastVote>()

  /** True if the vote is another one than the server's last. */
  put(serverId: number, vote: CastVote): boolean {
    const last = this.#votes.get(serverId)
    this.#votes.set(serverId, vote)
    return last === undefined || last.state !== vote.state || !votesAgree({ ...last, state: PeerState.looking }, vote)
  }

  /** Whether those who have voted, for whomever, are a quorum of every verifier. */
  hasQuorum(verifiers: readonly QuorumVerifier[]): boolean {
    const tracker = new QuorumTracker(verifiers)
    for (const serverId of this.#votes.keys()) tracker.addAck(serverId)
    return tracker.hasAllQuorums()
  }

  voteOf(serverId: number): CastVote | null {
    return this.#votes.get(serverId) ?? null
  }

  clear(): void {
    this.#votes.clear()
  }

  /** The servers whose votes agree with `vote`, if they are a quorum of every verifier; else null. */
  quorumFor(vote: CastVote, verifiers: readonly QuorumVerifier[]): ReadonlySet<number> | null {
    const tracker = new QuorumTracker(verifiers)
    for (const [serverId, cast] of this.#votes) if (votesAgree(cast, vote)) tracker.addAck(serverId)
    return tracker.hasAllQuorums() ? tracker.acks : null
  }
}
