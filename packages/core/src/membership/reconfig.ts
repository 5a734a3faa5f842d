// From a reconfig request to the configuration that it asks for, or to the code of what speaks against it. The leader's
// checks come in the order of the protocol; the session before them and the permission after them are the preparer's.

import { ErrorCode, type ReconfigRequest } from '@tskeeper/protocol/server'
import { ConfigError } from './config-error.ts'
import { bracketedHost, expandIpv6, isAnyAddress, isIpv4 } from './ip-literal.ts'
import { type Membership, parseMembershipText } from './membership.ts'
import { makeQuorumVerifier, type QuorumVerifier } from './quorum-verifier.ts'
import { type Member, parseServerLine } from './server-line.ts'
import { parseWholeNumber } from './whole-number.ts'

/** What the leader knows about configurations at this moment. */
export interface ReconfigState {
  /** The configuration that is agreed on. */
  readonly committed: QuorumVerifier
  /** The last one that was proposed; the committed one when there is none newer. */
  readonly lastSeen: QuorumVerifier
  /** Whether those of its voters that are up to date now, with the leader if it is one of them, are a quorum of `next`. */
  isQuorumSynced(next: QuorumVerifier): boolean
}

/** Settings that a new configuration has to respect. */
export interface ReconfigRules {
  /** With it an ensemble keeps at least two voters, because a single server would be run as one of its own. */
  readonly isStandaloneEnabled: boolean
  readonly isMultiAddressEnabled: boolean
}

/** The configuration that a good request asks for, or the code of what is wrong with a bad one. */
export type ReconfigPlan = { readonly next: QuorumVerifier } | { readonly next: null; readonly code: number }

/** Checks requests while this server leads; the preparer of reconfigurations asks it. */
export interface ReconfigAuthority {
  /** What the request comes to if it gets the zxid, which becomes the version. Changes nothing. */
  plan(request: ReconfigRequest, zxid: number): ReconfigPlan
  /** The transaction that proposes `next` is prepared: until it is in force there can be no other. */
  prepared(next: QuorumVerifier): void
}

/** The authority of a leader, for as long as it leads. */
export class LeaderReconfigAuthority implements ReconfigAuthority {
  readonly #state: ReconfigState
  readonly #rules: ReconfigRules
  /** Prepared by this leader, perhaps not proposed yet: requests of one batch are prepared before any of them is. */
  #prepared: QuorumVerifier | null = null

  constructor(state: ReconfigState, rules: ReconfigRules) {
    this.#state = state
    this.#rules = rules
  }

  plan(request: ReconfigRequest, zxid: number): ReconfigPlan {
    return planReconfig(request, zxid, this.#state, this.#lastSeen(), this.#rules)
  }

  prepared(next: QuorumVerifier): void {
    this.#prepared = next
  }

  #lastSeen(): QuorumVerifier {
    const { lastSeen } = this.#state
    return this.#prepared !== null && this.#prepared.version > lastSeen.version ? this.#prepared : lastSeen
  }
}

function planReconfig(
  request: ReconfigRequest,
  zxid: number,
  state: ReconfigState,
  lastSeen: QuorumVerifier,
  rules: ReconfigRules,
): ReconfigPlan {
  if (lastSeen.version !== state.committed.version) return refusal(ErrorCode.RECONFIG_IN_PROGRESS)
  if (request.curConfigId !== -1 && request.curConfigId !== lastSeen.version) return refusal(ErrorCode.BAD_VERSION)
  const membership = requestedMembership(request, lastSeen.membership, rules.isMultiAddressEnabled)
  if (membership === null) return refusal(ErrorCode.BAD_ARGUMENTS)
  const next = makeQuorumVerifier({ ...membership, version: zxid })
  const votersMin = rules.isStandaloneEnabled ? 2 : 1
  if (next.voters.size < votersMin) return refusal(ErrorCode.BAD_ARGUMENTS)
  return state.isQuorumSynced(next) ? { next } : refusal(ErrorCode.NEW_CONFIG_NO_QUORUM)
}

function refusal(code: number): ReconfigPlan {
  return { next: null, code }
}

/** The members that the request asks for; null for a text that names none, or members that cannot be. */
function requestedMembership(request: ReconfigRequest, present: Membership, isMultiAddressEnabled: boolean): Membership | null {
  try {
    if (request.newMembers !== null) return parseMembershipText(request.newMembers.replaceAll(',', '\n'), isMultiAddressEnabled)
    return changedMembership(request, present, isMultiAddressEnabled)
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

/** Some leave, then some join. There is no telling which groups they would leave and join, so groups cannot be changed like this. */
function changedMembership(request: ReconfigRequest, present: Membership, isMultiAddressEnabled: boolean): Membership | null {
  if (present.hierarchy !== null) return null
  const members = new Map(present.members)
  for (const text of listItems(request.leavingServers)) members.delete(parseId(text))
  for (const text of listItems(request.joiningServers)) {
    const joiner = parseJoiner(text, isMultiAddressEnabled)
    // Clients have to be told of a member that joins, so it has to say where it serves them.
    if (joiner.client === null) return null
    for (const member of members.values()) {
      if (member.id !== joiner.id && sharesAddress(joiner, member)) return null
    }
    members.set(joiner.id, joiner)
  }
  const ascending = [...members].sort(([one], [other]) => one - other)
  return { members: new Map(ascending), hierarchy: null, version: present.version }
}

function listItems(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** `server.<id>=<line>`, or `<id>=<line>` as some clients send it. */
function parseJoiner(text: string, isMultiAddressEnabled: boolean): Member {
  const [key = '', line, ...rest] = text.split('=').map((part) => part.trim())
  if (line === undefined || rest.length > 0) throw new ConfigError(text, 'a joining server is server.<id>=<address>')
  return parseServerLine(parseId(key.slice(key.lastIndexOf('.') + 1)), line, isMultiAddressEnabled)
}

function parseId(text: string): number {
  return parseWholeNumber(text, 0, Number.MAX_SAFE_INTEGER, 'a server is named by its id')
}

/** Two servers cannot both be at one address, unless it means another machine for each of them. */
function sharesAddress(one: Member, other: Member): boolean {
  const addresses = new Set(ownAddresses(one))
  return ownAddresses(other).some((address) => addresses.has(address))
}

/** Every address of a server that is its own on the whole network. */
function ownAddresses(member: Member): string[] {
  const addresses: string[] = []
  for (const { host, quorumPort, electionPort } of member.addresses) {
    if (isEverywhere(host)) continue
    addresses.push(`${bracketedHost(host)}:${quorumPort}`, `${bracketedHost(host)}:${electionPort}`)
  }
  if (member.client !== null && !isEverywhere(member.client.host)) {
    addresses.push(`${bracketedHost(member.client.host)}:${member.client.port}`)
  }
  return addresses
}

/** Addresses that every machine has: all of its own, and those that do not leave it. */
function isEverywhere(host: string): boolean {
  return (
    isAnyAddress(host) || host === 'localhost' || (isIpv4(host) && host.startsWith('127.')) || expandIpv6(host) === LOOPBACK_IPV6
  )
}

const LOOPBACK_IPV6 = '0:0:0:0:0:0:0:1'
