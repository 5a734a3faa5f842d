import { type Acl, isZooKeeperError, type ZooKeeper } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, nameOf } from '../line/directory.ts'
import { createPersistent } from '../line/persistent.ts'
import { createProtected } from '../line/protected-create.ts'
import { Cancellation, type WaitOptions } from '../session/cancellation.ts'
import { persevereAcrossSessions } from '../session/persevere.ts'

/**
 * Numbers and names that are never given twice, whoever asks.
 *
 * **Guarantees.** Numbers are the zxids of writes to one node: unique in the whole life of the ensemble, growing in the order in
 * which the servers saw the requests, with gaps. They leave nothing behind, and a lost answer costs a number and no more.
 * Names are those of sequential nodes: each name exists as a node, created once, until somebody deletes it.
 *
 * **Failure modes.** Over lost connections and expired sessions asking goes on. An ensemble that is set back to an old backup gives
 * numbers a second time. A directory can give 2^31 names with the same prefix.
 *
 * **Layout**: `<path>`, persistent and empty, is written for numbers; `<path>/_c_<uuid>-<prefix><number>` are the names' nodes.
 *
 * ```ts
 * const ids = new UniqueIds(zk, '/ids')
 * const order = await ids.nextNumber()
 * const { name } = await ids.nextName('order-', 'made by host-7') // order-0000000012
 * ```
 */
export class UniqueIds {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #acl: readonly Acl[]

  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#acl = aclOf(options)
  }

  /** A number below 2^63, larger than all that were given before. */
  async nextNumber(options?: WaitOptions): Promise<bigint> {
    using cancellation = new Cancellation(this.#zk, `asking ${this.path} for a number`, options)
    const { signal } = cancellation
    for (;;) {
      try {
        return (await persevereAcrossSessions(this.#zk, signal, () => this.#zk.set(this.path, ''))).mzxid
      } catch (error) {
        if (!isZooKeeperError(error, 'NO_NODE')) throw error
        await createPersistent(this.#zk, { path: this.path, data: '', acl: this.#acl }, signal)
      }
    }
  }

  /** A name that is unique under this path: the prefix and a number. `path` is the node that was created for it. */
  async nextName(prefix: string, data = ''): Promise<{ readonly name: string; readonly path: string }> {
    const create = { directory: this.path, kind: prefix, data, acl: this.#acl, mode: 'persistent-sequential' } as const
    const { path } = await createProtected(this.#zk, create)
    const nodeName = nameOf(path)
    // `_c_`, the mark's 36 characters and a dash stand before it.
    return { name: nodeName.slice(nodeName.indexOf(prefix, '_c_'.length + 36 + 1)), path }
  }
}
