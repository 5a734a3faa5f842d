// Sessions, watches and observations of the client across lost connections, against a real server.

import {
  type ChildrenValue,
  connect,
  decodeText,
  type NodeValue,
  type Observation,
  retries,
  type WatchEvent,
} from '@tskeeper/client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ClientTarget } from './client-target.ts'

let target: ClientTarget

beforeAll(async () => {
  target = await ClientTarget.start()
}, 60_000)

afterAll(() => target[Symbol.asyncDispose]())

function textOf(observation: Observation<NodeValue> | undefined): string | null {
  return observation === undefined || observation.value === null ? null : decodeText(observation.value.data)
}

test('a session lives on over another connection, with its ephemeral nodes', async () => {
  const proxy = await target.proxy()
  const zk = await target.connectThrough(proxy)
  const { sessionId } = zk
  await zk.create('/mine', '', { mode: 'ephemeral' })
  proxy.cut()
  expect(await zk.exists('/mine', { retry: retries.forever })).toMatchObject({ ephemeralOwner: sessionId })
  expect(zk.sessionId).toBe(sessionId)
  await zk.close()
  const other = await target.connect()
  expect(await other.exists('/mine')).toBeNull()
})

test('another client can go on with a session, and end it under the first one', async () => {
  const proxy = await target.proxy()
  const zk = await target.connectThrough(proxy)
  const expired = new Promise((resolve) => {
    zk.on('state', ({ state }) => {
      if (state === 'expired') resolve(undefined)
    })
  })
  proxy.isClosed = true
  const heir = await target.connect({ session: { id: zk.sessionId, password: zk.password } })
  expect(heir.sessionId).toBe(zk.sessionId)
  await heir.close()
  proxy.isClosed = false
  await expired
  await expect(zk.get('/')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  await expect(
    connect(`127.0.0.1:${target.port}`, { session: { id: heir.sessionId, password: heir.password } }),
  ).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
})

test('one-shot watches tell what happened while the connection was gone', async () => {
  const proxy = await target.proxy()
  const zk = await target.connectThrough(proxy)
  const writer = await target.connect()
  for (const name of ['changed', 'deleted', 'parent', 'quiet']) await writer.create(`/w-${name}`)
  const events: string[] = []
  const watch = ({ type, path }: WatchEvent): void => void events.push(`${type} ${path}`)
  await zk.get('/w-changed', { watch })
  await zk.get('/w-deleted', { watch })
  await zk.exists('/w-created', { watch })
  await zk.children('/w-parent', { watch })
  await zk.get('/w-quiet', { watch })
  proxy.isClosed = true
  proxy.cut()
  await writer.set('/w-changed', 'x')
  await writer.delete('/w-deleted')
  await writer.create('/w-created')
  await writer.create('/w-parent/child')
  proxy.isClosed = false
  await zk.sync('/')
  expect(events.toSorted()).toEqual(['changed /w-changed', 'children /w-parent', 'created /w-created', 'deleted /w-deleted'])
  await writer.set('/w-quiet', 'x')
  await zk.sync('/')
  expect(events).toContain('changed /w-quiet')
})

test('persistent watches can be iterated over, and say when something may have been missed', async () => {
  const proxy = await target.proxy()
  const zk = await target.connectThrough(proxy)
  const writer = await target.connect()
  await writer.create('/p')
  const controller = new AbortController()
  const events: string[] = []
  const iteration = (async () => {
    for await (const { type, path } of zk.watch('/p', { recursive: true, signal: controller.signal }))
      events.push(`${type} ${path}`)
  })()
  await zk.sync('/')
  await writer.create('/p/a')
  await writer.set('/p/a', 'x')
  await zk.sync('/')
  expect(events).toEqual(['created /p/a', 'changed /p/a'])
  proxy.isClosed = true
  proxy.cut()
  await writer.delete('/p/a')
  proxy.isClosed = false
  await vi.waitFor(() => expect(events).toContain('gap /p'), 10_000)
  await writer.create('/p/b')
  await zk.sync('/')
  expect(events.slice(2)).toEqual(['gap /p', 'created /p/b'])
  controller.abort()
  await iteration
})

test('an observed node gives each value, and the latest with a gap when some were missed', async () => {
  const proxy = await target.proxy()
  const zk = await target.connectThrough(proxy)
  const writer = await target.connect()
  const values = zk.observe('/o')[Symbol.asyncIterator]()
  expect((await values.next()).value).toEqual({ value: null, gap: false })
  await writer.create('/o', '0')
  const created = (await values.next()).value
  expect([textOf(created), created.gap]).toEqual(['0', false])
  await writer.set('/o', '1')
  const changed = (await values.next()).value
  expect([textOf(changed), changed.gap]).toEqual(['1', false])
  proxy.isClosed = true
  proxy.cut()
  await writer.set('/o', '2')
  await writer.set('/o', '3')
  const next = values.next()
  proxy.isClosed = false
  const missed = (await next).value
  expect([textOf(missed), missed.gap]).toEqual(['3', true])
  proxy.cut()
  await writer.set('/o', '4')
  const one = (await values.next()).value
  expect([textOf(one), one.gap]).toEqual(['4', false])
  await writer.delete('/o')
  expect((await values.next()).value).toEqual({ value: null, gap: false })
  const last = values.next()
  await values.return?.()
  expect((await last).done).toBe(true)
})

test('A80: an observer never misses the last of ten thousand changes, however it keeps up', async () => {
  const zk = await target.connect()
  const writer = await target.connect()
  await writer.create('/a80', '0')
  const last = 10_000
  let seen = -1
  const observing = (async () => {
    for await (const observation of zk.observe('/a80')) {
      const value = Number(textOf(observation))
      expect(value).toBeGreaterThan(seen)
      seen = value
      if (value === last) return
      if (value % 7 === 0) await zk.exists('/')
    }
  })()
  for (let value = 1; value <= last; ) {
    // Bursts of changing length, so that the observer meets every distance between a change and its look.
    const burst = Array.from({ length: Math.min(1 + (value % 97), last - value + 1) }, () => writer.set('/a80', String(value++)))
    await Promise.all(burst)
  }
  await observing
  expect(seen).toBe(last)
}, 60_000)

test('observed children are the latest list', async () => {
  const zk = await target.connect()
  const writer = await target.connect()
  await writer.create('/oc')
  const lists = zk.observeChildren('/oc')[Symbol.asyncIterator]()
  const namesOf = ({ value }: Observation<ChildrenValue>): string[] | undefined => value?.children.toSorted()
  expect(namesOf((await lists.next()).value)).toEqual([])
  await writer.create('/oc/a')
  const first = (await lists.next()).value
  expect([namesOf(first), first.gap]).toEqual([['a'], false])
  await writer.create('/oc/b')
  await writer.create('/oc/c')
  await zk.sync('/')
  const second = (await lists.next()).value
  expect([namesOf(second), second.gap]).toEqual([['a', 'b', 'c'], true])
  // A change of the data is none of the list.
  await writer.set('/oc', 'x')
  await writer.delete('/oc', { recursive: true })
  for (let list = (await lists.next()).value; list.value !== null; list = (await lists.next()).value)
    expect(list.value).not.toBeNull()
  await lists.return?.()
})

test('an observed tree is kept up to date, also across a lost connection', async () => {
  const proxy = await target.proxy()
  const zk = await target.connectThrough(proxy)
  const writer = await target.connect()
  await writer.create('/ot/a/b', 'b', { withParents: true })
  const trees = zk.observeTree('/ot')[Symbol.asyncIterator]()
  const first = (await trees.next()).value
  expect([...first.nodes.keys()].toSorted()).toEqual(['/ot', '/ot/a', '/ot/a/b'])
  await writer.create('/ot/c', 'c')
  const second = (await trees.next()).value
  expect(second).toMatchObject({ changed: ['/ot/c'], gap: false })
  proxy.isClosed = true
  proxy.cut()
  await writer.delete('/ot/a', { recursive: true })
  await writer.set('/ot/c', 'd')
  const next = trees.next()
  proxy.isClosed = false
  const third = (await next).value
  expect(third.gap).toBe(true)
  expect([...third.nodes.keys()].toSorted()).toEqual(['/ot', '/ot/c'])
  expect(third.changed.toSorted()).toEqual(['/ot/a', '/ot/a/b', '/ot/c'])
  await trees.return?.()
})

test('a protected create makes one node, though its answer was lost', async () => {
  const proxy = await target.proxy()
  const zk = await target.connectThrough(proxy)
  await zk.create('/q')
  proxy.swallowsReplies = true
  const created = zk.create('/q/n-', 'x', { mode: 'ephemeral-sequential', protected: true })
  const watcher = await target.connect()
  await vi.waitFor(async () => expect(await watcher.children('/q')).toHaveLength(1), 10_000)
  proxy.swallowsReplies = false
  proxy.cut()
  const path = await created
  expect(path).toMatch(/^\/q\/_c_[0-9a-f-]{36}-n-0000000000$/)
  expect(await watcher.children('/q')).toEqual([path.slice('/q/'.length)])
})

test('a renewed session observes on', async () => {
  const proxy = await target.proxy()
  const zk = await target.connectThrough(proxy, { renewSession: true })
  const writer = await target.connect()
  await writer.create('/renew', '0')
  const values = zk.observe('/renew')[Symbol.asyncIterator]()
  expect(textOf((await values.next()).value)).toBe('0')
  const { sessionId } = zk
  proxy.isClosed = true
  const heir = await target.connect({ session: { id: sessionId, password: zk.password } })
  await heir.close()
  await writer.set('/renew', '1')
  await writer.set('/renew', '2')
  const next = values.next()
  proxy.isClosed = false
  const value = (await next).value
  expect([textOf(value), value.gap]).toEqual(['2', true])
  expect(zk.sessionId).not.toBe(sessionId)
  await values.return?.()
})

test('removed watches are gone from the server too', async () => {
  const zk = await target.connect()
  await zk.create('/rm')
  const events: string[] = []
  const note = ({ type }: WatchEvent): void => void events.push(type)
  await zk.get('/rm', { watch: note })
  await zk.removeWatches('/rm', 'data')
  const handle = await zk.addWatch('/rm', 'persistent', note)
  await zk.set('/rm', 'x')
  await handle.remove()
  await zk.set('/rm', 'y')
  await zk.sync('/')
  expect(events).toEqual(['data-watch-removed', 'changed'])
  await expect(zk.removeWatches('/rm')).rejects.toMatchObject({ code: 'NO_WATCHER' })
})
