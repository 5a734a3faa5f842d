// Transactions as the log holds them, in a few words.

import {
  type Acl,
  ByteWriter,
  Op,
  type Transaction,
  type TxnBody,
  writeCreateTxnV0,
  writeTransaction,
  writeTxnHeader,
} from '@tskeeper/protocol/server'
import { bytesOf, openAcl } from '../txn/workbench.ts'

export const SESSION = 0x0100000000000001n

export interface HeaderFields {
  readonly clientId?: bigint
  readonly time?: number
  /** Digest of the tree after it; none if it is left out. */
  readonly digest?: bigint
}

export function transaction(
  zxid: number,
  body: TxnBody,
  { clientId = SESSION, time = zxid * 10, digest }: HeaderFields = {},
): Transaction {
  const header = { clientId, cxid: zxid, zxid, time, type: body.type }
  return { header, body, digest: digest === undefined ? null : { version: 2, treeDigest: digest } }
}

export function encode(transaction: Transaction): Uint8Array {
  const out = new ByteWriter()
  writeTransaction(out, transaction)
  return out.toBytes()
}

/** An entry of the log: a transaction as bytes. */
export function entry(zxid: number, body: TxnBody, fields: HeaderFields = {}): Uint8Array {
  return encode(transaction(zxid, body, fields))
}

interface CreateFields {
  readonly data?: string | null
  readonly acl?: readonly Acl[]
  readonly isEphemeral?: boolean
}

export function createOf(path: string, parentCVersion: number, fields: CreateFields = {}): TxnBody {
  const { data = '', acl = openAcl, isEphemeral = false } = fields
  const bytes = data === null ? null : bytesOf(data)
  return { type: Op.create, txn: { path, data: bytes, acl, ephemeral: isEphemeral, parentCVersion } }
}

/** A create as the oldest releases wrote it, without the parent's version. */
export function createV0Entry(zxid: number, path: string): Uint8Array {
  const out = new ByteWriter()
  writeTxnHeader(out, { clientId: SESSION, cxid: zxid, zxid, time: zxid * 10, type: Op.create })
  writeCreateTxnV0(out, { path, data: bytesOf('old'), acl: openAcl, ephemeral: false })
  return out.toBytes()
}

export function deleteOf(path: string): TxnBody {
  return { type: Op.delete, txn: { path } }
}

export function setDataOf(path: string, data: string, version: number): TxnBody {
  return { type: Op.setData, txn: { path, data: bytesOf(data), version } }
}

export function setAclOf(path: string, acl: readonly Acl[], version: number): TxnBody {
  return { type: Op.setACL, txn: { path, acl, version } }
}

export function closeSessionOf(paths: readonly string[] | null): TxnBody {
  return { type: Op.closeSession, txn: paths === null ? null : { paths } }
}
