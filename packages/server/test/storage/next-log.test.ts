import { expect, test } from 'vitest'
import { silentLogger } from '../../src/logger.ts'
import { removeUnfinishedFiles } from '../../src/storage/file-names.ts'
import { NextLog } from '../../src/storage/next-log.ts'
import type { TxnLogOptions } from '../../src/storage/txn-log.ts'
import { RecordingLogger } from '../recording-logger.ts'
import { DIRECTORY, emptyDisk, LogFixture, readAll, sampleBatch, upTo } from './sample-log.ts'

const KIB = 1024
const NEXT = `${DIRECTORY}/tskeeper-unfinished-next-log`

/** Half-way to its snapshot after five entries; a step of 16 KiB is filled in pieces of 4 KiB. */
function fixtureOf(options: Partial<TxnLogOptions> = {}): LogFixture {
  return new LogFixture(emptyDisk(), { snapCount: 20, preallocationBytes: 16 * KIB, ...options })
}

/** A log whose next file is ready, and which has been rolled: six entries of 1000 bytes are in the first file. */
function rolled(fixture: LogFixture = fixtureOf()): LogFixture {
  fixture.append(1, 6, 1000)
  fixture.sync()
  fixture.log.roll()
  return fixture
}

test('nothing is made ahead before the log is half-way to what ends it', () => {
  const fixture = fixtureOf()
  fixture.append(1, 5)
  fixture.sync()
  expect(fixture.disk.exists(NEXT)).toBe(false)
  fixture.append(6, 6)
  expect(fixture.disk.exists(NEXT)).toBe(true)
})

test('a limit for the size of a file begins the next one, too, and bounds it', () => {
  const fixture = fixtureOf({ snapCount: 100_000, fileSizeLimitBytes: 20 * KIB, preallocationBytes: 16 * KIB })
  fixture.append(1, 9, 1000)
  fixture.sync()
  expect(fixture.disk.exists(NEXT)).toBe(false)
  fixture.append(10, 10, 1000)
  expect(fixture.disk.size(NEXT)).toBe(16 + 32 * KIB)
})

test('the next file has a header and is filled with zeros, durably, as far as the entries are expected to come', () => {
  const fixture = fixtureOf()
  fixture.append(1, 6, 1000)
  const before = fixture.disk.usedBytes()
  fixture.sync()
  // Twenty entries as long as these, with a share of the header, in two steps.
  expect(fixture.disk.usedBytes() - before).toBe(20 * 1049 + Math.ceil((16 * 20) / 6))
  const durable = fixture.disk.readDurable(`${DIRECTORY}/log.1`)
  expect(durable?.length).toBe(16 + 16 * KIB)
  fixture.disk.syncDirectory(DIRECTORY)
  const next = fixture.disk.readDurable(NEXT)
  expect(next?.length).toBe(16 + 32 * KIB)
  expect(Buffer.from(next?.subarray(0, 16) ?? []).toString('hex')).toBe('5a4b4c47000000020000000000000000')
  expect(next?.subarray(16).every((byte) => byte === 0)).toBe(true)
})

test('a prepared file has four steps at most', () => {
  const fixture = fixtureOf({ snapCount: 2000 })
  fixture.append(1, 501, 1000)
  fixture.sync()
  expect(fixture.disk.size(NEXT)).toBe(16 + 4 * 16 * KIB)
})

test('each piece is synced before the next one is written', () => {
  const disk = emptyDisk()
  const operations: string[] = []
  disk.onChange = (operation) => operations.push(operation)
  const next = new NextLog({ disk, directory: DIRECTORY, logger: silentLogger, preallocationBytes: 16 * KIB })
  next.begin(10 * KIB)
  disk.completeSyncs()
  const piece = ['write', 'datasync']
  expect(operations).toEqual(['create', 'write', 'write', ...piece, ...piece, ...piece])
  expect(next.take()).toMatchObject({ size: 16 + 16 * KIB, zeroedTo: 16 + 10 * KIB })
})

test('after a roll the log goes on in the file that was made ahead, which the sync names without blocking', () => {
  const fixture = rolled()
  const before = fixture.disk.syncCount
  fixture.append(7, 9)
  expect(fixture.disk.syncCount).toBe(before)
  expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'tskeeper-unfinished-next-log'])
  fixture.sync()
  expect(fixture.confirmed).toBe(9)
  expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.7'])
  fixture.append(10, 11)
  fixture.sync()
  fixture.disk.crash()
  expect(readAll(fixture.disk).zxids).toEqual(upTo(11))
})

test('a file that was made ahead is zeroed, so that batches cost nothing but themselves', () => {
  const fixture = rolled()
  fixture.append(7, 7, 1000)
  fixture.sync()
  const before = fixture.disk.writeCount
  for (let zxid = 8; zxid <= 11; zxid++) fixture.append(zxid, zxid, 1000)
  expect(fixture.disk.writeCount - before).toBe(4)
  // The sixth entry is past half-way: it begins the next file, with its header and its end.
  fixture.append(12, 12, 1000)
  expect(fixture.disk.writeCount - before).toBe(5 + 2)
})

test('a file of several steps counts step by step towards the limits', () => {
  const fixture = rolled(fixtureOf({ snapSizeLimitBytes: 1000 * KIB }))
  fixture.append(7, 7)
  fixture.sync()
  expect(fixture.disk.size(`${DIRECTORY}/log.7`)).toBe(16 + 32 * KIB)
  fixture.append(8, 26, 1000)
  fixture.sync()
  expect(fixture.disk.size(`${DIRECTORY}/log.7`)).toBe(16 + 32 * KIB)
  fixture.append(27, 40, 1000)
  fixture.sync()
  expect(readAll(fixture.disk).zxids).toEqual(upTo(40))
})

test('nothing is confirmed before the name of its file is durable', () => {
  const fixture = rolled()
  const waiting: (() => void)[] = []
  fixture.disk.scheduleSync = (done) => waiting.push(done)
  fixture.append(7, 9)
  fixture.beginSync()
  while (!fixture.disk.exists(`${DIRECTORY}/log.7`)) waiting.shift()?.()
  expect(fixture.confirmed).toBe(6)
  const crashed = fixture.disk.clone()
  crashed.crash()
  expect(readAll(crashed).zxids).toEqual(upTo(6))
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) step()
  expect(fixture.confirmed).toBe(9)
})

test('a file without its name is not named by the sync of the file before it', () => {
  const fixture = fixtureOf()
  fixture.append(1, 6, 1000)
  fixture.sync()
  fixture.append(7, 8)
  fixture.beginSync()
  fixture.append(9, 9)
  fixture.log.roll()
  fixture.append(10, 12)
  fixture.disk.completeSyncs()
  expect(fixture.disk.exists(`${DIRECTORY}/log.a`)).toBe(false)
  fixture.sync()
  expect(fixture.disk.exists(`${DIRECTORY}/log.a`)).toBe(true)
  fixture.disk.crash()
  expect(readAll(fixture.disk).zxids).toEqual(upTo(12))
})

test('no snapshot is due while the file has no name', () => {
  const fixture = rolled()
  fixture.append(7, 30)
  expect(fixture.log.isSnapshotDue()).toBe(false)
  fixture.sync()
  expect(fixture.log.isSnapshotDue()).toBe(true)
})

test('a roll names a file that has no name yet, behind all that comes before it', () => {
  const fixture = fixtureOf()
  fixture.append(1, 6, 1000)
  fixture.sync()
  fixture.append(7, 7)
  fixture.beginSync()
  fixture.log.roll()
  fixture.append(8, 9)
  fixture.log.roll()
  expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.8'])
  fixture.append(10, 10)
  fixture.disk.completeSyncs()
  fixture.sync()
  fixture.disk.crash()
  expect(readAll(fixture.disk).zxids).toEqual(upTo(10))
})

test('a file that has no name yet is named by a roll while its sync is under way', () => {
  const fixture = rolled()
  fixture.append(7, 9)
  fixture.beginSync()
  fixture.log.roll()
  fixture.append(10, 10)
  fixture.disk.crash({ survives: (path) => path === `${DIRECTORY}/log.a` })
  expect(readAll(fixture.disk).zxids).toEqual(upTo(10))
})

test('close names the file durably and removes what was made ahead', () => {
  const fixture = rolled()
  fixture.append(7, 9)
  fixture.log.close()
  fixture.disk.crash()
  expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.7'])
  expect(readAll(fixture.disk).zxids).toEqual(upTo(9))

  const idle = fixtureOf()
  idle.append(1, 6)
  idle.log.close()
  expect(idle.disk.list(DIRECTORY)).toEqual(['log.1'])
  idle.disk.completeSyncs()
  expect(idle.disk.list(DIRECTORY)).toEqual(['log.1'])
})

test('a next file that is not ready at the roll serves the roll after it', () => {
  const fixture = fixtureOf()
  const waiting: (() => void)[] = []
  fixture.append(1, 3)
  fixture.sync()
  fixture.disk.scheduleSync = (done) => waiting.push(done)
  fixture.append(4, 6)
  fixture.log.roll()
  fixture.append(7, 7)
  expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.7', 'tskeeper-unfinished-next-log'])
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) step()
  fixture.disk.scheduleSync = null
  fixture.log.roll()
  fixture.append(8, 8)
  fixture.sync()
  expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.7', 'log.8'])
  expect(readAll(fixture.disk).zxids).toEqual(upTo(8))
})

test('a file that cannot be made ahead costs a warning, once, and the log goes on without it', () => {
  for (const [operation, after] of [
    ['open', 0],
    ['write', 0],
    ['write', 1],
    ['write', 3],
    ['sync', 0],
    ['sync', 1],
  ] as const) {
    const logger = new RecordingLogger()
    const fixture = fixtureOf({ logger })
    for (let from = 1; from <= 24; from += 6) {
      fixture.disk.failNext({ operation, code: 'EIO', after, pathPart: 'next-log' })
      fixture.append(from, from + 5, 1000)
      fixture.sync()
      fixture.log.roll()
    }
    expect(logger.text('warn').match(/cannot be prepared ahead/g)).toHaveLength(1)
    expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.13', 'log.7', 'log.d'])
    expect(fixture.confirmed).toBe(24)
    expect(readAll(fixture.disk).zxids).toEqual(upTo(24))
  }
})

test('a failure to name a file fails the sync that waits for it, and the log', () => {
  for (const operation of ['rename', 'open', 'sync'] as const) {
    const fixture = rolled()
    fixture.append(7, 9)
    fixture.disk.failNext({ operation, code: 'EIO', after: operation === 'sync' ? 1 : 0 })
    fixture.sync()
    expect(fixture.failures.map((error) => error.message)).toEqual([expect.stringContaining('EIO')])
    expect(fixture.confirmed).toBe(6)
    expect(() => fixture.append(10, 10)).toThrow(/accepts nothing after a failure/)
    fixture.log.close()
  }
})

test('a disk that is full gets the room of the next file back before the log fails', () => {
  const fixture = fixtureOf({ snapCount: 40 })
  fixture.append(1, 11, 1000)
  fixture.sync()
  const room = fixture.disk.usedBytes()
  fixture.disk.capacityBytes = room
  for (let zxid = 12; zxid <= 40; zxid++) {
    fixture.append(zxid, zxid, 1000)
    fixture.sync()
  }
  expect(fixture.disk.exists(NEXT)).toBe(false)
  expect(fixture.confirmed).toBe(40)
  expect(readAll(fixture.disk).zxids).toEqual(upTo(40))
})

test('nothing is made ahead where it would take more than a quarter of the room that is left', () => {
  for (const [spareBytes, isMade] of [
    [-1, false],
    [0, true],
  ] as const) {
    const fixture = fixtureOf()
    const bytes = Math.ceil(((16 + 6 * 1049) / 6) * 20)
    fixture.append(1, 5, 1000)
    fixture.disk.capacityBytes = fixture.disk.usedBytes() + 4 * bytes + spareBytes
    fixture.append(6, 6, 1000)
    expect(fixture.disk.exists(NEXT)).toBe(isMade)
  }
})

test('a full disk fails the log when there is nothing more to give back', () => {
  const fixture = fixtureOf()
  fixture.append(1, 6, 1000)
  fixture.sync()
  fixture.disk.capacityBytes = 0
  const big = sampleBatch(7, 7, 100_000)
  expect(() => fixture.log.append(big, big.length, 7, 7, 1)).toThrow(/cannot write .*log\.1: ENOSPC/)
})

test('without syncs and without preallocation nothing is made ahead', () => {
  for (const options of [{ isSyncForced: false }, { preallocationBytes: 0 }]) {
    const fixture = rolled(fixtureOf(options))
    fixture.append(7, 7)
    expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.7'])
  }
})

test('a start removes what was made ahead', () => {
  const fixture = fixtureOf()
  fixture.append(1, 6)
  fixture.disk.syncDirectory(DIRECTORY)
  fixture.disk.crash()
  expect(removeUnfinishedFiles(fixture.disk, DIRECTORY)).toEqual([NEXT])
})
