import { type AclScheme, digestScheme, type Identity, superIdentity } from '@tskeeper/core'
import { utf8Bytes, utf8Read } from '@tskeeper/protocol/server'
import type { AuthConnection, AuthProvider } from './auth-provider.ts'
import { hashBase64 } from './hash.ts'

/**
 * Name and password in the clear, kept as "user:hash". The hash covers name and password, so the
 * same password of two users looks different. `superDigest` is the "user:hash" of the
 * one who passes every ACL, or null if there is nobody.
 */
export class DigestProvider implements AuthProvider {
  readonly scheme: string = digestScheme.name
  readonly aclScheme: AclScheme = digestScheme
  private readonly algorithm: string
  private readonly superDigest: string | null

  constructor(options: { readonly algorithm: string; readonly superDigest: string | null }) {
    this.algorithm = options.algorithm
    this.superDigest = options.superDigest
  }

  authenticate(data: Uint8Array | null, _connection: AuthConnection): readonly Identity[] | null {
    if (data === null) return null
    // As in Apache's server the bytes become text first: what is not UTF-8 is hashed with U+FFFD in its place.
    const id = generateDigest(utf8Read(data, 0, data.length), this.algorithm)
    const identity: Identity = { scheme: digestScheme.name, id }
    return id === this.superDigest ? [superIdentity, identity] : [identity]
  }
}

/**
 * The id for an ACL of who authenticates with "user:password": "user:" and the hash in base64, over the whole text
 * in UTF-8. Without a colon all of it is the user. It is also what `superDigest` in a configuration is made with.
 */
export function generateDigest(userAndPassword: string, algorithm = 'SHA1'): string {
  const colon = userAndPassword.indexOf(':')
  const user = colon < 0 ? userAndPassword : userAndPassword.slice(0, colon)
  return `${user}:${hashBase64(algorithm, utf8Bytes(userAndPassword))}`
}
