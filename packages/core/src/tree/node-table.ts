// Every znode is a record of 128 bytes in a page of 4,096 records, outside the collector's sight,
// and is known by its number. The first 68 bytes are the Stat exactly as it goes over the wire,
// so that answering a read copies it. All numbers are big-endian, as on the wire.
//
//    0  czxid  8  mzxid  16 ctime  24 mtime  32 version  36 cversion*  40 aversion
//   44  ephemeralOwner*  52 dataLength  56 numChildren  60 pzxid           (* as clients see it)
//   68  persisted cversion: creations of children only
//   72  ephemeralOwner as stored: containers and TTL nodes have markers here, clients see 0
//   80  ACL id    84 hash of the path    88 path, a slab reference    92 data, a slab reference
//   96  length of the path (16 bits)  98 flags (8 bits)  99 kind (8 bits)
//  100  parent  104 first child  108 next sibling  112 previous sibling  (node numbers, 0: none)
//  116  CRC-32 of path and data: what a change of the Stat alone can go on from
//  120  the node's digest, unsigned; 0 for nodes outside of the tree digest
//  124  unused
//
// This layout is known to this folder and to the pending view only.

import type { ByteWriter } from '@tskeeper/protocol/server'
import { SlabStore } from './slab-store.ts'

export const RECORD_BYTES = 128
const PAGE_SHIFT = 12
const PAGE_RECORDS = 1 << PAGE_SHIFT
const RECORD_MASK = PAGE_RECORDS - 1

export const CZXID = 0
export const MZXID = 8
export const CTIME = 16
export const MTIME = 24
export const VERSION = 32
export const CVERSION = 36
export const AVERSION = 40
export const OWNER = 44
export const DATA_LENGTH = 52
export const CHILD_COUNT = 56
export const PZXID = 60
export const PERSISTED_CVERSION = 68
export const STORED_OWNER = 72
export const ACL_ID = 80
export const PATH_HASH = 84
export const PATH_REF = 88
export const DATA_REF = 92
export const PATH_LENGTH = 96
export const FLAGS = 98
export const KIND = 99
export const PARENT = 100
export const FIRST_CHILD = 104
export const NEXT_SIBLING = 108
export const PREVIOUS_SIBLING = 112
export const CONTENT_CRC = 116
export const DIGEST = 120

/** Bytes of the wire Stat at the start of a record. */
export const STAT_BYTES = 68

/** The data is null, which is not the same as empty. */
export const FLAG_NULL_DATA = 1
/** Counts in the tree digest: everything but what lies below /zookeeper/. */
export const FLAG_IN_DIGEST = 2
/** In a pending view: the node will be gone. */
export const FLAG_ABSENT = 4
/** The record is one of a pending view, not of the tree. */
export const FLAG_PENDING = 8

export const KIND_PERSISTENT = 0
export const KIND_EPHEMERAL = 1
export const KIND_CONTAINER = 2
export const KIND_TTL = 3

const TWO_TO_32 = 4294967296

/** Longest path, in bytes: its length is kept in 16 bits. */
export const PATH_BYTES_MAX = 65535

export class NodeTable {
  readonly slabs: SlabStore = new SlabStore()
  private readonly pages: DataView[] = []
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
    if (this.pages.length <= node >>> PAGE_SHIFT) this.pages.push(new DataView(new ArrayBuffer(PAGE_RECORDS * RECORD_BYTES)))
    return node
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
    const page = this.page(node)
    const at = this.offset(node)
    for (let i = 0; i < RECORD_BYTES; i += 4) page.setInt32(at + i, 0)
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
    const source = this.page(from)
    const target = this.page(to)
    const sourceAt = this.offset(from)
    const targetAt = this.offset(to)
    for (let i = 0; i < RECORD_BYTES; i += 4) target.setInt32(targetAt + i, source.getInt32(sourceAt + i))
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

  /** Appends the Stat as clients see it: 68 bytes. */
  writeStat(node: number, out: ByteWriter): void {
    out.ensure(STAT_BYTES)
    const page = this.page(node)
    const at = this.offset(node)
    const { view, position } = out
    for (let i = 0; i < STAT_BYTES; i += 4) view.setInt32(position + i, page.getInt32(at + i))
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
