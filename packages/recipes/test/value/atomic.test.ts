import { decodeText, type ZooKeeper } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { AtomicCounter, AtomicValue, integerCodec, jsonCodec, textCodec } from '../../src/index.ts'
import { Opcode, until, World } from '../support/test-world.ts'

const PATH = '/values/one'

test('a counter starts at its initial value and is kept as decimal text', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await using counter = new AtomicCounter(zk, PATH, { initial: 5n })
  expect(await counter.get()).toBe(5n)
  expect([await counter.increment(), await counter.decrement(), await counter.add(-7n)]).toEqual([6n, 5n, -2n])
  expect(decodeText((await zk.get(PATH)).data)).toBe('-2')
  expect([await counter.compareAndSet(-2n, 10n), await counter.compareAndSet(-2n, 11n)]).toEqual([true, false])
  expect(await counter.get()).toBe(10n)
})

test.each([
  ['lost answer', (world: World) => world.proxy.loseReplyTo(Opcode.multi)],
  ['lost request', (world: World) => world.proxy.loseRequest(Opcode.multi)],
])('an increment takes place once in spite of a %s', async (_what, lose) => {
  await using world = await World.start()
  const zk = await world.proxied()
  const counter = new AtomicCounter(zk, PATH)
  expect(await counter.increment()).toBe(1n)
  const lost = lose(world)
  expect(await counter.increment()).toBe(2n)
  await lost
  expect(await counter.get()).toBe(2n)
})

test('many clients count right while connections are cut', async () => {
  await using world = await World.start()
  const clients = await Promise.all(Array.from({ length: 5 }, () => world.proxied()))
  const sums: bigint[] = []
  const watcher = new AtomicCounter(await world.client(), PATH)
  const count = async (zk: ZooKeeper): Promise<void> => {
    await using counter = new AtomicCounter(zk, PATH)
    const mine = await Promise.all(Array.from({ length: 10 }, () => counter.increment()))
    sums.push(...mine)
  }
  const cutting = (async () => {
    for (let sum = 5; sum < 45; sum += 10) {
      await until(async () => (await watcher.get()) >= BigInt(sum))
      world.proxy.cut()
    }
  })()
  await Promise.all([...clients.map(count), cutting])
  expect(sums.toSorted((left, right) => Number(left - right))).toEqual(
    Array.from({ length: 50 }, (_, index) => BigInt(index + 1)),
  )
  const observer = await world.client()
  // The counters have been closed: their markers are gone.
  expect(await observer.children(PATH)).toEqual([])
})

test('an expired session right after a write whose answer was lost is told as it is: unknown', async () => {
  await using world = await World.start()
  const zk = await world.proxied({ renewSession: true })
  const counter = new AtomicCounter(zk, PATH)
  await counter.increment()
  const lost = world.proxy.loseReplyTo(Opcode.multi)
  const adding = expect(counter.increment()).rejects.toMatchObject({ code: 'SESSION_EXPIRED', mayHaveBeenApplied: true })
  void lost.then(() => world.proxy.close())
  await lost
  await world.expireUnreachable(zk)
  world.proxy.open()
  await adding
  // The counter goes on in the next session, with another marker.
  expect(await counter.increment()).toBe(3n)
})

test('a value is only replaced if it is still the one that was read', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const options = { codec: textCodec, initial: 'a' }
  const [mine, theirs] = [new AtomicValue(zk, PATH, options), new AtomicValue(other, PATH, options)]
  const { version } = await mine.get()
  expect(await theirs.compareAndSet(version, 'b')).toEqual({ value: 'b', version: version + 1 })
  expect(await mine.compareAndSet(version, 'c')).toBeNull()
  expect(await mine.update((text) => `${text}!`)).toEqual({ value: 'b!', version: version + 2 })
})

test('an update that is given up before it began does nothing, and a change that throws changes nothing', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const value = new AtomicValue(zk, PATH, { codec: integerCodec, initial: 1n })
  await expect(value.update((now) => now + 1n, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  const failing = value.update(() => {
    throw new RangeError('no')
  })
  await expect(failing).rejects.toBeInstanceOf(RangeError)
  expect((await value.get()).value).toBe(1n)
})

test('codecs give back what they were given and refuse what is not theirs', () => {
  const point = jsonCodec((value) => {
    if (typeof value !== 'object' || value === null || !('x' in value)) throw new TypeError('not a point')
    return { x: Number(value.x) }
  })
  expect(point.decode(point.encode({ x: 3 }))).toEqual({ x: 3 })
  expect(() => point.decode(textCodec.encode('[]'))).toThrow(/not a point/)
  expect(integerCodec.decode(integerCodec.encode(-(10n ** 30n)))).toBe(-(10n ** 30n))
  expect([integerCodec.decode(textCodec.encode('')), integerCodec.decode(textCodec.encode('+7\n'))]).toEqual([0n, 7n])
  expect(() => integerCodec.decode(textCodec.encode('7.5'))).toThrow(/not a whole number/)
})
