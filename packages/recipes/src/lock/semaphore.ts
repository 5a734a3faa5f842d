import { type DataInput, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, ensureDirectory, listDirectory } from '../line/directory.ts'
import { isPlaceLost, type LineOptions, type Place, PlaceLostError, takePlace } from '../line/place.ts'
import { parseSequence } from '../line/sequence.ts'
import { Cancellation, unlessAborted, type WaitOptions } from '../session/cancellation.ts'
import { untilConnected } from '../session/persevere.ts'
import { watchChildren } from '../session/shared-watch.ts'
import { JointLease, releaseAll } from './joint-lease.ts'
import { type Lease, NodeLease } from './lease.ts'
import { Lock } from './lock.ts'

const KIND = 'lease-'

/** How a semaphore behaves. */
export interface SemaphoreOptions extends AccessOptions {
  /** How many leases there are. All users of a path must say the same. */
  readonly permitsMax: number
  /** Stands in the leases' nodes, for people. */
  readonly data?: DataInput
}

/**
 * A number of leases that clients share, granted in the order of asking.
 *
 * **Guarantees.** Never more than `permitsMax` nodes stand for granted leases. Requests are served one after another, so one
 * for many permits is not overtaken by small ones. Only the request at the head of the line watches the leases: a release
 * wakes one waiter. A lease dies with its session, and a request that is given up leaves nothing.
 *
 * **Failure modes**: those of `Lock`, for each lease. A lease of several permits is lost as a whole when one of its nodes is.
 * A client that uses another `permitsMax` for the same path lives by its own number.
 *
 * **Layout**, that of Curator's InterProcessSemaphoreV2: a lock at `<path>/locks` and one node a permit,
 * `<path>/leases/_c_<uuid>-lease-<number>`.
 *
 * ```ts
 * const semaphore = new Semaphore(zk, '/printers', { permitsMax: 3 })
 * await using lease = await semaphore.acquire()
 * ```
 */
export class Semaphore {
  readonly path: string
  readonly permitsMax: number
  readonly #zk: ZooKeeper
  readonly #lock: Lock
  readonly #line: LineOptions

  constructor(zk: ZooKeeper, path: string, options: SemaphoreOptions) {
    this.path = checkDirectory(path)
    this.permitsMax = checkCount(options.permitsMax, 'permitsMax')
    this.#zk = zk
    const acl = aclOf(options)
    this.#lock = new Lock(zk, `${path}/locks`, { acl })
    this.#line = { directory: `${path}/leases`, kind: KIND, kinds: [KIND], data: options.data ?? '', acl }
  }

  /** Waits for `permits` leases, one unless said otherwise, which are handed out and released as one. */
  async acquire(options: WaitOptions & { readonly permits?: number } = {}): Promise<Lease> {
    const permits = this.#checkPermits(options.permits ?? 1)
    using cancellation = new Cancellation(this.#zk, `waiting for ${this.path}`, options)
    const { signal } = cancellation
    for (;;) {
      await untilConnected(this.#zk, signal)
      try {
        const lease = await this.#acquireOnce(permits, signal)
        if (!lease.signal.aborted) return lease
        await unlessAborted(signal, lease.release())
      } catch (error) {
        if (!isPlaceLost(error)) throw error
      }
    }
  }

  /** How many permits are taken now. Old by the time it is there. */
  async permitsTaken(options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const names = await listDirectory(this.#zk, this.#line.directory, options.signal ?? null)
    return names.filter(isLease).length
  }

  /**
   * With the lock, so that nobody else adds leases: waits until there is room, and only then takes the permits. When the lock is lost
   * in between, the event of that is here before the answer to any creation that came after it, so looking once more at
   * the end is enough.
   */
  async #acquireOnce(permits: number, signal: AbortSignal): Promise<Lease> {
    await using turn = await this.#lock.acquire({ signal })
    const leases: Lease[] = []
    try {
      await this.#untilRoom(permits, turn.signal, signal)
      while (leases.length < permits) leases.push(await this.#takeOne(signal))
      turn.signal.throwIfAborted()
      return permits === 1 && leases[0] !== undefined ? leases[0] : new JointLease(this.path, leases)
    } catch (error) {
      await releaseAll(leases)
      if (turn.signal.aborted && !signal.aborted) throw new PlaceLostError(`the turn at ${this.path} was lost`, { cause: error })
      throw error
    }
  }

  async #untilRoom(permits: number, turnSignal: AbortSignal, signal: AbortSignal): Promise<void> {
    for (;;) {
      const leases = await watchChildren(this.#zk, this.#line.directory, signal)
      turnSignal.throwIfAborted()
      if (leases === null) await ensureDirectory(this.#zk, this.#line.directory, this.#line.acl, signal)
      else if (leases.value.filter(isLease).length + permits <= this.permitsMax) return
      else await unlessAborted(signal, unlessAborted(turnSignal, leases.changed))
    }
  }

  async #takeOne(signal: AbortSignal): Promise<Lease> {
    const place: Place = await takePlace(this.#zk, this.#line, signal)
    return NodeLease.hold(place)
  }

  #checkPermits(permits: number): number {
    checkCount(permits, 'permits')
    if (permits <= this.permitsMax) return permits
    throw new ZooKeeperError('BAD_ARGUMENTS', `${permits} permits were asked for, and ${this.path} has ${this.permitsMax}`)
  }
}

function isLease(name: string): boolean {
  return parseSequence(name, KIND) !== null
}

function checkCount(count: number, what: string): number {
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new ZooKeeperError('BAD_ARGUMENTS', `${what} must be a whole number above 0, and is ${count}`)
}
