import { expect, test } from 'vitest'
import { outcomeOf, VirtualWorld } from '../virtual-world.ts'

test('a client whose server is taken from the list moves to one that stays', async () => {
  const world = new VirtualWorld()
  const client = world.client('a:2181/app')
  await Promise.all([client.connect(), world.run(10)])
  client.updateServers('b:2181,c:2181/app')
  await world.run(1_000)
  expect(client.state).toBe('connected')
  expect(['b:2181', 'c:2181']).toContain(client.server)
  expect(client.sessionId).toBe(0x1234n)
  expect(world.server('a:2181').attempts).toHaveLength(1)
})

test('a list with the same servers moves nobody, and another chroot is refused', async () => {
  const world = new VirtualWorld()
  const client = world.client('a:2181/app')
  await Promise.all([client.connect(), world.run(10)])
  client.updateServers('a:2181')
  await world.run(100)
  expect(client).toMatchObject({ state: 'connected', server: 'a:2181' })
  expect(world.server('a:2181').attempts).toHaveLength(1)
  expect(() => client.updateServers('a:2181/other')).toThrow(/cannot change from "\/app" to "\/other"/)
})

test('a new list helps a client that finds nobody in the old one', async () => {
  const world = new VirtualWorld()
  world.server('a:2181').mode = 'silent'
  const client = world.client('a:2181')
  const connected = outcomeOf(client.connect())
  await world.run(100)
  client.updateServers('b:2181')
  await world.run(100)
  expect(connected.value).toBe(client)
  expect(client.server).toBe('b:2181')
})
