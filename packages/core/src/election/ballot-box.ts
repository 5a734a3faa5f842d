import { PeerState } from '@tskeeper/protocol/server'
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

  /** Whether those who have voted, for whomever, are a quorum. */
  hasQuorum(verifier: QuorumVerifier): boolean {
    return verifier.containsQuorum(new Set(this.#votes.keys()))
  }

  voteOf(serverId: number): CastVote | null {
    return this.#votes.get(serverId) ?? null
  }

  clear(): void {
    this.#votes.clear()
  }

  /** The voters whose votes agree with `vote`, if they are a quorum; else null. */
  quorumFor(vote: CastVote, verifier: QuorumVerifier): ReadonlySet<number> | null {
    const supporters = new Set<number>()
    for (const [serverId, cast] of this.#votes) {
      if (verifier.voters.has(serverId) && votesAgree(cast, vote)) supporters.add(serverId)
    }
    return verifier.containsQuorum(supporters) ? supporters : null
  }
}
