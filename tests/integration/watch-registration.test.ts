// How watches are set again after a reconnect, asked about and taken away.

import { expect, test } from 'vitest'
import { type RawClient, RawOp, type RawSetWatches } from '../support/raw-client.ts'
import { eventTexts, outcome } from './outcomes.ts'
import { TestServer } from './test-server.ts'

const CHILDREN = 1
const DATA = 2
const ANY = 3
const PERSISTENT = 4
const RECURSIVE = 5

interface Scene {
  readonly server: TestServer
  readonly writer: RawClient
  /** Nodes /same, /set, /parent and /gone exist at this zxid; then /set is set, /parent gets a child, and /gone goes. */
  readonly since: number
}

async function makeScene(): Promise<Scene & AsyncDisposable> {
  const server = await TestServer.start()
  const writer = await server.connect()
  for (const path of ['/same', '/set', '/parent', '/gone', '/reborn']) await writer.create(path)
  const since = writer.lastZxid
  await writer.setData('/set', 'x')
  await writer.create('/parent/child')
  await writer.delete('/gone')
  await writer.delete('/reborn')
  await writer.create('/reborn')
  await writer.create('/new')
  return { server, writer, since, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const WATCHED = ['/same', '/set', '/parent', '/gone', '/reborn', '/new', '/never']

test('setWatches tells at once what data, existence and children became since the zxid, list by list', async () => {
  await using scene = await makeScene()
  const client = await scene.server.connect()
  const watches: RawSetWatches = { relativeZxid: scene.since, data: WATCHED, exist: ['/gone', '/new', '/never'], child: WATCHED }
  const reply = client.setWatches(watches)
  await reply
  expect(eventTexts(client.events)).toEqual([
    ...['changed /set', 'deleted /gone', 'changed /reborn', 'changed /new', 'deleted /never'],
    ...['created /new'],
    ...['children /parent', 'deleted /gone', 'children /reborn', 'children /new', 'deleted /never'],
  ])
  expect(client.events.map((event) => [event.zxid, event.state])).toEqual(client.events.map(() => [-1, 3]))
})

test('setWatches registers what has not changed, and only that', async () => {
  await using scene = await makeScene()
  const client = await scene.server.connect()
  await client.setWatches({ relativeZxid: scene.since, data: WATCHED, exist: ['/gone', '/new', '/never'], child: WATCHED })
  const registered: string[] = []
  for (const path of WATCHED) {
    if ((await outcome(client.checkWatches(path, DATA))) === 'OK') registered.push(`data ${path}`)
    if ((await outcome(client.checkWatches(path, CHILDREN))) === 'OK') registered.push(`children ${path}`)
  }
  // /parent's own data has not changed, nor have the children of /set.
  expect(registered).toEqual(['data /same', 'children /same', 'children /set', 'data /parent', 'data /gone', 'data /never'])
})

test('setWatches2 registers lasting watches without an event, whatever has happened', async () => {
  await using scene = await makeScene()
  const client = await scene.server.connect()
  await client.setWatches2({ relativeZxid: 0, persistent: ['/set', '/gone'], persistentRecursive: ['/parent', '/never'] })
  expect(client.events).toEqual([])
  expect(await outcome(client.checkWatches('/set', PERSISTENT))).toBe('OK')
  expect(await outcome(client.checkWatches('/never', RECURSIVE))).toBe('OK')
  await scene.writer.create('/gone')
  await scene.writer.setData('/parent/child', 'x')
  await scene.writer.create('/set/child')
  await client.ping()
  expect(eventTexts(client.events)).toEqual(['created /gone', 'changed /parent/child', 'children /set'])
})

test('setWatches2 does for one-shot watches what setWatches does', async () => {
  await using scene = await makeScene()
  const client = await scene.server.connect()
  await client.setWatches2({ relativeZxid: scene.since, data: ['/set', '/same'], exist: ['/new'], child: ['/parent'] })
  expect(eventTexts(client.events)).toEqual(['changed /set', 'created /new', 'children /parent'])
})

test('events of setWatches come before its reply and before any that follow', async () => {
  await using scene = await makeScene()
  const client = await scene.server.connect()
  const reply = await client.request(RawOp.setWatches, (writer) => {
    writer.writeNumber(scene.since)
    writer.writeInt(2)
    writer.writeString('/set')
    writer.writeString('/gone')
    writer.writeInt(0)
    writer.writeInt(0)
  })
  expect(client.events.map((event) => event.order)).toEqual([reply.order - 2, reply.order - 1])
})

test('setWatches of a thousand paths is answered', async () => {
  await using scene = await makeScene()
  const client = await scene.server.connect()
  const paths = Array.from({ length: 1000 }, (_, index) => `/missing-${index}`)
  await client.setWatches({ relativeZxid: scene.since, data: paths, exist: paths, child: [] })
  expect(eventTexts(client.events)).toEqual(paths.map((path) => `deleted ${path}`))
  await scene.writer.create('/missing-500')
  await client.ping()
  expect(eventTexts(client.events.slice(1000))).toEqual(['created /missing-500'])
})

const TYPES = [CHILDREN, DATA, ANY, PERSISTENT, RECURSIVE]

async function typesFound(client: RawClient, path: string): Promise<number[]> {
  const found: number[] = []
  for (const type of TYPES) if ((await outcome(client.checkWatches(path, type))) === 'OK') found.push(type)
  return found
}

test('checkWatches finds each kind of watch under its type and under any, at exactly its path', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/w')
  await client.create('/w/c')
  expect(await typesFound(client, '/w')).toEqual([])
  const kinds: readonly [() => Promise<unknown>, number[]][] = [
    [() => client.getChildren('/w', true), [CHILDREN, ANY]],
    [() => client.getData('/w', true), [DATA, ANY]],
    [() => client.addWatch('/w', 0), [ANY, PERSISTENT]],
    [() => client.addWatch('/w', 1), [ANY, RECURSIVE]],
  ]
  for (const [register, types] of kinds) {
    await register()
    expect(await typesFound(client, '/w')).toEqual(types)
    expect(await typesFound(client, '/w/c')).toEqual([])
    expect(await typesFound(client, '/')).toEqual([])
    await client.removeWatches('/w', ANY)
    expect(await typesFound(client, '/w')).toEqual([])
  }
  await client.exists('/missing', true)
  expect(await typesFound(client, '/missing')).toEqual([DATA, ANY])
})

test('removeWatches takes away what it names and leaves the rest, without an event', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const other = await server.connect()
  await client.create('/w')
  const registerAll = async (): Promise<void> => {
    await client.getChildren('/w', true)
    await client.getData('/w', true)
    await client.addWatch('/w', 0)
    await client.addWatch('/w', 1)
  }
  const left: Readonly<Record<number, number[]>> = {
    [CHILDREN]: [DATA, ANY, PERSISTENT, RECURSIVE],
    [DATA]: [CHILDREN, ANY, PERSISTENT, RECURSIVE],
    [PERSISTENT]: [CHILDREN, DATA, ANY, RECURSIVE],
    [RECURSIVE]: [CHILDREN, DATA, ANY, PERSISTENT],
    [ANY]: [],
  }
  await other.getData('/w', true)
  for (const type of TYPES) {
    await registerAll()
    await client.removeWatches('/w', type)
    expect([type, ...(await typesFound(client, '/w'))]).toEqual([type, ...(left[type] ?? [])])
    expect(await outcome(client.removeWatches('/w', type))).toBe('NOWATCHER')
  }
  await client.removeWatches('/w', ANY).catch(() => {})
  await client.setData('/w', 'x')
  await client.create('/w/c')
  await other.ping()
  expect(client.events).toEqual([])
  // Somebody else's watches are their own.
  expect(eventTexts(other.events)).toEqual(['changed /w'])
})

test('watches that were taken away report no more, also when recursive ones above are left', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/w')
  await client.create('/w/c')
  await client.addWatch('/w', 1)
  await client.addWatch('/w/c', 1)
  await client.removeWatches('/w', RECURSIVE)
  await client.setData('/w', 'x')
  await client.setData('/w/c', 'x')
  await client.ping()
  expect(eventTexts(client.events)).toEqual(['changed /w/c'])
})

test('a null path has no watchers', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  for (const op of [RawOp.checkWatches, RawOp.removeWatches]) {
    const reply = await client.request(op, (writer) => {
      writer.writeString(null)
      writer.writeInt(ANY)
    })
    expect(reply.err).toBe(-121)
  }
})
