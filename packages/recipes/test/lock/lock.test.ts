import type { TracedRequest, ZooKeeper } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { type Lease, Lock } from '../../src/index.ts'
import { Opcode, until, World } from '../support/test-world.ts'

const PATH = '/locks/one'

async function nodesOf(zk: ZooKeeper): Promise<string[]> {
  return (await zk.exists(PATH)) === null ? [] : zk.children(PATH)
}

/** Starts an acquisition, and waits until the line is `length` long. */
async function lineUp(zk: ZooKeeper, length: number, signal?: AbortSignal): Promise<{ readonly lease: Promise<Lease> }> {
  const lease = new Lock(zk, PATH).acquire(signal === undefined ? {} : { signal })
  // The test looks at the outcome later; until then a rejection is not unhandled.
  lease.catch(() => undefined)
  await until(async () => (await nodesOf(zk)).length === length)
  return { lease }
}

test('a lease stands on one node in the layout of Curator, and its release deletes it', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const lock = new Lock(zk, PATH, { data: 'host-7' })
  const lease = await lock.acquire()
  expect(await nodesOf(zk)).toEqual([expect.stringMatching(/^_c_[0-9a-f-]{36}-lock-0000000000$/)])
  const stat = await zk.exists(lease.path)
  expect(stat?.ephemeralOwner).toBe(zk.sessionId)
  expect(lease.fencingToken).toBe(stat?.czxid)
  expect(lease.signal.aborted).toBe(false)
  const contenders = await lock.contenders()
  expect(contenders.map(({ path, data }) => [path, new TextDecoder().decode(data)])).toEqual([[lease.path, 'host-7']])
  await lease.release()
  await lease.release()
  expect(lease.signal.reason).toMatchObject({ code: 'ABORTED' })
  expect(await nodesOf(zk)).toEqual([])
})

test('A232: the lock is granted in the order of asking, and a release wakes one waiter', async () => {
  await using world = await World.start()
  const first = await world.client()
  const requests: { readonly client: number; readonly operation: string }[] = []
  const clients = await Promise.all(
    [0, 1, 2, 3].map((client) => {
      const start = ({ operation }: TracedRequest): void => void requests.push({ client, operation })
      const tracing = { isEnabled: true, start, end: () => undefined }
      return world.client({ runtime: { ...first.runtime, tracing } })
    }),
  )
  const held = await new Lock(first, PATH).acquire()
  const waiting: { readonly lease: Promise<Lease> }[] = []
  for (const [index, zk] of clients.entries()) waiting.push(await lineUp(zk, index + 2))
  // Whoever has read its predecessor watches it: nobody asks anything more.
  await until(() => requests.filter(({ operation }) => operation === 'getData').length === clients.length)
  await Promise.all(clients.map((zk) => zk.sync()))
  const order: number[] = []
  waiting.forEach(({ lease }, index) => void lease.then(() => order.push(index)))
  requests.length = 0
  await held.release()
  await waiting[0]?.lease
  expect([...new Set(requests.map(({ client }) => client))]).toEqual([0])
  for (const { lease } of waiting) await (await lease).release()
  expect(order).toEqual([0, 1, 2, 3])
})

test('A231: twenty clients never hold it together, tokens grow, and nothing stays behind, while connections are cut', async () => {
  await using world = await World.start()
  const clients = await Promise.all(Array.from({ length: 20 }, () => world.proxied()))
  const tokens: bigint[] = []
  let holders = 0
  let rounds = 0
  const contend = async (zk: ZooKeeper): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) {
      await using lease = await new Lock(zk, PATH).acquire()
      holders += 1
      expect(holders).toBe(1)
      tokens.push(lease.fencingToken)
      rounds += 1
      if (rounds % 20 === 0) world.proxy.cut()
      await zk.sync().catch(() => undefined)
      holders -= 1
    }
  }
  await Promise.all(clients.map(contend))
  expect(tokens).toHaveLength(100)
  expect(tokens.every((token, index) => index === 0 || token > (tokens[index - 1] ?? 0n))).toBe(true)
  expect(await nodesOf(await world.client())).toEqual([])
})

test.each([
  ['answer', (world: World) => world.proxy.loseReplyTo(Opcode.create2)],
  ['request', (world: World) => world.proxy.loseRequest(Opcode.create2)],
])('a creation whose %s is lost makes one node', async (_what, lose) => {
  await using world = await World.start()
  const zk = await world.proxied()
  // The directory is made beforehand: its creation is not what is to be lost.
  await (await new Lock(zk, PATH).acquire()).release()
  const lost = lose(world)
  const lease = await new Lock(zk, PATH).acquire()
  await lost
  expect(await nodesOf(zk)).toHaveLength(1)
  await lease.release()
  expect(await nodesOf(zk)).toEqual([])
})

test('giving up while the answer to the creation is lost leaves no node', async () => {
  await using world = await World.start()
  const zk = await world.proxied()
  await (await new Lock(zk, PATH).acquire()).release()
  const lost = world.proxy.loseReplyTo(Opcode.create2)
  const controller = new AbortController()
  const acquiring = new Lock(zk, PATH).acquire({ signal: controller.signal })
  const outcome = expect(acquiring).rejects.toMatchObject({ code: 'ABORTED' })
  await lost
  controller.abort()
  await outcome
  const observer = await world.client()
  await until(async () => (await nodesOf(observer)).length === 0)
  // The line is free for the next one.
  await (await new Lock(zk, PATH).acquire()).release()
})

test('giving up while waiting deletes the own node and lets those behind move up', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const held = await new Lock(zk, PATH).acquire()
  const controller = new AbortController()
  const given = await lineUp(other, 2, controller.signal)
  const behind = await lineUp(other, 3)
  controller.abort(new Error('enough'))
  await expect(given.lease).rejects.toMatchObject({ code: 'ABORTED', cause: expect.objectContaining({ message: 'enough' }) })
  await until(async () => (await nodesOf(zk)).length === 2)
  await held.release()
  await (await behind.lease).release()
})

test('a deadline ends the waiting, and an aborted signal does not even begin it', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const held = await new Lock(zk, PATH).acquire()
  await expect(new Lock(zk, PATH).acquire({ deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  await expect(new Lock(zk, PATH).acquire({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await new Lock(zk, PATH).tryAcquire()).toBeNull()
  await until(async () => (await nodesOf(zk)).length === 1)
  await held.release()
  const free = await new Lock(zk, PATH).tryAcquire()
  expect(free?.signal.aborted).toBe(false)
})

test('A234: the lease of an expired session is lost, and the next one gets the lock', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const held = await new Lock(zk, PATH).acquire()
  const waiting = await lineUp(other, 2)
  await world.expire(zk)
  const next = await waiting.lease
  await until(() => held.signal.aborted)
  expect(held.signal.reason).toMatchObject({ code: 'SESSION_EXPIRED' })
  expect(next.fencingToken).toBeGreaterThan(held.fencingToken)
  await held.release()
  expect(await nodesOf(other)).toHaveLength(1)
})

test('a waiter whose session expires lines up again in the next one, if the client renews it', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client({ renewSession: true })]
  const held = await new Lock(zk, PATH).acquire()
  const waiting = await lineUp(other, 2)
  await world.expire(other)
  await until(async () => (await nodesOf(zk)).length === 2)
  await held.release()
  const lease = await waiting.lease
  expect((await zk.exists(lease.path))?.ephemeralOwner).toBe(other.sessionId)
})

test('a waiter that looks at its predecessor only in its next session lines up again', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.proxied({ renewSession: true })]
  await using held = await new Lock(zk, PATH).acquire()
  const lost = world.proxy.loseRequest(Opcode.getData).then(() => world.proxy.close())
  const acquiring = new Lock(other, PATH).acquire()
  await lost
  await world.expireUnreachable(other)
  world.proxy.open()
  await until(async () => (await nodesOf(zk)).length === 2)
  await held.release()
  const lease = await acquiring
  expect((await zk.exists(lease.path))?.ephemeralOwner).toBe(other.sessionId)
})

test('a waiter whose session expires for good is told, and so is one whose client is closed', async () => {
  await using world = await World.start()
  const [zk, other, third] = [await world.client(), await world.client(), await world.client()]
  await using held = await new Lock(zk, PATH).acquire()
  const waiting = await lineUp(other, 2)
  await world.expire(other)
  await expect(waiting.lease).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  const closed = await lineUp(third, 2)
  await third.close()
  await expect(closed.lease).rejects.toMatchObject({ code: 'CLOSED' })
  expect(held.signal.aborted).toBe(false)
})

test('a lost connection alone takes no lease away, and does not disturb who waits', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.proxied(), await world.proxied()]
  const held = await new Lock(zk, PATH).acquire()
  const waiting = await lineUp(other, 2)
  await world.cutAndReconnect(zk, other)
  expect(held.signal.aborted).toBe(false)
  await held.release()
  const lease = await waiting.lease
  expect(lease.signal.aborted).toBe(false)
})

test('a lease is lost as soon as the own clock says that the session may be gone', async () => {
  await using world = await World.start()
  const zk = await world.proxied({ sessionTimeoutMs: 1_000 })
  const held = await new Lock(zk, PATH).acquire()
  world.proxy.close()
  await until(() => held.signal.aborted)
  expect(held.signal.reason).toMatchObject({ code: 'CONNECTION_LOSS' })
  expect(zk.isSuspect).toBe(true)
  world.proxy.open()
  await held.release()
  const observer = await world.client()
  await until(async () => (await nodesOf(observer)).length === 0)
})

test('a lease is lost when somebody deletes its node, and a waiter whose node is deleted lines up again', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const held = await new Lock(zk, PATH).acquire()
  const waiting = await lineUp(other, 2)
  const [, second] = (await nodesOf(zk)).sort((left, right) => Number(left.slice(-10)) - Number(right.slice(-10)))
  await zk.delete(`${PATH}/${second}`)
  await zk.delete(held.path)
  await until(() => held.signal.aborted)
  expect(held.signal.reason).toMatchObject({ code: 'NO_NODE' })
  // Its place was taken away while it waited: it is in line again, behind nobody.
  const lease = await waiting.lease
  expect(lease.path).not.toBe(`${PATH}/${second}`)
})

test('withLock gives the lock back when the task fails', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const failing = new Lock(zk, PATH).withLock(() => {
    throw new RangeError('no')
  })
  await expect(failing).rejects.toBeInstanceOf(RangeError)
  expect(await nodesOf(zk)).toEqual([])
})

test('paths that cannot hold a line are refused at once', async () => {
  await using world = await World.start()
  const zk = await world.client()
  for (const path of ['/', '', 'lock', '/lock/', '/a//b']) expect(() => new Lock(zk, path)).toThrow(/is not the path/)
})
