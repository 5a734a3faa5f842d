import { assert } from '../lib/assert.ts'

const CAPACITY_MIN = 64

/** A first-in first-out queue of zxids that grows and never shifts. */
export class ZxidQueue {
  private slots = new Float64Array(CAPACITY_MIN)
  private head = 0
  private count = 0

  get size(): number {
    return this.count
  }

  push(zxid: number): void {
    if (this.count === this.slots.length) this.grow()
    this.slots[(this.head + this.count) & (this.slots.length - 1)] = zxid
    this.count++
  }

  /** The oldest zxid, left where it is, or null. */
  peek(): number | null {
    return this.count === 0 ? null : this.at(0)
  }

  /** The zxid `index` places behind the oldest, or null when there are not so many. */
  at(index: number): number | null {
    return index >= this.count ? null : (this.slots[(this.head + index) & (this.slots.length - 1)] ?? null)
  }

  /** Takes the oldest zxid. */
  shift(): number {
    const zxid = this.peek()
    assert(zxid !== null, 'a zxid is taken from a queue that has one')
    this.head = (this.head + 1) & (this.slots.length - 1)
    this.count--
    return zxid
  }

  clear(): void {
    this.head = 0
    this.count = 0
  }

  private grow(): void {
    const wider = new Float64Array(this.slots.length * 2)
    for (let index = 0; index < this.count; index++) wider[index] = this.at(index) ?? 0
    this.slots = wider
    this.head = 0
  }
}
