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
import type { DataTree } from '../tree/data-tree.ts'
import { recordDigest } from '../tree/node-digest.ts'
import {
  ACL_ID,
  DATA_REF,
  DIGEST,
  FIRST_CHILD,
  FLAG_ABSENT,
  FLAG_IN_DIGEST,
  FLAG_PENDING,
  KIND_EPHEMERAL,
  PATH_HASH,
  PATH_REF,
  RECORD_BYTES,
  STORED_OWNER,
} from '../tree/node-fields.ts'
import { PathIndex } from '../tree/path-index.ts'
import { TreeDigest } from '../tree/tree-digest.ts'

/** Zxid of the last transaction that touched a pending record: where the tree's records have their links. */
const PENDING_ZXID = FIRST_CHILD

export class PendingView {
  readonly tree: DataTree
  readonly digest: TreeDigest = new TreeDigest()
  private readonly index = new PathIndex()
  /** Pending ephemeral nodes that the tree does not have yet, by owner. */
  private readonly ephemerals: Map<bigint, Set<number>> = new Map()
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
  /** The records' words before the multi, and behind each whether it was listed as a new ephemeral node. */
  private savedWords = new Int32Array(SAVED_WORDS * 16)
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
    const { nodes } = this.tree
    if (nodes.hasFlag(node, FLAG_PENDING)) {
      // What this very transaction has touched before is saved already, and in the queue.
      if (nodes.getNumber(node, PENDING_ZXID) === zxid) return node
      this.save(node)
      this.touch(node, zxid)
      return node
    }
    const pending = nodes.allocate()
    nodes.copy(node, pending)
    const ref = nodes.getUint(node, PATH_REF)
    const length = nodes.pathLength(node)
    const hash = length === 0 ? ROOT_HASH : nodes.getInt(node, PATH_HASH)
    if (length > 0) nodes.setPath(pending, nodes.slabs.chunk(ref), nodes.slabs.offset(ref), length, hash)
    else nodes.setInt(pending, PATH_HASH, hash)
    nodes.setInt(pending, DATA_REF, 0)
    this.tree.acls.addReference(nodes.getInt(pending, ACL_ID))
    this.enter(pending, hash, zxid)
    return pending
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

  /** The record's node will be gone. */
  remove(pending: number): void {
    const { nodes } = this.tree
    this.digest.replace(nodes.getUint(pending, DIGEST), 0)
    nodes.setInt(pending, DIGEST, 0)
    nodes.setFlag(pending, FLAG_ABSENT, true)
    this.forgetEphemeral(pending)
  }

  /** Sets the record's ACL, for which the caller has counted a reference. */
  setAcl(pending: number, aclId: number): void {
    this.tree.acls.release(this.tree.nodes.getInt(pending, ACL_ID))
    this.tree.nodes.setInt(pending, ACL_ID, aclId)
  }

  /** The record is a new ephemeral node of this owner. */
  addEphemeral(pending: number, owner: bigint): void {
    const owned = this.ephemerals.get(owner)
    if (owned === undefined) this.ephemerals.set(owner, new Set([pending]))
    else owned.add(pending)
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
    const fresh = this.ephemerals.get(owner)
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
      else if (
        !nodes.hasFlag(pending, FLAG_ABSENT) &&
        fresh?.has(pending) !== true &&
        nodes.getLong(pending, STORED_OWNER) === owner
      )
        owned.push(pending)
    }
    if (fresh !== undefined) owned.push(...fresh)
    return owned
  }

  // --- applied, or given up --------------------------------------------------------------------

  /** Changes that are prepared and neither applied nor given up yet. */
  get waitingCount(): number {
    return this.queueSize
  }

  /** The transaction `zxid` was applied: records that nothing later touches go. */
  applied(zxid: number): void {
    while (this.queueSize > 0 && (this.queueZxids[this.queueHead] as number) <= zxid) {
      const node = this.queueNodes[this.queueHead] as number
      const touchedAt = this.queueZxids[this.queueHead] as number
      this.queueHead = (this.queueHead + 1) & (this.queueNodes.length - 1)
      this.queueSize--
      if (this.tree.nodes.getNumber(node, PENDING_ZXID) === touchedAt) this.drop(node)
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
    for (const at of this.savedAt) {
      if (at >= 0) this.tree.acls.release(this.savedWords[at + ACL_ID / 4] as number)
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
    const words = this.savedWords
    const aclId = nodes.getInt(node, ACL_ID)
    this.forgetEphemeral(node)
    const page = nodes.page(node)
    const at = nodes.offset(node)
    for (let i = 0; i < RECORD_WORDS; i++) page.setInt32(at + i * 4, words[savedAt + i] as number)
    // The record as it was holds its own reference, which `save` took for it.
    this.tree.acls.release(aclId)
    if (words[savedAt + RECORD_WORDS] === 1) this.addEphemeral(node, nodes.getLong(node, STORED_OWNER))
  }

  private save(node: number): void {
    if (!this.isInMulti) return
    const { nodes } = this.tree
    const page = nodes.page(node)
    const at = nodes.offset(node)
    const savedAt = this.savedWordCount
    if (savedAt + SAVED_WORDS > this.savedWords.length) this.growSavedWords()
    const words = this.savedWords
    for (let i = 0; i < RECORD_WORDS; i++) words[savedAt + i] = page.getInt32(at + i * 4)
    words[savedAt + RECORD_WORDS] = this.isFreshEphemeral(node) ? 1 : 0
    this.savedWordCount += SAVED_WORDS
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

  private isFreshEphemeral(pending: number): boolean {
    const { nodes } = this.tree
    return (
      nodes.kind(pending) === KIND_EPHEMERAL && this.ephemerals.get(nodes.getLong(pending, STORED_OWNER))?.has(pending) === true
    )
  }

  private forgetEphemeral(pending: number): void {
    const { nodes } = this.tree
    if (nodes.kind(pending) !== KIND_EPHEMERAL) return
    const owner = nodes.getLong(pending, STORED_OWNER)
    const owned = this.ephemerals.get(owner)
    if (owned?.delete(pending) === true && owned.size === 0) this.ephemerals.delete(owner)
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

/** The root has no hash of its own, since it is never looked up by one in the tree. */
const ROOT_HASH = 0
const NO_BYTES = new Uint8Array(0)
const RECORD_WORDS = RECORD_BYTES / 4
const SAVED_WORDS = RECORD_WORDS + 1
