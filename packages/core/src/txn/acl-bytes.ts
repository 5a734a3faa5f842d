import { type Acl, type ByteReader, type ByteWriter, readAcl, writeAcl } from '@tskeeper/protocol/server'
import type { AclList, AclTable } from '../acl/acl-table.ts'
import { OPEN_ACL_ID } from '../acl/acl-table.ts'

/** A vector of one ACL, (31, world, anyone), as it is encoded: nearly every create carries it. */
export const OPEN_ACL_BYTES: Uint8Array = Uint8Array.of(
  ...[0, 0, 0, 1, 0, 0, 0, 31],
  ...[0, 0, 0, 5, 0x77, 0x6f, 0x72, 0x6c, 0x64],
  ...[0, 0, 0, 6, 0x61, 0x6e, 0x79, 0x6f, 0x6e, 0x65],
)

const openAclView = new DataView(OPEN_ACL_BYTES.buffer)
const OPEN_ACL_WORDS = Int32Array.from({ length: OPEN_ACL_BYTES.length >> 2 }, (_, index) => openAclView.getInt32(index * 4))
const OPEN_ACL_LAST_WORD = openAclView.getInt32(OPEN_ACL_BYTES.length - 4)

/** Fewest bytes of an encoded ACL: perms and two empty strings. */
export const ACL_BYTES_MIN = 12

/** Skips the open ACL if it is what comes next; false: something else comes, nothing was read. */
export function skipOpenAcl(input: ByteReader): boolean {
  if (input.remaining() < OPEN_ACL_BYTES.length) return false
  const { view, position } = input
  for (let i = 0; i < OPEN_ACL_WORDS.length; i++) {
    if (view.getInt32(position + i * 4) !== OPEN_ACL_WORDS[i]) return false
  }
  // The last bytes are no whole word: the word that ends with them overlaps the one before.
  if (view.getInt32(position + OPEN_ACL_BYTES.length - 4) !== OPEN_ACL_LAST_WORD) return false
  input.position += OPEN_ACL_BYTES.length
  return true
}

/** Reads a vector of ACLs; null is null. */
export function readAclList(input: ByteReader): AclList | null {
  const count = input.readCount(ACL_BYTES_MIN)
  if (count < 0) return null
  const list: Acl[] = []
  for (let i = 0; i < count; i++) list.push(readAcl(input))
  return list
}

/** Reads the list of a transaction and counts it as a reference: its id in the table. */
export function readAclId(input: ByteReader, acls: AclTable): number {
  return skipOpenAcl(input) ? OPEN_ACL_ID : acls.idFor(readAclList(input))
}

export function writeAclList(out: ByteWriter, list: AclList): void {
  out.writeInt(list.length)
  for (const acl of list) writeAcl(out, acl)
}
