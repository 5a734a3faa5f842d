import { canonicalIpText, type Identity, ipScheme } from '@tskeeper/core'
import type { AuthConnection, AuthProvider } from './auth-provider.ts'

/** The identity that each connection has from its first moment. */
export function ipIdentity(connection: AuthConnection): Identity {
  return { scheme: ipScheme.name, id: canonicalIpText(connection.remoteAddress) }
}

/** Asking for it is allowed, whatever the data, and gives what is there already. */
export const ipProvider: AuthProvider = {
  scheme: ipScheme.name,
  aclScheme: ipScheme,
  authenticate(_data: Uint8Array | null, connection: AuthConnection): readonly Identity[] {
    return [ipIdentity(connection)]
  },
}
