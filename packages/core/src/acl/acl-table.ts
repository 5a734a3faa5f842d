// The table of ACL lists. Most nodes of a tree share a handful of lists, so a node holds an id and the
// list itself is here once, with a count of the nodes that refer to it. Ids are local to one server and
// never given twice; snapshots carry the table (see "ACL map" in the snapshot's format).
//
// A fuzzy snapshot can hold a node whose id is not in its table: the table was copied before that node
// was created. The log behind the snapshot creates the node again and with it the right list. Until
// then the node holds `MISSING_ACL_ID`, which nobody passes, so that the gap is never an open door.

import { type Acl, OPEN_ACL, Perm } from '@tskeeper/protocol/server'
import { assert } from '../lib/assert.ts'

/** One node's access control: entries in the order that was set. Two lists are equal when all entries are, in order. */
export type AclList = readonly Acl[]

/** The id of the list that lets everybody do everything; it is never counted nor stored. */
export const OPEN_ACL_ID = -1
/** The id of a restored node whose list the snapshot lacks; nobody but a super user passes it. */
export const MISSING_ACL_ID = -2

const missingAclList: AclList = [{ perms: 0, scheme: 'world', id: 'anyone' }]

interface AclEntry {
  readonly id: number
  readonly list: AclList
  readonly key: string
  /** Nodes that refer to this list; 0 only between `restore` and `dropUnreferenced`. */
  referenceCount: number
}

/** A list with its id, as a snapshot stores it. */
export interface AclTableRow {
  readonly id: number
  readonly acl: AclList
}

export class AclTable {
  private readonly byId = new Map<number, AclEntry>()
  private readonly byKey = new Map<string, AclEntry>()
  private lastId = 0
  /** The list that was asked for last: clients create many nodes with one list, and comparing is cheaper than making a key. */
  private recent: AclEntry | null = null

  /** Number of lists in the table, the open one not counted. */
  get size(): number {
    return this.byId.size
  }

  /** The list of a node. */
  list(id: number): AclList {
    if (id === OPEN_ACL_ID) return OPEN_ACL
    if (id === MISSING_ACL_ID) return missingAclList
    const entry = this.byId.get(id)
    assert(entry !== undefined, 'an ACL id that a node holds is in the table')
    return entry.list
  }

  /** The id of `list` with one more reference to it; null is the open list. */
  idFor(list: AclList | null): number {
    if (list === null || isOpen(list)) return OPEN_ACL_ID
    if (this.recent === null || !isEqual(this.recent.list, list)) this.recent = this.findOrInsert(list)
    this.recent.referenceCount += 1
    return this.recent.id
  }

  /** One more node refers to `id`. */
  addReference(id: number): void {
    if (id < 0) return
    const entry = this.byId.get(id)
    assert(entry !== undefined, 'a reference is added to an ACL list that is in the table')
    entry.referenceCount += 1
  }

  /** A node gave up `id`; the list goes with its last node. */
  release(id: number): void {
    if (id < 0) return
    const entry = this.byId.get(id)
    assert(entry !== undefined, 'a reference is released from an ACL list that is in the table')
    assert(entry.referenceCount > 0, 'an ACL list is released as often as it was referenced, not more')
    entry.referenceCount -= 1
    if (entry.referenceCount === 0) this.delete(entry)
  }

  /**
   * Takes a row of a snapshot's table, before the nodes are read; nothing refers to it yet. False if no sound
   * snapshot holds such a row: the id is not above 0, or was there before.
   */
  restore(id: number, list: AclList): boolean {
    if (id <= 0 || this.byId.has(id)) return false
    if (id > this.lastId) this.lastId = id
    const key = aclListKey(list)
    const twin = this.byKey.get(key)
    // A second row with the same list is kept for the nodes that hold its id; new nodes get the first.
    const entry: AclEntry = { id, list, key, referenceCount: 0 }
    this.byId.set(id, entry)
    if (twin === undefined) this.byKey.set(key, entry)
    return true
  }

  /**
   * A node of a snapshot holds `id`: returns the id that it has from now on, with a reference to it.
   * That is `id` itself, or the first of two equal lists, or the open id, or `MISSING_ACL_ID`.
   */
  adoptRestored(id: number): number {
    if (id === OPEN_ACL_ID) return OPEN_ACL_ID
    const restored = this.byId.get(id)
    if (restored === undefined) return MISSING_ACL_ID
    if (isOpen(restored.list)) return OPEN_ACL_ID
    const entry = this.byKey.get(restored.key)
    assert(entry !== undefined, 'each list in the table is found by its content')
    entry.referenceCount += 1
    return entry.id
  }

  /** After the last node of a snapshot was read: drops the rows that no node holds. */
  dropUnreferenced(): void {
    for (const entry of this.byId.values()) {
      if (entry.referenceCount === 0) this.delete(entry)
    }
  }

  /** A copy for a snapshot: the lists are shared, they never change. */
  copy(): AclTableRow[] {
    const rows: AclTableRow[] = []
    for (const entry of this.byId.values()) rows.push({ id: entry.id, acl: entry.list })
    return rows
  }

  /** Empties the table, for a tree that is loaded anew. */
  clear(): void {
    this.byId.clear()
    this.byKey.clear()
    this.lastId = 0
    this.recent = null
  }

  private findOrInsert(list: AclList): AclEntry {
    const key = aclListKey(list)
    const found = this.byKey.get(key)
    if (found !== undefined) return found
    this.lastId += 1
    const entry: AclEntry = { id: this.lastId, list, key, referenceCount: 0 }
    this.byId.set(entry.id, entry)
    this.byKey.set(key, entry)
    return entry
  }

  private delete(entry: AclEntry): void {
    this.byId.delete(entry.id)
    if (this.byKey.get(entry.key) === entry) this.byKey.delete(entry.key)
    if (this.recent === entry) this.recent = null
  }
}

function isOpen(list: AclList): boolean {
  if (list.length !== 1) return false
  const entry = list[0]
  return entry !== undefined && entry.perms === Perm.all && entry.scheme === 'world' && entry.id === 'anyone'
}

function isEqual(left: AclList, right: AclList): boolean {
  if (left.length !== right.length) return false
  for (const [index, entry] of left.entries()) {
    const other = right[index]
    if (other === undefined || entry.perms !== other.perms) return false
    if (entry.scheme !== other.scheme || entry.id !== other.id) return false
  }
  return true
}

/** A text that is equal for equal lists only: the lengths keep one field from running into the next. */
export function aclListKey(list: AclList): string {
  let key = ''
  for (const entry of list) key += `${entry.perms}:${entry.scheme.length}:${entry.scheme}:${entry.id.length}:${entry.id};`
  return key
}
