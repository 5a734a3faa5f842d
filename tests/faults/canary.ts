// A well-behaved client that goes on with its small work while others misbehave. What it suffers is
// what every honest client of the server suffers.

import { RawClient } from '../support/raw-client.ts'
import { openAcl, type RawAcl, RawCreateMode } from '../support/raw-records.ts'
import { delay, expect } from './suite.ts'

const PAUSE_MS = 15

export class Canary {
  readonly #client: RawClient
  readonly #node: string
  readonly #acl: readonly RawAcl[]
  readonly #latenciesMs: number[] = []
  readonly #song: Promise<void>
  readonly #silenced: AbortController = new AbortController()
  rounds = 0

  private constructor(client: RawClient, node: string, acl: readonly RawAcl[]) {
    this.#client = client
    this.#acl = acl
    this.#node = node
    this.#song = this.#sing()
    // The failure is reported by `silence`; until then it must not end the process.
    this.#song.catch(() => undefined)
  }

  /** `auth`: user and password for trees in which not everyone may write; the canary's nodes are then its own. */
  static async start(port: number, node = '/canary', auth: string | null = null): Promise<Canary> {
    const client = await RawClient.connect('127.0.0.1', port, { timeoutMs: 30_000 })
    if (auth !== null) await client.auth('digest', auth)
    const acl = auth === null ? openAcl : [{ perms: 31, scheme: 'auth', id: '' }]
    await client.create(node, 'note 0', RawCreateMode.persistent, acl)
    return new Canary(client, node, acl)
  }

  /** Ends the work; fails the case if any of it failed, came out wrong, or took longer than `latencyMaxMs`. */
  async silence(latencyMaxMs: number): Promise<string> {
    this.#silenced.abort()
    await this.#song
    await this.#client.close()
    const sorted = this.#latenciesMs.toSorted((left, right) => left - right)
    const worstMs = sorted.at(-1) ?? Number.NaN
    const medianMs = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
    const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
    const figures = `canary ${sorted.length} requests, p50 ${medianMs.toFixed(1)} p99 ${p99Ms.toFixed(1)} max ${worstMs.toFixed(0)} ms`
    expect(sorted.length > 0, 'the canary came to nothing')
    expect(worstMs <= latencyMaxMs, `another client waited too long: ${figures}`)
    return figures
  }

  async #sing(): Promise<void> {
    for (; !this.#silenced.signal.aborted; this.rounds++) {
      const version = this.rounds + 1
      const text = `note ${version}`
      const stat = await this.#timed(this.#client.setData(this.#node, text))
      const { path } = await this.#timed(
        this.#client.create2(`${this.#node}/echo-`, text, RawCreateMode.ephemeralSequential, this.#acl),
      )
      const shown = await this.#timed(this.#client.getText(this.#node))
      const owned = await this.#timed(this.#client.exists(path))
      await this.#timed(this.#client.delete(path))
      expect(stat.version === version && shown === text, `the canary wrote "${text}" and got "${shown}", version ${stat.version}`)
      expect(owned?.ephemeralOwner === this.#client.sessionId, `the canary's own node ${path} is not there`)
      await delay(PAUSE_MS)
    }
  }

  async #timed<T>(request: Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const answer = await request
    this.#latenciesMs.push(performance.now() - startedMs)
    return answer
  }
}
