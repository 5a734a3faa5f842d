// A machine's disk: syncs take time, and a crash keeps what was synced and a part of what was not.

import type { SeededRandom } from '@tskeeper/core'
import { MemoryDisk } from '@tskeeper/server/memory-disk'
import type { Machine } from './machine.ts'

/** How long a sync takes, in milliseconds. */
export interface DiskPace {
  syncMinMs: number
  syncMaxMs: number
}

export class MachineDisk {
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly pace: DiskPace = { syncMinMs: 0.1, syncMaxMs: 2 }
  private readonly machine: Machine
  private readonly random: SeededRandom

  constructor(machine: Machine) {
    this.machine = machine
    this.random = machine.world.forkRandom()
    this.disk.scheduleSync = (done) => this.delay(done)
  }

  private delay(done: () => void): void {
    const { syncMinMs, syncMaxMs } = this.pace
    const { incarnation, world } = this.machine
    // The disk works on while the process is paused; only the answer waits.
    world.after(syncMinMs + this.random.next() * (syncMaxMs - syncMinMs), () => this.machine.deliver(incarnation, done))
  }

  /** The power fails: each unsynced sector, name by name, is there or not. */
  crash(): void {
    const keptShare = this.random.next()
    this.disk.crash({ survives: () => this.random.next() < keptShare, survivingNameChanges: this.random.below(4) })
  }
}
