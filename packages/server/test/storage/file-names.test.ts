import { expect, test } from 'vitest'
import {
  directoryOf,
  listStoredFiles,
  logName,
  parseFileZxid,
  removeUnfinishedFiles,
  unfinishedName,
} from '../../src/storage/file-names.ts'
import { snapshotName } from '../../src/storage/snapshot-format.ts'
import { DIRECTORY, emptyDisk, putFile } from './sample-log.ts'

test.each([
  ['log.0', 0],
  ['log.a', 10],
  ['log.A', 10],
  ['log.100000001', 0x100000001],
  ['log.0000000f', 15],
  ['log.10.fixed', 16],
  ['log.10.chopped.5', 16],
  ['log.', -1],
  ['log', -1],
  ['log.xyz', -1],
  ['log.-1', -1],
  ['log.0x10', -1],
  ['logs.10', -1],
  ['snapshot.10', -1],
  ['log.ffffffffffffffff', -1],
  ['log.11111111111111111', -1],
  [unfinishedName('log.10'), -1],
])('S13: the zxid of the log %s is %i', (name, zxid) => {
  expect(parseFileZxid(name, 'log')).toBe(zxid)
})

test('S13: a snapshot name may have a suffix, and .tmp is one', () => {
  expect(
    ['snapshot.10', 'snapshot.10.gz', 'snapshot.10.snappy', 'snapshot.10.tmp'].map((name) => parseFileZxid(name, 'snapshot')),
  ).toEqual([16, 16, 16, 16])
})

test('a zxid of an epoch that cannot be kept exactly is refused', () => {
  expect(parseFileZxid('log.1fffffffffffff', 'log')).toBe(Number.MAX_SAFE_INTEGER)
  expect(() => parseFileZxid('log.20000000000000', 'log')).toThrow(/epoch beyond 2097151/)
})

test('names are written in lower case without padding', () => {
  expect(logName(0x10000000a)).toBe('log.10000000a')
  expect([snapshotName(255, 'plain'), snapshotName(0, 'gz'), snapshotName(11, 'snappy')]).toEqual([
    'snapshot.ff',
    'snapshot.0.gz',
    'snapshot.b.snappy',
  ])
})

test('files are listed by zxid, not by name, and what is not of the kind is left out', () => {
  const disk = emptyDisk()
  for (const name of ['log.10', 'log.9', 'log.9.fixed', 'log.100000000', 'log.none', 'snapshot.1', 'currentEpoch'])
    putFile(disk, `${DIRECTORY}/${name}`, new Uint8Array(1))
  expect(listStoredFiles(disk, DIRECTORY, 'log').map((file) => file.name)).toEqual([
    'log.9',
    'log.9.fixed',
    'log.10',
    'log.100000000',
  ])
})

test('what an earlier run left unfinished is removed, and nothing else', () => {
  const disk = emptyDisk()
  for (const name of [unfinishedName('log.10'), unfinishedName('snapshot.5.gz'), 'log.1', 'currentEpoch.tmp'])
    putFile(disk, `${DIRECTORY}/${name}`, new Uint8Array(1))
  expect(removeUnfinishedFiles(disk, DIRECTORY)).toEqual([
    `${DIRECTORY}/tskeeper-unfinished-log.10`,
    `${DIRECTORY}/tskeeper-unfinished-snapshot.5.gz`,
  ])
  expect(disk.list(DIRECTORY).sort()).toEqual(['currentEpoch.tmp', 'log.1'])
})

test('the directory of a path', () => {
  expect(['/a/b/c', '/a', 'a/b', 'a'].map(directoryOf)).toEqual(['/a/b', '/', 'a', '.'])
})
