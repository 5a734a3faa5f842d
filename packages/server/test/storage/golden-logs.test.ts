// Logs that Apache's server wrote, whole and damaged in named ways.

import { ByteWriter } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { silentLogger } from '../../src/logger.ts'
import type { Disk } from '../../src/runtime/disk.ts'
import { NodeDisk } from '../../src/runtime/node-disk.ts'
import { CorruptLogError } from '../../src/storage/corrupt-log-error.ts'
import { beginEntry, endEntry } from '../../src/storage/txn-log-entry.ts'
import { type ReadLogsResult, readTxnLogs } from '../../src/storage/txn-log-reader.ts'
import { lastLoggedZxid } from '../../src/storage/txn-log-truncate.ts'
import { RecordingLogger } from '../recording-logger.ts'
import { DIRECTORY, emptyDisk, LogFixture, putFile } from './sample-log.ts'

const GOLDEN = `${import.meta.dirname}/../golden`
const disk = new NodeDisk()
const EPOCH = 4294967296
/** Length limit of Apache's defaults: jute.maxbuffer twice. */
const ENTRY_LENGTH_MAX = 2 * 0xfffff

function read(
  from: Disk,
  directory: string,
  afterZxid: number,
  logger = new RecordingLogger(),
): ReadLogsResult & { zxids: number[]; warnings: string } {
  const zxids: number[] = []
  const options = { disk: from, directory, logger, afterZxid, entryLengthMax: ENTRY_LENGTH_MAX, isStartTrusted: false }
  const result = readTxnLogs(options, (_bytes, _start, _end, zxid) => zxids.push(zxid))
  return { ...result, zxids, warnings: logger.text('warn') }
}

/** A damaged directory in memory, since reading may remove an empty file. */
function damaged(name: string): Disk {
  const memory = emptyDisk()
  for (const file of disk.list(`${GOLDEN}/damaged/${name}`))
    putFile(memory, `${DIRECTORY}/${file}`, disk.readFile(`${GOLDEN}/damaged/${name}/${file}`))
  return memory
}

function range(epoch: number, from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => epoch * EPOCH + from + i)
}

test('S2: every entry of the logs of three servers is read', () => {
  const all = [...range(1, 1, 0x17), ...range(2, 1, 3), ...range(3, 1, 0x79), ...range(5, 1, 3)]
  for (const server of ['s1', 's3', 's4']) {
    const result = read(disk, `${GOLDEN}/${server}/version-2`, 0)
    expect(result.zxids).toEqual(all)
    expect(result.warnings).toBe('')
    expect(lastLoggedZxid(disk, `${GOLDEN}/${server}/version-2`, ENTRY_LENGTH_MAX)).toBe(5 * EPOCH + 3)
  }
})

test('entries that are in the snapshot are passed over', () => {
  expect(read(disk, `${GOLDEN}/s3/version-2`, EPOCH + 0x17).zxids).toEqual([
    ...range(2, 1, 3),
    ...range(3, 1, 0x79),
    ...range(5, 1, 3),
  ])
})

test.each([
  ['ok', 0x17],
  ['midcrc', 0x16],
  ['midlen', 0x16],
  ['midbody', 0x16],
  ['notrailer_eof', 0x16],
  ['notrailer_zero', 0x16],
  ['partial_zero', 0x16],
  ['hdr_only', 0],
  ['empty_last', 0x17],
] as const)('a log that ends as after a crash is read up to there: %s', (name, last) => {
  expect(read(damaged(name), DIRECTORY, EPOCH).zxids).toEqual(range(1, 1, last))
})

test.each(['midcrc', 'midlen', 'midbody', 'notrailer_eof', 'notrailer_zero', 'partial_zero'])(
  'a torn end is reported with file and offset: %s',
  (name) => {
    expect(read(damaged(name), DIRECTORY, EPOCH).warnings).toMatch(
      /Cut the torn end of the transaction log \/data\/version-2\/log\.100000001 at byte 1942: .*; \d+ bytes/,
    )
  },
)

test.each([
  ['badcrc_last', /log\.100000001 at byte 1942: the checksum of an entry of 89 bytes is wrong/],
  ['badcrc_mid', /log\.100000001 at byte \d+: the checksum of an entry of \d+ bytes is wrong/],
  ['biglen', /log\.100000001 at byte 1942: an entry states a length of 2147483647, over the limit of 2097150/],
  ['minus1', /log\.100000001 at byte 1942: an entry states a length of -1/],
  ['neglen', /log\.100000001 at byte 1942: an entry states a length of -5/],
  ['shorthdr_last', /log\.1000000ff at byte 0: the file has 7 bytes, less than its header/],
] as const)('damage that no crash explains stops the start with file, offset and remedy: %s', (name, message) => {
  const attempt = (): unknown => read(damaged(name), DIRECTORY, EPOCH)
  expect(attempt).toThrow(CorruptLogError)
  expect(attempt).toThrow(message)
  expect(attempt).toThrow(/Put back a sound copy/)
})

test('an empty last file is removed', () => {
  const memory = damaged('empty_last')
  read(memory, DIRECTORY, EPOCH)
  expect(memory.list(DIRECTORY)).toEqual(['log.100000001'])
})

test('S2: the same entries, appended by us, make the same file', () => {
  const path = `${GOLDEN}/s1/version-2/log.100000001`
  const batch = new ByteWriter()
  const options = {
    disk,
    directory: `${GOLDEN}/s1/version-2`,
    logger: silentLogger,
    afterZxid: 0,
    entryLengthMax: ENTRY_LENGTH_MAX,
    isStartTrusted: false,
  }
  readTxnLogs(options, (bytes, start, end, zxid) => {
    if (zxid >= 2 * EPOCH) return
    const entry = beginEntry(batch)
    batch.writeBytes(bytes.subarray(start, end))
    endEntry(batch, entry)
  })
  const fixture = new LogFixture(emptyDisk(), { preallocationBytes: 65536 })
  fixture.log.append(batch.bytes, batch.position, EPOCH + 1, EPOCH + 0x17, 0x17)
  const ours = fixture.disk.readFile(`${DIRECTORY}/log.100000001`)
  const theirs = disk.readFile(path)
  expect(ours.length).toBe(65552)
  expect(Buffer.compare(ours.subarray(0, theirs.length), theirs)).toBe(0)
  expect(ours.subarray(theirs.length).every((byte) => byte === 0)).toBe(true)
})
