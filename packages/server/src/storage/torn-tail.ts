// What lies behind the last whole entry of the log? Usually zeros. After a crash, perhaps the beginning of a batch
// that was never synced, hence never acknowledged: it may be cut. But a damaged length or a lost
// block inside the log ends the reading in the same way, and then acknowledged transactions lie behind it.
// The difference is in the bytes:
//
// - A torn write leaves what it did not reach as it was: zero, or beyond the end of the file. Disks write whole
//   sectors, in any order, so inside a torn batch there may also be sectors of zeros with sound entries behind.
// - If a whole entry with a later zxid is found behind the end, and no sector of zeros explains it, or
//   if the torn entry's own checksum fits another length, then the log is damaged.

import { adler32OfView, LOG_ENTRY_TRAILER } from '@tskeeper/protocol/server'
import type { DiskFile } from '../runtime/disk.ts'
import { ENTRY_OVERHEAD, ENTRY_PREFIX_SIZE } from './txn-log-entry.ts'
import { type LogEnding, SECTOR_SIZE, TXN_HEADER_SIZE, ZXID_OFFSET } from './txn-log-file.ts'

const CHUNK_BYTES = 1 << 20
/**
 * Zeros after which nothing more is expected: many times what is ever under way between two syncs. Without a bound each start
 * would read all of a preallocated file.
 */
const ZERO_RUN_MAX_BYTES = 8 << 20
const ADLER_MODULUS = 65521
const TWO_TO_32 = 4294967296

/** What was found behind the end of the entries. */
export interface Tail {
  /** Bytes from the end of the entries to the last byte that is not zero; 0: there is nothing but zeros. */
  readonly droppedBytes: number
  /** Null if a crash explains the bytes; otherwise why the log must be damaged. */
  readonly damage: string | null
}

/** Judges the bytes from `ending.offset` on. `lastZxid` is that of the last whole entry before them. */
export function inspectTail(file: DiskFile, ending: LogEnding, lastZxid: number, entryLengthMax: number): Tail {
  const dataEnd = findDataEnd(file, ending.offset)
  if (dataEnd <= ending.offset) return { droppedBytes: 0, damage: null }
  const bytes = new Uint8Array(dataEnd - ending.offset)
  readFully(file, bytes, ending.offset)
  return { droppedBytes: bytes.length, damage: findDamage(bytes, ending, lastZxid, entryLengthMax) }
}

function findDamage(bytes: Uint8Array, ending: LogEnding, lastZxid: number, entryLengthMax: number): string | null {
  const view = new DataView(bytes.buffer)
  const trueLength = findTrueLength(bytes, view, ending.statedLength, entryLengthMax)
  if (trueLength > 0) return `the checksum of the entry fits a length of ${trueLength}, but it states ${ending.statedLength}`
  const later = findLaterEntry(bytes, view, lastZxid, entryLengthMax)
  if (later < 0 || isLostSector(bytes, ending, later)) return null
  const zxid = zxidOf(view, later)
  return `${ending.reason}, but a whole entry with the later zxid 0x${zxid.toString(16)} follows at byte ${ending.offset + later}`
}

/** Offset of the byte after the last one that is not zero, before a long run of zeros or the end; `from` if all are. */
function findDataEnd(file: DiskFile, from: number): number {
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(1, file.size() - from)))
  const zeros = Buffer.alloc(chunk.length)
  let dataEnd = from
  for (let position = from; ; ) {
    const read = file.read(chunk, 0, chunk.length, position)
    if (read === 0 || position - dataEnd >= ZERO_RUN_MAX_BYTES) return dataEnd
    if (chunk.compare(zeros, 0, read, 0, read) !== 0) {
      let last = read - 1
      while (chunk[last] === 0) last--
      dataEnd = position + last + 1
    }
    position += read
  }
}

function readFully(file: DiskFile, bytes: Uint8Array, position: number): void {
  let done = 0
  while (done < bytes.length) {
    const read = file.read(bytes, done, bytes.length - done, position + done)
    if (read === 0) return
    done += read
  }
}

/**
 * The length with which the entry at 0 would be whole although it states another one, or 0. Walks the checksum along,
 * so that each possible end costs only a comparison.
 */
function findTrueLength(bytes: Uint8Array, view: DataView, statedLength: number, entryLengthMax: number): number {
  if (bytes.length < ENTRY_OVERHEAD + TXN_HEADER_SIZE || view.getInt32(0) !== 0) return 0
  const checksum = view.getUint32(4)
  const limit = Math.min(bytes.length - ENTRY_PREFIX_SIZE - 1, entryLengthMax)
  let a = 1
  let b = 0
  for (let length = 1; length <= limit; length++) {
    a = (a + view.getUint8(ENTRY_PREFIX_SIZE + length - 1)) % ADLER_MODULUS
    b = (b + a) % ADLER_MODULUS
    if (length < TXN_HEADER_SIZE || length === statedLength) continue
    if (view.getUint8(ENTRY_PREFIX_SIZE + length) !== LOG_ENTRY_TRAILER) continue
    if (((b << 16) | a) >>> 0 === checksum) return length
  }
  return 0
}

/** Where the first whole entry with a zxid beyond `lastZxid` begins, or -1. */
function findLaterEntry(bytes: Uint8Array, view: DataView, lastZxid: number, entryLengthMax: number): number {
  const lastStart = bytes.length - ENTRY_OVERHEAD - TXN_HEADER_SIZE
  for (let start = 0; start <= lastStart; start++) {
    if (view.getInt32(start) !== 0) continue
    const length = view.getInt32(start + 8)
    if (length < TXN_HEADER_SIZE || length > entryLengthMax) continue
    const end = start + ENTRY_PREFIX_SIZE + length
    if (end >= bytes.length || view.getUint8(end) !== LOG_ENTRY_TRAILER) continue
    if (zxidOf(view, start) <= lastZxid) continue
    if (adler32OfView(view, start + ENTRY_PREFIX_SIZE, end) === view.getUint32(start + 4)) return start
  }
  return -1
}

/**
 * True if the reading ended because a sector in front of the entry at `later` is all zero: the write that would have filled it was
 * lost. The entry may begin in that sector, with the zeros that every entry begins with. The byte that ended the reading lies in that sector.
 */
function isLostSector(bytes: Uint8Array, ending: LogEnding, later: number): boolean {
  const sectorStart = Math.floor(ending.stoppedAt / SECTOR_SIZE) * SECTOR_SIZE
  const from = Math.max(sectorStart - ending.offset, 0)
  const to = sectorStart + SECTOR_SIZE - ending.offset
  if (later < from) return false
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false
  return true
}

function zxidOf(view: DataView, start: number): number {
  const at = start + ENTRY_PREFIX_SIZE + ZXID_OFFSET
  return view.getInt32(at) * TWO_TO_32 + view.getUint32(at + 4)
}
