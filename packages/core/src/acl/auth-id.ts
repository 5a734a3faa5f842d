/**
 * Who a connection is, in the terms of one scheme: `digest` and "user:hash", `ip` and an address.
 * A connection can hold many; they are added and never taken away.
 */
export interface Identity {
  readonly scheme: string
  readonly id: string
}

/** The one identity that passes every check; only its scheme counts. */
export const superIdentity: Identity = { scheme: 'super', id: '' }

/** Adds an identity unless the connection holds it already. */
export function addIdentity(identities: Identity[], added: Identity): void {
  if (!identities.some((held) => held.scheme === added.scheme && held.id === added.id)) identities.push(added)
}

/** Does the connection hold an identity of this scheme? */
export function hasScheme(identities: readonly Identity[], scheme: string): boolean {
  for (const identity of identities) {
    if (identity.scheme === scheme) return true
  }
  return false
}
