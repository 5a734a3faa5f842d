// An ensemble in the test's own process: each server on ports and a directory of its own, all gone when the test's block ends.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configFromProperties, nodeRuntime, type RunningServer, startServer } from '@tskeeper/server'
import { vi } from 'vitest'
import { RecordingLogger } from '../../packages/server/test/recording-logger.ts'
import { RawClient, type RawClientOptions } from '../support/raw-client.ts'
import { fourLetterWord, freePort } from '../support/server-process.ts'
import { type DumpedNode, dumpTree } from '../support/tree.ts'
import type { TestProperties } from './test-server.ts'

const HOST = '127.0.0.1'
const POLL_MS = 10
/** How long something may take that has to come about; a loaded machine is slow. */
const PATIENCE_MS = 30_000

// Elections and syncs take the time that the machine gives them: how long that is must not decide a test.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const DEFAULTS: TestProperties = {
  tickTime: 500,
  initLimit: 20,
  syncLimit: 10,
  clientPortAddress: HOST,
  preAllocSize: 64,
  '4lw.commands.whitelist': '*',
}

interface Ports {
  readonly quorum: number
  readonly election: number
}

export interface EnsembleOptions {
  readonly observers?: number
  readonly properties?: TestProperties
}

export class TestEnsemble implements AsyncDisposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'tskeeper-ensemble-'))
  readonly size: number
  readonly loggers: RecordingLogger[] = []
  readonly #ports: Ports[] = []
  readonly #clientPorts: number[] = []
  readonly #running: (RunningServer | null)[] = []
  readonly #clients: RawClient[] = []
  readonly #properties: TestProperties
  readonly #voterCount: number

  private constructor(voters: number, options: EnsembleOptions) {
    this.size = voters + (options.observers ?? 0)
    this.#voterCount = voters
    this.#properties = options.properties ?? {}
  }

  /** Starts all servers and waits until they serve. Server ids begin with 1. */
  static async start(voters: number, options: EnsembleOptions = {}): Promise<TestEnsemble> {
    const ensemble = await TestEnsemble.prepare(voters, options)
    try {
      await Promise.all(ensemble.ids.map((id) => ensemble.startServer(id)))
      await ensemble.whenServing()
    } catch (error) {
      await ensemble[Symbol.asyncDispose]()
      throw error
    }
    return ensemble
  }

  /** Chooses ports and writes what the servers need, without starting one. */
  static async prepare(voters: number, options: EnsembleOptions = {}): Promise<TestEnsemble> {
    const ensemble = new TestEnsemble(voters, options)
    for (let i = 0; i < ensemble.size; i++) {
      ensemble.#ports.push({ quorum: await freePort(), election: await freePort() })
      ensemble.#clientPorts.push(await freePort())
      ensemble.loggers.push(new RecordingLogger())
      ensemble.#running.push(null)
    }
    return ensemble
  }

  get ids(): number[] {
    return this.#ports.map((_, index) => index + 1)
  }

  get runningIds(): number[] {
    return this.ids.filter((id) => this.#running[id - 1] !== null)
  }

  clientPort(id: number): number {
    return this.#clientPorts[id - 1] ?? 0
  }

  quorumPort(id: number): number {
    return this.#ports[id - 1]?.quorum ?? 0
  }

  electionPort(id: number): number {
    return this.#ports[id - 1]?.election ?? 0
  }

  logger(id: number): RecordingLogger {
    const logger = this.loggers[id - 1]
    if (logger === undefined) throw new Error(`there is no server ${id}`)
    return logger
  }

  dataDirectory(id: number): string {
    return join(this.directory, `server-${id}`)
  }

  /** Starts one server; `more` adds to its configuration. */
  async startServer(id: number, more: TestProperties = {}): Promise<void> {
    const runtime = nodeRuntime()
    const dataDir = this.dataDirectory(id)
    runtime.disk.makeDirectory(dataDir)
    runtime.disk.writeFile(join(dataDir, 'myid'), new TextEncoder().encode(`${id}\n`))
    const members = this.#ports.map(({ quorum, election }, index) => {
      const role = index < this.#voterCount ? 'participant' : 'observer'
      return [`server.${index + 1}`, `${HOST}:${quorum}:${election}:${role}`] as const
    })
    const file = new Map(
      Object.entries({
        ...DEFAULTS,
        ...this.#properties,
        ...more,
        clientPort: this.clientPort(id),
        dataDir,
        ...Object.fromEntries(members),
      }),
    )
    const logger = this.logger(id)
    const config = configFromProperties(new Map([...file].map(([key, value]) => [key, String(value)])), {
      disk: runtime.disk,
      logger,
      workingDirectory: this.directory,
      properties: new Map(),
    })
    this.#running[id - 1] = await startServer(config, { runtime, logger })
  }

  async stopServer(id: number): Promise<void> {
    const running = this.#running[id - 1]
    this.#running[id - 1] = null
    await running?.stop()
  }

  /** Settles when the server has ended by itself. */
  closed(id: number): Promise<Error | null> {
    return this.#running[id - 1]?.closed ?? Promise.resolve(null)
  }

  /** The mode that the server shows; null while it serves nobody. */
  async mode(id: number): Promise<string | null> {
    const answer = await fourLetterWord(this.clientPort(id), 'srvr').catch(() => '')
    return /^Mode: (.*)$/m.exec(answer)?.[1] ?? null
  }

  /** Waits until these servers, all that run if none are named, serve; returns the leader's id. */
  async whenServing(ids: readonly number[] = this.runningIds): Promise<number> {
    return this.eventually(`servers ${ids.join(', ')} serve`, async () => {
      const modes = await Promise.all(ids.map((id) => this.mode(id)))
      if (modes.includes(null)) return null
      return ids.find((_, index) => modes[index] === 'leader') ?? null
    })
  }

  /** Asks again and again until the answer is something. */
  async eventually<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
    const deadlineMs = performance.now() + PATIENCE_MS
    for (;;) {
      const answer = await ask()
      if (answer !== null) return answer
      if (performance.now() > deadlineMs) throw new Error(`it does not come about that ${what}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  async connect(id: number, options: RawClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(HOST, this.clientPort(id), { connectTimeoutMs: 10_000, ...options })
    this.#clients.push(client)
    return client
  }

  /** The whole tree as this server holds it, with everything committed so far; the nodes that a server writes for itself apart. */
  async tree(id: number): Promise<DumpedNode[]> {
    const client = await this.connect(id)
    await client.sync('/')
    const nodes = await dumpTree(client)
    client.destroy()
    return nodes.filter(({ path }) => path !== '/zookeeper/config')
  }

  /** A number of `mntr`. */
  async metric(id: number, name: string): Promise<number> {
    const text = await fourLetterWord(this.clientPort(id), 'mntr')
    const value = new RegExp(`^zk_${name}\t(.*)$`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`server ${id} has no metric ${name}`)
    return Number(value)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy()
    await Promise.all(this.ids.map((id) => this.stopServer(id)))
    rmSync(this.directory, { recursive: true, force: true })
  }
}
