// When two descriptions of a server, or of an ensemble, mean the same.

import { bracketedHost, isAnyAddress } from './ip-literal.ts'
import type { Hierarchy, Membership } from './membership.ts'
import type { Member, MemberAddress } from './server-line.ts'

/**
 * Two configurations are equal when they have the same version, or the same members on the same terms. A majority of
 * servers and a majority of groups are never equal, even if they would always decide alike.
 */
export function isSameMembership(one: Membership, other: Membership): boolean {
  if ((one.hierarchy === null) !== (other.hierarchy === null)) return false
  if (one.version === other.version) return true
  return isSameMap(one.members, other.members, isSameMember) && isSameHierarchy(one.hierarchy, other.hierarchy)
}

/** True when a server keeps its role and all its addresses. */
export function isSameMember(one: Member, other: Member): boolean {
  return one.id === other.id && one.role === other.role && isSameClient(one, other) && hasSameAddresses(one, other)
}

/** True when the peers of a server reach it as before for the quorum; the port of the election does not matter. */
export function hasSameQuorumAddresses(one: Member, other: Member): boolean {
  return isSameSet(one.addresses.map(quorumAddress), other.addresses.map(quorumAddress))
}

function hasSameAddresses(one: Member, other: Member): boolean {
  return isSameSet(one.addresses.map(wholeAddress), other.addresses.map(wholeAddress))
}

function isSameClient(one: Member, other: Member): boolean {
  if (one.client === null || other.client === null) return one.client === other.client
  return one.client.port === other.client.port && hostKey(one.client.host) === hostKey(other.client.host)
}

function isSameHierarchy(one: Hierarchy | null, other: Hierarchy | null): boolean {
  if (one === null || other === null) return one === other
  return (
    isSameMap(one.weights, other.weights, (weight, otherWeight) => weight === otherWeight) &&
    isSameMap(one.groups, other.groups, (ids, otherIds) => ids.join() === otherIds.join())
  )
}

function isSameMap<Value>(
  one: ReadonlyMap<number, Value>,
  other: ReadonlyMap<number, Value>,
  isSame: (value: Value, otherValue: Value) => boolean,
): boolean {
  if (one.size !== other.size) return false
  for (const [key, value] of one) {
    const otherValue = other.get(key)
    if (otherValue === undefined || !isSame(value, otherValue)) return false
  }
  return true
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const set = new Set(one)
  const otherSet = new Set(other)
  return set.size === otherSet.size && [...set].every((text) => otherSet.has(text))
}

function quorumAddress(address: MemberAddress): string {
  return `${hostKey(address.host)}:${address.quorumPort}`
}

function wholeAddress(address: MemberAddress): string {
  return `${quorumAddress(address)}:${address.electionPort}`
}

/** Hosts are compared as texts, an IPv6 address in its full form; names are not looked up. */
function hostKey(host: string): string {
  return isAnyAddress(host) ? '0.0.0.0' : bracketedHost(host)
}
