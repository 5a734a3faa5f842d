import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'

const PATHS = ['/data/a', '/data/b', '/data/new/c']

type Step =
  | { readonly kind: 'write'; readonly path: string; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly path: string; readonly length: number }
  | { readonly kind: 'create' | 'sync' | 'remove'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'syncDirectory'; readonly path: string }

const path = fc.constantFrom(...PATHS)
/** Mostly zeros, as the room that is taken in advance. */
const bytes = fc.uint8Array({ minLength: 1, maxLength: 40, max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('write' as const), path, position: fc.nat(60), bytes }), weight: 4 },
  fc.record({ kind: fc.constant('truncate' as const), path, length: fc.nat(60) }),
  { arbitrary: fc.record({ kind: fc.constantFrom('create' as const, 'sync' as const, 'remove' as const), path }), weight: 3 },
  fc.record({ kind: fc.constant('rename' as const), path, to: path }),
  fc.record({ kind: fc.constant('syncDirectory' as const), path: fc.constantFrom('/', '/data', '/data/new') }),
)

/** A disk after these steps, and what its files should hold. */
function after(steps: readonly Step[]): { readonly disk: MemoryDisk; readonly files: ReadonlyMap<string, number[]> } {
  const disk = new MemoryDisk()
  disk.makeDirectory('/data/new')
  disk.syncDirectory('/')
  const files = new Map<string, number[]>()
  for (const one of steps) {
    if (one.kind === 'syncDirectory') disk.syncDirectory(one.path)
    else if (one.kind === 'create') {
      disk.open(one.path, 'create').close()
      files.set(one.path, [])
    } else if (disk.exists(one.path)) change(disk, files, one)
  }
  return { disk, files }
}

function change(disk: MemoryDisk, files: Map<string, number[]>, one: Exclude<Step, { kind: 'syncDirectory' | 'create' }>): void {
  const content = files.get(one.path) ?? []
  if (one.kind === 'remove') {
    disk.remove(one.path)
    files.delete(one.path)
    return
  }
  if (one.kind === 'rename') {
    if (one.to === one.path) return
    disk.rename(one.path, one.to)
    files.delete(one.path)
    files.set(one.to, content)
    return
  }
  const file = disk.open(one.path, 'update')
  if (one.kind === 'write') {
    file.write(one.bytes, 0, one.bytes.length, one.position)
    while (content.length < one.position) content.push(0)
    for (const [index, byte] of one.bytes.entries()) content[one.position + index] = byte
  } else if (one.kind === 'truncate') {
    file.truncate(one.length)
    while (content.length < one.length) content.push(0)
    content.length = one.length
  } else file.datasyncNow()
  file.close()
}

function contents(disk: MemoryDisk): Record<string, number[]> {
  return Object.fromEntries(PATHS.filter((one) => disk.exists(one)).map((one) => [one, [...disk.readFile(one)]]))
}

test('files hold what was written, whatever zeros are among it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { disk, files } = after(steps)
      expect(contents(disk)).toEqual(Object.fromEntries(PATHS.flatMap((one) => (files.has(one) ? [[one, files.get(one)]] : []))))
    }),
    { numRuns: 200 },
  )
})

test('a truncation survives a crash, to look at it, too', () => {
  const file = { path: '/data/a' }
  const { disk } = after([
    { kind: 'create', ...file },
    { kind: 'write', ...file, position: 0, bytes: new Uint8Array([1, 2, 3]) },
    { kind: 'sync', ...file },
    { kind: 'syncDirectory', path: '/data' },
    { kind: 'truncate', ...file, length: 1 },
    { kind: 'write', ...file, position: 1, bytes: new Uint8Array([4]) },
  ])
  expect(contents(disk.lookAfterCrash())).toEqual({ '/data/a': [1] })
  expect(contents(disk)).toEqual({ '/data/a': [1, 4] })
})

test('to look at a disk after a crash shows what a crash leaves, and leaves the disk as it is', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { disk } = after(steps)
      const crashed = disk.clone()
      crashed.crash()
      const before = contents(disk)
      const left = disk.lookAfterCrash()
      expect(contents(left)).toEqual(contents(crashed))
      expect(left.exists('/data')).toBe(crashed.exists('/data'))
      expect(contents(disk)).toEqual(before)
    }),
    { numRuns: 200 },
  )
})

test('names become durable by a sync of the directory that does not block, those that were there when it began', () => {
  const disk = new MemoryDisk()
  disk.makeDirectory('/data')
  disk.syncDirectory('/')
  const outcomes: (Error | null)[] = []
  disk.open('/data/a', 'create').close()
  disk.syncDirectoryLater('/data', (error) => outcomes.push(error))
  disk.open('/data/b', 'create').close()
  expect(outcomes).toEqual([])
  disk.completeSyncs()
  expect(outcomes).toEqual([null])
  disk.crash()
  expect(disk.list('/data')).toEqual(['a'])
})

test('a sync of a directory that is under way in a crash makes nothing durable', () => {
  const disk = new MemoryDisk()
  const begun: (() => void)[] = []
  disk.scheduleSync = (done) => begun.push(done)
  disk.makeDirectory('/data')
  disk.syncDirectory('/')
  const outcomes: (Error | null)[] = []
  disk.open('/data/a', 'create').close()
  disk.syncDirectoryLater('/data', (error) => outcomes.push(error))
  disk.crash()
  for (const done of begun) done()
  expect(disk.list('/data')).toEqual([])
  expect(outcomes).toEqual([])
})

test('bytes that are written later are in the file when the disk gets to it, and fail as others do', () => {
  const disk = new MemoryDisk()
  const outcomes: (Error | null)[] = []
  const file = disk.open('/a', 'create')
  file.writeLater(new Uint8Array([1, 2, 3]), 1, 2, 0, (error) => outcomes.push(error))
  expect(disk.size('/a')).toBe(0)
  disk.completeSyncs()
  expect([...disk.readFile('/a')]).toEqual([2, 3])
  disk.failNext({ operation: 'write', code: 'EIO' })
  file.writeLater(new Uint8Array([9]), 0, 1, 0, (error) => outcomes.push(error))
  disk.completeSyncs()
  expect(outcomes).toMatchObject([null, { code: 'EIO' }])
})
