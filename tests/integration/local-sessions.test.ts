import { expect, test } from 'vitest'
import { SessionRefusedError } from '../support/raw-client.ts'
import { RawCreateMode } from '../support/raw-records.ts'
import { TestEnsemble } from './test-ensemble.ts'

const LOCAL = { localSessionsEnabled: true }
const UPGRADING = { ...LOCAL, localSessionsUpgradingEnabled: true }

test('A local session reads and writes, but costs no transaction and owns no ephemeral node', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: LOCAL })
  const leader = await ensemble.whenServing()
  const follower = ensemble.ids.find((id) => id !== leader) ?? 0
  for (const id of [leader, follower]) {
    const client = await ensemble.connect(id)
    await client.create(`/written-by-${id}`, '')
    expect(await ensemble.metric(id, 'global_sessions')).toBe(0)
    expect(await ensemble.metric(id, 'local_sessions')).toBe(1)
    await expect(client.create('/mine', '', RawCreateMode.ephemeral)).rejects.toMatchObject({ code: -120 })
    const results = await client.multi([
      { op: 'create', path: `/plain-${id}` },
      { op: 'create', path: '/mine', flags: RawCreateMode.ephemeral },
      { op: 'create', path: '/never' },
    ])
    expect(results.map(({ err }) => err)).toEqual([0, -120, -2])
    expect(await client.exists(`/plain-${id}`)).toBeNull()
    await client.close()
    expect(await ensemble.metric(id, 'local_sessions')).toBe(0)
  }
  const nodes = await ensemble.connect(leader)
  // Two creates that went through, and no session: one zxid each.
  expect((await nodes.exists(`/written-by-${follower}`))?.czxid).toBe(0x100000002)
})

test('A local session is taken up where it is known, and is over elsewhere', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: LOCAL })
  const client = await ensemble.connect(1)
  const { sessionId, password } = client
  client.destroy()
  expect((await ensemble.connect(1, { sessionId, password })).sessionId).toBe(sessionId)
  await expect(ensemble.connect(2, { sessionId, password })).rejects.toBeInstanceOf(SessionRefusedError)
})

test('A local session whose client is silent expires', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: LOCAL })
  const client = await ensemble.connect(2, { timeoutMs: 1000, pingIntervalMs: 0 })
  await expect.poll(() => client.isClosed, { timeout: 20_000 }).toBe(true)
  const { sessionId, password } = client
  await expect(ensemble.connect(2, { sessionId, password })).rejects.toBeInstanceOf(SessionRefusedError)
})

test('A session becomes one of the ensemble with its first ephemeral node, and moves with it', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: UPGRADING })
  const leader = await ensemble.whenServing()
  const [one = 0, two = 0] = ensemble.ids.filter((id) => id !== leader)
  for (const [id, other] of [
    [one, two],
    [leader, one],
  ] as const) {
    const client = await ensemble.connect(id)
    await client.create(`/plain-${id}`, '')
    expect(await ensemble.metric(id, 'local_sessions')).toBe(1)
    await client.create(`/mine-${id}`, '', RawCreateMode.ephemeral)
    expect(await ensemble.metric(id, 'local_sessions')).toBe(0)
    expect((await client.exists(`/mine-${id}`))?.ephemeralOwner).toBe(client.sessionId)
    const { sessionId, password, lastZxid } = client
    const moved = await ensemble.connect(other, { sessionId, password, lastZxidSeen: lastZxid })
    expect(moved.sessionId).toBe(sessionId)
    await moved.setData(`/mine-${id}`, 'moved')
    await moved.close()
    const witness = await ensemble.connect(leader)
    expect(await witness.exists(`/mine-${id}`)).toBeNull()
    await witness.close()
  }
})
