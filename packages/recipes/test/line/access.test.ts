// Which nodes a recipe makes is its own affair; that each of them has the list that was asked for is tested for all recipes alike.

import { type Acl, CREATOR_ALL_ACL, Perm, type ZooKeeper } from '@tskeeper/client'
import { expect, test } from 'vitest'
import * as recipes from '../../src/index.ts'
import { until, World } from '../support/test-world.ts'

const OWNER = { scheme: 'digest', auth: 'owner:secret' } as const

/** Uses a recipe at `/top/recipe` so that all kinds of nodes that it makes are there when it settles. */
type Use = (zk: ZooKeeper, path: string, access: recipes.AccessOptions) => Promise<unknown>

const uses: Readonly<Record<string, Use>> = {
  AtomicCounter: (zk, path, access) => new recipes.AtomicCounter(zk, path, access).increment(),
  AtomicValue: (zk, path, access) =>
    new recipes.AtomicValue(zk, path, { codec: recipes.textCodec, initial: '', ...access }).update(() => 'changed'),
  Barrier: (zk, path, access) => new recipes.Barrier(zk, path, access).shut(),
  Configuration: (zk, path, access) => new recipes.Configuration(zk, path, recipes.textCodec, access).publish('value'),
  DelayQueue: async (zk, path, access) => {
    const queue = new recipes.DelayQueue(zk, path, access)
    await queue.putAt('due', { dueMs: 0 })
    await queue.take()
  },
  DoubleBarrier: (zk, path, access) => new recipes.DoubleBarrier(zk, path, { participants: 1, ...access }).enter(),
  FifoQueue: async (zk, path, access) => {
    const queue = new recipes.FifoQueue(zk, path, access)
    const waiting = queue.take()
    await until(async () => (await zk.exists(`${path}/waiting`)) !== null)
    await queue.put('work')
    await waiting
  },
  Group: (zk, path, access) => new recipes.Group(zk, path, access).join('me'),
  LeaderLatch: (zk, path, access) => new recipes.LeaderLatch(zk, path, access).whenLeading(),
  LeaderObserver: (zk, path, access) => new recipes.LeaderObserver(zk, path, access).changes().next(),
  LeaderSelector: (zk, path, access) =>
    new Promise((resolve) => {
      const lead = (): Promise<void> => new Promise(() => resolve(undefined))
      new recipes.LeaderSelector(zk, path, access).run(lead).catch(() => undefined)
    }),
  Lock: (zk, path, access) => new recipes.Lock(zk, path, access).acquire(),
  MaintainedNode: (zk, path, access) => new recipes.MaintainedNode(zk, path, 'here', access).ready(),
  MultiLock: (zk, path, access) => recipes.MultiLock.of(zk, [`${path}/1`, `${path}/2`], access).acquire(),
  NameRegistry: (zk, path, access) => new recipes.NameRegistry(zk, path, access).bind('name', 'address'),
  PriorityQueue: async (zk, path, access) => {
    const queue = new recipes.PriorityQueue(zk, path, access)
    await queue.put('work', { priority: 1 })
    await queue.poll()
  },
  ProgressReporter: (zk, path, access) => new recipes.ProgressReporter(zk, path, 'me', {}, access).flush(),
  ReadWriteLock: async (zk, path, access) => {
    await new recipes.ReadWriteLock(zk, `${path}/1`, access).read.acquire()
    await new recipes.ReadWriteLock(zk, `${path}/2`, access).write.acquire()
  },
  ReentrantLock: (zk, path, access) => new recipes.ReentrantLock(zk, path, access).acquire('me'),
  Semaphore: (zk, path, access) => {
    const semaphore = new recipes.Semaphore(zk, path, { permitsMax: 2, ...access })
    return semaphore.acquire({ permits: 2 })
  },
  ServiceRegistry: (zk, path, access) => {
    const here = { address: '10.0.0.7', port: 8080, payload: null }
    return new recipes.ServiceRegistry(zk, path, access).register('billing', here)
  },
  UniqueIds: async (zk, path, access) => {
    const ids = new recipes.UniqueIds(zk, path, access)
    await ids.nextName('order-')
    await new recipes.UniqueIds(zk, `${path}-of-numbers`, access).nextNumber()
  },
}

/** They only read. */
const READERS = new Set(['ChildrenCache', 'NodeCache', 'ProgressBoard', 'ServiceProvider', 'TakenEntry', 'TreeCache'])

test('each recipe that makes nodes is looked at here', () => {
  const classes = Object.entries(recipes).filter(([, value]) => typeof value === 'function' && /^class\b/.test(String(value)))
  const makers = classes.map(([name]) => name).filter((name) => !READERS.has(name))
  expect(makers.sort()).toEqual(Object.keys(uses).sort())
})

test.each(Object.entries(uses))('every node that %s makes has the access control list that was asked for', async (_name, use) => {
  await using world = await World.start()
  const zk = await world.client({ auth: [OWNER] })
  await use(zk, '/top/recipe', { acl: CREATOR_ALL_ACL })
  const lists = await listsBelow(zk, '/top')
  expect(lists.size).toBeGreaterThanOrEqual(2)
  for (const [path, acl] of lists) {
    expect(acl, path).toEqual([{ perms: Perm.all, scheme: 'digest', id: expect.stringMatching(/^owner:/) }])
  }
})

test('without a list the nodes are open, and those that are there keep theirs', async () => {
  await using world = await World.start()
  const zk = await world.client({ auth: [OWNER] })
  const readable: Acl[] = [{ perms: Perm.read | Perm.create | Perm.delete, scheme: 'world', id: 'anyone' }]
  await zk.create('/top', '', { acl: readable })
  const lock = new recipes.Lock(zk, '/top/lock', { acl: CREATOR_ALL_ACL })
  await lock.acquire()
  await new recipes.Lock(zk, '/open').acquire()
  expect((await zk.getAcl('/top')).acl).toEqual(readable)
  for (const [path, acl] of await listsBelow(zk, '/open')) {
    expect(acl, path).toEqual([{ perms: Perm.all, scheme: 'world', id: 'anyone' }])
  }
})

test('a client without the right neither sees who is in line nor takes a place', async () => {
  await using world = await World.start()
  const owner = await world.client({ auth: [OWNER] })
  const stranger = await world.client()
  await using lease = await new recipes.Lock(owner, '/locks/7', { acl: CREATOR_ALL_ACL }).acquire()
  const others = new recipes.Lock(stranger, '/locks/7')
  await expect(others.acquire()).rejects.toMatchObject({ code: 'NO_AUTH' })
  await expect(others.contenders()).rejects.toMatchObject({ code: 'NO_AUTH' })
  await expect(stranger.delete(lease.path)).rejects.toMatchObject({ code: 'NO_AUTH' })
  expect(lease.signal.aborted).toBe(false)
})

test('an empty list is refused at once, and one that the server cannot use when a node is made', async () => {
  await using world = await World.start()
  const zk = await world.client()
  expect(() => new recipes.Lock(zk, '/lock', { acl: [] })).toThrow(/access control list is empty/)
  expect(() => new recipes.Group(zk, '/group', { acl: [] })).toThrow(/access control list is empty/)
  // The client has not said who it is.
  await expect(new recipes.Lock(zk, '/lock', { acl: CREATOR_ALL_ACL }).acquire()).rejects.toMatchObject({ code: 'INVALID_ACL' })
})

async function listsBelow(zk: ZooKeeper, path: string): Promise<Map<string, readonly Acl[]>> {
  const lists = new Map([[path, (await zk.getAcl(path)).acl as readonly Acl[]]])
  for (const child of await zk.children(path)) {
    for (const [below, acl] of await listsBelow(zk, `${path === '/' ? '' : path}/${child}`)) lists.set(below, acl)
  }
  return lists
}
