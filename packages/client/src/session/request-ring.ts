import type { AnyRequest } from './request.ts'

const CAPACITY_MIN = 16

/**
 * Requests in the order in which they were sent. Replies come in that order, so the front is always the one
 * that the next reply belongs to.
 *
 * `first` and `end` count requests since the ring was made: the request number `n` stands at `n & mask`.
 */
export class RequestRing {
  private slots: (AnyRequest | null)[] = new Array<AnyRequest | null>(CAPACITY_MIN).fill(null)
  private mask = CAPACITY_MIN - 1
  /** Number of the request at the front. */
  first = 0
  /** Number that the next request will get. */
  end = 0

  get size(): number {
    return this.end - this.first
  }

  push(request: AnyRequest): void {
    if (this.size > this.mask) this.grow()
    this.slots[this.end & this.mask] = request
    this.end += 1
  }

  /** Takes the request at the front, or null. */
  shift(): AnyRequest | null {
    if (this.first === this.end) return null
    const index = this.first & this.mask
    const request = this.slots[index] ?? null
    this.slots[index] = null
    this.first += 1
    return request
  }

  private grow(): void {
    const slots = new Array<AnyRequest | null>(this.slots.length * 2).fill(null)
    const mask = slots.length - 1
    for (let number = this.first; number < this.end; number++) slots[number & mask] = this.slots[number & this.mask] ?? null
    this.slots = slots
    this.mask = mask
  }
}
