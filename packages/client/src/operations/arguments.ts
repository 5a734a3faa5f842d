// Checks of what callers pass, before anything is sent. Each message names the argument and what would be right.

import { type Acl, CreateMode as Flags, OPEN_ACL, validatePath } from '@tskeeper/protocol'
import type { DataInput } from '../data.ts'
import { encodeText } from '../data.ts'
import { ZooKeeperError } from '../errors.ts'
import type { CreateMode } from '../options.ts'

const VERSION_MAX = 0x7fffffff
const VERSION_MIN = -0x80000000
const TTL_MS_MAX = 1_099_511_627_775

/** The flags of each kind of node. */
export const CREATE_FLAGS: Readonly<Record<CreateMode, number>> = {
  persistent: Flags.persistent,
  ephemeral: Flags.ephemeral,
  'persistent-sequential': Flags.persistentSequential,
  'ephemeral-sequential': Flags.ephemeralSequential,
  container: Flags.container,
  ttl: Flags.persistentWithTtl,
  'ttl-sequential': Flags.persistentSequentialWithTtl,
}

/** The error for an argument that cannot be used. */
export function badArguments(path: string | null, message: string): ZooKeeperError {
  return new ZooKeeperError('BAD_ARGUMENTS', message, { path })
}

/** Throws unless it is a path of a node. */
export function checkPath(path: string): void {
  const problem = pathProblem(path)
  if (problem !== null) throw problem
}

/** What is wrong with a path, or null. */
export function pathProblem(path: string): ZooKeeperError | null {
  if (typeof path !== 'string') return badArguments(null, `a path must be a string and not ${String(path)}`)
  const problem = validatePath(path)
  return problem === null ? null : badArguments(path, problem)
}

/** Throws unless the path of a new node is valid; a sequential one gets its number first, so that `/queue/` is fine. */
export function checkCreatePath(path: string, isSequential: boolean): void {
  if (isSequential && typeof path === 'string') {
    const problem = validatePath(`${path}1`)
    if (problem !== null) throw badArguments(path, problem)
  } else checkPath(path)
}

/** How long a call may take: null is without end, which `Infinity` is, too. Throws unless it is a time. */
export function deadlineOf(deadlineMs: number | null | undefined): number | null {
  if (deadlineMs === null || deadlineMs === undefined || deadlineMs === Number.POSITIVE_INFINITY) return null
  if (typeof deadlineMs === 'number' && !Number.isNaN(deadlineMs)) return deadlineMs
  throw badArguments(null, `deadlineMs is ${String(deadlineMs)}; it must be a number of milliseconds`)
}

/** Data as bytes. */
export function dataBytes(path: string, data: DataInput): Uint8Array | null {
  if (data === null || data instanceof Uint8Array) return data
  if (typeof data === 'string') return encodeText(data)
  throw badArguments(path, `the data of ${path} must be a Uint8Array, a string or null and not ${typeof data}`)
}

/** Throws unless it is -1 or a version that a node can have. */
export function checkVersion(path: string, version: number): void {
  if (Number.isInteger(version) && version >= VERSION_MIN && version <= VERSION_MAX) return
  throw badArguments(path, `the version for ${path} is ${String(version)}; it must be a 32-bit whole number, or -1 for any`)
}

/** An access control list, or the open one. Throws when it is empty. */
export function aclOrOpen(path: string, acl: readonly Acl[] | undefined): readonly Acl[] {
  if (acl === undefined) return OPEN_ACL
  if (acl.length > 0) return acl
  throw badArguments(path, `the access control list of ${path} is empty; a node that nobody may use has perms 0 for world:anyone`)
}

/** Flags and time to live of a new node. */
export function createKind(path: string, mode: CreateMode, ttlMs: number | undefined): { flags: number; ttlMs: number | null } {
  const flags: number | undefined = CREATE_FLAGS[mode]
  if (flags === undefined) {
    throw badArguments(path, `the mode of ${path} is "${mode}"; it must be one of ${Object.keys(CREATE_FLAGS).join(', ')}`)
  }
  const isTtl = mode === 'ttl' || mode === 'ttl-sequential'
  if (isTtl !== (ttlMs !== undefined)) {
    throw badArguments(
      path,
      isTtl ? `mode ${mode} of ${path} needs ttlMs` : `ttlMs of ${path} goes with mode ttl or ttl-sequential`,
    )
  }
  if (ttlMs === undefined) return { flags, ttlMs: null }
  if (Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= TTL_MS_MAX) return { flags, ttlMs }
  throw badArguments(path, `ttlMs of ${path} is ${ttlMs}; it must be a whole number from 1 to ${TTL_MS_MAX}`)
}

/** Whether a kind of node gets a number behind its name. */
export function isSequentialKind(mode: CreateMode): boolean {
  return mode === 'persistent-sequential' || mode === 'ephemeral-sequential' || mode === 'ttl-sequential'
}
