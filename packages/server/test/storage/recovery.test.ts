import { DecodeError } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { StartupError } from '../../src/startup-error.ts'
import { CorruptLogError } from '../../src/storage/corrupt-log-error.ts'
import { locateDirectories, openDirectories } from '../../src/storage/data-directories.ts'
import {
  type Recovery,
  type RecoveryOptions,
  type RecoveryTarget,
  recover,
  writeFirstSnapshot,
} from '../../src/storage/recovery.ts'
import { writeSnapshotNow } from '../../src/storage/snapshot-writer.ts'
import { ManualClock } from '../manual-runtime.ts'
import { RecordingLogger } from '../recording-logger.ts'
import { DIRECTORY, emptyDisk, flipBit, LogFixture, putFile, sampleLogFile, upTo } from './sample-log.ts'
import { CollectingTarget, emptyTree, ListSource, sampleTree, startWriter, writerOptions } from './sample-snapshot.ts'

/** A database that remembers what it was made of. */
interface Collected {
  readonly nodes: CollectingTarget | null
  readonly replayed: number[]
}

const target: RecoveryTarget<Collected> = {
  createForSnapshot() {
    const nodes = new CollectingTarget()
    return { database: { nodes, replayed: [] }, target: nodes }
  },
  createFresh: () => ({ nodes: null, replayed: [] }),
  replay: (database, bytes, start) => database.replayed.push(new DataView(bytes.buffer).getUint32(start + 16)),
}

const directories = locateDirectories('/data', '/data')

function start(disk: MemoryDisk, options: Partial<RecoveryOptions<Collected>> = {}): Promise<Recovery<Collected>> {
  return recover({
    disk,
    directories,
    target,
    isAutocreateAllowed: true,
    isEmptySnapshotTrusted: false,
    entryLengthMax: 1 << 20,
    clock: new ManualClock(),
    logger: new RecordingLogger(),
    ...options,
  })
}

function putSnapshot(disk: MemoryDisk, zxid: number, nodeCount = 3): string {
  return writeSnapshotNow(writerOptions(disk, new ListSource(sampleTree(nodeCount, 20), zxid)))
}

function putLog(disk: MemoryDisk, zxids: readonly number[]): void {
  putFile(disk, `${DIRECTORY}/log.${(zxids[0] ?? 0).toString(16)}`, sampleLogFile(zxids))
}

function damage(disk: MemoryDisk, path: string): void {
  const bytes = disk.readFile(path)
  flipBit(bytes, 60, 0)
  putFile(disk, path, bytes)
}

test('the newest snapshot is loaded and the logs are replayed from there', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 0, 1)
  putSnapshot(disk, 5, 2)
  putLog(disk, [1, 2, 3])
  putLog(disk, [4, 5, 6, 7])
  const recovery = await start(disk)
  expect(recovery).toMatchObject({
    snapshotZxid: 5,
    lastZxid: 7,
    replayedCount: 2,
    isSnapshotNeeded: false,
    snapshot: { nodeCount: 3 },
  })
  expect(recovery.database.nodes?.nodes).toEqual(sampleTree(2, 20))
  expect(recovery.database.nodes?.finished?.zxid).toBe(5)
  expect(recovery.database.replayed).toEqual([6, 7])
})

test('with nothing in the logs after the snapshot, its zxid is the last one', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 9)
  expect(await start(disk)).toMatchObject({ snapshotZxid: 9, lastZxid: 9, replayedCount: 0 })
  putLog(disk, [8, 9])
  expect(await start(disk)).toMatchObject({ snapshotZxid: 9, lastZxid: 9, replayedCount: 0 })
})

test('a damaged snapshot is passed over, said so, and the next older one with more of the log gives the same', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 2)
  damage(disk, putSnapshot(disk, 5))
  putFile(disk, `${DIRECTORY}/snapshot.7`, new Uint8Array(3))
  putLog(disk, upTo(8))
  const logger = new RecordingLogger()
  const recovery = await start(disk, { logger })
  expect(recovery).toMatchObject({ snapshotZxid: 2, lastZxid: 8 })
  expect(recovery.database.replayed).toEqual([3, 4, 5, 6, 7, 8])
  expect(logger.text('error')).toMatch(
    /Passed over a snapshot that cannot be used: corrupt snapshot \/data\/version-2\/snapshot\.5: /,
  )
})

test('an older snapshot is not enough when the logs in between are gone', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 2)
  damage(disk, putSnapshot(disk, 5))
  putLog(disk, [6, 7])
  await expect(start(disk)).rejects.toThrow(CorruptLogError)
  await expect(start(disk)).rejects.toThrow(/the snapshot ends at 0x2, but this entry is 0x6/)
})

test('when no snapshot can be loaded the start is refused with the first reason', async () => {
  const disk = emptyDisk()
  damage(disk, putSnapshot(disk, 2))
  damage(disk, putSnapshot(disk, 5))
  await expect(start(disk)).rejects.toThrow(StartupError)
  await expect(start(disk)).rejects.toThrow(
    /none of the 2 snapshots in \/data\/version-2 can be used, the newest because: corrupt snapshot .*snapshot\.5/,
  )
})

test('S10: logs without any snapshot are refused', async () => {
  for (const files of [() => putLog, () => undefined]) {
    const disk = emptyDisk()
    if (files() === undefined) putFile(disk, `${DIRECTORY}/log.1`, sampleLogFile([]))
    else putLog(disk, [1, 2])
    putFile(disk, `${DIRECTORY}/snapshot.1`, new Uint8Array(4))
    await expect(start(disk)).rejects.toThrow(StartupError)
    await expect(start(disk)).rejects.toThrow(
      /no usable snapshot in \/data\/version-2, but 1 transaction logs.*log\.1.*snapshot\.trust\.empty=true/,
    )
  }
})

test('S10: logs without any snapshot are replayed onto an empty database when the operator trusts them', async () => {
  const disk = emptyDisk()
  putLog(disk, [1, 2, 3])
  const recovery = await start(disk, { isEmptySnapshotTrusted: true })
  expect(recovery).toMatchObject({ snapshotZxid: -1, snapshot: null, lastZxid: 3, replayedCount: 3, isSnapshotNeeded: true })
  expect(recovery.database.replayed).toEqual([1, 2, 3])
})

test('S10: with nothing there a new database is made, and its first snapshot is written', async () => {
  const disk = emptyDisk()
  const recovery = await start(disk)
  expect(recovery).toMatchObject({ snapshotZxid: -1, lastZxid: 0, replayedCount: 0, isSnapshotNeeded: true })
  expect(writeFirstSnapshot(directories, writerOptions(disk, new ListSource(emptyTree)))).toBe('/data/version-2/snapshot.0')
  disk.crash()
  expect(await start(disk)).toMatchObject({ snapshotZxid: 0, lastZxid: 0, isSnapshotNeeded: false })
})

test('S10: with db.autocreate=false the marker file allows a new database, and is used up by its first snapshot', async () => {
  const disk = emptyDisk()
  putFile(disk, '/data/initialize', new Uint8Array(0))
  const closed = { isAutocreateAllowed: false }
  expect(await start(disk, closed)).toMatchObject({ lastZxid: 0, isSnapshotNeeded: true })
  // A crash before the first snapshot leaves the permission where it is.
  expect(await start(disk, closed)).toMatchObject({ lastZxid: 0, isSnapshotNeeded: true })
  writeFirstSnapshot(directories, writerOptions(disk, new ListSource(emptyTree)))
  expect(disk.exists('/data/initialize')).toBe(false)
  expect(await start(disk, closed)).toMatchObject({ snapshotZxid: 0, lastZxid: 0, isSnapshotNeeded: false })
})

test('S10: with db.autocreate=false and no marker the database does not count until a leader fills it', async () => {
  expect(await start(emptyDisk(), { isAutocreateAllowed: false })).toMatchObject({
    lastZxid: -1,
    replayedCount: 0,
    isSnapshotNeeded: false,
  })
})

test('S10: the marker file is removed at every start that finds data', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 4)
  putFile(disk, '/data/initialize', new Uint8Array(0))
  await start(disk)
  expect(disk.exists('/data/initialize')).toBe(false)
})

test('the marker is found beside the logs and beside the snapshots', async () => {
  for (const path of ['/data/initialize', '/logs/initialize']) {
    const disk = new MemoryDisk()
    const apart = openDirectories({
      disk,
      dataDir: '/data',
      dataLogDir: '/logs',
      isAutocreateAllowed: true,
      logger: new RecordingLogger(),
    })
    putFile(disk, path, new Uint8Array(0))
    expect(await start(disk, { directories: apart, isAutocreateAllowed: false })).toMatchObject({ lastZxid: 0 })
    writeFirstSnapshot(apart, { ...writerOptions(disk, new ListSource(emptyTree)), directory: apart.snapshotDirectory })
    expect(disk.exists(path)).toBe(false)
  }
})

test('a transaction that cannot be decoded stops the start with file and offset', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 0)
  putLog(disk, [1])
  const failing: RecoveryTarget<Collected> = {
    ...target,
    replay() {
      throw new DecodeError('the type 99', 28)
    },
  }
  await expect(start(disk, { target: failing })).rejects.toThrow(
    /log\.1 at byte 16: the transaction 0x1 cannot be decoded: the type 99/,
  )
})

test('S6: a power failure at any moment of a snapshot and of the roll before it loses nothing', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 0)
  const fixture = new LogFixture(disk)
  const moments: { disk: MemoryDisk; confirmed: number }[] = []
  disk.onChange = () => moments.push({ disk: disk.clone(), confirmed: fixture.confirmed })
  fixture.append(1, 4)
  fixture.sync()
  fixture.log.roll()
  const { writer, outcomes } = startWriter(writerOptions(disk, new ListSource(sampleTree(1500, 200), 4)))
  for (let zxid = 5; writer.step(); zxid++) {
    fixture.append(zxid, zxid)
    fixture.sync()
  }
  disk.completeSyncs()
  fixture.append(fixture.offered + 1, fixture.offered + 2)
  fixture.sync()
  expect(outcomes).toEqual([null])
  expect(moments.length).toBeGreaterThan(20)
  for (const moment of moments) {
    for (const survivingBytes of [0, 1, 300_000, Number.MAX_SAFE_INTEGER]) {
      for (const survivingNameChanges of [0, 4]) {
        const crashed = moment.disk.clone()
        crashed.crash({ survivingBytes, survivingNameChanges })
        openDirectories({
          disk: crashed,
          dataDir: '/data',
          dataLogDir: '/data',
          isAutocreateAllowed: true,
          logger: new RecordingLogger(),
        })
        const recovery = await start(crashed)
        expect(recovery.lastZxid).toBeGreaterThanOrEqual(moment.confirmed)
        expect([0, 4]).toContain(recovery.snapshotZxid)
        expect(recovery.database.replayed).toEqual(upTo(recovery.lastZxid).slice(recovery.snapshotZxid))
      }
    }
  }
})

test('what a process that was killed had not synced is durable once it was replayed', async () => {
  const disk = emptyDisk()
  putSnapshot(disk, 0, 1)
  disk.writeFile(`${DIRECTORY}/log.1`, sampleLogFile([1, 2]))
  expect(await start(disk)).toMatchObject({ lastZxid: 2 })
  disk.crash()
  expect(await start(disk)).toMatchObject({ lastZxid: 2 })
})
