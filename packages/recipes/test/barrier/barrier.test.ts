import type { ZooKeeper } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { Barrier, type BarrierRound, DoubleBarrier } from '../../src/index.ts'
import { Opcode, until, World } from '../support/test-world.ts'

const PATH = '/barriers/one'

async function members(zk: ZooKeeper): Promise<string[]> {
  return (await zk.exists(PATH)) === null ? [] : zk.children(PATH)
}

test('an open gate lets everybody pass, a closed one nobody until it is opened', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const barrier = new Barrier(zk, PATH)
  await barrier.wait()
  await barrier.shut('for maintenance')
  await barrier.shut()
  const passed: number[] = []
  const waiting = [0, 1, 2].map((index) => new Barrier(other, PATH).wait().then(() => passed.push(index)))
  await expect(barrier.wait({ deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  await expect(barrier.wait({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  expect(passed).toEqual([])
  await barrier.open()
  await barrier.open()
  await Promise.all(waiting)
})

test('whoever waits at a gate passes it after a lost connection and in the next session', async () => {
  await using world = await World.start()
  const [zk, cut, expired] = [await world.client(), await world.proxied(), await world.client({ renewSession: true })]
  const barrier = new Barrier(zk, PATH)
  await barrier.shut()
  const waiting = [new Barrier(cut, PATH).wait(), new Barrier(expired, PATH).wait()]
  world.proxy.close()
  await world.expire(expired)
  await barrier.open()
  world.proxy.open()
  await Promise.all(waiting)
})

test('all enter together and leave together, round after round, the fast ones right behind the slow ones', async () => {
  await using world = await World.start()
  const clients = await Promise.all([0, 1, 2, 3].map(() => world.client()))
  const inside = [0, 0, 0, 0]
  const left = [0, 0, 0, 0]
  const play = async (zk: ZooKeeper, index: number): Promise<void> => {
    const barrier = new DoubleBarrier(zk, PATH, { participants: 4 })
    for (let round = 1; round <= 5; round += 1) {
      const part = await barrier.enter()
      inside[index] = round
      // Nobody is a round behind or ahead of those who are inside.
      expect(left.every((value) => value >= round - 1)).toBe(true)
      await part.leave()
      expect(inside.every((value) => value >= round)).toBe(true)
      left[index] = round
    }
  }
  await Promise.all(clients.map(play))
  expect(await members(clients[0] as ZooKeeper)).toEqual([])
})

test('nobody enters before all have come, and who gives up takes its node back', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const barrier = new DoubleBarrier(zk, PATH, { participants: 2 })
  await expect(barrier.enter({ deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  await until(async () => (await members(zk)).length === 0)
  const rounds = await Promise.all([barrier.enter(), barrier.enter()])
  expect(await members(zk)).toHaveLength(3)
  await Promise.all(rounds.map((round) => round.leave()))
  expect(await members(zk)).toEqual([])
})

test('who dies inside does not hold up those who leave', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const enter = (client: ZooKeeper): Promise<BarrierRound> => new DoubleBarrier(client, PATH, { participants: 2 }).enter()
  const [round] = await Promise.all([enter(zk), enter(other)])
  const leaving = round.leave()
  await world.expire(other)
  await leaving
  expect(await members(zk)).toEqual([])
})

test('what a round that died left behind does not let the next one in', async () => {
  await using world = await World.start()
  const [zk, other, observer] = [await world.client(), await world.client(), await world.client()]
  const barrierOf = (client: ZooKeeper): DoubleBarrier => new DoubleBarrier(client, PATH, { participants: 2 })
  await Promise.all([barrierOf(zk).enter(), barrierOf(other).enter()])
  await zk.close()
  await other.close()
  expect(await members(observer)).toEqual(['ready'])
  await expect(barrierOf(observer).enter({ deadlineMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  const rounds = await Promise.all([barrierOf(observer).enter(), barrierOf(observer).enter()])
  await Promise.all(rounds.map((round) => round.leave()))
  expect(await members(observer)).toEqual([])
})

test('a participant whose session expires while it waits is counted again in the next one', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client({ renewSession: true })]
  const early = new DoubleBarrier(other, PATH, { participants: 2 }).enter()
  await until(async () => (await members(zk)).length === 1)
  await world.expire(other)
  const rounds = await Promise.all([early, new DoubleBarrier(zk, PATH, { participants: 2 }).enter()])
  await Promise.all(rounds.map((round) => round.leave()))
})

test.each([
  ['create2', Opcode.create2],
  ['create', Opcode.create],
  ['delete', Opcode.delete],
])('a lost answer to %s does not disturb a double barrier', async (_name, opcode) => {
  await using world = await World.start()
  const [zk, other] = [await world.proxied(), await world.client()]
  // The directory stands already: its creation is not what is to be lost.
  await other.create(PATH, '', { withParents: true })
  void world.proxy.loseReplyTo(opcode)
  const play = async (client: ZooKeeper): Promise<void> => {
    await (await new DoubleBarrier(client, PATH, { participants: 2 }).enter()).leave()
  }
  await Promise.all([play(zk), play(other)])
  expect(await members(other)).toEqual([])
})
