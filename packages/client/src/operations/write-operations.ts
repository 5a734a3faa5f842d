import { type Acl, type ByteWriter, Op, writeAcl } from '@tskeeper/protocol'
import type { CreatedNode, NodeValue } from '../results.ts'
import type { Operation } from '../session/request.ts'
import { readStat, type Stat } from '../stat.ts'
import { readNodeValue } from './read-operations.ts'

/** A node to create. */
export interface CreateBody {
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[]
  readonly flags: number
  /** Null for nodes without a time to live. */
  readonly ttlMs: number | null
}

/** create2: gives the Stat too. The path is the server's. */
export const create2: Operation<CreateBody, CreatedNode> = {
  op: Op.create2,
  name: 'create',
  isWrite: true,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { serverPath, body }) => writeCreate(out, serverPath, body),
  decode: (input) => ({ path: input.readString() ?? '', stat: readStat(input) }),
}

/** createContainer */
export const createContainer: Operation<CreateBody, CreatedNode> = { ...create2, op: Op.createContainer }

/** createTTL */
export const createTtl: Operation<CreateBody, CreatedNode> = { ...create2, op: Op.createTTL }

/** A change of data. */
export interface SetBody {
  readonly data: Uint8Array | null
  readonly version: number
}

/** setData */
export const setData: Operation<SetBody, Stat> = {
  op: Op.setData,
  name: 'setData',
  isWrite: true,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { serverPath, body }) => {
    out.writeString(serverPath)
    out.writeBuffer(body.data)
    out.writeInt(body.version)
  },
  decode: readStat,
}

/** delete; the body is the version */
export const deleteNode: Operation<number, undefined> = {
  op: Op.delete,
  name: 'delete',
  isWrite: true,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { serverPath, body }) => {
    out.writeString(serverPath)
    out.writeInt(body)
  },
  decode: () => undefined,
}

/** A change of an access control list. */
export interface SetAclBody {
  readonly acl: readonly Acl[]
  readonly version: number
}

/** setACL */
export const setAcl: Operation<SetAclBody, Stat> = {
  op: Op.setACL,
  name: 'setACL',
  isWrite: true,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { serverPath, body }) => {
    out.writeString(serverPath)
    writeAcls(out, body.acl)
    out.writeInt(body.version)
  },
  decode: readStat,
}

/** A change of the membership; texts as the protocol wants them, null where there is none. */
export interface ReconfigBody {
  readonly joining: string | null
  readonly leaving: string | null
  readonly members: string | null
  readonly fromVersion: bigint
}

/** reconfig */
export const reconfig: Operation<ReconfigBody, NodeValue> = {
  op: Op.reconfig,
  name: 'reconfig',
  isWrite: true,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { body }) => {
    out.writeString(body.joining)
    out.writeString(body.leaving)
    out.writeString(body.members)
    out.writeLong(body.fromVersion)
  },
  decode: readNodeValue,
}

/** Writes the body of every kind of create. */
export function writeCreate(out: ByteWriter, serverPath: string, body: CreateBody): void {
  out.writeString(serverPath)
  out.writeBuffer(body.data)
  writeAcls(out, body.acl)
  out.writeInt(body.flags)
  if (body.ttlMs !== null) out.writeNumber(body.ttlMs)
}

function writeAcls(out: ByteWriter, acls: readonly Acl[]): void {
  out.writeInt(acls.length)
  for (const acl of acls) writeAcl(out, acl)
}
