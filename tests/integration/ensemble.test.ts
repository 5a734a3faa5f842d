import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { RawCreateMode } from '../support/raw-records.ts'
import { fourLetterWord } from '../support/server-process.ts'
import { TestEnsemble } from './test-ensemble.ts'

async function writeMany(client: RawClient, parent: string, count: number): Promise<void> {
  const writes: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) writes.push(client.create(`${parent}/n${i}`, `value ${i}`))
  await Promise.all(writes)
}

async function expectSameTrees(ensemble: TestEnsemble, ids: readonly number[] = ensemble.runningIds): Promise<void> {
  const [first, ...others] = await Promise.all(ids.map((id) => ensemble.tree(id)))
  for (const other of others) expect(other).toEqual(first)
  for (const id of ids) expect(await ensemble.metric(id, 'digest_mismatches_count')).toBe(0)
}

test('A98, A7: three servers elect one leader, take writes through each of them and show one tree', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const modes = await Promise.all(ensemble.ids.map((id) => ensemble.mode(id)))
  expect(modes.toSorted()).toEqual(['follower', 'follower', 'leader'])

  const clients = await Promise.all(ensemble.ids.map((id) => ensemble.connect(id)))
  for (const [index, client] of clients.entries()) {
    await client.create(`/from-${index}`, 'first')
    await client.setData(`/from-${index}`, 'second')
    await client.sync('/')
    expect(await client.getChildren('/')).toHaveLength(2 + index)
  }
  await expectSameTrees(ensemble)
})

test('A10: what was written through one server is there after a sync through another', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const writer = await ensemble.connect(1)
  const reader = await ensemble.connect(2)
  await writer.create('/counter', '0')
  for (let i = 1; i <= 200; i++) {
    await writer.setData('/counter', String(i))
    await reader.sync('/counter')
    expect(await reader.getText('/counter')).toBe(String(i))
  }
})

test('A5: pipelined writes through a follower are applied in the order in which they were sent', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const leader = await ensemble.whenServing()
  const follower = ensemble.ids.find((id) => id !== leader) ?? 0
  const client = await ensemble.connect(follower)
  await client.create('/x', '')
  const replies = await Promise.all(Array.from({ length: 3000 }, (_, i) => client.setData('/x', String(i))))
  const zxids = replies.map(({ mzxid }) => mzxid)
  expect(zxids).toEqual(zxids.toSorted((a, b) => a - b))
  expect(replies.map(({ version }) => version)).toEqual(replies.map((_, i) => i + 1))
  expect(await client.getText('/x')).toBe('2999')
})

test('A client of a follower reads its own writes without waiting for them', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const leader = await ensemble.whenServing()
  const client = await ensemble.connect(ensemble.ids.find((id) => id !== leader) ?? 0)
  await client.create('/own', '0')
  const reads: Promise<string>[] = []
  for (let i = 1; i <= 100; i++) {
    client.setData('/own', String(i)).catch(() => undefined)
    reads.push(client.getText('/own'))
  }
  expect(await Promise.all(reads)).toEqual(Array.from({ length: 100 }, (_, i) => String(i + 1)))
})

test('A127, A106: when the leader goes the others elect another one, and nothing acknowledged is lost', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const first = await ensemble.whenServing()
  const before = await ensemble.connect(first)
  await before.create('/kept', 'acknowledged')
  await ensemble.stopServer(first)
  const second = await ensemble.whenServing()
  expect(second).not.toBe(first)
  const after = await ensemble.connect(second)
  expect(await after.getText('/kept')).toBe('acknowledged')
  await after.create('/later', 'also')

  await ensemble.startServer(first)
  expect(await ensemble.whenServing()).toBe(second)
  await expectSameTrees(ensemble)
})

test('Without a majority nobody serves; with it again, everything goes on', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const leader = await ensemble.whenServing()
  const others = ensemble.ids.filter((id) => id !== leader)
  await (await ensemble.connect(leader)).create('/before', '')
  for (const id of others) await ensemble.stopServer(id)
  await ensemble.eventually('the leader gives up', async () => ((await ensemble.mode(leader)) === null ? true : null))
  await ensemble.startServer(others[0] ?? 0)
  await ensemble.whenServing()
  const client = await ensemble.connect(leader)
  await client.create('/after', '')
  expect(await client.getChildren('/')).toEqual(expect.arrayContaining(['before', 'after']))
})

test('A133: a server that missed a little gets the difference, one that missed much a snapshot', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const leader = await ensemble.whenServing()
  const away = ensemble.ids.find((id) => id !== leader) ?? 0
  const client = await ensemble.connect(leader)
  await client.create('/little', '')
  await client.create('/much', '')
  await ensemble.stopServer(away)
  await writeMany(client, '/little', 100)
  await ensemble.startServer(away)
  await ensemble.whenServing()
  expect(ensemble.logger(leader).linesWith(`Sending server ${away}`).at(-1)).toContain('what it lacks')
  await expectSameTrees(ensemble)

  await ensemble.stopServer(away)
  await writeMany(client, '/much', 2000)
  await ensemble.startServer(away)
  await ensemble.whenServing()
  expect(ensemble.logger(leader).linesWith(`Sending server ${away}`).at(-1)).toContain('a snapshot')
  await expectSameTrees(ensemble)

  // What came by snapshot is on the disk of its own.
  await ensemble.stopServer(away)
  await ensemble.startServer(away)
  await ensemble.whenServing()
  expect(ensemble.logger(leader).linesWith(`Sending server ${away}`).at(-1)).toContain('what it lacks')
  await expectSameTrees(ensemble)
})

/** Ends with the leader of before stopped, with a transaction in its log that nobody else has; the others run under a new leader. */
async function leaveLeaderAlone(ensemble: TestEnsemble): Promise<{ readonly old: number; readonly leader: number }> {
  const old = await ensemble.whenServing()
  const others = ensemble.ids.filter((id) => id !== old)
  const lonely = await ensemble.connect(old, { timeoutMs: 10_000 })
  await lonely.create('/common', '')
  await Promise.all(others.map((id) => ensemble.stopServer(id)))
  // It is proposed and logged, but nobody is there to acknowledge it.
  const lost = lonely.create('/lost', '').then(
    () => 'acknowledged',
    () => 'unknown',
  )
  await ensemble.eventually('the old leader gives up', async () => ((await ensemble.mode(old)) === null ? true : null))
  expect(await lost).toBe('unknown')
  await ensemble.stopServer(old)
  await Promise.all(others.map((id) => ensemble.startServer(id)))
  return { old, leader: await ensemble.whenServing() }
}

test('A133: a leader that was left alone with a write cuts it from its log when it comes back', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const { old, leader } = await leaveLeaderAlone(ensemble)
  await ensemble.startServer(old)
  await ensemble.whenServing()
  expect(ensemble.logger(leader).linesWith(`Sending server ${old}`).at(-1)).toContain('how far to go back')
  expect((await ensemble.tree(old)).map(({ path }) => path)).not.toContain('/lost')
  await expectSameTrees(ensemble)
  await ensemble.stopServer(old)
  await ensemble.startServer(old)
  await ensemble.whenServing()
  await expectSameTrees(ensemble)
})

test('A133: a leader that was left alone with a write gets a snapshot when the others have gone on', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const { old, leader } = await leaveLeaderAlone(ensemble)
  await (await ensemble.connect(leader)).create('/instead', '')
  await ensemble.startServer(old)
  await ensemble.whenServing()
  expect(ensemble.logger(leader).linesWith(`Sending server ${old}`).at(-1)).toContain('a snapshot')
  await expectSameTrees(ensemble)
  await ensemble.stopServer(old)
  await ensemble.startServer(old)
  await ensemble.whenServing()
  const names = await (await ensemble.connect(old)).getChildren('/')
  expect(names.toSorted()).toEqual(['common', 'instead', 'zookeeper'])
  await expectSameTrees(ensemble)
})

test('A86: a session moves to another server with its ephemeral nodes, and the old connection can write no more', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const leader = await ensemble.whenServing()
  const [one, two] = ensemble.ids.filter((id) => id !== leader)
  const first = await ensemble.connect(one ?? 0)
  await first.create('/mine', '', RawCreateMode.ephemeral)
  for (const target of [two ?? 0, leader]) {
    const moved = await ensemble.connect(target, {
      sessionId: first.sessionId,
      password: first.password,
      lastZxidSeen: first.lastZxid,
    })
    expect(moved.sessionId).toBe(first.sessionId)
    expect((await moved.exists('/mine'))?.ephemeralOwner).toBe(first.sessionId)
    await moved.setData('/mine', `through ${target}`)
  }
  // Its reads still work; a write is refused by the end of the connection.
  expect(await first.exists('/mine')).not.toBeNull()
  await expect(first.setData('/mine', 'old')).rejects.toThrow(/closed/)
})

test('A session that is closed, or that expires, takes its ephemeral nodes with it on every server', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const leader = await ensemble.whenServing()
  const follower = ensemble.ids.find((id) => id !== leader) ?? 0
  const watcher = await ensemble.connect(leader)
  const closing = await ensemble.connect(follower)
  await closing.create('/closing', '', RawCreateMode.ephemeral)
  await closing.close()
  await watcher.sync('/')
  expect(await watcher.exists('/closing')).toBeNull()

  const silent = await ensemble.connect(follower, { timeoutMs: 1000, pingIntervalMs: 0 })
  await silent.create('/silent', '', RawCreateMode.ephemeral)
  silent.destroy()
  await ensemble.eventually('the session expires', async () => ((await watcher.exists('/silent')) === null ? true : null))
  await expectSameTrees(ensemble)
})

test('A session lives as long as its client is heard of by a follower', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const leader = await ensemble.whenServing()
  const client = await ensemble.connect(ensemble.ids.find((id) => id !== leader) ?? 0, { timeoutMs: 2000 })
  await client.create('/alive', '', RawCreateMode.ephemeral)
  await new Promise((resolve) => setTimeout(resolve, 5000))
  expect(await client.exists('/alive')).not.toBeNull()
})

test('A102, A115: observers serve reads and writes without a vote, and the others do without them', async () => {
  await using ensemble = await TestEnsemble.start(3, { observers: 1 })
  expect(await ensemble.mode(4)).toBe('observer')
  const client = await ensemble.connect(4)
  await client.create('/observed', 'through the observer')
  await writeMany(client, '/observed', 50)
  expect(await client.getChildren('/observed')).toHaveLength(50)
  await expectSameTrees(ensemble)
  await ensemble.stopServer(4)
  const leader = await ensemble.whenServing()
  await (await ensemble.connect(leader)).create('/without', '')
  await ensemble.startServer(4)
  await ensemble.whenServing()
  await expectSameTrees(ensemble)
})

test('A103: an observer without a log of its own gets everything anew from the leader when it starts', async () => {
  await using ensemble = await TestEnsemble.prepare(3, { observers: 1 })
  await Promise.all([1, 2, 3].map((id) => ensemble.startServer(id)))
  const leader = await ensemble.whenServing([1, 2, 3])
  await ensemble.startServer(4, { syncEnabled: false })
  await ensemble.whenServing()
  const client = await ensemble.connect(leader)
  await client.create('/many', '')
  await writeMany(client, '/many', 200)
  await expectSameTrees(ensemble)
  expect(readdirSync(join(ensemble.dataDirectory(4), 'version-2')).filter((name) => name.startsWith('log.'))).toEqual([])
  await ensemble.stopServer(4)
  await ensemble.startServer(4, { syncEnabled: false })
  await ensemble.whenServing()
  await expectSameTrees(ensemble)
})

test('A130: the four-letter words show how far each member has come', async () => {
  await using ensemble = await TestEnsemble.start(3, { observers: 1 })
  const leader = await ensemble.whenServing()
  for (const id of ensemble.ids) {
    const state = /^zk_peer_state\t(.*)$/m.exec(await fourLetterWord(ensemble.clientPort(id), 'mntr'))?.[1]
    const name = id === leader ? 'leading' : id === 4 ? 'observing' : 'following'
    expect(state).toBe(`${name} - broadcast`)
  }
  expect(await ensemble.metric(leader, 'quorum_size')).toBe(3)
  expect(await ensemble.metric(leader, 'learners')).toBe(3)
  expect(await ensemble.metric(leader, 'synced_followers')).toBe(2)
  expect(await ensemble.metric(leader, 'synced_observers')).toBe(1)
})

test('Watches fire on the server where they were set, for changes made through another one', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const [one, two] = await Promise.all([ensemble.connect(1), ensemble.connect(2)])
  await one.create('/watched', 'a')
  await two.sync('/')
  await two.getData('/watched', true)
  await one.setData('/watched', 'b')
  const event = await two.nextEvent()
  expect(event).toMatchObject({ path: '/watched', type: 3 })
  expect(await two.getText('/watched')).toBe('b')
})
