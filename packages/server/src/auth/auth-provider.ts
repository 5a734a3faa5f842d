import type { AclScheme, Identity } from '@tskeeper/core'

/** What a provider may know of the connection that authenticates. */
export interface AuthConnection {
  /** Textual address of the peer. */
  readonly remoteAddress: string
}

/** How a connection comes by the identities of one scheme. */
export interface AuthProvider {
  /** The scheme that clients name in their auth packet. */
  readonly scheme: string
  /** The rules of the scheme within ACLs. */
  readonly aclScheme: AclScheme
  /**
   * The identities that `data` of an auth packet proves, to be added to the connection's. Null is a failure:
   * the client is answered AUTHFAILED and disconnected.
   */
  authenticate(data: Uint8Array | null, connection: AuthConnection): readonly Identity[] | null
}
