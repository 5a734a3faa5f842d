// Replay over a fuzzy snapshot: the tree that was loaded is, in parts, ahead of the transactions that are replayed. Each test
// is one row of the table of cases that must be tolerated; what a snapshot held is put into the tree by transactions.

import { type Acl, ErrorCode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { applyEntry, Workbench } from '../txn/workbench.ts'
import { closeSessionOf, createOf, createV0Entry, deleteOf, entry, SESSION, setAclOf, setDataOf } from './transactions.ts'
import { describeDatabase, expectSound } from './tree-description.ts'

const secret: readonly Acl[] = [{ perms: 31, scheme: 'digest', id: 'u:h' }]
const readable: readonly Acl[] = [{ perms: 1, scheme: 'world', id: 'anyone' }]

/** A tree to which these entries were applied. */
function after(...entries: Uint8Array[]): Workbench {
  const bench = new Workbench()
  for (const bytes of entries) applyEntry(bench.database, bytes)
  return bench
}

function replay(bench: Workbench, bytes: Uint8Array): number {
  applyEntry(bench.database, bytes)
  expectSound(bench.database)
  return bench.database.code
}

test('a create of a node that exists is passed over, but the node takes the ACL and the parent its version', () => {
  const bench = after(entry(9, createOf('/p', 1)), entry(10, createOf('/p/n', 1, { data: 'later', acl: secret })))
  const { czxid } = bench.stat('/p/n')
  expect(replay(bench, entry(5, createOf('/p/n', 7, { data: 'earlier', acl: readable })))).toBe(ErrorCode.NODE_EXISTS)
  expect(bench.database.node).toBe(0)
  expect([bench.data('/p/n'), bench.stat('/p/n').czxid]).toEqual(['later', czxid])
  expect(bench.acl('/p/n')).toEqual(readable)
  expect(bench.stat('/p')).toMatchObject({ cversion: 2 * 7 - 1, pzxid: 5, numChildren: 1 })
})

test.each([
  ['createContainer', Op.createContainer],
  ['createTTL', Op.createTTL],
] as const)('the same holds for %s', (_name, type) => {
  const bench = after(entry(9, createOf('/p', 1)), entry(10, createOf('/p/n', 1)))
  const txn = { path: '/p/n', data: null, acl: secret, parentCVersion: 4, ttl: 1000 }
  expect(replay(bench, entry(5, { type, txn }))).toBe(ErrorCode.NODE_EXISTS)
  expect(bench.acl('/p/n')).toEqual(secret)
  expect(bench.stat('/p').cversion).toBe(2 * 4 - 1)
  expect([bench.database.tree.containers.size, bench.database.tree.ttlNodes.size]).toEqual([0, 0])
})

test('the same holds inside of a multi, for each part by itself', () => {
  const bench = after(entry(9, createOf('/p', 1)), entry(10, createOf('/p/n', 1)))
  const multi = { type: Op.multi, parts: [createOf('/p/n', 3, { acl: secret }), createOf('/p/m', 4)] } as const
  expect(replay(bench, entry(12, multi))).toBe(ErrorCode.NODE_EXISTS)
  expect(bench.children('/p')).toEqual(['m', 'n'])
  expect([bench.acl('/p/n'), bench.stat('/p').cversion, bench.database.lastZxid]).toEqual([secret, 2 * 4 - 2, 12])
})

test('the parent’s version and pzxid are never lowered by an earlier create', () => {
  const bench = after(entry(9, createOf('/p', 1)), entry(10, createOf('/p/a', 1)), entry(11, createOf('/p/b', 2)))
  const before = bench.stat('/p')
  replay(bench, entry(5, createOf('/p/a', 1)))
  expect(bench.stat('/p')).toEqual(before)
  // A child that the snapshot lacks, because it was deleted later, comes back until its delete is replayed.
  replay(bench, entry(6, createOf('/p/c', 1)))
  expect(bench.stat('/p')).toMatchObject({ numChildren: 3, pzxid: 11, cversion: 1 })
  replay(bench, entry(7, deleteOf('/p/c')))
  expect(bench.stat('/p')).toEqual(before)
})

test('a create without its parent’s version raises the version by one, whether the node is there or not', () => {
  const bench = after(entry(1, createOf('/p', 1)))
  expect(replay(bench, createV0Entry(2, '/p/n'))).toBe(ErrorCode.OK)
  expect([bench.data('/p/n'), bench.stat('/p').cversion, bench.stat('/p').pzxid]).toEqual(['old', 1, 2])
  expect(replay(bench, createV0Entry(3, '/p/n'))).toBe(ErrorCode.NODE_EXISTS)
  expect(bench.stat('/p')).toMatchObject({ cversion: 3, pzxid: 3, numChildren: 1 })
})

test('changes of what is not there any more are passed over', () => {
  const bench = after(entry(9, createOf('/p', 1)))
  const before = describeDatabase(bench.database)
  expect(replay(bench, entry(3, createOf('/gone/n', 1, { acl: secret })))).toBe(ErrorCode.NO_NODE)
  expect(replay(bench, entry(4, setDataOf('/gone/n', 'x', 1)))).toBe(ErrorCode.NO_NODE)
  expect(replay(bench, entry(5, setAclOf('/gone/n', secret, 1)))).toBe(ErrorCode.NO_NODE)
  expect(replay(bench, entry(6, deleteOf('/gone/n')))).toBe(ErrorCode.NO_NODE)
  expect(describeDatabase(bench.database)).toEqual(before)
  expect(bench.database.lastZxid).toBe(9)
})

test('a delete of a child that is gone raises the parent’s pzxid, but never lowers it', () => {
  const bench = after(entry(1, createOf('/p', 1)), entry(5, createOf('/p/n', 1)))
  expect(replay(bench, entry(8, deleteOf('/p/gone')))).toBe(ErrorCode.NO_NODE)
  expect(bench.stat('/p')).toMatchObject({ pzxid: 8, cversion: 1, numChildren: 1 })
  replay(bench, entry(7, deleteOf('/p/gone')))
  replay(bench, entry(6, deleteOf('/p/n')))
  expect(bench.stat('/p')).toMatchObject({ pzxid: 8, cversion: 2, numChildren: 0 })
})

test('older data goes over newer data, until the newer comes again', () => {
  const bench = after(entry(1, createOf('/n', 1)), entry(8, setDataOf('/n', 'newer', 2)))
  const last = describeDatabase(bench.database)
  expect(replay(bench, entry(7, setDataOf('/n', 'older', 1)))).toBe(ErrorCode.OK)
  expect(bench.stat('/n')).toMatchObject({ version: 1, mzxid: 7, mtime: 70, dataLength: 5 })
  replay(bench, entry(8, setDataOf('/n', 'newer', 2)))
  expect(describeDatabase(bench.database)).toEqual(last)
})

test('an ephemeral node that another session made again stays with it, except where the list names it', () => {
  const later = SESSION + 1n
  const bench = after(entry(8, createOf('/e', 1, { isEphemeral: true }), { clientId: later }))
  replay(bench, entry(5, closeSessionOf([]), { clientId: SESSION }))
  expect(bench.stat('/e').ephemeralOwner).toBe(later)
  replay(bench, entry(6, closeSessionOf(['/e', '/gone']), { clientId: SESSION }))
  expect(bench.exists('/e')).toBe(false)
  expect(bench.database.tree.ephemerals.size).toBe(0)
  replay(bench, entry(8, createOf('/e', 1, { isEphemeral: true }), { clientId: later }))
  expect(bench.stat('/e').ephemeralOwner).toBe(later)
})

test('sessions are created and closed as often as the log says so', () => {
  const bench = after()
  const create = { type: Op.createSession, txn: { timeoutMs: 4000 } } as const
  for (const zxid of [1, 2]) replay(bench, entry(zxid, create))
  expect([...bench.database.sessions]).toEqual([[SESSION, 4000]])
  for (const zxid of [3, 4]) replay(bench, entry(zxid, closeSessionOf([])))
  expect(bench.database.sessions.size).toBe(0)
})

test('a node that was deleted and made again, with children, while the snapshot was written is deleted with them', () => {
  // The log: create /n (5), delete /n (6), create /n (7), /n/c (8), /n/c/d (9). The snapshot caught the last state.
  const log = [
    entry(5, createOf('/n', 1)),
    entry(6, deleteOf('/n')),
    entry(7, createOf('/n', 2)),
    entry(8, createOf('/n/c', 1, { isEphemeral: false, acl: secret })),
    entry(9, createOf('/n/c/d', 1, { isEphemeral: true })),
  ]
  const bench = after(...log)
  const last = describeDatabase(bench.database)
  for (const bytes of log) replay(bench, bytes)
  expect(describeDatabase(bench.database)).toEqual(last)
})

test('a quota counts what is there, not what is replayed', () => {
  const bench = after(
    entry(1, createOf('/q', 1)),
    entry(2, createOf('/zookeeper/quota/q', 1)),
    entry(3, createOf('/zookeeper/quota/q/zookeeper_limits', 1, { data: 'count=9,bytes=99' })),
    entry(4, createOf('/zookeeper/quota/q/zookeeper_stats', 2)),
    entry(9, createOf('/q/n', 1, { data: 'xxx' })),
  )
  const usage = (): string | null => bench.data('/zookeeper/quota/q/zookeeper_stats')
  replay(bench, entry(5, createOf('/q/n', 1, { data: 'yy' })))
  replay(bench, entry(6, setDataOf('/q/n', 'zzzz', 1)))
  expect(usage()).toBe('count=2,bytes=4')
  replay(bench, entry(7, deleteOf('/q/n')))
  replay(bench, entry(8, deleteOf('/q/n')))
  expect(usage()).toBe('count=1,bytes=0')
  replay(bench, entry(9, createOf('/q/n', 2, { data: 'xxx' })))
  expect(usage()).toBe('count=2,bytes=3')
})

test('the last zxid never goes back', () => {
  const bench = after(entry(9, createOf('/n', 1)))
  replay(bench, entry(5, createOf('/m', 1)))
  expect([bench.database.lastZxid, bench.database.appliedZxid]).toEqual([9, 5])
})
