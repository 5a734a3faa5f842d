import { expect, test } from 'vitest'
import { Configuration, jsonCodec } from '../../src/index.ts'
import { until, World } from '../support/test-world.ts'

const PATH = '/config/limits'

interface Limits {
  readonly perSecond: number
}

const codec = jsonCodec<Limits>((value) => {
  if (typeof value !== 'object' || value === null || !('perSecond' in value) || typeof value.perSecond !== 'number') {
    throw new TypeError('not limits')
  }
  return { perSecond: value.perSecond }
})

test('what is published is read and told, and a version keeps others from being overwritten', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const configuration = new Configuration(zk, PATH, codec)
  expect(await configuration.read()).toBeNull()
  await using subscription = new Configuration(other, PATH, codec).subscribe()
  expect(subscription.value).toBeNull()
  expect(await configuration.publish({ perSecond: 1 })).toBe(0)
  expect(await subscription.ready()).toEqual({ perSecond: 1 })
  expect(await configuration.publish({ perSecond: 2 }, { version: 0 })).toBe(1)
  await expect(configuration.publish({ perSecond: 3 }, { version: 0 })).rejects.toMatchObject({ code: 'BAD_VERSION' })
  await until(() => subscription.value?.perSecond === 2)
  expect(await configuration.read()).toEqual({ value: { perSecond: 2 }, version: 1 })
})

test('a value that cannot be decoded, and the deletion of the node, leave the last good value in place', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const configuration = new Configuration(zk, PATH, codec)
  await configuration.publish({ perSecond: 1 })
  await using subscription = configuration.subscribe()
  await subscription.ready()
  await zk.set(PATH, 'perSecond=7')
  await until(() => subscription.state.problem !== null)
  expect(subscription.value).toEqual({ perSecond: 1 })
  await zk.set(PATH, '{"perSecond":"7"}')
  await until(() => subscription.state.problem instanceof TypeError)
  await zk.delete(PATH)
  await until(() => subscription.state.problem === null)
  expect(subscription.state.good).toEqual({ value: { perSecond: 1 }, version: 0 })
  await configuration.publish({ perSecond: 9 })
  await until(() => subscription.value?.perSecond === 9)
})

test('A224: a hundred subscribers have the last value after it was published, cut off or not', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const clients = await Promise.all(Array.from({ length: 10 }, () => world.proxied()))
  const configuration = new Configuration(zk, PATH, codec)
  await configuration.publish({ perSecond: 0 })
  const subscriptions = clients.flatMap((client) =>
    Array.from({ length: 10 }, () => new Configuration(client, PATH, codec).subscribe()),
  )
  await Promise.all(subscriptions.map((subscription) => subscription.ready()))
  for (let perSecond = 1; perSecond <= 20; perSecond += 1) {
    await configuration.publish({ perSecond })
    if (perSecond === 10) world.proxy.close()
  }
  world.proxy.open()
  await until(() => subscriptions.every(({ value }) => value?.perSecond === 20))
  await Promise.all(subscriptions.map((subscription) => subscription.close()))
})

test('states come in order, without any that is older than the one before', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const configuration = new Configuration(zk, PATH, codec)
  await using subscription = configuration.subscribe()
  const seen: number[] = []
  const following = (async () => {
    for await (const { good } of subscription.states()) {
      if (good !== null) seen.push(good.value.perSecond)
      if (good?.value.perSecond === 30) break
    }
  })()
  for (let perSecond = 1; perSecond <= 30; perSecond += 1) await configuration.publish({ perSecond })
  await following
  expect(seen).toEqual(seen.toSorted((left, right) => left - right))
  expect(seen.at(-1)).toBe(30)
})

test('waiting for a good value ends with its deadline, and with the subscription', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const subscription = new Configuration(zk, PATH, codec).subscribe()
  await expect(subscription.ready({ deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  const waiting = expect(subscription.ready()).rejects.toMatchObject({ code: 'CLOSED' })
  await subscription.close()
  await waiting
})
