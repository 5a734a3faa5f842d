// Crowds: thousands of clients that are connected and idle, and the limits on how many there may be.

import { connectRequest, RawClient, readConnectResponse } from '../support/raw-client.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { RawCreateMode } from '../support/raw-records.ts'
import {
  fourLetterWord,
  removeServerDirectory,
  type ServerConfig,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts'
import { Canary } from './canary.ts'
import { MemorySampler } from './memory-sampler.ts'
import { delay, eventually, expect, type FaultContext, type FaultSuite } from './suite.ts'

const CANARY_MAX_MS = 2000
const SESSION_TIMEOUT_MS = 8000
/** How many connections are being opened at any moment. */
const OPENING_MAX = 100

export const manySuite: FaultSuite = {
  name: 'many',
  cases: [
    { name: '3,000 idle clients stay connected by their pings, and leave nothing behind', run: crowd },
    {
      name: 'A143: maxClientCnxns connections of a host are served, the next is refused, one that goes makes room',
      run: maxClientConnections,
    },
    { name: 'maxCnxns connections in all are served, the next is refused, one that goes makes room', run: maxConnections },
  ],
}

async function withServer(
  context: FaultContext,
  config: ServerConfig,
  work: (server: ServerProcess) => Promise<string>,
): Promise<string> {
  const server = await startServer({ target: context.target, config: { tickTime: 500, ...config } })
  try {
    return await work(server)
  } finally {
    await server.kill()
    removeServerDirectory(server.directory)
  }
}

async function crowd(context: FaultContext): Promise<string> {
  const count = context.rounds ?? (context.size === 'quick' ? 1000 : 3000)
  return withServer(context, {}, async (server) => {
    const canary = await Canary.start(server.port)
    const memory = new MemorySampler(server)
    const openedAtMs = performance.now()
    const clients = await openClients(server.port, count)
    const openingMs = performance.now() - openedAtMs
    // Idle for twice the time-out: only the pings keep them.
    await delay(2 * SESSION_TIMEOUT_MS)
    const closed = clients.filter((client) => client.isClosed).length
    expect(closed === 0, `${closed} of ${count} connections were closed while they were idle and pinging`)
    const shown = await fourLetterWord(server.port, 'srvr')
    expect(connectionsIn(shown) === count + 2, `srvr shows ${connectionsIn(shown)} connections, there are ${count + 2}`)
    const readMs = performance.now()
    await Promise.all(clients.map((client) => client.getData('/canary')))
    const readingMs = performance.now() - readMs
    // A third says goodbye, a third is cut off, a third resets.
    await Promise.all(
      clients.map(async (client, index) => {
        if (index % 3 === 0) await client.close(30_000)
        else if (index % 3 === 1) client.destroy()
        else client.connection.reset()
      }),
    )
    await eventually(
      async () => connectionsIn(await fourLetterWord(server.port, 'srvr')) === 2,
      10_000,
      'the connections are gone',
    )
    const isForgotten = async (): Promise<boolean> => sessionsIn(await fourLetterWord(server.port, 'dump')) === 1
    await eventually(isForgotten, SESSION_TIMEOUT_MS + 5000, 'the sessions are gone')
    return `${count} opened in ${openingMs.toFixed(0)} ms, all read at once in ${readingMs.toFixed(0)} ms; ${memory.stop()}; ${await canary.silence(CANARY_MAX_MS)}`
  })
}

async function openClients(port: number, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = []
  let begun = 0
  const lane = async (): Promise<void> => {
    while (begun < count) {
      begun++
      clients.push(await RawClient.connect('127.0.0.1', port, { timeoutMs: SESSION_TIMEOUT_MS }))
    }
  }
  await Promise.all(Array.from({ length: OPENING_MAX }, lane))
  return clients
}

async function maxClientConnections(context: FaultContext): Promise<string> {
  // The sample configuration's own number, and one that nobody chooses.
  const figures: string[] = []
  for (const limit of [60, 7]) {
    figures.push(await withServer(context, { maxClientCnxns: limit }, (server) => checkLimit(server, limit)))
  }
  return figures.join('; ')
}

function maxConnections(context: FaultContext): Promise<string> {
  return withServer(context, { maxCnxns: 20 }, (server) => checkLimit(server, 20))
}

/** Fills up to the limit; further connections get no session and no answer, and those that are there work on. */
async function checkLimit(server: ServerProcess, limit: number): Promise<string> {
  // The connections that asked whether the server is up count until they are closed.
  await eventually(
    async () => connectionsIn(await fourLetterWord(server.port, 'srvr')) === 1,
    5000,
    'earlier connections are gone',
  )
  await delay(50)
  const clients: RawClient[] = []
  for (let number = 1; number <= limit; number++) {
    clients.push(await RawClient.connect('127.0.0.1', server.port, { timeoutMs: SESSION_TIMEOUT_MS }))
  }
  for (let attempt = 1; attempt <= 5; attempt++)
    expect(!(await isServed(server.port)), `connection ${limit + attempt} of ${limit} was served`)
  const first = clients[0]
  if (first === undefined) throw new Error('there is no client')
  for (const client of clients) expect(!client.isClosed, 'a refused connection took another one along')
  await first.create('/limit', null, RawCreateMode.ephemeral)
  await first.close()
  await eventually(() => isServed(server.port), 5000, 'a connection that went made room')
  for (const client of clients) client.destroy()
  return `${limit} served, the next 5 refused`
}

/** Whether a new connection gets a session. */
async function isServed(port: number): Promise<boolean> {
  const connection = await RawConnection.open('127.0.0.1', port).catch(() => null)
  if (connection === null) return false
  connection.sendFrame(connectRequest({ timeoutMs: 1000 }))
  const response = await connection.nextFrame(5000).catch(() => null)
  // Neither an answer nor the end of the connection: it hangs, and that is no refusal.
  expect(response !== null || connection.isClosed, 'a connection above the limit is neither served nor closed')
  connection.destroy()
  return response !== null && readConnectResponse(response).timeoutMs > 0
}

function connectionsIn(answer: string): number {
  return Number(/^Connections: (\d+)$/m.exec(answer)?.[1])
}

function sessionsIn(answer: string): number {
  return new Set(answer.split('ephemeral nodes dump')[0]?.match(/0x[0-9a-f]+/g)).size
}
