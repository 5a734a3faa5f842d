// The programs of examples/, run as a reader would run them.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { examples, fromSources, Program } from './program.ts'
import { TestServer } from './test-server.ts'

const run = promisify(execFile)

test('two contenders for the first lock hold it one after the other, the second with a later token', async () => {
  await using server = await TestServer.start({})
  using alice = new Program(server.port, { file: 'first-lock.mjs', HOLD_MS: '300' }, 'alice')
  await alice.says(/^alice holds the lock, with token \d+$/)
  using bob = new Program(server.port, { file: 'first-lock.mjs', HOLD_MS: '10' }, 'bob')
  for (const [name, program] of [
    ['alice', alice],
    ['bob', bob],
  ] as const) {
    expect(await program.end()).toEqual([
      `${name} asks for the lock`,
      expect.stringMatching(new RegExp(`^${name} holds the lock, with token \\d+$`)),
      `${name} releases the lock`,
    ])
  }
  expect(tokenOf(bob)).toBeGreaterThan(tokenOf(alice))
})

test('the holder of the first lock that is killed loses it to the next one', async () => {
  await using server = await TestServer.start({ tickTime: 100, maxSessionTimeout: 500 })
  using alice = new Program(server.port, { file: 'first-lock.mjs', HOLD_MS: '600000' }, 'alice')
  await alice.says(/^alice holds the lock/)
  using bob = new Program(server.port, { file: 'first-lock.mjs', HOLD_MS: '10' }, 'bob')
  await bob.says('bob asks for the lock')
  alice.kill()
  expect(await bob.end()).toContain('bob releases the lock')
})

test('a program with a client that has been there for years stands in one line with the recipe', async () => {
  await using server = await TestServer.start({ tickTime: 100, maxSessionTimeout: 2_000 })
  using alice = new Program(server.port, { file: 'first-lock.mjs', HOLD_MS: '600000' }, 'alice')
  await alice.says(/^alice holds the lock/)
  using carol = new Program(server.port, { file: 'existing-client.mjs', HOLD_MS: '10' }, 'carol')
  await carol.says(/^carol waits for \/lock\/_c_[-0-9a-f]+-lock-0000000000$/)
  using bob = new Program(server.port, { file: 'first-lock.mjs', HOLD_MS: '10' }, 'bob')
  await bob.says('bob asks for the lock')
  alice.kill()
  expect(await carol.end()).toEqual([
    'carol queues as /lock/lock-0000000001',
    expect.stringMatching(/^carol waits for /),
    'carol holds the lock',
    'carol releases the lock',
  ])
  expect(await bob.end()).toContain('bob releases the lock')
}, 20_000)

function tokenOf(program: Program): bigint {
  return BigInt(/with token (\d+)$/m.exec(program.lines.join('\n'))?.[1] ?? 0)
}

async function outputOf(port: number, file: string): Promise<string[]> {
  using program = new Program(port, file)
  return await program.end()
}

/** Sessions can be short, so that a death is noticed soon. */
const startServer = (): Promise<TestServer> => TestServer.start({ tickTime: 200, extendedTypesEnabled: 'true' })

test('A222 A223: names are resolved while their owners live, and numbers are unique', async () => {
  await using server = await startServer()
  expect(await outputOf(server.port, 'naming.mjs')).toEqual([
    'billing is at 10.0.0.7:8080',
    'billing is at no address any more',
    '10 of 10 numbers are different',
    'the order is called order-0000000000',
  ])
})

test('A224: a configuration is followed, and its last good value stays', async () => {
  await using server = await startServer()
  expect(await outputOf(server.port, 'configuration.mjs')).toEqual([
    '10 per second',
    '20 per second',
    'not usable: limits need a number perSecond; still 20 per second',
  ])
})

test('A225 A226: two programs meet at a node', async () => {
  await using server = await startServer()
  using waiting = new Program(server.port, 'notification.mjs', 'wait')
  await waiting.says('no news yet')
  using telling = new Program(server.port, 'notification.mjs', 'tell', 'the build is ready')
  expect(await telling.end()).toEqual(['told: the build is ready'])
  expect(await waiting.end()).toEqual(['no news yet', 'heard: the build is ready'])
})

test('A227 A237: a member that is killed is missed when its session has timed out', async () => {
  await using server = await startServer()
  using watching = new Program(server.port, 'heartbeat.mjs', 'watch')
  await watching.says('watching')
  using member = new Program(server.port, 'heartbeat.mjs', 'join', 'alice')
  await watching.says('alice is here')
  await member.says('alice is a member')
  member.kill()
  await watching.says('alice is gone')
})

test('A228: progress is reported on ephemeral nodes and drawn as bars', async () => {
  await using server = await startServer()
  const lines = await outputOf(server.port, 'progress.mjs')
  expect(lines.slice(-2)).toEqual(['alice [####################] 20/20 done', 'bob   [####################] 20/20 done'])
  for (const line of lines) expect(line).toMatch(/^(?:alice|bob  ) \[#*\.*\] \d+\/20 /)
  expect(lines.some((line) => line.includes('#.'))).toBe(true)
})

test('A229: when the leader is killed the next one leads, in a later term', async () => {
  await using server = await startServer()
  using alice = new Program(server.port, 'master-election.mjs', 'alice')
  await alice.says(/^alice leads in term \d+$/)
  using bob = new Program(server.port, 'master-election.mjs', 'bob')
  await bob.says('bob waits')
  expect(bob.lines).toEqual(['bob waits'])
  alice.kill()
  await bob.says(/^bob leads in term \d+$/)
  const termOf = (program: Program): bigint => BigInt(/\d+$/.exec(program.lines.at(-1) ?? '')?.[0] ?? 0)
  expect(termOf(bob)).toBeGreaterThan(termOf(alice))
})

test('A231 A232 A233: the exclusive lock excludes, and the other one lets readers in together', async () => {
  await using server = await startServer()
  const [counter, readers] = await outputOf(server.port, 'locks.mjs')
  expect(counter).toBe('the counter is 5')
  expect(readers).toMatch(/^[234] readers were there at once, and each writer was alone$/)
})

test('A260: those who share work go from step to step together, as others compete for a lock or for the lead', async () => {
  await using server = await startServer()
  expect(await outputOf(server.port, 'barrier.mjs')).toEqual(['step 1: 3 began, 3 ended', 'step 2: 3 began, 3 ended'])
})

test('a queue gives what its taker lost to another one, in order', async () => {
  await using server = await startServer()
  expect(await outputOf(server.port, 'queue.mjs')).toEqual([
    'taken and dropped: first',
    'done: first',
    'done: second',
    'done: third',
    '0 left',
  ])
})

test('A236: calls are spread over the providers that are there', async () => {
  await using server = await startServer()
  expect(await outputOf(server.port, 'load-balancing.mjs')).toEqual([
    '8001: 3, 8002: 3',
    '8001: 2, 8002: 2, 8003: 2',
    '8002: 3, 8003: 3',
  ])
})

test('A238: metadata is changed in the version that was read, or not', async () => {
  await using server = await startServer()
  expect(await outputOf(server.port, 'metadata.mjs')).toEqual(['bob reads again', 'id, price, customer', 'orders, customers'])
})

test('the embedded server serves and stops', async () => {
  const { stdout } = await run(process.execPath, [...fromSources, `${examples}embedded-server.mjs`])
  expect(stdout).toMatch(/^serving on 127\.0\.0\.1:\d+\nstopped\n$/)
})
