import {
  configFromProperties,
  type Logger,
  type RunningServer,
  type ServerConfig,
  type ServerMode,
  silentLogger,
  startServer,
} from '@tskeeper/server'
import { type ClientPort, HOST } from './client-port.ts'
import { heldRuntime } from './held-runtime.ts'
import type { MemberNetwork } from './member-network.ts'
import { ServerLife } from './server-life.ts'
import type { ServerStorage } from './storage.ts'
import { TestNetwork } from './test-network.ts'
import { eventually } from './waiting.ts'

/** Keys and values as they would stand in zoo.cfg. */
export type Properties = Readonly<Record<string, string | number | boolean>>

/** What a server is made of; a test gets its servers from `startServer` and `startEnsemble`. */
export interface TestServerParts {
  readonly id: number
  /** The server's name among the members. */
  readonly host: string
  readonly clientPort: ClientPort
  readonly members: MemberNetwork
  readonly storage: ServerStorage
  readonly properties: Properties
  readonly logger?: Logger | undefined
  /** What goes with the server, if it is alone. */
  readonly onDisposed?: () => void
}

/** A server inside the test's process. It keeps its data and its address whatever is done to it, until it is disposed of. */
export class TestServer implements AsyncDisposable {
  /** The number of the server in its ensemble; 1 for one that stands alone. */
  readonly id: number
  /** The port of its clients, on 127.0.0.1. */
  readonly port: number
  readonly #parts: TestServerParts
  #life: ServerLife | null = null
  #running: RunningServer | null = null
  #failure: Error | null = null

  /** @internal */
  constructor(parts: TestServerParts) {
    this.id = parts.id
    this.port = parts.clientPort.port
    this.#parts = parts
  }

  /** How a client connects to this server and to no other. */
  get connectString(): string {
    return `${HOST}:${this.port}`
  }

  /** Whether the server is up; a paused one is. */
  get isRunning(): boolean {
    return this.#life !== null
  }

  get isPaused(): boolean {
    return this.#life?.isPaused === true
  }

  /** What the server is for its clients; null while it serves nobody. A paused server is what it was. */
  get mode(): ServerMode | null {
    return this.#running?.mode ?? null
  }

  /** What ended the server, if it has ended by itself: a disk that fails, for example. */
  get failure(): Error | null {
    return this.#failure
  }

  /**
   * Starts the server, which must not run, on the data that it has. Settles when it is up: one that stands alone serves then, and
   * a member of an ensemble looks for a leader.
   */
  async start(): Promise<void> {
    if (this.#life !== null) throw new Error(`server ${this.id} runs already`)
    const life = new ServerLife()
    this.#life = life
    this.#failure = null
    const { host, clientPort, members, storage, logger = silentLogger } = this.#parts
    const runtime = heldRuntime(life, new TestNetwork(life, host, clientPort, members), storage)
    const killed = new Promise<null>((resolve) => life.own({ held: () => {}, lost: () => resolve(null) }))
    try {
      const running = await Promise.race([startServer(this.#configure(logger), { runtime, logger }), killed])
      // Whoever killed it while it started knows.
      if (running === null) return
      this.#running = running
      void running.closed.then((error) => this.#closed(life, error))
    } catch (error) {
      this.#over(life)
      throw error
    }
  }

  /** Stops the server as an operator does: what it has accepted is written and synced. A paused one goes on before. */
  async stop(): Promise<void> {
    const life = this.#life
    if (life === null) return
    life.resume()
    await this.#running?.stop()
    this.#over(life)
  }

  /**
   * Ends the server at once, as `kill -9` does: its connections break, nothing is told to anybody, and nothing more is written. What it
   * has written already stays.
   */
  kill(): void {
    if (this.#life !== null) this.#over(this.#life)
  }

  /** Stops the server, if it runs, and starts it again. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /**
   * Holds the server up, as SIGSTOP does: its connections stay open, what is sent to it is taken by the system, and it does
   * nothing at all until `resume`. Time goes on.
   */
  pause(): void {
    this.#life?.pause()
  }

  resume(): void {
    this.#life?.resume()
  }

  /** Settles when the server serves its clients. */
  async whenReady(): Promise<void> {
    const isReady = (): true | null => (this.mode === null ? null : true)
    await eventually(isReady, () => `${this.describe()} does not serve`)
  }

  /**
   * Ends a session as its time-out does, though its client may be well: it is told so when it speaks to a server next. Settles when the
   * session is over at this server, which has to be the leader or to stand alone.
   */
  async expireSession(sessionId: bigint): Promise<void> {
    let isOver = false
    const isKnown = this.#running?.expireSession(sessionId, () => {
      isOver = true
    })
    const name = `session 0x${BigInt.asUintN(64, sessionId).toString(16)}`
    if (isKnown !== true) throw new Error(`${this.describe()} knows no ${name} that it could end`)
    await eventually(
      () => (isOver ? true : null),
      () => `${name} is not over at ${this.describe()}`,
    )
  }

  /** The server and its state, for messages. */
  describe(): string {
    const state = this.isPaused ? 'paused' : (this.mode ?? (this.isRunning ? 'not serving' : 'down'))
    return `server ${this.id} (${this.connectString}, ${state})`
  }

  /** Ends the server and gives up its port and its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
    await this.#parts.clientPort.close()
    this.#parts.onDisposed?.()
  }

  #configure(logger: Logger): ServerConfig {
    const { storage, properties } = this.#parts
    const all: Properties = { ...properties, dataDir: storage.dataDirectory }
    return configFromProperties(new Map(Object.entries(all).map(([key, value]) => [key, String(value)])), {
      disk: storage.disk,
      logger,
      workingDirectory: storage.dataDirectory,
      properties: new Map(),
    })
  }

  #closed(life: ServerLife, error: Error | null): void {
    if (this.#life !== life) return
    this.#failure = error
    // Who stops it on purpose is waiting for that, and sees to the rest.
    if (error !== null) this.#over(life)
  }

  #over(life: ServerLife): void {
    life.end()
    if (this.#life !== life) return
    this.#life = null
    this.#running = null
  }
}
