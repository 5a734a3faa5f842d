// Reads the server's transaction log files from the outside: what is really on the disk after a
// kill, and where one entry ends and the next begins. Written against the format's description and
// not with the server's own reader, so that a mistake there shows.
//
//   file   = header(16 bytes: "ZKLG", int 2, long) entry* padding
//   entry  = long adler32 | int length | bytes | 0x42
//   bytes  = long session | int cxid | long zxid | long time | int type | body | digest?

import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

export const LOG_HEADER_BYTES = 16
const ENTRY_PREFIX_BYTES = 12
const ENTRY_TRAILER = 0x42
const TRANSACTION_HEADER_BYTES = 32
const CHUNK_BYTES = 1 << 20
/** More than any entry of these suites. */
const ENTRY_BYTES_MAX = 16 << 20

export const TransactionType = { error: -1, createSession: -10, closeSession: -11, multi: 14 } as const

export interface LogEntry {
  readonly file: string
  /** Where the entry's checksum begins, and the byte after its trailer. */
  readonly start: number
  readonly end: number
  readonly sessionId: bigint
  readonly cxid: number
  readonly zxid: number
  readonly timeMs: number
  readonly type: number
  /** 0, or the error that the logged transaction says the request ended with. */
  readonly error: number
}

export interface LogFile {
  readonly path: string
  /** From the file's name. */
  readonly firstZxid: number
  readonly sizeBytes: number
  readonly entries: readonly LogEntry[]
  /** The byte after the last whole entry. */
  readonly dataEnd: number
  /** How the entries end: at padding, at the end of the file, or inside an entry. */
  readonly ending: 'padding' | 'end' | 'torn'
}

/** All log files of a `version-2` folder, oldest first. */
export function readLogFiles(folder: string): LogFile[] {
  const files: { path: string; firstZxid: number }[] = []
  for (const name of readdirSync(folder)) {
    const match = /^log\.([0-9a-f]+)$/.exec(name)
    if (match?.[1] !== undefined) files.push({ path: join(folder, name), firstZxid: Number.parseInt(match[1], 16) })
  }
  files.sort((left, right) => left.firstZxid - right.firstZxid)
  return files.map((file) => readLogFile(file.path, file.firstZxid))
}

/** Paths of a folder's snapshots, newest first. */
export function listSnapshots(folder: string): { path: string; zxid: number }[] {
  const snapshots: { path: string; zxid: number }[] = []
  for (const name of readdirSync(folder)) {
    const match = /^snapshot\.([0-9a-f]+)(\.gz|\.snappy)?$/.exec(name)
    if (match?.[1] !== undefined) snapshots.push({ path: join(folder, name), zxid: Number.parseInt(match[1], 16) })
  }
  return snapshots.sort((left, right) => right.zxid - left.zxid)
}

function readLogFile(path: string, firstZxid: number): LogFile {
  const window = new FileWindow(path)
  try {
    const entries: LogEntry[] = []
    let position = LOG_HEADER_BYTES
    for (;;) {
      const prefix = window.read(position, ENTRY_PREFIX_BYTES)
      if (prefix === null) {
        const ending = window.sizeBytes <= position ? 'end' : 'torn'
        return { path, firstZxid, sizeBytes: window.sizeBytes, entries, dataEnd: position, ending }
      }
      const length = prefix.getInt32(8)
      if (length === 0) return { path, firstZxid, sizeBytes: window.sizeBytes, entries, dataEnd: position, ending: 'padding' }
      const isPlausible = length >= TRANSACTION_HEADER_BYTES && length <= ENTRY_BYTES_MAX
      const entry = isPlausible ? window.read(position, ENTRY_PREFIX_BYTES + length + 1) : null
      if (entry === null || entry.getUint8(ENTRY_PREFIX_BYTES + length) !== ENTRY_TRAILER) {
        return { path, firstZxid, sizeBytes: window.sizeBytes, entries, dataEnd: position, ending: 'torn' }
      }
      const end = position + ENTRY_PREFIX_BYTES + length + 1
      entries.push(decodeEntry(path, position, end, entry, length))
      position = end
    }
  } finally {
    window.close()
  }
}

function decodeEntry(file: string, start: number, end: number, view: DataView, length: number): LogEntry {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + ENTRY_PREFIX_BYTES, length)
  if (Number(view.getBigInt64(0)) !== adler32(bytes)) throw new Error(`${file}: the entry at byte ${start} has a wrong checksum`)
  const at = ENTRY_PREFIX_BYTES
  const type = view.getInt32(at + 28)
  return {
    file,
    start,
    end,
    sessionId: view.getBigInt64(at),
    cxid: view.getInt32(at + 8),
    zxid: Number(view.getBigInt64(at + 12)),
    timeMs: Number(view.getBigInt64(at + 20)),
    type,
    error: errorOf(
      type,
      new DataView(view.buffer, view.byteOffset + at + TRANSACTION_HEADER_BYTES, length - TRANSACTION_HEADER_BYTES),
    ),
  }
}

/** The code of an error transaction, or of the failing part of a multi. */
function errorOf(type: number, body: DataView): number {
  if (type === TransactionType.error) return body.getInt32(0)
  if (type !== TransactionType.multi) return 0
  let at = 4
  for (let part = body.getInt32(0); part > 0; part--) {
    const partType = body.getInt32(at)
    const partLength = body.getInt32(at + 4)
    if (partType === TransactionType.error) return body.getInt32(at + 8)
    at += 8 + partLength
  }
  return 0
}

function adler32(bytes: Uint8Array): number {
  let low = 1
  let high = 0
  for (const byte of bytes) {
    low = (low + byte) % 65521
    high = (high + low) % 65521
  }
  return high * 65536 + low
}

/** Reads a file piece by piece: preallocated logs are mostly padding that nobody wants to read. */
class FileWindow {
  readonly sizeBytes: number
  readonly #descriptor: number
  #chunk: Buffer = Buffer.alloc(0)
  #chunkStart = 0

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r')
    this.sizeBytes = fstatSync(this.#descriptor).size
  }

  /** A view of `length` bytes at `position`, or null when the file ends before. */
  read(position: number, length: number): DataView | null {
    if (position + length > this.sizeBytes) return null
    if (position < this.#chunkStart || position + length > this.#chunkStart + this.#chunk.length) {
      const chunk = Buffer.alloc(Math.min(Math.max(length, CHUNK_BYTES), this.sizeBytes - position))
      const count = readSync(this.#descriptor, chunk, 0, chunk.length, position)
      this.#chunk = chunk.subarray(0, count)
      this.#chunkStart = position
      if (count < length) return null
    }
    return new DataView(this.#chunk.buffer, this.#chunk.byteOffset + position - this.#chunkStart, length)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
