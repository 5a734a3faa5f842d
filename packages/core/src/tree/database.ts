// Everything that is replicated: the tree, the sessions, and how far both have come. Transactions
// are applied here, live and in replay alike.

import {
  ByteReader,
  type ByteWriter,
  CONTAINER_OWNER,
  DecodeError,
  DIGEST_VERSION,
  ErrorCode,
  Op,
  ttlOwner,
  utf8Bytes,
} from '@tskeeper/protocol/server'
import { AclTable, OPEN_ACL_ID } from '../acl/acl-table.ts'
import { assert } from '../lib/assert.ts'
import { readAclId } from '../txn/acl-bytes.ts'
import type { ChangeHints } from '../txn/change-hints.ts'
import { WatchTable } from '../watch/watch-table.ts'
import { DataTree, NewNode } from './data-tree.ts'
import { type Crc32, portableCrc32 } from './node-digest.ts'
import { AVERSION, KIND_CONTAINER, KIND_EPHEMERAL, KIND_PERSISTENT, KIND_TTL, MZXID } from './node-fields.ts'

export interface DatabaseOptions {
  /** Seed of the path hashes, from the runtime's random numbers. */
  readonly hashSeed: number
  readonly isDigestEnabled: boolean
  /** TTL nodes are known as such; without it their owner is taken for a session, as in the reference. */
  readonly areExtendedTypesEnabled: boolean
  /** TTL nodes as release 3.5.3 wrote them are read as such. */
  readonly hasOldTtlNodes: boolean
  readonly crc32?: Crc32
}

/** Zxid and tree digest, one for each zxid divisible by 128. */
export interface DigestRecord {
  readonly zxid: number
  readonly digest: bigint
}

/** The node that holds the text of the configuration that is agreed on. */
export const CONFIG_PATH = '/zookeeper/config'
/** Its data version: it does not count changes, its mzxid tells which configuration it is. */
export const CONFIG_NODE_VERSION = -1

const DIGEST_HISTORY_INTERVAL = 128
const DIGEST_HISTORY_COUNT_MAX = 1024
const TWO_TO_32 = 4294967296

export class Database {
  readonly tree: DataTree
  readonly acls: AclTable = new AclTable()
  readonly watches: WatchTable
  readonly options: DatabaseOptions
  /** Global sessions and the timeouts that they were created with, in milliseconds. */
  readonly sessions: Map<bigint, number> = new Map()
  /** Highest zxid applied. */
  lastZxid = 0
  /** Digests of transactions that were not those of the tree after them. */
  digestMismatchCount = 0
  /** Hears of each of them, with its zxid; after the first one there will be more. */
  onDigestMismatch: ((zxid: number) => void) | null = null
  readonly digestHistory: DigestRecord[] = []
  /**
   * While a fuzzy snapshot is being replayed the tree is ahead of the zxid in parts; digests are compared only
   * from this zxid on.
   */
  private comparableFrom = 0
  /** The snapshot's own digest, due when `comparableFrom` has been applied; 0 is none. */
  private snapshotDigest = 0n

  // What the last `apply` came to, for the reply.
  /** Its zxid. */
  appliedZxid = 0
  /** Error code for the client. */
  code = 0
  /** Node that was created or changed, 0 if none. */
  node = 0
  /** Path of a create, in the transaction's bytes. */
  pathStart = 0
  pathLength = 0
  /** Transaction type of the header. */
  type = 0
  /** Where the header's session id is, in the transaction's bytes. */
  private sessionAt = 0
  /** Where the results of a multi go, in the form of the reply's body; null while nobody wants them. */
  multiResults: ByteWriter | null = null
  /**
   * Those parts of the multi that its client asked for as create2, ascending, the first part is 0; null if there are none. Transactions have
   * them as create, the answers carry a Stat.
   */
  create2Parts: readonly number[] | null = null

  private readonly reader = new ByteReader(new Uint8Array(0))
  private readonly newNode = new NewNode()

  constructor(options: DatabaseOptions) {
    this.options = options
    this.watches = new WatchTable(options.hashSeed)
    this.tree = new DataTree({
      hashSeed: options.hashSeed,
      acls: this.acls,
      watches: this.watches,
      crc32: options.crc32 ?? portableCrc32,
      isDigestEnabled: options.isDigestEnabled,
    })
  }

  /** Makes the nodes that a fresh tree has. */
  createReservedNodes(): void {
    this.createReserved('/zookeeper', OPEN_ACL_ID)
    this.createReserved('/zookeeper/quota', OPEN_ACL_ID)
    this.createReserved(CONFIG_PATH, this.acls.idFor([{ perms: 1, scheme: 'world', id: 'anyone' }]))
    this.tree.nodes.setInt(this.find(CONFIG_PATH), AVERSION, -1)
  }

  /**
   * Writes the configuration in force into its node. No transaction: every server does it for itself when it learns of one, and the
   * node counts in no digest. Does nothing if it is there already, so that nobody is told of a change that is none.
   */
  setConfig(text: string, version: number, timeMs: number): void {
    const node = this.find(CONFIG_PATH)
    assert(node !== 0, 'a tree has its reserved nodes')
    const { nodes } = this.tree
    const data = utf8Bytes(text)
    if (nodes.getNumber(node, MZXID) === version && this.holds(node, data)) return
    const bytes = new Uint8Array(CONFIG_PATH.length + data.length)
    bytes.set(utf8Bytes(CONFIG_PATH))
    bytes.set(data, CONFIG_PATH.length)
    this.tree.setData(bytes, 0, CONFIG_PATH.length, CONFIG_PATH.length, data.length, CONFIG_NODE_VERSION, version, timeMs)
  }

  private holds(node: number, data: Uint8Array): boolean {
    const held = this.tree.data(node)
    return held !== null && held.length === data.length && held.every((byte, index) => byte === data[index])
  }

  private createReserved(path: string, aclId: number): void {
    const node = new NewNode()
    node.bytes = utf8Bytes(path)
    node.pathLength = node.bytes.length
    node.aclId = aclId
    this.tree.refreshDigest(this.tree.restore(node))
  }

  /** The node at this path, 0 if there is none. */
  find(path: string): number {
    const bytes = utf8Bytes(path)
    return this.tree.find(bytes, 0, bytes.length)
  }

  /**
   * Applies the transaction in `bytes[start, end)`: header, record, digest. `view` covers `bytes`. If this
   * server prepared it, its hints are those in [firstHint, hintEnd). Throws `DecodeError` for bytes that are no transaction.
   */
  apply(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    hints: ChangeHints | null = null,
    firstHint = 0,
    hintEnd = 0,
  ): void {
    if (hints === null) this.tree.dropHints()
    else this.tree.useHints(hints, firstHint, hintEnd)
    const { reader } = this
    reader.reset(bytes, view, start, end)
    this.sessionAt = start
    reader.readNumber()
    reader.readInt()
    const zxid = reader.readNumber()
    this.appliedZxid = zxid
    const timeMs = reader.readNumber()
    this.type = reader.readInt()
    this.node = 0
    this.code = this.applyRecord(this.type, zxid, timeMs, end)
    this.tree.dropHints()
    if (zxid > this.lastZxid) this.lastZxid = zxid
    this.checkDigest(zxid, reader, end)
  }

  /** Session of the last transaction's header. Read when somebody asks: most changes do not depend on it, and it is a big integer. */
  get sessionId(): bigint {
    return this.reader.view.getBigInt64(this.sessionAt)
  }

  private applyRecord(type: number, zxid: number, timeMs: number, end: number): number {
    switch (type) {
      case Op.createSession:
        this.sessions.set(this.sessionId, this.reader.readInt())
        return ErrorCode.OK
      case Op.closeSession:
        return this.applyCloseSession(zxid, end)
      case Op.multi:
        return this.applyMulti(zxid, timeMs)
      case Op.error:
        return this.reader.readInt()
      default:
        return this.applyPart(type, zxid, timeMs, end)
    }
  }

  /** One change of the tree: a transaction of its own or a part of a multi, whose record ends at `end`. */
  private applyPart(type: number, zxid: number, timeMs: number, end: number): number {
    switch (type) {
      case Op.create:
      case Op.create2:
        return this.applyCreate(zxid, timeMs, end, KIND_PERSISTENT)
      case Op.createContainer:
        return this.applyCreate(zxid, timeMs, end, KIND_CONTAINER)
      case Op.createTTL:
        return this.applyCreate(zxid, timeMs, end, KIND_TTL)
      case Op.delete:
      case Op.deleteContainer:
        return this.applyDelete(zxid)
      case Op.setData:
      case Op.reconfig:
        return this.applySetData(zxid, timeMs)
      case Op.setACL:
        return this.applySetAcl()
      case Op.check:
        return ErrorCode.OK
      default:
        throw new DecodeError(`a transaction of the unknown type ${type}`, this.reader.position)
    }
  }

  private applyCreate(zxid: number, timeMs: number, end: number, kind: number): number {
    const { reader, newNode, tree } = this
    newNode.bytes = reader.bytes
    newNode.pathLength = Math.max(reader.readSlice(), 0)
    newNode.pathStart = reader.sliceStart
    newNode.dataLength = reader.readSlice()
    newNode.dataStart = reader.sliceStart
    newNode.aclId = readAclId(reader, this.acls)
    newNode.zxid = zxid
    newNode.timeMs = timeMs
    newNode.kind = kind
    newNode.owner = 0n
    if (kind === KIND_PERSISTENT && reader.readBoolean()) {
      newNode.kind = KIND_EPHEMERAL
      newNode.owner = this.sessionId
    }
    // Logs of the oldest releases end here: the parent's version then goes up by one.
    newNode.parentCversion = end - reader.position >= 4 ? reader.readInt() : -1
    if (kind === KIND_CONTAINER) newNode.owner = CONTAINER_OWNER
    else if (kind === KIND_TTL) this.setTtlOwner(newNode, reader.readNumber())
    this.pathStart = newNode.pathStart
    this.pathLength = newNode.pathLength
    const code = tree.create(newNode)
    this.node = tree.changed
    return code
  }

  private setTtlOwner(node: NewNode, ttlMs: number): void {
    node.owner = ttlOwner(ttlMs)
    if (!this.options.areExtendedTypesEnabled) node.kind = KIND_EPHEMERAL
  }

  private applyDelete(zxid: number): number {
    const length = Math.max(this.reader.readSlice(), 0)
    return this.tree.delete(this.reader.bytes, this.reader.sliceStart, length, zxid)
  }

  private applySetData(zxid: number, timeMs: number): number {
    const { reader, tree } = this
    const pathLength = Math.max(reader.readSlice(), 0)
    const pathStart = reader.sliceStart
    const dataLength = reader.readSlice()
    const dataStart = reader.sliceStart
    const version = reader.readInt()
    const code = tree.setData(reader.bytes, pathStart, pathLength, dataStart, dataLength, version, zxid, timeMs)
    this.node = tree.changed
    return code
  }

  private applySetAcl(): number {
    const { reader, tree } = this
    const length = Math.max(reader.readSlice(), 0)
    const start = reader.sliceStart
    const aclId = readAclId(reader, this.acls)
    const code = tree.setAcl(reader.bytes, start, length, aclId, reader.readInt())
    this.node = tree.changed
    return code
  }

  /**
   * Deletes the paths that the transaction lists, then what else the session owns, which is nothing unless the list is missing:
   * then at most a digest follows, and two paths, which would begin with the same 2, do not fit into twelve bytes.
   */
  private applyCloseSession(zxid: number, end: number): number {
    const { reader, tree } = this
    const left = end - reader.position
    const hasPaths = left === TXN_DIGEST_BYTES ? reader.view.getInt32(reader.position) !== DIGEST_VERSION : left >= 4
    if (hasPaths) {
      const count = reader.readCount(4)
      for (let i = 0; i < count; i++) {
        const length = reader.readSlice()
        tree.delete(reader.bytes, reader.sliceStart, Math.max(length, 0), zxid)
      }
    }
    const owned = tree.ephemerals.get(this.sessionId)
    if (owned !== undefined) {
      for (const node of [...owned]) this.deleteNode(node, zxid)
    }
    this.sessions.delete(this.sessionId)
    return ErrorCode.OK
  }

  /** Deletes a node that is known by its number. */
  deleteNode(node: number, zxid: number): void {
    const path = utf8Bytes(this.tree.path(node))
    this.tree.delete(path, 0, path.length, zxid)
  }

  private applyMulti(zxid: number, timeMs: number): number {
    const { reader } = this
    const count = Math.max(reader.readCount(8), 0)
    const begin = reader.position
    const failedPart = this.findFailedPart(count)
    reader.position = begin
    return failedPart < 0 ? this.applyParts(count, zxid, timeMs) : this.skipParts(count, failedPart)
  }

  /** Index of the first part that is an error, -1 if all are good. */
  private findFailedPart(count: number): number {
    for (let i = 0; i < count; i++) {
      const type = this.reader.readInt()
      this.reader.readSlice()
      if (type === Op.error) return i
    }
    return -1
  }

  private applyParts(count: number, zxid: number, timeMs: number): number {
    const { reader } = this
    const outerEnd = reader.end
    let firstCode: number = ErrorCode.OK
    let create2Count = 0
    for (let i = 0; i < count; i++) {
      const type = reader.readInt()
      reader.readSlice()
      const partEnd = reader.sliceStart + Math.max(reader.sliceLength, 0)
      reader.position = reader.sliceStart
      reader.end = partEnd
      this.node = 0
      const code = this.applyPart(type, zxid, timeMs, partEnd)
      if (firstCode === ErrorCode.OK) firstCode = code
      reader.position = partEnd
      reader.end = outerEnd
      const isCreate2 = this.create2Parts !== null && this.create2Parts[create2Count] === i
      if (isCreate2) create2Count++
      if (this.multiResults !== null) this.writeResult(this.multiResults, isCreate2 ? Op.create2 : type, code)
    }
    return firstCode
  }

  private skipParts(count: number, failedPart: number): number {
    const { reader } = this
    let code: number = ErrorCode.OK
    for (let i = 0; i < count; i++) {
      reader.readInt()
      reader.readSlice()
      let partCode: number = ErrorCode.OK
      if (i >= failedPart) {
        if (reader.sliceLength < 4) throw new DecodeError('a failed part of a multi without its code', reader.sliceStart)
        partCode = reader.view.getInt32(reader.sliceStart)
      }
      if (i === failedPart) code = partCode
      if (this.multiResults !== null) writeFailure(this.multiResults, partCode)
    }
    return code
  }

  // MultiHeader (int type, boolean done, int err), then the part's own reply.
  private writeResult(out: ByteWriter, type: number, code: number): void {
    if (code !== ErrorCode.OK) {
      writeFailure(out, code)
      return
    }
    const isCreate2 = type === Op.create2 || type === Op.createContainer || type === Op.createTTL
    out.writeInt(isCreate2 ? Op.create2 : type)
    out.writeBoolean(false)
    out.writeInt(0)
    if (type === Op.create || isCreate2) {
      out.writeInt(this.pathLength)
      out.writeBytes(this.reader.bytes.subarray(this.pathStart, this.pathStart + this.pathLength))
    }
    if (isCreate2 || type === Op.setData) this.tree.nodes.writeStat(this.node, out)
  }

  // --- digests ---------------------------------------------------------------------------------

  /** The tree came from a snapshot, perhaps a fuzzy one: digests can be compared from this zxid on. */
  expectDigest(zxid: number, digest: bigint): void {
    this.comparableFrom = zxid
    this.snapshotDigest = digest
    if (zxid === this.lastZxid) this.checkSnapshotDigest()
  }

  /** Digests of transactions before this zxid say nothing about this tree, which has parts of later ones already. */
  compareDigestsFrom(zxid: number): void {
    this.comparableFrom = zxid
    this.snapshotDigest = 0n
  }

  private checkSnapshotDigest(): void {
    if (!this.options.isDigestEnabled || this.snapshotDigest === 0n) return
    if (this.snapshotDigest !== this.tree.digest.toBigInt()) this.digestMismatched(this.comparableFrom)
  }

  private digestMismatched(zxid: number): void {
    this.digestMismatchCount++
    this.onDigestMismatch?.(zxid)
  }

  private checkDigest(zxid: number, reader: ByteReader, end: number): void {
    if (!this.options.isDigestEnabled) return
    const { digest } = this.tree
    if (zxid >= this.comparableFrom && end - reader.position >= TXN_DIGEST_BYTES) {
      const at = end - TXN_DIGEST_BYTES
      const isSame = reader.view.getInt32(at + 4) === digest.high && reader.view.getUint32(at + 8) === digest.low
      if (reader.view.getInt32(at) === DIGEST_VERSION && !isSame) this.digestMismatched(zxid)
    }
    if (zxid === this.comparableFrom) this.checkSnapshotDigest()
    if ((zxid % TWO_TO_32) % DIGEST_HISTORY_INTERVAL === 0 && zxid >= this.comparableFrom) this.recordDigest(zxid)
  }

  private recordDigest(zxid: number): void {
    this.digestHistory.push({ zxid, digest: this.tree.digest.toBigInt() })
    if (this.digestHistory.length > DIGEST_HISTORY_COUNT_MAX) this.digestHistory.shift()
  }
}

/** Int version, long digest. */
const TXN_DIGEST_BYTES = 12

function writeFailure(out: ByteWriter, code: number): void {
  out.writeInt(Op.error)
  out.writeBoolean(false)
  out.writeInt(code)
  out.writeInt(code)
}
