import { type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { Cancellation, type WaitOptions } from '../session/cancellation.ts'
import { JointLease, releaseAll } from './joint-lease.ts'
import type { Acquirable, Lease } from './lease.ts'
import { Lock, type LockOptions } from './lock.ts'

/**
 * Several locks taken as one.
 *
 * **Guarantees.** The lease is granted when all of its locks are, and lost when one of them is. The locks are always taken in the
 * order of their paths, each once, whatever order they were given in: two multi-locks, and a multi-lock and single locks that
 * are taken in the order of their paths, never wait for each other in a circle. If one cannot be had, those that were taken are
 * released before `acquire` rejects.
 *
 * **Failure modes**: those of each lock. The first lock's wait holds up the others; while it waits for a later lock it already
 * holds the earlier ones. If an earlier one is lost meanwhile, all are released and `acquire` rejects with why.
 *
 * **Layout**: that of each lock.
 *
 * ```ts
 * const lock = MultiLock.of(zk, ['/accounts/7', '/accounts/9'])
 * await using lease = await lock.acquire()
 * ```
 */
export class MultiLock implements Acquirable {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #locks: readonly Acquirable[]

  /** Of locks of any kind, at most one for each path. */
  constructor(zk: ZooKeeper, locks: readonly Acquirable[]) {
    this.#zk = zk
    this.#locks = locks.toSorted((left, right) => (left.path < right.path ? -1 : 1))
    const twice = this.#locks.find((lock, index) => index > 0 && lock.path === this.#locks[index - 1]?.path)
    if (twice !== undefined) throw new ZooKeeperError('BAD_ARGUMENTS', `${twice.path} is given twice: it would wait for itself`)
    if (locks.length === 0) throw new ZooKeeperError('BAD_ARGUMENTS', 'a multi-lock needs at least one lock')
    this.path = this.#locks.map((lock) => lock.path).join(' and ')
  }

  /** Of exclusive locks with these paths. */
  static of(zk: ZooKeeper, paths: readonly string[], options: LockOptions = {}): MultiLock {
    return new MultiLock(
      zk,
      [...new Set(paths)].map((path) => new Lock(zk, path, options)),
    )
  }

  /** Waits for all of them. */
  async acquire(options?: WaitOptions): Promise<Lease> {
    using cancellation = new Cancellation(this.#zk, `waiting for ${this.path}`, options)
    const { signal } = cancellation
    const leases: Lease[] = []
    try {
      for (const lock of this.#locks) leases.push(await lock.acquire({ signal }))
      for (const lease of leases) lease.signal.throwIfAborted()
      return new JointLease(this.path, leases)
    } catch (error) {
      await releaseAll(leases)
      signal.throwIfAborted()
      throw error
    }
  }
}
