// The 64 bits of a znode's ephemeralOwner say what kind of node it is:
//
//   0                      persistent
//   0x8000000000000000     container
//   0xff ffff tttttttttt   with "extended types": feature (16 bits, 0 is TTL), then 40 bits of milliseconds
//   anything else          ephemeral: the session that owns it
//
// Owners are signed here, as sessions ids are everywhere.

/** What an ephemeralOwner says about its node. */
export type OwnerKind = 'persistent' | 'ephemeral' | 'container' | 'ttl' | 'unknown'

/** How the owners of a data directory are to be read; see `extendedTypesEnabled` and `emulate353TTLNodes`. */
export interface OwnerRules {
  readonly hasExtendedTypes: boolean
  /** Nodes as release 3.5.3 wrote them: any negative owner but the container's is a TTL node. */
  readonly hasOldTtlNodes: boolean
}

/** The owner of a persistent node. */
export const PERSISTENT_OWNER = 0n
/** The owner of a container. */
export const CONTAINER_OWNER: bigint = -(1n << 63n)
/** Longest time to live, in milliseconds. */
export const TTL_MS_MAX = 0xffffffffff

const TTL_MARK = 0xff00000000000000n
const TTL_MASK = 0xffffffffffn

/** The owner of a node that lives for `ttlMs` after its last change, 1 to `TTL_MS_MAX`. */
export function ttlOwner(ttlMs: number): bigint {
  return BigInt.asIntN(64, TTL_MARK | BigInt(ttlMs))
}

/** The kind of node that an owner makes. `unknown` is an extended type that nobody has defined. */
export function ownerKind(owner: bigint, rules: OwnerRules): OwnerKind {
  if (owner === PERSISTENT_OWNER) return 'persistent'
  if (owner === CONTAINER_OWNER) return 'container'
  if (!rules.hasExtendedTypes) return 'ephemeral'
  if (rules.hasOldTtlNodes && owner < 0n) return 'ttl'
  const bits = BigInt.asUintN(64, owner)
  if (bits >> 56n !== 0xffn) return 'ephemeral'
  return ((bits >> 40n) & 0xffffn) === 0n ? 'ttl' : 'unknown'
}

/** Time to live in milliseconds of an owner of kind `ttl`. */
export function ownerTtlMs(owner: bigint): number {
  return Number(owner & TTL_MASK)
}
