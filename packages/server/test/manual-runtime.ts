// Clock, timers and randomness that a test moves by hand.

import type { Clock, Random, TimerHandle, Timers } from '../src/runtime/runtime.ts'

export class ManualClock implements Clock {
  wallMs = 1_700_000_000_000
  steadyMs = 0

  nowMs(): number {
    return this.wallMs
  }

  monotonicMs(): number {
    return this.steadyMs
  }

  advance(durationMs: number): void {
    this.wallMs += durationMs
    this.steadyMs += durationMs
  }
}

export class ManualTimers implements Timers {
  private readonly waiting: (() => void)[] = []

  after(_delayMs: number, callback: () => void): TimerHandle {
    this.waiting.push(callback)
    return {
      cancel: () => {
        const index = this.waiting.indexOf(callback)
        if (index >= 0) this.waiting.splice(index, 1)
      },
    }
  }

  soon(callback: () => void): void {
    this.waiting.push(callback)
  }

  /** Calls everything that waits, and what that starts. */
  run(): void {
    for (let callback = this.waiting.shift(); callback !== undefined; callback = this.waiting.shift()) callback()
  }
}

/** Always gives the same fraction. */
export class FixedRandom implements Random {
  readonly fraction: number

  constructor(fraction = 0) {
    this.fraction = fraction
  }

  next(): number {
    return this.fraction
  }

  below(limit: number): number {
    return Math.floor(this.fraction * limit)
  }
}
