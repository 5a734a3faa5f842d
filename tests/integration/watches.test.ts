// Which change wakes which watch, over the wire.

import { expect, test } from 'vitest'
import { openAcl, type RawClient, RawCreateMode } from '../support/raw-client.ts'
import { eventTexts, outcome } from './outcomes.ts'
import { TestServer } from './test-server.ts'

const PERSISTENT = 0
const RECURSIVE = 1

type Change = (client: RawClient) => Promise<unknown>

/** Changes around /w, in a tree where /w/c and /w/c/g exist, or where /w does not. */
const CHANGES: Readonly<Record<string, Change>> = {
  'sets /w': (client) => client.setData('/w', 'x'),
  'creates /w/n': (client) => client.create('/w/n'),
  'deletes /w/d': (client) => client.delete('/w/d'),
  'sets /w/c': (client) => client.setData('/w/c', 'x'),
  'creates /w/c/n': (client) => client.create('/w/c/n'),
  'deletes /w/c/g': (client) => client.delete('/w/c/g'),
  'sets the ACL of /w': (client) => client.setAcl('/w', openAcl),
  'creates /ww': (client) => client.create('/ww'),
  'sets /': (client) => client.setData('/', 'x'),
}

const WATCHES: Readonly<Record<string, Change>> = {
  exists: (client) => client.exists('/w', true),
  getData: (client) => client.getData('/w', true),
  getChildren: (client) => client.getChildren('/w', true),
  getChildren2: (client) => client.getChildren2('/w', true),
  persistent: (client) => client.addWatch('/w', PERSISTENT),
  recursive: (client) => client.addWatch('/w', RECURSIVE),
}

/** What a watch of each kind on /w reports of each change; nothing where nothing stands. */
const REPORTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  exists: { 'sets /w': 'changed /w' },
  getData: { 'sets /w': 'changed /w' },
  getChildren: { 'creates /w/n': 'children /w', 'deletes /w/d': 'children /w' },
  getChildren2: { 'creates /w/n': 'children /w', 'deletes /w/d': 'children /w' },
  persistent: { 'sets /w': 'changed /w', 'creates /w/n': 'children /w', 'deletes /w/d': 'children /w' },
  recursive: {
    'sets /w': 'changed /w',
    'creates /w/n': 'created /w/n',
    'deletes /w/d': 'deleted /w/d',
    'sets /w/c': 'changed /w/c',
    'creates /w/c/n': 'created /w/c/n',
    'deletes /w/c/g': 'deleted /w/c/g',
  },
}

test.each(Object.keys(WATCHES))('A65 A68 A70 A71 A72: a watch of %s on a node reports exactly what it should', async (kind) => {
  await using server = await TestServer.start()
  const writer = await server.connect()
  for (const path of ['/w', '/w/c', '/w/c/g', '/w/d']) await writer.create(path)
  for (const [change, makeChange] of Object.entries(CHANGES)) {
    const watcher = await server.connect()
    await WATCHES[kind]?.(watcher)
    await makeChange(writer)
    await watcher.ping()
    const report = REPORTS[kind]?.[change]
    expect([change, ...eventTexts(watcher.events)]).toEqual(report === undefined ? [change] : [change, report])
    await watcher.close()
  }
})

test.each(Object.keys(WATCHES))('A70: a watch of %s on a node reports its end once', async (kind) => {
  await using server = await TestServer.start()
  const writer = await server.connect()
  await writer.create('/w')
  const watcher = await server.connect()
  await WATCHES[kind]?.(watcher)
  await writer.delete('/w')
  await watcher.ping()
  expect(eventTexts(watcher.events)).toEqual(['deleted /w'])
  await writer.create('/w')
  await watcher.ping()
  const isLasting = kind === 'persistent' || kind === 'recursive'
  expect(eventTexts(watcher.events)).toEqual(isLasting ? ['deleted /w', 'created /w'] : ['deleted /w'])
})

test('A69: only exists and lasting watches wait for a node that is not there', async () => {
  await using server = await TestServer.start()
  const writer = await server.connect()
  const watcher = await server.connect()
  expect(await watcher.exists('/w', true)).toBeNull()
  const other = await server.connect()
  expect(await outcome(other.getData('/w', true))).toBe('NONODE')
  expect(await outcome(other.getChildren('/w', true))).toBe('NONODE')
  const lasting = await server.connect()
  await lasting.addWatch('/w', PERSISTENT)
  const { stat } = await writer.create2('/w')
  for (const client of [watcher, other, lasting]) await client.ping()
  expect(eventTexts(watcher.events)).toEqual(['created /w'])
  expect(watcher.events[0]).toMatchObject({ type: 1, state: 3, zxid: stat.czxid })
  expect(eventTexts(other.events)).toEqual([])
  expect(eventTexts(lasting.events)).toEqual(['created /w'])
})

test('A66: a watch reports once and is gone', async () => {
  await using server = await TestServer.start()
  const writer = await server.connect()
  const watcher = await server.connect()
  await writer.create('/a')
  await watcher.getData('/a', true)
  await writer.setData('/a', '1')
  await writer.setData('/a', '2')
  await writer.delete('/a')
  await watcher.ping()
  expect(eventTexts(watcher.events)).toEqual(['changed /a'])
})

test('A66: the same watch set again and again reports once', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  for (let round = 0; round < 5; round++) {
    await client.getData('/a', true)
    await client.exists('/a', true)
  }
  await client.setData('/a', '1')
  await client.ping()
  expect(eventTexts(client.events)).toEqual(['changed /a'])
})

test('A67: a watch that is set again for each event reports every change', async () => {
  await using server = await TestServer.start()
  const writer = await server.connect()
  const watcher = await server.connect()
  await writer.create('/a')
  for (let round = 1; round <= 50; round++) {
    await watcher.getData('/a', true)
    await writer.setData('/a', String(round))
    expect(await watcher.nextEvent()).toMatchObject({ type: 3, path: '/a' })
  }
  expect(watcher.events).toHaveLength(50)
})

test('A71: setting the value that a node already has is a change', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'same')
  await client.getData('/a', true)
  await client.setData('/a', 'same')
  await client.ping()
  expect(eventTexts(client.events)).toEqual(['changed /a'])
})

test('A78: a change between the event and the next read is no event, and that read shows it', async () => {
  await using server = await TestServer.start()
  const reader = await server.connect()
  const writer = await server.connect()
  await writer.create('/a', '0')
  await reader.getData('/a', true)
  await writer.setData('/a', '1')
  expect(await reader.nextEvent()).toMatchObject({ type: 3, path: '/a' })
  await writer.setData('/a', '2')
  const { stat } = await reader.getData('/a', true)
  expect(stat.version).toBe(2)
  expect(reader.events).toHaveLength(1)
})

test('A79: two changes in a row are one event, and the read after it shows the second', async () => {
  await using server = await TestServer.start()
  const reader = await server.connect()
  const writer = await server.connect()
  await writer.create('/a', '0')
  await reader.getData('/a', true)
  await Promise.all([writer.setData('/a', '1'), writer.setData('/a', '2')])
  await reader.nextEvent()
  expect((await reader.getData('/a')).stat.version).toBe(2)
  expect(reader.events).toHaveLength(1)
})

test('A2: two clients, one sets what the other watches, and the other reads it when told', async () => {
  await using server = await TestServer.start()
  const one = await server.connect()
  const other = await server.connect()
  await one.create('/t', 'old')
  await one.getData('/t', true)
  await other.setData('/t', 'new')
  expect(await one.nextEvent()).toMatchObject({ type: 3, state: 3, path: '/t' })
  expect(await one.getText('/t')).toBe('new')
})

test('A3: the tree can be walked, and a watch yields one event', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  for (const path of ['/app', '/app/workers', '/app/workers/w1', '/app/tasks']) await client.create(path)
  const walk = async (path: string): Promise<string[]> => {
    const names = (await client.getChildren(path)).sort()
    const below = await Promise.all(names.map((name) => walk(path === '/' ? `/${name}` : `${path}/${name}`)))
    return [path, ...below.flat()]
  }
  expect(await walk('/')).toEqual([
    '/',
    '/app',
    '/app/tasks',
    '/app/workers',
    '/app/workers/w1',
    '/zookeeper',
    '/zookeeper/config',
    '/zookeeper/quota',
  ])
  await client.getData('/app', true)
  await client.setData('/app', 'x')
  await client.setData('/app', 'y')
  await client.ping()
  expect(eventTexts(client.events)).toEqual(['changed /app'])
})

test('watches on the root report children by the path /', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.getChildren('/', true)
  await client.addWatch('/', PERSISTENT)
  await client.create('/a')
  await client.setData('/', 'x')
  await client.ping()
  expect(eventTexts(client.events)).toEqual(['children /', 'changed /'])
  const everything = await server.connect()
  await everything.addWatch('/', RECURSIVE)
  await client.create('/a/b')
  await client.delete('/a/b')
  await client.setData('/', 'y')
  await everything.ping()
  expect(eventTexts(everything.events)).toEqual(['created /a/b', 'deleted /a/b', 'changed /'])
})

test('several kinds of watches of one connection on one node report a change once', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/w')
  await client.getData('/w', true)
  await client.getChildren('/w', true)
  await client.addWatch('/w', PERSISTENT)
  await client.addWatch('/w', RECURSIVE)
  await client.addWatch('/', RECURSIVE)
  await client.setData('/w', 'x')
  await client.create('/w/c')
  await client.delete('/w/c')
  await client.delete('/w')
  await client.ping()
  expect(eventTexts(client.events)).toEqual([
    'changed /w',
    'created /w/c',
    'children /w',
    'deleted /w/c',
    'children /w',
    'deleted /w',
  ])
})

test('what fails is no event: bad versions, missing nodes, multis that change nothing', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const watcher = await server.connect()
  await client.create('/w')
  await watcher.addWatch('/', RECURSIVE)
  await outcome(client.setData('/w', 'x', 7))
  await outcome(client.delete('/w', 7))
  await outcome(client.create('/w'))
  await client.multi([
    { op: 'create', path: '/w/c' },
    { op: 'setData', path: '/w', data: 'x' },
    { op: 'delete', path: '/nowhere' },
  ])
  await client.multi([{ op: 'check', path: '/w', version: 0 }])
  await client.sync('/w')
  await client.setAcl('/w', openAcl)
  await watcher.ping()
  expect(watcher.events).toEqual([])
})

test('A28 A70: the end of a session is told to whoever watches its nodes and their parents', async () => {
  await using server = await TestServer.start({ tickTime: 100 })
  const client = await server.connect({ timeoutMs: 200, pingIntervalMs: 0 })
  const watcher = await server.connect()
  await watcher.create('/members')
  await client.create('/members/m', null, RawCreateMode.ephemeral)
  await watcher.exists('/members/m', true)
  await watcher.getChildren('/members', true)
  await watcher.waitForEvents(2)
  expect(eventTexts(watcher.events)).toEqual(['deleted /members/m', 'children /members'])
})

test('watches belong to a connection: they end with it, and a session that is resumed has none', async () => {
  await using server = await TestServer.start()
  const writer = await server.connect()
  const client = await server.connect()
  await writer.create('/a')
  await client.exists('/a', true)
  await client.addWatch('/a', PERSISTENT)
  const { sessionId, password } = client
  const resumed = await server.connect({ sessionId, password })
  await writer.setData('/a', 'x')
  await resumed.ping()
  expect(resumed.events).toEqual([])
  expect(await outcome(resumed.checkWatches('/a', 3))).toBe('NOWATCHER')
})

test('an event is only for those who may read the node, and consumes the watch all the same', async () => {
  await using server = await TestServer.start()
  const owner = await server.connect()
  await owner.auth('digest', 'u:p')
  const mine = [{ perms: 31, scheme: 'auth', id: '' }]
  const stranger = await server.connect()
  // exists on a node that is not there yet needs no permission.
  await stranger.exists('/secret', true)
  await stranger.addWatch('/', RECURSIVE)
  await owner.create('/secret', null, RawCreateMode.persistent, mine)
  await owner.setData('/secret', 'x')
  await owner.create('/secret/open')
  await owner.setData('/secret/open', 'x')
  await stranger.ping()
  expect(eventTexts(stranger.events)).toEqual(['created /secret/open', 'changed /secret/open'])
  // The parent decides about changes of its children, and the node about its end, by the ACL that it had.
  await stranger.addWatch('/secret', PERSISTENT)
  await owner.delete('/secret/open')
  await owner.delete('/secret')
  await stranger.ping()
  expect(eventTexts(stranger.events).slice(2)).toEqual(['deleted /secret/open'])
  // The watch of exists is gone although nothing was told.
  expect(await outcome(stranger.checkWatches('/secret', 2))).toBe('NOWATCHER')
  await stranger.auth('digest', 'u:p')
  await owner.create('/secret', null, RawCreateMode.persistent, mine)
  await stranger.ping()
  expect(eventTexts(stranger.events).slice(3)).toEqual(['created /secret'])
})
