import type { ZooKeeper } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { type Lease, MultiLock, ReadWriteLock, ReentrantLock, Semaphore } from '../../src/index.ts'
import { until, World } from '../support/test-world.ts'

const PATH = '/locks/other'

async function count(zk: ZooKeeper, path: string = PATH): Promise<number> {
  return (await zk.exists(path)) === null ? 0 : (await zk.children(path)).length
}

/** A promise whose outcome the test looks at later. */
function later<T>(promise: Promise<T>): { readonly lease: Promise<T>; readonly isSettled: () => boolean } {
  let isSettled = false
  promise.then(
    () => {
      isSettled = true
    },
    () => {
      isSettled = true
    },
  )
  return { lease: promise, isSettled: () => isSettled }
}

test('an owner enters a re-entrant lock again at once, and the lock is free when it has left as often', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const lock = new ReentrantLock(zk, PATH)
  const owner = {}
  const outer = await lock.acquire(owner)
  const inner = await lock.acquire(owner)
  expect(inner.fencingToken).toBe(outer.fencingToken)
  expect([lock.entriesOf(owner), await count(zk)]).toEqual([2, 1])
  const waiting = later(new ReentrantLock(other, PATH).acquire('somebody'))
  await until(async () => (await count(zk)) === 2)
  await inner.release()
  await inner.release()
  expect(lock.entriesOf(owner)).toBe(1)
  expect(outer.signal.aborted).toBe(false)
  await outer.release()
  await (await waiting.lease).release()
  expect(await count(zk)).toBe(0)
})

test('another owner of the same client waits for a re-entrant lock', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const lock = new ReentrantLock(zk, PATH)
  await using held = await lock.acquire('one')
  await expect(lock.acquire('two', { deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect([lock.entriesOf('one'), lock.entriesOf('two')]).toEqual([1, 0])
  expect(held.signal.aborted).toBe(false)
})

test('those of an owner who wait together wait each for its own time', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const held = await new ReentrantLock(other, PATH).acquire('other')
  const lock = new ReentrantLock(zk, PATH)
  const short = lock.acquire('me', { deadlineMs: 20 })
  const long = lock.acquire('me')
  await expect(short).rejects.toMatchObject({ code: 'TIMEOUT' })
  await held.release()
  const lease = await long
  expect([lease.signal.aborted, lock.entriesOf('me')]).toEqual([false, 1])
  await lease.release()
  expect(await count(zk)).toBe(0)
})

test('a lost lease is lost for all entries, and the owner gets another one after leaving', async () => {
  await using world = await World.start()
  const zk = await world.client({ renewSession: true })
  const lock = new ReentrantLock(zk, PATH)
  const outer = await lock.acquire('me')
  const inner = await lock.acquire('me')
  await world.expire(zk)
  await until(() => outer.signal.aborted && inner.signal.aborted)
  await expect(lock.acquire('me')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  await inner.release()
  await outer.release()
  const again = await lock.acquire('me')
  expect(again.fencingToken).toBeGreaterThan(outer.fencingToken)
})

test('A233: readers overlap, a writer is alone, and the line is kept', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const lock = new ReadWriteLock(zk, PATH)
  const readers = [await lock.read.acquire(), await lock.read.acquire()]
  const writer = later(lock.write.acquire())
  await until(async () => (await count(zk)) === 3)
  const late = later(lock.read.acquire())
  await until(async () => (await count(zk)) === 4)
  expect(await lock.read.tryAcquire()).toBeNull()
  await readers[0]?.release()
  await zk.sync()
  expect([writer.isSettled(), late.isSettled()]).toEqual([false, false])
  await readers[1]?.release()
  const written = await writer.lease
  expect(late.isSettled()).toBe(false)
  expect(written.fencingToken).toBeGreaterThan(readers[1]?.fencingToken ?? 0n)
  await written.release()
  await (await late.lease).release()
  expect(await count(zk)).toBe(0)
})

test('readers and writers of many clients never meet, while connections are cut', async () => {
  await using world = await World.start()
  const clients = await Promise.all(Array.from({ length: 8 }, () => world.proxied()))
  let readers = 0
  let writers = 0
  let readersMost = 0
  let turns = 0
  const use = async (zk: ZooKeeper, isWriter: boolean): Promise<void> => {
    const lock = new ReadWriteLock(zk, PATH)
    await using _ = await (isWriter ? lock.write : lock.read).acquire()
    if (isWriter) writers += 1
    else readers += 1
    readersMost = Math.max(readersMost, readers)
    expect(writers).toBeLessThanOrEqual(1)
    expect(writers === 0 || readers === 0).toBe(true)
    turns += 1
    if (turns % 10 === 0) world.proxy.cut()
    await zk.sync().catch(() => undefined)
    if (isWriter) writers -= 1
    else readers -= 1
  }
  const work = clients.map(async (zk, index) => {
    for (let turn = 0; turn < 6; turn += 1) await use(zk, (index + turn) % 3 === 0)
  })
  await Promise.all(work)
  expect(turns).toBe(48)
  expect(readersMost).toBeGreaterThan(1)
  expect(await count(await world.client())).toBe(0)
})

test('a semaphore gives out as many leases as it has, in the order of asking', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const semaphore = new Semaphore(zk, PATH, { permitsMax: 2 })
  const held = [await semaphore.acquire(), await semaphore.acquire()]
  const order: string[] = []
  const big = later(semaphore.acquire({ permits: 2 }))
  await until(async () => (await count(zk, `${PATH}/locks`)) === 1)
  const small = later(semaphore.acquire())
  await until(async () => (await count(zk, `${PATH}/locks`)) === 2)
  void big.lease.then(() => order.push('big'))
  void small.lease.then(() => order.push('small'))
  await held[0]?.release()
  await zk.sync()
  expect([await semaphore.permitsTaken(), order]).toEqual([1, []])
  await held[1]?.release()
  await (await big.lease).release()
  await (await small.lease).release()
  expect(order).toEqual(['big', 'small'])
  expect(await semaphore.permitsTaken()).toBe(0)
  await expect(semaphore.acquire({ permits: 3 })).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' })
})

test('a request that a semaphore cannot meet leaves nothing when it is given up', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const semaphore = new Semaphore(zk, PATH, { permitsMax: 1 })
  await using held = await semaphore.acquire()
  await expect(semaphore.acquire({ deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  await until(async () => (await count(zk, `${PATH}/locks`)) === 0)
  expect(await semaphore.permitsTaken()).toBe(1)
  expect(held.signal.aborted).toBe(false)
})

test('more leases than a semaphore has are never out together, while sessions expire', async () => {
  await using world = await World.start()
  const clients = await Promise.all(Array.from({ length: 6 }, () => world.proxied({ renewSession: true })))
  const out = new Set<Lease>()
  let turns = 0
  const use = async (zk: ZooKeeper): Promise<void> => {
    await using lease = await new Semaphore(zk, PATH, { permitsMax: 3 }).acquire()
    out.add(lease)
    expect([...out].filter(({ signal }) => !signal.aborted).length).toBeLessThanOrEqual(3)
    turns += 1
    if (turns === 10 || turns === 20) await world.expire(zk)
    else if (turns % 7 === 0) world.proxy.cut()
    out.delete(lease)
  }
  const work = clients.map(async (zk) => {
    for (let turn = 0; turn < 5; turn += 1) await use(zk)
  })
  await Promise.all(work)
  expect(turns).toBe(30)
  const observer = await world.client()
  await until(async () => (await count(observer, `${PATH}/leases`)) === 0)
})

test('a multi-lock has all of its locks or none', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const both = await MultiLock.of(zk, ['/m/b', '/m/a', '/m/b']).acquire()
  await expect(MultiLock.of(other, ['/m/0', '/m/a']).acquire({ deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(await count(zk, '/m/0')).toBe(0)
  await both.release()
  await Promise.all(['/m/a', '/m/b'].map(async (path) => expect(await count(zk, path)).toBe(0)))
  expect(() => MultiLock.of(zk, [])).toThrow(/at least one/)
})

test('a multi-lock is lost when one of its locks is', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const lease = await MultiLock.of(zk, ['/m/a', '/m/b']).acquire()
  const [name] = await zk.children('/m/b')
  await zk.delete(`/m/b/${name}`)
  await until(() => lease.signal.aborted)
  expect(lease.signal.reason).toMatchObject({ code: 'NO_NODE' })
  await lease.release()
  expect(await count(zk, '/m/a')).toBe(0)
})

test('multi-locks that name the same locks in different orders do not wait for each other', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const use = async (client: ZooKeeper, paths: string[]): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await (await MultiLock.of(client, paths).acquire()).release()
  }
  await Promise.all([use(zk, ['/m/a', '/m/b']), use(other, ['/m/b', '/m/a'])])
  expect(await count(zk, '/m/a')).toBe(0)
})
