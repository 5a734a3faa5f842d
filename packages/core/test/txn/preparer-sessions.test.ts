// Sessions as transactions: what createSession and closeSession carry, and which nodes go with a session.

import { ErrorCode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { describeDatabase, expectSound } from '../tree/tree-description.ts'
import { type Prepared, transactionOf, Workbench } from './workbench.ts'

/** The paths that a closeSession lists, null for one without a list. */
function listOf(prepared: Prepared): readonly string[] | null {
  const { body } = transactionOf(prepared)
  if (body.type !== Op.closeSession) throw new Error(`a closeSession, not a transaction of the type ${body.type}`)
  return body.txn?.paths ?? null
}

test('a session is created by a transaction of its own, with its timeout and without a request number', () => {
  const bench = new Workbench()
  const prepared = bench.createSession(0x0100000d7af30000n, 6000)
  expect(transactionOf(prepared)).toMatchObject({
    header: { clientId: 0x0100000d7af30000n, cxid: 0, zxid: 1, type: Op.createSession },
    body: { txn: { timeoutMs: 6000 } },
    digest: { treeDigest: 1371985504n },
  })
  bench.apply(prepared)
  expect([...bench.database.sessions]).toEqual([[0x0100000d7af30000n, 6000]])
})

test('A28: the nodes of a session go with it, in the order of their creation, and nothing else does', () => {
  const bench = new Workbench()
  bench.apply(bench.createSession(1n), bench.createSession(2n))
  bench.apply(bench.create('/p', '', 0, 1n), bench.create('/z', '', 1, 1n), bench.create('/a', '', 1, 1n))
  bench.apply(bench.create('/other', '', 1, 2n), bench.create('/p/n-', '', 3, 1n))
  const close = bench.closeSession(1n)
  expect(listOf(close)).toEqual(['/z', '/a', '/p/n-0000000000'])
  bench.apply(close)
  expect(bench.children('/')).toEqual(['other', 'p', 'zookeeper'])
  expect(bench.stat('/p')).toMatchObject({ numChildren: 0, cversion: 2, pzxid: close.header.zxid })
  expect([...bench.database.sessions.keys()]).toEqual([2n])
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('A27: a persistent node outlives the session that made it', () => {
  const bench = new Workbench()
  bench.apply(bench.createSession(1n), bench.create('/p'), bench.closeSession(1n))
  expect(bench.exists('/p')).toBe(true)
})

test('the list is made of what will be: pending creates are in it, pending deletes are not', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/applied', '', 1), bench.create('/deleted', '', 1), bench.create('/changed', '', 1))
  const pending = [
    bench.create('/pending', '', 1),
    bench.create('/brief', '', 1),
    bench.delete('/brief'),
    bench.delete('/deleted'),
    bench.setData('/changed', 'x'),
    bench.setData('/pending', 'y'),
  ]
  const close = bench.closeSession(1n)
  expect(listOf(close)).toEqual(['/applied', '/changed', '/pending'])
  bench.apply(...pending, close)
  expect(bench.children('/')).toEqual(['zookeeper'])
  expect(bench.database.digestMismatchCount).toBe(0)
  expect(bench.preparer.view.size).toBe(0)
})

test('a node that another session, or nobody, made again is not the first session’s any more', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/e', '', 1, 1n), bench.create('/f', '', 1, 1n), bench.create('/g', '', 1, 1n))
  const pending = [
    bench.delete('/e'),
    bench.create('/e', '', 1, 2n),
    bench.delete('/f'),
    bench.create('/f', '', 0, 2n),
    bench.delete('/g'),
    bench.create('/g', '', 1, 1n),
  ]
  const first = bench.closeSession(1n)
  expect(listOf(first)).toEqual(['/g'])
  const second = bench.closeSession(2n)
  expect(listOf(second)).toEqual(['/e'])
  bench.apply(...pending, first, second)
  expect(bench.children('/')).toEqual(['f', 'zookeeper'])
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('the close of a session that applied in part while it was prepared lists each node once', () => {
  const bench = new Workbench()
  const creates = [bench.create('/a', '', 1), bench.create('/b', '', 1), bench.setData('/a', 'x')]
  // The creates are applied, the change of /a is still pending.
  bench.apply(...creates.slice(0, 2))
  const close = bench.closeSession(1n)
  expect(listOf(close)?.toSorted()).toEqual(['/a', '/b'])
  bench.apply(...creates.slice(2), close)
  expect(bench.children('/')).toEqual(['zookeeper'])
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('the parent of a session’s nodes can be deleted right behind its close', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/p'), bench.create('/p/e', '', 1, 2n))
  const [close, deletion] = [bench.closeSession(2n), bench.delete('/p')]
  expect(deletion.code).toBe(ErrorCode.OK)
  bench.apply(close, deletion)
  expect(bench.exists('/p')).toBe(false)
})

test('a close without a list deletes the same nodes, and its digest is right', () => {
  const bench = new Workbench({}, { isCloseSessionListed: false })
  bench.apply(bench.createSession(1n), bench.create('/p'), bench.create('/p/e', '', 1), bench.create('/e', '', 1))
  const close = bench.closeSession(1n)
  expect(listOf(close)).toBeNull()
  expect(close.entry).toHaveLength(32 + 12)
  bench.apply(close)
  expect(bench.children('/')).toEqual(['p', 'zookeeper'])
  expect(bench.database.digestMismatchCount).toBe(0)
  expectSound(bench.database)
})

test('a list that is too long for a transaction is left out with all that would follow it, and the same nodes go', () => {
  const listMax = 4 + 3 * (4 + '/e0'.length)
  const bench = new Workbench({}, { closeSessionListMax: listMax })
  for (const [sessionId, names] of [
    [1n, ['/e0', '/e1', '/e2']],
    [2n, ['/f0', '/f1', '/f2', '/f3']],
  ] as const) {
    bench.apply(bench.createSession(sessionId))
    for (const name of names) bench.apply(bench.create(name, '', 1, sessionId))
  }
  const [listed, unlisted] = [bench.closeSession(1n), bench.closeSession(2n)]
  expect(listOf(listed)).toHaveLength(3)
  expect(unlisted.entry).toHaveLength(32)
  bench.apply(listed, unlisted, bench.create('/next'))
  expect(bench.children('/')).toEqual(['next', 'zookeeper'])
  expect(bench.database.digestMismatchCount).toBe(0)
  expectSound(bench.database)
})

test('the close of a session that nobody knows, and a second close, take a zxid and change nothing', () => {
  const bench = new Workbench()
  bench.apply(bench.createSession(1n), bench.closeSession(1n))
  const before = describeDatabase(bench.database)
  bench.apply(bench.closeSession(1n), bench.closeSession(77n))
  expect(describeDatabase(bench.database)).toEqual(before)
  expect(bench.database.lastZxid).toBe(4)
})

test('ephemeral nodes may be deleted by anyone who may delete there, and are then nobody’s', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/e', '', 1, 1n), bench.delete('/e'))
  expect(bench.database.tree.ephemerals.size).toBe(0)
  expect(listOf(bench.closeSession(1n))).toEqual([])
})

test('thousands of nodes of one session go in one transaction', () => {
  const bench = new Workbench()
  const count = 3000
  bench.apply(bench.create('/p'))
  const creates = Array.from({ length: count }, (_, i) => bench.create(`/p/${i}`, '', 1))
  bench.apply(...creates.slice(0, count / 2))
  const close = bench.closeSession(1n)
  expect(listOf(close)).toHaveLength(count)
  bench.apply(...creates.slice(count / 2), close)
  expect(bench.stat('/p')).toMatchObject({ numChildren: 0, cversion: 2 * count })
  expect(bench.database.digestMismatchCount).toBe(0)
  expect([bench.preparer.view.size, bench.database.tree.ephemeralCount]).toEqual([0, 0])
})
