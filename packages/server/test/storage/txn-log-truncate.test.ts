import { expect, test } from 'vitest'
import { silentLogger } from '../../src/logger.ts'
import type { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { locateDirectories } from '../../src/storage/data-directories.ts'
import { lastLoggedZxid, truncateLogs } from '../../src/storage/txn-log-truncate.ts'
import { DIRECTORY, emptyDisk, LogFixture, putFile, readAll, sampleLogFile, upTo } from './sample-log.ts'

const PLAUSIBLE = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2f])
const directories = locateDirectories('/data', '/data')

/** Logs 1-4, 5-8 and 9-10 and the snapshots that are named. */
function diskWith(...snapshots: number[]): MemoryDisk {
  const disk = emptyDisk()
  putFile(disk, `${DIRECTORY}/log.1`, sampleLogFile([1, 2, 3, 4]))
  const padded = new Uint8Array(5000)
  padded.set(sampleLogFile([5, 6, 7, 8]))
  putFile(disk, `${DIRECTORY}/log.5`, padded)
  putFile(disk, `${DIRECTORY}/log.9`, sampleLogFile([9, 10]))
  for (const zxid of snapshots) putFile(disk, `${DIRECTORY}/snapshot.${zxid.toString(16)}`, PLAUSIBLE)
  return disk
}

function truncate(disk: MemoryDisk, zxid: number): boolean {
  return truncateLogs({ disk, directories, entryLengthMax: 1 << 20, logger: silentLogger }, zxid)
}

test('S7: what comes after the zxid is gone, durably, and the file ends right there', () => {
  const disk = diskWith(0)
  expect(truncate(disk, 6)).toBe(true)
  disk.crash()
  expect(readAll(disk).zxids).toEqual(upTo(6))
  expect(disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.5', 'snapshot.0'])
  expect(disk.size(`${DIRECTORY}/log.5`)).toBe(sampleLogFile([5, 6]).length)
  expect(lastLoggedZxid(disk, DIRECTORY, 1 << 20)).toBe(6)
})

test('S7: every zxid, also at the edges of files, and one beyond the end', () => {
  for (let zxid = 1; zxid <= 12; zxid++) {
    const disk = diskWith(0)
    expect(truncate(disk, zxid)).toBe(true)
    expect(readAll(disk).zxids).toEqual(upTo(Math.min(zxid, 10)))
    const fixture = new LogFixture(disk)
    fixture.append(Math.min(zxid, 10) + 1, 14)
    fixture.sync()
    expect(readAll(disk).zxids).toEqual(upTo(14))
  }
})

test('S7: a zxid that is not in the log cuts in front of the first later one', () => {
  const disk = emptyDisk()
  const EPOCH = 4294967296
  putFile(disk, `${DIRECTORY}/log.1`, sampleLogFile([1, 2, EPOCH + 1, EPOCH + 2]))
  putFile(disk, `${DIRECTORY}/snapshot.0`, PLAUSIBLE)
  truncate(disk, 77)
  expect(readAll(disk).zxids).toEqual([1, 2])
})

test('S7: a zxid before the first log leaves the snapshot alone', () => {
  const disk = emptyDisk()
  putFile(disk, `${DIRECTORY}/log.5`, sampleLogFile([5, 6]))
  putFile(disk, `${DIRECTORY}/snapshot.4`, PLAUSIBLE)
  expect(truncate(disk, 4)).toBe(true)
  expect(disk.list(DIRECTORY)).toEqual(['snapshot.4'])
})

test('S7: snapshots after the zxid are removed, so that they cannot bring it back', () => {
  const disk = diskWith(0, 4, 8)
  expect(truncate(disk, 6)).toBe(true)
  expect(disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.5', 'snapshot.0', 'snapshot.4'])
})

test('a snapshot of the beginning of an epoch is a start, too: it holds what the epochs before ended with', () => {
  const EPOCH = 4294967296
  const begin = 4 * EPOCH
  const disk = emptyDisk()
  putFile(disk, `${DIRECTORY}/log.400000001`, sampleLogFile([begin + 1, begin + 2]))
  putFile(disk, `${DIRECTORY}/snapshot.400000000`, PLAUSIBLE)
  putFile(disk, `${DIRECTORY}/snapshot.400000002`, PLAUSIBLE)
  expect(truncate(disk, 3 * EPOCH + 7)).toBe(true)
  expect(disk.list(DIRECTORY)).toEqual(['snapshot.400000000'])
})

test('a snapshot of the beginning of an epoch is no start while there are logs from before it', () => {
  const EPOCH = 4294967296
  const disk = emptyDisk()
  putFile(disk, `${DIRECTORY}/log.300000008`, sampleLogFile([3 * EPOCH + 8, 4 * EPOCH + 1]))
  putFile(disk, `${DIRECTORY}/snapshot.400000000`, PLAUSIBLE)
  expect(truncate(disk, 3 * EPOCH + 7)).toBe(false)
})

test('S7: without a snapshot to start from, or without any log, nothing is touched', () => {
  const disk = diskWith(8)
  const before = disk.list(DIRECTORY).sort()
  expect(truncate(disk, 6)).toBe(false)
  expect(disk.list(DIRECTORY).sort()).toEqual(before)
  expect(readAll(disk).zxids).toEqual(upTo(10))
  const bare = emptyDisk()
  putFile(bare, `${DIRECTORY}/snapshot.0`, PLAUSIBLE)
  expect(truncate(bare, 0)).toBe(false)
})

test('S7: a power failure in the middle leaves a history without holes', () => {
  const disk = diskWith(0, 8)
  const moments: MemoryDisk[] = []
  disk.onChange = () => moments.push(disk.clone())
  truncate(disk, 3)
  expect(moments.length).toBeGreaterThan(5)
  for (const moment of moments) {
    for (let survivingNameChanges = 0; survivingNameChanges <= 4; survivingNameChanges++) {
      const crashed = moment.clone()
      crashed.crash({ survivingNameChanges, survivingBytes: 0 })
      const { zxids } = readAll(crashed)
      expect(zxids).toEqual(upTo(zxids.length))
      expect(zxids.length).toBeGreaterThanOrEqual(3)
    }
  }
})

test('the last logged zxid is that of the newest file, by its entries or its name', () => {
  const disk = diskWith()
  expect(lastLoggedZxid(disk, DIRECTORY, 1 << 20)).toBe(10)
  putFile(disk, `${DIRECTORY}/log.b`, sampleLogFile([]))
  expect(lastLoggedZxid(disk, DIRECTORY, 1 << 20)).toBe(11)
  putFile(disk, `${DIRECTORY}/log.c`, new Uint8Array(0))
  expect(lastLoggedZxid(disk, DIRECTORY, 1 << 20)).toBe(12)
  expect(lastLoggedZxid(emptyDisk(), DIRECTORY, 1 << 20)).toBe(-1)
})
