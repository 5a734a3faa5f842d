import type { NodeValue, Observation, ZooKeeper } from '@tskeeper/client'
import type { WaitOptions } from '../session/cancellation.ts'
import { Follower } from './follower.ts'

/**
 * One node's newest value, kept in memory.
 *
 * **Guarantees.** `current` is a value that the node really had, never older than one it gave before, and after the last change it
 * becomes the last value. Reading it asks nobody.
 *
 * **Failure modes.** It is a little behind, and as far behind as the connection is lost: then the last known value stays, and after
 * the gap the newest one follows (`gap` says so). In the next session it goes on; when the session is over for good,
 * `changes` throws and `failure` says why.
 *
 * ```ts
 * await using cache = new NodeCache(zk, '/motd')
 * const { value } = await cache.ready()
 * ```
 */
export class NodeCache implements AsyncDisposable {
  readonly path: string
  readonly #follower: Follower<Observation<NodeValue>>

  constructor(zk: ZooKeeper, path: string) {
    this.path = path
    this.#follower = new Follower(zk, path, (signal) => zk.observe(path, { signal }))
  }

  /** The newest value; null while the node does not exist, and before the first look at it. */
  get current(): NodeValue | null {
    return this.#follower.current?.value ?? null
  }

  get failure(): unknown {
    return this.#follower.failure
  }

  /** Waits for the first look at the node. */
  ready(options?: WaitOptions): Promise<Observation<NodeValue>> {
    return this.#follower.ready(options)
  }

  changes(signal?: AbortSignal): AsyncIterable<Observation<NodeValue>> {
    return this.#follower.states(signal)
  }

  close(): Promise<void> {
    return this.#follower.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
