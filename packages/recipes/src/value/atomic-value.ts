import {
  type Acl,
  decodeText,
  isZooKeeperError,
  retries,
  TransactionError,
  type ZooKeeper,
  ZooKeeperError,
} from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, childPath, readNode } from '../line/directory.ts'
import { createEphemeral } from '../line/ephemeral.ts'
import { createPersistent } from '../line/persistent.ts'
import { makeUuid } from '../line/unique.ts'
import { Cancellation, unlessAborted, type WaitOptions } from '../session/cancellation.ts'
import { isSessionOver, isTransient, persevereAcrossSessions, recover, untilConnected } from '../session/persevere.ts'
import type { Codec } from './codec.ts'

/** A value with the version of the node that has it. */
export interface Versioned<T> {
  readonly value: T
  readonly version: number
}

/** How an atomic value is kept. */
export interface AtomicValueOptions<T> extends AccessOptions {
  readonly codec: Codec<T>
  /** The value of a node that does not exist yet. */
  readonly initial: T
}

/**
 * A value that many clients change, each change on top of the one before.
 *
 * **Guarantees.** `update` and `compareAndSet` take place exactly once or not at all, also when the answer to a write was lost: each write
 * changes a marker of this object's in the same transaction, which says afterwards whether it took place. No change of
 * anybody's is overwritten unseen.
 *
 * **Failure modes.** When the session expires right after a write whose answer was lost, nobody can say whether it took place: the call
 * rejects with `SESSION_EXPIRED` and `mayHaveBeenApplied`. Given up (signal, deadline), it may have taken place, too. Under contention
 * an update is made again and again on newer values; the changes of one object wait for each other and do not contend. Versions
 * are numbers of 32 bits that wrap.
 *
 * **Layout**: the encoded value as data of `<path>`, persistent; `<path>/_u_<uuid>`, ephemeral, is the marker of an object that has written.
 *
 * ```ts
 * const limits = new AtomicValue(zk, '/limits', { codec: jsonCodec(asLimits), initial: { perSecond: 10 } })
 * await limits.update((now) => ({ perSecond: now.perSecond * 2 }))
 * ```
 */
export class AtomicValue<T> implements AsyncDisposable {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #codec: Codec<T>
  readonly #initial: T
  readonly #acl: readonly Acl[]
  readonly #marker: string
  /** Number of the write that the marker shows when it has taken place. */
  #writes = 0
  /** The session in which the marker was made. */
  #markerSession: bigint | null = null
  /** Settles when the writes before have settled. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(zk: ZooKeeper, path: string, options: AtomicValueOptions<T>) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#codec = options.codec
    this.#initial = options.initial
    this.#acl = aclOf(options)
    this.#marker = childPath(path, `_u_${makeUuid(zk.runtime.random)}`)
  }

  /** The value now, creating the node if it is missing. What the codec throws comes out here. */
  async get(options: { readonly signal?: AbortSignal } = {}): Promise<Versioned<T>> {
    for (;;) {
      const node = await readNode(this.#zk, this.path, options.signal ?? null)
      if (node !== null) return { value: this.#codec.decode(node.data), version: node.stat.version }
      await this.#createNode(options.signal ?? null)
    }
  }

  /** Replaces the value of one version. Gives the new version, or null if the value is another one by now. */
  compareAndSet(version: number, value: T, options?: WaitOptions): Promise<Versioned<T> | null> {
    return this.#enqueue(options, (signal) => this.#write(version, value, signal))
  }

  /**
   * Replaces the value by what `change` makes of it. `change` may be called several times, each time with a newer value; it must not
   * have other effects. Gives what was written.
   */
  update(change: (value: T) => T, options?: WaitOptions): Promise<Versioned<T>> {
    return this.#enqueue(options, async (signal) => {
      for (let failures = 1; ; failures += 1) {
        const { value, version } = await this.get({ signal })
        const written = await this.#write(version, change(value), signal)
        if (written !== null) return written
        await recover(this.#zk, signal, Math.min(failures, 3))
      }
    })
  }

  /** Deletes the marker, which otherwise goes with the session. The value stays. */
  async close(): Promise<void> {
    await this.#queue
    if (this.#markerSession !== this.#zk.sessionId) return
    this.#markerSession = null
    await persevereAcrossSessions(this.#zk, null, () => this.#zk.delete(this.#marker, { missingOk: true }))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** One write after another: the marker shows only the last one. */
  #enqueue<R>(options: WaitOptions | undefined, task: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const cancellation = new Cancellation(this.#zk, `changing ${this.path}`, options)
    const { signal } = cancellation
    const run = this.#queue.then(() => {
      signal.throwIfAborted()
      return task(signal)
    })
    const settled = (): void => cancellation[Symbol.dispose]()
    this.#queue = run.then(settled, settled)
    return unlessAborted(signal, run)
  }

  /** Null if the version is not the present one. A write that has been sent is followed to its end even when it is given up. */
  async #write(version: number, value: T, signal: AbortSignal): Promise<Versioned<T> | null> {
    this.#writes += 1
    const number = String(this.#writes)
    const data = this.#codec.encode(value)
    const written = { value, version: (version + 1) | 0 }
    for (let failures = 1, doubtful = 0n; ; failures += 1) {
      signal.throwIfAborted()
      try {
        if (doubtful !== 0n && (await this.#hasMarked(number, doubtful))) return written
        doubtful = 0n
        await this.#makeMarker(signal)
        await this.#zk.transaction().set(this.path, data, { version }).set(this.#marker, number).commit({ retry: retries.none })
        return written
      } catch (error) {
        if (isZooKeeperError(error, 'BAD_VERSION')) return null
        if (isZooKeeperError(error) && error.mayHaveBeenApplied) doubtful = this.#markerSession ?? 0n
        if (isSessionOver(error) && doubtful !== 0n) throw unknownOutcome(this.path, error)
        await this.#prepareNextAttempt(error, signal, failures)
      }
    }
  }

  async #prepareNextAttempt(error: unknown, signal: AbortSignal, failures: number): Promise<void> {
    if (isZooKeeperError(error, 'NO_NODE') && error instanceof TransactionError) {
      if (error.failedIndex === 0) await this.#createNode(signal)
      else this.#markerSession = null
    } else if (isTransient(error)) {
      await recover(this.#zk, signal, failures)
    } else if (isSessionOver(error)) {
      await untilConnected(this.#zk, signal)
    } else {
      throw error
    }
  }

  /** Whether the write with this number took place, according to the marker of that session. */
  async #hasMarked(number: string, session: bigint): Promise<boolean> {
    await this.#zk.sync(this.#marker)
    if (this.#zk.sessionId !== session) throw unknownOutcome(this.path)
    const { data } = await this.#zk.get(this.#marker)
    return decodeText(data) === number
  }

  async #makeMarker(signal: AbortSignal): Promise<void> {
    if (this.#markerSession === this.#zk.sessionId) return
    const stat = await createEphemeral(this.#zk, { path: this.#marker, data: '', acl: this.#acl }, signal)
    this.#markerSession = stat?.ephemeralOwner ?? null
  }

  async #createNode(signal: AbortSignal | null): Promise<void> {
    const data = this.#codec.encode(this.#initial)
    await createPersistent(this.#zk, { path: this.path, data, acl: this.#acl }, signal)
  }
}

function unknownOutcome(path: string, cause?: unknown): ZooKeeperError {
  const message = `the session expired after a write of ${path} whose answer was lost`
  return new ZooKeeperError('SESSION_EXPIRED', message, { path, mayHaveBeenApplied: true, cause })
}
