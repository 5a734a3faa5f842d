// `tskeeper ensemble` as people call it: a real process that starts others, what it prints, and how all of them end.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@tskeeper/client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { bundleProgram } from '../../scripts/bundle.ts'

const INSTALLATION = mkdtempSync(join(tmpdir(), 'tskeeper-ensemble-command-'))
/** Starting processes on a busy machine takes as long as it takes. */
const PATIENCE_MS = 180_000
/** Below the ports that systems give to outgoing connections. */
const FIRST_PORT_MIN = 10_000
const FIRST_PORT_MAX = 30_000
const PORT_ATTEMPTS = 10

vi.setConfig({ testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS })

beforeAll(async () => {
  writeFileSync(join(INSTALLATION, 'package.json'), '{ "type": "module" }')
  await bundleProgram('src', join(INSTALLATION, 'packages/cli/dist/bundle'))
})

afterAll(() => rmSync(INSTALLATION, { recursive: true, force: true }))

interface ShownMember {
  readonly id: number
  readonly role: string
  readonly address: string
  readonly pid: number
  readonly directory: string
}

const MEMBER_LINE = /^server (\d+) +(leader|follower|observer) +(127\.0\.0\.1:\d+) +process (\d+) +(.+)$/

class EnsembleProcess implements AsyncDisposable {
  out = ''
  err = ''
  readonly child: ChildProcess
  readonly exited: Promise<number | string | null>
  hasExited = false

  constructor(args: readonly string[], temporary: string) {
    const main = join(INSTALLATION, 'packages/cli/dist/bundle/main.js')
    this.child = spawn(process.execPath, [main, 'ensemble', ...args], { env: { ...process.env, TMPDIR: temporary } })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text))
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        this.hasExited = true
        resolve(signal ?? code)
      })
    })
  }

  get isReady(): boolean {
    return this.out.includes('Connect with: ')
  }

  get members(): ShownMember[] {
    return this.out.split('\n').flatMap((line) => {
      const [, id, role = '', address = '', pid, directory = ''] = MEMBER_LINE.exec(line) ?? []
      return id === undefined ? [] : [{ id: Number(id), role, address, pid: Number(pid), directory }]
    })
  }

  /** Waits for the text on the output. */
  async shows(text: string): Promise<void> {
    await eventually(`"${text}" in ${this.out}${this.err}`, () => this.out.includes(text) || this.hasExited)
    expect(this.out).toContain(text)
  }

  end(signal: NodeJS.Signals): Promise<number | string | null> {
    this.child.kill(signal)
    return this.exited
  }

  /** The members end with the command, in whatever way that ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasExited) await this.end('SIGTERM')
  }
}

async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS / 2
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`it does not come about: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Starts the command on ports that nobody has; tries others if somebody takes them at the same time. */
async function startEnsembleProcess(args: readonly string[], temporary: string): Promise<EnsembleProcess> {
  for (let attempt = 1; ; attempt++) {
    const port = FIRST_PORT_MIN + Math.floor(Math.random() * (FIRST_PORT_MAX - FIRST_PORT_MIN))
    const started = new EnsembleProcess([...args, '--base-port', String(port)], temporary)
    await eventually('the command is ready or has ended', () => started.isReady || started.hasExited)
    if (started.isReady) return started
    const isPortTaken = started.err.includes('cannot be used') || started.err.includes('Address already in use')
    if (!isPortTaken || attempt === PORT_ATTEMPTS) throw new Error(`the command ended: ${started.out}${started.err}`)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function makeDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(INSTALLATION, 'test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

test('one line for each server and one that says how to connect; SIGINT ends all with 0, and the data stay', async () => {
  using place = makeDirectory()
  const directory = join(place.path, 'my ensemble')
  let pids: number[] = []
  {
    await using ensemble = await startEnsembleProcess(['--servers', '3', '--observers', '1', '--dir', directory], place.path)
    const { members } = ensemble
    expect(members.map(({ id }) => id)).toEqual([1, 2, 3, 4])
    expect(members.map(({ role }) => role).toSorted()).toEqual(['follower', 'follower', 'leader', 'observer'])
    expect(members[3]?.role).toBe('observer')
    expect(members.map((member) => member.directory)).toEqual([1, 2, 3, 4].map((id) => join(directory, `server-${id}`)))
    const addresses = members.map(({ address }) => address)
    expect(ensemble.out).toMatch(new RegExp(`\nConnect with: tskeeper shell -server ${addresses.join(',')} .*\n$`))
    for (const [index, address] of addresses.entries()) {
      await using client = await connect(address)
      await client.create(`/through-${index + 1}`)
    }
    pids = members.map(({ pid }) => pid)
    expect(pids.every(isAlive)).toBe(true)
    expect(await ensemble.end('SIGINT')).toBe(0)
    expect(ensemble.err).toBe('')
  }
  expect(pids.some(isAlive)).toBe(false)
  await using again = await startEnsembleProcess(['--servers', '3', '--observers', '1', '--dir', directory], place.path)
  await using client = await connect(again.members[3]?.address ?? '')
  expect((await client.children('/')).toSorted()).toEqual(['through-1', 'through-2', 'through-3', 'through-4', 'zookeeper'])
  await client.close()
  expect(await again.end('SIGTERM')).toBe(0)
})

test('a member that is killed is told of, and the others go on; a temporary directory is gone at the end', async () => {
  using place = makeDirectory()
  await using ensemble = await startEnsembleProcess([], place.path)
  const { members } = ensemble
  const victim = members.find(({ role }) => role === 'leader')
  if (victim === undefined) throw new Error('somebody leads')
  expect(victim.directory.startsWith(place.path)).toBe(true)
  process.kill(victim.pid, 'SIGKILL')
  await ensemble.shows(
    `server ${victim.id} has ended by SIGKILL; to start it again: tskeeper serve ${join(victim.directory, 'zoo.cfg')}\n`,
  )
  const others = members.filter((member) => member !== victim).map(({ address }) => address)
  await using client = await connect(others.join(','), { deadlineMs: PATIENCE_MS / 2 })
  await client.create('/after')
  await client.close()
  expect(await ensemble.end('SIGTERM')).toBe(0)
  expect(existsSync(victim.directory)).toBe(false)
})

test('members stop when the command is killed', async () => {
  using place = makeDirectory()
  await using ensemble = await startEnsembleProcess(['--servers', '2', '--dir', place.path], place.path)
  const pids = ensemble.members.map(({ pid }) => pid)
  expect(pids.every(isAlive)).toBe(true)
  expect(await ensemble.end('SIGKILL')).toBe('SIGKILL')
  await eventually('the members stop', () => !pids.some(isAlive))
})

test('a port that somebody has is named, and nothing is started', async () => {
  using place = makeDirectory()
  const directory = join(place.path, 'unused')
  const holder = createServer()
  const port = await new Promise<number>((resolve, reject) => {
    holder.once('error', reject)
    holder.listen(0, '127.0.0.1', () => {
      const address = holder.address()
      resolve(address !== null && typeof address === 'object' ? address.port : 0)
    })
  })
  try {
    await using ensemble = new EnsembleProcess(['--base-port', String(port), '--dir', directory], place.path)
    expect(await ensemble.exited).toBe(1)
    expect(ensemble.err).toBe(
      `Port ${port}, which server 1 needs, cannot be used: another process listens there. Choose others with --base-port.\n`,
    )
    expect(ensemble.out).toBe('')
    expect(existsSync(directory)).toBe(false)
  } finally {
    await new Promise((resolve) => holder.close(resolve))
  }
})

test('a member that cannot start ends the command with 1 and shows why', async () => {
  using place = makeDirectory()
  // A file lies where the member's data have to be.
  mkdirSync(join(place.path, 'server-2'))
  writeFileSync(join(place.path, 'server-2', 'version-2'), '')
  const ensemble = startEnsembleProcess(['--dir', place.path], place.path)
  await expect(ensemble).rejects.toThrow(/server 2 ended with exit code \d+ while it started:\n.*/s)
})
