// Finds the members: in the main file, or in the dynamic file that the main one names. The dynamic file
// belongs to the ensemble, which rewrites it at every change; its name ends with the version in hexadecimal.

import { resolve } from 'node:path'
import { ConfigError, isMembershipKey, type Membership, parseMembership, participants } from '@tskeeper/core'
import type { Logger } from '../logger.ts'
import type { Disk } from '../runtime/disk.ts'
import { parseProperties } from './properties-file.ts'

/** What the configuration says about members. */
export interface MembershipFiles {
  readonly membership: Membership | null
  /** From `<config>.dynamic.next`: newer, proposed, but not known to be agreed on when the server stopped. */
  readonly lastSeen: Membership | null
}

/** Where to look. */
export interface MembershipSources {
  readonly disk: Pick<Disk, 'exists' | 'readFile'>
  readonly workingDirectory: string
  /** The main file's name and keys. */
  readonly configPath: string | null
  readonly fileProperties: ReadonlyMap<string, string>
  readonly dynamicConfigFile: string | null
  readonly isMultiAddressEnabled: boolean
}

/** Reads the members; throws `ConfigError`. */
export function readMembership(sources: MembershipSources): MembershipFiles {
  const inline = [...sources.fileProperties].filter(([key]) => isMembershipKey(key))
  if (sources.dynamicConfigFile === null) {
    if (inline.length === 0) return { membership: null, lastSeen: null }
    return { membership: parseMembership(new Map(inline), 0, sources.isMultiAddressEnabled), lastSeen: null }
  }
  const misplaced = inline[0]
  if (misplaced !== undefined) {
    throw new ConfigError(
      `parameter: ${misplaced[0]} must be in a separate dynamic config file`,
      `move the line to ${sources.dynamicConfigFile}, or take the line dynamicConfigFile away`,
    )
  }
  const path = resolve(sources.workingDirectory, sources.dynamicConfigFile)
  const membership = readDynamicFile(sources, path, false)
  const nextPath = sources.configPath === null ? null : `${sources.configPath}.dynamic.next`
  const hasNext = nextPath !== null && sources.disk.exists(nextPath)
  const next = hasNext ? readDynamicFile(sources, nextPath, true) : null
  // A stop between the last two steps of a change leaves the proposal behind.
  return { membership, lastSeen: next !== null && next.version > membership.version ? next : null }
}

/**
 * Whether the members make an ensemble. Refuses lists that cannot work and reports those that work badly;
 * throws `ConfigError`.
 */
export function checkDistributed(membership: Membership | null, standaloneEnabled: boolean, logger: Logger): boolean {
  const voterCount = membership === null ? 0 : participants(membership).length
  const observerCount = membership === null ? 0 : membership.members.size - voterCount
  if (voterCount === 0) {
    if (!standaloneEnabled) {
      throw new ConfigError(
        'standaloneEnabled = false then number of participants should be >0',
        'add a line server.<id> for each server, or leave standaloneEnabled at true for a server of its own',
      )
    }
    if (observerCount > 0)
      throw new ConfigError('Observers w/o participants is an invalid configuration', 'observers need servers that vote')
    return false
  }
  if (voterCount === 1 && standaloneEnabled) {
    logger.error('Invalid configuration, only one server specified (ignoring)')
    if (observerCount > 0) {
      throw new ConfigError(
        'Observers w/o quorum is an invalid configuration',
        'observers need more than one voting server, or standaloneEnabled=false',
      )
    }
    return false
  }
  if (voterCount <= 2) logger.warn('No server failure will be tolerated. You need at least 3 servers.')
  else if (voterCount % 2 === 0) logger.warn('Non-optimal configuration, consider an odd number of servers.')
  return true
}

function readDynamicFile(sources: MembershipSources, path: string, hasVersionInside: boolean): Membership {
  if (!sources.disk.exists(path))
    throw new ConfigError(`Error processing ${path}`, 'the file is missing; dynamicConfigFile names it')
  const properties = parseProperties(sources.disk.readFile(path))
  for (const key of properties.keys()) {
    if (isMembershipKey(key) || (hasVersionInside && key === 'version')) continue
    if (key === 'version') {
      throw new ConfigError(
        `dynamic file shouldn't have version inside`,
        `${path} has it in its name, as hexadecimal digits after the last dot`,
      )
    }
    throw new ConfigError(
      `Unrecognised parameter: ${key}`,
      `${path} holds lines server.<id>, group.<number> and weight.<id> only`,
    )
  }
  const versionText = hasVersionInside ? (properties.get('version') ?? '0') : path.slice(path.lastIndexOf('.') + 1)
  return parseMembership(properties, parseVersion(versionText), sources.isMultiAddressEnabled)
}

/** Hexadecimal digits; a name that ends otherwise has version 0. */
function parseVersion(text: string): number {
  const version = /^[0-9a-fA-F]+$/.test(text) ? Number.parseInt(text, 16) : 0
  return Number.isSafeInteger(version) ? version : 0
}
