// One change of the tree, on its way from a request's record to a transaction's: checked against the pending view in the order of the
// protocol's rules, written out, and entered into the view. It may be a transaction of its own or a part of a multi; each `write...`
// returns the error code, and what it has appended counts only with `OK`.

import {
  type ByteReader,
  type ByteWriter,
  CONTAINER_OWNER,
  CreateMode,
  ErrorCode,
  formatSequence,
  isCreateMode,
  isEphemeralMode,
  isSequentialMode,
  isTtlMode,
  Op,
  Perm,
  TTL_MS_MAX,
  ttlOwner,
  utf8Read,
} from '@tskeeper/protocol/server'
import { isAllowed } from '../acl/acl-check.ts'
import type { AclSchemes } from '../acl/acl-scheme.ts'
import { type AclList, OPEN_ACL_ID } from '../acl/acl-table.ts'
import type { Identity } from '../acl/auth-id.ts'
import { fixUpAcl } from '../acl/fix-up.ts'
import type { ReconfigAuthority } from '../membership/reconfig.ts'
import type { Database } from '../tree/database.ts'
import {
  ACL_ID,
  AVERSION,
  CHILD_COUNT,
  CONTENT_CRC,
  CTIME,
  CZXID,
  DATA_LENGTH,
  FLAG_IN_DIGEST,
  KIND,
  KIND_CONTAINER,
  KIND_EPHEMERAL,
  KIND_PERSISTENT,
  KIND_TTL,
  MTIME,
  MZXID,
  PATH_REF,
  PERSISTED_CVERSION,
  PZXID,
  STORED_OWNER,
  VERSION,
} from '../tree/node-fields.ts'
import { PATH_BYTES_MAX } from '../tree/node-table.ts'
import type { QuotaExcess } from '../tree/quota-table.ts'
import { copyBytes } from '../tree/slab-store.ts'
import { OPEN_ACL_BYTES, readAclList, skipOpenAcl, writeAclList } from './acl-bytes.ts'
import { ChangeHints } from './change-hints.ts'
import { PendingView } from './pending-view.ts'
import { writeSlice } from './record-slice.ts'
import { codeOfMissing, hasSlashAndNoNul, isBelowReserved, isReserved, isValidPath } from './request-path.ts'

export interface PreparerOptions {
  readonly schemes: AclSchemes
  readonly isAclSkipped: boolean
  readonly isQuotaEnforced: boolean
  /** closeSession transactions list the nodes that go. */
  readonly isCloseSessionListed: boolean
  /** A list that is longer than this is left out, in bytes: no member of an ensemble reads a transaction of any length. */
  readonly closeSessionListMax?: number
  readonly isReconfigEnabled: boolean
  /** Decides about new configurations; a server that leads no ensemble has none, and refuses them. */
  readonly reconfigAuthority?: ReconfigAuthority
  /** A quota, soft or hard, was exceeded by a request. */
  readonly onQuotaExcess: (excess: QuotaExcess) => void
}

/** Who sends the requests that are being prepared. */
export interface Requester {
  readonly sessionId: bigint
  readonly identities: readonly Identity[]
}

const SLASH = 0x2f
/** The server itself, which may do everything. */
export const SERVER: Requester = { sessionId: 0n, identities: [{ scheme: 'super', id: '' }] }

export class ChangePreparer {
  readonly view: PendingView
  /** What is known about the nodes of the transaction in hand: for who applies it on this server. */
  readonly hints: ChangeHints = new ChangeHints()
  private readonly database: Database
  private readonly options: PreparerOptions

  // The request in hand.
  requester: Requester = SERVER
  zxid = 0
  timeMs = 0
  /** A path that was made longer by its sequence number. */
  private readonly sequencedPath: Uint8Array = new Uint8Array(PATH_BYTES_MAX + SEQUENCE_BYTES_MAX)

  constructor(database: Database, options: PreparerOptions) {
    this.database = database
    this.options = options
    this.view = new PendingView(database.tree)
  }

  /** The changes that follow belong to this transaction. */
  begin(requester: Requester, zxid: number, timeMs: number): void {
    this.requester = requester
    this.zxid = zxid
    this.timeMs = timeMs
    this.hints.clear()
    this.view.begin()
  }

  // --- create ----------------------------------------------------------------------------------

  /** Reads a create's request record, which is one of `op`, and, if it is good, writes the record of a transaction of `type`. */
  writeCreate(op: number, type: number, input: ByteReader, out: ByteWriter): number {
    const recordStart = input.position
    const pathLength = input.readSlice()
    const pathStart = input.sliceStart
    const dataLength = input.readSlice()
    const dataStart = input.sliceStart
    const isOpen = skipOpenAcl(input)
    const openAclEnd = input.position
    const wantedAcl = isOpen ? null : readAclList(input)
    const flags = input.readInt()
    const ttlMs = op === Op.createTTL ? input.readNumber() : -1

    if (!isCreateMode(flags)) return ErrorCode.BAD_ARGUMENTS
    const badMode = this.checkMode(type, flags, ttlMs)
    if (badMode !== ErrorCode.OK) return badMode
    const { bytes } = input
    if (pathLength < 0) return ErrorCode.MARSHALLING_ERROR
    if (!hasSlashAndNoNul(bytes, pathStart, pathLength)) return ErrorCode.BAD_ARGUMENTS
    const acl = isOpen ? null : fixUpAcl(wantedAcl, this.requester.identities, this.options.schemes)
    if (!isOpen && acl === null) return ErrorCode.INVALID_ACL

    const { tree } = this.database
    tree.locate(bytes, pathStart, pathLength)
    const parent = this.findParent(bytes, pathStart)
    if (parent === 0) return ErrorCode.NO_NODE
    if (!this.isAllowed(parent, Perm.create)) return ErrorCode.NO_AUTH

    const isSequential = isSequentialMode(flags)
    const counter = tree.nodes.getInt(parent, PERSISTED_CVERSION)
    let path = bytes
    let start = pathStart
    let length = pathLength
    if (isSequential) {
      if (pathLength > PATH_BYTES_MAX) return ErrorCode.BAD_ARGUMENTS
      path = this.sequencedPath
      start = 0
      length = this.appendSequence(bytes, pathStart, pathLength, counter)
      tree.locate(path, start, length)
    }
    if (!isValidPath(path, start, length)) return ErrorCode.BAD_ARGUMENTS
    const existing = length === 1 ? tree.root : this.view.find(tree.hash, path, start, length)
    if (existing !== 0) return ErrorCode.NODE_EXISTS
    if (tree.nodes.kind(parent) === KIND_EPHEMERAL) return ErrorCode.NO_CHILDREN_FOR_EPHEMERALS
    const size = dataLength < 0 ? 0 : dataLength
    if (!this.isWithinQuota(path, start, length, size, 1)) return this.quotaCode

    const parentCversion = (counter + 1) | 0
    const isEphemeral = isEphemeralMode(flags)
    // The record begins as the request does: what is the same is copied at once.
    if (acl === null && !isSequential) writeSlice(out, bytes, recordStart, openAclEnd - recordStart)
    else {
      out.writeInt(length)
      writeSlice(out, path, start, length)
      out.writeInt(dataLength)
      writeSlice(out, bytes, dataStart, dataLength)
      if (acl === null) out.writeBytes(OPEN_ACL_BYTES)
      else writeAclList(out, acl)
    }
    if (type === Op.create || type === Op.create2) out.writeBoolean(isEphemeral)
    out.writeInt(parentCversion)
    if (type === Op.createTTL) out.writeNumber(ttlMs)

    const node = this.view.create(tree.hash, path, start, length, this.zxid)
    tree.nodes.setFlag(node, FLAG_IN_DIGEST, !isBelowReserved(path, start, length))
    this.initialise(node, type, isEphemeral, ttlMs, acl)
    this.setContentCrc(node, bytes, dataStart, dataLength)
    this.hints.add(this.view.placeOf(parent), tree.hash, tree.nodes.getInt(node, CONTENT_CRC))
    this.addPendingChild(parent, parentCversion)
    return ErrorCode.OK
  }

  private checkMode(type: number, flags: CreateMode, ttlMs: number): number {
    if (isTtlMode(flags)) {
      if (!this.database.options.areExtendedTypesEnabled) return ErrorCode.UNIMPLEMENTED
      if (type !== Op.createTTL || ttlMs < 1 || ttlMs > TTL_MS_MAX) return ErrorCode.BAD_ARGUMENTS
      return ErrorCode.OK
    }
    // An op that names a kind of node must have the flags of that kind.
    if (type === Op.createTTL) return ErrorCode.BAD_ARGUMENTS
    if (type === Op.createContainer && flags !== CreateMode.container) return ErrorCode.BAD_ARGUMENTS
    return ErrorCode.OK
  }

  private initialise(node: number, type: number, isEphemeral: boolean, ttlMs: number, acl: AclList | null): void {
    const { nodes } = this.database.tree
    nodes.setNumber(node, CZXID, this.zxid)
    nodes.setNumber(node, MZXID, this.zxid)
    nodes.setNumber(node, PZXID, this.zxid)
    nodes.setNumber(node, CTIME, this.timeMs)
    nodes.setNumber(node, MTIME, this.timeMs)
    nodes.setInt(node, ACL_ID, acl === null ? OPEN_ACL_ID : this.database.acls.idFor(acl))
    const page = nodes.page(node)
    const at = nodes.offset(node)
    page.setUint8(at + KIND, KIND_PERSISTENT)
    if (isEphemeral) {
      page.setUint8(at + KIND, KIND_EPHEMERAL)
      page.setBigInt64(at + STORED_OWNER, this.requester.sessionId)
      this.view.addEphemeral(node)
    } else if (type === Op.createContainer) {
      page.setUint8(at + KIND, KIND_CONTAINER)
      page.setBigInt64(at + STORED_OWNER, CONTAINER_OWNER)
    } else if (type === Op.createTTL) {
      page.setUint8(at + KIND, KIND_TTL)
      page.setBigInt64(at + STORED_OWNER, ttlOwner(ttlMs))
    }
  }

  private setContentCrc(node: number, data: Uint8Array, start: number, length: number): void {
    const { tree } = this.database
    tree.nodes.setInt(node, DATA_LENGTH, Math.max(length, 0))
    if (!tree.nodes.hasFlag(node, FLAG_IN_DIGEST)) return
    tree.setPathCrc(node)
    tree.refreshContentCrc(node, data, start, length)
    this.view.refreshDigest(node)
  }

  private addPendingChild(parent: number, cversion: number): void {
    const { nodes } = this.database.tree
    const pending = this.view.change(parent, this.zxid)
    const before = nodes.getInt(pending, PERSISTED_CVERSION)
    const childCount = nodes.getInt(pending, CHILD_COUNT) + 1
    if (cversion > before) {
      nodes.setChildren(pending, cversion, childCount)
      nodes.setNumber(pending, PZXID, this.zxid)
    } else nodes.setChildren(pending, before, childCount)
    this.view.refreshDigest(pending)
  }

  private appendSequence(bytes: Uint8Array, start: number, length: number, counter: number): number {
    const suffix = formatSequence(counter)
    copyBytes(bytes, start, this.sequencedPath, 0, length)
    for (let i = 0; i < suffix.length; i++) this.sequencedPath[length + i] = suffix.charCodeAt(i)
    return length + suffix.length
  }

  // --- delete ----------------------------------------------------------------------------------

  /** Reads a delete's request record and, if it is good, writes that of its transaction. */
  writeDelete(input: ByteReader, out: ByteWriter): number {
    const length = input.readSlice()
    if (length < 0) return ErrorCode.MARSHALLING_ERROR
    const start = input.sliceStart
    const version = input.readInt()
    const { bytes } = input
    const { tree } = this.database
    if (!hasSlashAndNoNul(bytes, start, length) || isReserved(bytes, start, length)) return ErrorCode.BAD_ARGUMENTS
    tree.locate(bytes, start, length)
    const parent = this.findParent(bytes, start)
    if (parent === 0) return ErrorCode.NO_NODE
    if (!this.isAllowed(parent, Perm.delete)) return ErrorCode.NO_AUTH
    const node = this.view.find(tree.hash, bytes, start, length)
    if (node === 0) return ErrorCode.NO_NODE
    if (version !== -1 && version !== tree.nodes.getInt(node, VERSION)) return ErrorCode.BAD_VERSION
    if (tree.nodes.getInt(node, CHILD_COUNT) !== 0) return ErrorCode.NOT_EMPTY
    out.writeInt(length)
    writeSlice(out, bytes, start, length)
    this.hints.add(this.view.placeOf(node), 0, 0)
    this.removePendingChild(node, parent)
    return ErrorCode.OK
  }

  /** The record of a transaction that reaps the node, if it is still due as it was with `mzxid`. */
  writeDeleteContainer(path: Uint8Array, mzxid: number, out: ByteWriter): number {
    const { tree } = this.database
    if (isReserved(path, 0, path.length)) return ErrorCode.BAD_ARGUMENTS
    tree.locate(path, 0, path.length)
    const parent = this.findParent(path, 0)
    const node = parent === 0 ? 0 : this.view.find(tree.hash, path, 0, path.length)
    if (node === 0) return ErrorCode.NO_NODE
    if (tree.nodes.getInt(node, CHILD_COUNT) !== 0) return ErrorCode.NOT_EMPTY
    if (tree.nodes.kind(node) === KIND_EPHEMERAL) return ErrorCode.BAD_VERSION
    if (tree.nodes.getNumber(node, MZXID) !== mzxid) return ErrorCode.BAD_VERSION
    out.writeInt(path.length)
    writeSlice(out, path, 0, path.length)
    this.removePendingChild(node, parent)
    return ErrorCode.OK
  }

  private removePendingChild(node: number, parent: number): void {
    const { nodes } = this.database.tree
    this.view.remove(node, this.zxid)
    const pending = this.view.change(parent, this.zxid)
    nodes.setChildren(pending, nodes.getInt(pending, PERSISTED_CVERSION), nodes.getInt(pending, CHILD_COUNT) - 1)
    if (this.zxid > nodes.getNumber(pending, PZXID)) nodes.setNumber(pending, PZXID, this.zxid)
    this.view.refreshDigest(pending)
  }

  /** Takes out a node that is known by its number: one of the tree's or a pending record. */
  removePending(node: number): void {
    const { tree } = this.database
    const ref = tree.nodes.getUint(node, PATH_REF)
    const bytes = tree.nodes.slabs.chunk(ref)
    const start = tree.nodes.slabs.offset(ref)
    tree.locate(bytes, start, tree.nodes.pathLength(node))
    const parent = this.findParent(bytes, start)
    this.removePendingChild(node, parent)
  }

  // --- setData, setACL, check ------------------------------------------------------------------

  /** The same for a setData. */
  writeSetData(input: ByteReader, out: ByteWriter): number {
    const recordStart = input.position
    const length = Math.max(input.readSlice(), 0)
    const start = input.sliceStart
    const dataLength = input.readSlice()
    const dataStart = input.sliceStart
    const expected = input.readInt()
    const { bytes } = input
    const { nodes } = this.database.tree
    const node = this.findNode(bytes, start, length)
    if (node === 0) return codeOfMissing(bytes, start, length)
    if (!this.isAllowed(node, Perm.write)) return ErrorCode.NO_AUTH
    const growth = Math.max(dataLength, 0) - nodes.getInt(node, DATA_LENGTH)
    if (!this.isWithinQuota(bytes, start, length, growth, 0)) return this.quotaCode
    const version = nodes.getInt(node, VERSION)
    if (expected !== -1 && expected !== version) return ErrorCode.BAD_VERSION

    const newVersion = (version + 1) | 0
    // The record begins as the request does: with the path and the data.
    writeSlice(out, bytes, recordStart, dataStart + Math.max(dataLength, 0) - recordStart)
    out.writeInt(newVersion)

    const pending = this.view.change(node, this.zxid)
    nodes.setInt(pending, VERSION, newVersion)
    nodes.setNumber(pending, MZXID, this.zxid)
    nodes.setNumber(pending, MTIME, this.timeMs)
    nodes.setInt(pending, DATA_LENGTH, Math.max(dataLength, 0))
    if (nodes.hasFlag(pending, FLAG_IN_DIGEST)) {
      this.database.tree.refreshContentCrc(pending, bytes, dataStart, dataLength)
      this.view.refreshDigest(pending)
    }
    this.hints.add(this.view.placeOf(pending), 0, nodes.getInt(pending, CONTENT_CRC))
    return ErrorCode.OK
  }

  /** The same for a setACL. */
  writeSetAcl(input: ByteReader, out: ByteWriter): number {
    const length = Math.max(input.readSlice(), 0)
    const start = input.sliceStart
    const wanted = readAclList(input)
    const expected = input.readInt()
    const { bytes } = input
    const { nodes } = this.database.tree
    if (!isValidPath(bytes, start, length)) return ErrorCode.BAD_ARGUMENTS
    const acl = fixUpAcl(wanted, this.requester.identities, this.options.schemes)
    if (acl === null) return ErrorCode.INVALID_ACL
    const node = this.findNode(bytes, start, length)
    if (node === 0) return ErrorCode.NO_NODE
    if (!this.isAllowed(node, Perm.admin)) return ErrorCode.NO_AUTH
    const aversion = nodes.getInt(node, AVERSION)
    if (expected !== -1 && expected !== aversion) return ErrorCode.BAD_VERSION

    const newVersion = (aversion + 1) | 0
    out.writeInt(length)
    writeSlice(out, bytes, start, length)
    writeAclList(out, acl)
    out.writeInt(newVersion)
    const pending = this.view.change(node, this.zxid)
    this.view.setAcl(pending, this.database.acls.idFor(acl))
    nodes.setInt(pending, AVERSION, newVersion)
    this.view.refreshDigest(pending)
    return ErrorCode.OK
  }

  /** The same for a check, which is a part of a multi. */
  writeCheck(input: ByteReader, out: ByteWriter): number {
    const length = Math.max(input.readSlice(), 0)
    const start = input.sliceStart
    const expected = input.readInt()
    const { bytes } = input
    const { nodes } = this.database.tree
    const node = this.findNode(bytes, start, length)
    if (node === 0) return codeOfMissing(bytes, start, length)
    if (!this.isAllowed(node, Perm.read)) return ErrorCode.NO_AUTH
    const version = nodes.getInt(node, VERSION)
    if (expected !== -1 && expected !== version) return ErrorCode.BAD_VERSION
    out.writeInt(length)
    writeSlice(out, bytes, start, length)
    out.writeInt((version + 1) | 0)
    return ErrorCode.OK
  }

  // --- the parts -------------------------------------------------------------------------------

  /** After `tree.locate`: the parent as it will be. */
  private findParent(bytes: Uint8Array, start: number): number {
    const { tree } = this.database
    const length = tree.parentLength
    if (length === 0 || (length === 1 && bytes[start] === SLASH)) return this.view.root()
    return this.view.find(tree.parentHash, bytes, start, length)
  }

  /** The node of a request as it will be, 0 if there will be none. */
  findNode(bytes: Uint8Array, start: number, length: number): number {
    // Unlike for reads, the empty path is no name for the root here.
    if (length === 0) return 0
    if (length === 1 && bytes[start] === SLASH) return this.view.root()
    const { tree } = this.database
    tree.locate(bytes, start, length)
    return this.view.find(tree.hash, bytes, start, length)
  }

  /** May the requester do this with the node? */
  isAllowed(node: number, perms: number): boolean {
    const aclId = this.database.tree.nodes.getInt(node, ACL_ID)
    if (aclId === OPEN_ACL_ID) return true
    return isAllowed(
      this.database.acls.list(aclId),
      perms,
      this.requester.identities,
      this.options.schemes,
      this.options.isAclSkipped,
    )
  }

  /** The code for a request that `isWithinQuota` refused. */
  private quotaCode: number = ErrorCode.QUOTA_EXCEEDED

  private isWithinQuota(path: Uint8Array, start: number, length: number, addedBytes: number, addedNodes: number): boolean {
    const { quotas } = this.database.tree
    if (quotas.isEmpty()) return true
    const check = quotas.check(utf8Read(path, start, start + length), addedBytes, addedNodes)
    if (check.excess !== null) this.options.onQuotaExcess(check.excess)
    this.quotaCode = check.code
    return check.code === ErrorCode.OK || !this.options.isQuotaEnforced
  }

  /** Appends a node's path. */
  writeNodePath(node: number, out: ByteWriter): void {
    const { nodes } = this.database.tree
    const ref = nodes.getUint(node, PATH_REF)
    const length = nodes.pathLength(node)
    out.writeInt(length)
    writeSlice(out, nodes.slabs.chunk(ref), nodes.slabs.offset(ref), length)
  }
}

const SEQUENCE_BYTES_MAX = 11
