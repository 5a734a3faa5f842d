import type { NodeValue, TreeObservation, ZooKeeper } from '@tskeeper/client'
import type { WaitOptions } from '../session/cancellation.ts'
import { Follower } from './follower.ts'

const NOTHING: ReadonlyMap<string, NodeValue> = new Map()

/**
 * A node and everything below it, kept in memory.
 *
 * **Guarantees.** Each node's value is one that it really had and never goes back; after the last change the cache becomes what the
 * servers have. One persistent recursive watch serves the whole tree.
 *
 * **Failure modes**: those of `NodeCache`. Different nodes may be at different moments: it is not a snapshot. Needs servers of 3.6 or
 * newer, and memory for the whole tree.
 *
 * ```ts
 * await using cache = new TreeCache(zk, '/catalogue')
 * await cache.ready()
 * cache.get('/catalogue/books/7')
 * ```
 */
export class TreeCache implements AsyncDisposable {
  readonly path: string
  readonly #follower: Follower<TreeObservation>

  constructor(zk: ZooKeeper, path: string) {
    this.path = path
    this.#follower = new Follower(zk, path, (signal) => zk.observeTree(path, { signal }))
  }

  /** Every node by its path. Empty while the top node does not exist, and before the first look. */
  get nodes(): ReadonlyMap<string, NodeValue> {
    return this.#follower.current?.nodes ?? NOTHING
  }

  get failure(): unknown {
    return this.#follower.failure
  }

  get(path: string): NodeValue | null {
    return this.nodes.get(path) ?? null
  }

  /** Waits until the whole tree has been read once. */
  ready(options?: WaitOptions): Promise<TreeObservation> {
    return this.#follower.ready(options)
  }

  /** The tree, again at each change. A slow reader misses steps: `changed` is about the last step only, `nodes` is complete. */
  changes(signal?: AbortSignal): AsyncIterable<TreeObservation> {
    return this.#follower.states(signal)
  }

  close(): Promise<void> {
    return this.#follower.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
