/**
 * What the rules of one scheme are, as far as ACLs are concerned. How a connection comes by an
 * identity of the scheme is the server's business (its authentication providers).
 *
 * `world`, `auth` and `super` are not schemes in this sense: the first is part of the check itself, the second
 * is replaced when an ACL is set, the third cannot stand in an ACL.
 */
export interface AclScheme {
  readonly name: string
  /** May an ACL hold this id? */
  isValid(id: string): boolean
  /** Does a connection with the identity `identityId` pass an ACL entry with `aclId`? */
  matches(identityId: string, aclId: string): boolean
  /** Does an identity of this scheme take the place of `auth` when an ACL is set? */
  readonly countsForAuth: boolean
  /** The part of an id that may be shown to its owner as a name, without secrets. */
  displayUser(id: string): string
}

/** The schemes of a server by name. */
export class AclSchemes {
  private readonly byName = new Map<string, AclScheme>()

  constructor(schemes: readonly AclScheme[]) {
    for (const scheme of schemes) this.byName.set(scheme.name, scheme)
  }

  get(name: string): AclScheme | null {
    return this.byName.get(name) ?? null
  }

  /** In the order in which they were given. */
  names(): string[] {
    return [...this.byName.keys()]
  }
}
