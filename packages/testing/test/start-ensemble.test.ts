import { connect, retries } from '@tskeeper/client'
import { startEnsemble, type TestEnsemble, type TestServer } from '@tskeeper/testing'
import { expect, test, vi } from 'vitest'

// What a loaded machine needs for it must not decide a test.
vi.setConfig({ testTimeout: 120_000 })

function without(ensemble: TestEnsemble, ...left: readonly (TestServer | null)[]): TestServer[] {
  return ensemble.servers.filter((server) => !left.includes(server))
}

/** The names below the root as this server has them, with everything committed so far. */
async function namesAt(server: TestServer): Promise<string[]> {
  await using client = await connect(server.connectString)
  await client.sync('/')
  return (await client.children('/')).toSorted()
}

async function write(server: TestServer, path: string): Promise<void> {
  await using client = await connect(server.connectString)
  await client.create(path)
}

test('three servers are ready when the start has settled: one leads, two follow, a client may use any', async () => {
  await using ensemble = await startEnsemble(3)
  expect(ensemble.servers.map(({ id }) => id)).toEqual([1, 2, 3])
  expect(ensemble.servers.map(({ mode }) => mode).toSorted()).toEqual(['follower', 'follower', 'leader'])
  expect(ensemble.leader()?.mode).toBe('leader')
  expect(ensemble.followers()).toHaveLength(2)
  await using client = await connect(ensemble.connectString)
  await client.create('/node')
  for (const server of ensemble.servers) expect(await namesAt(server)).toEqual(['node', 'zookeeper'])
  expect(() => ensemble.server(4)).toThrow('there is no server 4: the ids are 1 to 3')
})

test('observers come after the voters and serve without a vote', async () => {
  await using ensemble = await startEnsemble(3, { observers: 2 })
  expect(ensemble.observers().map(({ id }) => id)).toEqual([4, 5])
  await write(ensemble.server(5), '/through-an-observer')
  // A quorum of the voters is enough, and is needed.
  for (const server of ensemble.observers()) await server.stop()
  expect((await ensemble.whenReady()).mode).toBe('leader')
  for (const server of ensemble.servers) expect(server.isRunning).toBe(server.id <= 3)
})

test('a leader that is killed is replaced, sessions go on, and it follows when it is back', async () => {
  await using ensemble = await startEnsemble(3)
  await using client = await connect(ensemble.connectString, { retry: retries.forever })
  await client.create('/mine', '', { mode: 'ephemeral' })
  const old = await ensemble.whenReady()
  old.kill()
  const next = await ensemble.whenReady()
  expect(next).not.toBe(old)
  await write(next, '/after')
  const session = client.sessionId
  expect((await client.exists('/mine'))?.ephemeralOwner).toBe(session)
  await old.start()
  await ensemble.whenReady()
  expect(old.mode).toBe('follower')
  expect(await namesAt(old)).toEqual(['after', 'mine', 'zookeeper'])
})

test('a leader that is cut off serves nobody any more, the others go on, and all agree when the cut heals', async () => {
  await using ensemble = await startEnsemble(3)
  const old = await ensemble.whenReady()
  const majority = without(ensemble, old)
  ensemble.partition([old], majority)
  const next = await ensemble.whenReady(majority)
  await write(next, '/meanwhile')
  await vi.waitFor(() => expect(old.mode).toBeNull(), 30_000)
  ensemble.heal()
  await ensemble.whenReady()
  expect(ensemble.leader()).toBe(next)
  expect(old.mode).toBe('follower')
  for (const server of ensemble.servers) expect(await namesAt(server)).toEqual(['meanwhile', 'zookeeper'])
})

test('five servers in three parts without a quorum have no leader', async () => {
  await using ensemble = await startEnsemble(5)
  const [one, two, three, four, five] = ensemble.servers as [TestServer, TestServer, TestServer, TestServer, TestServer]
  ensemble.partition([one, two], [three, four], [five])
  await vi.waitFor(() => expect(ensemble.servers.map(({ mode }) => mode)).toEqual([null, null, null, null, null]), 30_000)
  ensemble.heal()
  await ensemble.whenReady()
  expect(ensemble.followers()).toHaveLength(4)
})

test('a server that is cut off serves readers, if the properties say so', async () => {
  await using ensemble = await startEnsemble(3, { properties: { 'readonlymode.enabled': true } })
  const [alone, ...others] = ensemble.followers()
  if (alone === undefined) throw new Error('two servers follow')
  ensemble.partition([alone], without(ensemble, alone))
  await vi.waitFor(() => expect(alone.mode).toBe('read-only'), 30_000)
  await using reader = await connect(alone.connectString, { readOnly: true })
  expect(await reader.children('/')).toEqual(['zookeeper'])
  await expect(reader.create('/refused')).rejects.toMatchObject({ code: 'NOT_READ_ONLY' })
  expect(others[0]?.mode).toBe('follower')
  expect((await ensemble.whenReady(without(ensemble, alone))).mode).toBe('leader')
})

test('a leader that is paused is replaced, and follows the new one when it goes on', async () => {
  await using ensemble = await startEnsemble(3)
  const old = await ensemble.whenReady()
  old.pause()
  // It is asleep: what it last was is what it is.
  expect(old.mode).toBe('leader')
  const next = await ensemble.whenReady()
  expect(next).not.toBe(old)
  await write(next, '/meanwhile')
  old.resume()
  await vi.waitFor(() => expect(old.mode).toBe('follower'), 30_000)
  expect(await namesAt(old)).toEqual(['meanwhile', 'zookeeper'])
})

test('a session is made to expire at the leader, whichever server its client uses', async () => {
  await using ensemble = await startEnsemble(3)
  const [follower] = ensemble.followers()
  const client = await connect(follower?.connectString ?? '')
  await client.create('/mine', '', { mode: 'ephemeral' })
  const expired = new Promise<void>((resolve) => {
    client.on('state', ({ state }) => {
      if (state === 'expired') resolve()
    })
  })
  await ensemble.expireSession(client.sessionId)
  await expired
  for (const server of ensemble.servers) expect(await namesAt(server)).toEqual(['zookeeper'])
  await client.close()
  await expect(ensemble.expireSession(1n)).rejects.toThrow('knows no session 0x1')
})

test('all servers are stopped and started again, on the same data', async () => {
  await using ensemble = await startEnsemble(3, { disk: 'files' })
  await write(ensemble.server(1), '/kept')
  await ensemble.stop()
  expect(ensemble.servers.map(({ isRunning }) => isRunning)).toEqual([false, false, false])
  await Promise.all(ensemble.servers.map((server) => server.start()))
  await ensemble.whenReady()
  for (const server of ensemble.servers) expect(await namesAt(server)).toEqual(['kept', 'zookeeper'])
})

test('a member that is killed again and again never loses what was acknowledged', async () => {
  await using ensemble = await startEnsemble(3)
  await using client = await connect(ensemble.connectString, {
    retry: retries.bounded({ attemptsMax: 100, repeatsAmbiguousWrites: true }),
  })
  let count = 0
  for (let round = 0; round < 5; round++) {
    const victim = ensemble.server((round % 3) + 1)
    const writes = Array.from({ length: 20 }, () => client.create(`/n${count++}`).catch(ignoreExisting))
    victim.kill()
    await Promise.all(writes)
    await victim.start()
    await ensemble.whenReady()
  }
  const names = await namesAt(ensemble.server(1))
  expect(names).toHaveLength(count + 1)
  for (const server of ensemble.servers) expect(await namesAt(server)).toEqual(names)
})

/** A create that is repeated, because its answer was lost, finds its node. */
function ignoreExisting(error: unknown): void {
  if ((error as { code?: string }).code !== 'NODE_EXISTS') throw error
}

test('two ensembles in one process have nothing to do with each other', async () => {
  const [one, other] = await Promise.all([startEnsemble(3), startEnsemble(3)])
  try {
    await write(one.server(1), '/one')
    expect(await namesAt(one.server(2))).toEqual(['one', 'zookeeper'])
    expect(await namesAt(other.server(2))).toEqual(['zookeeper'])
  } finally {
    await one[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  }
})

test('an ensemble of one voter is refused', async () => {
  await expect(startEnsemble(1, { observers: 2 })).rejects.toThrow('an ensemble has at least two voters, not 1')
})
