import { parseMembership } from '../../src/membership/membership.ts'
import { makeQuorumVerifier, type QuorumVerifier } from '../../src/membership/quorum-verifier.ts'

/** What differs from members 1..n that all vote. */
export interface ConfigShape {
  readonly version?: number
  readonly observers?: readonly number[]
  /** Members whose port for the quorum is not the usual one. */
  readonly moved?: readonly number[]
  /** Groups of voters with weights of 1. */
  readonly groups?: readonly (readonly number[])[]
  /** Members without an address for clients. */
  readonly clientless?: readonly number[]
}

/** A configuration whose voters are `voters`. */
export function makeConfig(voters: readonly number[], shape: ConfigShape = {}): QuorumVerifier {
  const properties = new Map<string, string>()
  for (const sid of [...voters, ...(shape.observers ?? [])]) {
    const role = voters.includes(sid) ? 'participant' : 'observer'
    const port = shape.moved?.includes(sid) === true ? 4000 : 2000
    const client = shape.clientless?.includes(sid) === true ? '' : `;${5000 + sid}`
    properties.set(`server.${sid}`, `127.0.0.1:${port + sid}:${3000 + sid}:${role}${client}`)
  }
  for (const [index, group] of (shape.groups ?? []).entries()) properties.set(`group.${index + 1}`, group.join(':'))
  return makeQuorumVerifier(parseMembership(properties, shape.version ?? 0, false))
}

/** The same configuration, but `size` of its voters are taken for enough. With fewer than a majority that is a mistake. */
export function withQuorumOf(size: number, config: QuorumVerifier): QuorumVerifier {
  return {
    membership: config.membership,
    version: config.version,
    voters: config.voters,
    observers: config.observers,
    member: (id) => config.member(id),
    weightOf: (id) => config.weightOf(id),
    equals: (other) => config.equals(other),
    containsQuorum: (ids) => [...ids].filter((id) => config.voters.has(id)).length >= size,
  }
}
