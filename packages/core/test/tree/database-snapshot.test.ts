// The database as the target of a snapshot: what it takes, and what it does with snapshots that do not add up.

import { type Acl, ByteReader, ByteWriter, DecodeError, writeStatPersisted } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { OPEN_ACL_ID } from '../../src/acl/acl-table.ts'
import { Database } from '../../src/tree/database.ts'
import { DatabaseRestorer } from '../../src/tree/database-snapshot.ts'
import { STORED_OWNER } from '../../src/tree/node-fields.ts'
import { applyEntry, bytesOf, databaseOptions, Workbench } from '../txn/workbench.ts'
import { restore, SnapshotInProgress } from './snapshot-bytes.ts'
import { createOf, entry } from './transactions.ts'
import { describeDatabase, expectSound, statOf } from './tree-description.ts'

interface NodeFields {
  readonly data?: string | null
  readonly aclId?: number
  readonly czxid?: number
  readonly version?: number
  readonly cversion?: number
  readonly owner?: bigint
  readonly pzxid?: number
}

/** Restores one node from the bytes that a snapshot holds for it. */
function restoreNode(restorer: DatabaseRestorer, path: string, fields: NodeFields = {}): void {
  const { data = '', aclId = OPEN_ACL_ID, czxid = 0, version = 0, cversion = 0, owner = 0n, pzxid = 0 } = fields
  const out = new ByteWriter()
  out.writeString(path)
  out.writeBuffer(data === null ? null : bytesOf(data))
  out.writeNumber(aclId)
  const times = { mzxid: 7, ctime: 8, mtime: 9 }
  writeStatPersisted(out, { czxid, ...times, version, cversion, aversion: 3, ephemeralOwner: owner, pzxid })
  const input = new ByteReader(out.toBytes())
  input.readSlice()
  restorer.restoreNode(input)
  expect(input.remaining()).toBe(0)
}

function freshRestorer(options: Parameters<typeof databaseOptions>[0] = {}): [Database, DatabaseRestorer] {
  const database = new Database(databaseOptions(options))
  const restorer = new DatabaseRestorer(database)
  restoreNode(restorer, '', { cversion: 5, pzxid: 12 })
  return [database, restorer]
}

test('what was saved is restored: nodes of every kind, null data, ACLs, sessions, versions and counters', () => {
  const bench = new Workbench()
  const secret: readonly Acl[] = [{ perms: 31, scheme: 'digest', id: 'u:h' }]
  bench.identities = [{ scheme: 'digest', id: 'u:h' }]
  bench.apply(
    bench.createSession(5n, 4000),
    bench.create('/p', null),
    bench.create('/p/e', 'x', 1, 5n),
    bench.create('/c', '', 4),
  )
  bench.apply(
    bench.createTtl('/t', 'ttl', 60000),
    bench.create('/s', 'secret', 0, 1n, secret),
    bench.create('/s/t', '', 0, 1n, secret),
  )
  bench.apply(bench.setData('/', 'root'), bench.setAcl('/', secret), bench.setData('/p', null), bench.delete('/c'))
  bench.apply(bench.create('/p/n-', '', 2), bench.create('/é', '€'), bench.create('/c', '', 4))
  const restored = restore(new SnapshotInProgress(bench.database).finish())
  expect(describeDatabase(restored)).toEqual(describeDatabase(bench.database))
  expectSound(restored)
  expect(restored.lastZxid).toBe(bench.database.lastZxid)
  expect(restored.acls.size).toBe(bench.database.acls.size)
})

test('what follows the snapshot is applied as it would have been, with its digest', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/p'), bench.create('/p/e', 'x', 1, 5n))
  const restored = restore(new SnapshotInProgress(bench.database).finish())
  for (const next of [bench.setData('/p', 'y'), bench.closeSession(5n), bench.delete('/p')]) {
    bench.apply(next)
    applyEntry(restored, next.entry)
  }
  expect(describeDatabase(restored)).toEqual(describeDatabase(bench.database))
  expect(restored.digestMismatchCount).toBe(0)
})

test('the Stat is restored field by field, the visible cversion from what is stored and the children there are', () => {
  const [database, restorer] = freshRestorer()
  restoreNode(restorer, '/n', { data: 'abc', czxid: 6, version: 4, cversion: 9, owner: 77n, pzxid: 11 })
  restoreNode(restorer, '/n/c', { owner: -(1n << 63n) })
  restorer.finishRestore(12, null)
  expect(statOf(database.tree, database.find('/n'))).toEqual({
    ...{ czxid: 6, mzxid: 7, ctime: 8, mtime: 9, version: 4, cversion: 2 * 9 - 1, aversion: 3 },
    ...{ ephemeralOwner: 77n, dataLength: 3, numChildren: 1, pzxid: 11 },
  })
  expect(statOf(database.tree, database.tree.root)).toMatchObject({ cversion: 2 * 5 - 1, numChildren: 1, pzxid: 12 })
  expectSound(database)
})

test('owners are read by the rules of the configuration', () => {
  const ttl = BigInt.asIntN(64, 0xff0000000000ea60n)
  const old = -5000n
  const kinds = (options: Parameters<typeof databaseOptions>[0]): Record<string, number> => {
    const [database, restorer] = freshRestorer(options)
    restoreNode(restorer, '/ttl', { owner: ttl })
    restoreNode(restorer, '/old', { owner: old })
    restoreNode(restorer, '/container', { owner: -(1n << 63n) })
    const { ttlNodes, ephemeralCount, containers } = database.tree
    return { ttl: ttlNodes.size, ephemeral: ephemeralCount, container: containers.size }
  }
  expect(kinds({ areExtendedTypesEnabled: false })).toEqual({ ttl: 0, ephemeral: 2, container: 1 })
  expect(kinds({ areExtendedTypesEnabled: true, hasOldTtlNodes: true })).toEqual({ ttl: 2, ephemeral: 0, container: 1 })
})

test('a kind of node that nobody has defined is kept as it is: its owner is saved and counted in the digest', () => {
  const unknown = BigInt.asIntN(64, 0xff00010000000007n)
  const [database, restorer] = freshRestorer()
  restoreNode(restorer, '/unknown', { owner: unknown })
  restorer.finishRestore(12, null)
  const { tree } = database
  expect(tree.nodes.getLong(database.find('/unknown'), STORED_OWNER)).toBe(unknown)
  expect(statOf(tree, database.find('/unknown')).ephemeralOwner).toBe(0n)
  expect([tree.ephemeralCount, tree.ttlNodes.size, tree.containers.size]).toEqual([0, 0, 0])
  expectSound(database)
  const again = restore(new SnapshotInProgress(database).finish())
  expect(again.tree.nodes.getLong(again.find('/unknown'), STORED_OWNER)).toBe(unknown)
})

test('lists of ACLs that no node refers to are dropped, ids that are missing let nobody in', () => {
  const [database, restorer] = freshRestorer()
  const secret: readonly Acl[] = [{ perms: 31, scheme: 'digest', id: 'u:h' }]
  restorer.restoreAclList({ id: 5, acl: secret })
  restorer.restoreAclList({ id: 9, acl: [{ perms: 1, scheme: 'world', id: 'anyone' }] })
  restoreNode(restorer, '/secret', { aclId: 5 })
  restoreNode(restorer, '/gap', { aclId: 7 })
  restorer.finishRestore(12, null)
  expect(database.acls.copy()).toEqual([{ id: 5, acl: secret }])
  // A new list never gets an id that a node of the snapshot might mean.
  applyEntry(database, entry(13, createOf('/new', 9, { acl: [{ perms: 2, scheme: 'world', id: 'anyone' }] })))
  expect(database.acls.copy().map(({ id }) => id)).toEqual([5, 10])
})

test('an id that is there twice, or that no list can have, is an error', () => {
  const [, restorer] = freshRestorer()
  restorer.restoreAclList({ id: 1, acl: [] })
  expect(() => restorer.restoreAclList({ id: 1, acl: [] })).toThrow('the id 1 twice')
  expect(() => restorer.restoreAclList({ id: 0, acl: [] })).toThrow('as no id can be')
})

test('a node whose parent is not there makes the snapshot one that cannot be used', () => {
  const [, restorer] = freshRestorer()
  expect(() => restoreNode(restorer, '/gone/child')).toThrow(DecodeError)
  expect(() => restoreNode(restorer, '/gone/child')).toThrow('the parent of /gone/child is missing')
})

test('the quotas of a snapshot are found, and their usage is counted anew', () => {
  const [database, restorer] = freshRestorer()
  for (const path of ['/q', '/q/n', '/zookeeper', '/zookeeper/quota', '/zookeeper/quota/q'])
    restoreNode(restorer, path, { data: 'xx' })
  restoreNode(restorer, '/zookeeper/quota/q/zookeeper_limits', { data: 'count=5,bytes=50' })
  restoreNode(restorer, '/zookeeper/quota/q/zookeeper_stats', { data: 'count=99,bytes=99' })
  restorer.finishRestore(12, null)
  expect([...database.tree.quotas.all()]).toMatchObject([{ path: '/q', usage: { count: 2, bytes: 4 } }])
  applyEntry(database, entry(13, createOf('/q/m', 9, { data: 'yyy' })))
  expect([...database.tree.quotas.all()]).toMatchObject([{ usage: { count: 3, bytes: 7 } }])
})

test('S3: the digest of a snapshot that nothing changed meanwhile is compared when it is loaded', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a'))
  const whole = new SnapshotInProgress(bench.database).finish()
  expect(restore(whole).digestMismatchCount).toBe(0)
  const wrong = { ...whole, digest: { ...whole.digest, digest: whole.digest.digest + 1n } }
  expect(restore(wrong).digestMismatchCount).toBe(1)
  expect(restore({ ...wrong, digest: { ...wrong.digest, version: 1 } }).digestMismatchCount).toBe(0)
  expect(restore(wrong, { isDigestEnabled: false }).digestMismatchCount).toBe(0)
  expect(restore(wrong, {}, false).digestMismatchCount).toBe(0)
})

test('a digest from before the snapshot, or from no transaction at all, is not compared with anything', () => {
  for (const zxid of [0, 1]) {
    const bench = new Workbench()
    bench.apply(bench.create('/a'), bench.create('/b'))
    const whole = new SnapshotInProgress(bench.database).finish()
    const database = restore({ ...whole, digest: { zxid, version: 2, digest: 5n } })
    const next = bench.create('/c')
    applyEntry(database, next.entry)
    expect(database.digestMismatchCount).toBe(0)
  }
})

test('a snapshot of the empty tree has four nodes, and is the empty tree', () => {
  const bench = new Workbench()
  const whole = new SnapshotInProgress(bench.database).finish()
  expect(whole.source.zxid).toBe(0)
  // No transaction, no digest.
  expect(whole.digest).toEqual({ zxid: 0, version: 2, digest: 0n })
  const restored = restore(whole)
  expect(describeDatabase(restored)).toEqual(describeDatabase(bench.database))
  expect(restored.tree.nodeCount).toBe(4)
})
