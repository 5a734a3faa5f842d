import { expect, test } from 'vitest'
import { NameRegistry, UniqueIds } from '../../src/index.ts'
import { Opcode, World } from '../support/test-world.ts'

test('A223: ten clients get a thousand numbers and a thousand names each, all of them different', async () => {
  await using world = await World.start()
  const clients = await Promise.all(Array.from({ length: 10 }, () => world.client()))
  const [numbers, names] = [new Set<bigint>(), new Set<string>()]
  const ask = async (ids: UniqueIds): Promise<void> => {
    // Those who come before there is a node have to ask again, and do so behind others of the same client.
    await ids.nextNumber()
    const mine = await Promise.all(Array.from({ length: 1_000 }, () => ids.nextNumber()))
    // The requests of one client are served in order.
    expect(mine.every((number, index) => index === 0 || number > (mine[index - 1] ?? 0n))).toBe(true)
    for (const number of mine) numbers.add(number)
    const made = await Promise.all(Array.from({ length: 1_000 }, () => ids.nextName('order-')))
    for (const { name } of made) names.add(name)
  }
  await Promise.all(clients.map((zk) => ask(new UniqueIds(zk, '/ids'))))
  expect([numbers.size, names.size]).toEqual([10_000, 10_000])
  expect([...names].every((name) => /^order-\d{10}$/.test(name))).toBe(true)
})

test('a lost answer gives no name twice and makes no second node', async () => {
  await using world = await World.start()
  const zk = await world.proxied()
  const ids = new UniqueIds(zk, '/ids')
  const first = await ids.nextName('job-', 'first')
  const lost = world.proxy.loseReplyTo(Opcode.create2)
  const second = await ids.nextName('job-')
  await lost
  expect(second.name).not.toBe(first.name)
  expect(await zk.children('/ids')).toHaveLength(2)
  const lostNumber = world.proxy.loseReplyTo(Opcode.setData)
  const number = await ids.nextNumber()
  await lostNumber
  expect(await ids.nextNumber()).toBeGreaterThan(number)
})

test('A222: a name stands for what its owner says, until the owner gives it back', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const [mine, theirs] = [new NameRegistry(zk, '/names'), new NameRegistry(other, '/names')]
  const binding = await mine.bind('billing', '10.0.0.7:8080')
  expect([await theirs.resolve('billing'), await theirs.resolve('nobody')]).toEqual(['10.0.0.7:8080', null])
  const waiting = theirs.bind('billing', '10.0.0.8:8080')
  await binding.close()
  const next = await waiting
  expect([await mine.resolve('billing'), await mine.names()]).toEqual(['10.0.0.8:8080', ['billing']])
  await next.close()
  expect(await mine.resolve('billing')).toBeNull()
})
