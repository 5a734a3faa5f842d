import { assert } from '../lib/assert.ts'
import { WindowMemory, type WindowSlab } from './window-memory.ts'
import { isSuccessor } from './zxid.ts'

const CAPACITY_MIN = 1024

/** How many committed transactions are kept at least, as far as their bytes allow. */
export const COMMITTED_ENTRIES_MIN = 500

/** Beyond so many bytes the oldest committed transactions go, however few they are. */
export const WINDOW_BYTES_MAX: number = 64 * 1024 * 1024

/**
 * The last transactions of this server, in order, each as the bytes that are in its log and in its proposal:
 *
 *     evicted | committed ............... | proposed ........... |
 *               minCommitted  maxCommitted                lastZxid
 *
 * Learners are brought up to date from it. A leader appends what it proposes, a learner what it receives, recovery what it
 * replays; the window keeps copies. Committed transactions leave at the front; proposed ones stay, because the hand-over to a new learner needs them all.
 * Inside an epoch zxids leave nothing out: a gap is a broken invariant.
 *
 * The chunk that an entry is read from is the window's own and shared with others: it is valid until the window changes.
 */
export class CommittedWindow {
  private readonly entriesMax: number
  private readonly bytesMax: number
  private zxids: number[]
  private readonly memory = new WindowMemory()
  private slabs: (WindowSlab | null)[]
  private starts: number[]
  private ends: number[]
  private mask: number
  private head = 0
  private count = 0
  private committed = 0
  private byteCount = 0

  constructor(entriesMax: number = COMMITTED_ENTRIES_MIN, bytesMax: number = WINDOW_BYTES_MAX) {
    assert(entriesMax >= 1, 'a window of committed transactions keeps at least one')
    this.entriesMax = entriesMax
    this.bytesMax = bytesMax
    this.zxids = new Array<number>(CAPACITY_MIN).fill(0)
    this.slabs = new Array<WindowSlab | null>(CAPACITY_MIN).fill(null)
    this.starts = new Array<number>(CAPACITY_MIN).fill(0)
    this.ends = new Array<number>(CAPACITY_MIN).fill(0)
    this.mask = CAPACITY_MIN - 1
  }

  /** Number of entries, committed and proposed. */
  get size(): number {
    return this.count
  }

  /** How many of the entries, from the oldest on, are committed. */
  get committedCount(): number {
    return this.committed
  }

  /** Bytes of all entries. */
  get bytes(): number {
    return this.byteCount
  }

  /** The oldest committed zxid, or null without any. */
  get minCommitted(): number | null {
    return this.committed === 0 ? null : this.zxidAt(0)
  }

  /** The newest committed zxid, or null without any. */
  get maxCommitted(): number | null {
    return this.committed === 0 ? null : this.zxidAt(this.committed - 1)
  }

  /** The newest zxid, committed or not, or null when the window is empty. */
  get lastZxid(): number | null {
    return this.count === 0 ? null : this.zxidAt(this.count - 1)
  }

  /**
   * Takes a copy of a proposed transaction, header to digest, which is `bytes[start, end)`. One that is there already is passed
   * over.
   */
  append(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    const last = this.lastZxid
    if (last !== null) {
      if (zxid <= last) return
      assert(isSuccessor(last, zxid), 'the window of transactions has no gap inside an epoch')
    }
    if (this.count === this.zxids.length) this.grow()
    const slot = (this.head + this.count) & this.mask
    this.zxids[slot] = zxid
    this.slabs[slot] = this.memory.store(bytes, start, end)
    this.starts[slot] = this.memory.lastStart
    this.ends[slot] = this.memory.lastStart + end - start
    this.count++
    this.byteCount += end - start
  }

  /** Everything up to `zxid` is committed from now on. */
  commit(zxid: number): void {
    while (this.committed < this.count && this.zxidAt(this.committed) <= zxid) this.committed++
    while (this.committed > this.entriesMax || (this.byteCount > this.bytesMax && this.committed > 1)) this.evictOldest()
  }

  /** Forgets everything after `zxid`: the log was cut there, or what was proposed there never reached it. */
  truncate(zxid: number): void {
    while (this.count > 0 && this.zxidAt(this.count - 1) > zxid) this.dropNewest()
    this.committed = Math.min(this.committed, this.count)
  }

  /** Forgets everything: the database was replaced. */
  clear(): void {
    while (this.count > 0) this.dropNewest()
    this.committed = 0
  }

  /** Index of the first entry after `zxid`; `size` when there is none. */
  indexAfter(zxid: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.zxidAt(middle) <= zxid) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The zxid of the entry `index` places behind the oldest. */
  zxidAt(index: number): number {
    assert(index >= 0 && index < this.count, 'a window is read within its size')
    return this.zxids[(this.head + index) & this.mask] ?? 0
  }

  /** The bytes that hold the entry, with others. */
  chunkAt(index: number): Uint8Array {
    assert(index >= 0 && index < this.count, 'a window is read within its size')
    const slab = this.slabs[(this.head + index) & this.mask] ?? null
    assert(slab !== null, 'an entry of a window has bytes')
    return slab.bytes
  }

  /** Where the entry begins in its chunk. */
  startAt(index: number): number {
    return this.starts[(this.head + index) & this.mask] ?? 0
  }

  /** Where the entry ends in its chunk. */
  endAt(index: number): number {
    return this.ends[(this.head + index) & this.mask] ?? 0
  }

  private evictOldest(): void {
    this.byteCount -= this.endAt(0) - this.startAt(0)
    this.forget(this.head)
    this.head = (this.head + 1) & this.mask
    this.count--
    this.committed--
  }

  private dropNewest(): void {
    const index = this.count - 1
    this.byteCount -= this.endAt(index) - this.startAt(index)
    this.forget((this.head + index) & this.mask)
    this.count--
  }

  private forget(slot: number): void {
    const slab = this.slabs[slot] ?? null
    if (slab !== null) this.memory.release(slab)
    this.slabs[slot] = null
  }

  private grow(): void {
    this.zxids = this.unrolled(this.zxids, 0)
    this.slabs = this.unrolled<WindowSlab | null>(this.slabs, null)
    this.starts = this.unrolled(this.starts, 0)
    this.ends = this.unrolled(this.ends, 0)
    this.mask = this.zxids.length - 1
    this.head = 0
  }

  /** A column of twice the capacity, beginning with the oldest entry. */
  private unrolled<T>(column: readonly T[], empty: T): T[] {
    const wider = new Array<T>(column.length * 2).fill(empty)
    for (let index = 0; index < this.count; index++) wider[index] = column[(this.head + index) & this.mask] ?? empty
    return wider
  }
}
