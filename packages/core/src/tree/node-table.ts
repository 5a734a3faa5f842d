// The table of records: see node-fields.ts for what is in one. Nodes that were never changed lie in compact records
// (compact-table.ts), whose numbers tell them apart; whoever only reads need not care which kind a node is of.

import type { ByteWriter } from '@tskeeper/protocol/server'
import { assert } from '../lib/assert.ts'
import {
  COMPACT_ACL_ID,
  COMPACT_CONTENT_BYTES_MAX,
  COMPACT_DATA_LENGTH,
  COMPACT_FLAGS,
  COMPACT_NAME_BYTES_MAX,
  COMPACT_NAME_LENGTH,
  COMPACT_PARENT,
  COMPACT_REF,
  COMPACT_TIME,
  COMPACT_ZXID,
  CompactTable,
  isCompact,
} from './compact-table.ts'
import { plainDigest } from './node-digest.ts'
import {
  ACL_ID,
  CHILD_COUNT,
  CTIME,
  CVERSION,
  CZXID,
  DATA_LENGTH,
  DATA_REF,
  DIGEST,
  FLAG_IN_DIGEST,
  FLAG_NULL_DATA,
  FLAGS,
  KIND,
  KIND_PERSISTENT,
  MTIME,
  MZXID,
  PARENT,
  PATH_HASH,
  PATH_LENGTH,
  PATH_REF,
  PERSISTED_CVERSION,
  PZXID,
  RECORD_BYTES,
  RECORD_WORDS,
  STAT_BYTES,
  VERSION,
} from './node-fields.ts'
import { copyBytes, SlabStore } from './slab-store.ts'

const PAGE_SHIFT = 12
const PAGE_RECORDS = 1 << PAGE_SHIFT
const RECORD_MASK = PAGE_RECORDS - 1

const TWO_TO_32 = 4294967296
const SLASH = 0x2f

/** Longest path, in bytes: its length is kept in 16 bits. */
export const PATH_BYTES_MAX = 65535

export class NodeTable {
  readonly slabs: SlabStore = new SlabStore()
  private readonly compact = new CompactTable()
  private readonly pages: DataView[] = []
  /** The same pages in words, for moving whole records. */
  private readonly pageWords: Int32Array[] = []
  /** Numbers that were freed, last in, first out. */
  private readonly freeNodes: number[] = []
  /** Number 0 means no node. */
  private nextNode = 1

  /** The page that holds the node's full record, which begins at `offset(node)`. */
  page(node: number): DataView {
    return this.pages[node >>> PAGE_SHIFT] as DataView
  }

  offset(node: number): number {
    return (node & RECORD_MASK) * RECORD_BYTES
  }

  /** A record of zeros, under a number of its own. */
  allocate(): number {
    const node = this.freeNodes.pop() ?? this.nextNode++
    if (this.pages.length <= node >>> PAGE_SHIFT) this.addPage()
    return node
  }

  private addPage(): void {
    const page = new ArrayBuffer(PAGE_RECORDS * RECORD_BYTES)
    this.pages.push(new DataView(page))
    this.pageWords.push(new Int32Array(page))
  }

  /** The words of the page that holds the node's record, which begins at `wordOffset(node)`; their byte order is the machine's. */
  words(node: number): Int32Array {
    return this.pageWords[node >>> PAGE_SHIFT] as Int32Array
  }

  wordOffset(node: number): number {
    return (node & RECORD_MASK) * RECORD_WORDS
  }

  /** Gives the number back and the path and data that the record refers to. */
  free(node: number): void {
    if (isCompact(node)) {
      this.freeCompact(node)
      return
    }
    const page = this.page(node)
    const at = this.offset(node)
    this.slabs.free(page.getUint32(at + PATH_REF), page.getUint16(at + PATH_LENGTH))
    this.slabs.free(page.getUint32(at + DATA_REF), page.getInt32(at + DATA_LENGTH))
    this.blank(node)
    this.freeNodes.push(node)
  }

  /** Sets the whole record to zeros; what it referred to is the caller's to care for. */
  blank(node: number): void {
    const at = this.wordOffset(node)
    const words = this.words(node)
    for (let i = 0; i < RECORD_WORDS; i++) words[at + i] = 0
  }

  /** Gives the record a path that is in the slabs already. */
  adoptPath(node: number, ref: number, length: number, hash: number): void {
    const page = this.page(node)
    const at = this.offset(node)
    page.setUint32(at + PATH_REF, ref)
    page.setUint16(at + PATH_LENGTH, length)
    page.setInt32(at + PATH_HASH, hash)
  }

  /** Copies the whole record; the slab references are then the caller's to mend. */
  copy(from: number, to: number): void {
    const source = this.words(from)
    const target = this.words(to)
    const sourceAt = this.wordOffset(from)
    const targetAt = this.wordOffset(to)
    for (let i = 0; i < RECORD_WORDS; i++) target[targetAt + i] = source[sourceAt + i] as number
  }

  getInt(node: number, field: number): number {
    if (isCompact(node)) return this.compactInt(node, field)
    return this.page(node).getInt32(this.offset(node) + field)
  }

  /** Of a compact node only the ACL, the links and the digest can be set. */
  setInt(node: number, field: number, value: number): void {
    if (isCompact(node)) {
      this.setCompactInt(node, field, value)
      return
    }
    this.page(node).setInt32(this.offset(node) + field, value)
  }

  getUint(node: number, field: number): number {
    if (isCompact(node)) return this.compactInt(node, field) >>> 0
    return this.page(node).getUint32(this.offset(node) + field)
  }

  /** A zxid or a time. */
  getNumber(node: number, field: number): number {
    if (isCompact(node)) return this.compactNumber(node, field)
    const page = this.page(node)
    const at = this.offset(node) + field
    return page.getInt32(at) * TWO_TO_32 + page.getUint32(at + 4)
  }

  setNumber(node: number, field: number, value: number): void {
    setPageNumber(this.page(node), this.offset(node) + field, value)
  }

  getLong(node: number, field: number): bigint {
    // Its owners are the only longs of a record, and a compact node has none.
    if (isCompact(node)) return 0n
    return this.page(node).getBigInt64(this.offset(node) + field)
  }

  setLong(node: number, field: number, value: bigint): void {
    this.page(node).setBigInt64(this.offset(node) + field, value)
  }

  /** Appends the data as a buffer; null is null. */
  writeData(node: number, out: ByteWriter): void {
    if (isCompact(node)) {
      this.writeCompactData(node, out)
      return
    }
    const page = this.page(node)
    const at = this.offset(node)
    const length = page.getInt32(at + DATA_LENGTH)
    out.ensure(4 + length + STAT_BYTES)
    if (length === 0) {
      out.writeInt((page.getUint8(at + FLAGS) & FLAG_NULL_DATA) === 0 ? 0 : -1)
      return
    }
    const ref = page.getUint32(at + DATA_REF)
    const { position } = out
    out.view.setInt32(position, length)
    copyBytes(this.slabs.chunk(ref), this.slabs.offset(ref), out.bytes, position + 4, length)
    out.position = position + 4 + length
  }

  /** Appends the Stat as clients see it: 68 bytes. */
  writeStat(node: number, out: ByteWriter): void {
    out.ensure(STAT_BYTES)
    if (isCompact(node)) {
      this.writeCompactStat(node, out)
      return
    }
    const page = this.page(node)
    const at = this.offset(node)
    const { view, position } = out
    // The bytes as they are: saying that both are little-endian spares turning them round twice.
    for (let i = 0; i < STAT_BYTES; i += 4) view.setInt32(position + i, page.getInt32(at + i, true), true)
    out.position = position + STAT_BYTES
  }

  kind(node: number): number {
    return isCompact(node) ? KIND_PERSISTENT : this.page(node).getUint8(this.offset(node) + KIND)
  }

  hasFlag(node: number, flag: number): boolean {
    if (isCompact(node)) return (this.compactFlags(node) & flag) !== 0
    return (this.page(node).getUint8(this.offset(node) + FLAGS) & flag) !== 0
  }

  setFlag(node: number, flag: number, isOn: boolean): void {
    const page = this.page(node)
    const at = this.offset(node) + FLAGS
    const flags = page.getUint8(at)
    page.setUint8(at, isOn ? flags | flag : flags & ~flag)
  }

  /** Gives the record a path of its own and the path's hash. */
  setPath(node: number, bytes: Uint8Array, start: number, length: number, hash: number): void {
    this.adoptPath(node, this.slabs.put(bytes, start, length), length, hash)
  }

  pathLength(node: number): number {
    if (isCompact(node)) return this.pathLength(this.compactInt(node, PARENT)) + 1 + this.compact.nameLength(node)
    return this.page(node).getUint16(this.offset(node) + PATH_LENGTH)
  }

  /** Is this the node's path, byte for byte? */
  hasPath(node: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (isCompact(node)) return this.hasCompactPath(node, bytes, start, length)
    const page = this.page(node)
    const at = this.offset(node)
    if (page.getUint16(at + PATH_LENGTH) !== length) return false
    const ref = page.getUint32(at + PATH_REF)
    const chunk = this.slabs.chunk(ref)
    const chunkAt = this.slabs.offset(ref)
    for (let i = 0; i < length; i++) {
      if (chunk[chunkAt + i] !== bytes[start + i]) return false
    }
    return true
  }

  /** Replaces the data; the bytes are copied. `length` -1 is null. */
  setData(node: number, bytes: Uint8Array, start: number, length: number): void {
    const page = this.page(node)
    const at = this.offset(node)
    const oldRef = page.getUint32(at + DATA_REF)
    const oldLength = page.getInt32(at + DATA_LENGTH)
    const newLength = length < 0 ? 0 : length
    if (this.slabs.fits(oldLength, newLength)) {
      this.slabs.overwrite(oldRef, bytes, start, newLength)
    } else {
      this.slabs.free(oldRef, oldLength)
      page.setUint32(at + DATA_REF, this.slabs.put(bytes, start, newLength))
    }
    page.setInt32(at + DATA_LENGTH, newLength)
    this.setFlag(node, FLAG_NULL_DATA, length < 0)
  }

  /** Sets the persisted child version and what clients see of it: `2 x persisted - numChildren`. */
  setChildren(node: number, persistedCversion: number, childCount: number): void {
    const page = this.page(node)
    const at = this.offset(node)
    page.setInt32(at + PERSISTED_CVERSION, persistedCversion)
    page.setInt32(at + CHILD_COUNT, childCount)
    page.setInt32(at + CVERSION, (2 * persistedCversion - childCount) | 0)
  }

  // --- bytes of either kind --------------------------------------------------------------------

  /** Copies the path to `target[at...]`, where there is room for `pathLength(node)` bytes. */
  copyPath(node: number, target: Uint8Array, at: number): void {
    const own = isCompact(node) ? this.compact.nameLength(node) : this.pathLength(node)
    const ref = this.nameRef(node)
    if (!isCompact(node)) {
      copyBytes(this.slabs.chunk(ref), this.slabs.offset(ref), target, at, own)
      return
    }
    const parent = this.compactInt(node, PARENT)
    const parentLength = this.pathLength(parent)
    this.copyPath(parent, target, at)
    target[at + parentLength] = SLASH
    copyBytes(this.slabs.chunk(ref), this.slabs.offset(ref), target, at + parentLength + 1, own)
  }

  /** A copy of the path. */
  pathBytes(node: number): Uint8Array {
    const bytes = new Uint8Array(this.pathLength(node))
    this.copyPath(node, bytes, 0)
    return bytes
  }

  /** Copies the data to `target[at...]`, where there is room for them. */
  copyData(node: number, target: Uint8Array, at: number): void {
    const length = this.getInt(node, DATA_LENGTH)
    if (length > 0) copyBytes(this.dataChunk(node), this.dataOffset(node), target, at, length)
  }

  /** The array with the data of a node that has some; they begin at `dataOffset(node)`. */
  dataChunk(node: number): Uint8Array {
    return this.slabs.chunk(isCompact(node) ? this.nameRef(node) : this.page(node).getUint32(this.offset(node) + DATA_REF))
  }

  dataOffset(node: number): number {
    if (isCompact(node)) return this.slabs.offset(this.nameRef(node)) + this.compact.nameLength(node)
    return this.slabs.offset(this.page(node).getUint32(this.offset(node) + DATA_REF))
  }

  /** Appends the name (not the path) of a child whose parent's path and slash are `prefixLength` bytes, as a string. */
  writeName(node: number, prefixLength: number, out: ByteWriter): void {
    const ref = this.nameRef(node)
    const skipped = isCompact(node) ? 0 : prefixLength
    const length = (isCompact(node) ? this.compact.nameLength(node) : this.pathLength(node)) - skipped
    out.writeInt(length)
    out.ensure(length)
    copyBytes(this.slabs.chunk(ref), this.slabs.offset(ref) + skipped, out.bytes, out.position, length)
    out.position += length
  }

  /** The block that begins with the name of a compact node, or with the path of another. */
  private nameRef(node: number): number {
    if (isCompact(node)) return this.compact.page(node).getUint32(this.compact.offset(node) + COMPACT_REF)
    return this.page(node).getUint32(this.offset(node) + PATH_REF)
  }

  // --- compact nodes ---------------------------------------------------------------------------

  /** A compact node without links; the name is in `bytes[nameStart, nameStart + nameLength)`, `dataLength` -1 is null. */
  allocateCompact(
    bytes: Uint8Array,
    nameStart: number,
    nameLength: number,
    dataStart: number,
    dataLength: number,
    zxid: number,
    timeMs: number,
  ): number {
    const size = dataLength < 0 ? 0 : dataLength
    const node = this.compact.allocate()
    const page = this.compact.page(node)
    const at = this.compact.offset(node)
    const ref = this.slabs.allocate(nameLength + size)
    const chunk = this.slabs.chunk(ref)
    const chunkAt = this.slabs.offset(ref)
    copyBytes(bytes, nameStart, chunk, chunkAt, nameLength)
    copyBytes(bytes, dataStart, chunk, chunkAt + nameLength, size)
    setPageNumber(page, at + COMPACT_ZXID, zxid)
    setPageNumber(page, at + COMPACT_TIME, timeMs)
    page.setUint32(at + COMPACT_REF, ref)
    page.setUint16(at + COMPACT_DATA_LENGTH, size)
    page.setUint8(at + COMPACT_NAME_LENGTH, nameLength)
    page.setUint8(at + COMPACT_FLAGS, FLAG_IN_DIGEST | (dataLength < 0 ? FLAG_NULL_DATA : 0))
    return node
  }

  /**
   * Makes the record of zeros `to` the full record of a compact node, without links, checksums and data: the length of the
   * data is there, and what it refers to is the caller's to set.
   */
  expand(node: number, to: number): void {
    assert(isCompact(node), 'only a compact node can be expanded')
    const source = this.compact.page(node)
    const from = this.compact.offset(node)
    const page = this.page(to)
    const at = this.offset(to)
    copyLong(source, from + COMPACT_ZXID, page, at + CZXID)
    copyLong(source, from + COMPACT_ZXID, page, at + MZXID)
    copyLong(source, from + COMPACT_ZXID, page, at + PZXID)
    copyLong(source, from + COMPACT_TIME, page, at + CTIME)
    copyLong(source, from + COMPACT_TIME, page, at + MTIME)
    page.setInt32(at + ACL_ID, source.getInt32(from + COMPACT_ACL_ID))
    page.setInt32(at + DATA_LENGTH, source.getUint16(from + COMPACT_DATA_LENGTH))
    page.setUint8(at + FLAGS, source.getUint8(from + COMPACT_FLAGS))
    page.setInt32(at + DIGEST, this.compactInt(node, DIGEST))
    const length = this.pathLength(node)
    const ref = this.slabs.allocate(length)
    this.copyPath(node, this.slabs.chunk(ref), this.slabs.offset(ref))
    this.adoptPath(to, ref, length, this.compactInt(node, PATH_HASH))
  }

  /** What the digest of a compact node is when its path and data have this CRC. */
  compactDigest(node: number, contentCrc: number): number {
    const at = this.compact.offset(node)
    return plainDigest(contentCrc, this.compact.page(node), at + COMPACT_ZXID, at + COMPACT_TIME)
  }

  private freeCompact(node: number): void {
    this.slabs.free(this.nameRef(node), this.compact.nameLength(node) + this.compact.dataLength(node))
    this.compact.free(node)
  }

  private compactInt(node: number, field: number): number {
    if (field === DATA_LENGTH) return this.compact.dataLength(node)
    const place = this.compact.place(field)
    return place < 0 ? 0 : this.compact.page(node).getInt32(this.compact.offset(node) + place)
  }

  private setCompactInt(node: number, field: number, value: number): void {
    const place = this.compact.place(field)
    assert(place >= 0, 'a compact node is expanded before it is changed')
    this.compact.page(node).setInt32(this.compact.offset(node) + place, value)
  }

  private compactNumber(node: number, field: number): number {
    const page = this.compact.page(node)
    const at = this.compact.offset(node) + (field === CTIME || field === MTIME ? COMPACT_TIME : COMPACT_ZXID)
    return page.getInt32(at) * TWO_TO_32 + page.getUint32(at + 4)
  }

  private compactFlags(node: number): number {
    return this.compact.page(node).getUint8(this.compact.offset(node) + COMPACT_FLAGS)
  }

  private hasCompactPath(node: number, bytes: Uint8Array, start: number, length: number): boolean {
    const page = this.compact.page(node)
    const at = this.compact.offset(node)
    const nameLength = page.getUint8(at + COMPACT_NAME_LENGTH)
    const slash = length - nameLength - 1
    // A number that was freed has no name, and is at no path.
    if (nameLength === 0 || slash < 0 || bytes[start + slash] !== SLASH) return false
    const ref = page.getUint32(at + COMPACT_REF)
    const chunk = this.slabs.chunk(ref)
    const chunkAt = this.slabs.offset(ref)
    const nameStart = start + slash + 1
    for (let i = 0; i < nameLength; i++) {
      if (chunk[chunkAt + i] !== bytes[nameStart + i]) return false
    }
    return this.hasPath(page.getInt32(at + COMPACT_PARENT), bytes, start, slash)
  }

  private writeCompactData(node: number, out: ByteWriter): void {
    const length = this.compact.dataLength(node)
    out.ensure(4 + length + STAT_BYTES)
    if (length === 0) {
      out.writeInt((this.compactFlags(node) & FLAG_NULL_DATA) === 0 ? 0 : -1)
      return
    }
    const { position } = out
    out.view.setInt32(position, length)
    copyBytes(this.dataChunk(node), this.dataOffset(node), out.bytes, position + 4, length)
    out.position = position + 4 + length
  }

  /** A Stat of one zxid, one time and zeros. The caller has ensured room. */
  private writeCompactStat(node: number, out: ByteWriter): void {
    const page = this.compact.page(node)
    const at = this.compact.offset(node)
    const { view, position } = out
    copyLong(page, at + COMPACT_ZXID, view, position + CZXID)
    copyLong(page, at + COMPACT_ZXID, view, position + MZXID)
    copyLong(page, at + COMPACT_TIME, view, position + CTIME)
    copyLong(page, at + COMPACT_TIME, view, position + MTIME)
    for (let i = VERSION; i < DATA_LENGTH; i += 4) view.setInt32(position + i, 0)
    view.setInt32(position + DATA_LENGTH, page.getUint16(at + COMPACT_DATA_LENGTH))
    view.setInt32(position + CHILD_COUNT, 0)
    copyLong(page, at + COMPACT_ZXID, view, position + PZXID)
    out.position = position + STAT_BYTES
  }
}

/** Can a node with such a name and such data (-1 for null) be compact? */
export function fitsCompact(nameLength: number, dataLength: number): boolean {
  return nameLength > 0 && nameLength <= COMPACT_NAME_BYTES_MAX && nameLength + dataLength <= COMPACT_CONTENT_BYTES_MAX
}

function setPageNumber(page: DataView, at: number, value: number): void {
  page.setInt32(at, Math.floor(value / TWO_TO_32))
  page.setUint32(at + 4, value >>> 0)
}

function copyLong(from: DataView, fromAt: number, to: DataView, toAt: number): void {
  // Saying that both are little-endian spares turning the bytes round twice.
  to.setInt32(toAt, from.getInt32(fromAt, true), true)
  to.setInt32(toAt + 4, from.getInt32(fromAt + 4, true), true)
}
