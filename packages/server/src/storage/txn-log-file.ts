// Reads one transaction log: a header of 16 bytes, entries, and then the end, which has three faces. Zeros (a
// file is longer than its data while it is written to), the end of the file, or the beginning of an entry
// that was not written in full. Only the reader of the whole directory can tell whether such a tear is
// harmless, so this reader reports where and how the file ended, and throws at once for what no tear looks like.

import { adler32OfView, LOG_ENTRY_TRAILER, LOG_MAGIC } from '@tskeeper/protocol/server'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import { CorruptLogError, remedyForDamage } from './corrupt-log-error.ts'
import { ENTRY_OVERHEAD, ENTRY_PREFIX_SIZE } from './txn-log-entry.ts'
import { ZXID_MAX } from './zxid.ts'

/** Bytes before the first entry. */
export const LOG_HEADER_SIZE = 16

/** Bytes of an entry that every transaction has: session, cxid, zxid, time, type. */
export const TXN_HEADER_SIZE = 32

/** Where the zxid lies in an entry. */
export const ZXID_OFFSET = 12

/** The least that a disk writes in one piece. */
export const SECTOR_SIZE = 512

/** Bytes that are read at once; entries longer than that make the buffer grow. */
const CHUNK_BYTES = 1 << 20

const TWO_TO_32 = 4294967296

/** Why a file has no more entries, found at `offset`. */
export interface LogEnding {
  readonly offset: number
  /** 'clean': padding or the exact end of the file; 'torn': an entry that is not whole. */
  readonly kind: 'clean' | 'torn'
  /** Length that the torn entry states, 0 if it does not get that far. */
  readonly statedLength: number
  /** Where in the file the byte lies that gave the end away. */
  readonly stoppedAt: number
  readonly reason: string
}

/** The buffer that files are read through; one serves all the files of a directory. */
export class LogBuffer {
  bytes: Uint8Array
  view: DataView

  constructor() {
    this.bytes = new Uint8Array(0)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Room for `capacity` bytes, keeping the first `kept`. */
  grow(capacity: number, kept: number): void {
    const bytes = new Uint8Array(capacity)
    bytes.set(this.bytes.subarray(0, kept))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }
}

/** Goes through the entries of one file. */
export class TxnLogFileReader {
  readonly path: string
  readonly file: DiskFile
  readonly fileSize: number
  readonly buffer: LogBuffer
  /** The current entry is `buffer.bytes[start, end)`, until `next` is called again. */
  start = 0
  end = 0
  zxid = -1
  /** Where the current entry's checksum lies in the file, and where the next entry's does. */
  offset: number = LOG_HEADER_SIZE
  nextOffset: number = LOG_HEADER_SIZE
  /** Set when `next` has returned false. */
  ending: LogEnding | null = null
  private readonly entryLengthMax: number
  /** File position of `buffer.bytes[0]`, how many bytes are filled, and the one that comes next. */
  private bufferOffset = 0
  private filled = 0
  private at = 0

  /** Opens the file and checks its header. An entry longer than `entryLengthMax` is taken only if it proves itself. */
  constructor(disk: Disk, path: string, entryLengthMax: number, buffer: LogBuffer = new LogBuffer()) {
    this.path = path
    this.entryLengthMax = entryLengthMax
    this.buffer = buffer
    this.file = disk.open(path, 'read')
    try {
      this.fileSize = this.file.size()
      this.checkHeader()
    } catch (error) {
      this.file.close()
      throw error
    }
  }

  /** Moves to the next entry; false at the end. Throws `CorruptLogError`. */
  next(): boolean {
    if (this.ending !== null) return false
    this.offset = this.nextOffset
    if (!this.has(ENTRY_PREFIX_SIZE)) return this.finish()
    const view = this.buffer.view
    const length = view.getInt32(this.at + 8)
    if (length === 0) return this.finishAtZeroLength()
    if (length < 0) throw this.corrupt(`an entry states a length of ${length}`)
    if (!this.has(length + ENTRY_OVERHEAD)) return this.finishInsideEntry(length)
    return this.takeEntry(length)
  }

  close(): void {
    this.file.close()
  }

  private takeEntry(length: number): boolean {
    const { view } = this.buffer
    const at = this.at
    const start = at + ENTRY_PREFIX_SIZE
    const end = start + length
    const trailer = view.getUint8(end)
    const isSound = view.getInt32(at) === 0 && adler32OfView(view, start, end) === view.getUint32(at + 4)
    if (trailer !== LOG_ENTRY_TRAILER) return this.finishWithoutTrailer(length, trailer, isSound)
    if (!isSound) {
      const lostSector = length > this.entryLengthMax ? -1 : this.findLostSector(end + 1)
      if (lostSector >= 0) {
        this.ending = this.tear(length, `a part of an entry of ${length} bytes was never written`, lostSector)
        return false
      }
      throw this.corrupt(
        length > this.entryLengthMax
          ? `an entry states a length of ${length}, over the limit of ${this.entryLengthMax}, and its checksum is wrong`
          : `the checksum of an entry of ${length} bytes is wrong`,
      )
    }
    if (length < TXN_HEADER_SIZE) throw this.corrupt(`an entry of ${length} bytes cannot hold a transaction`)
    const zxid = view.getInt32(start + ZXID_OFFSET) * TWO_TO_32 + view.getUint32(start + ZXID_OFFSET + 4)
    if (zxid < 0 || zxid > ZXID_MAX) throw this.corrupt(`an entry has the zxid 0x${hexLong(view, start + ZXID_OFFSET)}`)
    this.start = start
    this.end = end
    this.zxid = zxid
    this.at = end + 1
    this.nextOffset = this.offset + length + ENTRY_OVERHEAD
    return true
  }

  /**
   * Disks write whole sectors, in any order. Where the part of the entry before `end` that lies in one sector is nothing but zeros, the write
   * of that sector was lost; returns where in the file it begins, or -1.
   */
  private findLostSector(end: number): number {
    const { view } = this.buffer
    const toFile = this.offset - this.at
    for (let from = this.at; from < end; ) {
      const to = Math.min(end, (Math.floor((from + toFile) / SECTOR_SIZE) + 1) * SECTOR_SIZE - toFile)
      let at = from
      while (at < to && view.getUint8(at) === 0) at++
      if (at === to) return from + toFile
      from = to
    }
    return -1
  }

  private finish(): false {
    const left = this.fileSize - this.offset
    if (left === 0)
      this.ending = { offset: this.offset, kind: 'clean', statedLength: 0, stoppedAt: this.offset, reason: 'the file ends' }
    else this.ending = this.tear(0, `the file ends after ${left} bytes of an entry`)
    return false
  }

  private finishAtZeroLength(): false {
    const view = this.buffer.view
    const hasChecksum = view.getInt32(this.at) !== 0 || view.getInt32(this.at + 4) !== 0
    if (hasChecksum) this.ending = this.tear(0, 'an entry has a checksum and no length')
    else this.ending = { ...this.tear(0, 'padding begins'), kind: 'clean' }
    return false
  }

  private finishInsideEntry(length: number): false {
    if (length > this.entryLengthMax) {
      throw this.corrupt(`an entry states a length of ${length}, over the limit of ${this.entryLengthMax}`)
    }
    this.ending = this.tear(length, `the file ends inside an entry of ${length} bytes`)
    return false
  }

  private finishWithoutTrailer(length: number, trailer: number, isSound: boolean): false {
    if (length > this.entryLengthMax) {
      throw this.corrupt(`an entry states a length of ${length}, over the limit of ${this.entryLengthMax}`)
    }
    // Files are zero before they are written, so a torn write leaves zero where the trailer belongs. Another
    // value behind an entry whose checksum holds was the trailer once.
    if (isSound && trailer !== 0)
      throw this.corrupt(`an entry of ${length} bytes is followed by 0x${trailer.toString(16)}, not 0x42`)
    this.ending = this.tear(length, `an entry of ${length} bytes has no trailing byte`)
    return false
  }

  /** The byte that gives a tear away is the end of the length, or the trailer, unless it is said to be another. */
  private tear(statedLength: number, reason: string, stoppedAt = -1): LogEnding {
    const { offset } = this
    const last = statedLength > 0 ? offset + ENTRY_PREFIX_SIZE + statedLength : offset + ENTRY_PREFIX_SIZE - 1
    return { offset, kind: 'torn', statedLength, stoppedAt: stoppedAt < 0 ? last : stoppedAt, reason }
  }

  private corrupt(what: string): CorruptLogError {
    return new CorruptLogError(this.path, this.offset, what, remedyForDamage(this.path, this.offset))
  }

  private checkHeader(): void {
    if (!this.fill(LOG_HEADER_SIZE)) {
      throw new CorruptLogError(
        this.path,
        0,
        `the file has ${this.fileSize} bytes, less than its header`,
        remedyForHeader(this.path),
      )
    }
    const magic = this.buffer.view.getInt32(0)
    if (magic !== LOG_MAGIC) {
      throw new CorruptLogError(this.path, 0, 'the file does not begin with "ZKLG"', remedyForHeader(this.path))
    }
    this.at = LOG_HEADER_SIZE
  }

  /** True if `count` bytes are in the buffer from `at` on, after reading more if needed; false if the file has fewer. */
  private has(count: number): boolean {
    return this.filled - this.at >= count || this.fill(count)
  }

  private fill(count: number): boolean {
    const position = this.bufferOffset + this.at
    // Checked before anything is allocated: a length is only believed as far as the file goes.
    if (this.fileSize - position < count) return false
    const kept = this.filled - this.at
    if (kept > 0) this.buffer.bytes.copyWithin(0, this.at, this.filled)
    if (count > this.buffer.bytes.length) this.buffer.grow(Math.min(count + CHUNK_BYTES, Math.max(count, this.fileSize)), kept)
    this.bufferOffset = position
    this.filled = kept
    this.at = 0
    const bytes = this.buffer.bytes
    while (this.filled < count) {
      const read = this.file.read(bytes, this.filled, bytes.length - this.filled, this.bufferOffset + this.filled)
      if (read === 0) return false
      this.filled += read
    }
    return true
  }
}

function remedyForHeader(file: string): string {
  return `Put back a sound copy of this file; if it is certain that it never held a transaction, move it away: ${file}`
}

function hexLong(view: DataView, at: number): string {
  return view.getBigUint64(at).toString(16)
}
