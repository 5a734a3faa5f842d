import { expect, test } from 'vitest'
import { silentLogger } from '../../src/logger.ts'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { StartupError } from '../../src/startup-error.ts'
import { type DataDirectories, locateDirectories, openDirectories, readMyId } from '../../src/storage/data-directories.ts'
import { putFile } from './sample-log.ts'

function open(disk: MemoryDisk, dataDir = '/data', dataLogDir = dataDir, isAutocreateAllowed = true): DataDirectories {
  return openDirectories({ disk, dataDir, dataLogDir, isAutocreateAllowed, logger: silentLogger })
}

function refusal(work: () => unknown): StartupError {
  try {
    work()
  } catch (error) {
    if (error instanceof StartupError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('A146: logs live below dataLogDir and snapshots below dataDir, each in version-2', () => {
  const disk = new MemoryDisk()
  expect(open(disk, '/data', '/logs/')).toEqual({
    dataDir: '/data',
    dataLogDir: '/logs',
    snapshotDirectory: '/data/version-2',
    logDirectory: '/logs/version-2',
    initializeFiles: ['/logs/initialize', '/data/initialize'],
  })
  expect(disk.exists('/data/version-2')).toBe(true)
  expect(disk.exists('/logs/version-2')).toBe(true)
})

test('directories that were created survive a power failure, with what is durable in them', () => {
  const disk = new MemoryDisk()
  const { snapshotDirectory } = open(disk, '/srv/data')
  putFile(disk, `${snapshotDirectory}/snapshot.0`, new Uint8Array(3))
  disk.crash()
  expect(disk.list('/srv/data/version-2')).toEqual(['snapshot.0'])
})

test('one directory serves both when dataLogDir is not set apart', () => {
  const directories = locateDirectories('/data', '/data')
  expect(directories.logDirectory).toBe(directories.snapshotDirectory)
  expect(directories.initializeFiles).toEqual(['/data/initialize'])
})

test('missing directories stop the start with exit code 3 if they may not be created', () => {
  const error = refusal(() => open(new MemoryDisk(), '/data', '/data', false))
  expect(error.exitCode).toBe(3)
  expect(error.message).toMatch(/data directory \/data\/version-2 does not exist.*datadir\.autocreate=false/)
})

test('a directory that cannot be written stops the start with exit code 3', () => {
  const disk = new MemoryDisk()
  disk.makeDirectory('/data/version-2')
  disk.makeUnwritable('/data/version-2')
  const error = refusal(() => open(disk))
  expect(error.exitCode).toBe(3)
  expect(error.message).toContain('the data directory /data/version-2 is not writable')
})

test('a file where the directory should be stops the start with exit code 3', () => {
  const disk = new MemoryDisk()
  disk.makeDirectory('/data')
  putFile(disk, '/data/version-2', new Uint8Array(1))
  const error = refusal(() => open(disk))
  expect(error.exitCode).toBe(3)
  expect(error.message).toContain('/data/version-2 cannot be read: it must be a directory')
})

test('snapshots among the logs and logs among the snapshots stop the start, naming what lies where', () => {
  const misplaced = (path: string): StartupError => {
    const disk = new MemoryDisk()
    disk.makeDirectory('/data/version-2')
    disk.makeDirectory('/logs/version-2')
    putFile(disk, path, new Uint8Array(1))
    return refusal(() => open(disk, '/data', '/logs'))
  }
  const snapshot = misplaced('/logs/version-2/snapshot.5')
  expect(snapshot.exitCode).toBe(3)
  expect(snapshot.message).toMatch(/log directory \/logs\/version-2 holds the snapshot snapshot\.5, which belongs below \/data/)
  const log = misplaced('/data/version-2/log.5')
  expect(log.exitCode).toBe(3)
  expect(log.message).toMatch(/data directory \/data\/version-2 holds the transaction log log\.5, which belongs below \/logs/)
})

test('both kinds may lie in one directory, and what was left unfinished is removed', () => {
  const disk = new MemoryDisk()
  disk.makeDirectory('/data/version-2')
  for (const name of ['snapshot.5', 'log.5', 'tskeeper-unfinished-snapshot.9'])
    putFile(disk, `/data/version-2/${name}`, new Uint8Array(1))
  open(disk)
  expect(disk.list('/data/version-2').sort()).toEqual(['log.5', 'snapshot.5'])
})

test.each([
  ['3', 3],
  ['3\n', 3],
  [' 12 \r\nsecond line', 12],
  ['0', 0],
])('myid %j is %i', (text, id) => {
  const disk = new MemoryDisk()
  disk.makeDirectory('/data')
  putFile(disk, '/data/myid', new Uint8Array(Buffer.from(text)))
  expect(readMyId(disk, '/data/')).toBe(id)
})

test('a myid that is no number stops the start with exit code 2, a missing one is null', () => {
  const disk = new MemoryDisk()
  disk.makeDirectory('/data')
  expect(readMyId(disk, '/data')).toBeNull()
  putFile(disk, '/data/myid', new Uint8Array(Buffer.from('one')))
  const error = refusal(() => readMyId(disk, '/data'))
  expect(error.exitCode).toBe(2)
  expect(error.message).toContain('serverid one is not a number')
})
