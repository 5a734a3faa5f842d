import { expect, test } from 'vitest'
import { RawCreateMode } from '../support/raw-records.ts'
import { freePort } from '../support/server-process.ts'
import { TestEnsemble } from './test-ensemble.ts'

test('A follower feeds an observer in the leader’s place: reads, writes, syncs, sessions', async () => {
  await using ensemble = await TestEnsemble.prepare(3, { observers: 1 })
  // On one machine one of them gets the port, and it is the same for all.
  const observerMasterPort = await freePort()
  await Promise.all([1, 2, 3].map((id) => ensemble.startServer(id, { observerMasterPort })))
  const leader = await ensemble.whenServing([1, 2, 3])
  await ensemble.startServer(4, { observerMasterPort })
  await ensemble.whenServing()
  expect(ensemble.logger(leader).linesWith('Sending server 4')).toHaveLength(0)

  const client = await ensemble.connect(4)
  const elsewhere = await ensemble.connect(leader)
  await client.create('/from-observer', 'a')
  await client.create('/mine', '', RawCreateMode.ephemeral)
  for (let i = 0; i < 100; i++) {
    await elsewhere.setData('/from-observer', String(i))
    await client.sync('/')
    expect(await client.getText('/from-observer')).toBe(String(i))
  }
  const { sessionId, password, lastZxid } = client
  const moved = await ensemble.connect(leader, { sessionId, password, lastZxidSeen: lastZxid })
  await moved.setData('/mine', 'through the leader')
  const back = await ensemble.connect(4, { sessionId, password, lastZxidSeen: moved.lastZxid })
  await back.setData('/mine', 'through the observer')
  expect(await ensemble.tree(4)).toEqual(await ensemble.tree(leader))
  await back.close()
  await elsewhere.sync('/')
  expect(await elsewhere.exists('/mine')).toBeNull()
})
