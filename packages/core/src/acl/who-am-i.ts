import type { ClientInfo } from '@tskeeper/protocol/server'
import type { AclSchemes } from './acl-scheme.ts'
import type { Identity } from './auth-id.ts'

/** What a connection is told about itself: each identity's scheme, and the name in it (none for schemes such as `super`). */
export function whoAmI(identities: readonly Identity[], schemes: AclSchemes): ClientInfo[] {
  return identities.map(({ scheme, id }) => ({ authScheme: scheme, user: schemes.get(scheme)?.displayUser(id) ?? '' }))
}
