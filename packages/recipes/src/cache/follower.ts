import { type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { Cancellation, type WaitOptions } from '../session/cancellation.ts'
import { Latest } from '../state/latest.ts'

/** Something to follow: gives states until the signal is aborted. */
export type Source<T> = (signal: AbortSignal) => AsyncIterable<T>

/** Keeps the newest state of a source in memory, and tells those who ask. */
export class Follower<T> {
  readonly #zk: ZooKeeper
  readonly #what: string
  readonly #ending = new AbortController()
  readonly #latest: Latest<{ readonly state: T } | null>
  readonly #loop: Promise<void>
  #failure: { readonly error: unknown } | null = null

  /** Begins to follow at once. `what` completes the sentence "waiting for ...". */
  constructor(zk: ZooKeeper, what: string, source: Source<T>) {
    this.#zk = zk
    this.#what = what
    this.#latest = new Latest<{ readonly state: T } | null>(null)
    this.#loop = this.#run(source)
  }

  /** The newest state; null before the first one. It stays when following has ended. */
  get current(): T | null {
    return this.#latest.value?.state ?? null
  }

  /** Why following has ended, if it has, and not by `close`. */
  get failure(): unknown {
    return this.#failure?.error ?? null
  }

  /** Waits for the first state. Rejects when following ended before. */
  async ready(options?: WaitOptions): Promise<T> {
    using cancellation = new Cancellation(this.#zk, `waiting for ${this.#what}`, options)
    const { signal } = cancellation
    for await (const latest of this.#latest.values(signal)) if (latest !== null) return latest.state
    signal.throwIfAborted()
    throw new ZooKeeperError('CLOSED', `following ${this.#what} has ended`)
  }

  /** The newest state, and each newer one; a reader that is slow misses states, never the last. */
  async *states(signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
    for await (const latest of this.#latest.values(signal)) if (latest !== null) yield latest.state
  }

  /** Stops following. */
  async close(): Promise<void> {
    this.#ending.abort()
    await this.#loop
  }

  async #run(source: Source<T>): Promise<void> {
    const { signal } = this.#ending
    try {
      for await (const state of source(signal)) this.#latest.set({ state })
      this.#latest.end()
    } catch (error) {
      if (!signal.aborted) this.#failure = { error }
      if (signal.aborted) this.#latest.end()
      else this.#latest.fail(error)
    }
  }
}
