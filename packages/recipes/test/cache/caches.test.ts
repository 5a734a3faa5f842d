import { decodeText } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { ChildrenCache, NodeCache, TreeCache } from '../../src/index.ts'
import { until, World } from '../support/test-world.ts'

test('a node cache has the newest value, and null while there is no node', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  await using cache = new NodeCache(zk, '/node')
  expect((await cache.ready()).value).toBeNull()
  await other.create('/node', 'a')
  await until(() => cache.current !== null)
  await other.set('/node', 'b')
  await until(() => decodeText(cache.current?.data ?? new Uint8Array()) === 'b')
  await other.delete('/node')
  await until(() => cache.current === null)
})

test('a cache catches up after a lost connection and in the next session', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.proxied({ renewSession: true }), await world.client()]
  await other.create('/node', '1')
  await using cache = new NodeCache(zk, '/node')
  await cache.ready()
  world.proxy.close()
  await other.set('/node', '2')
  world.proxy.open()
  await until(() => decodeText(cache.current?.data ?? new Uint8Array()) === '2')
  await world.expire(zk)
  await other.set('/node', '3')
  await until(() => decodeText(cache.current?.data ?? new Uint8Array()) === '3')
  expect(cache.failure).toBeNull()
})

test('a cache of a session that is over keeps its last value and says why', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await zk.create('/node', 'last')
  await using cache = new NodeCache(zk, '/node')
  await cache.ready()
  await world.expire(zk)
  await until(() => cache.failure !== null)
  expect(cache.failure).toMatchObject({ code: 'SESSION_EXPIRED' })
  expect(decodeText(cache.current?.data ?? new Uint8Array())).toBe('last')
  const reading = (async () => {
    for await (const _ of cache.changes());
  })()
  await expect(reading).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
})

test('a children cache follows names and data, and leaves out what lies deeper', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  await using cache = new ChildrenCache(zk, '/top')
  expect((await cache.ready()).children.size).toBe(0)
  await other.create('/top/a/deep', 'd', { withParents: true })
  await other.create('/top/b', '1')
  await until(() => cache.children.size === 2)
  await other.set('/top/b', '2')
  await until(() => decodeText(cache.get('b')?.data ?? new Uint8Array()) === '2')
  expect([...cache.children.keys()].sort()).toEqual(['a', 'b'])
  await other.delete('/top/b')
  await until(() => cache.get('b') === null)
})

test('a view of children does not change behind the reader', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await zk.create('/top/a', '', { withParents: true })
  await using cache = new ChildrenCache(zk, '/top')
  const { children } = await cache.ready()
  await zk.create('/top/b')
  await until(() => cache.children.size === 2)
  expect([...children.keys()]).toEqual(['a'])
})

test('a tree cache has every node below, and says which ones have changed', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  await other.create('/top/a/b', '1', { withParents: true })
  await using cache = new TreeCache(zk, '/top')
  await cache.ready()
  expect([...cache.nodes.keys()].sort()).toEqual(['/top', '/top/a', '/top/a/b'])
  const changes = cache.changes()[Symbol.asyncIterator]()
  await changes.next()
  await other.set('/top/a/b', '2')
  expect((await changes.next()).value?.changed).toEqual(['/top/a/b'])
  expect(decodeText(cache.get('/top/a/b')?.data ?? new Uint8Array())).toBe('2')
  await other.delete('/top/a', { recursive: true })
  await until(() => cache.nodes.size === 1)
})

test('a closed cache ends its readers', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const cache = new TreeCache(zk, '/none')
  await cache.ready()
  const seen: number[] = []
  const reading = (async () => {
    for await (const { nodes } of cache.changes()) seen.push(nodes.size)
  })()
  await until(() => seen.length === 1)
  await cache.close()
  await reading
  expect(seen).toEqual([0])
})
