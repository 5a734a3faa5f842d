import { expect, test } from 'vitest'
import { type RawClient, RawCreateMode, RawOp, SessionRefusedError } from '../support/raw-client.ts'
import { HeldDisk } from './held-disk.ts'
import { eventTexts, outcome, until } from './outcomes.ts'
import { TestServer } from './test-server.ts'

const TICK_MS = 100
/** Room for a machine that others use too, on upper bounds only: nothing may ever happen too early. */
const SLACK_MS = 1500

/** Says nothing on its own, so that it lives only by what a test sends. */
function silent(server: TestServer, timeoutMs: number): Promise<RawClient> {
  return server.connect({ timeoutMs, pingIntervalMs: 0 })
}

test('A28 A85 A91: a silent session expires between its timeout and one tick more, and takes its ephemeral nodes along', async () => {
  await using server = await TestServer.start({ tickTime: TICK_MS })
  const watcher = await server.connect()
  for (const timeoutMs of [200, 250, 333]) {
    const client = await silent(server, timeoutMs)
    expect(client.timeoutMs).toBe(timeoutMs)
    const path = `/e-${timeoutMs}`
    const sentMs = performance.now()
    await client.create(path, null, RawCreateMode.ephemeral)
    const answeredMs = performance.now()
    expect(await watcher.exists(path, true)).not.toBeNull()
    expect((await watcher.nextEvent()).type).toBe(2)
    const goneMs = performance.now()
    expect(goneMs - sentMs).toBeGreaterThanOrEqual(timeoutMs)
    expect(goneMs - answeredMs).toBeLessThan(timeoutMs + TICK_MS + SLACK_MS)
    // The client is told nothing; its connection ends.
    await client.connection.waitForClose()
    expect(client.events).toEqual([])
  }
})

test('A91: a session with a short timeout expires on time beside older ones with long timeouts', async () => {
  await using server = await TestServer.start({ tickTime: TICK_MS, maxSessionTimeout: 60_000 })
  await silent(server, 60_000)
  const startMs = performance.now()
  const short = await silent(server, 200)
  await short.connection.waitForClose()
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(200)
  expect(performance.now() - startMs).toBeLessThan(200 + TICK_MS + SLACK_MS)
})

test('A91: a session that pings, or asks anything at all, outlives its timeout many times', async () => {
  await using server = await TestServer.start({ tickTime: TICK_MS })
  const pinging = await server.connect({ timeoutMs: 300, pingIntervalMs: 50 })
  const asking = await silent(server, 300)
  const writing = await silent(server, 300)
  await writing.create('/a')
  const startMs = performance.now()
  while (performance.now() - startMs < 1000) {
    await asking.exists('/')
    await writing.setData('/a', 'x')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect([pinging.isClosed, asking.isClosed, writing.isClosed]).toEqual([false, false, false])
  expect(server.logger.linesWith('Expiring session')).toEqual([])
})

test('A28: a session whose connection is cut lives on until its timeout, and so do its ephemeral nodes', async () => {
  await using server = await TestServer.start({ tickTime: TICK_MS })
  const watcher = await server.connect()
  const client = await silent(server, 400)
  const sentMs = performance.now()
  await client.create('/e', null, RawCreateMode.ephemeral)
  expect(await watcher.exists('/e', true)).not.toBeNull()
  client.connection.reset()
  expect((await watcher.nextEvent()).path).toBe('/e')
  expect(performance.now() - sentMs).toBeGreaterThanOrEqual(400)
  await expect(server.connect({ sessionId: client.sessionId, password: client.password })).rejects.toThrow(SessionRefusedError)
})

test('A91: resuming a session begins its time anew, with the timeout of the new connection', async () => {
  await using server = await TestServer.start({ tickTime: TICK_MS })
  const watcher = await server.connect()
  const client = await silent(server, 2000)
  await client.create('/e', null, RawCreateMode.ephemeral)
  await watcher.exists('/e', true)
  const { sessionId, password } = client
  client.destroy()
  const resumedMs = performance.now()
  const resumed = await server.connect({ sessionId, password, timeoutMs: 300, pingIntervalMs: 0 })
  expect(resumed.timeoutMs).toBe(300)
  await watcher.nextEvent()
  expect(performance.now() - resumedMs).toBeGreaterThanOrEqual(300)
  expect(performance.now() - resumedMs).toBeLessThan(300 + TICK_MS + SLACK_MS)
})

test('a session that is being closed or that is expiring can be resumed no more', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({ tickTime: TICK_MS }, { runtime: { disk } })
  const closing = await server.connect()
  const expiring = await silent(server, 200)
  disk.hold()
  const closed = closing.request(RawOp.closeSession)
  await until(() => disk.heldCount > 0, 'the sync of the end of the session')
  // They are told so when it is on disk: until then a crash could undo it.
  const refused = [
    expect(server.connect({ sessionId: closing.sessionId, password: closing.password })).rejects.toThrow(SessionRefusedError),
  ]
  await until(() => server.logger.linesWith('Expiring session').length === 1, 'the expiry')
  refused.push(
    expect(server.connect({ sessionId: expiring.sessionId, password: expiring.password })).rejects.toThrow(SessionRefusedError),
  )
  disk.release()
  await Promise.all(refused)
  expect((await closed).err).toBe(0)
  await expiring.connection.waitForClose()
})

test('what a session asks after it began to expire is not answered and does nothing', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({ tickTime: TICK_MS }, { runtime: { disk } })
  const watcher = await server.connect()
  const client = await silent(server, 200)
  disk.hold()
  await until(() => server.logger.linesWith('Expiring session').length === 1, 'the expiry')
  const late = [client.create('/late'), client.getData('/'), client.ping()].map((request) => request.catch(() => 'dropped'))
  expect(await watcher.exists('/')).not.toBeNull()
  disk.release()
  expect(await Promise.all(late)).toEqual(['dropped', 'dropped', 'dropped'])
  expect(await watcher.exists('/late')).toBeNull()
})

test('A27 A28: a restart keeps sessions and their ephemeral nodes, lets clients take them up, and the rest expire', async () => {
  await using server = await TestServer.start({ tickTime: TICK_MS })
  const taken = await server.connect({ timeoutMs: 800 })
  const left = await server.connect({ timeoutMs: 800 })
  const closed = await server.connect()
  await taken.create('/taken', null, RawCreateMode.ephemeral)
  await left.create('/left', null, RawCreateMode.ephemeral)
  await left.create('/stays')
  await closed.close()
  const stoppedMs = performance.now()
  await server.restart()
  const startedMs = performance.now()
  const resumed = await server.connect({ sessionId: taken.sessionId, password: taken.password })
  expect((await resumed.exists('/taken'))?.ephemeralOwner).toBe(taken.sessionId)
  expect((await resumed.exists('/left', true))?.ephemeralOwner).toBe(left.sessionId)
  await expect(server.connect({ sessionId: closed.sessionId, password: closed.password })).rejects.toThrow(SessionRefusedError)
  expect(eventTexts([await resumed.nextEvent()])).toEqual(['deleted /left'])
  // From the start on it had its full time.
  expect(performance.now() - stoppedMs).toBeGreaterThanOrEqual(800)
  expect(performance.now() - startedMs).toBeLessThan(800 + TICK_MS + SLACK_MS)
  expect(await resumed.getEphemerals()).toEqual(['/taken'])
  expect(await resumed.exists('/stays')).not.toBeNull()
  const fresh = await server.connect()
  expect([taken.sessionId, left.sessionId, closed.sessionId]).not.toContain(fresh.sessionId)
})

test('a restart gives a session the timeout with which it was made, not the one with which it was resumed', async () => {
  await using server = await TestServer.start({ tickTime: TICK_MS })
  const client = await server.connect({ timeoutMs: 300 })
  const { sessionId, password } = client
  const resumed = await server.connect({ sessionId, password, timeoutMs: 2000 })
  await resumed.create('/e', null, RawCreateMode.ephemeral)
  await server.restart()
  const startedMs = performance.now()
  const watcher = await server.connect()
  await watcher.exists('/e', true)
  await watcher.nextEvent()
  expect(performance.now() - startedMs).toBeLessThan(300 + TICK_MS + SLACK_MS)
})

test('A28: an ephemeral node that somebody else deletes is gone, and its session goes on', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const other = await server.connect()
  await client.create('/e', null, RawCreateMode.ephemeral)
  await other.delete('/e')
  await other.create('/e', null, RawCreateMode.ephemeral)
  expect(await client.getEphemerals()).toEqual([])
  await client.close()
  expect((await other.exists('/e'))?.ephemeralOwner).toBe(other.sessionId)
})

test('A85: a session that creates and deletes until its end leaves nothing of its own behind', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const other = await server.connect()
  // All of it is on its way to the disk when the end of the session is asked for.
  const requests = Array.from({ length: 50 }, (_, index) => [
    client.create(`/e${index}`, null, RawCreateMode.ephemeral),
    index % 3 === 0 ? client.delete(`/e${index}`) : client.create(`/p${index}`),
  ])
  const closed = client.close()
  await Promise.all(requests.flat())
  await closed
  const names = await other.getChildren('/')
  expect(names.filter((name) => name.startsWith('e'))).toEqual([])
  expect(names.filter((name) => name.startsWith('p'))).toHaveLength(33)
})

test('A60: the beginning and the end of a session are transactions with zxids of their own', async () => {
  await using server = await TestServer.start()
  const first = await server.connect()
  const { stat } = await first.create2('/a')
  const second = await server.connect()
  await second.create('/e', null, RawCreateMode.ephemeral)
  const end = await second.request(RawOp.closeSession)
  expect(end.zxid).toBe(stat.czxid + 3)
  expect((await first.create2('/b')).stat.czxid).toBe(stat.czxid + 4)
})

test('one session after the other, many at once, come and go without a trace', async () => {
  await using server = await TestServer.start({ maxClientCnxns: 0 })
  const witness = await server.connect()
  for (let round = 0; round < 5; round++) {
    const clients = await Promise.all(Array.from({ length: 40 }, () => server.connect()))
    expect(new Set(clients.map((client) => client.sessionId)).size).toBe(40)
    await Promise.all(clients.map((client, index) => client.create(`/e${index}`, null, RawCreateMode.ephemeral)))
    expect(await witness.getChildren('/')).toHaveLength(41)
    await Promise.all(clients.map((client) => client.close()))
    expect(await witness.getChildren('/')).toEqual(['zookeeper'])
  }
  expect(await outcome(witness.getData('/'))).toBe('OK')
})
