import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LatencyHistogram, type LatencySummary } from '../load/histogram.ts'

/** `append`: the file grows with each write; `preallocated`: it was filled with zeros before, as a log is. */
export type DiskFloorMode = 'append' | 'preallocated'

const BLOCK_BYTES = 1024
const PREALLOCATED_BYTES = 32 * 1024 * 1024
const FILL_BYTES = 1024 * 1024

/**
 * What the disk asks for one durable write: 1 KiB is written and synced, one after the other. No server that
 * syncs before it acknowledges can answer a lone set sooner.
 */
export function measureDiskFloor(directory: string, mode: DiskFloorMode, durationMs: number): LatencySummary {
  const path = join(directory, `disk-floor-${mode}`)
  const file = openSync(path, 'w')
  const histogram = new LatencyHistogram()
  try {
    if (mode === 'preallocated') {
      const zeros = Buffer.alloc(FILL_BYTES)
      for (let at = 0; at < PREALLOCATED_BYTES; at += FILL_BYTES) writeSync(file, zeros, 0, FILL_BYTES, at)
    }
    fsyncSync(file)
    const block = Buffer.alloc(BLOCK_BYTES, 7)
    const endMs = performance.now() + durationMs
    let startedMs = performance.now()
    for (let at = 0; startedMs < endMs && at + BLOCK_BYTES <= PREALLOCATED_BYTES; at += BLOCK_BYTES) {
      writeSync(file, block, 0, BLOCK_BYTES, at)
      fdatasyncSync(file)
      const doneMs = performance.now()
      histogram.record((doneMs - startedMs) * 1000)
      startedMs = doneMs
    }
  } finally {
    closeSync(file)
    rmSync(path)
  }
  return histogram.summary()
}
