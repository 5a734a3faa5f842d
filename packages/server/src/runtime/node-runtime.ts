import type { Crc32 } from '@tskeeper/core'
import { crc32 } from '@tskeeper/protocol/server'
import { NodeDisk } from './node-disk.ts'
import { NodeNetwork } from './node-network.ts'
import type { Clock, Random, Runtime, TimerHandle, Timers } from './runtime.ts'

/** The real world: Node's clock, timers, random numbers, sockets and files. */
export function nodeRuntime(): Runtime {
  return {
    clock: nodeClock,
    timers: nodeTimers,
    random: nodeRandom,
    network: new NodeNetwork(),
    disk: new NodeDisk(),
    crc32: nativeCrc32,
  }
}

const nodeClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** Longest delay that Node's timers know, in milliseconds; a longer one fires at once there. */
const DELAY_MS_MAX = 0x7fffffff

const nodeTimers: Timers = {
  after(delayMs: number, callback: () => void): TimerHandle {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), DELAY_MS_MAX))
    return { cancel: () => clearTimeout(timer) }
  },
  soon(callback: () => void): void {
    setImmediate(callback)
  },
}

/** Randomness here spreads load and seeds hashes against strangers; no secret is made of it. */
const nodeRandom: Random = {
  next: () => Math.random(),
  below: (limit: number) => Math.floor(Math.random() * limit),
}

/** From here on the call into native code is worth its price, in bytes. */
const NATIVE_CRC_BYTES_MIN = 256

const nativeCrc32: Crc32 = (bytes, start, end, seed) => {
  if (end - start < NATIVE_CRC_BYTES_MIN) return crc32(bytes, start, end, seed)
  // Not imported: together with node:v8, which `envi` asks, it would cost a server at rest a quarter of a megabyte.
  zlibCrc32 ??= process.getBuiltinModule('node:zlib').crc32
  return zlibCrc32(bytes.subarray(start, end), seed)
}

let zlibCrc32: ((data: Uint8Array, value: number) => number) | null = null
