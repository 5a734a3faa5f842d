// From a path's hash to its node: extendible hashing. The directory's 2^depth entries point at
// segments; an entry's number is the top `depth` bits of the hash, and a segment that is too full
// splits in two. So the index grows in steps of one segment and never stops the server to
// rehash everything.
//
//   directory   00 ----> segment (depth 1)        a segment: open addressing, pairs of (hash, node),
//               01 --/                             node 0 is an empty slot
//               10 ----> segment (depth 2)
//               11 ----> segment (depth 2)

const SEGMENT_SLOTS = 1024
const SLOT_MASK = SEGMENT_SLOTS - 1
/** A segment splits beyond this load: 3/4. */
const SEGMENT_COUNT_MAX = 768
/** Four million segments hold two thousand million nodes; who wants more has hashes that are all the same. */
const DEPTH_MAX = 22

interface Segment {
  /** Pairs: hash, node. */
  readonly slots: Int32Array
  /** How many top bits of the hash all entries here share. */
  depth: number
  count: number
}

export class PathIndex {
  private directory: Segment[] = [{ slots: new Int32Array(SEGMENT_SLOTS * 2), depth: 0, count: 0 }]
  private depth = 0
  size = 0

  /** The first node with this hash, 0 if there is none; the caller compares the paths. */
  first(hash: number): number {
    return this.probe(hash, hash & SLOT_MASK)
  }

  /** The next node with this hash after the one that the last `first` or `next` returned, 0 if there is none. */
  next(hash: number): number {
    return this.probe(hash, (this.lastSlot + 1) & SLOT_MASK)
  }

  private lastSlot = 0

  private probe(hash: number, from: number): number {
    const slots = this.segmentOf(hash).slots
    for (let slot = from; ; slot = (slot + 1) & SLOT_MASK) {
      const node = slots[slot * 2 + 1] as number
      if (node === 0) return 0
      if (slots[slot * 2] === hash) {
        this.lastSlot = slot
        return node
      }
    }
  }

  add(hash: number, node: number): void {
    let segment = this.segmentOf(hash)
    while (segment.count >= SEGMENT_COUNT_MAX) {
      this.split(segment, hash)
      segment = this.segmentOf(hash)
    }
    insert(segment, hash, node)
    this.size++
  }

  /** Takes out the entry of this very node, which must be there. */
  remove(hash: number, node: number): void {
    const segment = this.segmentOf(hash)
    const slots = segment.slots
    let hole = hash & SLOT_MASK
    while (slots[hole * 2 + 1] !== node) hole = (hole + 1) & SLOT_MASK
    // Entries behind the hole that would no longer be found from their own slot move into it.
    for (let slot = (hole + 1) & SLOT_MASK; slots[slot * 2 + 1] !== 0; slot = (slot + 1) & SLOT_MASK) {
      const home = (slots[slot * 2] as number) & SLOT_MASK
      if (((slot - home) & SLOT_MASK) < ((slot - hole) & SLOT_MASK)) continue
      slots[hole * 2] = slots[slot * 2] as number
      slots[hole * 2 + 1] = slots[slot * 2 + 1] as number
      hole = slot
    }
    slots[hole * 2 + 1] = 0
    segment.count--
    this.size--
  }

  /** The entry of this very node, which must be there, is another's from now on. */
  replace(hash: number, node: number, successor: number): void {
    const { slots } = this.segmentOf(hash)
    let slot = hash & SLOT_MASK
    while (slots[slot * 2 + 1] !== node) slot = (slot + 1) & SLOT_MASK
    slots[slot * 2 + 1] = successor
  }

  private segmentOf(hash: number): Segment {
    return this.directory[this.depth === 0 ? 0 : hash >>> (32 - this.depth)] as Segment
  }

  private split(segment: Segment, hash: number): void {
    if (segment.depth === this.depth) this.doubleDirectory()
    const depth = segment.depth + 1
    const ones: Segment = { slots: new Int32Array(SEGMENT_SLOTS * 2), depth, count: 0 }
    const old = segment.slots.slice()
    segment.slots.fill(0)
    segment.depth = depth
    segment.count = 0
    for (let slot = 0; slot < SEGMENT_SLOTS; slot++) {
      const node = old[slot * 2 + 1] as number
      if (node === 0) continue
      const entryHash = old[slot * 2] as number
      insert((entryHash >>> (32 - depth)) & 1 ? ones : segment, entryHash, node)
    }
    // The directory entries of the old segment are one run; the upper half of it is the new segment's.
    const run = 1 << (this.depth - depth)
    const first = ((hash >>> (32 - depth)) | 1) << (this.depth - depth)
    this.directory.fill(ones, first, first + run)
  }

  private doubleDirectory(): void {
    if (this.depth === DEPTH_MAX) throw new Error(`more than ${SEGMENT_COUNT_MAX} paths share a hash`)
    const doubled: Segment[] = []
    for (const segment of this.directory) doubled.push(segment, segment)
    this.directory = doubled
    this.depth++
  }
}

function insert(segment: Segment, hash: number, node: number): void {
  const slots = segment.slots
  let slot = hash & SLOT_MASK
  while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & SLOT_MASK
  slots[slot * 2] = hash
  slots[slot * 2 + 1] = node
  segment.count++
}
