import { Op } from '@tskeeper/protocol'
import { expect, test } from 'vitest'
import { Suspicion } from '../../src/session/suspicion.ts'
import { nodeBody } from '../fake-server.ts'
import { outcomeOf, VirtualWorld } from '../virtual-world.ts'

// The fake server grants 9,000 ms.

test('A92: an idle client pings after a third of the time-out and is never suspect', async () => {
  const world = new VirtualWorld()
  const client = world.client()
  const suspicions: boolean[] = []
  client.on('suspect', (isSuspect) => suspicions.push(isSuspect))
  await Promise.all([client.connect(), world.run(10)])
  const { last } = world.server('a:2181')
  const before = last.writeCount
  await world.run(2_900)
  expect(last.writeCount - before).toBe(0)
  await world.run(100)
  expect(last.writeCount - before).toBe(1)
  await world.run(60_000)
  expect(last.writeCount - before).toBeGreaterThanOrEqual(20)
  expect(suspicions).toEqual([])
  expect(client.state).toBe('connected')
})

test('A93: a server that is silent for two thirds of the time-out is left for another one', async () => {
  const world = new VirtualWorld()
  const client = world.client('a:2181,b:2181')
  await Promise.all([client.connect(), world.run(10)])
  const first = client.server ?? ''
  world.server(first).last.answersPings = false
  await world.run(5_980)
  expect(client.server).toBe(first)
  await world.run(1_000)
  expect(client.state).toBe('connected')
  expect(client.server).not.toBe(first)
})

test('a session is suspect one time-out after the sending of what was last answered, and cleared when a server takes it again', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  const client = world.client()
  const suspicions: [number, boolean][] = []
  client.on('suspect', (isSuspect) => suspicions.push([world.nowMs, isSuspect]))
  await Promise.all([client.connect(), world.run(10)])
  await world.run(2_000)
  const read = outcomeOf(client.get('/a'))
  await world.settle()
  const sentMs = world.nowMs
  await world.run(1_000)
  server.last.reply(server.last.request(Op.getData), 2n, nodeBody('x'))
  server.mode = 'refuse'
  server.last.breakOff()
  await world.run(sentMs + 8_999 - world.nowMs)
  expect(read.value).toBeDefined()
  expect(client.isSuspect).toBe(false)
  await world.run(1)
  expect(client.isSuspect).toBe(true)
  expect(suspicions).toEqual([[sentMs + 9_000, true]])
  expect(client.state).toBe('suspended')
  server.mode = 'accept'
  await world.run(3_000)
  expect(client.isSuspect).toBe(false)
  expect(suspicions.map(([, isSuspect]) => isSuspect)).toEqual([true, false])
})

test('A94: a client that reaches nobody is suspect but not expired, until a server says so', async () => {
  const world = new VirtualWorld()
  const [a, b] = [world.server('a:2181'), world.server('b:2181')]
  const client = world.client('a:2181,b:2181')
  await Promise.all([client.connect(), world.run(10)])
  a.mode = 'stall'
  b.mode = 'stall'
  await world.run(3_600_000)
  expect(client).toMatchObject({ state: 'suspended', isSuspect: true, sessionId: 0x1234n })
  a.mode = 'accept'
  a.isForgetful = true
  await world.run(60_000)
  expect(client.state).toBe('expired')
})

test('a program that slept past its time-out knows it from the clock, before any timer', async () => {
  const world = new VirtualWorld()
  const client = world.client()
  await Promise.all([client.connect(), world.run(10)])
  world.nowMs += 20_000
  expect(client.isSuspect).toBe(true)
  expect(client.state).toBe('connected')
})

test('what is confirmed late counts from its sending, and never back', async () => {
  const world = new VirtualWorld()
  const told: boolean[] = []
  const suspicion = new Suspicion(world.runtime, (isSuspect) => told.push(isSuspect))
  suspicion.confirm(world.nowMs)
  suspicion.begin(1_000)
  await world.run(600)
  suspicion.confirm(world.nowMs - 100)
  suspicion.confirm(world.nowMs - 400)
  await world.run(899)
  expect(suspicion.isSuspect).toBe(false)
  await world.run(1)
  expect(suspicion.isSuspect).toBe(true)
  expect(told).toEqual([true])
  suspicion.confirm(world.nowMs)
  expect(told).toEqual([true, false])
  suspicion.end()
  await world.run(5_000)
  expect(told).toEqual([true, false])
})

test('a session whose end was asked for is in doubt from then on', async () => {
  const world = new VirtualWorld()
  const client = world.client()
  await Promise.all([client.connect(), world.run(10)])
  const told: boolean[] = []
  client.on('suspect', (isSuspect) => told.push(isSuspect))
  const closed = client.close()
  expect(client.isSuspect).toBe(true)
  await Promise.all([closed, world.run(10)])
  expect([client.state, told]).toEqual(['closed', [true]])
})
