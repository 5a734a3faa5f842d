import { encodeText, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory } from '../line/directory.ts'
import { blockedByPredecessor, type LineOptions } from '../line/place.ts'
import type { Lease } from '../lock/lease.ts'
import { acquireInLine } from '../lock/line-lease.ts'
import { Cancellation, untilAborted, type WaitOptions } from '../session/cancellation.ts'
import { recover } from '../session/persevere.ts'
import { Latest } from '../state/latest.ts'
import { LATCH_KIND } from './leadership.ts'

/** How a candidate behaves. */
export interface LeaderLatchOptions extends AccessOptions {
  /** What the candidate calls itself in its node. Empty unless said otherwise. */
  readonly id?: string
}

/** Whether this candidate leads. */
export type LatchState =
  /** Not a leader; in line, or about to be. */
  | { readonly type: 'waiting' }
  /** The leader, until `leadership.signal` is aborted. */
  | { readonly type: 'leading'; readonly leadership: Lease }
  /** Not a candidate any more: closed, or the client's session is over for good; `cause` says why. */
  | { readonly type: 'ended'; readonly cause: unknown }

const WAITING: LatchState = { type: 'waiting' }

/**
 * A candidate that stays one: once it leads, it leads until it is closed or loses its session, and then it lines up again.
 *
 * **Guarantees.** At most one candidate has the first node, and only that one is told that it leads. Leadership goes to
 * whoever has waited longest; the end of a leader wakes one candidate. Each term has a fencing token larger than those before.
 * The node of a candidate dies with its session.
 *
 * **Failure modes.** A lost connection alone ends nothing. When the client's clock says that the session may be gone, the term is
 * over at once (`leadership.signal` is aborted, the state is `waiting`), and the candidate goes back to the end of the line. When
 * the session expires, it lines up in the next one if the client renews its session; otherwise the latch ends. A leader that does
 * not look at the signal may overlap with the next one: fence what it writes with `leadership.fencingToken`.
 *
 * **Layout**, that of Curator's LeaderLatch: `<path>/_c_<uuid>-latch-<number>`, ephemeral and sequential, with the id as data.
 *
 * ```ts
 * await using latch = new LeaderLatch(zk, '/service/leader', { id: 'host-7' })
 * const leadership = await latch.whenLeading()
 * ```
 */
export class LeaderLatch implements AsyncDisposable {
  readonly path: string
  readonly id: string
  readonly #zk: ZooKeeper
  readonly #line: LineOptions
  readonly #ending = new AbortController()
  readonly #state = new Latest<LatchState>(WAITING)
  readonly #loop: Promise<void>

  /** Becomes a candidate at once. */
  constructor(zk: ZooKeeper, path: string, options: LeaderLatchOptions = {}) {
    this.path = checkDirectory(path)
    this.id = options.id ?? ''
    this.#zk = zk
    const data = encodeText(this.id)
    this.#line = { directory: path, kind: LATCH_KIND, kinds: [LATCH_KIND], data, acl: aclOf(options) }
    this.#loop = this.#run()
  }

  get state(): LatchState {
    return this.#state.value
  }

  /** The present term, if this candidate leads. */
  get leadership(): Lease | null {
    const state = this.#state.value
    return state.type === 'leading' && !state.leadership.signal.aborted ? state.leadership : null
  }

  /** The state now and each one after it; states that pass while the loop's body runs are left out. Ends when the latch has ended. */
  states(signal?: AbortSignal): AsyncIterable<LatchState> {
    return this.#state.values(signal)
  }

  /** Waits until this candidate leads. Rejects when the latch ends. */
  async whenLeading(options?: WaitOptions): Promise<Lease> {
    using cancellation = new Cancellation(this.#zk, `waiting to lead ${this.path}`, options)
    const { signal } = cancellation
    for await (const state of this.#state.values(signal)) {
      if (state.type === 'leading' && !state.leadership.signal.aborted) return state.leadership
      if (state.type === 'ended') throw state.cause
    }
    signal.throwIfAborted()
    throw closedError(this.path)
  }

  /** Stops being a candidate. A leader's node is gone when this settles (see `Lease.release`); a waiter's is being deleted. */
  async close(): Promise<void> {
    this.#ending.abort(closedError(this.path))
    await this.#loop
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    try {
      for (;;) await this.#serve(signal)
    } catch (cause) {
      this.#state.set({ type: 'ended', cause: signal.aborted ? signal.reason : cause })
      this.#state.end()
    }
  }

  /** One term, from lining up to the end of it. */
  async #serve(signal: AbortSignal): Promise<void> {
    const leadership = await acquireInLine(this.#zk, this.#line, blockedByPredecessor, { signal })
    this.#state.set({ type: 'leading', leadership })
    await untilAborted(leadership.signal, signal)
    this.#state.set(WAITING)
    await leadership.release()
    signal.throwIfAborted()
    await recover(this.#zk, signal, 1)
  }
}

function closedError(path: string): ZooKeeperError {
  return new ZooKeeperError('CLOSED', `the candidate for ${path} was closed`, { path })
}
