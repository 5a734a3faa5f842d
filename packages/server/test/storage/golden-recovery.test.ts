// Data directories that Apache's servers wrote, loaded into the real database: each transaction carries the digest that
// the tree had after it there, so every node, stat and ACL is checked at every step.

import { Database, DatabaseRestorer } from '@tskeeper/core'
import { expect, test } from 'vitest'
import { silentLogger } from '../../src/logger.ts'
import type { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { NodeDisk } from '../../src/runtime/node-disk.ts'
import { locateDirectories } from '../../src/storage/data-directories.ts'
import { type Recovery, recover } from '../../src/storage/recovery.ts'
import { ManualClock } from '../manual-runtime.ts'
import { DIRECTORY, emptyDisk, flipBit, putFile } from './sample-log.ts'

const GOLDEN = `${import.meta.dirname}/../golden`
const files = new NodeDisk()
const EPOCH = 4294967296

function directoryOf(server: string, isTaken: (name: string) => boolean = () => true): MemoryDisk {
  const disk = emptyDisk()
  for (const name of files.list(`${GOLDEN}/${server}/version-2`)) {
    if (isTaken(name)) putFile(disk, `${DIRECTORY}/${name}`, files.readFile(`${GOLDEN}/${server}/version-2/${name}`))
  }
  return disk
}

function load(disk: MemoryDisk): Promise<Recovery<Database>> {
  const make = (): Database =>
    new Database({ hashSeed: 1, isDigestEnabled: true, areExtendedTypesEnabled: true, hasOldTtlNodes: false })
  return recover<Database>({
    disk,
    directories: locateDirectories('/data', '/data'),
    target: {
      createForSnapshot() {
        const database = make()
        return { database, target: new DatabaseRestorer(database) }
      },
      createFresh: make,
      replay: (database, bytes, start, end) => database.apply(bytes, new DataView(bytes.buffer), start, end),
    },
    isAutocreateAllowed: true,
    isEmptySnapshotTrusted: false,
    entryLengthMax: 2 * 0xfffff,
    clock: new ManualClock(),
    logger: silentLogger,
  })
}

test.each(['s1', 's3', 's4'])('S3: the tree of %s has the digest that its log states after every transaction', async (server) => {
  const recovery = await load(directoryOf(server, (name) => !name.startsWith('snapshot.') || name === 'snapshot.0'))
  expect(recovery.snapshotZxid).toBe(0)
  expect(recovery.lastZxid).toBe(5 * EPOCH + 3)
  expect(recovery.replayedCount).toBe(0x17 + 3 + 0x79 + 3)
  expect(recovery.database.digestMismatchCount).toBe(0)
})

test.each(['s1', 's3', 's4'])(
  'the newest snapshot of %s and the rest of its log give the same tree as its whole log',
  async (server) => {
    const whole = await load(directoryOf(server, (name) => !name.startsWith('snapshot.') || name === 'snapshot.0'))
    const recovery = await load(directoryOf(server))
    expect(recovery.lastZxid).toBe(whole.lastZxid)
    expect(recovery.database.digestMismatchCount).toBe(0)
    expect(recovery.database.tree.digest.toBigInt()).toBe(whole.database.tree.digest.toBigInt())
    expect(recovery.database.tree.nodeCount).toBe(whole.database.tree.nodeCount)
    expect([...recovery.database.sessions]).toEqual([...whole.database.sessions])
  },
)

test('a newest snapshot that is damaged anywhere is passed over for the older one, and nothing is lost', async () => {
  const whole = await load(directoryOf('s1'))
  const name = 'snapshot.200000003'
  const bytes = files.readFile(`${GOLDEN}/s1/version-2/${name}`)
  for (let i = 16; i < bytes.length - 5; i += 11) {
    const disk = directoryOf('s1')
    const damaged = Uint8Array.from(bytes)
    flipBit(damaged, i, i % 8)
    putFile(disk, `${DIRECTORY}/${name}`, damaged)
    const recovery = await load(disk)
    expect(recovery.snapshotZxid).toBe(0)
    expect(recovery.lastZxid).toBe(whole.lastZxid)
    expect(recovery.database.tree.digest.toBigInt()).toBe(whole.database.tree.digest.toBigInt())
    expect(recovery.database.digestMismatchCount).toBe(0)
  }
})

test.each(['gz', 'snappy'])('the compressed snapshot of an empty tree is loaded: %s', async (folder) => {
  const { database, lastZxid } = await load(directoryOf(folder))
  expect(lastZxid).toBe(0)
  expect(database.tree.nodeCount).toBe(4)
  expect(database.tree.digest.toBigInt()).toBe(0x51c6d660n)
})
