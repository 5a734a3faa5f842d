import { type Acl, formatPerms, parseAcl, parsePerms } from '@tskeeper/protocol'

/** Two lines for each entry, as `getAcl` prints them. */
export function aclLines(acl: readonly Acl[]): string[] {
  return acl.flatMap((entry) => [`'${entry.scheme},'${entry.id}`, `: ${formatPerms(entry.perms)}`])
}

/** An ACL that was typed, and what is wrong with it: entries without the right form are left out, unknown letters are ignored. */
export interface TypedAcl {
  readonly acl: readonly Acl[]
  readonly complaints: readonly string[]
}

/** Reads `scheme:id:perms,...`. */
export function readAcl(text: string): TypedAcl {
  const acl: Acl[] = []
  const complaints: string[] = []
  for (const item of text.split(',')) {
    const entry = parseAcl(item)
    if (entry === null) {
      complaints.push(`${item} does not have the form scheme:id:perm`)
      continue
    }
    const { unknownLetters } = parsePerms(item.slice(item.lastIndexOf(':') + 1))
    for (const letter of unknownLetters) complaints.push(`Unknown perm type: ${letter}`)
    acl.push(entry)
  }
  return { acl, complaints }
}
