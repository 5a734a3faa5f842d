import type { DataInput, ZooKeeper } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, childPath, listDirectory, readNode } from '../line/directory.ts'
import { blockedByPredecessor, type LineOptions, sortLine } from '../line/place.ts'
import type { WaitOptions } from '../session/cancellation.ts'
import type { Acquirable, Lease } from './lease.ts'
import { acquireInLine, tryAcquireInLine } from './line-lease.ts'

/** How a lock behaves. */
export interface LockOptions extends AccessOptions {
  /** Stands in the lock's nodes, for people: who holds it. Empty unless said otherwise. */
  readonly data?: DataInput
  /** Marker of the nodes; those with another marker in the same directory are ignored. `lock-` unless said otherwise. */
  readonly kind?: string
}

/** Somebody who holds the lock or waits for it. */
export interface Contender {
  readonly path: string
  /** What the contender's `LockOptions.data` says. */
  readonly data: Uint8Array
  readonly sessionId: bigint
}

/**
 * An exclusive lock that is granted in the order of asking.
 *
 * **Guarantees.** Of all clients at most one has a node at the head of the line, and only its lease is granted. Grants follow
 * the order in which the servers saw the requests. A release, or the death of the holder, wakes one waiter. Each lease
 * has a fencing token that is larger than those of all leases before it. Nodes are ephemeral: none outlives its session, and an
 * acquisition that is given up (signal, deadline, error) deletes its node, also when the answer to its creation was lost.
 *
 * **Failure modes.** A lost connection changes nothing while the session lives: waiting goes on, and a lease stays valid until the
 * client's clock says that the session may be gone; then `lease.signal` is aborted. When the session expires, the lease is lost, and
 * a waiter lines up again at the end if the client renews its session; otherwise `acquire` rejects with `SESSION_EXPIRED`. A holder
 * that does not look at `lease.signal`, or was paused, may overlap with its successor: give `lease.fencingToken` to what the lock
 * guards. The lock is not re-entrant: who holds it and asks again waits for itself (see `ReentrantLock`).
 *
 * **Layout**, that of Curator's InterProcessMutex: `<path>/_c_<uuid>-lock-<number>`, ephemeral and sequential; `<path>` is a
 * container.
 *
 * ```ts
 * const lock = new Lock(zk, '/jobs/nightly')
 * await using lease = await lock.acquire({ deadlineMs: 60_000 })
 * await writeReport({ token: lease.fencingToken, signal: lease.signal })
 * ```
 */
export class Lock implements Acquirable {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #line: LineOptions

  constructor(zk: ZooKeeper, path: string, options: LockOptions = {}) {
    const { data = '', kind = 'lock-' } = options
    this.#zk = zk
    this.path = checkDirectory(path)
    this.#line = { directory: path, kind, kinds: [kind], data, acl: aclOf(options) }
  }

  /** Waits for the lock. Rejects with `ABORTED`, `TIMEOUT`, `SESSION_EXPIRED` or `CLOSED`, or with what the server refused. */
  acquire(options?: WaitOptions): Promise<Lease> {
    return acquireInLine(this.#zk, this.#line, blockedByPredecessor, options)
  }

  /** The lock, if it is free now; null if somebody has it. */
  tryAcquire(options?: WaitOptions): Promise<Lease | null> {
    return tryAcquireInLine(this.#zk, this.#line, blockedByPredecessor, options)
  }

  /** Runs `task` with the lock, and gives the lock back however that ends. */
  async withLock<T>(task: (lease: Lease) => Promise<T> | T, options?: WaitOptions): Promise<T> {
    await using lease = await this.acquire(options)
    return await task(lease)
  }

  /** Who has the lock (the first) and who waits, in order. Old by the time it is there. */
  async contenders(options: { readonly signal?: AbortSignal } = {}): Promise<Contender[]> {
    const signal = options.signal ?? null
    const names = await listDirectory(this.#zk, this.path, signal)
    const line = await sortLine(this.#zk, this.#line, names, signal)
    const found = await Promise.all(line.map((entry) => readContender(this.#zk, childPath(this.path, entry.name), signal)))
    return found.filter((contender) => contender !== null)
  }
}

/** Reads a contender's node; null if it has gone. */
export async function readContender(zk: ZooKeeper, path: string, signal: AbortSignal | null): Promise<Contender | null> {
  const value = await readNode(zk, path, signal)
  return value === null ? null : { path, data: value.data, sessionId: value.stat.ephemeralOwner }
}
