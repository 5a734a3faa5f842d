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
  DecodeError,
  DIGEST_VERSION,
  ErrorCode,
  Op,
  Perm,
  readReconfigRequest,
  utf8Bytes,
} from '@tskeeper/protocol/server'
import { formatMembership } from '../membership/membership.ts'
import type { QuorumVerifier } from '../membership/quorum-verifier.ts'
import { CONFIG_NODE_VERSION, CONFIG_PATH, type Database } from '../tree/database.ts'
import { DATA_LENGTH, MTIME, MZXID, VERSION } from '../tree/node-fields.ts'
import { ChangeHints } from './change-hints.ts'
import { ChangePreparer, type PreparerOptions, type Requester, SERVER } from './change-preparer.ts'
import { MultiPreparer } from './multi-preparer.ts'
import { PendingView } from './pending-view.ts'

export class Preparer {
  readonly view: PendingView
  /** What is known about the nodes of the last transaction: for who applies it on this server. */
  readonly hints: ChangeHints
  private readonly changes: ChangePreparer
  private readonly multis: MultiPreparer
  private readonly database: Database
  private readonly options: PreparerOptions
  /** Zxid of the last transaction that was prepared. */
  lastZxid: number

  /** The configuration that the last transaction proposes, if it is a reconfiguration; else null. */
  proposedConfig: QuorumVerifier | null = null

  constructor(database: Database, options: PreparerOptions) {
    this.database = database
    this.options = options
    this.changes = new ChangePreparer(database, options)
    this.multis = new MultiPreparer(this.changes)
    this.view = this.changes.view
    this.hints = this.changes.hints
    this.lastZxid = database.lastZxid
  }

  /** Which parts of the multi that was prepared last were create2, beginning with 0; null if none was. The transaction does not tell. */
  get create2Parts(): readonly number[] | null {
    return this.multis.create2Parts
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
      for (const node of owned) this.changes.writeNodePath(node, out)
    }
    for (const node of owned) this.changes.removePending(node)
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
    this.writeHeader(Op.deleteContainer, 0, out)
    const code = this.changes.writeDeleteContainer(path, mzxid, out)
    if (code !== ErrorCode.OK) {
      out.position = start
      this.writeHeader(Op.error, 0, out)
      out.writeInt(code)
    } else this.writeDigest(out)
    return code
  }

  private begin(requester: Requester, timeMs: number): void {
    this.proposedConfig = null
    this.lastZxid += 1
    this.changes.begin(requester, this.lastZxid, timeMs)
  }

  private writeTransaction(op: number, cxid: number, input: ByteReader, out: ByteWriter): number {
    switch (op) {
      case Op.create:
      case Op.create2:
      case Op.createContainer:
      case Op.createTTL:
        this.writeHeader(op, cxid, out)
        return this.changes.writeCreate(op, op, input, out)
      case Op.delete:
        this.writeHeader(op, cxid, out)
        return this.changes.writeDelete(input, out)
      case Op.setData:
        this.writeHeader(op, cxid, out)
        return this.changes.writeSetData(input, out)
      case Op.setACL:
        this.writeHeader(op, cxid, out)
        return this.changes.writeSetAcl(input, out)
      case Op.multi:
        this.writeHeader(op, cxid, out)
        return this.multis.write(input, out)
      case Op.reconfig:
        this.writeHeader(op, cxid, out)
        return this.prepareReconfig(input, out)
      default:
        return ErrorCode.UNIMPLEMENTED
    }
  }

  // --- reconfig --------------------------------------------------------------------------------

  private prepareReconfig(input: ByteReader, out: ByteWriter): number {
    const request = readReconfigRequest(input)
    const { isReconfigEnabled, reconfigAuthority } = this.options
    if (!isReconfigEnabled) return ErrorCode.RECONFIG_DISABLED
    if (reconfigAuthority === undefined) return ErrorCode.UNIMPLEMENTED
    const plan = reconfigAuthority.plan(request, this.lastZxid)
    if (plan.next === null) return plan.code
    const { nodes } = this.database.tree
    const node = this.changes.findNode(CONFIG_PATH_BYTES, 0, CONFIG_PATH_BYTES.length)
    if (node === 0) return ErrorCode.NO_NODE
    if (!this.changes.isAllowed(node, Perm.write)) return ErrorCode.NO_AUTH

    const text = utf8Bytes(formatMembership(plan.next.membership))
    out.writeBuffer(CONFIG_PATH_BYTES)
    out.writeBuffer(text)
    out.writeInt(CONFIG_NODE_VERSION)
    const pending = this.view.change(node, this.lastZxid)
    nodes.setInt(pending, VERSION, CONFIG_NODE_VERSION)
    nodes.setNumber(pending, MZXID, this.lastZxid)
    nodes.setNumber(pending, MTIME, this.changes.timeMs)
    nodes.setInt(pending, DATA_LENGTH, text.length)
    reconfigAuthority.prepared(plan.next)
    this.proposedConfig = plan.next
    return ErrorCode.OK
  }

  // TxnHeader: long clientId, int cxid, long zxid, long time, int type.
  private writeHeader(type: number, cxid: number, out: ByteWriter): void {
    out.ensure(TXN_HEADER_BYTES)
    out.writeLong(this.changes.requester.sessionId)
    out.writeInt(cxid)
    out.writeNumber(this.lastZxid)
    out.writeNumber(this.changes.timeMs)
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
