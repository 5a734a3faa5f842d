// The list of expectations by which any server of this protocol can be told right from wrong.

import { expect, test } from 'vitest'
import { connectRequest, openAcl, RawCreateMode, RawOp, requestPayload, SessionRefusedError } from '../support/raw-client.ts'
import { dumpTree } from '../support/tree.ts'
import { ask } from './ask.ts'
import { eventTexts, outcome } from './outcomes.ts'
import { framesBeforeClose, nextReply, openSession } from './raw-session.ts'
import { TestServer } from './test-server.ts'
import { digestOfTree, loggedDigests, type StoredOwners } from './tree-digest.ts'

const FRAME_LENGTH_MAX = 1_048_575

test('a fresh server answers a connect request with 37 bytes, the timeout as asked and an id that begins with its number', async () => {
  await using server = await TestServer.start({ tickTime: 1000 })
  const connection = await server.open()
  connection.sendFrame(connectRequest({ timeoutMs: 6000 }))
  const response = await connection.nextFrame()
  expect(response.length).toBe(37)
  expect(response.readInt32BE(0)).toBe(0)
  expect(response.readInt32BE(4)).toBe(6000)
  const sessionId = response.readBigUInt64BE(8)
  expect(sessionId >> 56n).toBe(1n)
  expect(sessionId & 0xffffn).toBe(0n)
  expect(response.readInt32BE(16)).toBe(16)
  expect(response[36]).toBe(0)
})

test('A90: the timeout that a client asks for is brought between 2 and 20 ticks', async () => {
  await using server = await TestServer.start({ tickTime: 1000 })
  const granted: number[] = []
  for (const timeoutMs of [0, -1, 1, 2001, 20_001, 3_600_000]) granted.push((await server.connect({ timeoutMs })).timeoutMs)
  expect(granted).toEqual([2000, 2000, 2000, 2001, 20_000, 20_000])
})

test('A33 A61: a create that fails takes the next zxid and says NODEEXISTS', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const made = await client.create2('/a')
  const reply = await client.request(RawOp.create, (writer) => {
    writer.writeString('/a')
    writer.writeBuffer(null)
    writer.writeInt(1)
    writer.writeInt(31)
    writer.writeString('world')
    writer.writeString('anyone')
    writer.writeInt(0)
  })
  expect(reply.err).toBe(-110)
  expect(reply.zxid).toBe(made.stat.czxid + 1)
})

test('the root of a fresh tree has cversion -1, /zookeeper -2; after the first create the root has cversion 0, 2 children and its zxid', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  expect(await client.exists('/')).toMatchObject({ cversion: -1, numChildren: 1, czxid: 0, pzxid: 0, ctime: 0 })
  expect(await client.exists('/zookeeper')).toMatchObject({ cversion: -2, numChildren: 2 })
  expect(await client.exists('/zookeeper/config')).toMatchObject({ aversion: -1, dataLength: 0 })
  const { stat } = await client.create2('/a')
  expect(await client.exists('/')).toMatchObject({ cversion: 0, numChildren: 2, pzxid: stat.czxid })
})

test('A41: three children created and two deleted make a cversion of 5', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/p')
  for (const name of ['a', 'b', 'c']) await client.create(`/p/${name}`)
  await client.delete('/p/a')
  await client.delete('/p/c')
  expect(await client.exists('/p')).toMatchObject({ cversion: 5, numChildren: 1 })
})

test('A30 A31: sequence numbers have ten digits, begin at 0 and count every child that was ever created', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  expect(await client.create('/a/s-', null, RawCreateMode.persistentSequential)).toBe('/a/s-0000000000')
  await client.create('/a/plain')
  expect(await client.create('/a/s-', null, RawCreateMode.persistentSequential)).toBe('/a/s-0000000002')
})

test('a multi that fails uses up no sequence number', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  const failed = await client.multi([
    { op: 'create', path: '/a/s-', flags: RawCreateMode.persistentSequential },
    { op: 'check', path: '/a', version: 7 },
  ])
  expect(failed.map((result) => result.err)).toEqual([0, -103])
  expect(await client.create('/a/s-', null, RawCreateMode.persistentSequential)).toBe('/a/s-0000000000')
})

test('A13: the body of a failed multi tells which operation failed, under a header without error', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  // `multi` rejects when the header has an error.
  const results = await client.multi([
    { op: 'create', path: '/b' },
    { op: 'check', path: '/a', version: 1 },
    { op: 'create', path: '/c' },
    { op: 'delete', path: '/a' },
  ])
  expect(results.map(({ type, err }) => [type, err])).toEqual([
    [-1, 0],
    [-1, -103],
    [-1, -2],
    [-1, -2],
  ])
  expect(await client.getChildren('/')).toEqual(expect.arrayContaining(['a', 'zookeeper']))
  expect(await client.exists('/b')).toBeNull()
})

test('A70: one connection with a data and a child watch on a node is told once that it was deleted', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  await client.getData('/a', true)
  await client.getChildren('/a', true)
  await client.delete('/a')
  // The events of a delete come before its reply, and before that of anything later.
  await client.exists('/a')
  expect(eventTexts(client.events)).toEqual(['deleted /a'])
})

const STEPS_OF_WATCHED_TREE = [
  ['create', '/w/y'],
  ['set', '/w/y'],
  ['create', '/w/y/z'],
  ['set', '/w'],
  ['delete', '/w/y/z'],
  ['delete', '/w/y'],
  ['delete', '/w'],
  ['create', '/w'],
] as const

async function eventsOfWatchedTree(mode: number): Promise<string[]> {
  await using server = await TestServer.start()
  const client = await server.connect()
  const watcher = await server.connect()
  await client.create('/w')
  await watcher.addWatch('/w', mode)
  for (const [step, path] of STEPS_OF_WATCHED_TREE) {
    if (step === 'create') await client.create(path)
    else if (step === 'set') await client.setData(path, 'x')
    else await client.delete(path)
  }
  await watcher.ping()
  return eventTexts(watcher.events)
}

test('a recursive watch reports what happens to each node below it, and never changes of children', async () => {
  expect(await eventsOfWatchedTree(1)).toEqual([
    'created /w/y',
    'changed /w/y',
    'created /w/y/z',
    'changed /w',
    'deleted /w/y/z',
    'deleted /w/y',
    'deleted /w',
    'created /w',
  ])
})

test('a persistent watch reports the node and its children, again and again', async () => {
  expect(await eventsOfWatchedTree(0)).toEqual(['children /w', 'changed /w', 'children /w', 'deleted /w', 'created /w'])
})

test('setWatches sends what changed since its zxid as events before its reply, and registers only the rest', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/changed')
  await client.create('/same')
  const since = client.lastZxid
  await client.setData('/changed', 'new')
  const returned = await server.connect()
  const reply = await returned.request(RawOp.setWatches, (writer) => {
    writer.writeNumber(since)
    writer.writeInt(2)
    writer.writeString('/changed')
    writer.writeString('/same')
    writer.writeInt(0)
    writer.writeInt(0)
  })
  expect(reply.err).toBe(0)
  expect(eventTexts(returned.events)).toEqual(['changed /changed'])
  expect(returned.events[0]?.zxid).toBe(-1)
  expect(returned.events[0]?.order).toBeLessThan(reply.order)
  await client.setData('/changed', 'newer')
  await client.setData('/same', 'new')
  await returned.ping()
  expect(eventTexts(returned.events)).toEqual(['changed /changed', 'changed /same'])
})

test('A28 A85: closing a session removes its ephemeral nodes, tells who watches them, answers and closes the connection', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const watcher = await server.connect()
  await client.create('/e1', null, RawCreateMode.ephemeral)
  await client.create('/e2', null, RawCreateMode.ephemeral)
  await watcher.exists('/e1', true)
  await watcher.exists('/e2', true)
  const reply = await client.request(RawOp.closeSession)
  expect(reply.err).toBe(0)
  expect(reply.body.remaining()).toBe(0)
  await client.connection.waitForClose()
  await watcher.ping()
  expect(eventTexts(watcher.events).sort()).toEqual(['deleted /e1', 'deleted /e2'])
  // One transaction removes them all.
  expect(new Set(watcher.events.map((event) => event.zxid))).toEqual(new Set([reply.zxid]))
})

test('a session is not resumed with a wrong password: timeout 0, id 0, a password of zeros, then the end', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const password = Uint8Array.from(client.password)
  password[0] = (password[0] ?? 0) ^ 1
  const connection = await server.open()
  connection.sendFrame(connectRequest({ sessionId: client.sessionId, password }))
  expect(Buffer.compare(await connection.nextFrame(), Buffer.from([...new Uint8Array(19), 16, ...new Uint8Array(17)]))).toBe(0)
  await connection.waitForClose()
  await expect(server.connect({ sessionId: client.sessionId, password })).rejects.toThrow(SessionRefusedError)
})

test('A76: an unknown scheme of authentication is answered AUTHFAILED, and the connection closed', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  expect(await outcome(client.auth('nope', 'x'))).toBe('AUTHFAILED')
  await client.connection.waitForClose()
})

test('a reader who is no administrator of a node is shown its digests as x', async () => {
  await using server = await TestServer.start()
  const owner = await server.connect()
  await owner.auth('digest', 'u:p')
  const acl = [
    { perms: 1, scheme: 'world', id: 'anyone' },
    { perms: 31, scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' },
  ]
  await owner.create('/a', null, RawCreateMode.persistent, acl)
  expect((await owner.getAcl('/a')).acl).toEqual(acl)
  const reader = await server.connect()
  expect((await reader.getAcl('/a')).acl).toEqual([acl[0], { ...acl[1], id: 'u:x' }])
})

test('an operation that nobody knows is answered UNIMPLEMENTED with zxid -1, and the connection closed', async () => {
  await using server = await TestServer.start()
  const connection = await server.open()
  await openSession(connection)
  connection.sendFrame(requestPayload(7, 99))
  expect(await nextReply(connection)).toMatchObject({ xid: 7, zxid: -1, err: -6, bodyLength: 0 })
  await connection.waitForClose()
})

test('A16: a frame of 1048575 bytes is served; one byte more ends the connection', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/big')
  // Header 8, path 4 + 4, length of the data 4, version 4.
  const data = new Uint8Array(FRAME_LENGTH_MAX - 24).fill(7)
  expect((await client.setData('/big', data)).dataLength).toBe(data.length)
  expect(Buffer.compare((await client.getData('/big')).data ?? new Uint8Array(0), data)).toBe(0)
  const tooLarge = client.setData('/big', new Uint8Array(data.length + 1))
  await expect(tooLarge).rejects.toThrow('the connection was closed')
  expect((await (await server.connect()).exists('/big'))?.version).toBe(1)
})

test('the length alone of a frame that is too large ends the connection', async () => {
  await using server = await TestServer.start()
  const connection = await server.open()
  await openSession(connection)
  connection.sendBytes(Uint8Array.from([0x00, 0x10, 0x00, 0x00]))
  expect(await framesBeforeClose(connection)).toBe(0)
})

test('a node with a time to live goes some time after its last change, and not before', async () => {
  await using server = await TestServer.start({ extendedTypesEnabled: true, 'znode.container.checkIntervalMs': 50 })
  const client = await server.connect()
  const ttlMs = 200
  await client.createTtl('/t', ttlMs)
  await client.exists('/t', true)
  const beforeMs = performance.now()
  const { mtime } = await client.setData('/t', 'again')
  const event = await client.nextEvent()
  expect(event.type).toBe(3)
  await client.exists('/t', true)
  expect((await client.nextEvent()).type).toBe(2)
  expect(Date.now() - mtime).toBeGreaterThan(ttlMs)
  expect(performance.now() - beforeMs).toBeGreaterThan(ttlMs)
})

test('A60 A61: each transaction in the log carries the digest of the tree that clients saw after it', async () => {
  await using server = await TestServer.start({ extendedTypesEnabled: true, tickTime: 1000 })
  const client = await server.connect()
  const other = await server.connect()
  const seen = new Map<number, bigint>()
  const owners: StoredOwners = new Map([
    ['/container', 0x8000000000000000n],
    ['/ttl', 0xff0000000000ea60n],
    ['/ttl/s-0000000000', 0xff00000000000001n + 59_999n],
  ])
  // The digests of a tree with nothing but the reserved nodes, from the format's description.
  expect(digestOfTree(await dumpTree(client), owners)).toBe(1_371_985_504n)
  const after = async (request: Promise<unknown>): Promise<void> => {
    await request
    const nodes = await dumpTree(client)
    seen.set(client.lastZxid, digestOfTree(nodes, owners))
  }
  await after(client.create('/a', 'x'))
  await after(client.create('/null', null))
  await after(client.create('/a/é', 'umlaut'))
  await after(client.create2('/a/s-', '1', RawCreateMode.persistentSequential))
  await after(client.createContainer('/container', ''))
  await after(client.createTtl('/ttl', 60_000, ''))
  await after(client.createTtl('/ttl/s-', 60_000, '', RawCreateMode.persistentSequentialWithTtl))
  await after(client.setData('/a', new Uint8Array(2000).fill(9)))
  await after(client.setData('/a', null))
  await after(client.setAcl('/a', [...openAcl, { perms: 1, scheme: 'ip', id: '10.0.0.0/8' }]))
  await client.create('/a').catch(() => {})
  const refusedZxid = client.lastZxid
  await after(
    client.multi([
      { op: 'create', path: '/m' },
      { op: 'create2', path: '/m/n', flags: RawCreateMode.ephemeral },
      { op: 'setData', path: '/m', data: 'set' },
      { op: 'delete', path: '/null' },
      { op: 'check', path: '/m', version: 1 },
    ]),
  )
  await after(
    client.multi([
      { op: 'delete', path: '/m/n' },
      { op: 'delete', path: '/nowhere' },
    ]),
  )
  await after(client.multi([]))
  await after(client.delete('/a/é'))
  await other.create('/m/e1', 'e', RawCreateMode.ephemeral)
  await other.create('/m/e2', 'e', RawCreateMode.ephemeral)
  await other.close()
  await after(client.delete('/m/n'))
  // Changes below /zookeeper do not count.
  await after(client.create('/zookeeper/quota/a'))
  expect(new Set(seen.values()).size).toBeGreaterThan(10)
  await server.stop()
  const logged = loggedDigests(server.dataFolder)
  for (const [zxid, digest] of seen) expect([zxid, logged.get(zxid)]).toEqual([zxid, digest])
  const zxids = [...logged.keys()]
  expect(zxids).toEqual(zxids.map((_, index) => index + 1))
  expect(logged.get(refusedZxid)).toBeNull()
})

test('what a server logged is replayed by the next start without a difference in any digest', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'x')
  await client.create('/a/e', 'x', RawCreateMode.ephemeral)
  for (let round = 0; round < 40; round++) await client.create('/a/s-', 'x', RawCreateMode.persistentSequential)
  await client.delete('/a/s-0000000007')
  await using copy = await server.startOnCopy()
  expect(await ask(copy.port, 'mntr')).toMatch(/^zk_digest_mismatches_count\t0$/m)
  expect(copy.logger.linesWith('igest')).toEqual([])
})
