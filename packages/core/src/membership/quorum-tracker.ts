import type { QuorumVerifier } from './quorum-verifier.ts'

/**
 * The configurations that have to agree at this moment: the one in force, and the newer one too while it is proposed
 * and not yet agreed on. The change itself and everything after it need a quorum of both.
 */
export function verifiersInForce(committed: QuorumVerifier, lastSeen: QuorumVerifier | null): readonly QuorumVerifier[] {
  return lastSeen !== null && lastSeen.version > committed.version ? [committed, lastSeen] : [committed]
}

/** Collects the servers that agreed to one thing (a vote, an epoch, a proposal) until every verifier has a quorum of them. */
export class QuorumTracker {
  readonly verifiers: readonly QuorumVerifier[]
  readonly #acks = new Set<number>()

  constructor(verifiers: readonly QuorumVerifier[]) {
    this.verifiers = verifiers
  }

  /** Servers counted so far. */
  get acks(): ReadonlySet<number> {
    return this.#acks
  }

  /** Counts a server; false when none of the verifiers knows it as a voter, and nothing changes. */
  addAck(id: number): boolean {
    if (!this.verifiers.some((verifier) => verifier.voters.has(id))) return false
    this.#acks.add(id)
    return true
  }

  /** True when the servers counted so far are a quorum of every verifier; a verifier counts its own voters only. */
  hasAllQuorums(): boolean {
    return this.verifiers.every((verifier) => verifier.containsQuorum(this.#acks))
  }
}
