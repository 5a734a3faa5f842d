import type { Acl } from '@tskeeper/protocol/server'
import type { AclSchemes } from './acl-scheme.ts'
import type { AclList } from './acl-table.ts'
import type { Identity } from './auth-id.ts'

/**
 * The list that is stored when a client sets `wanted`: without repeated entries, and with one entry for
 * each identity of the client in the place of `auth`. Null if the list cannot be set (INVALIDACL): it is empty,
 * an id is not valid in its scheme, a scheme is unknown, or there is nobody to put in the place of `auth`.
 */
export function fixUpAcl(wanted: AclList | null, identities: readonly Identity[], schemes: AclSchemes): AclList | null {
  if (wanted === null || wanted.length === 0) return null
  const fixed: Acl[] = []
  for (const [index, entry] of wanted.entries()) {
    if (isRepeated(wanted, index, entry)) continue
    if (entry.scheme === 'world' && entry.id === 'anyone') {
      fixed.push(entry)
    } else if (entry.scheme === 'auth') {
      if (!expandAuth(entry.perms, identities, schemes, fixed)) return null
    } else {
      const scheme = schemes.get(entry.scheme)
      if (scheme === null || !scheme.isValid(entry.id)) return null
      fixed.push(entry)
    }
  }
  return fixed
}

/** Lists are a few entries long, so comparing each with those before it is cheaper than a set. */
function isRepeated(list: AclList, end: number, entry: Acl): boolean {
  for (let index = 0; index < end; index++) {
    const earlier = list[index]
    if (earlier === undefined || earlier.perms !== entry.perms) continue
    if (earlier.scheme === entry.scheme && earlier.id === entry.id) return true
  }
  return false
}

function expandAuth(perms: number, identities: readonly Identity[], schemes: AclSchemes, out: Acl[]): boolean {
  let isAnyone = false
  for (const identity of identities) {
    if (schemes.get(identity.scheme)?.countsForAuth !== true) continue
    out.push({ perms, scheme: identity.scheme, id: identity.id })
    isAnyone = true
  }
  return isAnyone
}
