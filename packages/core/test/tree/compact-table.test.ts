// Nodes that nobody has changed lie in compact records. That must not be seen from outside: what is compared here is the
// same node before and after it got a full record, and what is found of it wherever the tree holds its number.

import { ByteWriter, CreateMode, ErrorCode } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isCompact } from '../../src/tree/compact-table.ts'
import type { Database } from '../../src/tree/database.ts'
import {
  ACL_ID,
  AVERSION,
  CHILD_COUNT,
  CONTENT_CRC,
  CTIME,
  CVERSION,
  CZXID,
  DATA_LENGTH,
  DIGEST,
  FIRST_CHILD,
  FLAG_IN_DIGEST,
  FLAG_NULL_DATA,
  FLAG_PENDING,
  MTIME,
  MZXID,
  OWNER,
  PATH_CRC,
  PATH_HASH,
  PERSISTED_CVERSION,
  PZXID,
  STORED_OWNER,
  VERSION,
} from '../../src/tree/node-fields.ts'
import { bytesOf, openAcl, Workbench } from '../txn/workbench.ts'
import { pathsIn, restore, SnapshotInProgress } from './snapshot-bytes.ts'
import { childNames, describeDatabase, expectSound } from './tree-description.ts'

const NUMBERS = [CZXID, MZXID, PZXID, CTIME, MTIME]
const INTEGERS = [VERSION, CVERSION, AVERSION, CHILD_COUNT, PERSISTED_CVERSION, DATA_LENGTH, ACL_ID, PATH_HASH, FIRST_CHILD]

/** All that the table says about a node, however it is kept. */
function everythingOf(database: Database, node: number): unknown {
  const { tree } = database
  const { nodes } = tree
  const stat = new ByteWriter(1)
  nodes.writeStat(node, stat)
  const data = new ByteWriter(1)
  nodes.writeData(node, data)
  const name = new ByteWriter(1)
  nodes.writeName(node, tree.path(node).lastIndexOf('/') + 1, name)
  return {
    path: tree.path(node),
    pathLength: nodes.pathLength(node),
    stat: stat.toBytes(),
    data: data.toBytes(),
    name: name.toBytes(),
    numbers: NUMBERS.map((field) => nodes.getNumber(node, field)),
    integers: INTEGERS.map((field) => nodes.getInt(node, field)),
    owners: [nodes.getLong(node, OWNER), nodes.getLong(node, STORED_OWNER)],
    digest: nodes.getUint(node, DIGEST),
    flags: [FLAG_IN_DIGEST, FLAG_NULL_DATA, FLAG_PENDING].map((flag) => nodes.hasFlag(node, flag)),
    kind: nodes.kind(node),
  }
}

const isCompactAt = (bench: Workbench, path: string): boolean => isCompact(bench.database.find(path))

test('a compact node and its full record say the same about it, and the checksums are those of a node that was full from the start', () => {
  const name = fc
    .string({ unit: fc.constantFrom('n', '0', 'é', '한', '-', '.x'), minLength: 1, maxLength: 60 })
    .filter((text) => !/^\.+$/.test(text))
  const data = fc.oneof(fc.constant(null), fc.constant(''), fc.string({ maxLength: 150 }))
  fc.assert(
    fc.property(name, data, fc.boolean(), fc.integer({ min: 0, max: 2 ** 50 }), (text, content, isBelowRoot, timeMs) => {
      const bench = new Workbench()
      bench.timeMs = timeMs
      const path = isBelowRoot ? `/${text}` : `/parent/${text}`
      bench.apply(bench.create('/parent'), bench.create(path, content))
      const { database } = bench
      const { nodes } = database.tree
      const node = database.find(path)
      const before = everythingOf(database, node)
      expect(isCompact(node)).toBe(true)

      const full = database.tree.expand(node)

      expect(isCompact(full)).toBe(false)
      expect(everythingOf(database, full)).toEqual(before)
      expect(database.find(path)).toBe(full)
      // The tree's own CRCs, computed anew.
      const crcs = [nodes.getInt(full, PATH_CRC), nodes.getInt(full, CONTENT_CRC)]
      const bytes = bytesOf(content ?? '')
      database.tree.setPathCrc(full)
      database.tree.refreshContentCrc(full, bytes, 0, content === null ? -1 : bytes.length)
      expect([nodes.getInt(full, PATH_CRC), nodes.getInt(full, CONTENT_CRC)]).toEqual(crcs)
      expectSound(database)
    }),
    { numRuns: 300 },
  )
})

test('what is long, owned, reserved or no leaf has a full record', () => {
  const bench = new Workbench()
  const long = 'n'.repeat(256)
  bench.apply(bench.createSession(1n))
  bench.apply(
    bench.create('/parent'),
    bench.create('/parent/child'),
    bench.create(`/${long}`),
    bench.create('/data', 'x'.repeat(600)),
  )
  bench.apply(bench.create('/ephemeral', '', CreateMode.ephemeral), bench.create('/container', '', CreateMode.container))
  bench.apply(bench.create('/zookeeper/mine'), bench.create('/exactly', 'x'.repeat(512 - 'exactly'.length)))
  const full = [
    '/',
    '/parent',
    `/${long}`,
    '/data',
    '/ephemeral',
    '/container',
    '/zookeeper',
    '/zookeeper/quota',
    '/zookeeper/mine',
  ]
  expect(full.filter((path) => isCompactAt(bench, path))).toEqual([])
  expect(['/parent/child', '/exactly'].filter((path) => !isCompactAt(bench, path))).toEqual([])
  expectSound(bench.database)
})

test('every kind of change gives a node a full record, and its siblings, the index and the digest go on with that', () => {
  const changes: Record<string, (bench: Workbench) => void> = {
    setData: (bench) => bench.apply(bench.setData('/p/b', 'other')),
    'setData to null': (bench) => bench.apply(bench.setData('/p/b', null)),
    setACL: (bench) => bench.apply(bench.setAcl('/p/b', openAcl)),
    'a child': (bench) => bench.apply(bench.create('/p/b/c')),
    'a child that comes and goes': (bench) => bench.apply(bench.create('/p/b/c'), bench.delete('/p/b/c')),
    'a pending change of each kind': (bench) =>
      bench.apply(
        bench.setData('/p/b', 'one'),
        bench.create('/p/b/c'),
        bench.setAcl('/p/b', openAcl),
        bench.setData('/p/b', 'two'),
      ),
  }
  for (const [name, change] of Object.entries(changes)) {
    const bench = new Workbench()
    bench.apply(bench.create('/p'), bench.create('/p/a', 'A'), bench.create('/p/b', 'B'), bench.create('/p/c', 'C'))
    expect(isCompactAt(bench, '/p/b'), name).toBe(true)
    change(bench)
    expect(isCompactAt(bench, '/p/b'), name).toBe(false)
    expect(childNames(bench.database.tree, bench.database.find('/p')).sort(), name).toEqual(['a', 'b', 'c'])
    expect(bench.database.digestMismatchCount, name).toBe(0)
    expectSound(bench.database)
  }
})

test('a delete that finds nothing raises the pzxid of a compact parent, as replay over a fuzzy snapshot needs', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/p'))
  const path = bytesOf('/p/gone')
  expect(bench.database.tree.delete(path, 0, path.length, 77)).toBe(ErrorCode.NO_NODE)
  expect(bench.stat('/p').pzxid).toBe(77)
  expectSound(bench.database)
})

test('the number of a node that is gone is at no path, and is used again', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a'))
  const node = bench.database.find('/a')
  bench.apply(bench.delete('/a'))
  expect(bench.database.tree.nodes.hasPath(node, bytesOf('/a'), 0, 2)).toBe(false)
  bench.apply(bench.create('/b'))
  expect(bench.database.find('/b')).toBe(node)
  expect(bench.database.tree.nodes.hasPath(node, bytesOf('/a'), 0, 2)).toBe(false)
})

test('a snapshot that has come to a node goes on from there when the node gets a full record', () => {
  const bench = new Workbench()
  for (const name of ['a', 'b', 'c', 'd', 'e']) bench.apply(bench.create(`/${name}`, name))
  const snapshot = new SnapshotInProgress(bench.database)
  // One node a slice: after each of them the next one is changed, whichever it is.
  for (let i = 0; i < 3; i++) {
    snapshot.writeSlice(1)
    for (const name of ['a', 'b', 'c', 'd', 'e']) bench.apply(bench.setData(`/${name}`, `${name}${i}`))
  }
  const whole = snapshot.finish()
  expect(
    pathsIn(whole.nodes)
      .filter((path) => /^\/.$/.test(path))
      .sort(),
  ).toEqual(['/a', '/b', '/c', '/d', '/e'])
})

test('a restored node is compact if nobody had changed it, and full if anybody had', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/p'), bench.create('/p/plain', 'x'), bench.create('/p/changed', 'x'), bench.create('/p/acl', 'x'))
  bench.apply(bench.setData('/p/changed', 'y'), bench.setAcl('/p/acl', openAcl), bench.create('/p/null', null))
  const database = restore(new SnapshotInProgress(bench.database).finish())
  const compact = ['/p', '/p/plain', '/p/changed', '/p/acl', '/p/null'].filter((path) => isCompact(database.find(path)))
  expect(compact).toEqual(['/p/plain', '/p/null'])
  expect(describeDatabase(database)).toEqual(describeDatabase(bench.database))
  expect(database.digestMismatchCount).toBe(0)
})
