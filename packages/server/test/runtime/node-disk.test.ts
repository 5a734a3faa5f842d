import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiskError } from '../../src/runtime/disk.ts'
import { NodeDisk } from '../../src/runtime/node-disk.ts'

const disk = new NodeDisk()
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/tskeeper-node-disk-`)
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

function textAt(path: string): string {
  return Buffer.from(disk.readFile(path)).toString()
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof DiskError) return error.code
    throw error
  }
  return 'no error'
}

test('directories are made with their parents, listed and synced', () => {
  disk.makeDirectory(`${directory}/a/b`)
  disk.makeDirectory(`${directory}/a/b`)
  disk.writeFile(`${directory}/a/file`, bytesOf('x'))
  disk.syncDirectory(`${directory}/a`)
  expect(disk.list(`${directory}/a`).sort()).toEqual(['b', 'file'])
  expect(disk.exists(`${directory}/a/b`)).toBe(true)
  expect(disk.exists(`${directory}/a/c`)).toBe(false)
  expect(disk.isWritable(`${directory}/a`)).toBe(true)
  expect(disk.isWritable(`${directory}/c`)).toBe(false)
})

test('a file is created, written at positions, synced, read, truncated, renamed and removed', async () => {
  const path = `${directory}/file`
  const file = disk.open(path, 'create')
  expect(file.path).toBe(path)
  const source = bytesOf('__hello__')
  file.write(source, 2, 5, 3)
  file.datasyncNow()
  await new Promise<void>((resolve, reject) => file.datasync((error) => (error === null ? resolve() : reject(error))))
  expect(file.size()).toBe(8)
  const target = new Uint8Array(10)
  expect(file.read(target, 1, 9, 0)).toBe(8)
  expect([...target]).toEqual([0, 0, 0, 0, ...bytesOf('hello'), 0])
  expect(file.read(target, 0, 5, 8)).toBe(0)
  file.truncate(4)
  file.close()
  expect(disk.size(path)).toBe(4)
  disk.rename(path, `${path}2`)
  expect(textAt(`${path}2`)).toBe('\0\0\0h')
  disk.remove(`${path}2`)
  expect(disk.exists(`${path}2`)).toBe(false)
})

test('the modes of open: create empties, update keeps, read and update need the file', () => {
  const path = `${directory}/file`
  disk.writeFile(path, bytesOf('old'))
  const updated = disk.open(path, 'update')
  updated.write(bytesOf('X'), 0, 1, 1)
  updated.close()
  expect(textAt(path)).toBe('oXd')
  disk.open(path, 'create').close()
  expect(textAt(path)).toBe('')
  expect(codeOf(() => disk.open(`${directory}/none`, 'read'))).toBe('ENOENT')
  expect(codeOf(() => disk.open(`${directory}/none`, 'update'))).toBe('ENOENT')
})

test('errors name the operation, the path and the code of the system', () => {
  const path = `${directory}/none`
  expect(() => disk.readFile(path)).toThrow(`cannot read ${path}: ENOENT`)
  for (const work of [
    () => disk.list(path),
    () => disk.size(path),
    () => disk.remove(path),
    () => disk.rename(path, `${path}2`),
    () => disk.syncDirectory(path),
  ]) {
    expect(codeOf(work)).toBe('ENOENT')
  }
  disk.writeFile(path, bytesOf('x'))
  expect(codeOf(() => disk.makeDirectory(`${path}/below`))).toBe('ENOTDIR')
  const file = disk.open(path, 'read')
  expect(codeOf(() => file.write(bytesOf('x'), 0, 1, 0))).toBe('EBADF')
  file.close()
  file.close()
  expect(codeOf(() => file.size())).toBe('EBADF')
})

test('a file that is closed while it is being synced is closed after the sync', async () => {
  const file = disk.open(`${directory}/file`, 'create')
  file.write(bytesOf('x'), 0, 1, 0)
  const synced = (): Promise<Error | null> => new Promise((resolve) => file.datasync(resolve))
  const both = Promise.all([synced(), synced()])
  file.close()
  const outcomes = await both
  expect(outcomes).toEqual([null, null])
  expect(codeOf(() => file.size())).toBe('EBADF')
})

test('bytes are written without blocking, also into a file that is closed meanwhile', async () => {
  const path = `${directory}/file`
  const file = disk.open(path, 'create')
  const bytes = new Uint8Array(3 << 20).fill(7)
  const order: string[] = []
  const written = new Promise<Error | null>((resolve) => {
    file.writeLater(bytes, 1, bytes.length - 1, 5, (error) => {
      order.push('written')
      resolve(error)
    })
  })
  file.close()
  order.push('asked')
  expect(await written).toBe(null)
  expect(order).toEqual(['asked', 'written'])
  const content = disk.readFile(path)
  expect(content.length).toBe(bytes.length + 4)
  expect(content.subarray(0, 5).every((byte) => byte === 0)).toBe(true)
  expect(content.subarray(5).every((byte) => byte === 7)).toBe(true)
  expect(codeOf(() => file.size())).toBe('EBADF')
})

test('a write that fails without blocking names the path and the code of the system', async () => {
  disk.writeFile(`${directory}/file`, bytesOf('x'))
  const file = disk.open(`${directory}/file`, 'read')
  const error = await new Promise<Error | null>((resolve) => file.writeLater(bytesOf('y'), 0, 1, 0, resolve))
  file.close()
  expect(error).toMatchObject({ name: 'DiskError', code: 'EBADF', path: `${directory}/file` })
})

test('a directory is synced without blocking, and one that is not there is a failure', async () => {
  const outcome = (path: string): Promise<Error | null> => new Promise((resolve) => disk.syncDirectoryLater(path, resolve))
  expect(await outcome(directory)).toBe(null)
  expect(await outcome(`${directory}/none`)).toMatchObject({ name: 'DiskError', code: 'ENOENT' })
})

test('the room that is left is that of the file system', () => {
  expect(disk.freeBytes(directory)).toBeGreaterThan(0)
  expect(codeOf(() => disk.freeBytes(`${directory}/none`))).toBe('ENOENT')
})

test('a directory that cannot be created below one that exists is refused, and does not hang', () => {
  // In /proc a creation is answered with ENOENT, as if the parent were missing; elsewhere there is no /proc at all.
  const path = '/proc/tskeeper-no-such-directory/version-2'
  expect(codeOf(() => disk.makeDirectory(path))).toMatch(/^E(NOENT|ACCES|PERM|ROFS)$/)
})

test('parents that are missing are created', () => {
  disk.makeDirectory(`${directory}/parent/child`)
  disk.makeDirectory(`${directory}/parent/child`)
  expect(disk.list(`${directory}/parent`)).toEqual(['child'])
})
