// S6: the power fails at every moment of a run of the log, and the disk has kept more or less of what was not yet synced.
// Whatever it kept, reading gives what was confirmed and perhaps some of what followed, in order and without holes.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CrashOptions, MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { CorruptLogError } from '../../src/storage/corrupt-log-error.ts'
import { removeUnfinishedFiles } from '../../src/storage/file-names.ts'
import { DIRECTORY, emptyDisk, LogFixture, readAll, upTo } from './sample-log.ts'

interface Moment {
  readonly disk: MemoryDisk
  /** Last zxid that was confirmed, and that was offered to the log, when the power failed. */
  readonly confirmed: number
  readonly offered: number
}

/** Runs `script` and keeps the state of the disk in front of each of its changes, and at the end. */
function record(script: (fixture: LogFixture) => void, fixture: LogFixture = new LogFixture()): Moment[] {
  const moments: Moment[] = []
  const keep = (): void => {
    moments.push({ disk: fixture.disk.clone(), confirmed: fixture.confirmed, offered: fixture.offered })
  }
  fixture.disk.onChange = keep
  script(fixture)
  keep()
  return moments
}

function checkAfterCrash(moment: Moment, options: CrashOptions): number {
  const disk = moment.disk.clone()
  disk.crash(options)
  removeUnfinishedFiles(disk, DIRECTORY)
  const { zxids } = readAll(disk)
  expect(zxids).toEqual(upTo(zxids.length))
  expect(zxids.length).toBeGreaterThanOrEqual(moment.confirmed)
  expect(zxids.length).toBeLessThanOrEqual(moment.offered)

  // The server goes on: what it writes now and what it found make one history.
  const next = new LogFixture(disk)
  const last = zxids.length
  next.append(last + 1, last + 3)
  next.sync()
  disk.crash()
  expect(readAll(disk).zxids).toEqual(upTo(last + 3))
  return last
}

function script(fixture: LogFixture): void {
  fixture.append(1, 3)
  fixture.sync()
  fixture.append(4, 9, 700)
  fixture.beginSync()
  fixture.append(10, 12)
  fixture.disk.completeSyncs()
  fixture.sync()
  fixture.log.roll()
  fixture.append(13, 15)
  fixture.beginSync()
  fixture.log.roll()
  fixture.append(16, 16)
  fixture.disk.completeSyncs()
  fixture.sync()
}

test('S6: a power failure at any moment, with all or nothing of what was not synced', () => {
  const found = new Set<number>()
  for (const moment of record(script)) {
    for (const survivingNameChanges of [0, 1, 2, moment.disk.unsyncedNameChanges()]) {
      for (const survivingBytes of [0, Number.MAX_SAFE_INTEGER]) {
        found.add(checkAfterCrash(moment, { survivingNameChanges, survivingBytes }))
      }
    }
  }
  // The run was long enough to stop before, inside and after the batches.
  expect(found.size).toBeGreaterThan(5)
})

/** Half-way to a snapshot after two entries, so that the next file is made ahead again and again, in three pieces. */
function fixtureThatPrepares(): LogFixture {
  return new LogFixture(emptyDisk(), { snapCount: 6 })
}

function scriptWithFilesMadeAhead(fixture: LogFixture): void {
  let zxid = 1
  for (let round = 0; round < 3; round++) {
    fixture.append(zxid, zxid + 2, 900)
    fixture.sync()
    fixture.append(zxid + 3, zxid + 3)
    // Every second time the file before has not been synced when the next one begins.
    if (round % 2 === 0) fixture.sync()
    else fixture.beginSync()
    fixture.append(zxid + 4, zxid + 4)
    fixture.log.roll()
    fixture.append(zxid + 5, zxid + 6, 300)
    if (round % 2 === 1) fixture.disk.completeSyncs()
    fixture.sync()
    zxid += 7
  }
}

test('S6: a power failure at any moment while files are made ahead and named, with the unsynced bytes torn anywhere', () => {
  const moments = record(scriptWithFilesMadeAhead, fixtureThatPrepares())
  const names = new Set<number>()
  for (const moment of moments) {
    const unsynced = Math.min(moment.disk.unsyncedBytes(), 9000)
    for (let survivingNameChanges = 0; survivingNameChanges <= moment.disk.unsyncedNameChanges(); survivingNameChanges++) {
      names.add(survivingNameChanges)
      for (let survivingBytes = 0; survivingBytes <= unsynced; survivingBytes += 487)
        checkAfterCrash(moment, { survivingBytes, survivingNameChanges })
      // The newest file has everything and those before it nothing that was not synced.
      for (const kept of moment.disk.list(DIRECTORY)) {
        checkAfterCrash(moment, { survives: (path) => path === `${DIRECTORY}/${kept}`, survivingNameChanges })
      }
    }
  }
  expect(names.size).toBeGreaterThan(2)
})

test('S6: a power failure at any moment, with the unsynced bytes torn anywhere', () => {
  for (const moment of record(script)) {
    const unsynced = Math.min(moment.disk.unsyncedBytes(), 6000)
    for (let survivingBytes = 0; survivingBytes <= unsynced; survivingBytes += 31) {
      checkAfterCrash(moment, { survivingBytes, survivingNameChanges: moment.disk.unsyncedNameChanges() })
    }
  }
})

test('S6: a disk that wrote sectors in any order may be refused, but never reads as less than what was confirmed', () => {
  const moments = record(script)
  let refused = 0
  let recovered = 0
  const property = fc.property(fc.nat(moments.length - 1), fc.integer(), (index, seed) => {
    const moment = moments[index]
    if (moment === undefined) throw new Error('there is no such moment')
    // A scattering that depends on the sector and the seed alone.
    const survives = (path: string, sector: number): boolean =>
      (Math.imul(sector + path.length, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b)) % 3 !== 0
    try {
      checkAfterCrash(moment, { survives, survivingNameChanges: moment.disk.unsyncedNameChanges() })
      recovered++
    } catch (error) {
      // An entry that lost a sector in its middle has its trailer and a wrong checksum: that may also be damage.
      if (!(error instanceof CorruptLogError)) throw error
      refused++
    }
  })
  fc.assert(property, { numRuns: 400 })
  expect(recovered).toBeGreaterThan(refused)
})

test('S6: random runs of appends, syncs and rolls survive a power failure at their end', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 5 }),
      payload: fc.integer({ min: 0, max: 3000 }),
    }),
    fc.constant({ kind: 'beginSync' as const }),
    fc.constant({ kind: 'completeSyncs' as const }),
    fc.constant({ kind: 'roll' as const }),
  )
  const property = fc.property(
    fc.array(step, { maxLength: 30 }),
    fc.nat(20_000),
    fc.nat(5),
    fc.boolean(),
    (steps, survivingBytes, survivingNameChanges, isPreparing) => {
      const fixture = isPreparing ? fixtureThatPrepares() : new LogFixture()
      let next = 1
      let isSyncing = false
      for (const one of steps) {
        if (one.kind === 'append') {
          fixture.append(next, next + one.count - 1, one.payload)
          next += one.count
        } else if (one.kind === 'beginSync' && !isSyncing) {
          fixture.beginSync()
          isSyncing = true
        } else if (one.kind === 'completeSyncs') {
          fixture.disk.completeSyncs()
          fixture.timers.run()
          isSyncing = false
        } else if (one.kind === 'roll') {
          fixture.log.roll()
        }
      }
      const moment = { disk: fixture.disk, confirmed: fixture.confirmed, offered: next - 1 }
      checkAfterCrash(moment, { survivingBytes, survivingNameChanges })
    },
  )
  fc.assert(property, { numRuns: 400 })
})

test('S11: a disk that fills up stops the log, and after room was made every confirmed entry is there', () => {
  const fixture = new LogFixture()
  fixture.disk.capacityBytes = 40_000
  let failure: Error | null = null
  for (let zxid = 1; failure === null; zxid++) {
    try {
      fixture.append(zxid, zxid, 900)
      fixture.sync()
    } catch (error) {
      failure = error instanceof Error ? error : new Error('not an error', { cause: error })
    }
  }
  expect(failure?.message).toMatch(/cannot write \/data\/version-2\/log\.1: ENOSPC/)
  expect(fixture.confirmed).toBeGreaterThan(10)
  // The process ends without a power failure: what it wrote stays, also the batch that was cut short.
  const { disk } = fixture
  disk.capacityBytes = Number.POSITIVE_INFINITY
  const { zxids } = readAll(disk)
  expect(zxids).toEqual(upTo(zxids.length))
  expect(zxids.length).toBeGreaterThanOrEqual(fixture.confirmed)
  const next = new LogFixture(disk)
  next.append(zxids.length + 1, zxids.length + 2)
  next.sync()
  expect(readAll(disk).zxids).toEqual(upTo(zxids.length + 2))
})
