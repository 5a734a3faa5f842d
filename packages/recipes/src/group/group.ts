import type { DataInput, NodeValue, ZooKeeper } from '@tskeeper/client'
import { ChildrenCache } from '../cache/children-cache.ts'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, childPath, listDirectory } from '../line/directory.ts'
import type { WaitOptions } from '../session/cancellation.ts'
import { MaintainedNode } from './maintained-node.ts'

/** Who is in a group, and what has changed since the view before. */
export interface GroupView {
  /** What each member says of itself, by its id. */
  readonly members: ReadonlyMap<string, Uint8Array>
  readonly joined: readonly string[]
  readonly left: readonly string[]
  /** Whether members may have come and gone unseen since the view before. */
  readonly gap: boolean
}

/**
 * Who is there: members say that they live by ephemeral nodes, and others are told when one comes or goes.
 *
 * **Guarantees.** A member is seen while its node exists: it goes when it leaves, and when its session expires, so at the latest a
 * session time-out and a tick after its death. A membership outlives lost connections, and goes on in the member's next session.
 * Every lasting change of the group reaches every observer; a member that left and joined again since the last view is in both lists
 * if its node is another one.
 *
 * **Failure modes.** A member that is cut off is seen until its session expires, and does not know whether it is seen: `MaintainedNode`
 * tells what it knows. An id that another session uses is waited for. Observers are behind as far as their connection is.
 *
 * **Layout**: `<path>/<id>`, ephemeral, with what the member says of itself as data, like Curator's GroupMember.
 *
 * ```ts
 * const group = new Group(zk, '/workers')
 * await using me = await group.join('host-7', 'idle')
 * for await (const { joined, left } of group.changes()) console.log(joined, left)
 * ```
 */
export class Group {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #access: AccessOptions

  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#access = { acl: aclOf(options) }
  }

  /** Joins, and settles when others can see it. Closing the node is leaving. */
  async join(id: string, data: DataInput = '', options?: WaitOptions): Promise<MaintainedNode> {
    const node = new MaintainedNode(this.#zk, childPath(this.path, id), data, this.#access)
    try {
      await node.ready(options)
      return node
    } catch (error) {
      await node.close()
      throw error
    }
  }

  /** The ids of the members now. */
  members(options: { readonly signal?: AbortSignal } = {}): Promise<string[]> {
    return listDirectory(this.#zk, this.path, options.signal ?? null)
  }

  /** The group now (all have joined), and again at each change. Ends when the signal is aborted. */
  async *changes(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<GroupView, void, undefined> {
    await using cache = new ChildrenCache(this.#zk, this.path)
    let before: ReadonlyMap<string, NodeValue> = new Map()
    for await (const { children, gap } of cache.changes(options.signal)) {
      yield compare(before, children, gap)
      before = children
    }
  }
}

function compare(before: ReadonlyMap<string, NodeValue>, now: ReadonlyMap<string, NodeValue>, gap: boolean): GroupView {
  const members = new Map([...now].map(([id, value]) => [id, value.data]))
  return { members, joined: missingIn(before, now), left: missingIn(now, before), gap }
}

/** Ids whose node in `one` is not the node of that name in `other`. */
function missingIn(other: ReadonlyMap<string, NodeValue>, one: ReadonlyMap<string, NodeValue>): string[] {
  return [...one].filter(([id, value]) => other.get(id)?.stat.czxid !== value.stat.czxid).map(([id]) => id)
}
