// S3: the logs of three of Apache's servers, replayed from the empty tree. Every digest that those servers wrote behind a
// transaction must be ours, the tree at the end that of the naive model, and the trees on the way those of their snapshots.

import { readdirSync, readFileSync } from 'node:fs'
import { ByteReader, Op, readAcl, readTransaction } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { Database } from '../../src/tree/database.ts'
import { DatabaseRestorer } from '../../src/tree/database-snapshot.ts'
import { applyEntry, databaseOptions } from '../txn/workbench.ts'
import { type Description, describeDatabase, describeModel, expectSound } from './tree-description.ts'
import { TreeModel } from './tree-model.ts'

const folder = new URL('../golden/', import.meta.url)
const servers = ['voter-1', 'voter-3', 'observer']

function readGolden(name: string): ByteReader {
  return new ByteReader(new Uint8Array(readFileSync(new URL(name, folder))))
}

/** The transactions of a server's logs, in their order. */
function entriesOf(server: string): Uint8Array[] {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${server}.log.`))
  return names.sort().flatMap((name) => {
    const input = readGolden(name)
    input.position = 16
    const entries: Uint8Array[] = []
    while (input.remaining() > 0) {
      input.position += 8
      entries.push(input.readBuffer() ?? new Uint8Array(0))
      expect(input.readByte()).toBe(0x42)
    }
    return entries
  })
}

function freshDatabase(): Database {
  const database = new Database(databaseOptions())
  database.createReservedNodes()
  return database
}

test.each(servers)('S3: every digest in the logs of %s is the digest of our tree after that transaction', (server) => {
  const database = freshDatabase()
  const model = new TreeModel()
  let comparedCount = 0
  for (const bytes of entriesOf(server)) {
    const transaction = readTransaction(new ByteReader(bytes))
    applyEntry(database, bytes)
    model.apply(transaction)
    if (transaction.digest === null) continue
    comparedCount++
    expect(transaction.digest.version).toBe(2)
    expect(database.tree.digest.toBigInt()).toBe(transaction.digest.treeDigest)
    expect(model.digest()).toBe(transaction.digest.treeDigest)
  }
  expect(comparedCount).toBeGreaterThan(120)
  expect(database.digestMismatchCount).toBe(0)
  // All stats, child lists, ACLs and sessions, derived in another way from the same records.
  expect(describeDatabase(database)).toEqual(describeModel(model))
  expectSound(database)
})

test('the logs have transactions of nearly every type, and multis that failed', () => {
  const types = new Set<number>()
  let failedMultis = 0
  for (const bytes of entriesOf('voter-1')) {
    const { header, body } = readTransaction(new ByteReader(bytes))
    types.add(header.type)
    if (body.type === Op.multi && body.parts.some((part) => part.type === Op.error)) failedMultis++
  }
  const { createSession, closeSession, create, create2, createContainer, setData, setACL, multi, reconfig, error } = Op
  const expected = [
    createSession,
    closeSession,
    create,
    create2,
    createContainer,
    Op.delete,
    setData,
    setACL,
    multi,
    reconfig,
    error,
  ]
  expect([...types]).toEqual(expect.arrayContaining(expected))
  expect(failedMultis).toBeGreaterThan(0)
})

test('servers of one ensemble have one tree: the last one of each is the same', () => {
  const trees = servers.map((server) => {
    const database = freshDatabase()
    for (const bytes of entriesOf(server)) applyEntry(database, bytes)
    return { zxid: database.lastZxid, ...describeDatabase(database) }
  })
  const [first, ...others] = trees.filter(({ zxid }) => zxid === Math.max(...trees.map((tree) => tree.zxid)))
  expect(others.length).toBeGreaterThan(0)
  for (const other of others) expect(other).toEqual(first)
})

// --- their snapshots ---------------------------------------------------------------------------

/** A snapshot's file, in the plainest way. */
function restoreGolden(name: string, zxid: number): Database {
  const input = readGolden(name)
  input.position = 16
  const database = new Database(databaseOptions())
  const restorer = new DatabaseRestorer(database)
  for (let left = input.readInt(); left > 0; left--) {
    const id = input.readLong()
    restorer.restoreSession({ id, timeoutMs: input.readInt() })
  }
  for (let left = input.readInt(); left > 0; left--) {
    const id = input.readNumber()
    const acl = Array.from({ length: input.readInt() }, () => readAcl(input))
    restorer.restoreAclList({ id, acl })
  }
  while (input.readSlice() !== 1) restorer.restoreNode(input)
  // The seal, and then the digest.
  input.position += 8 + 5
  const digestZxid = input.readNumber()
  const version = input.readInt()
  restorer.finishRestore(zxid, { zxid: digestZxid, version, digest: BigInt.asUintN(64, input.readLong()) })
  return database
}

/** The configuration is written at the start of an ensemble, without a transaction. */
function withoutConfig({ nodes, dataBytes: _, ...rest }: Description): unknown {
  return { ...rest, nodes: { ...nodes, '/zookeeper/config': null } }
}

test.each([
  ['voter-1', 0x200000003],
  ['voter-3', 0x100000017],
])('the snapshot of %s is the tree that its log gives up to that zxid', (server, zxid) => {
  const restored = restoreGolden(`${server}.snapshot.${zxid.toString(16)}.bin`, zxid)
  const replayed = freshDatabase()
  for (const bytes of entriesOf(server)) {
    if (readTransaction(new ByteReader(bytes)).header.zxid <= zxid) applyEntry(replayed, bytes)
  }
  expect(replayed.lastZxid).toBe(zxid)
  expect(withoutConfig(describeDatabase(restored))).toEqual(withoutConfig(describeDatabase(replayed)))
  expect(restored.digestMismatchCount).toBe(0)
  expectSound(restored)
})

test.each([
  ['voter-1', 0x200000003],
  ['voter-3', 0x100000017],
])('from the snapshot of %s on, every digest in its log is ours, too', (server, zxid) => {
  const database = restoreGolden(`${server}.snapshot.${zxid.toString(16)}.bin`, zxid)
  let count = 0
  for (const bytes of entriesOf(server)) {
    if (readTransaction(new ByteReader(bytes)).header.zxid <= zxid) continue
    applyEntry(database, bytes)
    count++
  }
  expect(count).toBeGreaterThan(100)
  expect(database.digestMismatchCount).toBe(0)
})
