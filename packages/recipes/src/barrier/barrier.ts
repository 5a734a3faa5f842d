import type { Acl, DataInput, ZooKeeper } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory } from '../line/directory.ts'
import { createPersistent } from '../line/persistent.ts'
import { deleteSurely } from '../line/protected-create.ts'
import { Cancellation, unlessAborted, type WaitOptions } from '../session/cancellation.ts'
import { isSessionOver, untilConnected } from '../session/persevere.ts'
import { watchNode } from '../session/shared-watch.ts'

/**
 * A gate: while it is closed, whoever comes to it waits.
 *
 * **Guarantees.** `wait` settles only when the gate's node was seen missing after the call. Opening it wakes all that wait, which is
 * what a gate is for. The gate does not belong to a session: it stays closed when the one who closed it dies.
 *
 * **Failure modes.** Over a lost connection waiting goes on, and in the next session if there is one. Somebody may close the gate
 * again before a waiter has returned: each waiter passes once. A gate that nobody opens stays closed; use a deadline.
 *
 * **Layout**, that of Curator's DistributedBarrier: the gate is closed while the persistent node `<path>` exists.
 *
 * ```ts
 * const barrier = new Barrier(zk, '/migration')
 * await barrier.shut()
 * await migrate()
 * await barrier.open() // others: await barrier.wait()
 * ```
 */
export class Barrier {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #acl: readonly Acl[]

  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#acl = aclOf(options)
  }

  /** Closes the gate. It may be closed already. `data` is for people. */
  async shut(data: DataInput = '', options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await createPersistent(this.#zk, { path: this.path, data, acl: this.#acl }, options.signal ?? null)
  }

  /** Opens the gate. It may be open already. */
  open(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return deleteSurely(this.#zk, this.path, options.signal ?? null)
  }

  /** Waits until the gate is open: not at all if it is. */
  async wait(options?: WaitOptions): Promise<void> {
    using cancellation = new Cancellation(this.#zk, `waiting at ${this.path}`, options)
    const { signal } = cancellation
    for (;;) {
      try {
        const gate = await watchNode(this.#zk, this.path, signal)
        if (gate === null) return
        await unlessAborted(signal, gate.changed)
      } catch (error) {
        if (!isSessionOver(error)) throw error
        await untilConnected(this.#zk, signal)
      }
    }
  }
}
