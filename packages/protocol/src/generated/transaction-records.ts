// Generated from the schema by `npm run generate`. Edit the schema instead.
// Transactions, as the log and the packets between servers carry them: results, never relative changes.

import type { ByteReader } from '../byte-reader.ts'
import type { ByteWriter } from '../byte-writer.ts'
import { readText, readVector, writeUstring, writeVector } from '../vector.ts'
import { type Acl, readAcl, writeAcl } from './common-records.ts'

/** What every transaction begins with. */
export interface TxnHeader {
  /** The session that asked for it. */
  readonly clientId: bigint
  /** The request's xid; 0 when no client asked. */
  readonly cxid: number
  readonly zxid: number
  /** The leader's clock, milliseconds since the epoch: the node's ctime or mtime. */
  readonly time: number
  /** An opcode, see `Op`; it says which record follows. */
  readonly type: number
}

/** Bytes that a TxnHeader takes. */
export const TXN_HEADER_SIZE = 32

/** Writes a TxnHeader. */
export function writeTxnHeader(out: ByteWriter, value: TxnHeader): void {
  out.writeLong(value.clientId)
  out.writeInt(value.cxid)
  out.writeNumber(value.zxid)
  out.writeNumber(value.time)
  out.writeInt(value.type)
}

/** Reads a TxnHeader. */
export function readTxnHeader(input: ByteReader): TxnHeader {
  return {
    clientId: input.readLong(),
    cxid: input.readInt(),
    zxid: input.readNumber(),
    time: input.readNumber(),
    type: input.readInt(),
  }
}

/** What a transaction may end with: the digest of the whole tree after it. */
export interface TxnDigest {
  /** How the digest is made, see `DIGEST_VERSION`. */
  readonly version: number
  readonly treeDigest: bigint
}

/** Bytes that a TxnDigest takes. */
export const TXN_DIGEST_SIZE = 12

/** Writes a TxnDigest. */
export function writeTxnDigest(out: ByteWriter, value: TxnDigest): void {
  out.writeInt(value.version)
  out.writeLong(value.treeDigest)
}

/** Reads a TxnDigest. */
export function readTxnDigest(input: ByteReader): TxnDigest {
  return {
    version: input.readInt(),
    treeDigest: input.readLong(),
  }
}

/** create and create2. */
export interface CreateTxn {
  /** The final path, with its sequence number. */
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[] | null
  readonly ephemeral: boolean
  /** The parent's stored cversion afterwards; -1 is one more than before. */
  readonly parentCVersion: number
}

/** Writes a CreateTxn. */
export function writeCreateTxn(out: ByteWriter, value: CreateTxn): void {
  out.writeString(value.path)
  out.writeBuffer(value.data)
  writeVector(out, value.acl, writeAcl)
  out.writeBoolean(value.ephemeral)
  out.writeInt(value.parentCVersion)
}

/** Reads a CreateTxn. */
export function readCreateTxn(input: ByteReader): CreateTxn {
  return {
    path: input.readString(),
    data: input.readBuffer(),
    acl: readVector(input, 12, readAcl),
    ephemeral: input.readBoolean(),
    parentCVersion: input.readInt(),
  }
}

/** create, as very old servers logged it. */
export interface CreateTxnV0 {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[] | null
  readonly ephemeral: boolean
}

/** Writes a CreateTxnV0. */
export function writeCreateTxnV0(out: ByteWriter, value: CreateTxnV0): void {
  out.writeString(value.path)
  out.writeBuffer(value.data)
  writeVector(out, value.acl, writeAcl)
  out.writeBoolean(value.ephemeral)
}

/** Reads a CreateTxnV0. */
export function readCreateTxnV0(input: ByteReader): CreateTxnV0 {
  return {
    path: input.readString(),
    data: input.readBuffer(),
    acl: readVector(input, 12, readAcl),
    ephemeral: input.readBoolean(),
  }
}

/** createContainer. */
export interface CreateContainerTxn {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[] | null
  readonly parentCVersion: number
}

/** Writes a CreateContainerTxn. */
export function writeCreateContainerTxn(out: ByteWriter, value: CreateContainerTxn): void {
  out.writeString(value.path)
  out.writeBuffer(value.data)
  writeVector(out, value.acl, writeAcl)
  out.writeInt(value.parentCVersion)
}

/** Reads a CreateContainerTxn. */
export function readCreateContainerTxn(input: ByteReader): CreateContainerTxn {
  return {
    path: input.readString(),
    data: input.readBuffer(),
    acl: readVector(input, 12, readAcl),
    parentCVersion: input.readInt(),
  }
}

/** createTTL. */
export interface CreateTtlTxn {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[] | null
  readonly parentCVersion: number
  /** Milliseconds. */
  readonly ttl: number
}

/** Writes a CreateTtlTxn. */
export function writeCreateTtlTxn(out: ByteWriter, value: CreateTtlTxn): void {
  out.writeString(value.path)
  out.writeBuffer(value.data)
  writeVector(out, value.acl, writeAcl)
  out.writeInt(value.parentCVersion)
  out.writeNumber(value.ttl)
}

/** Reads a CreateTtlTxn. */
export function readCreateTtlTxn(input: ByteReader): CreateTtlTxn {
  return {
    path: input.readString(),
    data: input.readBuffer(),
    acl: readVector(input, 12, readAcl),
    parentCVersion: input.readInt(),
    ttl: input.readNumber(),
  }
}

/** delete and deleteContainer. */
export interface DeleteTxn {
  readonly path: string | null
}

/** Writes a DeleteTxn. */
export function writeDeleteTxn(out: ByteWriter, value: DeleteTxn): void {
  out.writeString(value.path)
}

/** Reads a DeleteTxn. */
export function readDeleteTxn(input: ByteReader): DeleteTxn {
  return {
    path: input.readString(),
  }
}

/** setData and reconfig. */
export interface SetDataTxn {
  readonly path: string | null
  readonly data: Uint8Array | null
  /** The version afterwards. */
  readonly version: number
}

/** Writes a SetDataTxn. */
export function writeSetDataTxn(out: ByteWriter, value: SetDataTxn): void {
  out.writeString(value.path)
  out.writeBuffer(value.data)
  out.writeInt(value.version)
}

/** Reads a SetDataTxn. */
export function readSetDataTxn(input: ByteReader): SetDataTxn {
  return {
    path: input.readString(),
    data: input.readBuffer(),
    version: input.readInt(),
  }
}

/** setACL. */
export interface SetAclTxn {
  readonly path: string | null
  readonly acl: readonly Acl[] | null
  /** The aversion afterwards. */
  readonly version: number
}

/** Writes a SetAclTxn. */
export function writeSetAclTxn(out: ByteWriter, value: SetAclTxn): void {
  out.writeString(value.path)
  writeVector(out, value.acl, writeAcl)
  out.writeInt(value.version)
}

/** Reads a SetAclTxn. */
export function readSetAclTxn(input: ByteReader): SetAclTxn {
  return {
    path: input.readString(),
    acl: readVector(input, 12, readAcl),
    version: input.readInt(),
  }
}

/** check, only inside a multi. */
export interface CheckVersionTxn {
  readonly path: string | null
  /** One more than the version found. */
  readonly version: number
}

/** Writes a CheckVersionTxn. */
export function writeCheckVersionTxn(out: ByteWriter, value: CheckVersionTxn): void {
  out.writeString(value.path)
  out.writeInt(value.version)
}

/** Reads a CheckVersionTxn. */
export function readCheckVersionTxn(input: ByteReader): CheckVersionTxn {
  return {
    path: input.readString(),
    version: input.readInt(),
  }
}

/** createSession. */
export interface CreateSessionTxn {
  readonly timeoutMs: number
}

/** Bytes that a CreateSessionTxn takes. */
export const CREATE_SESSION_TXN_SIZE = 4

/** Writes a CreateSessionTxn. */
export function writeCreateSessionTxn(out: ByteWriter, value: CreateSessionTxn): void {
  out.writeInt(value.timeoutMs)
}

/** Reads a CreateSessionTxn. */
export function readCreateSessionTxn(input: ByteReader): CreateSessionTxn {
  return {
    timeoutMs: input.readInt(),
  }
}

/** closeSession: every ephemeral node of the session. */
export interface CloseSessionTxn {
  readonly paths: readonly string[] | null
}

/** Writes a CloseSessionTxn. */
export function writeCloseSessionTxn(out: ByteWriter, value: CloseSessionTxn): void {
  writeVector(out, value.paths, writeUstring)
}

/** Reads a CloseSessionTxn. */
export function readCloseSessionTxn(input: ByteReader): CloseSessionTxn {
  return {
    paths: readVector(input, 4, readText),
  }
}

/** A request that was refused after it had got its zxid. */
export interface ErrorTxn {
  /** See `ErrorCode`. */
  readonly err: number
}

/** Bytes that an ErrorTxn takes. */
export const ERROR_TXN_SIZE = 4

/** Writes an ErrorTxn. */
export function writeErrorTxn(out: ByteWriter, value: ErrorTxn): void {
  out.writeInt(value.err)
}

/** Reads an ErrorTxn. */
export function readErrorTxn(input: ByteReader): ErrorTxn {
  return {
    err: input.readInt(),
  }
}

/** A multi's part: the bytes of the record that `type` names. */
export interface Txn {
  readonly type: number
  readonly data: Uint8Array | null
}

/** Writes a Txn. */
export function writeTxn(out: ByteWriter, value: Txn): void {
  out.writeInt(value.type)
  out.writeBuffer(value.data)
}

/** Reads a Txn. */
export function readTxn(input: ByteReader): Txn {
  return {
    type: input.readInt(),
    data: input.readBuffer(),
  }
}

/** multi. */
export interface MultiTxn {
  readonly txns: readonly Txn[] | null
}

/** Writes a MultiTxn. */
export function writeMultiTxn(out: ByteWriter, value: MultiTxn): void {
  writeVector(out, value.txns, writeTxn)
}

/** Reads a MultiTxn. */
export function readMultiTxn(input: ByteReader): MultiTxn {
  return {
    txns: readVector(input, 8, readTxn),
  }
}

/** A leftover of the protocol that no server logs. */
export interface SetMaxChildrenTxn {
  readonly path: string | null
  readonly max: number
}

/** Writes a SetMaxChildrenTxn. */
export function writeSetMaxChildrenTxn(out: ByteWriter, value: SetMaxChildrenTxn): void {
  out.writeString(value.path)
  out.writeInt(value.max)
}

/** Reads a SetMaxChildrenTxn. */
export function readSetMaxChildrenTxn(input: ByteReader): SetMaxChildrenTxn {
  return {
    path: input.readString(),
    max: input.readInt(),
  }
}
