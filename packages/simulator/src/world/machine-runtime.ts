// What a server's process on a machine lives in: the machine's clock and timers, its network, its disk.

import type { Clock, Random, Runtime, Timers } from '@tskeeper/server'
import type { MemoryDisk } from '@tskeeper/server/memory-disk'
import type { Machine } from './machine.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** The world as the process sees it that runs on `machine` now. */
export function machineRuntime(machine: Machine, network: VirtualNetwork, disk: MemoryDisk): Runtime {
  return {
    clock: machineClock(machine),
    timers: machineTimers(machine),
    random: machineRandom(machine),
    network: network.of(machine),
    disk,
  }
}

export function machineClock(machine: Machine): Clock {
  return { nowMs: () => machine.wallMs(), monotonicMs: () => machine.monotonicMs() }
}

export function machineTimers(machine: Machine): Timers {
  return {
    after: (delayMs, callback) => machine.after(delayMs, callback),
    soon: (callback) => {
      machine.after(0, callback)
    },
  }
}

export function machineRandom(machine: Machine): Random {
  return { next: () => machine.random.next(), below: (limit) => machine.random.below(limit) }
}
