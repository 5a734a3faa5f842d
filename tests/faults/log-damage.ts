// What a crash of the machine can leave behind, done by hand to the files of a killed server: the
// tail of the log that nobody was told about is torn, or padded, and the newest snapshot is cut short.
// Nothing here touches a byte that a reply may have depended on.

import { closeSync, ftruncateSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import type { SeededRandom } from './seeded-random.ts'
import { LOG_HEADER_BYTES, type LogEntry, type LogFile, listSnapshots } from './transaction-log.ts'

export type Damage = 'none' | 'cut' | 'cut and zeros' | 'zeros' | 'torn entry' | 'torn snapshot'

/** Applies one kind of damage; returns what was done, in words. `lastShown` is the last entry that must survive. */
export function damageTail(
  kind: Damage,
  folder: string,
  files: readonly LogFile[],
  lastShown: LogEntry | null,
  random: SeededRandom,
): string {
  const last = files.at(-1)
  if (kind === 'none' || last === undefined) return 'none'
  if (kind === 'torn snapshot') return tearSnapshot(folder, random)
  // The kill came before the file got its header: that is damage enough.
  if (last.sizeBytes < LOG_HEADER_BYTES) return 'none'
  const name = basename(last.path)
  if (kind === 'zeros') {
    const count = random.between(1, 6000)
    withFile(last.path, (file) => writeSync(file, new Uint8Array(count), 0, count, last.sizeBytes))
    return `${count} zeros after ${name}`
  }
  if (kind === 'torn entry') return tearEntry(last, random)
  const mustStay = lastShown?.file === last.path ? lastShown.end : LOG_HEADER_BYTES
  const at = random.between(Math.min(mustStay, last.dataEnd), last.dataEnd)
  withFile(last.path, (file) => {
    ftruncateSync(file, at)
    if (kind === 'cut and zeros') ftruncateSync(file, last.sizeBytes)
  })
  return `${name} ${kind === 'cut' ? 'cut' : 'zeroed'} at ${at} (entries ended at ${last.dataEnd})`
}

/** Appends the first bytes of a further entry, as a write that was cut off by the power. */
function tearEntry(last: LogFile, random: SeededRandom): string {
  const model = last.entries.at(-1)
  if (model === undefined) return 'none'
  const whole = Buffer.alloc(model.end - model.start)
  withFile(last.path, (file) => {
    readSync(file, whole, 0, whole.length, model.start)
    const length = random.between(1, whole.length - 1)
    if (random.isLikely(0.5)) ftruncateSync(file, last.dataEnd)
    writeSync(file, whole, 0, length, last.dataEnd)
  })
  return `a torn entry after byte ${last.dataEnd} of ${basename(last.path)}`
}

function tearSnapshot(folder: string, random: SeededRandom): string {
  const [newest, ...older] = listSnapshots(folder)
  if (newest === undefined || older.length === 0) return 'none'
  const length = random.below(statSync(newest.path).size)
  truncateSync(newest.path, length)
  return `${basename(newest.path)} cut to ${length} bytes`
}

/** Inverts some bits of one byte. */
export function flipByte(path: string, position: number, mask: number): void {
  withFile(path, (file) => {
    const byte = Buffer.alloc(1)
    readSync(file, byte, 0, 1, position)
    byte[0] = (byte[0] ?? 0) ^ mask
    writeSync(file, byte, 0, 1, position)
  })
}

function withFile(path: string, work: (file: number) => void): void {
  const file = openSync(path, 'r+')
  try {
    work(file)
  } finally {
    closeSync(file)
  }
}
