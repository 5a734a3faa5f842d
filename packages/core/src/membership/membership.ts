// Who belongs to the ensemble: the lines `server.N`, `group.N` and `weight.N` of a configuration together,
// and the version under which the ensemble knows them. The canonical text is what `/zookeeper/config` holds.

import { ConfigError } from './config-error.ts'
import { formatServerLine, type Member, parseServerLine } from './server-line.ts'
import { notANumber, parseWholeNumber } from './whole-number.ts'

/** The members of an ensemble and how their votes count. */
export interface Membership {
  /** By id, ascending. */
  readonly members: ReadonlyMap<number, Member>
  /** Present when groups or weights are configured: a quorum is then a majority of weight in a majority of groups. */
  readonly hierarchy: Hierarchy | null
  /** The zxid of the change that made this membership; 0 for one that only a file tells. */
  readonly version: number
}

/** Groups and weights. Every participant is in exactly one group; nothing forbids an observer in one. */
export interface Hierarchy {
  /** Members' ids by group number, both ascending. */
  readonly groups: ReadonlyMap<number, readonly number[]>
  /** Votes by member id, ascending. Every participant and every id of a group has an entry. */
  readonly weights: ReadonlyMap<number, number>
}

/** True for keys that describe members; Apache tells them by how they begin. */
export function isMembershipKey(key: string): boolean {
  return key.startsWith('server.') || key.startsWith('group') || key.startsWith('weight')
}

/** Reads the membership lines among `properties`; other keys are not looked at. Throws `ConfigError`. */
export function parseMembership(
  properties: ReadonlyMap<string, string>,
  version: number,
  isMultiAddressEnabled: boolean,
): Membership {
  const members = new Map<number, Member>()
  const groups = new Map<number, number[]>()
  const weights = new Map<number, number>()
  for (const [key, value] of properties) {
    if (key.startsWith('server.')) {
      const id = parseId(key)
      members.set(id, parseServerLine(id, value, isMultiAddressEnabled))
    } else if (key.startsWith('group')) {
      groups.set(parseId(key), parseGroup(key, value))
    } else if (key.startsWith('weight')) {
      weights.set(parseId(key), wholeNumber(value, `the votes of a server are a whole number, as in ${key}=1`))
    }
  }
  const sortedMembers = ascending(members)
  if (groups.size === 0 && weights.size === 0) return { members: sortedMembers, hierarchy: null, version }
  return { members: sortedMembers, hierarchy: makeHierarchy(sortedMembers, groups, weights), version }
}

/**
 * Reads a whole text as `formatMembership` writes it, and as people write it: lines of `key=value` in any order,
 * blanks around keys and values, comments. Without a version it is 0. Throws `ConfigError`, also for other keys.
 */
export function parseMembershipText(text: string, isMultiAddressEnabled: boolean): Membership {
  const properties = new Map<string, string>()
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, key, value = ''] = /^\s*([^\s=:#!][^\s=:]*)\s*[=:]?\s*(.*?)\s*$/.exec(line) ?? []
    if (key === undefined) continue
    if (!isMembershipKey(key) && key !== 'version') {
      throw new ConfigError(`Unrecognised parameter: ${key}`, 'members are lines server.<id>, group.<number> and weight.<id>')
    }
    properties.set(key, value)
  }
  return parseMembership(properties, parseMembershipVersion(properties.get('version') ?? '0'), isMultiAddressEnabled)
}

/** Reads the hexadecimal digits of a version; throws `ConfigError`. */
export function parseMembershipVersion(text: string): number {
  const version = /^[0-9a-fA-F]+$/.test(text) ? Number.parseInt(text, 16) : Number.NaN
  if (Number.isSafeInteger(version)) return version
  throw new ConfigError(notANumber(text), 'a version is a zxid in hexadecimal digits, as in version=100000003')
}

/** The canonical text: one line a member, then groups and weights, the version last, no newline at the end. */
export function formatMembership(membership: Membership): string {
  const lines = [...membershipLines(membership), `version=${membership.version.toString(16)}`]
  return lines.join('\n')
}

/** The lines without the version, as a dynamic configuration file holds them, but in the order of the canonical text. */
export function membershipLines(membership: Membership): string[] {
  const lines: string[] = []
  for (const member of membership.members.values()) lines.push(`server.${member.id}=${formatServerLine(member)}`)
  if (membership.hierarchy === null) return lines
  for (const [group, ids] of membership.hierarchy.groups) lines.push(`group.${group}=${ids.join(':')}`)
  for (const [id, weight] of membership.hierarchy.weights) lines.push(`weight.${id}=${weight}`)
  return lines
}

/** Members that vote. */
export function participants(membership: Membership): Member[] {
  return [...membership.members.values()].filter((member) => member.role === 'participant')
}

function makeHierarchy(
  members: ReadonlyMap<number, Member>,
  groups: ReadonlyMap<number, readonly number[]>,
  givenWeights: ReadonlyMap<number, number>,
): Hierarchy {
  const groupOf = new Map<number, number>()
  for (const [group, ids] of groups) {
    for (const id of ids) {
      if (groupOf.has(id))
        throw new ConfigError(`Server ${id}is in multiple groups`, `name it in group.${groupOf.get(id)} or in group.${group}`)
      groupOf.set(id, group)
    }
  }
  const weights = new Map(givenWeights)
  for (const member of members.values()) {
    if (member.role === 'observer') continue
    if (!groupOf.has(member.id)) {
      throw new ConfigError(
        `Server ${member.id}is not in a group`,
        'with groups or weights, every voting server is in exactly one group.<number> line',
      )
    }
    if (!weights.has(member.id)) weights.set(member.id, 1)
  }
  for (const [id, group] of groupOf) {
    if (weights.has(id)) continue
    throw new ConfigError(
      `Server ${id} of group.${group} has no weight`,
      `take it out of the group, as it does not vote, or give it a line weight.${id}`,
    )
  }
  const sortedGroups = ascending(new Map([...groups].map(([group, ids]) => [group, [...ids].sort((a, b) => a - b)])))
  return { groups: sortedGroups, weights: ascending(weights) }
}

function parseGroup(key: string, text: string): number[] {
  return text.split(':').map((id) => wholeNumber(id, `a group is a list of server ids with colons between, as in ${key}=1:2:3`))
}

/** The number after the first dot of the key. */
function parseId(key: string): number {
  return wholeNumber(key.slice(key.indexOf('.') + 1), `after the dot of ${key} stands a whole number, as in server.1`)
}

function wholeNumber(text: string, remedy: string): number {
  return parseWholeNumber(text, 0, Number.MAX_SAFE_INTEGER, remedy)
}

function ascending<Value>(map: ReadonlyMap<number, Value>): Map<number, Value> {
  return new Map([...map].sort(([a], [b]) => a - b))
}
