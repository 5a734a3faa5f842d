// From a request to a transaction. Each write is checked against the pending view in the order of
// the protocol's rules, gets the next zxid, and is written out as the entry that the log, the
// followers and the tree take as it is: header, record, digest. A request that fails its checks gets a zxid
// too, and an error transaction.
//
// A follower applies what it is told. Everything that has to be decided is decided here: final paths, final
// ACLs, absolute versions.

import {
  type ByteReader,
  type ByteWriter,
  CONTAINER_OWNER,
  CreateMode,
  DecodeError,
  DIGEST_VERSION,
  ErrorCode,
  formatSequence,
  isCreateMode,
  isEphemeralMode,
  isPlainPathBytes,
  isSequentialMode,
  isTtlMode,
  Op,
  Perm,
  readReconfigRequest,
  TTL_MS_MAX,
  ttlOwner,
  utf8Bytes,
  utf8Read,
  validatePath,
} from '@tskeeper/protocol/server'
import { isAllowed } from '../acl/acl-check.ts'
import type { AclSchemes } from '../acl/acl-scheme.ts'
import { type AclList, OPEN_ACL_ID } from '../acl/acl-table.ts'
import type { Identity } from '../acl/auth-id.ts'
import { fixUpAcl } from '../acl/fix-up.ts'
import { formatMembership } from '../membership/membership.ts'
import type { QuorumVerifier } from '../membership/quorum-verifier.ts'
import type { ReconfigAuthority } from '../membership/reconfig.ts'
import { CONFIG_NODE_VERSION, CONFIG_PATH, type Database } from '../tree/database.ts'
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
import { countMultiParts } from './multi-layout.ts'
import { PendingView } from './pending-view.ts'

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
const SERVER: Requester = { sessionId: 0n, identities: [{ scheme: 'super', id: '' }] }

export class Preparer {
  readonly view: PendingView
  private readonly database: Database
  private readonly options: PreparerOptions
  /** Zxid of the last transaction that was prepared. */
  lastZxid: number

  /** What is known about the nodes of the last transaction: for who applies it on this server. */
  readonly hints: ChangeHints = new ChangeHints()
  /** The configuration that the last transaction proposes, if it is a reconfiguration; else null. */
  proposedConfig: QuorumVerifier | null = null

  // The request in hand.
  private requester: Requester = SERVER
  private zxid = 0
  private timeMs = 0
  /** A path that was made longer by its sequence number. */
  private readonly sequencedPath: Uint8Array = new Uint8Array(PATH_BYTES_MAX + SEQUENCE_BYTES_MAX)

  constructor(database: Database, options: PreparerOptions) {
    this.database = database
    this.options = options
    this.view = new PendingView(database.tree)
    this.lastZxid = database.lastZxid
  }

  /**
   * Prepares a client's request, whose record begins at `input.position`, and appends its entry to `out`. Returns the
   * error code that the client will get unless something else goes wrong, for the caller's counters.
   */
  prepare(op: number, requester: Requester, cxid: number, timeMs: number, input: ByteReader, out: ByteWriter): number {
    this.begin(requester, timeMs)
    const start = out.position
    let code: number
    try {
      code = this.writeTransaction(op, cxid, input, out)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      code = ErrorCode.MARSHALLING_ERROR
    }
    if (code !== ErrorCode.OK) {
      this.hints.clear()
      out.position = start
      this.writeHeader(Op.error, cxid, out)
      out.writeInt(code)
    } else this.writeDigest(out)
    return code
  }

  prepareCreateSession(sessionId: bigint, timeoutMs: number, timeMs: number, out: ByteWriter): void {
    this.begin({ sessionId, identities: SERVER.identities }, timeMs)
    this.writeHeader(Op.createSession, 0, out)
    out.writeInt(timeoutMs)
    this.writeDigest(out)
  }

  /** A request that is refused unseen, because of who sends it: an error transaction with this code. */
  prepareRefusal(sessionId: bigint, cxid: number, code: number, timeMs: number, out: ByteWriter): void {
    this.begin({ sessionId, identities: SERVER.identities }, timeMs)
    this.writeHeader(Op.error, cxid, out)
    out.writeInt(code)
  }

  /** The end of a session: asked for by its client, or (cxid 0) by the server whose tracker saw it expire. */
  prepareCloseSession(sessionId: bigint, cxid: number, timeMs: number, out: ByteWriter): void {
    this.begin({ sessionId, identities: SERVER.identities }, timeMs)
    const { view } = this
    const owned = view.ephemeralsOf(sessionId)
    this.writeHeader(Op.closeSession, cxid, out)
    const isListed = this.options.isCloseSessionListed
    const isTooLong = isListed && this.listLength(owned) > (this.options.closeSessionListMax ?? Number.POSITIVE_INFINITY)
    if (isListed && !isTooLong) {
      out.writeInt(owned.length)
      for (const node of owned) this.writeNodePath(node, out)
    }
    for (const node of owned) this.removePending(node)
    // Whoever expects a list takes what follows for one. Where nothing follows, all servers delete what the session owns there.
    if (!isTooLong) this.writeDigest(out)
  }

  /** Bytes of the list of these nodes. */
  private listLength(owned: readonly number[]): number {
    const { nodes } = this.database.tree
    let length = 4
    for (const node of owned) length += 4 + nodes.pathLength(node)
    return length
  }

  /**
   * A container or TTL node that has had its day; the client-side checks of a delete apply, not its permissions. `mzxid` is that of the node
   * that was looked at: one that was changed since, or stands in its place, is another.
   */
  prepareDeleteContainer(path: Uint8Array, mzxid: number, timeMs: number, out: ByteWriter): number {
    this.begin(SERVER, timeMs)
    const start = out.position
    const code = this.deleteContainer(path, mzxid, out)
    if (code !== ErrorCode.OK) {
      out.position = start
      this.writeHeader(Op.error, 0, out)
      out.writeInt(code)
    } else this.writeDigest(out)
    return code
  }

  private begin(requester: Requester, timeMs: number): void {
    this.requester = requester
    this.timeMs = timeMs
    this.hints.clear()
    this.proposedConfig = null
    this.lastZxid += 1
    this.zxid = this.lastZxid
    this.view.begin()
  }

  private writeTransaction(op: number, cxid: number, input: ByteReader, out: ByteWriter): number {
    switch (op) {
      case Op.create:
      case Op.create2:
      case Op.createContainer:
      case Op.createTTL:
        this.writeHeader(op, cxid, out)
        return this.writeCreate(op, op, input, out)
      case Op.delete:
        this.writeHeader(op, cxid, out)
        return this.prepareDelete(input, out)
      case Op.setData:
        this.writeHeader(op, cxid, out)
        return this.prepareSetData(input, out)
      case Op.setACL:
        this.writeHeader(op, cxid, out)
        return this.prepareSetAcl(input, out)
      case Op.multi:
        this.writeHeader(op, cxid, out)
        return this.prepareMulti(input, out)
      case Op.reconfig:
        this.writeHeader(op, cxid, out)
        return this.prepareReconfig(input, out)
      default:
        return ErrorCode.UNIMPLEMENTED
    }
  }

  // --- create ----------------------------------------------------------------------------------

  /** Reads a create's request record, which is one of `op`, and, if it is good, writes the record of a transaction of `type`. */
  private writeCreate(op: number, type: number, input: ByteReader, out: ByteWriter): number {
    const recordStart = input.position
    const pathLength = input.readSlice()
    if (pathLength < 0) return ErrorCode.MARSHALLING_ERROR
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
    tree.nodes.setFlag(node, FLAG_IN_DIGEST, !hasPrefix(path, start, length, RESERVED_PREFIX))
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

  private prepareDelete(input: ByteReader, out: ByteWriter): number {
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

  private deleteContainer(path: Uint8Array, mzxid: number, out: ByteWriter): number {
    const { tree } = this.database
    if (isReserved(path, 0, path.length)) return ErrorCode.BAD_ARGUMENTS
    tree.locate(path, 0, path.length)
    const parent = this.findParent(path, 0)
    const node = parent === 0 ? 0 : this.view.find(tree.hash, path, 0, path.length)
    if (node === 0) return ErrorCode.NO_NODE
    if (tree.nodes.getInt(node, CHILD_COUNT) !== 0) return ErrorCode.NOT_EMPTY
    if (tree.nodes.kind(node) === KIND_EPHEMERAL) return ErrorCode.BAD_VERSION
    if (tree.nodes.getNumber(node, MZXID) !== mzxid) return ErrorCode.BAD_VERSION
    this.writeHeader(Op.deleteContainer, 0, out)
    out.writeInt(path.length)
    writeSlice(out, path, 0, path.length)
    this.removePendingChild(node, parent)
    return ErrorCode.OK
  }

  private removePendingChild(node: number, parent: number): void {
    const { nodes } = this.database.tree
    this.view.remove(this.view.change(node, this.zxid))
    const pending = this.view.change(parent, this.zxid)
    nodes.setChildren(pending, nodes.getInt(pending, PERSISTED_CVERSION), nodes.getInt(pending, CHILD_COUNT) - 1)
    if (this.zxid > nodes.getNumber(pending, PZXID)) nodes.setNumber(pending, PZXID, this.zxid)
    this.view.refreshDigest(pending)
  }

  /** Takes out a node that is known by its number: one of the tree's or a pending record. */
  private removePending(node: number): void {
    const { tree } = this.database
    const ref = tree.nodes.getUint(node, PATH_REF)
    const bytes = tree.nodes.slabs.chunk(ref)
    const start = tree.nodes.slabs.offset(ref)
    tree.locate(bytes, start, tree.nodes.pathLength(node))
    const parent = this.findParent(bytes, start)
    this.removePendingChild(node, parent)
  }

  // --- setData, setACL, check ------------------------------------------------------------------

  private prepareSetData(input: ByteReader, out: ByteWriter): number {
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

  private prepareSetAcl(input: ByteReader, out: ByteWriter): number {
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

  private prepareCheck(input: ByteReader, out: ByteWriter): number {
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

  // --- reconfig --------------------------------------------------------------------------------

  private prepareReconfig(input: ByteReader, out: ByteWriter): number {
    const request = readReconfigRequest(input)
    const { isReconfigEnabled, reconfigAuthority } = this.options
    if (!isReconfigEnabled) return ErrorCode.RECONFIG_DISABLED
    if (reconfigAuthority === undefined) return ErrorCode.UNIMPLEMENTED
    const plan = reconfigAuthority.plan(request, this.zxid)
    if (plan.next === null) return plan.code
    const { nodes } = this.database.tree
    const node = this.findNode(CONFIG_PATH_BYTES, 0, CONFIG_PATH_BYTES.length)
    if (node === 0) return ErrorCode.NO_NODE
    if (!this.isAllowed(node, Perm.write)) return ErrorCode.NO_AUTH

    const text = utf8Bytes(formatMembership(plan.next.membership))
    out.writeBuffer(CONFIG_PATH_BYTES)
    out.writeBuffer(text)
    out.writeInt(CONFIG_NODE_VERSION)
    const pending = this.view.change(node, this.zxid)
    nodes.setInt(pending, VERSION, CONFIG_NODE_VERSION)
    nodes.setNumber(pending, MZXID, this.zxid)
    nodes.setNumber(pending, MTIME, this.timeMs)
    nodes.setInt(pending, DATA_LENGTH, text.length)
    reconfigAuthority.prepared(plan.next)
    this.proposedConfig = plan.next
    return ErrorCode.OK
  }

  // --- multi -----------------------------------------------------------------------------------

  private prepareMulti(input: ByteReader, out: ByteWriter): number {
    const begin = input.position
    const partCount = countMultiParts(input)
    if (partCount < 0) return ErrorCode.MARSHALLING_ERROR
    input.position = begin
    out.writeInt(partCount)
    this.view.beginMulti()
    let hasFailed = false
    for (let i = 0; i < partCount; i++) {
      if (hasFailed) writeErrorPart(out, ErrorCode.RUNTIME_INCONSISTENCY)
      else hasFailed = !this.preparePart(input, out)
    }
    if (hasFailed) this.view.undoMulti()
    else this.view.endMulti()
    if (hasFailed) this.hints.clear()
    return ErrorCode.OK
  }

  /** Writes one part: int type, then its record as a buffer. False if it failed and an error stands in its place. */
  private preparePart(input: ByteReader, out: ByteWriter): boolean {
    const op = input.readInt()
    input.readBoolean()
    input.readInt()
    const start = out.position
    const recordStart = start + 8
    out.ensure(8)
    out.position = recordStart
    let type = op
    let code: number
    if (op === Op.delete) code = this.prepareDelete(input, out)
    else if (op === Op.setData) code = this.prepareSetData(input, out)
    else if (op === Op.check) code = this.prepareCheck(input, out)
    else {
      type = this.typeOfCreatePart(op, input)
      code = this.writeCreate(op, type, input, out)
    }
    if (code !== ErrorCode.OK) {
      out.position = start
      writeErrorPart(out, code)
      return false
    }
    out.view.setInt32(start, type)
    out.view.setInt32(start + 4, out.position - recordStart)
    return true
  }

  /**
   * In a multi the flags say which kind of node it is: a container, or none with a TTL, whatever the part's own type says. And there is no
   * create2 in it: Apache's server logs and answers such a part as create, and cannot replay a multi with a part of another type.
   */
  private typeOfCreatePart(op: number, input: ByteReader): number {
    const begin = input.position
    input.readSlice()
    input.readSlice()
    if (!skipOpenAcl(input)) readAclList(input)
    const flags = input.readInt()
    input.position = begin
    if (flags === CreateMode.container) return Op.createContainer
    if (op === Op.create2) return Op.create
    return op === Op.createTTL && isCreateMode(flags) && !isTtlMode(flags) ? Op.create : op
  }

  // --- the parts -------------------------------------------------------------------------------

  /** After `tree.locate`: the parent as it will be. */
  private findParent(bytes: Uint8Array, start: number): number {
    const { tree } = this.database
    const length = tree.parentLength
    if (length === 0 || (length === 1 && bytes[start] === SLASH)) return this.view.root()
    return this.view.find(tree.parentHash, bytes, start, length)
  }

  private findNode(bytes: Uint8Array, start: number, length: number): number {
    // Unlike for reads, the empty path is no name for the root here.
    if (length === 0) return 0
    if (length === 1 && bytes[start] === SLASH) return this.view.root()
    const { tree } = this.database
    tree.locate(bytes, start, length)
    return this.view.find(tree.hash, bytes, start, length)
  }

  private isAllowed(node: number, perms: number): boolean {
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

  private writeNodePath(node: number, out: ByteWriter): void {
    const { nodes } = this.database.tree
    const ref = nodes.getUint(node, PATH_REF)
    const length = nodes.pathLength(node)
    out.writeInt(length)
    writeSlice(out, nodes.slabs.chunk(ref), nodes.slabs.offset(ref), length)
  }

  // TxnHeader: long clientId, int cxid, long zxid, long time, int type.
  private writeHeader(type: number, cxid: number, out: ByteWriter): void {
    out.ensure(TXN_HEADER_BYTES)
    out.writeLong(this.requester.sessionId)
    out.writeInt(cxid)
    out.writeNumber(this.zxid)
    out.writeNumber(this.timeMs)
    out.writeInt(type)
  }

  // TxnDigest: int version, long digest of the tree after this transaction.
  private writeDigest(out: ByteWriter): void {
    if (!this.database.options.isDigestEnabled) return
    out.writeInt(DIGEST_VERSION)
    out.writeInt(this.view.digest.high)
    out.writeInt(this.view.digest.low | 0)
  }
}

const CONFIG_PATH_BYTES = utf8Bytes(CONFIG_PATH)
const TXN_HEADER_BYTES = 32
const SEQUENCE_BYTES_MAX = 11

const RESERVED_PATHS = ['/', '/zookeeper', '/zookeeper/quota', CONFIG_PATH]
const RESERVED_PREFIX = '/zookeeper/'

function writeErrorPart(out: ByteWriter, code: number): void {
  out.writeInt(Op.error)
  out.writeInt(4)
  out.writeInt(code)
}

function writeSlice(out: ByteWriter, bytes: Uint8Array, start: number, length: number): void {
  if (length <= 0) return
  out.ensure(length)
  copyBytes(bytes, start, out.bytes, out.position, length)
  out.position += length
}

function hasSlashAndNoNul(bytes: Uint8Array, start: number, length: number): boolean {
  let hasSlash = false
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]
    if (byte === 0) return false
    if (byte === SLASH) hasSlash = true
  }
  return hasSlash
}

function isValidPath(bytes: Uint8Array, start: number, length: number): boolean {
  if (length > PATH_BYTES_MAX) return false
  return isPlainPathBytes(bytes, start, length) || validatePath(utf8Read(bytes, start, start + length)) === null
}

/** A node that is not there under a path that could never be is a bad argument. */
function codeOfMissing(bytes: Uint8Array, start: number, length: number): number {
  return isValidPath(bytes, start, length) ? ErrorCode.NO_NODE : ErrorCode.BAD_ARGUMENTS
}

function isReserved(bytes: Uint8Array, start: number, length: number): boolean {
  return RESERVED_PATHS.some((path) => path.length === length && hasPrefix(bytes, start, length, path))
}

function hasPrefix(bytes: Uint8Array, start: number, length: number, prefix: string): boolean {
  if (length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[start + i] !== prefix.charCodeAt(i)) return false
  }
  return true
}
