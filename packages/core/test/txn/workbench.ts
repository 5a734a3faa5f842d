// A database with its preparer, and requests for it, in a few words: for the tests of this folder and its neighbours.

import {
  type Acl,
  ByteReader,
  ByteWriter,
  CreateMode,
  ErrorCode,
  type MultiPart,
  Op,
  readTransaction,
  readTxnHeader,
  type SetAclRequest,
  type Stat,
  type Transaction,
  type TxnHeader,
  writeCheckVersionRequest,
  writeCreateRequest,
  writeCreateTtlRequest,
  writeDeleteRequest,
  writeMultiRequest,
  writeSetAclRequest,
  writeSetDataRequest,
} from '@tskeeper/protocol/server'
import { AclSchemes } from '../../src/acl/acl-scheme.ts'
import type { Identity } from '../../src/acl/auth-id.ts'
import { digestScheme } from '../../src/acl/digest-scheme.ts'
import { ipScheme } from '../../src/acl/ip-scheme.ts'
import { Database, type DatabaseOptions } from '../../src/tree/database.ts'
import { ACL_ID, MZXID } from '../../src/tree/node-fields.ts'
import { ChangeHints } from '../../src/txn/change-hints.ts'
import { Preparer, type PreparerOptions } from '../../src/txn/preparer.ts'
import { childNames, statOf } from '../tree/tree-description.ts'

export const openAcl: readonly Acl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]

export const schemes = new AclSchemes([digestScheme, ipScheme])

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Any write of a client. */
export type Write =
  | Exclude<MultiPart, { readonly op: typeof Op.getData | typeof Op.getChildren }>
  | { readonly op: typeof Op.setACL; readonly request: SetAclRequest }
  | { readonly op: typeof Op.multi; readonly parts: readonly MultiPart[] }

/** A prepared transaction. */
export interface Prepared {
  readonly code: number
  readonly entry: Uint8Array
  readonly header: TxnHeader
  /** What the preparer hands on beside the entry; null: nothing. */
  readonly hints: ChangeHints | null
}

export function databaseOptions(options: Partial<DatabaseOptions> = {}): DatabaseOptions {
  return { hashSeed: 7, isDigestEnabled: true, areExtendedTypesEnabled: true, hasOldTtlNodes: false, ...options }
}

export class Workbench {
  readonly database: Database
  readonly preparer: Preparer
  identities: Identity[] = []
  timeMs = 1000
  cxid = 0

  constructor(database: Partial<DatabaseOptions> = {}, options: Partial<PreparerOptions> = {}) {
    this.database = new Database(databaseOptions(database))
    this.database.createReservedNodes()
    this.preparer = new Preparer(this.database, {
      schemes,
      isAclSkipped: false,
      isQuotaEnforced: true,
      isCloseSessionListed: true,
      isReconfigEnabled: false,
      onQuotaExcess: () => {},
      ...options,
    })
  }

  /** Prepares a request of a session; `write` makes its record. */
  prepare(op: number, write: (out: ByteWriter) => void, sessionId = 1n): Prepared {
    const request = new ByteWriter()
    write(request)
    const out = new ByteWriter()
    const requester = { sessionId, identities: this.identities }
    const code = this.preparer.prepare(op, requester, ++this.cxid, this.timeMs, new ByteReader(request.toBytes()), out)
    return this.prepared(code, out)
  }

  write(write: Write, sessionId = 1n): Prepared {
    return this.prepare(write.op, (out) => encodeWrite(out, write), sessionId)
  }

  create(path: string, data: string | null = '', flags: CreateMode = 0, sessionId = 1n, acl: readonly Acl[] = openAcl): Prepared {
    const op = flags === CreateMode.container ? Op.createContainer : Op.create
    return this.write({ op, request: { path, data: data === null ? null : bytesOf(data), acl, flags } }, sessionId)
  }

  createTtl(path: string, data: string, ttl: number): Prepared {
    return this.write({ op: Op.createTTL, request: { path, data: bytesOf(data), acl: openAcl, flags: 5, ttl } })
  }

  delete(path: string, version = -1): Prepared {
    return this.write({ op: Op.delete, request: { path, version } })
  }

  setData(path: string, data: string | null, version = -1): Prepared {
    return this.write({ op: Op.setData, request: { path, data: data === null ? null : bytesOf(data), version } })
  }

  setAcl(path: string, acl: readonly Acl[], version = -1): Prepared {
    return this.write({ op: Op.setACL, request: { path, acl, version } })
  }

  multi(...parts: readonly MultiPart[]): Prepared {
    return this.write({ op: Op.multi, parts })
  }

  /** Deletes the node as it is known to be, or as it was when it had `mzxid`. */
  deleteContainer(path: string, mzxid = this.mzxid(path)): Prepared {
    const out = new ByteWriter()
    return this.prepared(this.preparer.prepareDeleteContainer(bytesOf(path), mzxid, this.timeMs, out), out)
  }

  /** The last change of the node with all that is prepared, 0 if there is no such node. */
  mzxid(path: string): number {
    const bytes = bytesOf(path)
    const { tree } = this.database
    tree.locate(bytes, 0, bytes.length)
    const node = this.preparer.view.find(tree.hash, bytes, 0, bytes.length)
    return node === 0 ? 0 : tree.nodes.getNumber(node, MZXID)
  }

  createSession(sessionId: bigint, timeoutMs = 30000): Prepared {
    const out = new ByteWriter()
    this.preparer.prepareCreateSession(sessionId, timeoutMs, this.timeMs, out)
    return this.prepared(0, out)
  }

  closeSession(sessionId: bigint): Prepared {
    const out = new ByteWriter()
    this.preparer.prepareCloseSession(sessionId, ++this.cxid, this.timeMs, out)
    return this.prepared(0, out)
  }

  private prepared(code: number, out: ByteWriter): Prepared {
    const entry = out.toBytes()
    const hints = new ChangeHints()
    hints.addAll(this.preparer.hints)
    return { code, entry, header: readTxnHeader(new ByteReader(entry)), hints }
  }

  apply(...transactions: readonly Prepared[]): void {
    for (const { entry, header, hints } of transactions) {
      applyEntry(this.database, entry, hints)
      this.preparer.view.applied(header.zxid)
    }
  }

  /** Prepares nothing more: for the code of a request that is applied at once. */
  run(prepared: Prepared): number {
    this.apply(prepared)
    return prepared.code
  }

  stat(path: string): Stat {
    return statOf(this.database.tree, this.node(path))
  }

  acl(path: string): readonly Acl[] {
    return this.database.acls.list(this.database.tree.nodes.getInt(this.node(path), ACL_ID))
  }

  children(path: string): string[] {
    return childNames(this.database.tree, this.node(path)).sort()
  }

  data(path: string): string | null {
    const data = this.database.tree.data(this.node(path))
    return data === null ? null : new TextDecoder().decode(data)
  }

  exists(path: string): boolean {
    return this.database.find(path) !== 0
  }

  private node(path: string): number {
    const node = this.database.find(path)
    if (node === 0) throw new Error(`there is no node ${path}`)
    return node
  }

  treeDigest(): bigint {
    return this.database.tree.digest.toBigInt()
  }
}

/** Applies an entry as replay does it, or, with hints, as the server does that prepared it. */
export function applyEntry(database: Database, entry: Uint8Array, hints: ChangeHints | null = null): void {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.length)
  database.apply(entry, view, 0, entry.length, hints, 0, hints?.count ?? 0)
}

export function encodeWrite(out: ByteWriter, write: Write): void {
  switch (write.op) {
    case Op.create:
    case Op.create2:
    case Op.createContainer:
      return writeCreateRequest(out, write.request)
    case Op.createTTL:
      return writeCreateTtlRequest(out, write.request)
    case Op.delete:
      return writeDeleteRequest(out, write.request)
    case Op.setData:
      return writeSetDataRequest(out, write.request)
    case Op.setACL:
      return writeSetAclRequest(out, write.request)
    case Op.check:
      return writeCheckVersionRequest(out, write.request)
    case Op.multi:
      return writeMultiRequest(out, write.parts)
  }
}

/** The entry as a decoded transaction. */
export function transactionOf({ entry }: Prepared): Transaction {
  return readTransaction(new ByteReader(entry))
}

/** The code of a prepared request, or those of a multi's parts, as its client will get them. */
export function codesOf(prepared: Prepared): number[] {
  const { body } = transactionOf(prepared)
  if (body.type === Op.error) return [body.txn.err]
  if (body.type !== Op.multi) return [ErrorCode.OK]
  return body.parts.map((part) => (part.type === Op.error ? part.txn.err : ErrorCode.OK))
}
