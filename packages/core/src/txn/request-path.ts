// What is asked of the paths in requests before a node is looked for. They are bytes in the request's record, and stay there.

import { ErrorCode, isPlainPathBytes, utf8Read, validatePath } from '@tskeeper/protocol/server'
import { CONFIG_PATH } from '../tree/database.ts'
import { PATH_BYTES_MAX } from '../tree/node-table.ts'

const SLASH = 0x2f
const RESERVED_PATHS = ['/', '/zookeeper', '/zookeeper/quota', CONFIG_PATH]
const RESERVED_PREFIX = '/zookeeper/'

/** What a path must be for its parent to be looked for. */
export function hasSlashAndNoNul(bytes: Uint8Array, start: number, length: number): boolean {
  let hasSlash = false
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]
    if (byte === 0) return false
    if (byte === SLASH) hasSlash = true
  }
  return hasSlash
}

/** May a node have this path? */
export function isValidPath(bytes: Uint8Array, start: number, length: number): boolean {
  if (length > PATH_BYTES_MAX) return false
  return isPlainPathBytes(bytes, start, length) || validatePath(utf8Read(bytes, start, start + length)) === null
}

/** A node that is not there under a path that could never be is a bad argument. */
export function codeOfMissing(bytes: Uint8Array, start: number, length: number): number {
  return isValidPath(bytes, start, length) ? ErrorCode.NO_NODE : ErrorCode.BAD_ARGUMENTS
}

/** Is it the path of a node that is never deleted? */
export function isReserved(bytes: Uint8Array, start: number, length: number): boolean {
  return RESERVED_PATHS.some((path) => path.length === length && hasPrefix(bytes, start, length, path))
}

/** Does the path lie below /zookeeper, where nothing counts in the digest? */
export function isBelowReserved(bytes: Uint8Array, start: number, length: number): boolean {
  return hasPrefix(bytes, start, length, RESERVED_PREFIX)
}

function hasPrefix(bytes: Uint8Array, start: number, length: number, prefix: string): boolean {
  if (length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[start + i] !== prefix.charCodeAt(i)) return false
  }
  return true
}
