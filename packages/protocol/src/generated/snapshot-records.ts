// Generated from the schema by `npm run generate`. Edit the schema instead.
// Fixed parts of the log and snapshot files.

import type { ByteReader } from '../byte-reader.ts'
import type { ByteWriter } from '../byte-writer.ts'

/** What a log and a snapshot begin with. */
export interface FileHeader {
  /** `LOG_MAGIC` or `SNAPSHOT_MAGIC`. */
  readonly magic: number
  readonly version: number
  /** 0 in logs, -1 in snapshots; nobody reads it. */
  readonly dbid: bigint
}

/** Bytes that a FileHeader takes. */
export const FILE_HEADER_SIZE = 16

/** Writes a FileHeader. */
export function writeFileHeader(out: ByteWriter, value: FileHeader): void {
  out.writeInt(value.magic)
  out.writeInt(value.version)
  out.writeLong(value.dbid)
}

/** Reads a FileHeader. */
export function readFileHeader(input: ByteReader): FileHeader {
  return {
    magic: input.readInt(),
    version: input.readInt(),
    dbid: input.readLong(),
  }
}

/** A znode in a snapshot, besides its path, data and ACL id. */
export interface StatPersisted {
  readonly czxid: number
  readonly mzxid: number
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  /** Children ever created; removals do not count here. */
  readonly cversion: number
  readonly aversion: number
  /** Session, container or TTL mark: see `ephemeral-owner.ts`. */
  readonly ephemeralOwner: bigint
  readonly pzxid: number
}

/** Bytes that a StatPersisted takes. */
export const STAT_PERSISTED_SIZE = 60

/** Writes a StatPersisted. */
export function writeStatPersisted(out: ByteWriter, value: StatPersisted): void {
  out.writeNumber(value.czxid)
  out.writeNumber(value.mzxid)
  out.writeNumber(value.ctime)
  out.writeNumber(value.mtime)
  out.writeInt(value.version)
  out.writeInt(value.cversion)
  out.writeInt(value.aversion)
  out.writeLong(value.ephemeralOwner)
  out.writeNumber(value.pzxid)
}

/** Reads a StatPersisted. */
export function readStatPersisted(input: ByteReader): StatPersisted {
  return {
    czxid: input.readNumber(),
    mzxid: input.readNumber(),
    ctime: input.readNumber(),
    mtime: input.readNumber(),
    version: input.readInt(),
    cversion: input.readInt(),
    aversion: input.readInt(),
    ephemeralOwner: input.readLong(),
    pzxid: input.readNumber(),
  }
}
