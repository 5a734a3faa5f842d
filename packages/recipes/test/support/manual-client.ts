// As much of a client as a unit test needs, with time that the test moves by hand.

import type { Stat, ZooKeeper } from '@tskeeper/client'

interface Waiting {
  readonly dueMs: number
  readonly callback: () => void
}

/** Timers that fire when the test says so. */
export class ManualTimers {
  readonly #waiting = new Set<Waiting>()
  #nowMs = 0

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const waiting = { dueMs: this.#nowMs + delayMs, callback }
    this.#waiting.add(waiting)
    return { cancel: () => this.#waiting.delete(waiting) }
  }

  soon(callback: () => void): void {
    this.after(0, callback)
  }

  /** How many timers are set. */
  get size(): number {
    return this.#waiting.size
  }

  advance(durationMs: number): void {
    this.#nowMs += durationMs
    const due = [...this.#waiting].filter(({ dueMs }) => dueMs <= this.#nowMs)
    for (const waiting of due) {
      this.#waiting.delete(waiting)
      waiting.callback()
    }
  }
}

/** What the fake client has to answer. */
export interface ManualAnswers {
  readonly exists?: (path: string) => Promise<Stat | null>
  readonly connect?: () => Promise<unknown>
  readonly create?: (path: string, data: string, options?: { readonly mode: string }) => Promise<string>
}

/** A client of which only what is given works. */
export function manualClient(timers: ManualTimers, answers: ManualAnswers = {}): ZooKeeper {
  const random = { next: () => 0.5, below: () => 7 }
  return {
    runtime: { timers, random },
    exists: answers.exists,
    create: answers.create,
    connect: answers.connect ?? (() => Promise.resolve()),
  } as unknown as ZooKeeper
}

/** A Stat with a certain creation zxid. */
export function statOf(czxid: bigint): Stat {
  return { czxid, mzxid: czxid, pzxid: czxid, version: 0 } as unknown as Stat
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
