// Facts about ensembles that people look for by name: what members say of themselves, the ways to deploy them, how many may be lost.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeQuorumVerifier, parseMembership } from '@tskeeper/core'
import { configFromProperties, nodeRuntime, type RunningServer, silentLogger, startServer } from '@tskeeper/server'
import { expect, test } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { fourLetterWord, freePort } from '../support/server-process.ts'
import { TestEnsemble } from './test-ensemble.ts'
import { TestServer } from './test-server.ts'

test('A104: the leader counts followers and observers as its learners', async () => {
  await using ensemble = await TestEnsemble.start(3, { observers: 2 })
  const leader = await ensemble.whenServing()
  expect(await ensemble.metric(leader, 'learners')).toBe(4)
  expect(await ensemble.metric(leader, 'synced_followers')).toBe(2)
  expect(await ensemble.metric(leader, 'synced_observers')).toBe(2)
})

test('A105, A131: each member goes from looking through recovery into its role, and says so', async () => {
  await using ensemble = await TestEnsemble.start(3, { observers: 1 })
  const leader = await ensemble.whenServing()
  for (const id of ensemble.ids) {
    const role = id === leader ? 'LEADING' : id === 4 ? 'OBSERVING' : 'FOLLOWING'
    const lines = ensemble.logger(id).lines
    const looking = lines.findIndex((line) => line === 'info LOOKING')
    const inRole = lines.findLastIndex((line) => line.startsWith(`info ${role}`))
    expect(looking, `server ${id} looks`).toBeGreaterThanOrEqual(0)
    expect(inRole, `server ${id} says ${role} after LOOKING`).toBeGreaterThan(looking)
  }
})

test('A131: members go back into recovery when the leader is gone, and forward again', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const leader = await ensemble.whenServing()
  const others = ensemble.ids.filter((id) => id !== leader)
  await ensemble.stopServer(leader)
  await ensemble.whenServing(others)
  for (const id of others) {
    const states = ensemble.logger(id).lines.flatMap((line) => /^info (LOOKING|LEADING|FOLLOWING)\b/.exec(line)?.[1] ?? [])
    const roles = states.filter((state, index) => state !== states[index - 1])
    expect(roles.filter((state) => state === 'LOOKING').length, `server ${id}: ${roles.join(' ')}`).toBeGreaterThanOrEqual(2)
    expect(roles.at(-1)).not.toBe('LOOKING')
  }
})

/** How many members an ensemble of a size can lose, and what part of them that is. */
test.for([
  [1, 0, 0],
  [2, 0, 0],
  [3, 1, 33],
  [4, 1, 25],
  [5, 2, 40],
  [6, 2, 33],
  [7, 3, 43],
])('A106, A107: an ensemble of %i goes on without %i of them', ([size = 0, losses = 0, percent = 0]) => {
  const lines = Array.from({ length: size }, (_, i) => [`server.${i + 1}`, `127.0.0.1:${3000 + i}:${4000 + i}`] as const)
  const verifier = makeQuorumVerifier(parseMembership(new Map(lines), 0, false))
  const ids = lines.map((_, i) => i + 1)
  expect(verifier.containsQuorum(new Set(ids.slice(losses)))).toBe(true)
  expect(verifier.containsQuorum(new Set(ids.slice(losses + 1)))).toBe(false)
  expect(Math.round((losses / size) * 100)).toBe(percent)
})

test('A106: of four members one can be lost, and not two', async () => {
  await using ensemble = await TestEnsemble.start(4)
  const first = await ensemble.whenServing()
  const others = ensemble.ids.filter((id) => id !== first)
  await ensemble.stopServer(others[0] ?? 0)
  const client = await ensemble.connect(await ensemble.whenServing())
  await client.create('/three', 'are enough')
  await ensemble.stopServer(others[1] ?? 0)
  await ensemble.eventually('the other two stop serving', async () => {
    const modes = await Promise.all(ensemble.runningIds.map((id) => ensemble.mode(id)))
    return modes.every((mode) => mode === null) ? true : null
  })
})

test('A111, A112: a server alone is a standalone one', async () => {
  await using server = await TestServer.start()
  expect(await fourLetterWord(server.port, 'srvr')).toMatch(/^Mode: standalone$/m)
})

test('A112: three on one host, with ports of their own, are an ensemble', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const clients = await Promise.all(ensemble.ids.map((id) => ensemble.connect(id)))
  await clients[0]?.create('/pseudo', 'x')
  for (const client of clients) {
    await client.sync('/')
    expect(await client.getText('/pseudo')).toBe('x')
  }
})

test('A112: three on addresses of their own, with the same ports, are an ensemble', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tskeeper-cluster-'))
  const [clientPort, quorumPort, electionPort] = [await freePort(), await freePort(), await freePort()]
  const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
  const servers: RunningServer[] = []
  try {
    for (const [index, host] of hosts.entries()) {
      const dataDir = join(directory, `data-${index}`)
      mkdirSync(dataDir)
      writeFileSync(join(dataDir, 'myid'), `${index + 1}\n`)
      const file = new Map([
        ['dataDir', dataDir],
        ['tickTime', '500'],
        ['initLimit', '20'],
        ['syncLimit', '10'],
        ['preAllocSize', '64'],
        ['clientPort', String(clientPort)],
        ['clientPortAddress', host],
        ...hosts.map((each, i) => [`server.${i + 1}`, `${each}:${quorumPort}:${electionPort}`] as const),
      ])
      const runtime = nodeRuntime()
      const sources = { disk: runtime.disk, logger: silentLogger, workingDirectory: directory, properties: new Map() }
      servers.push(await startServer(configFromProperties(file, sources), { runtime, logger: silentLogger }))
    }
    const seen = await Promise.all(hosts.map((host, index) => writeAndRead(host, clientPort, `/from-${index}`)))
    expect(seen).toEqual(['/from-0', '/from-1', '/from-2'])
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    rmSync(directory, { recursive: true, force: true })
  }
})

/** A server that looks for its leader closes the connection: a client tries again. */
async function writeAndRead(host: string, port: number, path: string): Promise<string> {
  for (;;) {
    const client = await RawClient.connect(host, port).catch(() => null)
    if (client === null) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      continue
    }
    await client.create(path, path)
    const text = await client.getText(path)
    await client.close()
    return text
  }
}

test('A119: electionAlg=3 is accepted, and no other', () => {
  const { disk } = nodeRuntime()
  const configure = (algorithm: string): unknown => {
    const file = new Map([
      ['dataDir', '/nowhere'],
      ['clientPort', '2181'],
      ['electionAlg', algorithm],
    ])
    return configFromProperties(file, { disk, logger: silentLogger, workingDirectory: '/', properties: new Map() })
  }
  expect(() => configure('3')).not.toThrow()
  for (const algorithm of ['0', '1', '2', '4']) {
    const failure = failureOf(() => configure(algorithm))
    expect(failure).toMatch(/electionAlg/)
  }
})

/** The whole text of what is thrown, its causes included. */
function failureOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    const texts: string[] = []
    for (let each: unknown = error; each instanceof Error; each = each.cause) texts.push(each.message)
    return texts.join(': ')
  }
  return 'nothing was thrown'
}

test('A152: every member listens for votes and for clients, and the leader alone for its learners, whoever leads', async () => {
  await using ensemble = await TestEnsemble.start(3, { observers: 1 })
  const listening = async (port: (id: number) => number): Promise<number[]> => {
    const answers = await Promise.all(ensemble.runningIds.map(async (id) => ((await isListening(port(id))) ? [id] : [])))
    return answers.flat()
  }
  const check = async (): Promise<number> => {
    const leader = await ensemble.whenServing()
    expect(await listening((id) => ensemble.clientPort(id))).toEqual(ensemble.runningIds)
    expect(await listening((id) => ensemble.electionPort(id))).toEqual(ensemble.runningIds)
    expect(await listening((id) => ensemble.quorumPort(id))).toEqual([leader])
    return leader
  }
  const first = await check()
  await ensemble.stopServer(first)
  await ensemble.whenServing()
  expect(await check()).not.toBe(first)
})

test('A152: the page on ensembles says what each port is for', () => {
  const page = readFileSync(new URL('../../docs/ensemble.md', import.meta.url), 'utf8')
  const ports = [...page.matchAll(/^\| (\d+)(?: \(`clientPort`\))? \| (.+?) \| /gm)].map(([, port, who]) => `${port}: ${who}`)
  const described = ['2888: the leader only', '3888: every voter and observer', '2181: every server that serves']
  expect(ports.filter((line) => /^\d{4}:/.test(line))).toEqual(described)
})

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => resolve(true))
    socket.once('connect', () => socket.destroy())
    socket.once('error', () => resolve(false))
  })
}
