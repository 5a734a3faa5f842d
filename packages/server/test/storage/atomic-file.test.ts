import { expect, test } from 'vitest'
import type { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { writeFileAtomically } from '../../src/storage/atomic-file.ts'
import { DIRECTORY, emptyDisk, putFile } from './sample-log.ts'

const PATH = `${DIRECTORY}/currentEpoch`

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

function textAt(disk: MemoryDisk): string | null {
  return disk.exists(PATH) ? Buffer.from(disk.readFile(PATH)).toString() : null
}

test('the new content is durable when the call returns', () => {
  const disk = emptyDisk()
  putFile(disk, PATH, bytesOf('old'))
  writeFileAtomically(disk, PATH, bytesOf('new'))
  disk.crash()
  expect(textAt(disk)).toBe('new')
  expect(disk.list(DIRECTORY)).toEqual(['currentEpoch'])
})

test('S6: a power failure at any moment leaves the old content or the new', () => {
  for (const old of [null, 'old value']) {
    const disk = emptyDisk()
    if (old !== null) putFile(disk, PATH, bytesOf(old))
    const moments: MemoryDisk[] = []
    disk.onChange = () => moments.push(disk.clone())
    writeFileAtomically(disk, PATH, bytesOf('new value'))
    expect(moments.length).toBeGreaterThanOrEqual(5)
    for (const moment of moments) {
      for (let survivingNameChanges = 0; survivingNameChanges <= 3; survivingNameChanges++) {
        for (let survivingBytes = 0; survivingBytes <= 9; survivingBytes++) {
          const crashed = moment.clone()
          crashed.crash({ survivingNameChanges, survivingBytes })
          expect([old, 'new value']).toContain(textAt(crashed))
        }
      }
    }
  }
})

test.each(['open', 'write', 'sync', 'rename'] as const)(
  'S11: when the %s fails the old content stays and nothing else does',
  (operation) => {
    const disk = emptyDisk()
    putFile(disk, PATH, bytesOf('old'))
    disk.failNext({ operation, code: 'ENOSPC', partialBytes: 1 })
    expect(() => writeFileAtomically(disk, PATH, bytesOf('new'))).toThrow(/ENOSPC/)
    expect(textAt(disk)).toBe('old')
    expect(disk.list(DIRECTORY)).toEqual(['currentEpoch'])
  },
)
