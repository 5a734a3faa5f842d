// Virtual time. The world is a queue of events; the next one happens when all that the one before it set off
// has happened, promises included, and the time between two events takes no time at all.

import { SeededRandom } from '@tskeeper/core'
import { EventQueue, type ScheduledEvent } from './event-queue.ts'

/** Wall clock time at which every world begins, in milliseconds since 1970. */
export const WORLD_BEGINS_MS = 1_750_000_000_000

export class World {
  readonly seed: number
  /** Virtual milliseconds since the beginning. */
  nowMs = 0
  /** Events that have happened. */
  eventCount = 0
  /** Called after each event, when its promises have settled: a place for what must always be true. */
  afterEvent: () => void = () => {}
  private readonly queue = new EventQueue()
  private readonly random: SeededRandom
  /** What an event threw: the run ends with it. */
  private failure: { readonly error: unknown } | null = null

  constructor(seed: number) {
    this.seed = seed
    this.random = new SeededRandom(seed)
  }

  /** A generator of its own, so that what one part draws does not change what another gets. */
  forkRandom(): SeededRandom {
    return new SeededRandom(this.random.next32() * 2097152 + (this.random.next32() >>> 11))
  }

  /** Lets something happen in `delayMs`. */
  after(delayMs: number, action: () => void): ScheduledEvent {
    return this.queue.add(this.nowMs + Math.max(delayMs, 0), action)
  }

  /** Ends the run with this error, which `runUntil` throws. */
  fail(error: unknown): void {
    this.failure ??= { error }
  }

  /**
   * Lets time go by until `isDone`, asked after each event, or until `untilMs`. Settles to whether `isDone` was
   * reached. Rejects with what an event threw.
   */
  runUntil(untilMs: number, isDone: () => boolean = () => false): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          const outcome = this.turn(untilMs, isDone)
          if (outcome === null) setImmediate(turn)
          else resolve(outcome)
        } catch (error) {
          reject(error)
        }
      }
      setImmediate(turn)
    })
  }

  /** One event; its promises settle before the next turn. True or false ends the run, null goes on. */
  private turn(untilMs: number, isDone: () => boolean): boolean | null {
    if (this.eventCount > 0) this.afterEvent()
    if (this.failure !== null) throw this.failure.error
    if (isDone()) return true
    const event = this.queue.peek()
    if (event === null || event.dueMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs)
      return false
    }
    this.queue.take()
    this.nowMs = event.dueMs
    this.eventCount++
    event.action?.()
    return null
  }
}
