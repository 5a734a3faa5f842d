import { expect, test } from 'vitest'
import { FixedRandom } from '../manual-runtime.ts'
import { RecordingLogger } from '../recording-logger.ts'
import { DIRECTORY, emptyDisk, LogFixture, putFile, readAll, sampleBatch, sampleLogFile, upTo } from './sample-log.ts'

const KIB = 1024

test('what was appended and synced is read back, in order', () => {
  const fixture = new LogFixture()
  fixture.append(1, 3)
  fixture.append(4, 4)
  fixture.sync()
  fixture.append(5, 9)
  fixture.sync()
  expect(readAll(fixture.disk).zxids).toEqual(upTo(9))
  expect(fixture.confirmed).toBe(9)
})

test('the file begins with the header and holds the batch as it was given', () => {
  const fixture = new LogFixture()
  fixture.append(1, 3)
  const bytes = fixture.disk.readFile(`${DIRECTORY}/log.1`)
  const batch = sampleBatch(1, 3)
  expect(Buffer.from(bytes.subarray(0, 16)).toString('hex')).toBe('5a4b4c47000000020000000000000000')
  expect(bytes.subarray(16, 16 + batch.length)).toEqual(batch)
  expect(bytes.subarray(16 + batch.length).every((byte) => byte === 0)).toBe(true)
})

test('a fresh file has its header and one step of preallocation, 65552 bytes for 64 KiB', () => {
  const fixture = new LogFixture(emptyDisk(), { preallocationBytes: 64 * KIB })
  fixture.append(1, 1)
  expect(fixture.disk.size(`${DIRECTORY}/log.1`)).toBe(65552)
})

test('a file grows by a step when the entries come within 4 KiB of its end', () => {
  const fixture = new LogFixture(emptyDisk(), { preallocationBytes: 64 * KIB })
  let zxid = 1
  let before = 0
  for (let position = 16; position + 4096 < 65552; position += before) {
    const batch = sampleBatch(zxid, zxid, 1000)
    before = batch.length
    fixture.log.append(batch, batch.length, zxid, zxid, 1)
    zxid++
  }
  expect(fixture.disk.size(`${DIRECTORY}/log.1`)).toBe(65552)
  fixture.append(zxid, zxid)
  expect(fixture.disk.size(`${DIRECTORY}/log.1`)).toBe(65552 + 65536)
})

test('a batch that goes past the end of the file is followed by growth to a whole number of steps', () => {
  const fixture = new LogFixture(emptyDisk(), { preallocationBytes: 64 * KIB })
  fixture.append(1, 1, 100_000)
  const size = fixture.disk.size(`${DIRECTORY}/log.1`)
  expect(size).toBe(16 + sampleBatch(1, 1, 100_000).length)
  fixture.append(2, 2)
  expect(fixture.disk.size(`${DIRECTORY}/log.1`)).toBe(131072)
})

test('without preallocation a file is as long as its entries', () => {
  const fixture = new LogFixture(emptyDisk(), { preallocationBytes: 0 })
  fixture.append(1, 5)
  fixture.append(6, 7)
  expect(fixture.disk.size(`${DIRECTORY}/log.1`)).toBe(16 + sampleBatch(1, 7).length)
})

test('a batch costs one write, and now and then one more for zeros ahead', () => {
  const fixture = new LogFixture(emptyDisk(), { preallocationBytes: 64 * 1024 * KIB })
  fixture.append(1, 1)
  const before = fixture.disk.writeCount
  for (let zxid = 2; zxid <= 400; zxid++) fixture.append(zxid, zxid, 1000)
  // 400 entries of about 1 KiB use up less than the 512 KiB of zeros that the first append wrote.
  expect(fixture.disk.writeCount - before).toBe(399)
  for (let zxid = 401; zxid <= 1000; zxid++) fixture.append(zxid, zxid, 1000)
  expect(fixture.disk.writeCount - before).toBeLessThanOrEqual(999 + 2)
})

test('zeros that are written ahead do not make the file longer than its preallocation', () => {
  const fixture = new LogFixture(emptyDisk(), { preallocationBytes: 64 * KIB })
  fixture.append(1, 40, 500)
  expect(fixture.disk.size(`${DIRECTORY}/log.1`)).toBe(65552)
})

test('the first append after a start begins a new file', () => {
  const first = new LogFixture()
  first.append(1, 2)
  first.sync()
  const second = new LogFixture(first.disk)
  second.append(3, 4)
  second.sync()
  expect(first.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.3'])
  expect(readAll(first.disk).zxids).toEqual(upTo(4))
})

test('a new file without entries is replaced, one with entries never', () => {
  const disk = emptyDisk()
  putFile(disk, `${DIRECTORY}/log.1`, sampleLogFile([]))
  const fixture = new LogFixture(disk)
  fixture.append(1, 2)
  fixture.sync()
  expect(readAll(disk).zxids).toEqual([1, 2])

  const second = new LogFixture(disk)
  expect(() => second.append(1, 1)).toThrow(/log\.1 at byte 16.*holds the transaction 0x1/)
  expect(readAll(disk).zxids).toEqual([1, 2])
})

test('a roll closes the file, and the next append begins one that is named after it', () => {
  const fixture = new LogFixture()
  fixture.append(1, 10)
  fixture.log.roll()
  fixture.append(11, 12)
  fixture.sync()
  expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.b'])
  expect(readAll(fixture.disk).zxids).toEqual(upTo(12))
})

test('a sync covers the file that was rolled away before it', () => {
  const fixture = new LogFixture()
  fixture.append(1, 10)
  fixture.log.roll()
  fixture.append(11, 12)
  fixture.sync()
  fixture.disk.crash()
  expect(readAll(fixture.disk).zxids).toEqual(upTo(12))
})

test('a file is on the disk before the next one begins: a power failure leaves no gap between them', () => {
  const fixture = new LogFixture()
  fixture.append(1, 2)
  fixture.log.roll()
  fixture.append(3, 4)
  fixture.disk.crash({ survives: (path) => path === `${DIRECTORY}/log.3` })
  expect(readAll(fixture.disk).zxids).toEqual(upTo(4))
})

test('a file whose sync is under way is on the disk before the next one begins', () => {
  const fixture = new LogFixture()
  fixture.append(1, 2)
  fixture.beginSync()
  fixture.log.roll()
  fixture.append(3, 4)
  fixture.disk.crash({ survives: (path) => path === `${DIRECTORY}/log.3` })
  expect(readAll(fixture.disk).zxids).toEqual(upTo(4))
})

test('a sync covers what was appended before it began and nothing after', () => {
  const fixture = new LogFixture()
  fixture.append(1, 2)
  fixture.beginSync()
  fixture.append(3, 4)
  fixture.disk.completeSyncs()
  expect(fixture.confirmed).toBe(2)
  fixture.disk.crash()
  expect(readAll(fixture.disk).zxids).toEqual([1, 2])
})

test('a file may be rolled away while it is being synced', () => {
  const fixture = new LogFixture()
  fixture.append(1, 2)
  fixture.beginSync()
  fixture.log.roll()
  fixture.append(3, 4)
  fixture.disk.completeSyncs()
  fixture.sync()
  expect(fixture.confirmed).toBe(4)
  expect(readAll(fixture.disk).zxids).toEqual(upTo(4))
})

test('a roll of an unsynced file during a sync waits for the next sync', () => {
  const fixture = new LogFixture()
  fixture.append(1, 2)
  fixture.beginSync()
  fixture.append(3, 4)
  fixture.log.roll()
  fixture.disk.completeSyncs()
  fixture.append(5, 5)
  fixture.sync()
  fixture.disk.crash()
  expect(readAll(fixture.disk).zxids).toEqual(upTo(5))
})

test('a sync with nothing to do confirms, after the call', () => {
  const fixture = new LogFixture()
  let calls = 0
  fixture.log.sync(() => calls++)
  expect(calls).toBe(0)
  fixture.timers.run()
  expect(calls).toBe(1)
})

test('with forceSync=no nothing is synced and everything is confirmed', () => {
  const fixture = new LogFixture(emptyDisk(), { isSyncForced: false })
  fixture.append(1, 2)
  fixture.log.roll()
  fixture.append(3, 4)
  fixture.beginSync()
  expect(fixture.confirmed).toBe(0)
  fixture.timers.run()
  expect(fixture.confirmed).toBe(4)
  expect(fixture.disk.syncCount).toBe(0)
  expect(fixture.syncMs).toEqual([])
})

test('each sync reports its duration, and a slow one warns in the words that alerts look for', () => {
  const logger = new RecordingLogger()
  const fixture = new LogFixture(emptyDisk(), { logger, fsyncWarningThresholdMs: 1000 })
  fixture.append(1, 1)
  fixture.beginSync()
  fixture.clock.advance(999)
  fixture.disk.completeSyncs()
  expect(logger.text('warn')).toBe('')
  fixture.append(2, 2)
  fixture.beginSync()
  fixture.clock.advance(1523)
  fixture.disk.completeSyncs()
  expect(fixture.syncMs).toEqual([999, 1523])
  expect(fixture.log.slowSyncCount).toBe(1)
  expect(logger.text('warn')).toMatch(
    /fsync-ing the write ahead log in .* took 1523ms which will adversely effect operation latency\.File size is 8208 bytes\./,
  )
})

test('a snapshot is due after more than half of snapCount and a random part of the other half', () => {
  for (const [fraction, due] of [
    [0, 51],
    [0.5, 76],
    [0.999, 100],
  ] as const) {
    const fixture = new LogFixture(emptyDisk(), { snapCount: 100, random: new FixedRandom(fraction) })
    let count = 0
    while (!fixture.log.isSnapshotDue()) {
      count++
      fixture.append(count, count)
    }
    expect(count).toBe(due)
    fixture.log.roll()
    expect(fixture.log.isSnapshotDue()).toBe(false)
  }
})

test('a snapshot is due when the files, padding included, have more than half of the limit', () => {
  const fixture = new LogFixture(emptyDisk(), { snapSizeLimitBytes: 400 * KIB, preallocationBytes: 64 * KIB })
  let zxid = 0
  while (!fixture.log.isSnapshotDue()) {
    zxid++
    fixture.append(zxid, zxid, 1000)
  }
  // Beyond 200 KiB is the fourth step: 16 + 4 * 64 KiB, which begins 4 KiB before the third one is full.
  expect(fixture.disk.size(`${DIRECTORY}/log.1`)).toBe(16 + 4 * 64 * KIB)
  fixture.log.roll()
  expect(fixture.log.isSnapshotDue()).toBe(false)
})

test('a file over the size limit is followed by a new one, and the count for the snapshot goes on', () => {
  const fixture = new LogFixture(emptyDisk(), { fileSizeLimitBytes: 4000, snapCount: 10, preallocationBytes: 0 })
  for (let zxid = 1; zxid <= 6; zxid++) {
    fixture.append(zxid, zxid, 1990)
    fixture.sync()
  }
  expect(fixture.disk.list(DIRECTORY).sort()).toEqual(['log.1', 'log.3', 'log.5'])
  expect(fixture.log.isSnapshotDue()).toBe(true)
})

test('an entry whose zxid has been before is written all the same, with a warning', () => {
  const logger = new RecordingLogger()
  const fixture = new LogFixture(emptyDisk(), { logger })
  fixture.append(1, 5)
  fixture.append(4, 6)
  fixture.sync()
  expect(logger.text('warn')).toContain('Appending the transaction 0x4 although the log has gone to 0x5')
  expect(readAll(fixture.disk)).toMatchObject({ lastZxid: 6, entryCount: 6, repeatedCount: 2 })
})

test('a failed write is thrown once, and then nothing is accepted', () => {
  const fixture = new LogFixture()
  fixture.append(1, 1)
  fixture.disk.failNext({ operation: 'write', code: 'ENOSPC', partialBytes: 10 })
  expect(() => fixture.append(2, 2)).toThrow(/cannot write .*log\.1: ENOSPC/)
  expect(() => fixture.append(2, 2)).toThrow(/accepts nothing after a failure/)
  expect(() => fixture.log.sync(() => {})).toThrow(/accepts nothing after a failure/)
  expect(() => fixture.log.roll()).toThrow(/accepts nothing after a failure/)
})

test('a failed write while a sync is under way leaves that sync without an answer', () => {
  const fixture = new LogFixture()
  fixture.append(1, 1)
  fixture.beginSync()
  fixture.disk.failNext({ operation: 'write', code: 'EIO' })
  expect(() => fixture.append(2, 2)).toThrow(/EIO/)
  fixture.disk.completeSyncs()
  expect(fixture.confirmed).toBe(0)
  expect(fixture.failures).toEqual([])
})

test('a failed sync is reported once and poisons the log', () => {
  const fixture = new LogFixture()
  fixture.append(1, 1)
  fixture.log.roll()
  fixture.append(2, 2)
  fixture.disk.failNext({ operation: 'sync', code: 'EIO' })
  fixture.disk.failNext({ operation: 'sync', code: 'EIO', after: 1 })
  fixture.sync()
  expect(fixture.failures.map((error) => error.message)).toEqual([expect.stringContaining('cannot sync')])
  expect(fixture.confirmed).toBe(0)
  expect(() => fixture.append(3, 3)).toThrow(/accepts nothing after a failure/)
})

test('a failure to begin a file poisons the log', () => {
  for (const operation of ['open', 'rename', 'sync'] as const) {
    const fixture = new LogFixture()
    fixture.disk.failNext({ operation, code: 'EIO' })
    expect(() => fixture.append(1, 1)).toThrow(/EIO/)
    expect(() => fixture.append(1, 1)).toThrow(/accepts nothing after a failure/)
  }
})

test('close makes what was appended durable', () => {
  const fixture = new LogFixture()
  fixture.append(1, 3)
  fixture.log.roll()
  fixture.append(4, 5)
  fixture.log.close()
  fixture.disk.crash()
  expect(readAll(fixture.disk).zxids).toEqual(upTo(5))
  expect(() => fixture.append(6, 6)).toThrow(/accepts nothing/)
})
