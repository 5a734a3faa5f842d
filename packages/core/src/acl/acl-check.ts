import type { AclSchemes } from './acl-scheme.ts'
import type { AclList } from './acl-table.ts'
import { hasScheme, type Identity } from './auth-id.ts'

/**
 * May a connection with these identities do what `wantedPerms` says on a node with this list? If
 * several bits are wanted, one of them that is granted will do. An empty list restricts nothing.
 * `skipAcl` is the configuration's switch that turns all checks off.
 *
 * A node whose ACL id is `OPEN_ACL_ID` need not be asked about: hot paths compare the id and stop there.
 */
export function isAllowed(
  list: AclList,
  wantedPerms: number,
  identities: readonly Identity[],
  schemes: AclSchemes,
  skipAcl: boolean,
): boolean {
  if (skipAcl || list.length === 0 || hasScheme(identities, 'super')) return true
  for (const entry of list) {
    if ((entry.perms & wantedPerms) === 0) continue
    if (entry.scheme === 'world' && entry.id === 'anyone') return true
    if (isHeld(entry.scheme, entry.id, identities, schemes)) return true
  }
  return false
}

function isHeld(schemeName: string, aclId: string, identities: readonly Identity[], schemes: AclSchemes): boolean {
  const scheme = schemes.get(schemeName)
  if (scheme === null) return false
  for (const identity of identities) {
    if (identity.scheme === schemeName && scheme.matches(identity.id, aclId)) return true
  }
  return false
}
