// What is unusual about the servers of a run. It is drawn from numbers of its own: the faults and the clients' work of a seed stay what they are.

import type { SeededRandom } from '@tskeeper/core'

/** A quorum is made of groups: more than half of the weight in more than half of the groups. */
export interface Hierarchy {
  /** Ids of voters by group; each is in one. */
  readonly groups: readonly (readonly number[])[]
  /** Weights of the voters, that of server 1 first. Who has none does not count. */
  readonly weights: readonly number[]
}

export interface Traits {
  /** Sessions are known to the client's server only, until they want an ephemeral node. */
  readonly areSessionsLocal: boolean
  /** A server that finds no leader goes on with reads, for clients that can do with that. */
  readonly isReadOnlyServed: boolean
  /** Observers learn from followers. */
  readonly hasObserverMasters: boolean
  /** Containers and TTL nodes are looked at often, and deleted slowly. */
  readonly isReaperQuick: boolean
  /** Members are changed by telling all of them, not by telling the change. */
  readonly areMembersListed: boolean
  /** Null where a majority of the voters is a quorum. */
  readonly hierarchy: Hierarchy | null
}

/** Nothing is unusual. */
export const PLAIN_TRAITS: Traits = {
  areSessionsLocal: false,
  isReadOnlyServed: false,
  hasObserverMasters: false,
  isReaperQuick: false,
  areMembersListed: false,
  hierarchy: null,
}

export interface Shape {
  readonly voterCount: number
  readonly observerCount: number
  readonly isReconfigEnabled: boolean
}

export function makeTraits(random: SeededRandom, { voterCount, observerCount, isReconfigEnabled }: Shape): Traits {
  const isEnsemble = voterCount > 1
  // Each is drawn whether it is wanted or not, so that one does not change the others.
  const draws = Array.from({ length: 6 }, () => random.next())
  const chance = (index: number, share: number): boolean => (draws[index] as number) < share
  return {
    areSessionsLocal: isEnsemble && chance(0, 0.15),
    isReadOnlyServed: isEnsemble && chance(1, 0.2),
    hasObserverMasters: observerCount > 0 && !isReconfigEnabled && chance(2, 0.8),
    isReaperQuick: chance(3, 0.4),
    areMembersListed: chance(4, 0.4),
    hierarchy: isEnsemble && !isReconfigEnabled && chance(5, 0.2) ? makeHierarchy(random, voterCount) : null,
  }
}

function makeHierarchy(random: SeededRandom, voterCount: number): Hierarchy {
  const groupCount = 1 + random.below(3)
  const groups: number[][] = Array.from({ length: groupCount }, () => [])
  const weights: number[] = []
  for (let id = 1; id <= voterCount; id++) {
    ;(groups[random.below(groupCount)] as number[]).push(id)
    // Server 1 always counts: somebody has to be able to lead.
    weights.push(id === 1 ? 1 + random.below(2) : random.below(3))
  }
  return { groups: groups.filter((group) => group.length > 0), weights }
}
