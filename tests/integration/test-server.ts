// One server in the test's own process, on a free port and a directory of its own, and the clients that a test opens to
// it: all of it is gone when the test's block ends.

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configFromProperties, nodeRuntime, type RunningServer, type Runtime, startServer } from '@tskeeper/server'
import { vi } from 'vitest'
import { RecordingLogger } from '../../packages/server/test/recording-logger.ts'
import { RawClient, type RawClientOptions } from '../support/raw-client.ts'
import { RawConnection } from '../support/raw-connection.ts'

const HOST = '127.0.0.1'

// Every write waits for a disk that others use too: how long that takes must not decide a test.
vi.setConfig({ testTimeout: 30_000 })

/** Keys and values as they would stand in zoo.cfg. */
export type TestProperties = Readonly<Record<string, string | number | boolean>>

export interface TestServerOptions {
  /** Parts of the world to replace: the disk, for example. */
  readonly runtime?: Partial<Runtime>
  /** Holds the data, and is removed at the end; a fresh one if absent. */
  readonly directory?: string
}

/** Ticks are short so that nothing is long; logs are not preallocated by the megabyte. */
const DEFAULTS: TestProperties = {
  tickTime: 1000,
  clientPortAddress: HOST,
  preAllocSize: 64,
  '4lw.commands.whitelist': '*',
}

export class TestServer implements AsyncDisposable {
  readonly directory: string
  readonly logger: RecordingLogger = new RecordingLogger()
  readonly #properties: TestProperties
  readonly #options: TestServerOptions
  readonly #connections: { destroy(): void }[] = []
  #running: RunningServer | null = null

  private constructor(properties: TestProperties, options: TestServerOptions) {
    this.#properties = properties
    this.#options = options
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'tskeeper-integration-'))
  }

  static async start(properties: TestProperties = {}, options: TestServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(properties, options)
    try {
      await server.#start({})
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  get port(): number {
    return this.#server.clientPort
  }

  /** Settles when the server has ended by itself: with what ended it. */
  get closed(): Promise<Error | null> {
    return this.#server.closed
  }

  /** The folder of logs and snapshots. */
  get dataFolder(): string {
    return join(this.directory, 'data', 'version-2')
  }

  get #server(): RunningServer {
    if (this.#running === null) throw new Error('the server is not running')
    return this.#running
  }

  async #start(more: TestProperties): Promise<void> {
    const properties = { ...DEFAULTS, ...this.#properties, ...more }
    const runtime = { ...nodeRuntime(), ...this.#options.runtime }
    const { logger, directory } = this
    // A configuration must name a port and cannot say "any that is free", which is what a test wants.
    const file = new Map(Object.entries({ clientPort: 2181, dataDir: join(directory, 'data'), ...properties }))
    const config = configFromProperties(new Map([...file].map(([key, value]) => [key, String(value)])), {
      disk: runtime.disk,
      logger,
      workingDirectory: directory,
      properties: new Map(),
    })
    this.#running = await startServer({ ...config, clientPort: 0 }, { runtime, logger })
  }

  /** A clean stop and a start on the same data; `more` adds to the configuration. Clients lose their connections. */
  async restart(more: TestProperties = {}): Promise<void> {
    await this.stop()
    await this.#start(more)
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = null
    await running?.stop()
  }

  /**
   * A second server on a copy of the files as they are at this moment: what is left when the machine of the first one dies
   * now, while it holds more in memory.
   */
  async startOnCopy(more: TestProperties = {}): Promise<TestServer> {
    const directory = mkdtempSync(join(tmpdir(), 'tskeeper-integration-'))
    cpSync(this.directory, directory, { recursive: true })
    const copy = new TestServer({ ...this.#properties, ...more }, { directory })
    try {
      await copy.#start({})
    } catch (error) {
      await copy[Symbol.asyncDispose]()
      throw error
    }
    return copy
  }

  /** A client with a session; it is cut off when the server is disposed of. */
  async connect(options: RawClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(HOST, this.port, { connectTimeoutMs: 5_000, ...options })
    this.#connections.push(client)
    return client
  }

  /** A bare connection, for what no orderly client would send. */
  async open(): Promise<RawConnection> {
    const connection = await RawConnection.open(HOST, this.port)
    this.#connections.push(connection)
    return connection
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    await this.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
