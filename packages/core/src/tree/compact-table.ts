// Most nodes of a large tree were created once and never touched again: their Stat is a zxid, a time and zeros, and their
// path is their parent's with a name behind it. Such a node has a record of 48 bytes here, and one block for name and data, instead of
// 128 bytes and two blocks in the node table. The first change of any kind expands it into one of those.
//
//    0  czxid, mzxid and pzxid    8  ctime and mtime   16  ACL id   20  hash of the path
//   24  name and data, a slab reference   28  length of the data (16 bits)   30  length of the name (8 bits)  31  flags (8 bits)
//   32  parent  36  next sibling  40  previous sibling  (node numbers, 0: none)   44  the node's digest
//
// A compact node is persistent, has no children, counts in the tree digest, and its parent has a full record. Its number is
// at least `FIRST_COMPACT`.

import { ACL_ID, DIGEST, NEXT_SIBLING, PARENT, PATH_HASH, PREVIOUS_SIBLING } from './node-fields.ts'

const PAGE_SHIFT = 12
const PAGE_RECORDS = 1 << PAGE_SHIFT
const RECORD_MASK = PAGE_RECORDS - 1

const RECORD_BYTES = 48
export const COMPACT_ZXID = 0
export const COMPACT_TIME = 8
export const COMPACT_ACL_ID = 16
const HASH = 20
export const COMPACT_REF = 24
export const COMPACT_DATA_LENGTH = 28
export const COMPACT_NAME_LENGTH = 30
export const COMPACT_FLAGS = 31
export const COMPACT_PARENT = 32
const NEXT = 36
const PREVIOUS = 40
const COMPACT_DIGEST = 44

/** Longest name that a compact node can have, in bytes. */
export const COMPACT_NAME_BYTES_MAX = 255
/** Name and data have at most so many bytes together: expanding copies them, and of larger ones the record is a small part. */
export const COMPACT_CONTENT_BYTES_MAX = 512

/** Numbers from here on are those of compact records; each kind of record could have a thousand million. */
const FIRST_COMPACT = 0x40000000

/** Is this the number of a compact node? */
export function isCompact(node: number): boolean {
  return node >= FIRST_COMPACT
}

export class CompactTable {
  private readonly pages: DataView[] = []
  /** Numbers that were freed, last in, first out. */
  private readonly freeNodes: number[] = []
  private nextNode = FIRST_COMPACT

  /** The page that holds the node's record, which begins at `offset(node)`. */
  page(node: number): DataView {
    return this.pages[(node - FIRST_COMPACT) >>> PAGE_SHIFT] as DataView
  }

  offset(node: number): number {
    return (node & RECORD_MASK) * RECORD_BYTES
  }

  /** A record of zeros, under a number of its own. */
  allocate(): number {
    const node = this.freeNodes.pop() ?? this.nextNode++
    if (this.pages.length <= (node - FIRST_COMPACT) >>> PAGE_SHIFT)
      this.pages.push(new DataView(new ArrayBuffer(PAGE_RECORDS * RECORD_BYTES)))
    return node
  }

  /** Gives the number back; the block that it refers to is the caller's to free. */
  free(node: number): void {
    const page = this.page(node)
    const at = this.offset(node)
    for (let i = 0; i < RECORD_BYTES; i += 4) page.setInt32(at + i, 0)
    this.freeNodes.push(node)
  }

  nameLength(node: number): number {
    return this.page(node).getUint8(this.offset(node) + COMPACT_NAME_LENGTH)
  }

  dataLength(node: number): number {
    return this.page(node).getUint16(this.offset(node) + COMPACT_DATA_LENGTH)
  }

  /** Where a field that compact records have, too, lies in them; -1 for one whose value is always 0 here. */
  place(field: number): number {
    switch (field) {
      case NEXT_SIBLING:
        return NEXT
      case PREVIOUS_SIBLING:
        return PREVIOUS
      case PARENT:
        return COMPACT_PARENT
      case ACL_ID:
        return COMPACT_ACL_ID
      case PATH_HASH:
        return HASH
      case DIGEST:
        return COMPACT_DIGEST
      default:
        return -1
    }
  }
}
