// bin/zkCli.sh as people and scripts call it: a real script and process, what it prints on which stream, and with which code it ends.

import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleProgram } from '../../scripts/bundle.ts'
import { freePort } from '../support/server-process.ts'
import { TestServer } from './test-server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTALLATION = mkdtempSync(join(tmpdir(), 'tskeeper-shell-installation-'))
/** Starting processes on a busy machine takes as long as it takes. */
const PATIENCE_MS = 60_000

const CONNECTED = '\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null zxid: -1\n'
const CLOSED = '\nWATCHER::\n\nWatchedEvent state:Closed type:None path:null zxid: -1\n'

beforeAll(async () => {
  for (const name of ['bin', 'conf']) cpSync(join(ROOT, name), join(INSTALLATION, name), { recursive: true })
  writeFileSync(join(INSTALLATION, 'package.json'), '{ "type": "module" }')
  await bundleProgram('src', join(INSTALLATION, 'packages/cli/dist/bundle'))
}, PATIENCE_MS)

afterAll(() => rmSync(INSTALLATION, { recursive: true, force: true }))

interface Ended {
  readonly out: string
  readonly err: string
  readonly code: number | null
}

/** Runs the script to its end; `input` is everything that it gets to read. */
function zkCli(args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(INSTALLATION, 'bin', 'zkCli.sh'), args, { cwd: INSTALLATION })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ out, err, code }))
    child.stdin.end(input)
  })
}

function serversOf(server: TestServer): string {
  return `127.0.0.1:${server.port}`
}

test('A172: one command alone prints the banner, the event and the result, and ends with 0', {
  timeout: PATIENCE_MS,
}, async () => {
  await using server = await TestServer.start()
  const servers = serversOf(server)
  expect(await zkCli(['-server', servers, 'create', '/my node', 'two words'])).toEqual({
    out: `Connecting to ${servers}\n${CONNECTED}`,
    err: 'Created /my node\n',
    code: 0,
  })
  expect(await zkCli(['-server', servers, 'get', '/my node'])).toEqual({
    out: `Connecting to ${servers}\n${CONNECTED}two words\n`,
    err: '',
    code: 0,
  })
})

test('A172: a command that fails ends with 1, an unknown one with 127', { timeout: PATIENCE_MS }, async () => {
  await using server = await TestServer.start()
  const servers = serversOf(server)
  expect(await zkCli(['-server', servers, 'get', '/nope'])).toMatchObject({ err: 'Node does not exist: /nope\n', code: 1 })
  expect(await zkCli(['-server', servers, 'get'])).toMatchObject({ code: 1 })
  expect(await zkCli(['-server', servers, 'frob'])).toMatchObject({ code: 127 })
})

test('without a server a command ends with 1 and says what was lost', { timeout: PATIENCE_MS }, async () => {
  const servers = `127.0.0.1:${await freePort()}`
  expect(await zkCli(['-server', servers, 'ls', '/'])).toEqual({
    out: `Connecting to ${servers}\n`,
    err: 'KeeperErrorCode = ConnectionLoss for /\n',
    code: 1,
  })
  expect(await zkCli(['-server', servers, '-timeout', '300', '-waitforconnection', 'ls', '/'])).toEqual({
    out: `Connecting to ${servers}\n`,
    err: 'KeeperErrorCode = ConnectionLoss\n',
    code: 1,
  })
})

test('A161 A162 A167 A188: a session from a pipe has no prompt, and quit tells that it is closed', {
  timeout: PATIENCE_MS,
}, async () => {
  await using server = await TestServer.start()
  const servers = serversOf(server)
  const input = 'create /my_test testData\nget /my_test\nquit\nget /never-asked\n'
  expect(await zkCli(['-server', servers, '-waitforconnection'], input)).toEqual({
    out: `Connecting to ${servers}\n${CONNECTED}Welcome to ZooKeeper!\nJLine support is disabled\ntestData\n${CLOSED}`,
    err: 'Created /my_test\n',
    code: 0,
  })
})

test('the end of the input ends the session without a word, with the code of the last command', {
  timeout: PATIENCE_MS,
}, async () => {
  await using server = await TestServer.start()
  const { out, code } = await zkCli(['-server', serversOf(server)], 'get /nope')
  expect(out).not.toContain('state:Closed')
  expect(code).toBe(1)
})

test('A158 A159 A168: with --prompt the prompt is printed to a pipe, too', { timeout: PATIENCE_MS }, async () => {
  await using server = await TestServer.start()
  const servers = serversOf(server)
  const { out } = await zkCli(['-server', servers, '-waitforconnection', '--prompt'], 'ls /\nclose\n')
  expect(out).toContain(`[zk: ${servers}(CONNECTED) 0] [zookeeper]\n[zk: ${servers}(CONNECTED) 1] `)
  expect(out).toContain(`[zk: ${servers}(CLOSED) 2] `)
})

test('with --json a command alone prints its answer and nothing else', { timeout: PATIENCE_MS }, async () => {
  await using server = await TestServer.start()
  const { out, err, code } = await zkCli(['-server', serversOf(server), '--json', 'ls', '/'])
  expect([err, code]).toEqual(['', 0])
  expect(JSON.parse(out)).toMatchObject({ path: '/', children: ['zookeeper'] })
})

test('import reads an export from the input', { timeout: PATIENCE_MS }, async () => {
  await using server = await TestServer.start()
  const servers = serversOf(server)
  const { out } = await zkCli(['-server', servers, 'import', '-', '/t'], '{"path":"/","data":"1"}\n{"path":"/a","data":null}\n')
  expect(out).toContain('Imported 2 nodes\n')
  const exported = await zkCli(['-server', servers, '--json', 'export', '/t'])
  expect(exported.out.split('\n')).toEqual([
    '{"path":"/","data":"1","encoding":"utf8"}',
    '{"path":"/a","data":null,"encoding":null}',
    '',
  ])
})

test('a configuration for clients that cannot be read ends with 2', { timeout: PATIENCE_MS }, async () => {
  const { err, code } = await zkCli(['-client-configuration', 'missing.properties', 'ls', '/'])
  expect(err).toMatch(/^missing\.properties cannot be read: ENOENT/)
  expect(code).toBe(2)
})

test('--help explains the options without a server', { timeout: PATIENCE_MS }, async () => {
  const { out, code } = await zkCli(['--help'])
  expect(out).toContain('-waitforconnection    wait for a connection before anything else')
  expect(code).toBe(0)
})
