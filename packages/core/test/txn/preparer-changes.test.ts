// delete, setData, setACL, check and deleteContainer: the order of their checks, and what each changes.

import { type Acl, ErrorCode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { ACL_ID } from '../../src/tree/node-fields.ts'
import { bytesOf, codesOf, openAcl, type Prepared, transactionOf, Workbench, type Write } from './workbench.ts'

const readOnly: readonly Acl[] = [{ perms: 1, scheme: 'world', id: 'anyone' }]
const nobody: readonly Acl[] = [{ perms: 31, scheme: 'digest', id: 'nobody:hash' }]

/** An open node with a child, a closed node with a child, an ephemeral one, and one below a quota of bytes that is full. */
function furnished(): Workbench {
  const bench = new Workbench()
  bench.apply(bench.create('/a'), bench.create('/a/b'), bench.create('/closed'), bench.create('/closed/b'))
  bench.apply(bench.setAcl('/closed', nobody), bench.setAcl('/closed/b', nobody), bench.create('/e', '', 1))
  bench.apply(bench.create('/full', 'xxx'), bench.create('/zookeeper/quota/full'))
  bench.apply(bench.create('/zookeeper/quota/full/zookeeper_limits', 'count=-1,bytes=-1=;byteHardLimit=3'))
  bench.apply(bench.create('/zookeeper/quota/full/zookeeper_stats', ''))
  return bench
}

const deletion = (path: string | null, version = -1): Write => ({ op: Op.delete, request: { path, version } })
const change = (path: string | null, data = 'x', version = -1): Write => ({
  op: Op.setData,
  request: { path, data: bytesOf(data), version },
})
const aclChange = (path: string | null, acl: readonly Acl[] | null = openAcl, version = -1): Write => ({
  op: Op.setACL,
  request: { path, acl, version },
})
const check = (path: string | null, version = -1): Write => ({
  op: Op.multi,
  parts: [{ op: Op.check, request: { path, version } }],
})

test.each<[row: string, write: Write, code: number]>([
  ['delete 1: the path is null', deletion(null), ErrorCode.MARSHALLING_ERROR],
  ['delete 3: no slash', deletion('a'), ErrorCode.BAD_ARGUMENTS],
  ['delete 3: an empty path', deletion(''), ErrorCode.BAD_ARGUMENTS],
  ['delete 3: NUL, before the parent', deletion('/gone/\0'), ErrorCode.BAD_ARGUMENTS],
  ['delete 3: the root', deletion('/'), ErrorCode.BAD_ARGUMENTS],
  ['delete 3: /zookeeper, before the children', deletion('/zookeeper'), ErrorCode.BAD_ARGUMENTS],
  ['delete 3: /zookeeper/quota, before the version', deletion('/zookeeper/quota', 9), ErrorCode.BAD_ARGUMENTS],
  ['delete 3: /zookeeper/config', deletion('/zookeeper/config'), ErrorCode.BAD_ARGUMENTS],
  ['delete 4: no parent', deletion('/gone/x'), ErrorCode.NO_NODE],
  ['delete 4: no parent, of a path that could never be', deletion('a/b'), ErrorCode.NO_NODE],
  ['delete 5: no permission on the parent, before the node', deletion('/closed/gone'), ErrorCode.NO_AUTH],
  ['delete 5: no permission on the parent, before the version', deletion('/closed/b', 9), ErrorCode.NO_AUTH],
  ['delete 6: no node', deletion('/a/gone', 9), ErrorCode.NO_NODE],
  ['delete 6: no node where the path is not valid', deletion('/a/', 9), ErrorCode.NO_NODE],
  ['delete 6: no node at two slashes', deletion('//'), ErrorCode.NO_NODE],
  ['delete 7: another version, before the children', deletion('/a', 1), ErrorCode.BAD_VERSION],
  ['delete 8: children', deletion('/a', 0), ErrorCode.NOT_EMPTY],
  ['setData: a null path is one that is not valid', change(null), ErrorCode.BAD_ARGUMENTS],
  ['setData: an empty path', change(''), ErrorCode.BAD_ARGUMENTS],
  ['setData: a path that is not valid', change('/a/'), ErrorCode.BAD_ARGUMENTS],
  ['setData: a path that is not valid, below nothing', change('/gone//x'), ErrorCode.BAD_ARGUMENTS],
  ['setData: no node', change('/gone', '', 9), ErrorCode.NO_NODE],
  ['setData: no permission, before the quota and the version', change('/closed', 'x', 9), ErrorCode.NO_AUTH],
  ['setData: over the quota, before the version', change('/full', 'xxxx', 9), ErrorCode.QUOTA_EXCEEDED],
  ['setData: another version', change('/full', 'x', 9), ErrorCode.BAD_VERSION],
  ['setACL: a null path is one that is not valid', aclChange(null), ErrorCode.BAD_ARGUMENTS],
  ['setACL: a path that is not valid, before the ACL', aclChange('/a//', []), ErrorCode.BAD_ARGUMENTS],
  ['setACL: an empty ACL, before the node', aclChange('/gone', []), ErrorCode.INVALID_ACL],
  ['setACL: no ACL, before the node', aclChange('/gone', null), ErrorCode.INVALID_ACL],
  ['setACL: no node, before the version', aclChange('/gone', openAcl, 9), ErrorCode.NO_NODE],
  ['setACL: no permission, before the version', aclChange('/closed', openAcl, 9), ErrorCode.NO_AUTH],
  ['setACL: another version', aclChange('/a', openAcl, 9), ErrorCode.BAD_VERSION],
  ['check: a path that is not valid', check('/a/'), ErrorCode.BAD_ARGUMENTS],
  ['check: an empty path', check(''), ErrorCode.BAD_ARGUMENTS],
  ['check: no node', check('/gone', 9), ErrorCode.NO_NODE],
  ['check: no permission, before the version', check('/closed', 9), ErrorCode.NO_AUTH],
  ['check: another version', check('/a', 9), ErrorCode.BAD_VERSION],
])('a write is refused by the first check that it fails; %s', (_row, write, code) => {
  const bench = furnished()
  const before = bench.treeDigest()
  const prepared = bench.write(write)
  expect(codesOf(prepared)).toEqual([code])
  bench.apply(prepared)
  expect(bench.database.code).toBe(code)
  expect(bench.treeDigest()).toBe(before)
  expect(bench.preparer.view.size).toBe(0)
  expect(bench.database.digestMismatchCount).toBe(0)
})

test.each([
  ['delete', Op.delete, deletion('/a/b', 0)],
  ['setData', Op.setData, change('/a/b', 'data', 0)],
  ['setACL', Op.setACL, aclChange('/a/b', readOnly, 0)],
])('a record of %s that is cut short anywhere is malformed', (_name, op, write) => {
  const bench = furnished()
  let whole: Uint8Array = new Uint8Array(0)
  bench.prepare(op, (out) => {
    if (write.op === Op.delete) out.writeString('/a/b')
    if (write.op === Op.setData) {
      out.writeString('/a/b')
      out.writeBuffer(bytesOf('data'))
    }
    if (write.op === Op.setACL) {
      out.writeString('/a/b')
      out.writeInt(1)
      out.writeInt(1)
      out.writeString('world')
      out.writeString('anyone')
    }
    out.writeInt(0)
    whole = out.toBytes()
  })
  for (let length = 0; length < whole.length; length++) {
    const cut = bench.prepare(op, (out) => out.writeBytes(whole.subarray(0, length)))
    expect(cut.code).toBe(ErrorCode.MARSHALLING_ERROR)
  }
})

test('bytes behind the record do not matter', () => {
  const bench = furnished()
  const prepared = bench.prepare(Op.delete, (out) => {
    out.writeString('/a/b')
    out.writeInt(-1)
    out.writeString('more')
  })
  expect(bench.run(prepared)).toBe(0)
  expect(bench.exists('/a/b')).toBe(false)
})

// --- effects -----------------------------------------------------------------------------------

test('A42, A56: the version begins at 0 and rises by one with each change of the data', () => {
  const bench = furnished()
  expect(bench.stat('/a').version).toBe(0)
  for (const data of ['1', '1', null]) bench.apply(bench.setData('/a', data))
  expect(bench.stat('/a').version).toBe(3)
  expect(bench.data('/a')).toBeNull()
})

test('A37, A38: a change of the data moves mzxid and mtime, nothing else; a change among the children neither', () => {
  const bench = furnished()
  const before = bench.stat('/a')
  bench.timeMs = 5000
  const change = bench.setData('/a', 'four')
  bench.apply(change)
  const after = { ...before, mzxid: change.header.zxid, mtime: 5000, version: 1, dataLength: 4 }
  expect(bench.stat('/a')).toEqual(after)
  bench.timeMs = 6000
  bench.apply(bench.create('/a/c'), bench.setData('/a/b', 'x'))
  expect(bench.stat('/a')).toMatchObject({ mzxid: after.mzxid, mtime: 5000, version: 1, ctime: before.ctime })
})

test('A40, A41, A46: pzxid and cversion move when a child comes or goes, not when one changes', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/a'))
  const three = ['/a/1', '/a/2', '/a/3'].map((path) => bench.create(path))
  bench.apply(...three)
  expect(bench.stat('/a')).toMatchObject({ cversion: 3, numChildren: 3, pzxid: three[2]?.header.zxid })
  const two = [bench.delete('/a/1'), bench.delete('/a/3')]
  bench.apply(...two)
  expect(bench.stat('/a')).toMatchObject({ cversion: 5, numChildren: 1, pzxid: two[1]?.header.zxid })
  bench.apply(bench.setData('/a/2', 'x'), bench.setAcl('/a/2', readOnly), bench.create('/a/2/deeper'))
  expect(bench.stat('/a')).toMatchObject({ cversion: 5, numChildren: 1, pzxid: two[1]?.header.zxid, version: 0 })
  expect(bench.children('/a')).toEqual(['2'])
})

test('A43: aversion rises with each change of the ACL, which changes nothing else', () => {
  const bench = furnished()
  const before = bench.stat('/a')
  bench.timeMs = 9999
  bench.apply(bench.setAcl('/a', openAcl), bench.setAcl('/a', readOnly, 1))
  expect(bench.stat('/a')).toEqual({ ...before, aversion: 2 })
  expect(bench.acl('/a')).toEqual(readOnly)
})

test('A48: a node has the ACL world:anyone with all permissions unless it was made with another', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/n'), bench.create('/r', '', 0, 1n, readOnly))
  expect(bench.acl('/n')).toEqual([{ perms: 31, scheme: 'world', id: 'anyone' }])
  expect(bench.acl('/r')).toEqual(readOnly)
})

test('A57, A58: of two writers who saw the same version, the second is refused', () => {
  const bench = furnished()
  bench.apply(bench.setData('/a', '1'))
  const [first, second] = [bench.setData('/a', '2', 1), bench.setData('/a', '3', 1)]
  expect([first.code, second.code]).toEqual([0, ErrorCode.BAD_VERSION])
  bench.apply(first, second)
  expect([bench.data('/a'), bench.stat('/a').version]).toEqual(['2', 2])
  expect(bench.delete('/a/b', 1).code).toBe(ErrorCode.BAD_VERSION)
  expect(bench.delete('/a/b', 0).code).toBe(0)
})

test.each([
  [2147483647, -2147483648],
  [-2, -1],
  [-1, 0],
])('the version after %i is %i', (version, next) => {
  const bench = furnished()
  const { tree } = bench.database
  bench.database.tree.setData(bytesOf('/a'), 0, 2, 0, 0, version, 9, 9)
  tree.setAcl(bytesOf('/a'), 0, 2, tree.nodes.getInt(bench.database.find('/a'), ACL_ID), version)
  expect(bench.run(bench.setData('/a', 'x', version))).toBe(0)
  expect(bench.stat('/a').version).toBe(next)
  expect(bench.run(bench.setAcl('/a', openAcl, version))).toBe(0)
  expect(bench.stat('/a').aversion).toBe(next)
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('a version of -1 is any version, also that of a node whose version is -1', () => {
  const bench = furnished()
  bench.database.tree.setData(bytesOf('/a'), 0, 2, 0, 0, -1, 9, 9)
  expect(bench.setData('/a', 'x', 0).code).toBe(ErrorCode.BAD_VERSION)
  expect(bench.setData('/a', 'x', -1).code).toBe(0)
})

test('A34: a node with children is not deleted until they are gone, pending or applied', () => {
  const bench = furnished()
  expect(bench.delete('/a').code).toBe(ErrorCode.NOT_EMPTY)
  const [child, parent] = [bench.delete('/a/b'), bench.delete('/a')]
  expect([child.code, parent.code]).toEqual([0, 0])
  const late = bench.create('/a/c')
  expect(late.code).toBe(ErrorCode.NO_NODE)
  bench.apply(child, parent, late)
  expect(bench.exists('/a')).toBe(false)
})

test('A249: setting the data of a child that was never created is no node, and works once it is', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/tasks'), bench.create('/tasks/task-', 'cmd', 2))
  expect(bench.setData('/tasks/task-0000000000/status', 'done').code).toBe(ErrorCode.NO_NODE)
  bench.apply(bench.create('/tasks/task-0000000000/status'))
  expect(bench.setData('/tasks/task-0000000000/status', 'done').code).toBe(0)
})

test('the data of the root and of /zookeeper can be set, that of the configuration not', () => {
  const bench = new Workbench()
  expect(bench.run(bench.setData('/', 'root'))).toBe(0)
  expect(bench.run(bench.setData('/zookeeper', 'zk'))).toBe(0)
  expect([bench.data('/'), bench.data('/zookeeper')]).toEqual(['root', 'zk'])
  expect(bench.stat('/')).toMatchObject({ version: 1, mzxid: 1, dataLength: 4 })
  expect(bench.setData('/zookeeper/config', '').code).toBe(ErrorCode.NO_AUTH)
  expect(bench.database.digestMismatchCount).toBe(0)
})

test('the ACL of the root protects it like any node', () => {
  const bench = new Workbench()
  bench.identities = [{ scheme: 'digest', id: 'alice:hash' }]
  expect(bench.run(bench.setAcl('/', [{ perms: 31, scheme: 'auth', id: '' }]))).toBe(0)
  bench.identities = []
  expect([bench.create('/x').code, bench.setData('/', '').code]).toEqual([ErrorCode.NO_AUTH, ErrorCode.NO_AUTH])
  bench.identities = [{ scheme: 'digest', id: 'alice:hash' }]
  expect(bench.create('/x').code).toBe(0)
})

test('the worked example of Stats comes out number by number', () => {
  const bench = new Workbench()
  const skipTo = (zxid: number): void => {
    while (bench.preparer.lastZxid < zxid - 1) bench.apply(bench.delete('/none'))
  }
  skipTo(3)
  bench.apply(bench.create('/a', 'x'))
  const born = { czxid: 3, mzxid: 3, pzxid: 3, version: 0, cversion: 0, aversion: 0, dataLength: 1, numChildren: 0 }
  expect(bench.stat('/a')).toMatchObject(born)
  bench.apply(bench.create('/a/s-', '', 2))
  expect(bench.children('/a')).toEqual(['s-0000000000'])
  expect(bench.stat('/a')).toMatchObject({ cversion: 1, numChildren: 1, pzxid: 4 })
  skipTo(32)
  bench.apply(bench.create('/a/', '', 2))
  expect(bench.exists('/a/0000000001')).toBe(true)
  expect(bench.stat('/a')).toMatchObject({ cversion: 2, numChildren: 2, pzxid: 32, mzxid: 3, version: 0 })
  skipTo(46)
  bench.apply(bench.setData('/a', null))
  expect(bench.stat('/a')).toMatchObject({ mzxid: 46, version: 1, dataLength: 0, pzxid: 32, cversion: 2 })
  bench.apply(bench.delete('/a/0000000001'))
  expect(bench.stat('/a')).toMatchObject({ cversion: 3, numChildren: 1, pzxid: 47 })
  bench.apply(bench.setAcl('/a', readOnly))
  expect(bench.stat('/a')).toMatchObject({ aversion: 1, mzxid: 46, pzxid: 47, version: 1, cversion: 3 })
})

test('the root of a fresh tree shows a cversion of -1, and of 0 after its first child', () => {
  const bench = new Workbench()
  const zeros = { czxid: 0, mzxid: 0, ctime: 0, mtime: 0, version: 0, ephemeralOwner: 0n, dataLength: 0, pzxid: 0 }
  expect(bench.stat('/')).toEqual({ ...zeros, cversion: -1, aversion: 0, numChildren: 1 })
  expect(bench.stat('/zookeeper')).toEqual({ ...zeros, cversion: -2, aversion: 0, numChildren: 2 })
  expect(bench.stat('/zookeeper/config')).toEqual({ ...zeros, cversion: 0, aversion: -1, numChildren: 0 })
  expect(bench.acl('/zookeeper/config')).toEqual(readOnly)
  bench.apply(bench.create('/a'))
  expect(bench.stat('/')).toMatchObject({ cversion: 0, numChildren: 2, pzxid: 1 })
})

// --- permissions -------------------------------------------------------------------------------

/** The code of each kind of write on /n and its child, when /n lacks the permission. */
function codesWithout(perm: number): Record<string, number> {
  const bench = new Workbench()
  bench.apply(bench.create('/n'), bench.create('/n/child'))
  bench.apply(bench.setAcl('/n', [{ perms: 31 & ~perm, scheme: 'world', id: 'anyone' }]))
  const codes = (prepared: Prepared): number => codesOf(prepared)[0] ?? 0
  return {
    create: codes(bench.create('/n/new')),
    read: codes(bench.multi({ op: Op.check, request: { path: '/n', version: -1 } })),
    write: codes(bench.setData('/n', '')),
    delete: codes(bench.delete('/n/child')),
    admin: codes(bench.setAcl('/n', openAcl)),
    own: codes(bench.delete('/n')),
  }
}

// Without the permission the last one, the deletion of the node itself, is up to its parent: its child is gone by then.
const granted = { create: 0, read: 0, write: 0, delete: 0, admin: 0, own: ErrorCode.NOT_EMPTY }
test.each([
  ['A210: CREATE: no child can be made', 4, { ...granted, create: ErrorCode.NO_AUTH, own: 0 }],
  ['A211: READ: its version cannot be checked', 1, { ...granted, read: ErrorCode.NO_AUTH }],
  ['A212: WRITE: its data cannot be set', 2, { ...granted, write: ErrorCode.NO_AUTH }],
  ['A213: DELETE: no child can be deleted', 8, { ...granted, delete: ErrorCode.NO_AUTH }],
  ['A214: ADMIN: its ACL cannot be set', 16, { ...granted, admin: ErrorCode.NO_AUTH }],
])('%s without it, and all else can be done', (_row, perm, codes) => {
  expect(codesWithout(perm)).toEqual(codes)
})

test('A215: a node without CREATE and DELETE can be deleted if its parent allows it', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/p'), bench.create('/p/n', '', 0, 1n, readOnly))
  expect(bench.delete('/p/n').code).toBe(0)
  expect(bench.run(bench.setAcl('/p', [{ perms: 31 & ~8, scheme: 'world', id: 'anyone' }]))).toBe(0)
})

test('A217: auth stores every identity of the session, and none is an ACL that is not valid', () => {
  const bench = new Workbench()
  const auth: readonly Acl[] = [{ perms: 31, scheme: 'auth', id: '' }]
  bench.identities = [{ scheme: 'ip', id: '127.0.0.1' }]
  expect(bench.create('/n', 'x', 0, 1n, auth).code).toBe(ErrorCode.INVALID_ACL)
  bench.identities.push({ scheme: 'digest', id: 'u:h' }, { scheme: 'digest', id: 'v:h' })
  bench.apply(bench.create('/n', 'x', 0, 1n, auth))
  expect(bench.acl('/n')).toEqual([
    { perms: 31, scheme: 'digest', id: 'u:h' },
    { perms: 31, scheme: 'digest', id: 'v:h' },
  ])
})

test('the super user and a server that skips ACLs pass every check', () => {
  const bench = furnished()
  bench.identities = [{ scheme: 'super', id: '' }]
  expect(bench.setData('/closed', '').code).toBe(0)
  expect(bench.delete('/closed/b').code).toBe(0)
  const lax = new Workbench({}, { isAclSkipped: true })
  lax.apply(lax.create('/closed', '', 0, 1n, nobody))
  expect(lax.setAcl('/closed', openAcl).code).toBe(0)
})

test('a permission counts from the transaction that grants or takes it, pending or applied', () => {
  const bench = furnished()
  expect(bench.setAcl('/a', readOnly).code).toBe(0)
  expect([bench.create('/a/new').code, bench.setAcl('/a', openAcl).code]).toEqual([ErrorCode.NO_AUTH, ErrorCode.NO_AUTH])
})

// --- containers and the rest -------------------------------------------------------------------

test('a container or TTL node that has had its day is deleted without any permission, by the server', () => {
  const bench = new Workbench()
  bench.apply(bench.create('/c', '', 4), bench.create('/c/x'), bench.createTtl('/t', '', 1))
  expect(bench.deleteContainer('/c').code).toBe(ErrorCode.NOT_EMPTY)
  bench.apply(bench.delete('/c/x'), bench.setAcl('/', nobody))
  const deletion = bench.deleteContainer('/c')
  expect(transactionOf(deletion)).toMatchObject({
    header: { clientId: 0n, cxid: 0, type: Op.deleteContainer },
    body: { type: Op.deleteContainer, txn: { path: '/c' } },
  })
  bench.apply(deletion, bench.deleteContainer('/t'))
  expect([bench.exists('/c'), bench.exists('/t')]).toEqual([false, false])
  expect([bench.database.tree.containers.size, bench.database.tree.ttlNodes.size]).toEqual([0, 0])
  expect(bench.database.digestMismatchCount).toBe(0)
})

test.each([
  ['/zookeeper/quota', ErrorCode.BAD_ARGUMENTS],
  ['/gone', ErrorCode.NO_NODE],
  ['/gone/x', ErrorCode.NO_NODE],
  ['/a', ErrorCode.NOT_EMPTY],
  ['/e', ErrorCode.BAD_VERSION],
])('deleteContainer of %s is refused with %i', (path, code) => {
  const bench = furnished()
  const prepared = bench.deleteContainer(path)
  expect(prepared.code).toBe(code)
  expect(transactionOf(prepared)).toMatchObject({
    header: { clientId: 0n, cxid: 0 },
    body: { type: Op.error, txn: { err: code } },
  })
})

test('deleteContainer is about the node that was looked at: not one that was changed since, or made anew, or of another kind now', () => {
  const bench = furnished()
  bench.apply(bench.createTtl('/t1', '', 5), bench.create('/c1', '', 4), bench.create('/c2', '', 4))
  const [touched, anew, replaced] = [bench.mzxid('/t1'), bench.mzxid('/c1'), bench.mzxid('/c2')]
  bench.apply(bench.delete('/c1'), bench.create('/c1', '', 4), bench.delete('/c2'))
  const [change, other] = [bench.setData('/t1', 'used'), bench.create('/c2', 'kept')]
  // What is only prepared so far counts, too.
  expect(bench.deleteContainer('/t1', touched).code).toBe(ErrorCode.BAD_VERSION)
  expect(bench.deleteContainer('/c1', anew).code).toBe(ErrorCode.BAD_VERSION)
  expect(bench.deleteContainer('/c2', replaced).code).toBe(ErrorCode.BAD_VERSION)
  bench.apply(change, other)
  expect(bench.deleteContainer('/t1').code).toBe(ErrorCode.OK)
})

test.each([
  ['while it is disabled', false, ErrorCode.RECONFIG_DISABLED],
  ['on a server that stands alone', true, ErrorCode.UNIMPLEMENTED],
])('reconfig is refused %s, and before that when it cannot be read', (_when, isReconfigEnabled, code) => {
  const bench = new Workbench({}, { isReconfigEnabled })
  const reconfig = (length: number): Prepared =>
    bench.prepare(Op.reconfig, (out) => {
      out.writeString('server.1=a:1:2')
      out.writeString(null)
      out.writeString(null)
      out.writeNumber(-1)
      out.position = Math.min(out.position, length)
    })
  expect(reconfig(1000).code).toBe(code)
  expect(reconfig(20).code).toBe(ErrorCode.MARSHALLING_ERROR)
})

test('an operation that is no write is unimplemented here', () => {
  const bench = new Workbench()
  for (const op of [Op.check, Op.getData, Op.deleteContainer, Op.createSession, 99]) {
    expect(bench.prepare(op, () => {}).code).toBe(ErrorCode.UNIMPLEMENTED)
  }
})
