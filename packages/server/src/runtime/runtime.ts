// The world as the server sees it. Time, timers, randomness, network and disk reach every other
// file through these interfaces, and nothing else: the simulator implements them again, on virtual
// time, and runs the server unchanged. They are written from the server's need, not from Node's API.

import type { Crc32 } from '@tskeeper/core'
import type { Disk } from './disk.ts'
import type { Network } from './network.ts'

export interface Runtime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly network: Network
  readonly disk: Disk
  /** CRC-32 in native code, for who has it: a portable one stands in. */
  readonly crc32?: Crc32
}

export interface Clock {
  /** Wall clock, whole milliseconds since 1970. May jump. */
  nowMs(): number
  /** Milliseconds, with a fraction, since some fixed moment. Never goes back. */
  monotonicMs(): number
}

export interface Timers {
  /** Calls `callback` once after about `delayMs`. */
  after(delayMs: number, callback: () => void): TimerHandle
  /** Calls `callback` once when the events that are waiting now have been handled. */
  soon(callback: () => void): void
}

export interface TimerHandle {
  cancel(): void
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform in [0, limit), a whole number; `limit` is at most 2^32. */
  below(limit: number): number
}
