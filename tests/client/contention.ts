// What the suites of locks and elections share: clients on connections that break, and sessions that end behind their backs.

import { connect, isZooKeeperError, ZooKeeper } from '@tskeeper/client'
import type { SeededRandom } from '../faults/seeded-random.ts'
import { removeServerDirectory, type ServerProcess, type ServerTarget, startServer } from '../support/server-process.ts'
import { ChaosProxy } from './chaos-proxy.ts'
import { eventually } from './findings.ts'

const CONNECT_MS = 60_000
/** Short, because who stands behind a client whose connection is stalled waits for most of it. */
const SESSION_TIMEOUT_MS = 1_500
const END_MS = 60_000

export class Contention implements AsyncDisposable {
  readonly proxy: ChaosProxy
  readonly clients: readonly ZooKeeper[]
  /** A client whose connection does not break. */
  readonly sure: ZooKeeper
  readonly #server: ServerProcess
  readonly #random: SeededRandom
  expiries = 0

  private constructor(server: ServerProcess, proxy: ChaosProxy, random: SeededRandom, sure: ZooKeeper, clients: ZooKeeper[]) {
    this.#server = server
    this.proxy = proxy
    this.#random = random
    this.sure = sure
    this.clients = clients
  }

  static async start(target: ServerTarget, random: SeededRandom, clientCount: number): Promise<Contention> {
    const config = { tickTime: 250, forceSync: 'no', maxSessionTimeout: 60_000, extendedTypesEnabled: 'true' }
    const server = await startServer({ target, config })
    const proxy = await ChaosProxy.start(server.port, random.fork('proxy'))
    const options = { sessionTimeoutMs: SESSION_TIMEOUT_MS, renewSession: true, deadlineMs: CONNECT_MS }
    const clients = await Promise.all(Array.from({ length: clientCount }, () => connect(proxy.address, options)))
    const sure = await connect(`127.0.0.1:${server.port}`, { sessionTimeoutMs: 30_000 })
    return new Contention(server, proxy, random, sure, clients)
  }

  /** Lets a fault happen, or a session end: that of the holder as often as that of anybody else. */
  async misbehave(holder: ZooKeeper): Promise<void> {
    if (!this.#random.isLikely(0.2)) return void this.proxy.breakSomething()
    this.expiries += 1
    await this.#expire(this.#random.isLikely(0.5) ? holder : this.#random.pick(this.clients))
  }

  /**
   * Ends a session as an expiry does: another client takes it over and closes it. The owner may take it back in between, so it goes on until the
   * server knows no such session.
   */
  async #expire(victim: ZooKeeper): Promise<void> {
    const session = { id: victim.sessionId, password: victim.password }
    if (session.id === 0n) return
    for (;;) {
      const thief = new ZooKeeper(`127.0.0.1:${this.#server.port}`, { session })
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

  /** Waits until nothing is left in a directory, while all clients still live: what is left now would be left for as long as they do. */
  async checkNoOrphan(path: string): Promise<void> {
    let left: string[] = []
    await eventually(
      async () => {
        left = (await this.sure.exists(path)) === null ? [] : await this.sure.children(path)
        return left.length === 0
      },
      END_MS,
      () => `left over in ${path}: ${left.join(', ')}`,
    )
  }

  get story(): string {
    return `${this.expiries} sessions ended, ${this.proxy.connections} connections, broken by ${this.proxy.story}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.clients, this.sure].map((zk) => zk.close({ deadlineMs: 1_000 })))
    await this.proxy[Symbol.asyncDispose]()
    await this.#server.stop()
    removeServerDirectory(this.#server.directory)
  }
}
