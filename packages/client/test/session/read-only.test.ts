import { expect, test } from 'vitest'
import { VirtualWorld } from '../virtual-world.ts'

test('a client says whether a read-only server will do', async () => {
  const world = new VirtualWorld()
  const client = world.client('a:2181', { readOnly: true })
  await Promise.all([client.connect(), world.run(10)])
  expect(world.server('a:2181').last.handshake?.readOnly).toBe(true)
})

test('on a read-only server the others are asked ever more rarely, until one takes writes', async () => {
  const world = new VirtualWorld()
  const [a, b] = [world.server('a:2181'), world.server('b:2181')]
  b.mode = 'refuse'
  a.grant = { ...a.grant, isReadOnly: true, sessionId: 1n }
  const client = world.client('a:2181,b:2181', { readOnly: true })
  await Promise.all([client.connect(), world.run(10)])
  expect(client.state).toBe('connected-read-only')
  b.mode = 'accept'
  await world.run(1_000)
  const asked = b.words.length
  expect(asked).toBeGreaterThanOrEqual(2)
  expect(asked).toBeLessThanOrEqual(4)
  b.wordAnswer = 'rw'
  await world.run(3_000)
  expect(client).toMatchObject({ state: 'connected', server: 'b:2181' })
  // A session that a read-only server made is unknown to the others.
  expect(b.last.handshake?.sessionId).toBe(0n)
  expect(client.sessionId).toBe(0x1234n)
})
