import { expect, test } from 'vitest'
import { type RawClient, RawCreateMode, RawOp, SessionRefusedError } from '../support/raw-client.ts'
import { HeldDisk } from './held-disk.ts'
import { eventTexts, outcome, until } from './outcomes.ts'
import { framesBeforeClose } from './raw-session.ts'
import { TestServer } from './test-server.ts'

const TICK_MS = 100
/** Room for a machine that others use too, on upper bounds only: nothing may ever happen too early. */
const SLACK_MS = 400

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
