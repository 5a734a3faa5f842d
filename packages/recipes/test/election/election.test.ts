import type { ZooKeeper } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { LeaderLatch, LeaderObserver, LeaderSelector, type Lease } from '../../src/index.ts'
import { latch as makeLatch, until, World } from '../support/test-world.ts'

const PATH = '/election'

async function count(zk: ZooKeeper): Promise<number> {
  return (await zk.exists(PATH)) === null ? 0 : (await zk.children(PATH)).length
}

async function candidates(world: World, size: number): Promise<{ zk: ZooKeeper; latch: LeaderLatch }[]> {
  const made: { zk: ZooKeeper; latch: LeaderLatch }[] = []
  for (let index = 0; index < size; index += 1) {
    const zk = await world.client({ renewSession: true })
    made.push({ zk, latch: new LeaderLatch(zk, PATH, { id: `host-${index}` }) })
    await until(async () => (await count(zk)) === index + 1)
  }
  return made
}

test('the candidate that came first leads; when it is closed, the next one does', async () => {
  await using world = await World.start()
  const [first, second] = await candidates(world, 2)
  const term = await first?.latch.whenLeading()
  expect(second?.latch.state.type).toBe('waiting')
  await first?.latch.close()
  expect(term?.signal.aborted).toBe(true)
  expect(first?.latch.state.type).toBe('ended')
  const next = await second?.latch.whenLeading()
  expect(next?.fencingToken).toBeGreaterThan(term?.fencingToken ?? 0n)
  await second?.latch.close()
  await expect(second?.latch.whenLeading()).rejects.toMatchObject({ code: 'CLOSED' })
})

test('A229: of ten candidates one leads, however often the leader loses its session, and never two', async () => {
  await using world = await World.start()
  const all = await candidates(world, 10)
  const tokens: bigint[] = []
  const leaders = (): { zk: ZooKeeper; latch: LeaderLatch }[] => all.filter(({ latch }) => latch.leadership !== null)
  for (let death = 0; death < 100; death += 1) {
    await until(() => leaders().length > 0)
    expect(leaders()).toHaveLength(1)
    const [leader] = leaders()
    tokens.push(leader?.latch.leadership?.fencingToken ?? 0n)
    if (leader !== undefined) await world.expire(leader.zk)
    await until(() => leader?.latch.leadership?.fencingToken !== tokens.at(-1))
  }
  expect(tokens.every((token, index) => index === 0 || token > (tokens[index - 1] ?? 0n))).toBe(true)
  await Promise.all(all.map(({ latch }) => latch.close()))
  const observer = await world.client()
  await until(async () => (await count(observer)) === 0)
})

test('a latch ends with the session of a client that does not renew it', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const latch = new LeaderLatch(zk, PATH)
  await latch.whenLeading()
  await world.expire(zk)
  await until(() => latch.state.type === 'ended')
  expect(latch.state).toMatchObject({ cause: { code: 'SESSION_EXPIRED' } })
  await expect(latch.whenLeading()).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
})

test('the states of a latch are told in order', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const latch = new LeaderLatch(zk, PATH)
  const seen: string[] = []
  for await (const { type } of latch.states()) {
    seen.push(type)
    if (type === 'leading') void latch.close()
  }
  expect(seen[0]).toBe('waiting')
  expect(seen.at(-1)).toBe('ended')
  expect(seen).toContain('leading')
})

test('selectors take turns, and each term ends before the next begins', async () => {
  await using world = await World.start()
  const clients = await Promise.all([world.client(), world.client(), world.client()])
  const terms: number[] = []
  let leading = 0
  const run = (zk: ZooKeeper, index: number): Promise<void> =>
    new LeaderSelector(zk, PATH).run(
      async () => {
        leading += 1
        expect(leading).toBe(1)
        terms.push(index)
        await zk.sync()
        leading -= 1
      },
      { termsMax: 4 },
    )
  await Promise.all(clients.map(run))
  expect(terms.toSorted()).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
  expect(await count(clients[0])).toBe(0)
})

test('a selector whose term is lost leads again, and what the leader throws otherwise ends it', async () => {
  await using world = await World.start()
  const zk = await world.client({ renewSession: true })
  const terms: Lease[] = []
  const running = new LeaderSelector(zk, PATH).run(async (term) => {
    terms.push(term)
    if (terms.length === 2) throw new RangeError('no more')
    await world.expire(zk)
    await until(() => term.signal.aborted)
    term.signal.throwIfAborted()
  })
  await expect(running).rejects.toBeInstanceOf(RangeError)
  expect(terms).toHaveLength(2)
  await until(async () => (await count(zk)) === 0)
})

test('aborting a selector ends its waiting, and lets a term come to its end', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const controller = new AbortController()
  const [begun, mayEnd] = [makeLatch(), makeLatch()]
  const leading = new LeaderSelector(zk, PATH).run(
    async () => {
      begun.open()
      await mayEnd.opened
    },
    { signal: controller.signal },
  )
  await begun.opened
  const waiting = new LeaderSelector(other, PATH).run(() => expect.unreachable(), { signal: controller.signal })
  await until(async () => (await count(zk)) === 2)
  controller.abort()
  await waiting
  mayEnd.open()
  await leading
  await until(async () => (await count(zk)) === 0)
})

test('an observer hears of each leader, and of none', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const observer = new LeaderObserver(zk, PATH)
  expect(await observer.leader()).toBeNull()
  const changes = observer.changes()
  expect((await changes.next()).value).toBeNull()
  const [first, second] = await candidates(world, 2)
  expect((await changes.next()).value).toMatchObject({ id: 'host-0' })
  const term = await first?.latch.whenLeading()
  expect(await observer.leader()).toMatchObject({ id: 'host-0', fencingToken: term?.fencingToken })
  await first?.latch.close()
  expect((await changes.next()).value).toMatchObject({ id: 'host-1' })
  await second?.latch.close()
  expect((await changes.next()).value).toBeNull()
  await changes.return()
})

test('an observer goes on in its next session, and ends with its signal', async () => {
  await using world = await World.start()
  const zk = await world.client({ renewSession: true })
  const controller = new AbortController()
  const [first] = await candidates(world, 1)
  const seen: (string | null)[] = []
  const observing = (async () => {
    for await (const leader of new LeaderObserver(zk, PATH).changes({ signal: controller.signal })) seen.push(leader?.id ?? null)
  })()
  await until(() => seen.length === 1)
  await world.expire(zk)
  await zk.connect()
  await first?.latch.close()
  await until(() => seen.length === 2)
  controller.abort()
  await observing
  expect(seen).toEqual(['host-0', null])
})
