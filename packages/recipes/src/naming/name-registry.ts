import { decodeText, type ZooKeeper } from '@tskeeper/client'
import { MaintainedNode } from '../group/maintained-node.ts'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, childPath, listDirectory, readNode } from '../line/directory.ts'
import type { WaitOptions } from '../session/cancellation.ts'

/**
 * Names and what they stand for: an address, a provider, anything short.
 *
 * **Guarantees.** A name has one owner at a time, and is free again when the owner gives it back or its session ends. `resolve` gives
 * what the client's server knows at that moment.
 *
 * **Failure modes**: those of `MaintainedNode`. What was resolved may be old when it is used: who connects to a stale address asks again.
 *
 * **Layout**: `<path>/<name>`, ephemeral, with the text as data.
 *
 * ```ts
 * const names = new NameRegistry(zk, '/names')
 * await using binding = await names.bind('billing', '10.0.0.7:8080')
 * await names.resolve('billing')
 * ```
 */
export class NameRegistry {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #access: AccessOptions

  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#access = { acl: aclOf(options) }
  }

  /** Takes a name, waiting for it as long as another session has it. Closing the node gives it back. */
  async bind(name: string, target: string, options?: WaitOptions): Promise<MaintainedNode> {
    const node = new MaintainedNode(this.#zk, childPath(this.path, name), target, this.#access)
    try {
      await node.ready(options)
      return node
    } catch (error) {
      await node.close()
      throw error
    }
  }

  /** What the name stands for; null if nobody has it. */
  async resolve(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<string | null> {
    const value = await readNode(this.#zk, childPath(this.path, name), options.signal ?? null)
    return value === null ? null : decodeText(value.data)
  }

  /** All names. */
  names(options: { readonly signal?: AbortSignal } = {}): Promise<string[]> {
    return listDirectory(this.#zk, this.path, options.signal ?? null)
  }
}
