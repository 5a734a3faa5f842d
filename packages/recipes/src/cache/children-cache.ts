import type { NodeValue, TreeObservation, ZooKeeper } from '@tskeeper/client'
import { checkDirectory } from '../line/directory.ts'
import type { WaitOptions } from '../session/cancellation.ts'
import { Follower } from './follower.ts'

/** The children of a node at one moment. */
export interface ChildrenView {
  /** Values by the children's names. A map of its own: it does not change any more. */
  readonly children: ReadonlyMap<string, NodeValue>
  /** Whether there may have been other states between the one before and this one. */
  readonly gap: boolean
}

const NOBODY: ReadonlyMap<string, NodeValue> = new Map()

/**
 * The children of a node with their data, kept in memory.
 *
 * **Guarantees and failure modes** are those of `TreeCache`, by which it is kept: what lies below the children is read, too, and left
 * out. So it is for flat directories. The node itself may come and go; without it there are no children.
 *
 * ```ts
 * await using cache = new ChildrenCache(zk, '/workers')
 * for await (const { children } of cache.changes()) console.log([...children.keys()])
 * ```
 */
export class ChildrenCache implements AsyncDisposable {
  readonly path: string
  readonly #follower: Follower<ChildrenView>

  constructor(zk: ZooKeeper, path: string) {
    this.path = checkDirectory(path)
    this.#follower = new Follower(zk, path, (signal) => viewsOf(path, zk.observeTree(path, { signal })))
  }

  get children(): ReadonlyMap<string, NodeValue> {
    return this.#follower.current?.children ?? NOBODY
  }

  get failure(): unknown {
    return this.#follower.failure
  }

  get(name: string): NodeValue | null {
    return this.children.get(name) ?? null
  }

  /** Waits until all children have been read once. */
  ready(options?: WaitOptions): Promise<ChildrenView> {
    return this.#follower.ready(options)
  }

  changes(signal?: AbortSignal): AsyncIterable<ChildrenView> {
    return this.#follower.states(signal)
  }

  close(): Promise<void> {
    return this.#follower.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

async function* viewsOf(path: string, trees: AsyncIterable<TreeObservation>): AsyncGenerator<ChildrenView, void, undefined> {
  const prefix = `${path}/`
  for await (const { nodes, gap } of trees) {
    const children = new Map<string, NodeValue>()
    for (const [nodePath, value] of nodes) {
      const isChild = nodePath.startsWith(prefix) && !nodePath.includes('/', prefix.length)
      if (isChild) children.set(nodePath.slice(prefix.length), value)
    }
    yield { children, gap }
  }
}
