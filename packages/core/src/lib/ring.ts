import { assert } from './assert.ts'

const CAPACITY_MIN = 16

/**
 * A first-in first-out queue of objects that grows and never shifts.
 *
 *      head                tail
 *       |                   |
 *   . . a b c d e f g h i j . . .      capacity is a power of two, so that
 *                                      an index wraps with one mask
 *
 * A slot is emptied when its object leaves: a long queue that has drained keeps no object alive.
 */
export class Ring<T extends object> {
  private slots: (T | null)[]
  private mask: number
  private head = 0
  private count = 0

  constructor(capacity: number = CAPACITY_MIN) {
    let power = CAPACITY_MIN
    while (power < capacity) power *= 2
    this.slots = new Array<T | null>(power).fill(null)
    this.mask = power - 1
  }

  get size(): number {
    return this.count
  }

  push(item: T): void {
    if (this.count === this.slots.length) this.grow()
    this.slots[(this.head + this.count) & this.mask] = item
    this.count += 1
  }

  /** Takes the oldest object, or null when there is none. */
  shift(): T | null {
    if (this.count === 0) return null
    const item = this.slots[this.head] ?? null
    this.slots[this.head] = null
    this.head = (this.head + 1) & this.mask
    this.count -= 1
    return item
  }

  /** The oldest object, left where it is, or null. */
  peek(): T | null {
    return this.count === 0 ? null : (this.slots[this.head] ?? null)
  }

  /** The object `index` places behind the oldest; `index` is less than `size`. */
  at(index: number): T {
    assert(index >= 0 && index < this.count, 'a ring is read within its size')
    const item = this.slots[(this.head + index) & this.mask] ?? null
    assert(item !== null, 'a slot within the size of a ring holds an object')
    return item
  }

  clear(): void {
    this.slots.fill(null)
    this.head = 0
    this.count = 0
  }

  private grow(): void {
    const capacity = this.slots.length * 2
    const slots = new Array<T | null>(capacity).fill(null)
    for (let index = 0; index < this.count; index++) slots[index] = this.slots[(this.head + index) & this.mask] ?? null
    this.slots = slots
    this.mask = capacity - 1
    this.head = 0
  }
}
