import { copyBytes } from '../tree/slab-store.ts'

/** Size of the slabs that entries share, in bytes. A larger entry gets one for itself. */
const SLAB_BYTES = 256 * 1024
/** The first slab has less: in a window of few entries the rest of a larger one would lie idle. */
const FIRST_SLAB_BYTES = 16 * 1024

/** Empty slabs that are kept: as much as a burst of writes holds at a time comes and goes without new memory. */
const EMPTY_SLABS_MAX = 16

/** Memory that several entries share. */
export interface WindowSlab {
  readonly bytes: Uint8Array
  /** Entries that are in it. */
  entryCount: number
}

/**
 * The bytes of a window's entries, in few large pieces that are used again and again. Bytes that were allocated for each batch would live too
 * long for the collector's cheap passes, and the expensive ones look at the whole tree: many times a second under load.
 */
export class WindowMemory {
  private current: WindowSlab | null = null
  private used = 0
  private readonly empty: WindowSlab[] = []
  /** Where the entry begins that was stored last. */
  lastStart = 0

  /** Copies `bytes[start, end)` and returns the slab that has them now, from `lastStart` on. */
  store(bytes: Uint8Array, start: number, end: number): WindowSlab {
    const length = end - start
    const slab = length > SLAB_BYTES ? this.largeSlab(length) : this.slabFor(length)
    copyBytes(bytes, start, slab.bytes, this.lastStart, length)
    slab.entryCount++
    return slab
  }

  /** One entry of the slab is forgotten. Its bytes may be overwritten from now on. */
  release(slab: WindowSlab): void {
    slab.entryCount--
    if (slab.entryCount > 0) return
    if (slab === this.current) this.used = 0
    else if (slab.bytes.length === SLAB_BYTES && this.empty.length < EMPTY_SLABS_MAX) this.empty.push(slab)
  }

  private largeSlab(length: number): WindowSlab {
    this.lastStart = 0
    return newSlab(length)
  }

  private slabFor(length: number): WindowSlab {
    let slab = this.current
    if (slab === null || this.used + length > slab.bytes.length) {
      slab = this.empty.pop() ?? newSlab(slab === null && length <= FIRST_SLAB_BYTES ? FIRST_SLAB_BYTES : SLAB_BYTES)
      this.current = slab
      this.used = 0
    }
    this.lastStart = this.used
    this.used += length
    return slab
  }
}

function newSlab(length: number): WindowSlab {
  return { bytes: new Uint8Array(length), entryCount: 0 }
}
