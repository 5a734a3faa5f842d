// The tree of znodes: what transactions are applied to and what reads are answered from. Paths come in as bytes
// where they lie (in a network buffer, in a log entry) and are never made into strings here.
//
// Applying is idempotent where replay over a fuzzy snapshot needs it to be: see each method.

import { type ByteWriter, ErrorCode, utf8Read } from '@tskeeper/protocol/server'
import type { AclTable } from '../acl/acl-table.ts'
import { OPEN_ACL_ID } from '../acl/acl-table.ts'
import { assert } from '../lib/assert.ts'
import { ChangeHints } from '../txn/change-hints.ts'
import type { WatchTable } from '../watch/watch-table.ts'
import { isCompact } from './compact-table.ts'
import { type Crc32, recordDigest } from './node-digest.ts'
import {
  ACL_ID,
  AVERSION,
  CHILD_COUNT,
  CONTENT_CRC,
  CTIME,
  CZXID,
  DATA_LENGTH,
  DIGEST,
  FIRST_CHILD,
  FLAG_IN_DIGEST,
  FLAG_NULL_DATA,
  FLAG_PENDING,
  KIND,
  KIND_CONTAINER,
  KIND_EPHEMERAL,
  KIND_PERSISTENT,
  KIND_TTL,
  MTIME,
  MZXID,
  NEXT_SIBLING,
  OWNER,
  PARENT,
  PATH_CRC,
  PATH_HASH,
  PATH_REF,
  PERSISTED_CVERSION,
  PREVIOUS_SIBLING,
  PZXID,
  STORED_OWNER,
  VERSION,
} from './node-fields.ts'
import { fitsCompact, NodeTable } from './node-table.ts'
import { hashEnd, hashStep } from './path-hash.ts'
import { PathIndex } from './path-index.ts'
import { QuotaTable } from './quota-table.ts'
import type { SnapshotCursor } from './snapshot-cursor.ts'
import { TreeDigest } from './tree-digest.ts'

export interface TreeOptions {
  /** Seed of the path hashes, from the runtime's random numbers. */
  readonly hashSeed: number
  readonly acls: AclTable
  readonly watches: WatchTable
  readonly crc32: Crc32
  /** False: no digests are computed. */
  readonly isDigestEnabled: boolean
}

/** What a create puts into the tree; one object serves all creates. The slices lie in `bytes`. */
export class NewNode {
  bytes: Uint8Array = new Uint8Array(0)
  pathStart = 0
  pathLength = 0
  dataStart = 0
  /** -1 is null. */
  dataLength = 0
  /** Already counted as a reference for the new node. */
  aclId: number = OPEN_ACL_ID
  /** `KIND_...` */
  kind: number = KIND_PERSISTENT
  /** As stored: session id, or a container's or TTL node's marker. */
  owner = 0n
  /** The parent's persisted cversion after this create; -1: one more than it is. */
  parentCversion = -1
  zxid = 0
  timeMs = 0
  /** The Stat is that of a node nobody has changed: one zxid, one time, no versions. */
  hasPlainStat = true
}

const SLASH = 0x2f
const RESERVED_PREFIX = '/zookeeper/'

export class DataTree {
  readonly nodes: NodeTable = new NodeTable()
  readonly acls: AclTable
  readonly watches: WatchTable
  readonly quotas: QuotaTable
  readonly digest: TreeDigest = new TreeDigest()
  readonly isDigestEnabled: boolean
  readonly crc32: Crc32
  private readonly index = new PathIndex()
  private readonly seed: number
  /** Ephemeral nodes by owner, in the order of creation. */
  readonly ephemerals: Map<bigint, Set<number>> = new Map()
  /** The list that was asked for last: sessions make their nodes in rows, and a big integer is slow to look up. */
  private recentOwner = 0n
  private recentOwned: Set<number> | null = null
  readonly containers: Set<number> = new Set()
  readonly ttlNodes: Set<number> = new Set()
  /** Number of nodes; the root counts once. */
  nodeCount = 0
  ephemeralCount = 0
  /** Bytes of all paths and data. */
  dataBytes = 0
  readonly root: number
  private readonly cursors: Set<SnapshotCursor> = new Set()

  /** The node that the last `create`, `setData` or `setAcl` made or changed; 0 if it failed. */
  changed = 0

  // What `locate` found out.
  hash = 0
  parentHash = 0
  /** Bytes of the path in front of its last slash; 0 when the parent is the root. */
  parentLength = 0

  constructor(options: TreeOptions) {
    this.acls = options.acls
    this.watches = options.watches
    this.crc32 = options.crc32
    this.isDigestEnabled = options.isDigestEnabled
    this.seed = options.hashSeed
    this.quotas = new QuotaTable(this)
    this.root = this.nodes.allocate()
    this.nodes.setInt(this.root, ACL_ID, OPEN_ACL_ID)
    this.nodes.setFlag(this.root, FLAG_IN_DIGEST, true)
    this.nodeCount = 1
    this.refreshDigest(this.root)
  }

  // --- finding ---------------------------------------------------------------------------------

  /** The node at this path, 0 if there is none. The empty path is the root, as in the reference. */
  find(bytes: Uint8Array, start: number, length: number): number {
    if (length <= 1 && (length === 0 || bytes[start] === SLASH)) return this.root
    return this.findHashed(hashEnd(hashStep(this.seed, bytes, start, start + length)), bytes, start, length)
  }

  /** Splits the path at its last slash and computes its hash and its parent's: `hash`, `parentHash`, `parentLength`. */
  locate(bytes: Uint8Array, start: number, length: number): void {
    this.parentLength = parentLengthOf(bytes, start, length)
    const slash = start + this.parentLength
    const parentState = hashStep(this.seed, bytes, start, slash)
    this.parentHash = hashEnd(parentState)
    this.hash = hashEnd(hashStep(parentState, bytes, slash, start + length))
  }

  /** After `locate`: the parent of that path. */
  findParent(bytes: Uint8Array, start: number): number {
    return this.parentLength === 0 ? this.root : this.findHashed(this.parentHash, bytes, start, this.parentLength)
  }

  findHashed(hash: number, bytes: Uint8Array, start: number, length: number): number {
    const { index, nodes } = this
    let node = index.first(hash)
    while (node !== 0 && !nodes.hasPath(node, bytes, start, length)) node = index.next(hash)
    return node
  }

  /** The node's path as text; the root's is "/". */
  path(node: number): string {
    if (node === this.root) return '/'
    const bytes = this.nodes.pathBytes(node)
    return utf8Read(bytes, 0, bytes.length)
  }

  /** A copy of the node's data, null if it has none. */
  data(node: number): Uint8Array | null {
    if (this.nodes.hasFlag(node, FLAG_NULL_DATA)) return null
    const length = this.nodes.getInt(node, DATA_LENGTH)
    if (length === 0) return new Uint8Array(0)
    const bytes = new Uint8Array(length)
    this.nodes.copyData(node, bytes, 0)
    return bytes
  }

  /** Appends the names (not paths) of the children as a vector of strings, the newest child first. */
  writeChildNames(node: number, out: ByteWriter): void {
    const { nodes } = this
    const prefixLength = node === this.root ? 1 : nodes.pathLength(node) + 1
    out.writeInt(nodes.getInt(node, CHILD_COUNT))
    for (let child = nodes.getInt(node, FIRST_CHILD); child !== 0; child = nodes.getInt(child, NEXT_SIBLING))
      nodes.writeName(child, prefixLength, out)
  }

  /** Number of nodes below this one, at any depth. */
  countDescendants(node: number): number {
    if (node === this.root) return this.nodeCount - 1
    let count = 0
    for (let next = this.nextInPreorder(node, node); next !== 0; next = this.nextInPreorder(next, node)) count++
    return count
  }

  /** The node after this one in a walk (parents first) below `top`; 0 at the end. */
  nextInPreorder(node: number, top: number): number {
    const child = this.nodes.getInt(node, FIRST_CHILD)
    return child !== 0 ? child : this.nextOutside(node, top)
  }

  /** The same, leaving out what is below `node`. */
  nextOutside(node: number, top: number): number {
    for (let at = node; at !== top && at !== 0; at = this.nodes.getInt(at, PARENT)) {
      const sibling = this.nodes.getInt(at, NEXT_SIBLING)
      if (sibling !== 0) return sibling
    }
    return 0
  }

  // --- changing --------------------------------------------------------------------------------

  /**
   * Creates a node. NONODE without a parent; NODEEXISTS for a path that is there: then the node takes the ACL and the
   * parent's child version is raised all the same, which replay over a fuzzy snapshot needs.
   */
  create(node: NewNode): number {
    this.changed = 0
    let parent = this.locateNew(node)
    if (parent === 0) {
      this.acls.release(node.aclId)
      return ErrorCode.NO_NODE
    }
    const { hash, parentLength } = this
    const existing = this.findHashed(hash, node.bytes, node.pathStart, node.pathLength)
    if (existing !== 0) {
      this.replaceAcl(existing, node.aclId)
      this.raiseCversion(parent, node.parentCversion, node.zxid, 0)
      return ErrorCode.NODE_EXISTS
    }
    parent = this.expand(parent)
    const created = this.insert(parent, node, hash)
    this.refreshDigest(created)
    this.changed = created
    this.raiseCversion(parent, node.parentCversion, node.zxid, 1)
    if (!this.nodes.hasFlag(created, FLAG_IN_DIGEST)) this.quotas.nodeCreated(created)
    else this.quotas.changed(created, node.dataLength > 0 ? node.dataLength : 0, 1)
    this.watches.nodeCreated(
      node.bytes,
      node.pathStart,
      node.pathLength,
      parentLength,
      node.zxid,
      node.aclId,
      this.nodes.getInt(parent, ACL_ID),
    )
    return ErrorCode.OK
  }

  /** Does for a node that is to be created what `locate` does but for `parentHash`, and returns its parent, 0 if there is none. */
  private locateNew({ bytes, pathStart, pathLength }: NewNode): number {
    const hint = this.takeHint()
    const parent = hint < 0 ? 0 : this.hints.place(hint)
    if (parent !== 0) {
      const length = parentLengthOf(bytes, pathStart, pathLength)
      if (length === 0 ? parent === this.root : this.isPlaceOf(parent, bytes, pathStart, length)) {
        this.hash = this.hints.hash(hint)
        this.parentLength = length
        return parent
      }
    }
    this.locate(bytes, pathStart, pathLength)
    return this.findParent(bytes, pathStart)
  }

  /**
   * Deletes a node. NONODE if it is not there, when the parent's pzxid is raised all the same.
   *
   * The preparer never lets a node with children be deleted. Replay over a fuzzy snapshot does: the node was deleted and made
   * again while the snapshot was written, and the snapshot has the later one with its children. They go with it, and
   * the log makes all of them again.
   */
  delete(bytes: Uint8Array, start: number, length: number, zxid: number): number {
    let node = this.findHinted(bytes, start, length)
    if (node === 0) {
      this.locate(bytes, start, length)
      node = this.findHashed(this.hash, bytes, start, length)
    }
    if (node === 0) {
      const left = this.findParent(bytes, start)
      if (left !== 0) this.raisePzxid(this.expand(left), zxid)
      return ErrorCode.NO_NODE
    }
    const parent = this.nodes.getInt(node, PARENT)
    const parentLength = this.nodes.pathLength(parent)
    if (this.nodes.getInt(node, CHILD_COUNT) !== 0) this.removeDescendants(node)
    const aclId = this.nodes.getInt(node, ACL_ID)
    const parentAclId = this.nodes.getInt(parent, ACL_ID)
    this.leave(node, parent)
    this.raisePzxid(parent, zxid)
    // The path's bytes may be the node's own: the watches hear of it before they are given back.
    this.watches.nodeDeleted(bytes, start, length, parentLength, zxid, aclId, parentAclId)
    this.remove(node)
    return ErrorCode.OK
  }

  /** Replaces the data and sets the version to what the transaction says. `dataLength` -1 is null. */
  setData(
    bytes: Uint8Array,
    pathStart: number,
    pathLength: number,
    dataStart: number,
    dataLength: number,
    version: number,
    zxid: number,
    timeMs: number,
  ): number {
    const found = this.findHinted(bytes, pathStart, pathLength) || this.find(bytes, pathStart, pathLength)
    this.changed = 0
    if (found === 0) return ErrorCode.NO_NODE
    const { nodes } = this
    const growth = (dataLength < 0 ? 0 : dataLength) - nodes.getInt(found, DATA_LENGTH)
    const node = this.expand(found, false)
    this.changed = node
    nodes.setData(node, bytes, dataStart, dataLength)
    nodes.setInt(node, VERSION, version)
    nodes.setNumber(node, MZXID, zxid)
    nodes.setNumber(node, MTIME, timeMs)
    this.dataBytes += growth
    if (nodes.hasFlag(node, FLAG_IN_DIGEST)) {
      this.refreshContentCrc(node, bytes, dataStart, dataLength)
      this.refreshDigest(node)
      this.quotas.changed(node, growth, 0)
    }
    const isRoot = node === this.root
    this.watches.nodeDataChanged(
      isRoot ? ROOT_PATH : bytes,
      isRoot ? 0 : pathStart,
      isRoot ? 1 : pathLength,
      zxid,
      nodes.getInt(node, ACL_ID),
    )
    return ErrorCode.OK
  }

  /** Replaces the ACL by one that is already counted for this node. */
  setAcl(bytes: Uint8Array, start: number, length: number, aclId: number, aversion: number): number {
    const found = this.find(bytes, start, length)
    this.changed = 0
    if (found === 0) {
      this.acls.release(aclId)
      return ErrorCode.NO_NODE
    }
    const node = this.expand(found)
    this.changed = node
    this.replaceAcl(node, aclId)
    this.nodes.setInt(node, AVERSION, aversion)
    this.refreshDigest(node)
    return ErrorCode.OK
  }

  /** Data that the server keeps up itself (quota usage, the configuration at start): no transaction, no version, no watch. */
  overwriteData(place: number, data: Uint8Array): void {
    this.dataBytes += data.length - this.nodes.getInt(place, DATA_LENGTH)
    const node = this.expand(place, false)
    this.nodes.setData(node, data, 0, data.length)
    if (!this.nodes.hasFlag(node, FLAG_IN_DIGEST)) return
    this.refreshContentCrc(node, data, 0, data.length)
    this.refreshDigest(node)
  }

  // --- restoring -------------------------------------------------------------------------------

  /**
   * A node of a snapshot under a parent that is there already: no versions change, nobody is told. The caller sets the
   * Stat and then refreshes the digest. Returns its number, 0 without a parent.
   */
  restore(node: NewNode): number {
    this.locate(node.bytes, node.pathStart, node.pathLength)
    const parent = this.findParent(node.bytes, node.pathStart)
    if (parent === 0) return 0
    const full = this.expand(parent)
    const restored = this.insert(full, node, this.hash)
    this.nodes.setChildren(full, this.nodes.getInt(full, PERSISTED_CVERSION), this.nodes.getInt(full, CHILD_COUNT) + 1)
    return restored
  }

  /** The root of a snapshot: its data and ACL; its Stat is the caller's to set. */
  restoreRoot(node: NewNode): number {
    this.dataBytes += Math.max(node.dataLength, 0)
    this.nodes.setData(this.root, node.bytes, node.dataStart, node.dataLength)
    this.nodes.setInt(this.root, ACL_ID, node.aclId)
    this.refreshContentCrc(this.root, node.bytes, node.dataStart, node.dataLength)
    return this.root
  }

  /** The path of a node to be, as text. */
  pathOf(node: NewNode): string {
    return utf8Read(node.bytes, node.pathStart, node.pathStart + node.pathLength)
  }

  addCursor(cursor: SnapshotCursor): void {
    this.cursors.add(cursor)
  }

  removeCursor(cursor: SnapshotCursor): void {
    this.cursors.delete(cursor)
  }

  /** After a record's Stat or content changed: brings its digest and the tree's up to date. A compact node has had its digest since it was made. */
  refreshDigest(node: number): void {
    if (!this.isDigestEnabled || isCompact(node) || !this.nodes.hasFlag(node, FLAG_IN_DIGEST)) return
    const page = this.nodes.page(node)
    const at = this.nodes.offset(node)
    const digest = recordDigest(page, at)
    this.digest.replace(page.getUint32(at + DIGEST), digest)
    page.setUint32(at + DIGEST, digest)
  }

  // What the preparer knew about the transaction in hand: the hints in [nextHint, hintEnd).
  private hints: ChangeHints = NO_HINTS
  private nextHint = 0
  private hintEnd = 0
  /** The hint of the change in hand, -1 if it has none. */
  private hint = -1

  /** The creates, deletes and setDatas that follow have the hints in [first, end), one each. */
  useHints(hints: ChangeHints, first: number, end: number): void {
    this.hints = hints
    this.nextHint = first
    this.hintEnd = end
    this.hint = -1
  }

  /** What follows has no hints. */
  dropHints(): void {
    this.useHints(NO_HINTS, 0, 0)
  }

  private takeHint(): number {
    this.hint = this.nextHint < this.hintEnd ? this.nextHint++ : -1
    return this.hint
  }

  /** The node that the next hint says is at this path; 0 if it does not, or is wrong. */
  private findHinted(bytes: Uint8Array, start: number, length: number): number {
    const hint = this.takeHint()
    const node = hint < 0 ? 0 : this.hints.place(hint)
    return node !== 0 && this.isPlaceOf(node, bytes, start, length) ? node : 0
  }

  private isPlaceOf(node: number, bytes: Uint8Array, start: number, length: number): boolean {
    return this.nodes.hasPath(node, bytes, start, length) && !this.nodes.hasFlag(node, FLAG_PENDING)
  }

  /** Brings the CRC over path and data up to date, after a change of the data. */
  refreshContentCrc(node: number, data: Uint8Array, start: number, length: number): void {
    if (!this.isDigestEnabled) return
    const { nodes } = this
    if (this.hint >= 0) {
      nodes.setInt(node, CONTENT_CRC, this.hints.contentCrc(this.hint))
      return
    }
    nodes.setInt(node, CONTENT_CRC, this.crcOver(data, start, length, nodes.getUint(node, PATH_CRC)) | 0)
  }

  /** The CRC of a path goes on over the data behind it. */
  private crcOver(data: Uint8Array, start: number, length: number, crc: number): number {
    return length > 0 ? this.crc32(data, start, start + length, crc) : crc
  }

  /** Computes the CRC-32 of the record's path, once for its life; the root's path is empty there. */
  setPathCrc(node: number): void {
    const { nodes } = this
    const length = nodes.pathLength(node)
    if (length === 0 || !this.isDigestEnabled) return
    const ref = nodes.getUint(node, PATH_REF)
    const start = nodes.slabs.offset(ref)
    nodes.setInt(node, PATH_CRC, this.crc32(nodes.slabs.chunk(ref), start, start + length, 0) | 0)
  }

  // --- the parts -------------------------------------------------------------------------------

  /** After `locate` or `locateNew` of its path: makes the node. Its parent has a full record. */
  private insert(parent: number, node: NewNode, hash: number): number {
    const created = this.isCompactible(node) ? this.insertCompact(node) : this.insertFull(node)
    this.nodes.setInt(created, PATH_HASH, hash)
    this.nodes.setInt(created, ACL_ID, node.aclId)
    this.link(created, parent)
    this.index.add(hash, created)
    this.nodeCount++
    this.dataBytes += node.pathLength + (node.dataLength > 0 ? node.dataLength : 0)
    return created
  }

  private isCompactible(node: NewNode): boolean {
    if (!node.hasPlainStat || node.kind !== KIND_PERSISTENT) return false
    return fitsCompact(node.pathLength - 1 - this.parentLength, node.dataLength) && !isReserved(node)
  }

  private insertCompact(node: NewNode): number {
    const { nodes } = this
    const { bytes, pathStart, pathLength, dataStart, dataLength } = node
    const nameStart = pathStart + this.parentLength + 1
    const nameLength = pathStart + pathLength - nameStart
    const created = nodes.allocateCompact(bytes, nameStart, nameLength, dataStart, dataLength, node.zxid, node.timeMs)
    if (!this.isDigestEnabled) return created
    const contentCrc =
      this.hint >= 0
        ? this.hints.contentCrc(this.hint)
        : this.crcOver(bytes, dataStart, dataLength, this.crc32(bytes, pathStart, pathStart + pathLength, 0))
    const digest = nodes.compactDigest(created, contentCrc)
    this.digest.replace(0, digest)
    nodes.setInt(created, DIGEST, digest)
    return created
  }

  private insertFull(node: NewNode): number {
    const { nodes } = this
    const created = nodes.allocate()
    nodes.setPath(created, node.bytes, node.pathStart, node.pathLength, 0)
    nodes.setData(created, node.bytes, node.dataStart, node.dataLength)
    nodes.setNumber(created, CZXID, node.zxid)
    nodes.setNumber(created, MZXID, node.zxid)
    nodes.setNumber(created, PZXID, node.zxid)
    nodes.setNumber(created, CTIME, node.timeMs)
    nodes.setNumber(created, MTIME, node.timeMs)
    this.setOwner(created, node.kind, node.owner)
    if (!isReserved(node)) {
      nodes.setFlag(created, FLAG_IN_DIGEST, true)
      this.setPathCrc(created)
      this.refreshContentCrc(created, node.bytes, node.dataStart, node.dataLength)
    }
    return created
  }

  /**
   * The node's number once it has a full record, which it needs before anything of it changes or gets below it. A compact node loses its
   * number; without `keepsData` the new record has no data, since the caller replaces them.
   */
  expand(node: number, keepsData = true): number {
    if (!isCompact(node)) return node
    const { nodes } = this
    const full = nodes.allocate()
    nodes.expand(node, full)
    this.setPathCrc(full)
    const length = nodes.getInt(full, DATA_LENGTH)
    nodes.setInt(full, DATA_LENGTH, 0)
    if (keepsData) {
      nodes.setData(full, nodes.dataChunk(node), nodes.dataOffset(node), nodes.hasFlag(node, FLAG_NULL_DATA) ? -1 : length)
      this.copyContentCrc(node, full)
    }
    this.takePlace(node, full)
    nodes.free(node)
    return full
  }

  /** Makes a record of zeros what the compact node's would be if it were full, but for its data and links. */
  copyExpanded(node: number, to: number): void {
    this.nodes.expand(node, to)
    this.setPathCrc(to)
    this.copyContentCrc(node, to)
  }

  /** Gives the record `to`, which has its path's CRC, the CRC over the path and the compact node's data. */
  private copyContentCrc(node: number, to: number): void {
    if (!this.isDigestEnabled) return
    const { nodes } = this
    const length = nodes.getInt(node, DATA_LENGTH)
    nodes.setInt(
      to,
      CONTENT_CRC,
      this.crcOver(nodes.dataChunk(node), nodes.dataOffset(node), length, nodes.getUint(to, PATH_CRC)) | 0,
    )
  }

  /** Puts `full` where a childless node is: among its siblings, in the index, before the cursors. */
  private takePlace(node: number, full: number): void {
    const { nodes } = this
    const parent = nodes.getInt(node, PARENT)
    const previous = nodes.getInt(node, PREVIOUS_SIBLING)
    const next = nodes.getInt(node, NEXT_SIBLING)
    nodes.setInt(full, PARENT, parent)
    nodes.setInt(full, PREVIOUS_SIBLING, previous)
    nodes.setInt(full, NEXT_SIBLING, next)
    if (previous === 0) nodes.setInt(parent, FIRST_CHILD, full)
    else nodes.setInt(previous, NEXT_SIBLING, full)
    if (next !== 0) nodes.setInt(next, PREVIOUS_SIBLING, full)
    this.index.replace(nodes.getInt(node, PATH_HASH), node, full)
    for (const cursor of this.cursors) cursor.nodeRenumbered(node, full)
  }

  private setOwner(node: number, kind: number, owner: bigint): void {
    const { nodes } = this
    const page = nodes.page(node)
    const at = nodes.offset(node)
    page.setUint8(at + KIND, kind)
    if (kind === KIND_PERSISTENT) return
    page.setBigInt64(at + STORED_OWNER, owner)
    if (kind === KIND_CONTAINER) this.containers.add(node)
    else if (kind === KIND_TTL) this.ttlNodes.add(node)
    else {
      page.setBigInt64(at + OWNER, owner)
      this.ephemeralCount++
      this.ownedBy(owner).add(node)
    }
  }

  private link(node: number, parent: number): void {
    const { nodes } = this
    const first = nodes.getInt(parent, FIRST_CHILD)
    nodes.setInt(node, PARENT, parent)
    nodes.setInt(node, NEXT_SIBLING, first)
    if (first !== 0) nodes.setInt(first, PREVIOUS_SIBLING, node)
    nodes.setInt(parent, FIRST_CHILD, node)
  }

  private unlink(node: number, parent: number): void {
    for (const cursor of this.cursors) cursor.nodeRemoved(node)
    const { nodes } = this
    const previous = nodes.getInt(node, PREVIOUS_SIBLING)
    const next = nodes.getInt(node, NEXT_SIBLING)
    if (previous === 0) nodes.setInt(parent, FIRST_CHILD, next)
    else nodes.setInt(previous, NEXT_SIBLING, next)
    if (next !== 0) nodes.setInt(next, PREVIOUS_SIBLING, previous)
  }

  private remove(node: number): void {
    const { nodes } = this
    const kind = nodes.kind(node)
    if (kind === KIND_EPHEMERAL) this.removeEphemeral(node)
    else if (kind === KIND_CONTAINER) this.containers.delete(node)
    else if (kind === KIND_TTL) this.ttlNodes.delete(node)
    this.digest.replace(nodes.getUint(node, DIGEST), 0)
    this.acls.release(nodes.getInt(node, ACL_ID))
    this.dataBytes -= nodes.pathLength(node) + nodes.getInt(node, DATA_LENGTH)
    this.index.remove(nodes.getInt(node, PATH_HASH), node)
    this.nodeCount--
    nodes.free(node)
  }

  /** The node leaves its quota, its siblings and its parent, but is still there. */
  private leave(node: number, parent: number): void {
    const { nodes } = this
    if (!nodes.hasFlag(node, FLAG_IN_DIGEST)) this.quotas.nodeDeleted(node)
    else this.quotas.changed(node, -nodes.getInt(node, DATA_LENGTH), -1)
    this.unlink(node, parent)
    nodes.setChildren(parent, nodes.getInt(parent, PERSISTED_CVERSION), nodes.getInt(parent, CHILD_COUNT) - 1)
  }

  /** Takes out all that is below a node, each after what is below it. */
  private removeDescendants(top: number): void {
    const { nodes } = this
    let parent = top
    for (;;) {
      const child = nodes.getInt(parent, FIRST_CHILD)
      if (child === 0) {
        if (parent === top) return
        parent = nodes.getInt(parent, PARENT)
      } else if (nodes.getInt(child, FIRST_CHILD) !== 0) parent = child
      else {
        this.leave(child, parent)
        this.remove(child)
      }
    }
  }

  private removeEphemeral(node: number): void {
    const owner = this.nodes.getLong(node, STORED_OWNER)
    const owned = this.ownedBy(owner)
    const wasListed = owned.delete(node)
    assert(wasListed, 'an ephemeral node is listed under its owner')
    if (owned.size === 0) {
      this.ephemerals.delete(owner)
      this.recentOwned = null
    }
    this.ephemeralCount--
  }

  /** The list of this owner, which its first node begins. */
  private ownedBy(owner: bigint): Set<number> {
    if (this.recentOwned !== null && this.recentOwner === owner) return this.recentOwned
    let owned = this.ephemerals.get(owner)
    if (owned === undefined) {
      owned = new Set()
      this.ephemerals.set(owner, owned)
    }
    this.recentOwner = owner
    this.recentOwned = owned
    return owned
  }

  private replaceAcl(node: number, aclId: number): void {
    const before = this.nodes.getInt(node, ACL_ID)
    this.nodes.setInt(node, ACL_ID, aclId)
    this.acls.release(before)
  }

  /** The parent's part of a create: its child version and pzxid only ever rise. */
  private raiseCversion(parent: number, wanted: number, zxid: number, addedChildren: number): void {
    const { nodes } = this
    const before = nodes.getInt(parent, PERSISTED_CVERSION)
    const cversion = wanted === -1 ? (before + 1) | 0 : wanted
    const childCount = nodes.getInt(parent, CHILD_COUNT) + addedChildren
    if (cversion > before) {
      nodes.setChildren(parent, cversion, childCount)
      nodes.setNumber(parent, PZXID, zxid)
    } else if (addedChildren !== 0) nodes.setChildren(parent, before, childCount)
    this.refreshDigest(parent)
  }

  private raisePzxid(parent: number, zxid: number): void {
    if (zxid > this.nodes.getNumber(parent, PZXID)) this.nodes.setNumber(parent, PZXID, zxid)
    this.refreshDigest(parent)
  }
}

const NO_HINTS = new ChangeHints()
const ROOT_PATH = new Uint8Array([SLASH])

/** Bytes of the path in front of its last slash. */
function parentLengthOf(bytes: Uint8Array, start: number, length: number): number {
  let slash = start + length - 1
  while (slash > start && bytes[slash] !== SLASH) slash--
  return slash - start
}

/** Below /zookeeper/: such nodes do not count in the digest. */
function isReserved(node: NewNode): boolean {
  return startsWith(node.bytes, node.pathStart, node.pathLength, RESERVED_PREFIX)
}

function startsWith(bytes: Uint8Array, start: number, length: number, prefix: string): boolean {
  if (length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[start + i] !== prefix.charCodeAt(i)) return false
  }
  return true
}
