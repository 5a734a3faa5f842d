import { expect, test } from 'vitest'
import type { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { NodeDisk } from '../../src/runtime/node-disk.ts'
import { StartupError } from '../../src/startup-error.ts'
import {
  ACCEPTED_EPOCH_FILE,
  CURRENT_EPOCH_FILE,
  loadEpochs,
  readEpochFile,
  writeEpochFile,
} from '../../src/storage/epoch-files.ts'
import { DIRECTORY, emptyDisk, putFile } from './sample-log.ts'

const EPOCH = 4294967296

function diskWith(files: Readonly<Record<string, string>>): MemoryDisk {
  const disk = emptyDisk()
  for (const [name, text] of Object.entries(files)) putFile(disk, `${DIRECTORY}/${name}`, new Uint8Array(Buffer.from(text)))
  return disk
}

function textOf(disk: MemoryDisk, name: string): string {
  return Buffer.from(disk.readFile(`${DIRECTORY}/${name}`)).toString()
}

test('the files of the reference are read', () => {
  const directory = `${import.meta.dirname}/../golden/s1/version-2`
  expect(loadEpochs(new NodeDisk(), directory, 5 * EPOCH + 3)).toEqual({ acceptedEpoch: 5, currentEpoch: 5 })
})

test('an epoch is written as decimal digits without a newline, durably', () => {
  const disk = emptyDisk()
  writeEpochFile(disk, DIRECTORY, ACCEPTED_EPOCH_FILE, 120)
  disk.crash()
  expect(textOf(disk, 'acceptedEpoch')).toBe('120')
  expect(readEpochFile(disk, DIRECTORY, ACCEPTED_EPOCH_FILE)).toBe(120)
  expect(readEpochFile(disk, DIRECTORY, CURRENT_EPOCH_FILE)).toBeNull()
})

test('S12: missing files are made from the epoch of the log', () => {
  const disk = emptyDisk()
  expect(loadEpochs(disk, DIRECTORY, 3 * EPOCH + 7)).toEqual({ acceptedEpoch: 3, currentEpoch: 3 })
  expect([textOf(disk, 'acceptedEpoch'), textOf(disk, 'currentEpoch')]).toEqual(['3', '3'])
})

test('S12: epochs ahead of the log are kept', () => {
  expect(loadEpochs(diskWith({ acceptedEpoch: '7\n', currentEpoch: '6' }), DIRECTORY, 3 * EPOCH)).toEqual({
    acceptedEpoch: 7,
    currentEpoch: 6,
  })
})

test('S12: a log ahead of the current epoch is explained by a left .tmp file', () => {
  const disk = diskWith({ acceptedEpoch: '5', currentEpoch: '4', 'currentEpoch.tmp': '5' })
  expect(loadEpochs(disk, DIRECTORY, 5 * EPOCH + 1)).toEqual({ acceptedEpoch: 5, currentEpoch: 5 })
  expect(textOf(disk, 'currentEpoch')).toBe('5')
  expect(disk.exists(`${DIRECTORY}/currentEpoch.tmp`)).toBe(false)
})

test('S12: a log ahead of the current epoch was written while the server followed in the epoch that it had promised', () => {
  const disk = diskWith({ acceptedEpoch: '6', currentEpoch: '4' })
  expect(loadEpochs(disk, DIRECTORY, 5 * EPOCH + 1)).toEqual({ acceptedEpoch: 6, currentEpoch: 5 })
  expect(textOf(disk, 'currentEpoch')).toBe('5')
})

test('S12: a .tmp file that a crash left torn does not matter when the promise explains the log', () => {
  const disk = diskWith({ acceptedEpoch: '5', currentEpoch: '4', 'currentEpoch.tmp': '\0' })
  expect(loadEpochs(disk, DIRECTORY, 5 * EPOCH + 1)).toEqual({ acceptedEpoch: 5, currentEpoch: 5 })
})

test('S12: a left .tmp file is not used when the log does not need it', () => {
  const disk = diskWith({ acceptedEpoch: '9', currentEpoch: '4', 'currentEpoch.tmp': '9' })
  expect(loadEpochs(disk, DIRECTORY, 4 * EPOCH + 1)).toEqual({ acceptedEpoch: 9, currentEpoch: 4 })
})

test.each([
  [{ acceptedEpoch: '4', currentEpoch: '4' }, 5 * EPOCH + 1, /currentEpoch holds 4, but the log has transactions of epoch 5/],
  [{ acceptedEpoch: '4', currentEpoch: '4', 'currentEpoch.tmp': '4' }, 5 * EPOCH + 1, /currentEpoch holds 4/],
  [{ acceptedEpoch: '3', currentEpoch: '4' }, 4 * EPOCH, /acceptedEpoch holds 3, less than the 4 in currentEpoch/],
  [{ acceptedEpoch: '', currentEpoch: '4' }, 4 * EPOCH, /acceptedEpoch holds "", which is not a number/],
  [{ acceptedEpoch: '4', currentEpoch: 'four' }, 4 * EPOCH, /currentEpoch holds "four", which is not a number/],
])('S12: files that are not of one server stop the start: %o', (files, lastZxid, message) => {
  const attempt = (): unknown => loadEpochs(diskWith(files), DIRECTORY, lastZxid)
  expect(attempt).toThrow(StartupError)
  expect(attempt).toThrow(message)
})

test('S11: a full disk while an epoch is written leaves the old one', () => {
  const disk = diskWith({ acceptedEpoch: '4' })
  disk.failNext({ operation: 'write', code: 'ENOSPC' })
  expect(() => writeEpochFile(disk, DIRECTORY, 'acceptedEpoch', 5)).toThrow(/ENOSPC/)
  expect(readEpochFile(disk, DIRECTORY, 'acceptedEpoch')).toBe(4)
})
