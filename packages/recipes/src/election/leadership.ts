// What candidates and observers of an election know of it.

/** The leader as others see it. */
export interface LeaderInfo {
  /** What the leader calls itself. */
  readonly id: string
  /** The leader's node. */
  readonly path: string
  /** The leader's fencing token: larger than those of the leaders before it. */
  readonly fencingToken: bigint
}

/** The mark of nodes that `LeaderLatch` makes. */
export const LATCH_KIND = 'latch-'
/** The mark of nodes that `LeaderSelector` makes. */
export const SELECTOR_KIND = 'lock-'
