// Virtual time. The world is a queue of events; the next one happens when all that the one before it set off
// has happened, promises included, and the time between two events takes no time at all.

import { SeededRandom } from '@tskeeper/core'
import { EventQueue, type ScheduledEvent } from './event-queue.ts'

/** Wall clock time at which every world begins, in milliseconds since 1970. */
export const WORLD_BEGINS_MS = 1_750_000_000_000

/** One life of a process, from its start to its crash. */
export interface Incarnation {
  isAlive: boolean
  /** The machine that it runs on. */
  readonly name: string
}

/** Turns that are asked for at once: the platform goes around its loop once for all of them. */
const TURNS_AHEAD = 32

export class World {
  readonly seed: number
  /** Virtual milliseconds since the beginning. */
  nowMs = 0
  /** Events that have happened. */
  eventCount = 0
  /** The process in which the event takes place, null for what happens to the world; at most one process acts in an event. */
  active: Incarnation | null = null
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
      let isOver = false
      const turn = (): void => {
        if (isOver) return
        try {
          const outcome = this.turn(untilMs, isDone)
          if (outcome === null) return
          isOver = true
          resolve(outcome)
        } catch (error) {
          isOver = true
          reject(error)
        }
      }
      // Promises settle between any two of these callbacks.
      const schedule = (): void => {
        if (isOver) return
        for (let i = 0; i < TURNS_AHEAD; i++) setImmediate(turn)
        setImmediate(schedule)
      }
      schedule()
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
    this.active = null
    this.happen(event)
    return null
  }

  private happen(event: ScheduledEvent): void {
    try {
      event.action?.()
    } catch (error) {
      // A process that dies in the middle of an event stumbles on to its end: nobody hears of that. Anything else is a mistake, also where
      // a disk has failed: a server has to end by that, and must not take down what it is embedded in.
      if (this.active?.isAlive !== false) throw error
    }
  }
}
