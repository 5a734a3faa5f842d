// Every operation of the client against a real server.

import { CREATOR_ALL_ACL, decodeText, encodeText, isZooKeeperError, OPEN_ACL, TransactionError } from '@tskeeper/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ClientTarget, isApache } from './client-target.ts'

let target: ClientTarget

beforeAll(async () => {
  target = await ClientTarget.start()
}, 60_000)

afterAll(() => target[Symbol.asyncDispose]())

test('a node is created, read, changed and deleted', async () => {
  const zk = await target.connect()
  expect(await zk.create('/node', 'one')).toBe('/node')
  const first = await zk.get('/node')
  expect(decodeText(first.data)).toBe('one')
  expect(first.stat).toMatchObject({ version: 0, dataLength: 3, numChildren: 0, ephemeralOwner: 0n })
  expect(first.stat.czxid).toBe(first.stat.mzxid)
  const stat = await zk.set('/node', encodeText('two'), { version: 0 })
  expect(stat).toMatchObject({ version: 1, czxid: first.stat.czxid })
  expect(stat.mzxid).toBeGreaterThan(first.stat.mzxid)
  await expect(zk.set('/node', 'three', { version: 0 })).rejects.toMatchObject({ code: 'BAD_VERSION', path: '/node' })
  await expect(zk.delete('/node', { version: 0 })).rejects.toMatchObject({ code: 'BAD_VERSION' })
  await zk.delete('/node', { version: 1 })
  expect(await zk.exists('/node')).toBeNull()
  await expect(zk.get('/node')).rejects.toMatchObject({ code: 'NO_NODE', wireCode: -101 })
  await zk.delete('/node', { missingOk: true })
})

test('no data and no bytes of data are kept apart', async () => {
  const zk = await target.connect()
  await zk.create('/null', null)
  await zk.create('/empty')
  expect(await zk.get('/null')).toMatchObject({ isNull: true, data: new Uint8Array(0) })
  expect(await zk.get('/empty')).toMatchObject({ isNull: false, data: new Uint8Array(0) })
})

test('every mode makes its kind of node', async () => {
  const zk = await target.connect()
  await zk.create('/modes')
  const ephemeral = await zk.createWithStat('/modes/e', '', { mode: 'ephemeral' })
  expect(ephemeral).toMatchObject({ path: '/modes/e', stat: { ephemeralOwner: zk.sessionId } })
  expect(await zk.create('/modes/s-', '', { mode: 'persistent-sequential' })).toBe('/modes/s-0000000001')
  expect(await zk.create('/modes/', '', { mode: 'ephemeral-sequential' })).toBe('/modes/0000000002')
  expect(await zk.create('/modes/c', '', { mode: 'container' })).toBe('/modes/c')
  expect(await zk.create('/modes/t', '', { mode: 'ttl', ttlMs: 60_000 })).toBe('/modes/t')
  expect(await zk.create('/modes/t-', '', { mode: 'ttl-sequential', ttlMs: 60_000 })).toBe('/modes/t-0000000005')
  expect((await zk.getEphemerals('/modes')).toSorted()).toEqual(['/modes/0000000002', '/modes/e'])
  await expect(zk.create('/modes/e/child')).rejects.toMatchObject({ code: 'NO_CHILDREN_FOR_EPHEMERALS' })
  await expect(zk.create('/modes/e')).rejects.toMatchObject({ code: 'NODE_EXISTS' })
  await expect(zk.create('/missing/child')).rejects.toMatchObject({ code: 'NO_NODE' })
  expect(await zk.getAllChildrenNumber('/modes')).toBe(6)
})

test('parents are made when that is asked for, and whole trees deleted', async () => {
  const zk = await target.connect()
  await zk.create('/deep/er/and/deeper', 'x', { withParents: true })
  await Promise.all(Array.from({ length: 1_200 }, (_, index) => zk.create(`/deep/er/${index}`)))
  const { children, stat } = await zk.childrenWithStat('/deep/er')
  expect(children).toHaveLength(1_201)
  expect(stat.numChildren).toBe(1_201)
  await expect(zk.delete('/deep')).rejects.toMatchObject({ code: 'NOT_EMPTY' })
  await zk.delete('/deep', { recursive: true })
  expect(await zk.exists('/deep')).toBeNull()
  await expect(zk.delete('/deep', { recursive: true })).rejects.toMatchObject({ code: 'NO_NODE' })
  await zk.delete('/deep', { recursive: true, missingOk: true })
})

test('access control lists are set, read and obeyed', async () => {
  const zk = await target.connect({ auth: [{ scheme: 'digest', auth: 'ann:secret' }] })
  const other = await target.connect()
  await zk.create('/private', 'x', { acl: CREATOR_ALL_ACL })
  const { acl, stat } = await zk.getAcl('/private')
  expect(acl).toMatchObject([{ perms: 31, scheme: 'digest', id: expect.stringMatching(/^ann:/) }])
  expect(stat.aversion).toBe(0)
  await other.sync('/private')
  await expect(other.get('/private')).rejects.toMatchObject({ code: 'NO_AUTH' })
  await other.addAuth('digest', 'ann:secret')
  expect(decodeText((await other.get('/private')).data)).toBe('x')
  expect(await zk.setAcl('/private', OPEN_ACL, { version: 0 })).toMatchObject({ aversion: 1 })
  await expect(zk.setAcl('/private', OPEN_ACL, { version: 0 })).rejects.toMatchObject({ code: 'BAD_VERSION' })
  await expect(zk.create('/x', '', { acl: [{ perms: 31, scheme: 'nobody', id: 'x' }] })).rejects.toMatchObject({
    code: 'INVALID_ACL',
  })
  const identities = await zk.whoAmI()
  expect(identities.toSorted((a, b) => a.scheme.localeCompare(b.scheme))).toEqual([
    { scheme: 'digest', id: 'ann' },
    { scheme: 'ip', id: '127.0.0.1' },
  ])
})

test('a scheme that the server does not know ends the client', async () => {
  const zk = await target.connect()
  await expect(zk.addAuth('nobody', 'x')).rejects.toMatchObject({ code: 'AUTH_FAILED' })
  expect(zk.state).toBe('auth-failed')
  await expect(target.connect({ auth: [{ scheme: 'nobody', auth: 'x' }] })).rejects.toMatchObject({ code: 'AUTH_FAILED' })
})

test('a transaction happens as a whole or not at all', async () => {
  const zk = await target.connect()
  const results = await zk
    .transaction()
    .create('/tx', 'a')
    .create('/tx/s-', 'b', { mode: 'persistent-sequential' })
    .set('/tx', 'c', { version: 0 })
    .check('/tx', 1)
    .create('/tx/gone')
    .delete('/tx/gone')
    .create('/tx/box', '', { mode: 'container' })
    .commit()
  expect(results).toMatchObject([
    { type: 'create', path: '/tx', stat: null },
    { type: 'create', path: '/tx/s-0000000000' },
    { type: 'set', stat: { version: 1 } },
    { type: 'check' },
    { type: 'create', path: '/tx/gone' },
    { type: 'delete' },
    { type: 'create', path: '/tx/box', stat: { version: 0 } },
  ])
  const failed = await zk
    .transaction()
    .set('/tx', 'never')
    .check('/tx', 7)
    .delete('/tx')
    .commit()
    .catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(TransactionError)
  expect(failed).toMatchObject({
    code: 'BAD_VERSION',
    path: '/tx',
    failedIndex: 1,
    partCodes: ['OK', 'BAD_VERSION', 'RUNTIME_INCONSISTENCY'],
  })
  expect(decodeText((await zk.get('/tx')).data)).toBe('c')
  expect(await zk.transaction().commit()).toEqual([])
})

test('several reads go in one request, each with its own outcome', async () => {
  const zk = await target.connect()
  await zk.create('/reads/a', 'x', { withParents: true })
  const results = await zk.multiRead([
    { type: 'get', path: '/reads/a' },
    { type: 'children', path: '/reads' },
    { type: 'get', path: '/reads/none' },
  ])
  expect(results).toMatchObject([
    { type: 'get', value: { data: encodeText('x'), stat: { version: 0 } } },
    { type: 'children', children: ['a'] },
    { type: 'error', error: { code: 'NO_NODE', path: '/reads/none' } },
  ])
})

test('the configuration can be read with any chroot, and changed only where that is enabled', async () => {
  const zk = await target.connect({}, `127.0.0.1:${target.port}/somewhere`)
  expect((await zk.getConfig()).stat.czxid).toBe(0n)
  await expect(zk.reconfig({ joining: ['server.9=localhost:1:2;3'] })).rejects.toMatchObject({ code: 'RECONFIG_DISABLED' })
})

test('a chroot is the root of its client', async () => {
  const zk = await target.connect()
  const inside = await target.connect({}, `127.0.0.1:${target.port}/apps/one`)
  await inside.create('/', '', { withParents: true })
  expect(await inside.create('/a', 'x', { mode: 'ephemeral' })).toBe('/a')
  expect(await inside.getEphemerals()).toEqual(['/a'])
  expect(await zk.children('/apps/one')).toEqual(['a'])
  expect(await inside.transaction().create('/b').commit()).toMatchObject([{ path: '/b' }])
  await expect(inside.get('/nope')).rejects.toMatchObject({ code: 'NO_NODE', path: '/nope' })
})

test('what cannot be right is refused before it is sent', async () => {
  const zk = await target.connect()
  const usage = { code: 'BAD_ARGUMENTS', category: 'usage', wireCode: null }
  for (const path of ['', 'a', '/a/', '/a//b', '/a/../b', '/\u0000']) {
    await expect(zk.get(path)).rejects.toMatchObject(usage)
    await expect(zk.create(path)).rejects.toMatchObject(usage)
    await expect(zk.transaction().delete(path).commit()).rejects.toMatchObject(usage)
  }
  await expect(zk.set('/a', 'x', { version: 1.5 })).rejects.toMatchObject(usage)
  await expect(zk.create('/a', '', { acl: [] })).rejects.toMatchObject(usage)
  await expect(zk.create('/a', '', { mode: 'ttl', ttlMs: 0 })).rejects.toMatchObject(usage)
  await expect(zk.delete('/', { recursive: true })).rejects.toMatchObject(usage)
  const large = await zk.create('/large', new Uint8Array(1_048_576)).catch((error: unknown) => error)
  expect(isZooKeeperError(large, 'REQUEST_TOO_LARGE')).toBe(true)
  // The largest that fits does: the whole frame is as long as the server accepts.
  const fits = new Uint8Array(1_048_575 - 8 - 4 - '/large'.length - 4 - 35)
  await zk.create('/large', fits)
  expect((await zk.get('/large')).data).toHaveLength(fits.length)
})

test('thousands of requests are under way at once and answered in order', async () => {
  const zk = await target.connect()
  await zk.create('/many')
  const order: number[] = []
  const numbers = Array.from({ length: 5_000 }, (_, index) => index)
  await Promise.all(
    numbers.map(async (index) => {
      if (index % 5 === 0) await zk.set('/many', String(index))
      else expect(Number(decodeText((await zk.get('/many')).data))).toBe(index - (index % 5))
      order.push(index)
    }),
  )
  expect(order).toEqual(numbers)
})

test('the server is who it is said to be', async () => {
  const zk = await target.connect()
  expect(zk.server).toBe(`127.0.0.1:${target.port}`)
  expect(zk.negotiatedTimeoutMs).toBe(10_000)
  expect(isApache ? zk.sessionId > 0n : zk.sessionId !== 0n).toBe(true)
})
