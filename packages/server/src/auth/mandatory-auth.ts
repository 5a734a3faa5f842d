import { hasScheme, type Identity } from '@tskeeper/core'

/**
 * Schemes of which each client must hold at least one before anything but authentication is served. A
 * request (pings and the end of the session included, `auth` and `sasl` not) of a client that does not is
 * answered SESSIONCLOSEDREQUIRESASLAUTH with zxid 0 and nothing behind the header, and the connection is closed.
 * The connect handshake itself is served.
 */
export class MandatoryAuth {
  readonly schemes: readonly string[]
  /** False, as usual: nothing needs to be asked. */
  readonly isEnforced: boolean

  constructor(schemes: readonly string[]) {
    this.schemes = schemes
    this.isEnforced = schemes.length > 0
  }

  isSatisfied(identities: readonly Identity[]): boolean {
    return !this.isEnforced || this.schemes.some((scheme) => hasScheme(identities, scheme))
  }
}
