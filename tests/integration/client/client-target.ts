// The server that the client's suite runs against: ours in this process, or with TSKEEPER_TARGET=apache Apache's in another one. The assertions
// are the same.

import type { ClientOptions } from '@tskeeper/client'
import { connect, type ZooKeeper } from '@tskeeper/client'
import { removeServerDirectory, type ServerProcess, startServer } from '../../support/server-process.ts'
import { TestServer } from '../test-server.ts'
import { TcpProxy } from './tcp-proxy.ts'

const HOST = '127.0.0.1'

/** Whether the suite runs against Apache's server. */
export const isApache = process.env['TSKEEPER_TARGET'] === 'apache'

const PROPERTIES = { extendedTypesEnabled: 'true', tickTime: 500, maxClientCnxns: 0 }

export class ClientTarget implements AsyncDisposable {
  readonly #ours: TestServer | null
  readonly #apache: ServerProcess | null
  readonly #disposables: AsyncDisposable[] = []

  private constructor(ours: TestServer | null, apache: ServerProcess | null) {
    this.#ours = ours
    this.#apache = apache
  }

  static async start(): Promise<ClientTarget> {
    if (isApache) return new ClientTarget(null, await startServer({ target: 'apache', config: PROPERTIES }))
    return new ClientTarget(await TestServer.start(PROPERTIES), null)
  }

  get port(): number {
    return this.#ours?.port ?? this.#apache?.port ?? 0
  }

  /** A connected client, closed at the end. */
  async connect(options: ClientOptions = {}, where = `${HOST}:${this.port}`): Promise<ZooKeeper> {
    const client = await connect(where, { sessionTimeoutMs: 10_000, deadlineMs: 20_000, ...options })
    this.#disposables.push({ [Symbol.asyncDispose]: () => client.close({ deadlineMs: 1_000 }) })
    return client
  }

  /** A way to the server that a test can cut. */
  async proxy(): Promise<TcpProxy> {
    const proxy = await TcpProxy.start(this.port)
    this.#disposables.push(proxy)
    return proxy
  }

  /** A client that connects through a proxy. */
  connectThrough(proxy: TcpProxy, options: ClientOptions = {}): Promise<ZooKeeper> {
    return this.connect(options, `${HOST}:${proxy.port}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const disposable of this.#disposables.reverse()) await disposable[Symbol.asyncDispose]()
    await this.#ours?.[Symbol.asyncDispose]()
    if (this.#apache === null) return
    await this.#apache.kill()
    removeServerDirectory(this.#apache.directory)
  }
}
