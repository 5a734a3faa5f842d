import { decodeJson, type ZooKeeper } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { balancers, type LoadBalancer, ServiceRegistry } from '../../src/index.ts'
import { until, World } from '../support/test-world.ts'

const noPayload = { payload: () => null }

async function registerAll(zk: ZooKeeper, ids: readonly string[]): Promise<void> {
  const registry = new ServiceRegistry(zk, '/services')
  for (const [index, id] of ids.entries()) await registry.register('billing', { address: 'h', port: index, payload: null, id })
}

test('an instance is described in the JSON of Curator, and found with its payload', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const registry = new ServiceRegistry(zk, '/services')
  const mine = await registry.register('billing', { address: '10.0.0.7', port: 8080, payload: { zone: 'b' }, id: 'i1' })
  expect(decodeJson((await zk.get('/services/billing/i1')).data)).toMatchObject({
    name: 'billing',
    id: 'i1',
    address: '10.0.0.7',
    port: 8080,
    payload: { zone: 'b' },
    registrationTimeUTC: mine.instance.registeredMs,
    serviceType: 'DYNAMIC',
  })
  await using provider = new ServiceRegistry(other, '/services').provider('billing', {
    payload: (value) => value as { readonly zone: string },
  })
  const found = await provider.instance()
  expect(found).toEqual(mine.instance)
  expect(found.payload.zone).toBe('b')
  expect(await registry.services()).toEqual(['billing'])
  await mine.unregister()
  await until(() => provider.instances.length === 0)
  expect(provider.choose()).toBeNull()
})

test('A236: calls are spread over the instances, also when some leave or join', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  await registerAll(zk, ['a', 'b'])
  const extra = await new ServiceRegistry(other, '/services').register('billing', {
    address: 'h',
    port: 9,
    payload: null,
    id: 'c',
  })
  await using provider = new ServiceRegistry(zk, '/services').provider('billing', noPayload)
  await until(() => provider.instances.length === 3)
  const callAll = async (count: number): Promise<string[]> => {
    const called: string[] = []
    for (let call = 0; call < count; call += 1) called.push(await provider.use(({ id }) => id))
    return called.sort()
  }
  expect(await callAll(6)).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
  await extra.update({ isEnabled: false })
  await until(() => provider.instances.length === 2)
  expect(await callAll(4)).toEqual(['a', 'a', 'b', 'b'])
  await extra.update({ isEnabled: true })
  await until(() => provider.instances.length === 3)
  await other.close()
  await until(() => provider.instances.length === 2)
})

test('whoever asks before there is an instance waits for one', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await using provider = new ServiceRegistry(zk, '/services').provider('billing', noPayload)
  await expect(provider.instance({ deadlineMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  const waiting = provider.use(({ id }) => id)
  await registerAll(zk, ['a'])
  expect(await waiting).toBe('a')
})

test('descriptions that cannot be read are left out', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await registerAll(zk, ['a'])
  await zk.create('/services/billing/x', 'not JSON')
  await zk.create('/services/billing/y', '{"name":"billing","id":"y"}')
  await using provider = new ServiceRegistry(zk, '/services').provider('billing', noPayload)
  expect((await provider.instance()).id).toBe('a')
  expect(provider.instances.map(({ id }) => id)).toEqual(['a'])
})

const instances = ['a', 'b', 'c'].map((id) => ({
  name: 's',
  id,
  address: 'h',
  port: 1,
  payload: null,
  registeredMs: 0,
  isEnabled: true,
}))

function choices(balancer: LoadBalancer, count: number, calls: Record<string, number> = {}): string[] {
  let seed = 0
  const random = { next: () => 0, below: (limit: number) => seed++ % limit }
  const view = { random, callsOf: ({ id }: { readonly id: string }) => calls[id] ?? 0 }
  return Array.from({ length: count }, () => balancer.choose(instances, view)?.id ?? '')
}

test('balancers choose as their names say', () => {
  expect(choices(balancers.roundRobin(), 4)).toEqual(['a', 'b', 'c', 'a'])
  expect(choices(balancers.random(), 3)).toEqual(['a', 'b', 'c'])
  expect(choices(balancers.leastLoaded(), 3, { a: 1 })).toEqual(['b', 'c', 'b'])
  expect(choices(balancers.sticky(balancers.roundRobin()), 3)).toEqual(['a', 'a', 'a'])
})

test('calls under way count as load until they end, however they end', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await registerAll(zk, ['a', 'b'])
  await using provider = new ServiceRegistry(zk, '/services').provider('billing', {
    ...noPayload,
    balancer: balancers.leastLoaded(),
  })
  await until(() => provider.instances.length === 2)
  const [first, second] = await provider.use(async (outer) => {
    const inner = await provider.use(({ id }) => id)
    return [outer.id, inner]
  })
  expect(first).not.toBe(second)
  const failing = provider.use(() => {
    throw new RangeError('no')
  })
  await expect(failing).rejects.toBeInstanceOf(RangeError)
})
