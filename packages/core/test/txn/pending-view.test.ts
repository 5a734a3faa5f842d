// The view of the tree as it will be: what the preparer sees of transactions that are not applied yet.

import { CreateMode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { AssertionError } from '../../src/lib/assert.ts'
import { type Prepared, transactionOf, Workbench } from './workbench.ts'

const digestOf = (prepared: Prepared): bigint | undefined => transactionOf(prepared).digest?.treeDigest

test('a record stays until the last transaction that touched its node is applied', () => {
  const bench = new Workbench()
  const { view } = bench.preparer
  const [first, second, third] = [bench.create('/a'), bench.setData('/a', 'x'), bench.create('/b')] as const
  // The root, /a and /b.
  expect(view.size).toBe(3)
  bench.apply(first)
  expect(view.size).toBe(3)
  bench.apply(second)
  expect(view.size).toBe(2)
  bench.apply(third)
  expect(view.size).toBe(0)
})

test('transactions may be applied in leaps: all up to a zxid are done with it', () => {
  const bench = new Workbench()
  const prepared = [bench.create('/a'), bench.create('/a/b'), bench.setData('/a', 'x'), bench.delete('/a/b')]
  const { view } = bench.preparer
  for (const transaction of prepared) bench.database.apply(...applyArguments(transaction))
  view.applied(3)
  expect(view.size).toBe(2)
  view.applied(4)
  expect(view.size).toBe(0)
  expect(bench.treeDigest()).toBe(view.digest.toBigInt())
})

function applyArguments({ entry }: Prepared): [Uint8Array, DataView, number, number] {
  return [entry, new DataView(entry.buffer), 0, entry.length]
}

test('a node that is deleted and made again while both are pending begins anew', () => {
  const bench = new Workbench()
  bench.apply(
    bench.create('/a', 'old', 1, 5n),
    bench.setData('/a', 'older'),
    bench.setAcl('/a', [{ perms: 31, scheme: 'world', id: 'anyone' }]),
  )
  const prepared = [bench.delete('/a'), bench.create('/a', null, 0, 6n), bench.setData('/a', 'new', 0), bench.create('/a/child')]
  expect(prepared.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  bench.apply(...prepared)
  expect(bench.stat('/a')).toMatchObject({ czxid: 5, version: 1, aversion: 0, ephemeralOwner: 0n, cversion: 1, numChildren: 1 })
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('thousands of pending transactions are seen through, and leave nothing behind', () => {
  const bench = new Workbench()
  const usedBytes = bench.database.tree.nodes.slabs.usedBytes
  const prepared: Prepared[] = [bench.create('/q')]
  for (let i = 0; i < 2500; i++) prepared.push(bench.create('/q/n-', 'x', 2), bench.setData('/q', String(i)))
  for (let i = 0; i < 2500; i++) prepared.push(bench.delete(`/q/n-${String(i).padStart(10, '0')}`, 0))
  prepared.push(bench.delete('/q', 2500))
  expect(prepared.every(({ code }) => code === 0)).toBe(true)
  bench.apply(...prepared)
  expect(bench.preparer.view.size).toBe(0)
  expect(bench.database.tree.nodeCount).toBe(4)
  expect(bench.database.tree.nodes.slabs.usedBytes).toBe(usedBytes)
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('when nothing is pending the view is the tree, also after a change without a transaction', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/p'), bench.create('/p/e', '', 1, 5n))
  // What a start does with the ephemeral nodes of sessions that are gone.
  bench.database.deleteNode(bench.database.find('/p/e'), bench.database.lastZxid)
  const next = bench.create('/p/n')
  bench.apply(next)
  expect(digestOf(next)).toBe(bench.treeDigest())
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('the root is seen as it will be, too', () => {
  const bench = new Workbench()
  const prepared = [bench.setData('/', 'x'), bench.setData('/', 'y', 1), bench.create('/n-', '', 2), bench.create('/n-', '', 2)]
  expect(prepared.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  bench.apply(...prepared)
  expect(bench.children('/')).toEqual(['n-0000000000', 'n-0000000001', 'zookeeper'])
  expect(bench.stat('/')).toMatchObject({ version: 2, cversion: 1, numChildren: 3 })
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('the list of a pending ACL is kept until nobody refers to it', () => {
  const bench = new Workbench()
  const { acls } = bench.database
  const list = (id: string) => [{ perms: 31, scheme: 'digest', id }]
  const prepared = [bench.create('/a'), bench.setAcl('/a', list('u:1')), bench.create('/b', '', 0, 1n, list('u:1'))]
  expect(acls.size).toBe(2)
  bench.apply(...prepared)
  expect(acls.size).toBe(2)
  bench.identities = [{ scheme: 'digest', id: 'u:1' }]
  const replaced = [bench.setAcl('/a', list('u:2')), bench.delete('/b')]
  // Until it is applied, the tree's nodes still have the old one.
  expect(acls.size).toBe(3)
  bench.apply(...replaced)
  expect(acls.copy().map(({ acl }) => acl[0]?.id)).toEqual(['anyone', 'u:2'])
})

test('multis do not nest, and only one that has begun can end or be undone', () => {
  const { view } = new Workbench().preparer
  expect(() => view.endMulti()).toThrow(AssertionError)
  expect(() => view.undoMulti()).toThrow(AssertionError)
  view.beginMulti()
  expect(() => view.beginMulti()).toThrow(AssertionError)
  view.endMulti()
})

test('a request that fails is not seen by those behind it', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a'))
  const failed = [bench.create('/a/b/c'), bench.setData('/a', 'x', 7), bench.delete('/zookeeper'), bench.create('/a')]
  expect(failed.every(({ code }) => code !== 0)).toBe(true)
  expect(bench.preparer.view.size).toBe(0)
  const multi = bench.multi({ op: Op.check, request: { path: '/a', version: 0 } })
  expect(transactionOf(multi).body).toMatchObject({ parts: [{ type: Op.check, txn: { version: 1 } }] })
  expect(bench.preparer.view.size).toBe(0)
})

test('a multi that fails after it would have deleted a node gives back the path that the deletion had taken', () => {
  const bench = new Workbench()
  const path = `/${'long-enough-to-be-seen'.repeat(10)}`
  bench.apply(bench.create(path))
  const { slabs } = bench.database.tree.nodes
  const usedBytes = slabs.usedBytes
  const pending = bench.setData(path, '')
  const failed = bench.multi(
    { op: Op.delete, request: { path, version: -1 } },
    { op: Op.check, request: { path: '/missing', version: -1 } },
  )
  expect(bench.preparer.view.size).toBe(1)
  bench.apply(pending, failed)
  expect(slabs.usedBytes).toBe(usedBytes)
  expect(bench.run(bench.delete(path))).toBe(0)
})

test('an ephemeral node that is applied while a later change of it is pending goes once with its session', () => {
  const bench = new Workbench()
  const created = bench.create('/e', 'd', CreateMode.ephemeral, 7n)
  const changed = bench.setData('/e', 'later')
  bench.apply(created)
  const closed = bench.closeSession(7n)
  expect(transactionOf(closed).body).toEqual({ type: Op.closeSession, txn: { paths: ['/e'] } })
  bench.apply(changed, closed)
  expect(bench.exists('/e')).toBe(false)
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('a path that was borrowed from the tree outlives the node that it was borrowed from', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a', 'first'))
  const deleted = bench.delete('/a')
  const again = bench.create('/a', 'second')
  bench.apply(deleted)
  // Another path takes the place of what was freed.
  const other = bench.create('/b')
  const changed = bench.setData('/a', 'third')
  bench.apply(again, other, changed)
  expect([bench.data('/a'), bench.database.digestMismatchCount]).toEqual(['third', 0])
})
