// What a lock, a semaphore or an election hands out.

import { isZooKeeperError, ZooKeeperError } from '@tskeeper/client'
import { isPlaceLost, leavePlace, type Place } from '../line/place.ts'
import type { WaitOptions } from '../session/cancellation.ts'
import { watchSession } from '../session/session-watch.ts'
import { watchNode } from '../session/shared-watch.ts'

/**
 * The right to something, for as long as `signal` is not aborted.
 *
 * No lock service can keep a holder that was paused (by its machine, its debugger, its garbage collector) from going on after
 * the session expired and somebody else got the lock. `signal` tells as early as this side can know, and `fencingToken` lets the
 * guarded resource refuse the late one: it should remember the largest token that it has seen and reject smaller ones.
 */
export interface Lease extends AsyncDisposable {
  /** The node that stands for it. */
  readonly path: string
  /** Grows with every grant of the same recipe and path: the zxid of the node's creation. */
  readonly fencingToken: bigint
  /**
   * Aborted when the right must be taken for lost: the client's clock says that the session may be gone, the session is over, the
   * client was closed, or somebody deleted the node. Its reason is a `ZooKeeperError`. Also aborted by `release`, with `ABORTED`.
   * It never comes back to life.
   */
  readonly signal: AbortSignal
  /**
   * Gives the right back. Settles when the node is gone, which without a connection can take until the next connection or
   * the end of the session. May be called again.
   */
  release(): Promise<void>
}

/** What hands out leases. */
export interface Acquirable {
  readonly path: string
  /** Waits for a lease. */
  acquire(options?: WaitOptions): Promise<Lease>
}

/** A lease that stands on one node in a line. */
export class NodeLease implements Lease {
  readonly #place: Place
  readonly #controller = new AbortController()
  #stopWatching: () => void = () => {}
  #released: Promise<void> | null = null

  private constructor(place: Place) {
    this.#place = place
  }

  /** Makes the lease of a place whose turn has come. Its signal is aborted from the start if the session is in doubt. */
  static hold(place: Place): NodeLease {
    const lease = new NodeLease(place)
    lease.#stopWatching = watchSession(place.zk, place.sessionId, {
      onDoubt: (reason) => lease.#lose(reason),
      onEnd: (reason) => lease.#lose(reason),
    })
    lease.#guard().catch((error: unknown) => lease.#lose(asLoss(error, place)))
    return lease
  }

  get path(): string {
    return this.#place.path
  }

  /** The session in which it was granted. */
  get sessionId(): bigint {
    return this.#place.sessionId
  }

  get fencingToken(): bigint {
    return this.#place.czxid
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  release(): Promise<void> {
    this.#stopWatching()
    // A node that somebody deleted may be somebody else's by now.
    if (isZooKeeperError(this.signal.reason, 'NO_NODE')) this.#released ??= Promise.resolve()
    this.#controller.abort(new ZooKeeperError('ABORTED', `${this.path} was released`, { path: this.path }))
    this.#released ??= leavePlace(this.#place)
    return this.#released
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  /** Watches the own node: somebody may delete it by hand. */
  async #guard(): Promise<void> {
    while (!this.signal.aborted) {
      const watched = await watchNode(this.#place.zk, this.path, this.signal)
      if (watched?.value.stat.czxid !== this.#place.czxid) this.#lose(gone(this.#place))
      else await watched.changed
    }
  }

  #lose(reason: unknown): void {
    if (this.signal.aborted) return
    this.#stopWatching()
    this.#controller.abort(reason)
  }
}

function asLoss(error: unknown, place: Place): unknown {
  return isPlaceLost(error)
    ? new ZooKeeperError('SESSION_EXPIRED', 'the session has expired', { cause: error })
    : gone(place, error)
}

function gone(place: Place, cause?: unknown): ZooKeeperError {
  return new ZooKeeperError('NO_NODE', `somebody deleted ${place.path}`, { path: place.path, cause })
}
