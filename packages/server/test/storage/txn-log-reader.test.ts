import { ByteWriter, DecodeError } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { silentLogger } from '../../src/logger.ts'
import type { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { CorruptLogError } from '../../src/storage/corrupt-log-error.ts'
import { readTxnLogs } from '../../src/storage/txn-log-reader.ts'
import { RecordingLogger } from '../recording-logger.ts'
import {
  DIRECTORY,
  ENTRY_BASE_SIZE,
  emptyDisk,
  flipBit,
  putFile,
  readAll,
  sampleLogFile,
  upTo,
  writeSampleEntry,
} from './sample-log.ts'

const EPOCH = 4294967296

function diskWith(files: Readonly<Record<string, Uint8Array>>): MemoryDisk {
  const disk = emptyDisk()
  for (const [name, bytes] of Object.entries(files)) putFile(disk, `${DIRECTORY}/${name}`, bytes)
  return disk
}

function padded(bytes: Uint8Array, padding = 200): Uint8Array {
  const out = new Uint8Array(bytes.length + padding)
  out.set(bytes)
  return out
}

function errorOf(work: () => unknown): CorruptLogError {
  try {
    work()
  } catch (error) {
    if (error instanceof CorruptLogError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('several files are read in the order of their zxids', () => {
  const disk = diskWith({
    'log.1': sampleLogFile([1, 2, 3]),
    'log.a': sampleLogFile([10, 11]),
    'log.4': sampleLogFile([4, 5, 6, 7, 8, 9]),
  })
  expect(readAll(disk)).toMatchObject({ zxids: upTo(11), lastZxid: 11, entryCount: 11, repeatedCount: 0 })
})

test('reading begins in the file that may hold the first wanted entry, and passes over the others', () => {
  const disk = diskWith({ 'log.1': new Uint8Array([1, 2, 3]), 'log.4': sampleLogFile([4, 5, 6]), 'log.7': sampleLogFile([7, 8]) })
  expect(readAll(disk, { afterZxid: 4 }).zxids).toEqual([5, 6, 7, 8])
  expect(readAll(disk, { afterZxid: 3 }).zxids).toEqual([4, 5, 6, 7, 8])
  expect(readAll(disk, { afterZxid: 6 }).zxids).toEqual([7, 8])
  expect(readAll(disk, { afterZxid: 8 })).toMatchObject({ zxids: [], lastZxid: 8 })
  expect(errorOf(() => readAll(disk, { afterZxid: 2 })).file).toBe(`${DIRECTORY}/log.1`)
})

test('without logs there is nothing to read', () => {
  expect(readAll(emptyDisk(), { afterZxid: 5 })).toMatchObject({ zxids: [], lastZxid: 5 })
})

test('entries larger than the buffer, and many that straddle its end, are read whole', () => {
  const out = new ByteWriter()
  out.writeBytes(sampleLogFile([]))
  let zxid = 0
  while (out.position < 2_500_000) writeSampleEntry(out, ++zxid, zxid % 7 === 0 ? 40_000 : 999)
  writeSampleEntry(out, ++zxid, 1_500_000)
  writeSampleEntry(out, ++zxid, 10)
  const disk = diskWith({ 'log.1': padded(out.toBytes()) })
  expect(readAll(disk, { entryLengthMax: 2_000_000 }).zxids).toEqual(upTo(zxid))
})

test('an entry over the limit is taken if its checksum and trailer prove it', () => {
  const disk = diskWith({ 'log.1': sampleLogFile([1, 2, 3], 5000) })
  expect(readAll(disk, { entryLengthMax: 1000 }).zxids).toEqual([1, 2, 3])
})

test('the first transaction of a later epoch follows any other', () => {
  const disk = diskWith({ 'log.1': sampleLogFile([1, 2, EPOCH + 1, EPOCH + 2, 5 * EPOCH + 1]) })
  expect(readAll(disk).zxids).toEqual([1, 2, EPOCH + 1, EPOCH + 2, 5 * EPOCH + 1])
})

test('a gap inside an epoch is refused, wherever it is', () => {
  const inFile = errorOf(() => readAll(diskWith({ 'log.1': sampleLogFile([1, 2, 4]) })))
  expect(inFile.message).toMatch(
    /log\.1 at byte \d+: the log ends at 0x2, but this entry is 0x4: the transactions between 0x2 and 0x4 are missing\. Put back/,
  )
  expect(inFile.offset).toBe(16 + 2 * (ENTRY_BASE_SIZE + 20))
  const betweenFiles = errorOf(() => readAll(diskWith({ 'log.1': sampleLogFile([1, 2]), 'log.5': sampleLogFile([5]) })))
  expect(betweenFiles.file).toBe(`${DIRECTORY}/log.5`)
  const afterSnapshot = errorOf(() => readAll(diskWith({ 'log.9': sampleLogFile([9]) }), { afterZxid: 7 }))
  expect(afterSnapshot.message).toContain('the snapshot ends at 0x7, but this entry is 0x9')
  const inNewEpoch = errorOf(() => readAll(diskWith({ 'log.1': sampleLogFile([1, EPOCH + 2]) })))
  expect(inNewEpoch.message).toContain('after 0x1 comes 0x100000002, which is not the first transaction of its epoch')
})

test('a gap before the snapshot does not matter', () => {
  expect(readAll(diskWith({ 'log.1': sampleLogFile([1, 2, 8, 9]) }), { afterZxid: 7 }).zxids).toEqual([8, 9])
})

test('a start that the operator trusts may be any, with a warning; a gap after it is refused', () => {
  const logger = new RecordingLogger()
  const trusted = { isStartTrusted: true, logger }
  expect(readAll(diskWith({ 'log.9': sampleLogFile([9, 10]) }), trusted).zxids).toEqual([9, 10])
  expect(logger.text('warn')).toContain('The oldest transaction in the logs is 0x9')
  expect(() => readAll(diskWith({ 'log.9': sampleLogFile([9, 11]) }), trusted)).toThrow(CorruptLogError)
})

test('an entry that comes again is passed over and counted', () => {
  const logger = new RecordingLogger()
  const disk = diskWith({
    'log.1': sampleLogFile([1, 2, 3]),
    'log.1.copy': sampleLogFile([1, 2, 3]),
    'log.3': sampleLogFile([3, 4]),
  })
  expect(readAll(disk, { logger })).toMatchObject({ zxids: [1, 2, 3, 4], repeatedCount: 4 })
  expect(logger.text('warn')).toContain('4 log entries')
})

test('S4: a log that is cut at any byte gives its whole entries, and says what it dropped', () => {
  const whole = sampleLogFile(upTo(5))
  const size = ENTRY_BASE_SIZE + 20
  for (let length = 16; length <= whole.length; length++) {
    for (const padding of [0, 700]) {
      const logger = new RecordingLogger()
      const disk = diskWith({ 'log.1': padded(whole.subarray(0, length), padding) })
      const count = Math.floor((length - 16) / size)
      expect(readAll(disk, { logger }).zxids).toEqual(upTo(count))
      // Zeros at the end of what is left cannot be told from padding: the checksum of an entry begins with four of them.
      const rest = whole.subarray(16 + count * size, length)
      const dropped = padding === 0 ? rest.length > 0 : rest.some((byte) => byte !== 0)
      expect(logger.text('warn')).toMatch(
        dropped ? new RegExp(`log\\.1 at byte ${16 + count * size}: .*[0-9]+ bytes of writes`) : /^$/,
      )
    }
  }
})

test('S4: a file that is cut inside its header is refused, unless it is the last and empty', () => {
  const whole = sampleLogFile([1])
  for (let length = 1; length < 16; length++) {
    expect(errorOf(() => readAll(diskWith({ 'log.1': whole.subarray(0, length) }))).message).toContain('less than its header')
  }
  const disk = diskWith({ 'log.1': whole, 'log.2': new Uint8Array(0) })
  expect(readAll(disk).zxids).toEqual([1])
  expect(disk.list(DIRECTORY)).toEqual(['log.1'])
  const inFront = diskWith({ 'log.1': new Uint8Array(0), 'log.2': sampleLogFile([2]) })
  expect(errorOf(() => readAll(inFront)).file).toBe(`${DIRECTORY}/log.1`)
})

test('S5: one flipped bit anywhere in the last, the first or a middle entry stops the reading', () => {
  const size = ENTRY_BASE_SIZE + 20
  for (const padding of [0, 5000]) {
    const whole = padded(sampleLogFile(upTo(5)), padding)
    for (const entry of [0, 2, 4]) {
      for (let i = 16 + entry * size; i < 16 + (entry + 1) * size; i++) {
        for (let bit = 0; bit < 8; bit++) {
          const bytes = whole.slice()
          flipBit(bytes, i, bit)
          const error = errorOf(() => readAll(diskWith({ 'log.1': bytes })))
          expect(error.offset).toBe(16 + entry * size)
          expect(error.message).toContain(`${DIRECTORY}/log.1 at byte ${error.offset}`)
          expect(error.message).toContain(`truncate -s ${error.offset}`)
          expect(error.exitCode).toBe(1)
        }
      }
    }
  }
})

test('S5: one flipped bit in the header of a file is refused when it changes the magic', () => {
  const whole = sampleLogFile([1])
  for (let i = 0; i < 32; i++) {
    const bytes = whole.slice()
    flipBit(bytes, i >> 3, i & 7)
    expect(errorOf(() => readAll(diskWith({ 'log.1': bytes }))).message).toContain('"ZKLG"')
  }
})

test('a tear in a file that another one carries on is harmless if the zxids are, and corruption if they are not', () => {
  const torn = sampleLogFile([1, 2, 3]).subarray(0, -10)
  const logger = new RecordingLogger()
  expect(readAll(diskWith({ 'log.1': torn, 'log.3': sampleLogFile([3, 4]) }), { logger }).zxids).toEqual([1, 2, 3, 4])
  expect(logger.text('warn')).toBe('')
  const error = errorOf(() => readAll(diskWith({ 'log.1': torn, 'log.4': sampleLogFile([4]) })))
  expect(error.file).toBe(`${DIRECTORY}/log.1`)
  expect(error.offset).toBe(16 + 2 * (ENTRY_BASE_SIZE + 20))
  expect(error.message).toMatch(/the file ends inside an entry of \d+ bytes, and the log goes on in .*log\.4 with 0x4/)
})

test('a torn end in front of files without entries is looked at as the last one', () => {
  const whole = sampleLogFile([1, 2, 3])
  const logger = new RecordingLogger()
  expect(readAll(diskWith({ 'log.1': whole.subarray(0, -10), 'log.3': sampleLogFile([]) }), { logger }).zxids).toEqual([1, 2])
  expect(logger.text('warn')).toContain('log.1')
  const flipped = whole.slice()
  const lengthAt = 16 + (ENTRY_BASE_SIZE + 20) + 11
  flipBit(flipped, lengthAt, 0)
  expect(() => readAll(diskWith({ 'log.1': flipped, 'log.3': sampleLogFile([]) }))).toThrow(CorruptLogError)
})

test('at the beginning of an epoch the end of the file before it is looked at', () => {
  const whole = sampleLogFile([1, 2, 3])
  const torn = whole.subarray(0, -10)
  expect(readAll(diskWith({ 'log.1': torn, 'log.100000001': sampleLogFile([EPOCH + 1]) })).zxids).toEqual([1, 2, EPOCH + 1])
  const flipped = whole.slice()
  const lengthAt = 16 + (ENTRY_BASE_SIZE + 20) + 11
  flipBit(flipped, lengthAt, 0)
  expect(() => readAll(diskWith({ 'log.1': flipped, 'log.100000001': sampleLogFile([EPOCH + 1]) }))).toThrow(CorruptLogError)
})

test('a sector of zeros with whole entries behind it is a write that was lost, and is cut with a warning', () => {
  const whole = padded(sampleLogFile(upTo(40)), 600)
  const size = ENTRY_BASE_SIZE + 20
  const bytes = whole.slice()
  // The disk wrote the third sector before the second, and then the power failed.
  bytes.fill(0, 512, 1024)
  const logger = new RecordingLogger()
  const count = Math.floor((512 - 16) / size)
  expect(readAll(diskWith({ 'log.1': bytes }), { logger }).zxids).toEqual(upTo(count))
  expect(logger.text('warn')).toContain(`at byte ${16 + count * size}`)
})

test('an entry of which a sector was lost is cut with a warning, even if its length and its end were not', () => {
  const out = new ByteWriter()
  out.writeBytes(sampleLogFile([1], 436))
  writeSampleEntry(out, 2)
  const bytes = out.toBytes()
  // The second entry begins eleven bytes before the end of the sector: the last byte of its length is in the next one.
  bytes.fill(0, 501, 512)
  const logger = new RecordingLogger()
  expect(readAll(diskWith({ 'log.1': padded(bytes) }), { logger }).zxids).toEqual([1])
  expect(logger.text('warn')).toContain('at byte 501: a part of an entry of 56 bytes was never written')
})

test('behind a lost sector an entry may begin in it, with the zeros that every entry begins with', () => {
  const out = new ByteWriter()
  out.writeBytes(sampleLogFile([1, 2], 100))
  const lostAt = out.position
  writeSampleEntry(out, 3, 510 - lostAt - ENTRY_BASE_SIZE)
  writeSampleEntry(out, 4)
  const bytes = out.toBytes()
  // The two entries in front were synced, the third was not, and of the fourth the second sector was written.
  bytes.fill(0, lostAt, 512)
  const logger = new RecordingLogger()
  expect(readAll(diskWith({ 'log.1': padded(bytes) }), { logger }).zxids).toEqual([1, 2])
  expect(logger.text('warn')).toContain(`at byte ${lostAt}`)
})

test('zeros over less than a sector with whole entries behind are damage', () => {
  const whole = padded(sampleLogFile(upTo(40)), 600)
  const size = ENTRY_BASE_SIZE + 20
  const bytes = whole.slice()
  const start = 16 + 3 * size
  bytes.fill(0, start, start + size)
  const error = errorOf(() => readAll(diskWith({ 'log.1': bytes })))
  expect(error.message).toContain(`padding begins, but a whole entry with the later zxid 0x5 follows at byte ${start + size}`)
})

test('an entry whose length was lost, in front of a file that leaves some out, is named as the damage', () => {
  const whole = sampleLogFile([1, 2, 3])
  const start = 16 + ENTRY_BASE_SIZE + 20
  whole.fill(0, start + 8, start + 12)
  const error = errorOf(() => readAll(diskWith({ 'log.1': whole, 'log.4': sampleLogFile([4]) })))
  expect([error.file, error.offset]).toEqual([`${DIRECTORY}/log.1`, start])
  expect(error.message).toContain('an entry has a checksum and no length, and the log goes on in')
})

test('a damaged entry that claims the entries behind it, up to a sector of zeros, is no lost write', () => {
  const bytes = padded(sampleLogFile(upTo(10)), 5000)
  const start = 16 + 2 * (ENTRY_BASE_SIZE + 20)
  new DataView(bytes.buffer).setInt32(start + 8, 3000)
  flipBit(bytes, start + 30, 0)
  bytes[bytes.length - 1] = 7
  const error = errorOf(() => readAll(diskWith({ 'log.1': bytes })))
  expect(error.offset).toBe(start)
  expect(error.message).toContain('a whole entry with the later zxid 0x4 follows')
})

test('what a callback cannot decode is reported with file and offset', () => {
  const disk = diskWith({ 'log.1': sampleLogFile([1, 2]) })
  const options = {
    disk,
    directory: DIRECTORY,
    logger: silentLogger,
    afterZxid: 0,
    entryLengthMax: 1 << 20,
    isStartTrusted: false,
  }
  const error = errorOf(() =>
    readTxnLogs(options, (_bytes, _start, _end, zxid) => {
      if (zxid === 2) throw new DecodeError('type 99', 28)
    }),
  )
  expect(error.message).toContain(`log.1 at byte ${16 + ENTRY_BASE_SIZE + 20}: the transaction 0x2 cannot be decoded: type 99`)
})
