// Who decides: one configuration of the ensemble, seen as the answer to the question "are these enough?". Any two sets
// that one verifier accepts have a server in common; everything that an ensemble promises rests on that.

import { assert } from '../lib/assert.ts'
import type { Hierarchy, Membership } from './membership.ts'
import { isSameMembership } from './same-member.ts'
import type { Member } from './server-line.ts'

/** One configuration with its version, and the rule by which its members decide. */
export interface QuorumVerifier {
  readonly membership: Membership
  /** The zxid of the change that made this configuration; 0 for one that only a file tells. */
  readonly version: number
  /** Ids of the members that vote, ascending. */
  readonly voters: ReadonlySet<number>
  /** Ids of the members that only listen, ascending. */
  readonly observers: ReadonlySet<number>
  /** The member of that id, voting or not; null for none. */
  member(id: number): Member | null
  /** Whether the voters among `ids` are enough to decide; others do not count. */
  containsQuorum(ids: ReadonlySet<number>): boolean
  /** How much a server's vote weighs; a server of weight 0 votes, but is never elected. */
  weightOf(id: number): number
  /** Whether both mean the same ensemble, see `isSameMembership`. */
  equals(other: QuorumVerifier): boolean
}

/** The verifier of a configuration: by groups and weights when it has them, else by the majority of its voters. */
export function makeQuorumVerifier(membership: Membership): QuorumVerifier {
  return membership.hierarchy === null
    ? new MajorityVerifier(membership)
    : new HierarchicalVerifier(membership, membership.hierarchy)
}

/** More than half of the voters decide. */
class MajorityVerifier implements QuorumVerifier {
  readonly membership: Membership
  readonly version: number
  readonly voters: ReadonlySet<number>
  readonly observers: ReadonlySet<number>

  constructor(membership: Membership) {
    assert(membership.hierarchy === null, 'a majority knows no groups')
    this.membership = membership
    this.version = membership.version
    this.voters = idsOf(membership, 'participant')
    this.observers = idsOf(membership, 'observer')
  }

  member(id: number): Member | null {
    return this.membership.members.get(id) ?? null
  }

  containsQuorum(ids: ReadonlySet<number>): boolean {
    let count = 0
    for (const id of ids) if (this.voters.has(id)) count++
    return count * 2 > this.voters.size
  }

  weightOf(): number {
    return 1
  }

  equals(other: QuorumVerifier): boolean {
    return isSameMembership(this.membership, other.membership)
  }
}

/** More than half of the groups decide, each of them by more than half of its weight. Groups without any weight do not count. */
class HierarchicalVerifier implements QuorumVerifier {
  readonly membership: Membership
  readonly version: number
  readonly voters: ReadonlySet<number>
  readonly observers: ReadonlySet<number>
  readonly #weights: ReadonlyMap<number, number>
  /** Groups that count. */
  readonly #groups: readonly { readonly ids: readonly number[]; readonly weight: number }[]

  constructor(membership: Membership, hierarchy: Hierarchy) {
    this.membership = membership
    this.version = membership.version
    this.voters = idsOf(membership, 'participant')
    this.observers = idsOf(membership, 'observer')
    this.#weights = hierarchy.weights
    this.#groups = [...hierarchy.groups.values()]
      .map((ids) => ({ ids, weight: ids.reduce((sum, id) => sum + this.weightOf(id), 0) }))
      .filter((group) => group.weight > 0)
  }

  member(id: number): Member | null {
    return this.membership.members.get(id) ?? null
  }

  containsQuorum(ids: ReadonlySet<number>): boolean {
    let groupsWon = 0
    for (const group of this.#groups) {
      let weight = 0
      for (const id of group.ids) if (ids.has(id) && this.voters.has(id)) weight += this.weightOf(id)
      if (weight * 2 > group.weight) groupsWon++
    }
    return groupsWon * 2 > this.#groups.length
  }

  weightOf(id: number): number {
    return this.#weights.get(id) ?? 0
  }

  equals(other: QuorumVerifier): boolean {
    return isSameMembership(this.membership, other.membership)
  }
}

function idsOf(membership: Membership, role: Member['role']): ReadonlySet<number> {
  const ids = new Set<number>()
  for (const member of membership.members.values()) if (member.role === role) ids.add(member.id)
  return ids
}
