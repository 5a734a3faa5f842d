// A whole transaction, as an entry of the log and the packets between servers hold it:
//
//   TxnHeader | the record that the header's type names, if any | TxnDigest, if any
//
// This is the readable form, for tools, tests and replay. The path of a client's write encodes its
// records straight into the log's buffer.

import { ByteReader, DecodeError } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { DIGEST_VERSION } from './constants.ts'
import {
  type CheckVersionTxn,
  type CloseSessionTxn,
  type CreateContainerTxn,
  type CreateSessionTxn,
  type CreateTtlTxn,
  type CreateTxn,
  type DeleteTxn,
  type ErrorTxn,
  readCheckVersionTxn,
  readCloseSessionTxn,
  readCreateContainerTxn,
  readCreateSessionTxn,
  readCreateTtlTxn,
  readCreateTxnV0,
  readDeleteTxn,
  readErrorTxn,
  readMultiTxn,
  readSetAclTxn,
  readSetDataTxn,
  readTxnDigest,
  readTxnHeader,
  type SetAclTxn,
  type SetDataTxn,
  TXN_DIGEST_SIZE,
  type Txn,
  type TxnDigest,
  type TxnHeader,
  writeCheckVersionTxn,
  writeCloseSessionTxn,
  writeCreateContainerTxn,
  writeCreateSessionTxn,
  writeCreateTtlTxn,
  writeCreateTxn,
  writeDeleteTxn,
  writeErrorTxn,
  writeMultiTxn,
  writeSetAclTxn,
  writeSetDataTxn,
  writeTxnDigest,
  writeTxnHeader,
} from './generated/transaction-records.ts'
import { Op, opName } from './opcodes.ts'

/** What a transaction does. The type stands in its header, or before the part of a multi. */
export type TxnBody =
  | { readonly type: typeof Op.create | typeof Op.create2; readonly txn: CreateTxn }
  | { readonly type: typeof Op.createContainer; readonly txn: CreateContainerTxn }
  | { readonly type: typeof Op.createTTL; readonly txn: CreateTtlTxn }
  | { readonly type: typeof Op.delete | typeof Op.deleteContainer; readonly txn: DeleteTxn }
  | { readonly type: typeof Op.setData | typeof Op.reconfig; readonly txn: SetDataTxn }
  | { readonly type: typeof Op.setACL; readonly txn: SetAclTxn }
  | { readonly type: typeof Op.check; readonly txn: CheckVersionTxn }
  | { readonly type: typeof Op.createSession; readonly txn: CreateSessionTxn }
  /** Without a record in logs of servers before 3.6, and of those that are told so. */
  | { readonly type: typeof Op.closeSession; readonly txn: CloseSessionTxn | null }
  | { readonly type: typeof Op.error; readonly txn: ErrorTxn }
  | { readonly type: typeof Op.multi; readonly parts: readonly TxnBody[] }

/** A transaction. */
export interface Transaction {
  readonly header: TxnHeader
  readonly body: TxnBody
  readonly digest: TxnDigest | null
}

/** Reads a transaction that fills `input` to its end. */
export function readTransaction(input: ByteReader): Transaction {
  const at = input.position
  const header = readTxnHeader(input)
  // A check is only ever a part of a multi: no server can read one that stands alone.
  if (header.type === Op.check) throw new DecodeError('a check outside of a multi', at)
  const body = readTxnBody(header.type, input)
  return { header, body, digest: input.remaining() >= TXN_DIGEST_SIZE ? readTxnDigest(input) : null }
}

/** Writes a transaction. */
export function writeTransaction(out: ByteWriter, transaction: Transaction): void {
  const { header, body, digest } = transaction
  if (header.type !== body.type) throw new RangeError(`a header of ${opName(header.type)} before a body of ${opName(body.type)}`)
  writeTxnHeader(out, header)
  writeTxnBody(out, body)
  if (digest !== null) writeTxnDigest(out, digest)
}

/** Reads the record of a transaction of the type `type`, or of a part of a multi. */
export function readTxnBody(type: number, input: ByteReader): TxnBody {
  switch (type) {
    case Op.create:
    case Op.create2:
      return { type, txn: readCreateTxnOfAnyAge(input) }
    case Op.createContainer:
      return { type, txn: readCreateContainerTxn(input) }
    case Op.createTTL:
      return { type, txn: readCreateTtlTxn(input) }
    case Op.delete:
    case Op.deleteContainer:
      return { type, txn: readDeleteTxn(input) }
    case Op.setData:
    case Op.reconfig:
      return { type, txn: readSetDataTxn(input) }
    case Op.setACL:
      return { type, txn: readSetAclTxn(input) }
    case Op.check:
      return { type, txn: readCheckVersionTxn(input) }
    case Op.createSession:
      return { type, txn: readCreateSessionTxn(input) }
    case Op.closeSession:
      return { type, txn: hasCloseSessionTxn(input) ? readCloseSessionTxn(input) : null }
    case Op.error:
      return { type, txn: readErrorTxn(input) }
    case Op.multi:
      return { type, parts: (readMultiTxn(input).txns ?? []).map((part) => readPart(part, input.position)) }
    default:
      throw new DecodeError(`a transaction of the type ${type}`, input.position)
  }
}

/** Writes the record of a transaction, or of a part of a multi. */
export function writeTxnBody(out: ByteWriter, body: TxnBody): void {
  switch (body.type) {
    case Op.create:
    case Op.create2:
      return writeCreateTxn(out, body.txn)
    case Op.createContainer:
      return writeCreateContainerTxn(out, body.txn)
    case Op.createTTL:
      return writeCreateTtlTxn(out, body.txn)
    case Op.delete:
    case Op.deleteContainer:
      return writeDeleteTxn(out, body.txn)
    case Op.setData:
    case Op.reconfig:
      return writeSetDataTxn(out, body.txn)
    case Op.setACL:
      return writeSetAclTxn(out, body.txn)
    case Op.check:
      return writeCheckVersionTxn(out, body.txn)
    case Op.createSession:
      return writeCreateSessionTxn(out, body.txn)
    case Op.closeSession:
      if (body.txn !== null) writeCloseSessionTxn(out, body.txn)
      return
    case Op.error:
      return writeErrorTxn(out, body.txn)
    case Op.multi:
      return writeMultiTxn(out, { txns: body.parts.map(writePart) })
  }
}

/** Servers before 3.4 logged no parentCVersion: -1 stands for it, "one more than before". */
function readCreateTxnOfAnyAge(input: ByteReader): CreateTxn {
  const { path, data, acl, ephemeral } = readCreateTxnV0(input)
  return { path, data, acl, ephemeral, parentCVersion: input.remaining() > 0 ? input.readInt() : -1 }
}

/**
 * Whether a closeSession has its record. Nothing may follow it, or only a digest, which begins with its
 * version; read as a record, that would be two paths of four bytes, both of them empty.
 */
function hasCloseSessionTxn(input: ByteReader): boolean {
  const remaining = input.remaining()
  if (remaining === TXN_DIGEST_SIZE) return input.view.getInt32(input.position) !== DIGEST_VERSION
  return remaining > 0
}

function readPart(part: Txn, at: number): TxnBody {
  if (part.type === Op.multi || part.type === Op.createSession || part.type === Op.closeSession) {
    throw new DecodeError(`a part of the type ${part.type} in a multi`, at)
  }
  if (part.data === null) throw new DecodeError('a part without a record in a multi', at)
  return readTxnBody(part.type, new ByteReader(part.data))
}

function writePart(body: TxnBody): Txn {
  const out = new ByteWriter(64)
  writeTxnBody(out, body)
  return { type: body.type, data: out.toBytes() }
}
