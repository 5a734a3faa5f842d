// A machine: what a process on it knows of time, and the fate of its processes. A process dies with a crash, all of
// it at once: nothing that it had set in motion ever comes back to it. A pause (a stopped process, a collector, a
// virtual machine that is moved) holds everything up and lets it all come at once afterwards.

import type { SeededRandom } from '@tskeeper/core'
import { type Incarnation, WORLD_BEGINS_MS, type World } from './world.ts'

export type { Incarnation } from './world.ts'

export interface VirtualTimerHandle {
  cancel(): void
}

export class Machine {
  readonly world: World
  /** The machine's name in messages, and its address on the network. */
  readonly name: string
  readonly address: string
  readonly random: SeededRandom
  /** Milliseconds of this machine's clock for each millisecond of the world. */
  clockRate = 1
  /** How far the wall clock is off, in milliseconds. */
  wallOffsetMs = 0
  incarnation: Incarnation
  private isPaused = false
  private held: { readonly incarnation: Incarnation; readonly action: () => void }[] = []

  constructor(world: World, name: string, address: string) {
    this.world = world
    this.name = name
    this.address = address
    this.random = world.forkRandom()
    this.incarnation = { isAlive: false, name }
  }

  get isUp(): boolean {
    return this.incarnation.isAlive
  }

  get isHeldUp(): boolean {
    return this.isPaused
  }

  /** Begins the life of a new process, which is the one that acts until the end of this event. */
  boot(): Incarnation {
    this.incarnation = { isAlive: true, name: this.name }
    this.world.active = this.incarnation
    return this.incarnation
  }

  /** Ends it: no callback reaches it any more. */
  kill(): void {
    this.incarnation.isAlive = false
    this.isPaused = false
    this.held = []
  }

  pause(): void {
    if (this.isUp) this.isPaused = true
  }

  /** Lets everything happen that was held up, in its order. */
  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    const held = this.held
    this.held = []
    // Each by itself, so that the promises of one settle before the next, as in a live process.
    for (const { incarnation, action } of held) this.world.after(0, () => this.deliver(incarnation, action))
  }

  /** Runs something in a process: now, when the pause is over, or never. */
  deliver(incarnation: Incarnation, action: () => void): void {
    if (!incarnation.isAlive) return
    if (this.isPaused) {
      this.held.push({ incarnation, action })
      return
    }
    this.world.active = incarnation
    action()
  }

  monotonicMs(): number {
    return this.world.nowMs * this.clockRate
  }

  wallMs(): number {
    return Math.floor(WORLD_BEGINS_MS + this.wallOffsetMs + this.world.nowMs * this.clockRate)
  }

  /** Calls back in the process that runs now, after `delayMs` of the machine's own clock. */
  after(delayMs: number, callback: () => void): VirtualTimerHandle {
    const { incarnation } = this
    let isCancelled = false
    const fire = (): void => {
      if (!isCancelled) callback()
    }
    const event = this.world.after(delayMs / this.clockRate, () => this.deliver(incarnation, fire))
    return {
      cancel: () => {
        isCancelled = true
        event.action = null
      },
    }
  }
}
