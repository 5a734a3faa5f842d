// A server in the test's own process, a proxy in front of it, and the clients that a test opens: all gone when the block ends.
//
// With TSKEEPER_TEST_SERVER=host:port in the environment the tests run against that server instead, each under a root of its own.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientOptions, type ClientState, connect, isZooKeeperError, ZooKeeper } from '@tskeeper/client'
import { configFromProperties, nodeRuntime, silentLogger, startServer } from '@tskeeper/server'
import { UnreliableProxy } from './unreliable-proxy.ts'

const CONNECT_MS = 20_000
const HOST = '127.0.0.1'

/** The server that a test talks to. */
interface TestServer {
  readonly port: number
  /** What the clients take for the root; empty is the server's own. */
  readonly chroot: string
  stop(): Promise<void>
}

export class World implements AsyncDisposable {
  readonly proxy: UnreliableProxy
  readonly #server: TestServer
  readonly #clients: ZooKeeper[] = []

  private constructor(server: TestServer, proxy: UnreliableProxy) {
    this.#server = server
    this.proxy = proxy
  }

  static async start(): Promise<World> {
    const external = process.env['TSKEEPER_TEST_SERVER']
    const server = external === undefined ? await startOwnServer() : await useServer(external)
    return new World(server, await UnreliableProxy.start(server.port))
  }

  /** A client that is connected directly; `root` is what it takes for the root. */
  async client(options: ClientOptions = {}, root = ''): Promise<ZooKeeper> {
    return this.#keep(await connect(this.#direct + root, { deadlineMs: CONNECT_MS, ...options }))
  }

  /** A client that is connected through the proxy. */
  async proxied(options: ClientOptions = {}): Promise<ZooKeeper> {
    return this.#keep(await connect(this.proxy.address + this.#server.chroot, { deadlineMs: CONNECT_MS, ...options }))
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

  /**
   * Ends a client's session behind its back: another client takes the session over and closes it. The first one may take it back in
   * between, so it is done until the server says that there is no such session.
   */
  async expireUnreachable(zk: ZooKeeper): Promise<void> {
    const session = { id: zk.sessionId, password: zk.password }
    for (;;) {
      const thief = new ZooKeeper(this.#direct, { session })
      try {
        await thief.connect({ deadlineMs: CONNECT_MS })
      } catch (error) {
        if (isZooKeeperError(error, 'SESSION_EXPIRED')) return
        throw error
      } finally {
        await thief.close()
      }
    }
  }

  get #direct(): string {
    return `${HOST}:${this.#server.port}${this.#server.chroot}`
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
  }
}

async function startOwnServer(): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'tskeeper-recipes-'))
  const runtime = nodeRuntime()
  const properties = {
    clientPort: '2181',
    clientPortAddress: HOST,
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
  const stop = async (): Promise<void> => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return { port: server.clientPort, chroot: '', stop }
}

async function useServer(address: string): Promise<TestServer> {
  await using zk = await connect(address, { deadlineMs: CONNECT_MS })
  const chroot = await zk.create('/recipes-', '', { mode: 'persistent-sequential' })
  return { port: Number(address.slice(address.lastIndexOf(':') + 1)), chroot, stop: () => Promise.resolve() }
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
