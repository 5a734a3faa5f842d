// A server in the test's own process, a proxy in front of it, and the clients that a test opens: all gone when the block ends.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientOptions, type ClientState, connect, ZooKeeper } from '@tskeeper/client'
import { configFromProperties, nodeRuntime, type RunningServer, silentLogger, startServer } from '@tskeeper/server'
import { UnreliableProxy } from './unreliable-proxy.ts'

const CONNECT_MS = 20_000

export class World implements AsyncDisposable {
  readonly proxy: UnreliableProxy
  readonly #directory: string
  readonly #server: RunningServer
  readonly #clients: ZooKeeper[] = []

  private constructor(directory: string, server: RunningServer, proxy: UnreliableProxy) {
    this.#directory = directory
    this.#server = server
    this.proxy = proxy
  }

  static async start(): Promise<World> {
    const directory = mkdtempSync(join(tmpdir(), 'tskeeper-recipes-'))
    const runtime = nodeRuntime()
    const properties = {
      clientPort: '2181',
      clientPortAddress: '127.0.0.1',
      dataDir: join(directory, 'data'),
      tickTime: '200',
      maxSessionTimeout: '60000',
      preAllocSize: '64',
      forceSync: 'no',
    }
    const config = configFromProperties(new Map(Object.entries(properties)), {
      disk: runtime.disk,
      logger: silentLogger,
      workingDirectory: directory,
      properties: new Map(),
    })
    // A configuration must name a port and cannot say "any that is free".
    const server = await startServer({ ...config, clientPort: 0 }, { runtime, logger: silentLogger })
    return new World(directory, server, await UnreliableProxy.start(server.clientPort))
  }

  /** A client that is connected directly. */
  async client(options: ClientOptions = {}): Promise<ZooKeeper> {
    return this.#keep(await connect(`127.0.0.1:${this.#server.clientPort}`, { deadlineMs: CONNECT_MS, ...options }))
  }

  /** A client that is connected through the proxy. */
  async proxied(options: ClientOptions = {}): Promise<ZooKeeper> {
    return this.#keep(await connect(this.proxy.address, { deadlineMs: CONNECT_MS, ...options }))
  }

  /** Cuts all connections through the proxy, and waits until these clients have noticed and are back. */
  async cutAndReconnect(...clients: readonly ZooKeeper[]): Promise<void> {
    const suspended = clients.map((zk) => stateOf(zk, 'suspended'))
    this.proxy.cut()
    await Promise.all(suspended)
    await Promise.all(clients.map((zk) => zk.connect({ deadlineMs: CONNECT_MS })))
  }

  /** Ends a client's session behind its back, and waits until the client has been told. */
  async expire(zk: ZooKeeper): Promise<void> {
    const ended = stateOf(zk, 'expired')
    await this.expireUnreachable(zk)
    await ended
  }

  /** Ends a client's session behind its back: another client takes the session over and closes it. */
  async expireUnreachable(zk: ZooKeeper): Promise<void> {
    const session = { id: zk.sessionId, password: zk.password }
    await using thief = new ZooKeeper(`127.0.0.1:${this.#server.clientPort}`, { session })
    await thief.connect({ deadlineMs: CONNECT_MS })
    await thief.close()
  }

  #keep(zk: ZooKeeper): ZooKeeper {
    this.#clients.push(zk)
    return zk
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.proxy.open()
    await Promise.all(this.#clients.map((zk) => zk.close({ deadlineMs: 1_000 })))
    await this.proxy[Symbol.asyncDispose]()
    await this.#server.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** Settles at the next change to a state. */
function stateOf(zk: ZooKeeper, wanted: ClientState): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = zk.on('state', ({ state }) => {
      if (state !== wanted) return
      unsubscribe()
      resolve()
    })
  })
}

/** Waits for a condition that will come true; the test's time-out is the only limit. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A promise, and what settles it. */
export function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Opcodes that the proxy can be told of. */
export const Opcode = { create: 1, delete: 2, exists: 3, getData: 4, setData: 5, multi: 14, create2: 15, getChildren: 8 } as const
