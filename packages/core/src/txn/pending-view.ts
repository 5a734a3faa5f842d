// The tree as it will be when everything that was prepared has been applied. A write is checked against this
// view, so that a client may send the next one before the last one is on disk.
//
// For each path that a pending transaction touches there is one record, in the tree's own node table, but
// not in its index: a copy of the node's record with the changes on top, or a record marked as absent. A look-up
// asks here first and then the tree.
//
//   prepare zxid 7: set /a      -> record of /a { version 4, zxid 7 }       queue: (7, /a)
//   prepare zxid 8: create /a/b -> record of /a { cversion 2, zxid 8 },     queue: (7, /a) (8, /a) (8, /a/b)
//                                  record of /a/b { zxid 8 }
//   zxid 7 is applied           -> /a's record is of zxid 8: it stays       queue: (8, /a) (8, /a/b)
//   zxid 8 is applied           -> both records go                          queue: empty
//
// The digest that the tree will have after each transaction is kept up here in the same way.

import { assert } from '../lib/assert.ts'
import { isCompact } from '../tree/compact-table.ts'
import type { DataTree } from '../tree/data-tree.ts'
import { recordDigest } from '../tree/node-digest.ts'
import {
  ACL_ID,
  CZXID,
  DATA_REF,
  DIGEST,
  FIRST_CHILD,
  FLAG_ABSENT,
  FLAG_BORROWED_PATH,
  FLAG_FRESH_EPHEMERAL,
  FLAG_IN_DIGEST,
  FLAG_PENDING,
  PARENT,
  PATH_HASH,
  PATH_REF,
  RECORD_WORDS,
  STORED_OWNER,
} from '../tree/node-fields.ts'
import { PathIndex } from '../tree/path-index.ts'
import { TreeDigest } from '../tree/tree-digest.ts'

/** Zxid of the last transaction that touched a pending record: where the tree's records have their links. */
const PENDING_ZXID = FIRST_CHILD
/** The tree's record that it stands for. */
const ORIGIN = PARENT

export class PendingView {
  readonly tree: DataTree
  readonly digest: TreeDigest = new TreeDigest()
  private readonly index = new PathIndex()
  /** Pending ephemeral nodes that the tree does not have yet. */
  private freshEphemeralCount = 0
  // (zxid, record) pairs in the order of preparation: a ring whose capacity is a power of two.
  private queueZxids = new Float64Array(1024)
  private queueNodes = new Int32Array(1024)
  private queueHead = 0
  private queueSize = 0
  /** Changes that were ever prepared, whatever became of them. */
  preparedCount = 0
  /** What a multi that fails must put back is kept from `beginMulti` on. */
  private isInMulti = false
  /** Records that the multi has touched, in order; those that it made have no words. */
  private readonly savedNodes: number[] = []
  /** Where each record's words begin in `savedWords`, -1 for none. */
  private readonly savedAt: number[] = []
  /** The records' words before the multi. */
  private savedWords = new Int32Array(RECORD_WORDS * 16)
  private savedWordCount = 0
  private readonly savedDigest: TreeDigest = new TreeDigest()
  private savedQueueSize = 0

  constructor(tree: DataTree) {
    this.tree = tree
  }

  /** Number of records; 0 when nothing is pending. */
  get size(): number {
    return this.index.size
  }

  /**
   * The next transaction is about to be prepared. While nothing is pending, the view is the tree, whatever has been done to
   * it in the meantime: by recovery, by a snapshot, by a cleaning up without a transaction.
   */
  begin(): void {
    if (this.index.size === 0) this.digest.copyFrom(this.tree.digest)
  }

  // --- looking ---------------------------------------------------------------------------------

  /** The node at this path as it will be: a pending record or a node of the tree; 0 if there will be none. */
  find(hash: number, bytes: Uint8Array, start: number, length: number): number {
    if (this.index.size > 0) {
      const pending = this.findPending(hash, bytes, start, length)
      if (pending !== 0) return this.tree.nodes.hasFlag(pending, FLAG_ABSENT) ? 0 : pending
    }
    return this.tree.findHashed(hash, bytes, start, length)
  }

  /** The root as it will be. */
  root(): number {
    return this.findPending(ROOT_HASH, NO_BYTES, 0, 0) || this.tree.root
  }

  private findPending(hash: number, bytes: Uint8Array, start: number, length: number): number {
    const { index } = this
    const { nodes } = this.tree
    let node = index.first(hash)
    while (node !== 0 && !nodes.hasPath(node, bytes, start, length)) node = index.next(hash)
    return node
  }

  // --- changing --------------------------------------------------------------------------------

  /** A record for this node that the transaction `zxid` may change: the node's own if it is pending already, else a copy. */
  change(node: number, zxid: number): number {
    return this.recordOf(node, zxid, true)
  }

  /** Without `staysThere` a copy has no checksums: they are for the digest of a node that will be changed, not of one that will be gone. */
  private recordOf(node: number, zxid: number, staysThere: boolean): number {
    const { nodes } = this.tree
    if (nodes.hasFlag(node, FLAG_PENDING)) {
      // What this very transaction has touched before is saved already, and in the queue.
      if (nodes.getNumber(node, PENDING_ZXID) === zxid) return node
      this.save(node)
      this.touch(node, zxid)
      return node
    }
    const pending = nodes.allocate()
    if (isCompact(node)) {
      if (staysThere) this.tree.copyExpanded(node, pending)
      else nodes.expand(node, pending)
    } else {
      nodes.copy(node, pending)
      nodes.setFlag(pending, FLAG_BORROWED_PATH, true)
    }
    nodes.setInt(pending, ORIGIN, node)
    nodes.setInt(pending, DATA_REF, 0)
    this.tree.acls.addReference(nodes.getInt(pending, ACL_ID))
    // The root's record has the hash 0, under which it is looked up here.
    this.enter(pending, nodes.getInt(pending, PATH_HASH), zxid)
    return pending
  }

  /** The tree's record of a node that this view has found; 0 if it is pending and the tree did not have it then. */
  placeOf(node: number): number {
    const { nodes } = this.tree
    return nodes.hasFlag(node, FLAG_PENDING) ? nodes.getInt(node, ORIGIN) : node
  }

  /** A record for a path that has no node, or whose node will be gone: all zeros but for path and flags. */
  create(hash: number, bytes: Uint8Array, start: number, length: number, zxid: number): number {
    const { nodes } = this.tree
    const absent = this.index.size > 0 ? this.findPending(hash, bytes, start, length) : 0
    if (absent !== 0) {
      const isTouched = nodes.getNumber(absent, PENDING_ZXID) === zxid
      if (!isTouched) this.save(absent)
      this.clear(absent)
      if (isTouched) nodes.setNumber(absent, PENDING_ZXID, zxid)
      else this.touch(absent, zxid)
      return absent
    }
    const pending = nodes.allocate()
    nodes.setPath(pending, bytes, start, length, hash)
    nodes.setInt(pending, ACL_ID, -1)
    this.enter(pending, hash, zxid)
    return pending
  }

  /** The node will be gone. */
  remove(node: number, zxid: number): void {
    const { nodes } = this.tree
    const pending = this.recordOf(node, zxid, false)
    this.digest.replace(nodes.getUint(pending, DIGEST), 0)
    nodes.setInt(pending, DIGEST, 0)
    nodes.setFlag(pending, FLAG_ABSENT, true)
    // The tree's record goes when this is applied, and with it the path that was borrowed; this one may stay for longer.
    if (nodes.hasFlag(pending, FLAG_BORROWED_PATH)) this.ownPath(pending)
    nodes.setInt(pending, ORIGIN, 0)
    this.forgetEphemeral(pending)
  }

  private ownPath(pending: number): void {
    const { nodes } = this.tree
    const ref = nodes.getUint(pending, PATH_REF)
    const hash = nodes.getInt(pending, PATH_HASH)
    nodes.setPath(pending, nodes.slabs.chunk(ref), nodes.slabs.offset(ref), nodes.pathLength(pending), hash)
    nodes.setFlag(pending, FLAG_BORROWED_PATH, false)
  }

  /** Sets the record's ACL, for which the caller has counted a reference. */
  setAcl(pending: number, aclId: number): void {
    this.tree.acls.release(this.tree.nodes.getInt(pending, ACL_ID))
    this.tree.nodes.setInt(pending, ACL_ID, aclId)
  }

  /** The record is a new ephemeral node. */
  addEphemeral(pending: number): void {
    this.tree.nodes.setFlag(pending, FLAG_FRESH_EPHEMERAL, true)
    this.freshEphemeralCount++
  }

  /** After a record's Stat or content changed. */
  refreshDigest(pending: number): void {
    const { nodes } = this.tree
    if (!this.tree.isDigestEnabled || !nodes.hasFlag(pending, FLAG_IN_DIGEST)) return
    const page = nodes.page(pending)
    const at = nodes.offset(pending)
    const digest = recordDigest(page, at)
    this.digest.replace(page.getUint32(at + DIGEST), digest)
    page.setUint32(at + DIGEST, digest)
  }

  /** The ephemeral nodes that a session will own: nodes of the tree and pending records, in the order of their creation. */
  ephemeralsOf(owner: bigint): number[] {
    const { nodes } = this.tree
    const owned: number[] = []
    for (const node of this.tree.ephemerals.get(owner) ?? []) {
      const ref = nodes.getUint(node, PATH_REF)
      const pending = this.findPending(
        nodes.getInt(node, PATH_HASH),
        nodes.slabs.chunk(ref),
        nodes.slabs.offset(ref),
        nodes.pathLength(node),
      )
      if (pending === 0) owned.push(node)
      else if (!nodes.hasFlag(pending, FLAG_ABSENT | FLAG_FRESH_EPHEMERAL) && nodes.getLong(pending, STORED_OWNER) === owner)
        owned.push(pending)
    }
    if (this.freshEphemeralCount > 0) this.addFreshEphemeralsOf(owner, owned)
    return owned
  }

  /** Sessions end far less often than nodes are made: looking through what is pending is cheaper than keeping lists. */
  private addFreshEphemeralsOf(owner: bigint, owned: number[]): void {
    const { nodes } = this.tree
    for (let i = 0; i < this.queueSize; i++) {
      const at = (this.queueHead + i) & (this.queueNodes.length - 1)
      const node = this.queueNodes[at] as number
      if (!nodes.hasFlag(node, FLAG_FRESH_EPHEMERAL)) continue
      // A record is in the queue once for each transaction that touched it; this is the one that made the node.
      if (nodes.getNumber(node, CZXID) === this.queueZxids[at] && nodes.getLong(node, STORED_OWNER) === owner) owned.push(node)
    }
  }

  // --- applied, or given up --------------------------------------------------------------------

  /** Changes that are prepared and neither applied nor given up yet. */
  get waitingCount(): number {
    return this.queueSize
  }

  /** The transaction `zxid` was applied: records that nothing later touches go. */
  applied(zxid: number): void {
    const { nodes } = this.tree
    while (this.queueSize > 0 && (this.queueZxids[this.queueHead] as number) <= zxid) {
      const node = this.queueNodes[this.queueHead] as number
      const touchedAt = this.queueZxids[this.queueHead] as number
      this.queueHead = (this.queueHead + 1) & (this.queueNodes.length - 1)
      this.queueSize--
      if (nodes.getNumber(node, PENDING_ZXID) === touchedAt) this.drop(node)
      // A later transaction touches it, too; but now the tree has the node and lists it under its owner.
      else if (nodes.getNumber(node, CZXID) === touchedAt) this.forgetEphemeral(node)
    }
  }

  /** A multi begins: from here on changes can be put back. */
  beginMulti(): void {
    assert(!this.isInMulti, 'multis do not nest')
    this.isInMulti = true
    this.savedDigest.copyFrom(this.digest)
    this.savedQueueSize = this.queueSize
  }

  /** The multi is good: what was kept to undo it goes. */
  endMulti(): void {
    assert(this.isInMulti, 'only a multi that has begun can end')
    const view = new DataView(this.savedWords.buffer)
    for (const at of this.savedAt) {
      if (at >= 0) this.tree.acls.release(view.getInt32(at * 4 + ACL_ID))
    }
    this.forgetSaved()
  }

  /** The multi failed: everything is as before `beginMulti`. */
  undoMulti(): void {
    assert(this.isInMulti, 'only a multi can be undone')
    this.queueSize = this.savedQueueSize
    for (let i = this.savedNodes.length - 1; i >= 0; i--) this.putBack(this.savedNodes[i] as number, this.savedAt[i] as number)
    this.digest.copyFrom(this.savedDigest)
    this.forgetSaved()
  }

  private forgetSaved(): void {
    this.isInMulti = false
    this.savedNodes.length = 0
    this.savedAt.length = 0
    this.savedWordCount = 0
  }

  private putBack(node: number, savedAt: number): void {
    if (savedAt < 0) {
      this.drop(node)
      return
    }
    const { nodes } = this.tree
    const saved = this.savedWords.subarray(savedAt, savedAt + RECORD_WORDS)
    const aclId = nodes.getInt(node, ACL_ID)
    this.forgetEphemeral(node)
    const hadBorrowedPath = nodes.hasFlag(node, FLAG_BORROWED_PATH)
    const ref = nodes.getUint(node, PATH_REF)
    nodes.words(node).set(saved, nodes.wordOffset(node))
    // The multi would have deleted the node: the path that was made for that is not needed.
    if (!hadBorrowedPath && nodes.hasFlag(node, FLAG_BORROWED_PATH)) nodes.slabs.free(ref, nodes.pathLength(node))
    // The record as it was holds its own reference, which `save` took for it.
    this.tree.acls.release(aclId)
    if (nodes.hasFlag(node, FLAG_FRESH_EPHEMERAL)) this.freshEphemeralCount++
  }

  private save(node: number): void {
    if (!this.isInMulti) return
    const { nodes } = this.tree
    const savedAt = this.savedWordCount
    if (savedAt + RECORD_WORDS > this.savedWords.length) this.growSavedWords()
    const source = nodes.words(node)
    const at = nodes.wordOffset(node)
    for (let i = 0; i < RECORD_WORDS; i++) this.savedWords[savedAt + i] = source[at + i] as number
    this.savedWordCount += RECORD_WORDS
    this.savedNodes.push(node)
    this.savedAt.push(savedAt)
    this.tree.acls.addReference(nodes.getInt(node, ACL_ID))
  }

  private growSavedWords(): void {
    const words = new Int32Array(this.savedWords.length * 2)
    words.set(this.savedWords)
    this.savedWords = words
  }

  private enter(pending: number, hash: number, zxid: number): void {
    this.tree.nodes.setFlag(pending, FLAG_PENDING, true)
    this.index.add(hash, pending)
    if (this.isInMulti) {
      this.savedNodes.push(pending)
      this.savedAt.push(-1)
    }
    this.touch(pending, zxid)
  }

  private touch(pending: number, zxid: number): void {
    this.tree.nodes.setNumber(pending, PENDING_ZXID, zxid)
    if (this.queueSize === this.queueNodes.length) this.growQueue()
    const at = (this.queueHead + this.queueSize) & (this.queueNodes.length - 1)
    this.queueZxids[at] = zxid
    this.queueNodes[at] = pending
    this.queueSize++
    this.preparedCount++
  }

  private drop(pending: number): void {
    const { nodes } = this.tree
    this.forgetEphemeral(pending)
    this.index.remove(nodes.getInt(pending, PATH_HASH), pending)
    this.tree.acls.release(nodes.getInt(pending, ACL_ID))
    if (nodes.hasFlag(pending, FLAG_BORROWED_PATH)) nodes.setInt(pending, PATH_REF, 0)
    nodes.free(pending)
  }

  /** Makes an absent record blank again: path, hash and the pending flag stay. */
  private clear(pending: number): void {
    const { nodes } = this.tree
    const ref = nodes.getUint(pending, PATH_REF)
    const hash = nodes.getInt(pending, PATH_HASH)
    const length = nodes.pathLength(pending)
    this.tree.acls.release(nodes.getInt(pending, ACL_ID))
    nodes.blank(pending)
    nodes.adoptPath(pending, ref, length, hash)
    nodes.setInt(pending, ACL_ID, -1)
    nodes.setFlag(pending, FLAG_PENDING, true)
  }

  private forgetEphemeral(pending: number): void {
    const { nodes } = this.tree
    if (!nodes.hasFlag(pending, FLAG_FRESH_EPHEMERAL)) return
    nodes.setFlag(pending, FLAG_FRESH_EPHEMERAL, false)
    this.freshEphemeralCount--
  }

  private growQueue(): void {
    const capacity = this.queueNodes.length * 2
    const zxids = new Float64Array(capacity)
    const nodes = new Int32Array(capacity)
    for (let i = 0; i < this.queueSize; i++) {
      const from = (this.queueHead + i) & (this.queueNodes.length - 1)
      zxids[i] = this.queueZxids[from] as number
      nodes[i] = this.queueNodes[from] as number
    }
    this.queueZxids = zxids
    this.queueNodes = nodes
    this.queueHead = 0
  }
}

/** The root has no hash of its own, since it is never looked up by one in the tree: its record has this one. */
const ROOT_HASH = 0
const NO_BYTES = new Uint8Array(0)
