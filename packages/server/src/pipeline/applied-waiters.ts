import { Ring } from '@tskeeper/core'

interface AppliedWaiter {
  readonly mark: number
  readonly done: () => void
}

/** Who waits until everything is applied that was submitted before. Nearly always nobody does. */
export class AppliedWaiters {
  private readonly waiters = new Ring<AppliedWaiter>()

  get isEmpty(): boolean {
    return this.waiters.size === 0
  }

  /** `mark` is that of the write submitted last: a number that never goes down from one write to the next. */
  add(mark: number, done: () => void): void {
    this.waiters.push({ mark, done })
  }

  /** Everything up to `mark` is applied. */
  reached(mark: number): void {
    for (let next = this.waiters.peek(); next !== null && next.mark <= mark; next = this.waiters.peek()) {
      this.waiters.shift()
      next.done()
    }
  }

  /** Nothing more will be applied: nobody hears of it. */
  clear(): void {
    this.waiters.clear()
  }
}
