// The tree against the naive model: any transactions at all, also such as contradict the tree, which replay over a fuzzy
// snapshot brings, must have the same effect on both.

import {
  type Acl,
  ByteReader,
  ByteWriter,
  Op,
  readTransaction,
  type Transaction,
  type TxnBody,
  writeTransaction,
} from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Database } from '../../src/tree/database.ts'
import { applyEntry, bytesOf, databaseOptions, openAcl, Workbench } from '../txn/workbench.ts'
import { childNames, describeDatabase, describeModel, expectSound } from './tree-description.ts'
import { TreeModel } from './tree-model.ts'

const path = fc.oneof(
  { arbitrary: fc.constantFrom('/a', '/a/b', '/a/b/c', '/a/d', '/e', '/e/f', '/zookeeper/q', '/é', '/é/b'), weight: 30 },
  { arbitrary: fc.constantFrom('/', '/zookeeper/config', '/gone/x', '/a-b'), weight: 2 },
)
const data = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(300)))
const acl = fc.constantFrom<readonly Acl[] | null>(
  openAcl,
  openAcl,
  null,
  [],
  [{ perms: 1, scheme: 'world', id: 'anyone' }],
  [{ perms: 31, scheme: 'digest', id: 'u:h' }],
)
const cversion = fc.oneof(fc.constant(-1), fc.nat(5), fc.constantFrom(2147483647, -2147483648))
const deletable = path.filter((path) => !['/', '/zookeeper/config'].includes(path))
const creatable = path.filter((path) => path !== '/')

const part: fc.Arbitrary<Exclude<TxnBody, { readonly parts: readonly TxnBody[] }>> = fc.oneof(
  {
    arbitrary: fc.record({
      type: fc.constantFrom(Op.create, Op.create2),
      txn: fc.record({ path: creatable, data, acl, ephemeral: fc.boolean(), parentCVersion: cversion }),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({
      type: fc.constant(Op.createContainer),
      txn: fc.record({ path: creatable, data, acl, parentCVersion: cversion }),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      type: fc.constant(Op.createTTL),
      txn: fc.record({ path: creatable, data, acl, parentCVersion: cversion, ttl: fc.constantFrom(1, 0xffffffffff) }),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ type: fc.constantFrom(Op.delete, Op.deleteContainer), txn: fc.record({ path: deletable }) }),
    weight: 5,
  },
  {
    arbitrary: fc.record({
      type: fc.constantFrom(Op.setData, Op.reconfig),
      txn: fc.record({ path, data, version: fc.integer({ min: -1, max: 3 }) }),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({ type: fc.constant(Op.setACL), txn: fc.record({ path, acl, version: fc.nat(3) }) }),
    weight: 3,
  },
)
const errorPart = fc.record({ type: fc.constant(Op.error), txn: fc.record({ err: fc.constantFrom(-101, -2) }) })
const checkPart = fc.record({ type: fc.constant(Op.check), txn: fc.record({ path, version: fc.nat(3) }) })

const body: fc.Arbitrary<TxnBody> = fc.oneof(
  { arbitrary: part, weight: 16 },
  {
    arbitrary: fc.record({
      type: fc.constant(Op.multi),
      parts: fc.array(
        fc.oneof({ arbitrary: part, weight: 10 }, { arbitrary: checkPart, weight: 2 }, { arbitrary: errorPart, weight: 1 }),
        { maxLength: 4 },
      ),
    }),
    weight: 3,
  },
  { arbitrary: errorPart, weight: 1 },
  { arbitrary: fc.record({ type: fc.constant(Op.createSession), txn: fc.record({ timeoutMs: fc.nat() }) }), weight: 1 },
  {
    arbitrary: fc.record({
      type: fc.constant(Op.closeSession),
      txn: fc.option(fc.record({ paths: fc.array(deletable, { maxLength: 3 }) }), { nil: null }),
    }),
    weight: 2,
  },
)

/** Transactions whose zxids rise, but whose times and sessions are anything. */
const history = fc
  .array(fc.record({ body, clientId: fc.constantFrom(1n, 2n, BigInt.asIntN(64, 0xfe00000000000003n)), time: fc.nat() }), {
    maxLength: 40,
    size: 'max',
  })
  .map((steps) =>
    steps.map(({ body, clientId, time }, index): Transaction => {
      const header = { clientId, cxid: index, zxid: 0x100000001 + index, time, type: body.type }
      return { header, body, digest: null }
    }),
  )

function encode(transaction: Transaction): Uint8Array {
  const out = new ByteWriter()
  writeTransaction(out, transaction)
  return out.toBytes()
}

function freshDatabase(): Database {
  const database = new Database(databaseOptions())
  database.createReservedNodes()
  return database
}

test('any sequence of transactions leaves the tree as it leaves the naive model, to the last field', () => {
  fc.assert(
    fc.property(history, (transactions) => {
      const database = freshDatabase()
      const model = new TreeModel()
      for (const transaction of transactions) {
        applyEntry(database, encode(transaction))
        const codes = model.apply(transaction)
        const isMulti = transaction.body.type === Op.multi
        expect(database.code).toBe((isMulti ? codes.find((code) => code !== 0) : codes[0]) ?? 0)
        expect(database.tree.digest.toBigInt()).toBe(model.digest())
      }
      expect(describeDatabase(database)).toEqual(describeModel(model))
      expectSound(database)
    }),
    { numRuns: 300 },
  )
})

test('a history that is replayed over its own end changes what the model says, and never the balance of the counters', () => {
  fc.assert(
    fc.property(history, (transactions) => {
      const database = freshDatabase()
      const model = new TreeModel()
      for (const transaction of [...transactions, ...transactions]) {
        applyEntry(database, encode(transaction))
        model.apply(transaction)
      }
      expect(describeDatabase(database)).toEqual(describeModel(model))
      expectSound(database)
    }),
    { numRuns: 100 },
  )
})

test('when all nodes are deleted, slabs, ACL table and counters are back where they began', () => {
  fc.assert(
    fc.property(history, (transactions) => {
      const database = freshDatabase()
      const { tree, acls } = database
      const usedBytes = tree.nodes.slabs.usedBytes
      for (const transaction of transactions) applyEntry(database, encode(transaction))
      let zxid = 0x200000000
      const run = (body: TxnBody): void =>
        applyEntry(
          database,
          encode({ header: { clientId: 0n, cxid: 0, zxid: ++zxid, time: 0, type: body.type }, body, digest: null }),
        )
      const config = [{ perms: 1, scheme: 'world', id: 'anyone' }]
      for (const path of ['/a', '/e', '/é', '/a-b', '/zookeeper/q']) run({ type: Op.delete, txn: { path } })
      for (const path of ['/', '/zookeeper/config']) run({ type: Op.setData, txn: { path, data: null, version: 0 } })
      run({ type: Op.setACL, txn: { path: '/', acl: openAcl, version: 0 } })
      run({ type: Op.setACL, txn: { path: '/zookeeper/config', acl: config, version: 0 } })
      expect([tree.nodes.slabs.usedBytes, tree.nodeCount, tree.ephemeralCount, acls.size]).toEqual([usedBytes, 4, 0, 1])
      expect([tree.ephemerals.size, tree.containers.size, tree.ttlNodes.size]).toEqual([0, 0, 0])
      expect(tree.dataBytes).toBe('/zookeeper/zookeeper/quota/zookeeper/config'.length)
    }),
    { numRuns: 100 },
  )
})

// --- finding and walking -----------------------------------------------------------------------

function planted(...paths: string[]): Workbench {
  const bench = new Workbench()
  for (const path of paths) bench.apply(bench.create(path, path))
  return bench
}

test('nodes are found by the bytes of their path, wherever these lie', () => {
  const { database } = planted('/a', '/a/é', '/ab')
  const { tree } = database
  const bytes = bytesOf('xx/a/éyy')
  const node = tree.find(bytes, 2, bytes.length - 4)
  expect(tree.path(node)).toBe('/a/é')
  for (const missing of ['/b', '/a/', 'a', '/a/e', '//a', '/A', '/a/é/']) expect(database.find(missing)).toBe(0)
})

test('the root is found as a slash and as the empty path', () => {
  const { database } = planted('/a')
  expect(database.find('/')).toBe(database.tree.root)
  expect(database.find('')).toBe(database.tree.root)
  expect(database.tree.path(database.tree.root)).toBe('/')
  expect(database.find('x')).toBe(0)
})

test('children are listed with their names, the newest first', () => {
  const { database } = planted('/a', '/a/one', '/a/two', '/a/two/three', '/a/drei€')
  expect(childNames(database.tree, database.find('/a'))).toEqual(['drei€', 'two', 'one'])
  expect(childNames(database.tree, database.find('/a/one'))).toEqual([])
  expect(childNames(database.tree, database.tree.root)).toEqual(['a', 'zookeeper'])
})

test('descendants are counted at any depth, the root’s with all that is reserved', () => {
  const { database } = planted('/a', '/a/b', '/a/b/c', '/a/d', '/ab')
  const count = (path: string): number => database.tree.countDescendants(database.find(path))
  expect([count('/a'), count('/a/b'), count('/a/d'), count('/ab'), count('/zookeeper')]).toEqual([3, 1, 0, 0, 2])
  expect(count('/')).toBe(8)
  expect(new Workbench().database.tree.countDescendants(1)).toBe(3)
})

test('a walk comes to every node below its top once, parents first, and leaves out what it is told to', () => {
  const { database } = planted('/a', '/a/b', '/a/b/c', '/a/d', '/e')
  const { tree } = database
  const top = database.find('/a')
  const seen: string[] = []
  for (let node = tree.nextInPreorder(top, top); node !== 0; node = tree.nextInPreorder(node, top)) seen.push(tree.path(node))
  expect(seen).toEqual(['/a/d', '/a/b', '/a/b/c'])
  expect(tree.path(tree.nextOutside(database.find('/a/d'), top))).toBe('/a/b')
  expect(tree.nextOutside(database.find('/a/b'), top)).toBe(0)
  expect(tree.nextOutside(top, top)).toBe(0)
})

test('thousands of children come, are found and go, in any order', () => {
  const bench = planted('/p')
  const names = Array.from({ length: 3000 }, (_, i) => `c${(i * 7919) % 3000}`)
  for (const name of names) bench.apply(bench.create(`/p/${name}`))
  expect(bench.children('/p')).toEqual([...names].sort())
  for (const [index, name] of names.entries()) if (index % 3 !== 0) bench.apply(bench.delete(`/p/${name}`))
  expect(bench.children('/p')).toEqual(names.filter((_, index) => index % 3 === 0).sort())
  expect(bench.stat('/p')).toMatchObject({ numChildren: 1000, cversion: 5000 })
  expectSound(bench.database)
})

test('data that the server keeps up itself changes neither version nor zxids, and the digest where the node counts', () => {
  const bench = planted('/a')
  const { tree } = bench.database
  const stat = bench.stat('/a')
  const dataBytes = tree.dataBytes
  tree.overwriteData(bench.database.find('/a'), bytesOf('more than before'))
  expect(bench.stat('/a')).toEqual({ ...stat, dataLength: 16 })
  expect(tree.dataBytes).toBe(dataBytes + 14)
  expectSound(bench.database)
  const digest = bench.treeDigest()
  tree.overwriteData(bench.database.find('/zookeeper/quota'), bytesOf('x'))
  expect(bench.treeDigest()).toBe(digest)
})

test('the bytes that a transaction came in can be used again: the tree has copies', () => {
  const bench = new Workbench()
  const { entry } = bench.create('/path', 'data', 0, 1n, [{ perms: 31, scheme: 'digest', id: 'u:h' }])
  applyEntry(bench.database, entry)
  entry.fill(0xff)
  expect([bench.data('/path'), bench.children('/')]).toEqual(['data', ['path', 'zookeeper']])
  expect(bench.acl('/path')).toEqual([{ perms: 31, scheme: 'digest', id: 'u:h' }])
})

test('what the model reads of an encoded history is what was written', () => {
  fc.assert(
    fc.property(history, (transactions) => {
      for (const transaction of transactions) {
        expect(readTransaction(new ByteReader(encode(transaction))).header).toEqual(transaction.header)
      }
    }),
    { numRuns: 20 },
  )
})
