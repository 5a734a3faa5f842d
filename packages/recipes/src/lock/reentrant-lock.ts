import { type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { Cancellation, unlessAborted, type WaitOptions } from '../session/cancellation.ts'
import type { Lease } from './lease.ts'
import { Lock, type LockOptions } from './lock.ts'

interface Hold {
  /** Settles with the lease that all entries of this owner share. */
  readonly lease: Promise<Lease>
  entries: number
  /** Ends the acquisition when the last one who waits has given up. */
  readonly giveUp: AbortController
}

/**
 * A `Lock` that its owner may take again while it has it.
 *
 * JavaScript has no threads to tell owners apart by, so the caller names the owner: any value, compared by identity (an object made
 * for a request or a job, for example). Entries of one owner share one lease, which is given back with the last of them.
 *
 * **Guarantees and failure modes** are those of `Lock`. All entries see the same `signal` and `fencingToken`. When the lease is lost,
 * it is lost for every entry; an owner that asks again gets a new lease, after the entries of the old one have been released.
 *
 * **Layout**: as `Lock`.
 *
 * ```ts
 * const lock = new ReentrantLock(zk, '/accounts/7')
 * await using outer = await lock.acquire(request)
 * await using inner = await lock.acquire(request) // at once
 * ```
 */
export class ReentrantLock {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #lock: Lock
  readonly #holds = new Map<unknown, Hold>()

  constructor(zk: ZooKeeper, path: string, options: LockOptions = {}) {
    this.#zk = zk
    this.#lock = new Lock(zk, path, options)
    this.path = path
  }

  /** Enters the lock for `owner`: at once if the owner has it, otherwise when it is granted. */
  async acquire(owner: unknown, options?: WaitOptions): Promise<Lease> {
    using cancellation = new Cancellation(this.#zk, `waiting for ${this.path}`, options)
    const hold = this.#holds.get(owner) ?? this.#begin(owner)
    hold.entries += 1
    try {
      const lease = await unlessAborted(cancellation.signal, hold.lease)
      if (lease.signal.aborted) throw lost(this.path, lease)
      return new Entry(lease, () => this.#leave(owner, hold))
    } catch (error) {
      await this.#leave(owner, hold)
      throw error
    }
  }

  /** How often the owner has entered and not left. */
  entriesOf(owner: unknown): number {
    return this.#holds.get(owner)?.entries ?? 0
  }

  #begin(owner: unknown): Hold {
    const giveUp = new AbortController()
    const hold: Hold = { lease: this.#lock.acquire({ signal: giveUp.signal }), entries: 0, giveUp }
    this.#holds.set(owner, hold)
    return hold
  }

  async #leave(owner: unknown, hold: Hold): Promise<void> {
    hold.entries -= 1
    if (hold.entries > 0) return
    if (this.#holds.get(owner) === hold) this.#holds.delete(owner)
    // Nobody waits any more, if anybody did.
    hold.giveUp.abort()
    const lease = await hold.lease.catch(() => null)
    await lease?.release()
  }
}

/** One entry: the shared lease, but left only once. */
class Entry implements Lease {
  readonly #lease: Lease
  readonly #leave: () => Promise<void>
  #left: Promise<void> | null = null

  constructor(lease: Lease, leave: () => Promise<void>) {
    this.#lease = lease
    this.#leave = leave
  }

  get path(): string {
    return this.#lease.path
  }

  get fencingToken(): bigint {
    return this.#lease.fencingToken
  }

  get signal(): AbortSignal {
    return this.#lease.signal
  }

  release(): Promise<void> {
    this.#left ??= this.#leave()
    return this.#left
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }
}

function lost(path: string, lease: Lease): ZooKeeperError {
  const message = `the lease of ${path} was lost, and its other entries have not been released yet`
  return new ZooKeeperError('SESSION_EXPIRED', message, { path, cause: lease.signal.reason })
}
