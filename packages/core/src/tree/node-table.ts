// The table of records: see node-fields.ts for what is in one.

import type { ByteWriter } from '@tskeeper/protocol/server'
import {
  CHILD_COUNT,
  CVERSION,
  DATA_LENGTH,
  DATA_REF,
  FLAG_NULL_DATA,
  FLAGS,
  KIND,
  PATH_HASH,
  PATH_LENGTH,
  PATH_REF,
  PERSISTED_CVERSION,
  RECORD_BYTES,
  RECORD_WORDS,
  STAT_BYTES,
} from './node-fields.ts'
import { copyBytes, SlabStore } from './slab-store.ts'

const PAGE_SHIFT = 12
const PAGE_RECORDS = 1 << PAGE_SHIFT
const RECORD_MASK = PAGE_RECORDS - 1

const TWO_TO_32 = 4294967296

/** Longest path, in bytes: its length is kept in 16 bits. */
export const PATH_BYTES_MAX = 65535

export class NodeTable {
  readonly slabs: SlabStore = new SlabStore()
  private readonly pages: DataView[] = []
  /** The same pages in words, for moving whole records. */
  private readonly pageWords: Int32Array[] = []
  /** Numbers that were freed, last in, first out. */
  private readonly freeNodes: number[] = []
  /** Number 0 means no node. */
  private nextNode = 1

  /** The page that holds the node's record, which begins at `offset(node)`. */
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
    return this.page(node).getInt32(this.offset(node) + field)
  }

  setInt(node: number, field: number, value: number): void {
    this.page(node).setInt32(this.offset(node) + field, value)
  }

  getUint(node: number, field: number): number {
    return this.page(node).getUint32(this.offset(node) + field)
  }

  /** A zxid or a time. */
  getNumber(node: number, field: number): number {
    const page = this.page(node)
    const at = this.offset(node) + field
    return page.getInt32(at) * TWO_TO_32 + page.getUint32(at + 4)
  }

  setNumber(node: number, field: number, value: number): void {
    const page = this.page(node)
    const at = this.offset(node) + field
    page.setInt32(at, Math.floor(value / TWO_TO_32))
    page.setUint32(at + 4, value >>> 0)
  }

  getLong(node: number, field: number): bigint {
    return this.page(node).getBigInt64(this.offset(node) + field)
  }

  setLong(node: number, field: number, value: bigint): void {
    this.page(node).setBigInt64(this.offset(node) + field, value)
  }

  /** Appends the data as a buffer; null is null. */
  writeData(node: number, out: ByteWriter): void {
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
    const page = this.page(node)
    const at = this.offset(node)
    const { view, position } = out
    // The bytes as they are: saying that both are little-endian spares turning them round twice.
    for (let i = 0; i < STAT_BYTES; i += 4) view.setInt32(position + i, page.getInt32(at + i, true), true)
    out.position = position + STAT_BYTES
  }

  kind(node: number): number {
    return this.page(node).getUint8(this.offset(node) + KIND)
  }

  hasFlag(node: number, flag: number): boolean {
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
    return this.page(node).getUint16(this.offset(node) + PATH_LENGTH)
  }

  /** Is this the node's path, byte for byte? */
  hasPath(node: number, bytes: Uint8Array, start: number, length: number): boolean {
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
}
