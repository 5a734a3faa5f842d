// Generated from the schema by `npm run generate`. Edit the schema instead.
// Records that requests, replies and transactions share.

import type { ByteReader } from '../byte-reader.ts'
import type { ByteWriter } from '../byte-writer.ts'

/** One entry of an access control list; its identity (scheme and id) is flattened into it. */
export interface Acl {
  /** Permission bits, see `Perm`. */
  readonly perms: number
  readonly scheme: string
  readonly id: string
}

/** Writes an Acl. */
export function writeAcl(out: ByteWriter, value: Acl): void {
  out.writeInt(value.perms)
  out.writeString(value.scheme)
  out.writeString(value.id)
}

/** Reads an Acl. */
export function readAcl(input: ByteReader): Acl {
  return {
    perms: input.readInt(),
    scheme: input.readString() ?? '',
    id: input.readString() ?? '',
  }
}

/** What a client may know of a znode besides its data. */
export interface Stat {
  /** Zxid that created the node. */
  readonly czxid: number
  /** Zxid of the last change of its data. */
  readonly mzxid: number
  /** Milliseconds since the epoch. */
  readonly ctime: number
  /** Milliseconds since the epoch. */
  readonly mtime: number
  /** Changes of the data. */
  readonly version: number
  /** Changes of the list of children, see `clientCversion`. */
  readonly cversion: number
  /** Changes of the access control list. */
  readonly aversion: number
  /** The session of an ephemeral node, else 0: container and TTL marks are not shown. */
  readonly ephemeralOwner: bigint
  readonly dataLength: number
  readonly numChildren: number
  /** Zxid of the last creation or removal of a child. */
  readonly pzxid: number
}

/** Bytes that a Stat takes. */
export const STAT_SIZE = 68

/** Writes a Stat. */
export function writeStat(out: ByteWriter, value: Stat): void {
  out.writeNumber(value.czxid)
  out.writeNumber(value.mzxid)
  out.writeNumber(value.ctime)
  out.writeNumber(value.mtime)
  out.writeInt(value.version)
  out.writeInt(value.cversion)
  out.writeInt(value.aversion)
  out.writeLong(value.ephemeralOwner)
  out.writeInt(value.dataLength)
  out.writeInt(value.numChildren)
  out.writeNumber(value.pzxid)
}

/** Reads a Stat. */
export function readStat(input: ByteReader): Stat {
  return {
    czxid: input.readNumber(),
    mzxid: input.readNumber(),
    ctime: input.readNumber(),
    mtime: input.readNumber(),
    version: input.readInt(),
    cversion: input.readInt(),
    aversion: input.readInt(),
    ephemeralOwner: input.readLong(),
    dataLength: input.readInt(),
    numChildren: input.readInt(),
    pzxid: input.readNumber(),
  }
}

/** One identity that a connection holds. */
export interface ClientInfo {
  readonly authScheme: string | null
  readonly user: string | null
}

/** Writes a ClientInfo. */
export function writeClientInfo(out: ByteWriter, value: ClientInfo): void {
  out.writeString(value.authScheme)
  out.writeString(value.user)
}

/** Reads a ClientInfo. */
export function readClientInfo(input: ByteReader): ClientInfo {
  return {
    authScheme: input.readString(),
    user: input.readString(),
  }
}
