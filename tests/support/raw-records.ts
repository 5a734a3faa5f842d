/**
 * The records that the raw client sends and receives, encoded by hand from the protocol's description and not with the
 * generated codecs: a mistake there must show as a difference here instead of cancelling out against itself.
 */
import type { ByteReader, ByteWriter } from '@tskeeper/protocol'

/** Numbers of the operations, as they stand in a request's header. */
export const RawOp = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTtl: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
} as const

/** Numbers that a create request's flags take. */
export const RawCreateMode = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentWithTtl: 5,
  persistentSequentialWithTtl: 6,
} as const

/** Error codes of replies, by the names that the protocol gives them. */
export const RawErrorName: Readonly<Record<number, string>> = {
  [-1]: 'SYSTEMERROR',
  [-2]: 'RUNTIMEINCONSISTENCY',
  [-5]: 'MARSHALLINGERROR',
  [-6]: 'UNIMPLEMENTED',
  [-8]: 'BADARGUMENTS',
  [-13]: 'NEWCONFIGNOQUORUM',
  [-14]: 'RECONFIGINPROGRESS',
  [-101]: 'NONODE',
  [-102]: 'NOAUTH',
  [-103]: 'BADVERSION',
  [-108]: 'NOCHILDRENFOREPHEMERALS',
  [-110]: 'NODEEXISTS',
  [-111]: 'NOTEMPTY',
  [-112]: 'SESSIONEXPIRED',
  [-114]: 'INVALIDACL',
  [-115]: 'AUTHFAILED',
  [-119]: 'NOTREADONLY',
  [-120]: 'EPHEMERALONLOCALSESSION',
  [-121]: 'NOWATCHER',
  [-123]: 'RECONFIGDISABLED',
  [-124]: 'SESSIONCLOSEDREQUIRESASLAUTH',
  [-125]: 'QUOTAEXCEEDED',
  [-127]: 'THROTTLEDOP',
}

export interface RawAcl {
  readonly perms: number
  readonly scheme: string | null
  readonly id: string | null
}

/** Everyone may do everything. */
export const openAcl: readonly RawAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]

export interface RawStat {
  readonly czxid: number
  readonly mzxid: number
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  readonly ephemeralOwner: bigint
  readonly dataLength: number
  readonly numChildren: number
  readonly pzxid: number
}

export interface RawClientInfo {
  readonly scheme: string | null
  readonly user: string | null
}

/** Data as a caller likes to write it; a string is sent as UTF-8. */
export type RawData = string | Uint8Array | null

/** One operation inside a multi (the first seven) or a multiRead (the last two). */
export type RawMultiOp =
  | {
      readonly op: 'create'
      readonly path: string
      readonly data?: RawData
      readonly acl?: readonly RawAcl[]
      readonly flags?: number
    }
  | {
      readonly op: 'create2'
      readonly path: string
      readonly data?: RawData
      readonly acl?: readonly RawAcl[]
      readonly flags?: number
    }
  | { readonly op: 'createContainer'; readonly path: string; readonly data?: RawData; readonly acl?: readonly RawAcl[] }
  | {
      readonly op: 'createTtl'
      readonly path: string
      readonly ttlMs: number
      readonly data?: RawData
      readonly acl?: readonly RawAcl[]
      readonly flags?: number
    }
  | { readonly op: 'delete'; readonly path: string; readonly version?: number }
  | { readonly op: 'setData'; readonly path: string; readonly data: RawData; readonly version?: number }
  | { readonly op: 'check'; readonly path: string; readonly version: number }
  | { readonly op: 'getData'; readonly path: string }
  | { readonly op: 'getChildren'; readonly path: string }

/** One result of a multi or multiRead; the fields that its type does not have are null. */
export interface RawMultiResult {
  readonly type: number
  readonly err: number
  readonly path: string | null
  readonly stat: RawStat | null
  readonly data: Uint8Array | null
  readonly children: readonly string[] | null
}

export function toBytes(data: RawData): Uint8Array | null {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data
}

export function writeAcl(writer: ByteWriter, acl: readonly RawAcl[] | null): void {
  if (acl === null) {
    writer.writeInt(-1)
    return
  }
  writer.writeInt(acl.length)
  for (const entry of acl) {
    writer.writeInt(entry.perms)
    writer.writeString(entry.scheme)
    writer.writeString(entry.id)
  }
}

export function readAcl(reader: ByteReader): RawAcl[] {
  return readVector(reader, () => ({ perms: reader.readInt(), scheme: reader.readString(), id: reader.readString() }))
}

export function writeStrings(writer: ByteWriter, strings: readonly string[]): void {
  writer.writeInt(strings.length)
  for (const string of strings) writer.writeString(string)
}

export function readStrings(reader: ByteReader): string[] {
  return readVector(reader, () => readText(reader))
}

/** A string that must not be null. */
export function readText(reader: ByteReader): string {
  const text = reader.readString()
  if (text === null) throw new Error('the server sent null where a string belongs')
  return text
}

export function readVector<T>(reader: ByteReader, readElement: () => T): T[] {
  const count = reader.readInt()
  const elements: T[] = []
  for (let index = 0; index < count; index++) elements.push(readElement())
  return elements
}

export function readStat(reader: ByteReader): RawStat {
  return {
    czxid: reader.readNumber(),
    mzxid: reader.readNumber(),
    ctime: reader.readNumber(),
    mtime: reader.readNumber(),
    version: reader.readInt(),
    cversion: reader.readInt(),
    aversion: reader.readInt(),
    ephemeralOwner: reader.readLong(),
    dataLength: reader.readInt(),
    numChildren: reader.readInt(),
    pzxid: reader.readNumber(),
  }
}

export function writeCreate(
  writer: ByteWriter,
  path: string | null,
  data: RawData,
  acl: readonly RawAcl[] | null,
  flags: number,
): void {
  writer.writeString(path)
  writer.writeBuffer(toBytes(data))
  writeAcl(writer, acl)
  writer.writeInt(flags)
}

function writeMultiHeader(writer: ByteWriter, type: number, isDone: boolean): void {
  writer.writeInt(type)
  writer.writeBoolean(isDone)
  writer.writeInt(-1)
}

/** The body of a multi or multiRead request: header and record of each operation, then the closing header. */
export function writeMulti(writer: ByteWriter, ops: readonly RawMultiOp[]): void {
  for (const op of ops) {
    writeMultiHeader(writer, RawOp[op.op], false)
    writeMultiOp(writer, op)
  }
  writeMultiHeader(writer, -1, true)
}

function writeMultiOp(writer: ByteWriter, op: RawMultiOp): void {
  switch (op.op) {
    case 'create':
    case 'create2':
      writeCreate(writer, op.path, op.data ?? null, op.acl ?? openAcl, op.flags ?? RawCreateMode.persistent)
      return
    case 'createContainer':
      writeCreate(writer, op.path, op.data ?? null, op.acl ?? openAcl, RawCreateMode.container)
      return
    case 'createTtl':
      writeCreate(writer, op.path, op.data ?? null, op.acl ?? openAcl, op.flags ?? RawCreateMode.persistentWithTtl)
      writer.writeNumber(op.ttlMs)
      return
    case 'delete':
      writer.writeString(op.path)
      writer.writeInt(op.version ?? -1)
      return
    case 'setData':
      writer.writeString(op.path)
      writer.writeBuffer(toBytes(op.data))
      writer.writeInt(op.version ?? -1)
      return
    case 'check':
      writer.writeString(op.path)
      writer.writeInt(op.version)
      return
    case 'getData':
    case 'getChildren':
      writer.writeString(op.path)
      writer.writeBoolean(false)
  }
}

/** The body of a multi's or multiRead's reply, up to and with its closing header. */
export function readMulti(reader: ByteReader): RawMultiResult[] {
  const results: RawMultiResult[] = []
  while (true) {
    const type = reader.readInt()
    const isDone = reader.readBoolean()
    const err = reader.readInt()
    if (isDone) return results
    results.push(readMultiResult(reader, type, err))
  }
}

function readMultiResult(reader: ByteReader, type: number, err: number): RawMultiResult {
  const empty: RawMultiResult = { type, err, path: null, stat: null, data: null, children: null }
  switch (type) {
    case -1: {
      const repeated = reader.readInt()
      if (repeated !== err) throw new Error(`a multi's result has error ${err} in its header and ${repeated} in its record`)
      return empty
    }
    case RawOp.create:
      return { ...empty, path: readText(reader) }
    case RawOp.create2:
      return { ...empty, path: readText(reader), stat: readStat(reader) }
    case RawOp.setData:
      return { ...empty, stat: readStat(reader) }
    case RawOp.getData:
      return { ...empty, data: reader.readBuffer(), stat: readStat(reader) }
    case RawOp.getChildren:
      return { ...empty, children: readStrings(reader) }
    case RawOp.delete:
    case RawOp.check:
      return empty
    default:
      throw new Error(`a multi's result of unknown type ${type}`)
  }
}
