// Transactions: all or nothing, each operation sees those before it, and the reply tells what came of each.

import { expect, test } from 'vitest'
import { RawCreateMode, type RawMultiResult, RawOp } from '../support/raw-client.ts'
import { writeMulti } from '../support/raw-records.ts'
import { eventTexts, outcome } from './outcomes.ts'
import { errorName } from './raw-session.ts'
import { TestEnsemble } from './test-ensemble.ts'
import { TestServer } from './test-server.ts'

function errors(results: readonly RawMultiResult[]): string[] {
  return results.map((result) => errorName(result.err))
}

test('each operation sees those before it, and all have one zxid and one time', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const results = await client.multi([
    { op: 'create', path: '/a', data: '1' },
    { op: 'create2', path: '/a/b', data: '22' },
    { op: 'setData', path: '/a', data: '333', version: 0 },
    { op: 'check', path: '/a', version: 1 },
    { op: 'create2', path: '/a/s-', flags: RawCreateMode.persistentSequential },
    { op: 'create2', path: '/a/s-', flags: RawCreateMode.ephemeralSequential },
    { op: 'createContainer', path: '/c' },
    { op: 'delete', path: '/a/b' },
  ])
  expect(results.map(({ type, err, path }) => [type, err, path])).toEqual([
    [RawOp.create, 0, '/a'],
    [RawOp.create2, 0, '/a/b'],
    [RawOp.setData, 0, null],
    [RawOp.check, 0, null],
    [RawOp.create2, 0, '/a/s-0000000001'],
    [RawOp.create2, 0, '/a/s-0000000002'],
    [RawOp.create2, 0, '/c'],
    [RawOp.delete, 0, null],
  ])
  const zxid = client.lastZxid
  const { data, stat } = await client.getData('/a')
  expect(Buffer.from(data ?? []).toString()).toBe('333')
  expect(stat).toMatchObject({ czxid: zxid, mzxid: zxid, pzxid: zxid, version: 1, cversion: 4, numChildren: 2 })
  expect(stat.mtime).toBe(stat.ctime)
  // The Stats in the reply are of the moment of each operation.
  expect(results[6]?.stat).toMatchObject({ dataLength: 0, czxid: zxid })
  expect(results[1]?.stat).toMatchObject({ dataLength: 2, czxid: zxid, ephemeralOwner: 0n })
  expect(results[5]?.stat).toMatchObject({ ephemeralOwner: client.sessionId })
  expect(results[2]?.stat).toMatchObject({ version: 1, dataLength: 3, numChildren: 1 })
  expect((await client.exists('/a/s-0000000002'))?.ephemeralOwner).toBe(client.sessionId)
})

test('a node can be made, used and deleted within one multi', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const results = await client.multi([
    { op: 'create', path: '/a' },
    { op: 'create', path: '/a/b' },
    { op: 'delete', path: '/a/b' },
    { op: 'delete', path: '/a' },
    { op: 'create', path: '/a', data: 'again' },
  ])
  expect(errors(results)).toEqual(['OK', 'OK', 'OK', 'OK', 'OK'])
  expect(await client.getText('/a')).toBe('again')
  expect((await client.exists('/a'))?.version).toBe(0)
})

test('A13: one bad operation, and nothing has happened', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const watcher = await server.connect()
  await client.create('/a', 'old')
  await client.create('/a/b')
  await watcher.addWatch('/', 1)
  const before = await client.getData('/a')
  const results = await client.multi([
    { op: 'setData', path: '/a', data: 'new' },
    { op: 'delete', path: '/a/b' },
    { op: 'create', path: '/c', flags: RawCreateMode.ephemeral },
    { op: 'setData', path: '/a', data: 'newer', version: 7 },
    { op: 'create', path: '/d' },
  ])
  expect(errors(results)).toEqual(['OK', 'OK', 'OK', 'BADVERSION', 'RUNTIMEINCONSISTENCY'])
  expect(results.map((result) => result.type)).toEqual([-1, -1, -1, -1, -1])
  expect(await client.getData('/a')).toEqual(before)
  expect(await client.exists('/a/b')).not.toBeNull()
  expect(await client.exists('/c')).toBeNull()
  await watcher.ping()
  expect(eventTexts(watcher.events)).toEqual([])
  // What was prepared for the failed one does not stand in the way of the next.
  expect((await client.setData('/a', 'new', 0)).version).toBe(1)
  expect(await outcome(client.create('/c'))).toBe('OK')
})

test('each kind of error is that of its operation', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  await client.create('/a/b')
  await client.create('/e', null, RawCreateMode.ephemeral)
  const failing = [
    [{ op: 'create', path: '/a' }, 'NODEEXISTS'],
    [{ op: 'create', path: '/x/y' }, 'NONODE'],
    [{ op: 'create', path: '/e/x' }, 'NOCHILDRENFOREPHEMERALS'],
    [{ op: 'create', path: 'x' }, 'BADARGUMENTS'],
    [{ op: 'create2', path: '/x', acl: [] }, 'INVALIDACL'],
    [{ op: 'createTtl', path: '/x', ttlMs: 1000 }, 'UNIMPLEMENTED'],
    [{ op: 'delete', path: '/a' }, 'NOTEMPTY'],
    [{ op: 'delete', path: '/a/b', version: 3 }, 'BADVERSION'],
    [{ op: 'delete', path: '/zookeeper' }, 'BADARGUMENTS'],
    [{ op: 'setData', path: '/x', data: null }, 'NONODE'],
    [{ op: 'check', path: '/x', version: -1 }, 'NONODE'],
    [{ op: 'check', path: '/a', version: 1 }, 'BADVERSION'],
    [{ op: 'check', path: 'a', version: 1 }, 'BADARGUMENTS'],
  ] as const
  for (const [op, error] of failing) {
    const results = await client.multi([{ op: 'check', path: '/a', version: 0 }, op, { op: 'delete', path: '/e' }])
    expect([op, ...errors(results)]).toEqual([op, 'OK', error, 'RUNTIMEINCONSISTENCY'])
  }
  expect((await client.getChildren('/')).toSorted()).toEqual(['a', 'e', 'zookeeper'])
})

test('an empty multi is a transaction; a check alone changes nothing but takes a zxid', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const { stat } = await client.create2('/a')
  expect(await client.multi([])).toEqual([])
  expect(client.lastZxid).toBe(stat.czxid + 1)
  expect(errors(await client.multi([{ op: 'check', path: '/a', version: 0 }]))).toEqual(['OK'])
  expect(errors(await client.multi([{ op: 'check', path: '/a', version: -1 }]))).toEqual(['OK'])
  expect(client.lastZxid).toBe(stat.czxid + 3)
  expect(await client.exists('/a')).toEqual(stat)
})

test('multis that are sent without waiting see each other in order, failed ones in between', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/n', '0')
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      client.multi([
        { op: 'check', path: '/n', version: Math.ceil(index / 2) },
        { op: 'setData', path: '/n', data: String(index) },
        ...(index % 2 === 0 ? [] : [{ op: 'delete', path: '/missing' } as const]),
      ]),
    ),
  )
  // Every second one fails at its end, and takes its set back.
  expect(results.map((result) => errors(result))).toEqual(
    results.map((_, index) => (index % 2 === 0 ? ['OK', 'OK'] : ['OK', 'OK', 'NONODE'])),
  )
  expect(await client.getData('/n')).toMatchObject({ stat: { version: 50 } })
})

test('a multi of thousands of operations is one transaction', async () => {
  await using server = await TestServer.start({ tickTime: 2000 })
  const client = await server.connect()
  await client.create('/p')
  const count = 3000
  const results = await client.multi(
    Array.from({ length: count }, (_, index) => ({ op: 'createContainer', path: `/p/${index}` }) as const),
  )
  expect(results).toHaveLength(count)
  expect(new Set(results.map((result) => result.stat?.czxid)).size).toBe(1)
  expect(await client.getAllChildrenNumber('/p')).toBe(count)
  await server.restart()
  const later = await server.connect()
  expect(await later.getAllChildrenNumber('/p')).toBe(count)
})

test('A18: permissions hold for each operation of a multi', async () => {
  await using server = await TestServer.start()
  const owner = await server.connect()
  await owner.auth('digest', 'u:p')
  await owner.create('/mine', 'x', RawCreateMode.persistent, [{ perms: 31, scheme: 'auth', id: '' }])
  const stranger = await server.connect()
  await stranger.create('/theirs')
  const ops = [
    { op: 'check', path: '/mine', version: 0 },
    { op: 'setData', path: '/mine', data: 'y' },
    { op: 'create', path: '/mine/x' },
    { op: 'delete', path: '/mine/x' },
  ] as const
  for (const op of ops) {
    expect(errors(await stranger.multi([{ op: 'delete', path: '/theirs' }, op]))).toEqual(['OK', 'NOAUTH'])
    expect(errors(await owner.multi([op]))).toEqual(['OK'])
  }
  expect(await stranger.exists('/theirs')).not.toBeNull()
})

test('multiRead answers each read by itself, and a failing one does not disturb the others', async () => {
  await using server = await TestServer.start()
  const owner = await server.connect()
  await owner.auth('digest', 'u:p')
  await owner.create('/mine', 'x', RawCreateMode.persistent, [{ perms: 31, scheme: 'auth', id: '' }])
  await owner.create('/a', 'data')
  await owner.create('/a/b')
  await owner.create('/null', null)
  const client = await server.connect()
  const results = await client.multiRead([
    { op: 'getData', path: '/a' },
    { op: 'getData', path: '/missing' },
    { op: 'getChildren', path: '/a' },
    { op: 'getData', path: '/mine' },
    { op: 'getChildren', path: '/mine' },
    { op: 'getData', path: '/null' },
    { op: 'getChildren', path: '/null' },
  ])
  expect(results.map(({ type, err }) => [type, errorName(err)])).toEqual([
    [RawOp.getData, 'OK'],
    [-1, 'NONODE'],
    [RawOp.getChildren, 'OK'],
    [-1, 'NOAUTH'],
    [-1, 'NOAUTH'],
    [RawOp.getData, 'OK'],
    [RawOp.getChildren, 'OK'],
  ])
  expect(Buffer.from(results[0]?.data ?? []).toString()).toBe('data')
  expect(results[0]?.stat).toEqual(await client.exists('/a'))
  expect(results[2]?.children).toEqual(['b'])
  expect(results[5]?.data).toBeNull()
  expect(results[6]?.children).toEqual([])
  expect(await client.multiRead([])).toEqual([])
})

test('multiRead sets no watches', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  const reply = await client.request(RawOp.multiRead, (writer) => {
    for (const op of [RawOp.getData, RawOp.getChildren]) {
      writer.writeInt(op)
      writer.writeBoolean(false)
      writer.writeInt(-1)
      writer.writeString('/a')
      writer.writeBoolean(true)
    }
    writeMulti(writer, [])
  })
  expect(reply.err).toBe(0)
  expect(await outcome(client.checkWatches('/a', 3))).toBe('NOWATCHER')
  await client.setData('/a', 'x')
  await client.ping()
  expect(client.events).toEqual([])
})

test('a create2 is answered with a Stat at whichever server its client is connected', async () => {
  await using ensemble = await TestEnsemble.start(3, { observers: 1 })
  for (const id of ensemble.ids) {
    const client = await ensemble.connect(id)
    const path = `/by-${id}`
    // Multis with such parts, without and with another one that fails are on their way together.
    const [made, plain, failed, more] = await Promise.all([
      client.multi([
        { op: 'create', path },
        { op: 'create2', path: `${path}/two`, data: '22' },
        { op: 'setData', path: `${path}/two`, data: '333' },
        { op: 'create2', path: `${path}/s-`, flags: RawCreateMode.ephemeralSequential },
      ]),
      client.multi([
        { op: 'create', path: `${path}/plain` },
        { op: 'create', path: `${path}/plainer` },
      ]),
      client.multi([
        { op: 'create2', path: `${path}/never` },
        { op: 'check', path, version: 9 },
      ]),
      client.multi([
        { op: 'delete', path: `${path}/plain` },
        { op: 'create2', path: `${path}/plain` },
      ]),
    ])
    expect(made.map(({ type }) => type)).toEqual([RawOp.create, RawOp.create2, RawOp.setData, RawOp.create2])
    expect(made[1]?.stat).toMatchObject({ dataLength: 2, version: 0, ephemeralOwner: 0n })
    expect(made[3]).toMatchObject({ path: `${path}/s-0000000001`, stat: { ephemeralOwner: client.sessionId } })
    expect(plain.map(({ type }) => type)).toEqual([RawOp.create, RawOp.create])
    expect(errors(failed)).toEqual(['OK', 'BADVERSION'])
    expect(more.map(({ type }) => type)).toEqual([RawOp.delete, RawOp.create2])
    expect(more[1]?.stat).toEqual(await client.exists(`${path}/plain`))
  }
})
