// Nodes that the server removes by itself. The server's clock is real here; what must not go is watched, not waited for.

import { expect, test } from 'vitest'
import { RawCreateMode } from '../support/raw-client.ts'
import { eventTexts, outcome } from './outcomes.ts'
import { errorName } from './raw-session.ts'
import { TestServer } from './test-server.ts'

const INTERVAL_MS = 20
const CHECKED = { 'znode.container.checkIntervalMs': INTERVAL_MS, extendedTypesEnabled: true }

/** Waits for several passes of the reaper: each takes away a container that is made and emptied for this purpose. */
async function somePasses(server: TestServer): Promise<void> {
  const client = await server.connect()
  for (let pass = 0; pass < 3; pass++) {
    const path = `/pass-${client.sessionId}-${pass}`
    await client.createContainer(path)
    await client.create(`${path}/child`)
    await client.exists(path, true)
    await client.delete(`${path}/child`)
    expect(await client.nextEvent()).toMatchObject({ type: 2, path })
  }
  await client.close()
}

test('A177: a container goes when its last child has gone, and tells who watches', async () => {
  await using server = await TestServer.start(CHECKED)
  const client = await server.connect()
  const watcher = await server.connect()
  await client.createContainer('/locks')
  await client.create('/locks/a', null, RawCreateMode.ephemeralSequential)
  await client.create('/locks/b')
  await watcher.addWatch('/locks', 0)
  await watcher.getChildren('/', true)
  await somePasses(server)
  expect(await client.exists('/locks')).toMatchObject({ ephemeralOwner: 0n, numChildren: 2 })
  const seen = watcher.events.length
  await client.delete('/locks/b')
  await client.close()
  await watcher.waitForEvents(seen + 3)
  // The last child, then the container itself; the watch on the root was used up by the passes above.
  expect(eventTexts(watcher.events.slice(seen))).toEqual(['children /locks', 'children /locks', 'deleted /locks'])
  expect(await watcher.exists('/locks')).toBeNull()
})

test('A177: a container that never had a child stays, and so does a plain node that was made like one', async () => {
  await using server = await TestServer.start(CHECKED)
  const client = await server.connect()
  await client.createContainer('/never-used')
  await client.create('/plain', null, RawCreateMode.container)
  await client.create('/plain/child')
  await client.delete('/plain/child')
  await somePasses(server)
  expect(await client.exists('/never-used')).not.toBeNull()
  expect(await client.exists('/plain')).not.toBeNull()
})

test('a container that was made in a multi is one', async () => {
  await using server = await TestServer.start(CHECKED)
  const client = await server.connect()
  await client.multi([
    { op: 'create', path: '/c', flags: RawCreateMode.container },
    { op: 'create', path: '/c/child' },
  ])
  await client.exists('/c', true)
  await client.delete('/c/child')
  expect(await client.nextEvent()).toMatchObject({ type: 2, path: '/c' })
})

test('containers that were never used go after the time that the configuration sets', async () => {
  await using server = await TestServer.start({ ...CHECKED, 'znode.container.maxNeverUsedIntervalMs': 100 })
  const client = await server.connect()
  const { stat } = await client.createContainer('/never-used')
  await client.exists('/never-used', true)
  expect(await client.nextEvent()).toMatchObject({ type: 2, path: '/never-used' })
  expect(Date.now() - stat.mtime).toBeGreaterThan(100)
})

test('A177: a node with a time to live goes after it; one with children, or that is set again, does not', async () => {
  await using server = await TestServer.start(CHECKED)
  const client = await server.connect()
  const watcher = await server.connect()
  const ttlMs = 120
  const short = await client.createTtl('/short', ttlMs)
  await client.createTtl('/long', 60_000)
  await client.createTtl('/parent', ttlMs)
  await client.create('/parent/child')
  const sequential = await client.createTtl('/s-', ttlMs, null, RawCreateMode.persistentSequentialWithTtl)
  for (const path of ['/short', '/long', '/parent', sequential.path]) await watcher.exists(path, true)
  expect(await watcher.nextEvent()).toMatchObject({ type: 2, path: '/short' })
  expect(Date.now() - short.stat.mtime).toBeGreaterThan(ttlMs)
  expect(await watcher.nextEvent()).toMatchObject({ type: 2, path: sequential.path })
  await somePasses(server)
  expect(await client.exists('/parent')).not.toBeNull()
  expect(await client.exists('/long')).not.toBeNull()
  // It is over its time: without its child it goes at the next pass.
  await client.delete('/parent/child')
  expect(await watcher.nextEvent()).toMatchObject({ type: 2, path: '/parent' })
})

test('A177: changes of children do not prolong a time to live', async () => {
  await using server = await TestServer.start(CHECKED)
  const client = await server.connect()
  const { stat } = await client.createTtl('/t', 100)
  await client.exists('/t', true)
  let rounds = 0
  while (client.events.length === 0) {
    // Between the two the node has a child and stays; behind the second it may go at any time.
    if ((await outcome(client.create('/t/child'))) === 'OK') await client.delete('/t/child')
    rounds++
    expect(Date.now() - stat.mtime).toBeLessThan(20_000)
  }
  expect(rounds).toBeGreaterThan(0)
  expect(client.events[0]).toMatchObject({ type: 2, path: '/t' })
})

test('a restart keeps containers and times to live, and goes on with them', async () => {
  await using server = await TestServer.start({ ...CHECKED, 'znode.container.checkIntervalMs': 60_000 })
  const client = await server.connect()
  await client.createContainer('/c')
  await client.create('/c/child')
  await client.delete('/c/child')
  await client.createTtl('/t', 1)
  await client.createTtl('/long', 60_000)
  await server.restart({ 'znode.container.checkIntervalMs': INTERVAL_MS })
  const later = await server.connect()
  await later.getChildren('/', true)
  await somePasses(server)
  expect((await later.getChildren('/')).toSorted()).toEqual(['long', 'zookeeper'])
  expect((await later.exists('/long'))?.ephemeralOwner).toBe(0n)
})

test('what the server removes is a transaction like any other', async () => {
  await using server = await TestServer.start(CHECKED)
  const client = await server.connect()
  await client.createTtl('/t', 1)
  await client.exists('/t', true)
  const event = await client.nextEvent()
  expect(event.zxid).toBe(client.lastZxid + 1)
  const made = await client.create2('/after')
  expect(made.stat.czxid).toBe(event.zxid + 1)
  expect((await client.exists('/'))?.pzxid).toBe(made.stat.czxid)
})

test('nodes with a time to live belong to no session', async () => {
  await using server = await TestServer.start(CHECKED)
  const client = await server.connect()
  await client.createTtl('/t', 60_000)
  const results = await client.multi([{ op: 'createTtl', path: '/u', ttlMs: 60_000 }])
  expect(results.map((result) => errorName(result.err))).toEqual(['OK'])
  expect(await client.getEphemerals()).toEqual([])
  await client.close()
  const later = await server.connect()
  expect((await later.getChildren('/')).toSorted()).toEqual(['t', 'u', 'zookeeper'])
})

test('with extended types switched off at a restart, what had a time to live counts as left by a session that is gone', async () => {
  await using server = await TestServer.start(CHECKED)
  const client = await server.connect()
  await client.createTtl('/t', 60_000)
  await client.createContainer('/c')
  await client.create('/p')
  await server.restart({ extendedTypesEnabled: false })
  const later = await server.connect()
  expect((await later.getChildren('/')).toSorted()).toEqual(['c', 'p', 'zookeeper'])
  expect(server.logger.linesWith('which no longer exists')).toHaveLength(1)
})
