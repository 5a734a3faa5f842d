// Creating nodes: the checks in their order, the kinds of nodes, sequence numbers. Each row of the table of checks is pinned by
// a request that passes all checks before it and fails it, and, where that is possible, a later one, too.

import { type Acl, CreateMode, ErrorCode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import {
  CONTENT_CRC,
  KIND_CONTAINER,
  KIND_EPHEMERAL,
  KIND_PERSISTENT,
  KIND_TTL,
  STORED_OWNER,
} from '../../src/tree/node-fields.ts'
import { bytesOf, openAcl, type Prepared, transactionOf, Workbench, type Write } from './workbench.ts'

const readOnly: readonly Acl[] = [{ perms: 1, scheme: 'world', id: 'anyone' }]

interface CreateFields {
  readonly op?: 1 | 15 | 19
  readonly path?: string | null
  readonly data?: Uint8Array | null
  readonly acl?: readonly Acl[] | null
  readonly flags?: number
}

const createWrite = ({ op = Op.create, path = '/new', data = null, acl = openAcl, flags = 0 }: CreateFields): Write => ({
  op,
  request: { path, data, acl, flags },
})

const ttlWrite = (flags: number, ttl: number, path = '/new', acl: readonly Acl[] = openAcl): Write => ({
  op: Op.createTTL,
  request: { path, data: null, acl, flags, ttl },
})

/** A tree with an open node, one without any permission but to read, an ephemeral one and one with a full quota below it. */
function furnished(...options: ConstructorParameters<typeof Workbench>): Workbench {
  const bench = new Workbench(...options)
  bench.apply(bench.create('/a'), bench.create('/closed', '', 0, 1n, readOnly), bench.create('/e', '', 1))
  bench.apply(bench.create('/zookeeper/quota/e'))
  bench.apply(bench.create('/zookeeper/quota/e/zookeeper_limits', 'count=-1,bytes=-1=;countHardLimit=1'))
  bench.apply(bench.create('/zookeeper/quota/e/zookeeper_stats', ''))
  return bench
}

const kindOf = (bench: Workbench, path: string): number => bench.database.tree.nodes.kind(bench.database.find(path))
const ownerOf = (bench: Workbench, path: string): bigint =>
  bench.database.tree.nodes.getLong(bench.database.find(path), STORED_OWNER)

function pathOf(prepared: Prepared): string | null {
  const { body } = transactionOf(prepared)
  return 'txn' in body && body.txn !== null && 'path' in body.txn ? body.txn.path : null
}

// --- the order of the checks -------------------------------------------------------------------

test.each<[row: string, write: Write, code: number]>([
  ['1: the path is null, after the flags', createWrite({ path: null, flags: 9 }), ErrorCode.BAD_ARGUMENTS],
  ['1: the path is null, after the mode', createWrite({ path: null, flags: 5 }), ErrorCode.BAD_ARGUMENTS],
  ['1: the path is null, before the ACL', createWrite({ path: null, acl: [] }), ErrorCode.MARSHALLING_ERROR],
  ['2: no such flags, before the ACL', createWrite({ flags: 7, acl: [] }), ErrorCode.BAD_ARGUMENTS],
  ['2: no such flags, before the parent', createWrite({ flags: -1, path: '/gone/x' }), ErrorCode.BAD_ARGUMENTS],
  ['4: a TTL of 0, before the ACL', ttlWrite(5, 0, '/new', []), ErrorCode.BAD_ARGUMENTS],
  ['4: a TTL below 0', ttlWrite(6, -1), ErrorCode.BAD_ARGUMENTS],
  ['4: a TTL that is too long, before the parent', ttlWrite(5, 1099511627776, '/gone/x'), ErrorCode.BAD_ARGUMENTS],
  ['4: a mode with a TTL through create', createWrite({ flags: 5, acl: [] }), ErrorCode.BAD_ARGUMENTS],
  ['4: a mode with a TTL through create2', createWrite({ op: Op.create2, flags: 6 }), ErrorCode.BAD_ARGUMENTS],
  ['4: a TTL for a mode that has none', ttlWrite(0, 60000), ErrorCode.BAD_ARGUMENTS],
  ['4: createTTL without a TTL', ttlWrite(0, -1, '/new', []), ErrorCode.BAD_ARGUMENTS],
  ['4: createTTL of a container', ttlWrite(4, -1), ErrorCode.BAD_ARGUMENTS],
  ['4: createContainer of what is none', createWrite({ op: Op.createContainer, flags: 0 }), ErrorCode.BAD_ARGUMENTS],
  ['6: no slash in the path, before the ACL', createWrite({ path: 'new', acl: [] }), ErrorCode.BAD_ARGUMENTS],
  ['6: an empty path, before the ACL', createWrite({ path: '', acl: [] }), ErrorCode.BAD_ARGUMENTS],
  ['6: NUL in the path, before the parent', createWrite({ path: '/gone/\0' }), ErrorCode.BAD_ARGUMENTS],
  ['7: an empty ACL, before the parent', createWrite({ path: '/gone/x', acl: [] }), ErrorCode.INVALID_ACL],
  ['7: no ACL', createWrite({ acl: null }), ErrorCode.INVALID_ACL],
  ['7: an unknown scheme', createWrite({ acl: [{ perms: 31, scheme: 'nope', id: 'x' }] }), ErrorCode.INVALID_ACL],
  ['8: no parent, before the path is looked at', createWrite({ path: '/gone//x' }), ErrorCode.NO_NODE],
  ['8: no parent, of a path without a leading slash', createWrite({ path: 'a/b' }), ErrorCode.NO_NODE],
  ['9: no permission, before the path is looked at', createWrite({ path: '/closed/' }), ErrorCode.NO_AUTH],
  ['9: no permission, before the node is looked for', createWrite({ path: '/zookeeper/config/x' }), ErrorCode.NO_AUTH],
  ['10: a slash at the end, before the ephemeral parent', createWrite({ path: '/e/' }), ErrorCode.BAD_ARGUMENTS],
  ['10: a path that is not valid', createWrite({ path: '/a/..' }), ErrorCode.BAD_ARGUMENTS],
  ['11: the node is there', createWrite({ path: '/a' }), ErrorCode.NODE_EXISTS],
  ['11: the root is there', createWrite({ path: '/' }), ErrorCode.NODE_EXISTS],
  ['12: the parent is ephemeral, before the quota', createWrite({ path: '/e/x' }), ErrorCode.NO_CHILDREN_FOR_EPHEMERALS],
])('a create is refused by the first check that it fails; %s', (_row, write, code) => {
  const bench = furnished()
  const before = bench.treeDigest()
  const prepared = bench.write(write)
  expect(prepared.code).toBe(code)
  // An error has a zxid and a transaction of its own, without a digest, and changes nothing.
  expect(transactionOf(prepared).body).toEqual({ type: Op.error, txn: { err: code } })
  expect(prepared.entry).toHaveLength(36)
  bench.apply(prepared)
  expect(bench.database.code).toBe(code)
  expect(bench.database.lastZxid).toBe(prepared.header.zxid)
  expect(bench.treeDigest()).toBe(before)
  expect(bench.preparer.view.size).toBe(0)
})

test.each<[row: string, write: Write, code: number]>([
  ['before the TTL', ttlWrite(5, 0), ErrorCode.UNIMPLEMENTED],
  ['before the path', ttlWrite(6, 1000, 'new'), ErrorCode.UNIMPLEMENTED],
  ['through create', createWrite({ flags: 5 }), ErrorCode.UNIMPLEMENTED],
  ['but flags that do not exist come first', createWrite({ flags: 7 }), ErrorCode.BAD_ARGUMENTS],
])('modes with a TTL are unimplemented while extended types are off, %s', (_row, write, code) => {
  expect(furnished({ areExtendedTypesEnabled: false }).write(write).code).toBe(code)
})

test('containers need no extended types', () => {
  const bench = new Workbench({ areExtendedTypesEnabled: false })
  expect(bench.run(bench.create('/c', '', 4))).toBe(0)
})

test('a record that is cut short anywhere is malformed, and takes a zxid all the same', () => {
  const bench = new Workbench()
  let whole: Uint8Array = new Uint8Array(0)
  bench.prepare(Op.createTTL, (out) => {
    const record = { path: '/t', data: bytesOf('x'), acl: [{ perms: 31, scheme: 'digest', id: 'a:b' }], flags: 5, ttl: 1 }
    out.writeString(record.path)
    out.writeBuffer(record.data)
    out.writeInt(1)
    out.writeInt(31)
    out.writeString('digest')
    out.writeString('a:b')
    out.writeInt(record.flags)
    out.writeNumber(record.ttl)
    whole = out.toBytes()
  })
  for (let length = 0; length < whole.length; length++) {
    const zxid = bench.preparer.lastZxid
    const cut = bench.prepare(Op.createTTL, (out) => out.writeBytes(whole.subarray(0, length)))
    expect(cut.code).toBe(ErrorCode.MARSHALLING_ERROR)
    expect(cut.header).toMatchObject({ type: Op.error, zxid: zxid + 1 })
  }
  expect(bench.prepare(Op.createTTL, (out) => out.writeBytes(whole)).code).toBe(ErrorCode.NODE_EXISTS)
})

// --- kinds of nodes ----------------------------------------------------------------------------

test('A26: persistent, ephemeral and both of them sequential: the owner is 0 or the session', () => {
  const bench = new Workbench()
  const session = 0x0100000d7af30000n
  bench.apply(bench.create('/q'))
  for (const [flags, prefix, path, owner] of [
    [CreateMode.persistent, '/q/p', '/q/p', 0n],
    [CreateMode.ephemeral, '/q/e', '/q/e', session],
    [CreateMode.persistentSequential, '/q/p-', '/q/p-0000000002', 0n],
    [CreateMode.ephemeralSequential, '/q/e-', '/q/e-0000000003', session],
  ] as const) {
    const prepared = bench.create(prefix, '', flags, session)
    bench.apply(prepared)
    expect(pathOf(prepared)).toBe(path)
    expect(bench.stat(path).ephemeralOwner).toBe(owner)
  }
})

test('A44: an ephemeral node shows its session, every other kind of node shows 0', () => {
  const bench = new Workbench()
  const session = -0x0123456789abcdefn
  bench.apply(bench.create('/e', '', 1, session), bench.create('/p', '', 0, session), bench.create('/c', '', 4, session))
  bench.apply(bench.createTtl('/t', '', 60000))
  expect(['/e', '/p', '/c', '/t'].map((path) => bench.stat(path).ephemeralOwner)).toEqual([session, 0n, 0n, 0n])
  expect(['/e', '/p', '/c', '/t'].map((path) => kindOf(bench, path))).toEqual([
    KIND_EPHEMERAL,
    KIND_PERSISTENT,
    KIND_CONTAINER,
    KIND_TTL,
  ])
  expect(ownerOf(bench, '/c')).toBe(-(1n << 63n))
  expect(ownerOf(bench, '/t')).toBe(BigInt.asIntN(64, 0xff0000000000ea60n))
})

test('the opcode of a request decides about containers: create with the flags of one makes a persistent node', () => {
  const bench = new Workbench()
  bench.apply(
    bench.write(createWrite({ path: '/a', flags: 4 })),
    bench.write(createWrite({ op: Op.create2, path: '/b', flags: 4 })),
  )
  bench.apply(bench.write(createWrite({ op: Op.createContainer, path: '/c', flags: 4 })))
  expect(['/a', '/b', '/c'].map((path) => kindOf(bench, path))).toEqual([KIND_PERSISTENT, KIND_PERSISTENT, KIND_CONTAINER])
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('the shortest and the longest TTL are accepted, with and without a sequence number', () => {
  const bench = new Workbench()
  bench.apply(bench.write(ttlWrite(5, 1, '/short')), bench.write(ttlWrite(6, 1099511627775, '/long')))
  expect(ownerOf(bench, '/short')).toBe(BigInt.asIntN(64, 0xff00000000000001n))
  expect(ownerOf(bench, '/long0000000001')).toBe(BigInt.asIntN(64, 0xff0000ffffffffffn))
  expect([...bench.database.tree.ttlNodes]).toHaveLength(2)
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('A25, A45: null data is not empty data, and both have the length 0; other data is counted in bytes', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/null', null), bench.create('/empty', ''), bench.create('/text', 'é€😀'))
  expect([bench.data('/null'), bench.data('/empty'), bench.data('/text')]).toEqual([null, '', 'é€😀'])
  expect([bench.stat('/null').dataLength, bench.stat('/empty').dataLength, bench.stat('/text').dataLength]).toEqual([0, 0, 9])
  expect(transactionOf(bench.create('/null2', null)).body).toMatchObject({ txn: { data: null } })
})

test('A29: an ephemeral node may not have children of any kind', () => {
  const bench = furnished()
  for (const flags of [0, 1, 2, 3]) expect(bench.create('/e/x', '', flags as CreateMode).code).toBe(-108)
  expect(bench.create('/e/c', '', 4).code).toBe(-108)
  expect(bench.createTtl('/e/t', '', 1).code).toBe(-108)
})

test('ephemeral nodes may be made below containers and TTL nodes', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/c', '', 4), bench.createTtl('/t', '', 1000))
  expect(bench.run(bench.create('/c/e', '', 1))).toBe(0)
  expect(bench.run(bench.create('/t/e', '', 1))).toBe(0)
})

test('A33: a second node of the same name is refused, whatever kind it is to be', () => {
  const bench = furnished()
  for (const flags of [0, 1] as const) expect(bench.create('/a', '', flags).code).toBe(ErrorCode.NODE_EXISTS)
  expect(bench.create('/a', '', 4).code).toBe(ErrorCode.NODE_EXISTS)
})

test('A36, A37, A38: czxid and mzxid are those of the creating transaction, the times its own', () => {
  const bench = new Workbench()
  bench.timeMs = 1700000000123
  bench.apply(bench.create('/first'), bench.create('/n', 'abc'))
  expect(bench.stat('/n')).toEqual({
    ...{ czxid: 2, mzxid: 2, pzxid: 2, ctime: 1700000000123, mtime: 1700000000123 },
    ...{ version: 0, cversion: 0, aversion: 0, ephemeralOwner: 0n, dataLength: 3, numChildren: 0 },
  })
})

test('the transaction carries what was decided: final path, stored ACL, the counter of the parent, session and time', () => {
  const bench = new Workbench()
  bench.identities = [{ scheme: 'digest', id: 'alice:hash' }]
  bench.timeMs = 77
  const auth = { perms: 31, scheme: 'auth', id: '' }
  const request = createWrite({ op: Op.create2, path: '/s-', data: bytesOf('d'), acl: [auth, auth], flags: 3 })
  const { header, body, digest } = transactionOf(bench.write(request, 9n))
  expect(header).toEqual({ clientId: 9n, cxid: 1, zxid: 1, time: 77, type: Op.create2 })
  const acl = [{ perms: 31, scheme: 'digest', id: 'alice:hash' }]
  expect(body).toEqual({
    type: Op.create2,
    txn: { path: '/s-0000000000', data: bytesOf('d'), acl, ephemeral: true, parentCVersion: 1 },
  })
  expect(digest?.version).toBe(2)
})

// --- sequence numbers --------------------------------------------------------------------------

test('A31: the suffix is ten digits, padded with zeros, from 0', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/tasks'))
  expect(pathOf(bench.create('/tasks/task-', 'cmd', 2))).toBe('/tasks/task-0000000000')
})

test('A30: numbers rise with each creation under the parent, deletes do not take them back', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/q'))
  const next = (prefix = '/q/n-'): string | null => {
    const prepared = bench.create(prefix, '', 2)
    bench.apply(prepared)
    return pathOf(prepared)
  }
  expect([next(), next(), next()]).toEqual(['/q/n-0000000000', '/q/n-0000000001', '/q/n-0000000002'])
  bench.apply(bench.delete('/q/n-0000000002'))
  expect(next()).toBe('/q/n-0000000003')
  // The counter is the parent's: other names and nodes without a number count, too.
  expect(next('/q/other-')).toBe('/q/other-0000000004')
  bench.apply(bench.create('/q/plain'))
  expect(next('/q/')).toBe('/q/0000000006')
})

test('A32: requests that are on their way get numbers in the order of their zxids', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/q'))
  const prepared = Array.from({ length: 100 }, (_, i) => bench.create('/q/n-', '', i % 2 === 0 ? 2 : 3, BigInt(i)))
  bench.apply(...prepared)
  const names = bench.children('/q')
  expect(names).toHaveLength(100)
  const zxids = names.map((name) => bench.stat(`/q/${name}`).czxid)
  expect(zxids).toEqual([...zxids].sort((left, right) => left - right))
  expect(names.at(-1)).toBe('n-0000000099')
})

test('a refused create takes no number, one that failed for its sequence number least of all', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/q'), bench.create('/q/n-0000000001'))
  expect(bench.create('/q/n-', '', 2).code).toBe(ErrorCode.NODE_EXISTS)
  expect(bench.create('/q/n-', '', 2).code).toBe(ErrorCode.NODE_EXISTS)
  expect(pathOf(bench.create('/q/m-', '', 2))).toBe('/q/m-0000000001')
})

test('at the end of the numbers a prefix can be used once more while creates are pending, and then no more', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/q'))
  const { tree } = bench.database
  const node = tree.expand(bench.database.find('/q'))
  tree.nodes.setChildren(node, 2147483647, 0)
  tree.refreshDigest(node)
  const last = bench.create('/q/n-', '', 2)
  expect(pathOf(last)).toBe('/q/n-2147483647')
  expect(transactionOf(last).body).toMatchObject({ txn: { parentCVersion: -2147483648 } })
  bench.apply(last)
  expect(bench.database.digestMismatchCount).toBe(0)
  const stat = bench.stat('/q')
  // The counter does not fall, and the list's zxid does not move with it.
  expect([stat.cversion, stat.numChildren, stat.pzxid]).toEqual([-3, 1, 1])
  expect(bench.create('/q/n-', '', 2).code).toBe(ErrorCode.NODE_EXISTS)
  expect(pathOf(bench.create('/q/m-', '', 2))).toBe('/q/m-2147483647')
  expect(bench.create('/q/plain').code).toBe(0)
})
