import { Op } from '@tskeeper/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeText, type StateChange, type ZooKeeper } from '../../src/portable.ts'
import { type FakeServer, nodeBody } from '../fake-server.ts'
import { outcomeOf, VirtualWorld } from '../virtual-world.ts'

function recordStates(client: ReturnType<VirtualWorld['client']>): string[] {
  const states: string[] = []
  client.on('state', (change: StateChange) => states.push(change.state))
  return states
}

test('a client connects, is suspended when the connection is lost, and takes its session along', async () => {
  const world = new VirtualWorld()
  const client = world.client('a:2181', { sessionTimeoutMs: 6_000 })
  const states = recordStates(client)
  const connected = outcomeOf(client.connect())
  await world.run(10)
  expect(connected.value).toBe(client)
  expect(client).toMatchObject({ state: 'connected', sessionId: 0x1234n, negotiatedTimeoutMs: 9_000, server: 'a:2181' })
  expect(world.server('a:2181').last.handshake).toMatchObject({ sessionId: 0n, timeoutMs: 6_000, lastZxid: 0n, readOnly: false })

  world.server('a:2181').last.breakOff()
  await world.settle()
  expect(client).toMatchObject({ state: 'suspended', server: null })
  await world.run(1_000)
  expect(client.state).toBe('connected')
  expect(world.server('a:2181').last.handshake).toMatchObject({ sessionId: 0x1234n, password: new Uint8Array(16).fill(7) })
  expect(states).toEqual(['connected', 'suspended', 'connected'])
})

test('requests before and between connections wait for the next one, in their order', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  server.mode = 'refuse'
  const client = world.client()
  const first = outcomeOf(client.get('/first'))
  const second = outcomeOf(client.get('/second'))
  await world.run(2_000)
  expect(first.isSettled).toBe(false)
  server.mode = 'accept'
  await world.run(2_000)
  const requests = server.last.requests(Op.getData)
  expect(requests.map(({ body }) => body.readString())).toEqual(['/first', '/second'])
  for (const request of requests) server.last.reply(request, 5n, nodeBody('x'))
  await world.settle()
  expect(decodeText(first.value?.data ?? new Uint8Array(0))).toBe('x')
  expect(second.isSettled).toBe(true)
  expect(client.lastZxid).toBe(5n)
})

test('requests that wait fail once the session may be gone and another attempt failed', async () => {
  const world = new VirtualWorld()
  world.server('a:2181').mode = 'refuse'
  const client = world.client()
  const waiting = outcomeOf(client.set('/a', 'x'))
  await world.run(8_900)
  expect(waiting.isSettled).toBe(false)
  await world.run(2_000)
  expect(waiting.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: false, isRetryable: true, path: '/a' })
  expect(client.state).toBe('connecting')
})

test('a server that refuses the session ends it: nothing works any more', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  const client = world.client()
  const states = recordStates(client)
  await Promise.all([client.connect(), world.run(10)])
  server.isForgetful = true
  server.last.breakOff()
  await world.settle()
  const waiting = outcomeOf(client.get('/a'))
  await world.run(1_000)
  expect(states).toEqual(['connected', 'suspended', 'expired'])
  expect(waiting.error).toMatchObject({ code: 'SESSION_EXPIRED', category: 'session', wireCode: -112 })
  await expect(client.get('/a')).rejects.toMatchObject({ code: 'SESSION_EXPIRED', mayHaveBeenApplied: false })
  expect(client.isSuspect).toBe(true)
  expect(world.timerCount).toBe(0)
})

test('a client that renews its session goes on with a new one', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  const client = world.client('a:2181', { renewSession: true })
  const states = recordStates(client)
  await Promise.all([client.connect(), world.run(10)])
  server.isForgetful = true
  server.grant = { ...server.grant, sessionId: 0x5678n }
  server.last.breakOff()
  await world.run(1_000)
  expect(states).toEqual(['connected', 'suspended', 'expired', 'connecting', 'connected'])
  expect(client.sessionId).toBe(0x5678n)
  expect(client.isSuspect).toBe(false)
})

test('a server that grants no session at all is asked again with growing pauses', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  server.grant = { ...server.grant, timeoutMs: 0 }
  const client = world.client('a:2181', { renewSession: true })
  const states = recordStates(client)
  const waiting = outcomeOf(client.get('/a'))
  await world.run(3_000)
  expect(server.attempts.length).toBeLessThan(20)
  expect(states).toEqual([])
  server.grant = { ...server.grant, timeoutMs: 9_000 }
  await world.run(1_000)
  expect(states).toEqual(['connected'])
  expect(server.last.requests(Op.getData)).toHaveLength(1)
  expect(waiting.isSettled).toBe(false)
})

test('credentials are presented on each connection before any request', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  const client = world.client('a:2181', { auth: [{ scheme: 'digest', auth: 'u:p' }] })
  const waiting = outcomeOf(client.exists('/a'))
  await world.run(10)
  expect(server.last.received.map(({ op }) => op)).toEqual([Op.auth, Op.exists])
  server.last.breakOff()
  await world.run(1_000)
  expect(server.last.received.map(({ op }) => op)).toEqual([Op.auth])
  expect(waiting.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: false })
  const added = outcomeOf(client.addAuth('digest', 'v:q'))
  await world.settle()
  expect(added.isSettled).toBe(true)
  server.last.breakOff()
  await world.run(1_000)
  expect(server.last.credentials).toHaveLength(2)
})

test('a server that refuses the credentials ends the client', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  server.authCode = -115
  const client = world.client('a:2181', { auth: [{ scheme: 'digest', auth: 'u:p' }] })
  const connected = outcomeOf(client.connect())
  const waiting = outcomeOf(client.exists('/a'))
  await world.run(5_000)
  expect(client.state).toBe('auth-failed')
  expect(waiting.error).toMatchObject({ code: 'AUTH_FAILED', category: 'session' })
  expect(connected.error).toMatchObject({ code: 'AUTH_FAILED' })
  expect(server.attempts).toHaveLength(1)
})

test('connecting gives up at its deadline, and at an abort, while the client goes on trying', async () => {
  const world = new VirtualWorld()
  world.server('a:2181').mode = 'silent'
  const client = world.client()
  const late = outcomeOf(client.connect({ deadlineMs: 100 }))
  const controller = new AbortController()
  const aborted = outcomeOf(client.connect({ signal: controller.signal }))
  await world.run(99)
  expect(late.isSettled).toBe(false)
  controller.abort()
  await world.run(1)
  expect(late.error).toMatchObject({ code: 'TIMEOUT' })
  expect(aborted.error).toMatchObject({ code: 'ABORTED', category: 'usage' })
  expect(client.state).toBe('connecting')
})

test('an attempt may take the session time-out divided by the number of servers, then the next server is tried', async () => {
  const world = new VirtualWorld()
  for (const name of ['a', 'b', 'c']) world.server(`${name}:2181`).mode = 'silent'
  const client = world.client('a,b,c')
  void outcomeOf(client.connect())
  await world.run(2_999)
  const tried = (): number => ['a', 'b', 'c'].reduce((count, name) => count + world.server(`${name}:2181`).attempts.length, 0)
  expect(tried()).toBe(1)
  await world.run(1)
  expect(tried()).toBe(2)
  await world.run(3_000)
  expect(['a', 'b', 'c'].map((name) => world.server(`${name}:2181`).attempts.length)).toEqual([1, 1, 1])
})

test('attempts at servers that refuse become rarer, but not rarer than one in a second', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  server.mode = 'refuse'
  const client = world.client('a:2181', { sessionTimeoutMs: 30_000 })
  void outcomeOf(client.connect())
  await world.run(60_000)
  expect(server.attempts.length).toBeGreaterThan(60)
  expect(server.attempts.length).toBeLessThan(140)
})

test('a name is looked up anew for each attempt', async () => {
  const world = new VirtualWorld()
  world.addresses.set('zk', ['10.0.0.1'])
  const client = world.client('zk:2181')
  await Promise.all([client.connect(), world.run(10)])
  world.addresses.set('zk', ['10.0.0.2'])
  world.server('10.0.0.1:2181').last.breakOff()
  await world.run(1_000)
  expect(world.server('10.0.0.1:2181').attempts).toHaveLength(1)
  expect(world.server('10.0.0.2:2181').attempts).toHaveLength(1)
  expect(client.server).toBe('zk:2181')
})

test('every address of a name is tried at once when others refuse', async () => {
  const world = new VirtualWorld()
  world.addresses.set('zk', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  world.server('10.0.0.1:2181').mode = 'refuse'
  world.server('10.0.0.2:2181').mode = 'refuse'
  const client = world.client('zk:2181')
  await Promise.all([client.connect(), world.run(1)])
  expect(client.state).toBe('connected')
})

test('a name service that never answers costs one attempt and not the client', async () => {
  const world = new VirtualWorld()
  let asked = 0
  const { resolver } = world.runtime
  const hanging = {
    resolve: (...args: Parameters<typeof resolver.resolve>) => (asked++ === 0 ? undefined : resolver.resolve(...args)),
  }
  const client = world.client('a:2181', { connectTimeoutMs: 500, runtime: { ...world.runtime, resolver: hanging } })
  const connected = outcomeOf(client.connect())
  await world.run(499)
  expect(asked).toBe(1)
  await world.run(501)
  expect(connected.value).toBe(client)
})

test('a session can be gone on with, and its password is needed whole', async () => {
  const world = new VirtualWorld()
  const password = new Uint8Array(16).fill(9)
  const client = world.client('a:2181', { session: { id: 77n, password } })
  await Promise.all([client.connect(), world.run(10)])
  expect(world.server('a:2181').last.handshake).toMatchObject({ sessionId: 77n, password })
  expect(() => world.client('a:2181', { session: { id: 77n, password: new Uint8Array(3) } })).toThrow(/3 bytes and not 16/)
})

test('changes of state can be iterated over until the client is closed', async () => {
  const world = new VirtualWorld()
  const client = world.client()
  const seen: string[] = []
  const iteration = (async () => {
    for await (const { previous, state } of client.states()) seen.push(`${previous} -> ${state}`)
  })()
  await Promise.all([client.connect(), world.run(10)])
  await Promise.all([client.close(), world.run(10)])
  await iteration
  expect(seen).toEqual(['connecting -> connected', 'connected -> closed'])
})

test('a thousand lost connections leave nothing behind', async () => {
  const world = new VirtualWorld()
  const server = world.server('a:2181')
  const client = world.client()
  await Promise.all([client.connect(), world.run(10)])
  const timers = world.timerCount
  for (let count = 0; count < 1_000; count++) {
    server.last.breakOff()
    await world.run(60)
    expect(client.state).toBe('connected')
  }
  expect(world.timerCount).toBe(timers)
  expect(server.attempts).toHaveLength(1_001)
  await Promise.all([client.close(), world.run(10)])
  expect(world.timerCount).toBe(0)
})

test('A63: nothing happens in the tick in which a client is made, and nothing before it is asked to connect', async () => {
  const world = new VirtualWorld()
  const client = world.client()
  const states = recordStates(client)
  await world.run(60_000)
  expect([client.state, states, world.server('a:2181').attempts.length, world.timerCount]).toEqual(['connecting', [], 0, 0])
  const connected = client.connect()
  expect([client.state, states]).toEqual(['connecting', []])
  await Promise.all([connected, world.run(10)])
  expect(states).toEqual(['connected'])
})

/** Which state may follow which. */
const FOLLOWERS: Readonly<Record<string, readonly string[]>> = {
  connecting: ['connected', 'connected-read-only', 'expired', 'auth-failed', 'closed'],
  connected: ['suspended', 'auth-failed', 'closed'],
  'connected-read-only': ['suspended', 'auth-failed', 'closed'],
  suspended: ['connected', 'connected-read-only', 'expired', 'auth-failed', 'closed'],
  expired: [],
  'auth-failed': [],
  closed: [],
}

const STEPS = {
  break: ({ server }) => server.attempts.at(-1)?.breakOff(),
  refuse: ({ server }) => void (server.mode = 'refuse'),
  silent: ({ server }) => void (server.mode = 'silent'),
  stall: ({ server }) => void (server.mode = 'stall'),
  accept: ({ server }) => void (server.mode = 'accept'),
  forget: ({ server }) => void (server.isForgetful = true),
  readOnly: ({ server }) => void (server.grant = { ...server.grant, isReadOnly: true }),
  readWrite: ({ server }) => void (server.grant = { ...server.grant, isReadOnly: false }),
  distrust: ({ server, client }) => {
    server.authCode = -115
    client.addAuth('digest', 'x').catch(() => undefined)
  },
  ask: ({ client }) => void client.get('/a').catch(() => undefined),
  close: ({ client }) => void client.close(),
} satisfies Record<string, (on: { server: FakeServer; client: ZooKeeper }) => void>

test('A89: whatever happens, states follow each other as they should, and every request is settled at the end', async () => {
  const names = Object.keys(STEPS) as (keyof typeof STEPS)[]
  const step = fc.tuple(fc.constantFrom(...names), fc.integer({ min: 0, max: 12_000 }))
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), fc.array(step, { maxLength: 12 }), async (seed, steps) => {
      const world = new VirtualWorld(seed)
      const server = world.server('a:2181')
      const client = world.client('a:2181', { readOnly: true })
      const changes: [string, string][] = []
      client.on('state', ({ previous, state }) => changes.push([previous, state]))
      client.connect().catch(() => undefined)
      const request = outcomeOf(client.get('/a'))
      for (const [name, durationMs] of steps) {
        STEPS[name]({ server, client })
        await world.run(durationMs)
      }
      await Promise.all([client.close({ deadlineMs: 1_000 }), world.run(2_000)])
      for (const [previous, state] of changes) expect(FOLLOWERS[previous]).toContain(state)
      for (const [index, [previous]] of changes.entries()) expect(previous).toBe(changes[index - 1]?.[1] ?? 'connecting')
      expect(request.isSettled).toBe(true)
      expect(world.timerCount).toBe(0)
    }),
    { numRuns: 1_000 },
  )
}, 60_000)
