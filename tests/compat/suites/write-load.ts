/** Writes from several connections at once, each with many requests under way, and remembers what was acknowledged. */

import { RawClient, RawCreateMode } from '../../support/raw-client.ts'
import { ConnectionClosedError } from '../../support/raw-connection.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { LONG_TIMEOUT_MS } from './rich-tree.ts'

const CONNECTIONS = 4
const OUTSTANDING_PER_CONNECTION = 16

/** What is known of one node: its acknowledged data, or that a write is under way whose outcome is open. */
interface KnownNode {
  data: string
  exists: boolean
  isOpen: boolean
}

export class WriteLoad {
  /** Requests that the server has acknowledged. */
  acknowledged = 0
  readonly #clients: RawClient[] = []
  readonly #nodes = new Map<string, KnownNode>()
  #workers: Promise<void>[] = []
  #isStopping = false

  /** Starts writing below `root`, which must exist. */
  async start(server: ServerProcess, root: string): Promise<void> {
    for (let number = 0; number < CONNECTIONS; number++) {
      const client = await RawClient.connect(server.host, server.port, { timeoutMs: LONG_TIMEOUT_MS })
      const parent = await client.create(`${root}/load-${number}`)
      this.#clients.push(client)
      for (let lane = 0; lane < OUTSTANDING_PER_CONNECTION; lane++)
        this.#workers.push(this.#work(client, `${parent}/lane-${lane}`))
    }
  }

  /** Waits until so many requests have been acknowledged; rejects when the load ends before. */
  async whenAcknowledged(count: number): Promise<void> {
    while (this.acknowledged < count) {
      if (this.#clients.every((client) => client.isClosed)) throw new Error(`the load ended after ${this.acknowledged} requests`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Ends the load and waits for it. The connections are closed without closing the sessions. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#workers)
    for (const client of this.#clients) client.destroy()
  }

  /** Why the tree, given as data (in hexadecimal) by path, cannot come from what was acknowledged; empty if it can. */
  problemsOf(tree: ReadonlyMap<string, string | null>): string[] {
    const problems: string[] = []
    for (const [path, known] of this.#nodes) {
      if (known.isOpen) continue
      const found = tree.get(path)
      const wanted = known.exists ? Buffer.from(known.data).toString('hex') : undefined
      if (found !== wanted) problems.push(`${path}: acknowledged ${wanted ?? 'as deleted'}, found ${found ?? 'nothing'}`)
    }
    return problems
  }

  /** One lane has one request under way at a time; the lanes of a connection are pipelined beside each other. */
  async #work(client: RawClient, path: string): Promise<void> {
    for (let round = 0; !this.#isStopping; round++) {
      try {
        await this.#round(client, `${path}-${Math.floor(round / 5)}`, round)
      } catch (error) {
        if (error instanceof ConnectionClosedError) return
        throw error
      }
    }
  }

  /** Five rounds are the life of one node: created, changed, changed in a transaction, changed, and every third time deleted. */
  async #round(client: RawClient, path: string, round: number): Promise<void> {
    const known = this.#nodes.get(path) ?? { data: '', exists: false, isOpen: false }
    this.#nodes.set(path, known)
    const data = `${path}#${round}`
    known.isOpen = true
    switch (round % 5) {
      case 0:
        await client.create(path, data)
        break
      case 2: {
        const child = `${path}-multi`
        const results = await client.multi([
          { op: 'setData', path, data },
          { op: 'create', path: child, data, flags: RawCreateMode.persistent },
          { op: 'delete', path: child },
        ])
        if (results.some((result) => result.err !== 0))
          throw new Error(`a transaction of the load failed: ${JSON.stringify(results)}`)
        break
      }
      case 4:
        if (Math.floor(round / 5) % 3 === 0) {
          await client.delete(path)
          known.exists = false
          known.isOpen = false
          this.acknowledged++
          return
        }
        await client.setData(path, data)
        break
      default:
        await client.setData(path, data)
    }
    known.data = data
    known.exists = true
    known.isOpen = false
    this.acknowledged++
  }
}
