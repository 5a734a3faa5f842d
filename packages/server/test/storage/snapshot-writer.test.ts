import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { NodeDisk } from '../../src/runtime/node-disk.ts'
import { writeSnapshotNow } from '../../src/storage/snapshot-writer.ts'
import { RecordingLogger } from '../recording-logger.ts'
import { DIRECTORY, emptyDisk } from './sample-log.ts'
import {
  emptyTree,
  encodeNodes,
  ListSource,
  load,
  sampleTree,
  startWriter,
  storedSnapshot,
  writerOptions,
} from './sample-snapshot.ts'

const GOLDEN = `${import.meta.dirname}/../golden`
const golden = new NodeDisk()

/** Lets a writer run to its end, and the disk with it. */
function finish(writer: { step(): boolean }, disk: { completeSyncs(): void }): number {
  let steps = 1
  while (writer.step()) {
    steps++
    disk.completeSyncs()
  }
  disk.completeSyncs()
  return steps
}

test('the snapshot of an empty tree is that of the reference, byte for byte', () => {
  const theirs = new Uint8Array(gunzipSync(golden.readFile(`${GOLDEN}/gz/version-2/snapshot.0.gz`)))
  const disk = emptyDisk()
  const path = writeSnapshotNow({ ...writerOptions(disk, new ListSource(emptyTree)), isLastZxidWritten: false })
  expect(path).toBe(`${DIRECTORY}/snapshot.0`)
  expect(theirs.length).toBe(457)
  expect(disk.readFile(path)).toEqual(theirs)
})

test('the last zxid and its seal follow in the form of 3.9', () => {
  const disk = emptyDisk()
  const path = writeSnapshotNow(writerOptions(disk, new ListSource(emptyTree, 0x500000003)))
  expect(path).toBe(`${DIRECTORY}/snapshot.500000003`)
  const bytes = disk.readFile(path)
  expect(bytes.length).toBe(457 + 21)
  expect(Buffer.from(bytes.subarray(457, 465)).toString('hex')).toBe('0000000500000003')
  expect(Buffer.from(bytes.subarray(-5)).toString('hex')).toBe('000000012f')
})

test.each([
  [true, true, 54],
  [true, false, 33],
  [false, true, 21],
  [false, false, 0],
])(
  'S2: with the digest %s and the last zxid %s there are %i bytes behind the first seal',
  async (isDigestWritten, isLastZxidWritten, size) => {
    const disk = emptyDisk()
    const digest = { zxid: 9, version: 2, digest: 0xf000000051c6d660n }
    const source = new ListSource(emptyTree, 7, [{ id: -5n, timeoutMs: 4000 }], undefined, digest)
    const path = writeSnapshotNow({ ...writerOptions(disk, source), isDigestWritten, isLastZxidWritten })
    expect(disk.size(path)).toBe(457 - 33 + 12 + size)
    const target = await load(disk, storedSnapshot('snapshot.7', 7))
    expect(target.finished).toEqual({ zxid: 7, digest: isDigestWritten ? digest : null })
    expect(target.sessions).toEqual([{ id: -5n, timeoutMs: 4000 }])
    expect(target.nodes).toEqual(emptyTree)
  },
)

test.each(['plain', 'gz', 'snappy'] as const)(
  'S2: a tree of many slices is written in steps and read back: %s',
  async (format) => {
    const disk = emptyDisk()
    const nodes = sampleTree(6000, 300)
    const aclLists = Array.from({ length: 40 }, (_, i) => ({
      id: i + 1,
      acl: Array.from({ length: i % 5 }, (_unused, j) => ({ perms: 31, scheme: 'digest', id: `user-${j}:é` })),
    }))
    const sessions = Array.from({ length: 40 }, (_, i) => ({ id: BigInt(i) << 40n, timeoutMs: i }))
    const { writer, outcomes } = startWriter(writerOptions(disk, new ListSource(nodes, 77, sessions, aclLists), format))
    const steps = finish(writer, disk)
    expect(outcomes).toEqual([null])
    expect(steps).toBeGreaterThanOrEqual(8)
    const name = format === 'plain' ? 'snapshot.4d' : `snapshot.4d.${format}`
    expect(disk.list(DIRECTORY)).toEqual([name])
    const target = await load(disk, storedSnapshot(name, 77))
    expect(target.sessions).toEqual(sessions)
    expect(target.aclLists).toEqual(aclLists)
    expect(encodeNodes(target.nodes).equals(encodeNodes(nodes))).toBe(true)
  },
)

test('gzip files are one member that any gunzip unpacks to the plain form', () => {
  const disk = emptyDisk()
  writeSnapshotNow(writerOptions(disk, new ListSource(sampleTree(5000, 100), 5)))
  writeSnapshotNow(writerOptions(disk, new ListSource(sampleTree(5000, 100), 5), 'gz'))
  const packed = disk.readFile(`${DIRECTORY}/snapshot.5.gz`)
  expect(gunzipSync(packed).equals(disk.readFile(`${DIRECTORY}/snapshot.5`))).toBe(true)
  expect(Buffer.from(packed.subarray(0, 10)).toString('hex')).toBe('1f8b08000000000000ff')
})

test('until it is whole and durable a snapshot has no name that a server would read', () => {
  const disk = emptyDisk()
  const { writer, outcomes } = startWriter(writerOptions(disk, new ListSource(sampleTree(3000, 300), 9)))
  expect(writer.step()).toBe(true)
  while (writer.step()) disk.completeSyncs()
  expect(disk.list(DIRECTORY)).toEqual(['tskeeper-unfinished-snapshot.9'])
  expect(outcomes).toEqual([])
  disk.completeSyncs()
  expect(outcomes).toEqual([null])
  expect(disk.list(DIRECTORY)).toEqual(['snapshot.9'])
  disk.crash()
  expect(disk.list(DIRECTORY)).toEqual(['snapshot.9'])
})

test('the file is synced as it grows, and the writer waits for a disk that falls behind', () => {
  const disk = emptyDisk()
  const { writer, outcomes } = startWriter(writerOptions(disk, new ListSource(sampleTree(40_000, 700), 9)))
  let steps = 0
  while (!writer.isWaiting) {
    expect(writer.step()).toBe(true)
    steps++
  }
  // 8 MiB until the sync began, and 16 MiB more while it was under way.
  expect(disk.size(`${DIRECTORY}/tskeeper-unfinished-snapshot.9`)).toBeGreaterThanOrEqual(24 << 20)
  expect(disk.syncCount).toBe(1)
  const size = disk.size(`${DIRECTORY}/tskeeper-unfinished-snapshot.9`)
  expect(writer.step()).toBe(true)
  expect(disk.size(`${DIRECTORY}/tskeeper-unfinished-snapshot.9`)).toBe(size)
  disk.completeSyncs()
  expect(writer.isWaiting).toBe(false)
  finish(writer, disk)
  expect(outcomes).toEqual([null])
  expect(steps).toBeGreaterThan(80)
})

test('S11: a disk that is full fails the snapshot, tells so once, and leaves nothing behind', () => {
  for (const after of [0, 3, 7]) {
    const disk = emptyDisk()
    disk.failNext({ operation: 'write', code: 'ENOSPC', after, partialBytes: 100 })
    const source = new ListSource(sampleTree(6000, 300), 9)
    const { writer, outcomes } = startWriter(writerOptions(disk, source))
    finish(writer, disk)
    expect(outcomes.map((outcome) => outcome?.message)).toEqual([expect.stringContaining('ENOSPC')])
    expect(disk.list(DIRECTORY)).toEqual([])
    expect(source.isCancelled).toBe(true)
    expect(writer.step()).toBe(false)
  }
})

test.each(['sync', 'rename'] as const)('a failed %s at the end fails the snapshot', (operation) => {
  const disk = emptyDisk()
  const { writer, outcomes } = startWriter(writerOptions(disk, new ListSource(emptyTree, 9)))
  disk.failNext({ operation, code: 'EIO', pathPart: 'unfinished' })
  finish(writer, disk)
  expect(outcomes.map((outcome) => outcome?.message)).toEqual([expect.stringContaining('EIO')])
  expect(disk.list(DIRECTORY)).toEqual([])
})

test('writing at once throws the failure', () => {
  const disk = emptyDisk()
  disk.failNext({ operation: 'sync', code: 'EIO' })
  expect(() => writeSnapshotNow(writerOptions(disk, new ListSource(emptyTree)))).toThrow(/EIO/)
  expect(disk.list(DIRECTORY)).toEqual([])
})

test('a snapshot that is given up leaves nothing and says nothing', () => {
  const disk = emptyDisk()
  const source = new ListSource(sampleTree(3000, 300), 9)
  const { writer, outcomes } = startWriter(writerOptions(disk, source))
  writer.step()
  writer.cancel()
  writer.cancel()
  expect(writer.step()).toBe(false)
  disk.completeSyncs()
  expect(outcomes).toEqual([])
  expect(source.isCancelled).toBe(true)
  expect(disk.list(DIRECTORY)).toEqual([])
})

test('beginning and end are logged in the words that operators look for', () => {
  const logger = new RecordingLogger()
  writeSnapshotNow({ ...writerOptions(emptyDisk(), new ListSource(emptyTree, 0x100000022)), logger })
  expect(logger.lines).toEqual([
    'info Snapshotting: 0x100000022 to /data/version-2/snapshot.100000022',
    'info Snapshot taken in 0 ms',
  ])
})
