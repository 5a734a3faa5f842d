// Access control lists as values and as the text that people type: `scheme:id:perms`.

import { Perm } from './constants.ts'
import type { Acl } from './generated/common-records.ts'

/** Everyone may do everything. */
export const OPEN_ACL: readonly Acl[] = [{ perms: Perm.all, scheme: 'world', id: 'anyone' }]
/** Everyone may read. */
export const READ_ACL: readonly Acl[] = [{ perms: Perm.read, scheme: 'world', id: 'anyone' }]
/** Every identity of the node's creator may do everything; the server expands it. */
export const CREATOR_ALL_ACL: readonly Acl[] = [{ perms: Perm.all, scheme: 'auth', id: '' }]

/** Letters of the permissions, in the order in which they are shown. */
const letters: readonly (readonly [letter: string, bit: number])[] = [
  ['c', Perm.create],
  ['d', Perm.delete],
  ['r', Perm.read],
  ['w', Perm.write],
  ['a', Perm.admin],
]

/** Permissions as letters, such as `cdrwa`. */
export function formatPerms(perms: number): string {
  return letters.map(([letter, bit]) => ((perms & bit) === 0 ? '' : letter)).join('')
}

/** The permission bits that the letters name, and the letters that name none. */
export function parsePerms(text: string): { readonly perms: number; readonly unknownLetters: readonly string[] } {
  let perms = 0
  const unknownLetters: string[] = []
  for (const letter of text) {
    const bit = letters.find(([known]) => known === letter)?.[1]
    if (bit === undefined) unknownLetters.push(letter)
    else perms |= bit
  }
  return { perms, unknownLetters }
}

/** An entry as `scheme:id:perms`. */
export function formatAcl(acl: Acl): string {
  return `${acl.scheme}:${acl.id}:${formatPerms(acl.perms)}`
}

/**
 * Reads `scheme:id:perms`, split at the first and the last colon, as ids may hold colons of their own.
 * Null when there are not two colons; letters that are no permission are ignored, see `parsePerms`.
 */
export function parseAcl(text: string): Acl | null {
  const first = text.indexOf(':')
  const last = text.lastIndexOf(':')
  if (first === last) return null
  return { perms: parsePerms(text.slice(last + 1)).perms, scheme: text.slice(0, first), id: text.slice(first + 1, last) }
}
