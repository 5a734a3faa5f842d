import { expect, test } from 'vitest'
import { silentLogger } from '../../src/logger.ts'
import type { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { listStoredFiles } from '../../src/storage/file-names.ts'
import { type PurgeResult, purge } from '../../src/storage/purge.ts'
import { selectLogFiles } from '../../src/storage/txn-log-reader.ts'
import { DIRECTORY, emptyDisk, putFile } from './sample-log.ts'

/** Enough of a snapshot for the quick test. */
const PLAUSIBLE = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2f])

function diskWith(...names: string[]): MemoryDisk {
  const disk = emptyDisk()
  for (const name of names) putFile(disk, `${DIRECTORY}/${name}`, name.startsWith('snapshot') ? PLAUSIBLE : new Uint8Array(20))
  return disk
}

function run(disk: MemoryDisk, retainCount = 3): PurgeResult {
  return purge({ disk, snapshotDirectory: DIRECTORY, logDirectory: DIRECTORY, retainCount, logger: silentLogger })
}

test('A144: the newest snapshots stay, with every log that they need', () => {
  const disk = diskWith(
    'snapshot.0',
    'snapshot.10',
    'snapshot.20',
    'snapshot.30',
    'snapshot.40',
    'log.1',
    'log.11',
    'log.19',
    'log.25',
    'log.41',
  )
  const { removed } = run(disk)
  expect(removed.map((path) => path.slice(DIRECTORY.length + 1)).sort()).toEqual(['log.1', 'log.11', 'snapshot.0', 'snapshot.10'])
  expect(disk.list(DIRECTORY).sort()).toEqual(['log.19', 'log.25', 'log.41', 'snapshot.20', 'snapshot.30', 'snapshot.40'])
})

test('S9: for each retained snapshot the logs that its recovery reads are retained', () => {
  for (let first = 0; first < 12; first++) {
    const logs = [1, 7, 13, 30, 45].map((zxid) => `log.${(zxid + first).toString(16)}`)
    const disk = diskWith('snapshot.0', 'snapshot.8', 'snapshot.10', 'snapshot.18', 'snapshot.2b', ...logs)
    const before = listStoredFiles(disk, DIRECTORY, 'log')
    run(disk)
    const kept = new Set(disk.list(DIRECTORY))
    for (const snapshot of listStoredFiles(disk, DIRECTORY, 'snapshot')) {
      for (const log of selectLogFiles(before, snapshot.zxid + 1)) expect(kept).toContain(log.name)
    }
  }
})

test('a log that begins at the zxid of the oldest retained snapshot makes the one before it surplus', () => {
  const disk = diskWith('snapshot.20', 'snapshot.30', 'snapshot.40', 'log.11', 'log.20')
  run(disk)
  expect(disk.list(DIRECTORY).sort()).toEqual(['log.20', 'snapshot.20', 'snapshot.30', 'snapshot.40'])
})

test('snapshots that fail the quick test do not count, and go if they are older', () => {
  const disk = diskWith('snapshot.10', 'snapshot.20', 'snapshot.30')
  putFile(disk, `${DIRECTORY}/snapshot.5`, new Uint8Array(3))
  putFile(disk, `${DIRECTORY}/snapshot.25`, new Uint8Array(3))
  putFile(disk, `${DIRECTORY}/snapshot.40`, new Uint8Array(3))
  run(disk)
  expect(disk.list(DIRECTORY).sort()).toEqual(['snapshot.10', 'snapshot.20', 'snapshot.25', 'snapshot.30', 'snapshot.40'])
})

test('without a usable snapshot nothing is removed', () => {
  const disk = diskWith('log.1', 'log.5')
  putFile(disk, `${DIRECTORY}/snapshot.3`, new Uint8Array(3))
  expect(run(disk)).toEqual({ removed: [], failed: [] })
})

test('fewer than three are never retained', () => {
  const disk = diskWith('snapshot.1', 'snapshot.2', 'snapshot.3', 'snapshot.4')
  run(disk, 1)
  expect(disk.list(DIRECTORY).sort()).toEqual(['snapshot.2', 'snapshot.3', 'snapshot.4'])
})

test('what is named like a log or a snapshot but has no zxid goes, everything else stays', () => {
  const disk = diskWith(
    'snapshot.1',
    'log.1',
    'log.backup',
    'snapshot.old',
    'currentEpoch',
    'logbook',
    'tskeeper-unfinished-snapshot.9',
  )
  run(disk)
  expect(disk.list(DIRECTORY).sort()).toEqual([
    'currentEpoch',
    'log.1',
    'logbook',
    'snapshot.1',
    'tskeeper-unfinished-snapshot.9',
  ])
})

test('each path is told before it is removed, and one that cannot be removed does not stop the others', () => {
  const disk = diskWith('snapshot.1', 'snapshot.2', 'snapshot.3', 'snapshot.4', 'snapshot.5')
  disk.failNext({ operation: 'remove', code: 'EACCES' })
  const told: string[] = []
  const result = purge({
    disk,
    snapshotDirectory: DIRECTORY,
    logDirectory: DIRECTORY,
    retainCount: 3,
    logger: silentLogger,
    onRemove: (path) => {
      expect(disk.exists(path)).toBe(true)
      told.push(path)
    },
  })
  expect(told).toEqual([`${DIRECTORY}/snapshot.1`, `${DIRECTORY}/snapshot.2`])
  expect(result.removed).toEqual([`${DIRECTORY}/snapshot.2`])
  expect(result.failed.map(({ path, error }) => [path, error.code])).toEqual([[`${DIRECTORY}/snapshot.1`, 'EACCES']])
})
