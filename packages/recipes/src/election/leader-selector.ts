import { encodeText, type ZooKeeper } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory } from '../line/directory.ts'
import { blockedByPredecessor, type LineOptions } from '../line/place.ts'
import type { Lease } from '../lock/lease.ts'
import { acquireInLine } from '../lock/line-lease.ts'
import { Cancellation } from '../session/cancellation.ts'
import { recover } from '../session/persevere.ts'
import { SELECTOR_KIND } from './leadership.ts'

/** What a leader does in its term. The term lasts until it settles; it should settle soon after `term.signal` is aborted. */
export type Lead = (term: Lease) => Promise<void> | void

/** How a selector behaves. */
export interface LeaderSelectorOptions extends AccessOptions {
  /** What the candidate calls itself in its node. Empty unless said otherwise. */
  readonly id?: string
}

/**
 * Takes turns in leading: each term is one call of a function, and the next candidate leads when it returns.
 *
 * **Guarantees.** Terms of all candidates follow one another, in the order in which the candidates lined up. `lead` is never called
 * twice at a time by one selector. The node of a term is deleted when `lead` has settled, however it did.
 *
 * **Failure modes.** `term.signal` is aborted when the session is in doubt, over, or the node was deleted; the next leader may then
 * begin before a `lead` that does not look at the signal has returned: fence what it writes with `term.fencingToken`. What `lead`
 * throws ends `run` with the same error, unless its term was lost before: then that is taken for its consequence, and the
 * candidate lines up again. When the session is over for good, `run` rejects.
 *
 * **Layout**, that of Curator's LeaderSelector: `<path>/_c_<uuid>-lock-<number>`, ephemeral and sequential, with the id as data.
 *
 * ```ts
 * const selector = new LeaderSelector(zk, '/scheduler', { id: 'host-7' })
 * await selector.run(async (term) => schedule(term.signal, term.fencingToken), { signal: shutdown })
 * ```
 */
export class LeaderSelector {
  readonly path: string
  readonly id: string
  readonly #zk: ZooKeeper
  readonly #line: LineOptions

  constructor(zk: ZooKeeper, path: string, options: LeaderSelectorOptions = {}) {
    this.path = checkDirectory(path)
    this.id = options.id ?? ''
    this.#zk = zk
    const data = encodeText(this.id)
    this.#line = { directory: path, kind: SELECTOR_KIND, kinds: [SELECTOR_KIND], data, acl: aclOf(options) }
  }

  /**
   * Leads again and again, lining up after each term, until the signal is aborted; it settles then, after `lead` has.
   * The signal does not abort the term: a `lead` that should stop with it looks at it, too.
   */
  async run(lead: Lead, options: { readonly signal?: AbortSignal; readonly termsMax?: number } = {}): Promise<void> {
    const { termsMax = Number.POSITIVE_INFINITY } = options
    using cancellation = new Cancellation(this.#zk, `waiting to lead ${this.path}`, options)
    const { signal } = cancellation
    try {
      for (let terms = 0; terms < termsMax && !signal.aborted; terms += 1) await this.#serve(lead, signal)
    } catch (error) {
      if (error !== signal.reason) throw error
    }
  }

  async #serve(lead: Lead, signal: AbortSignal): Promise<void> {
    await using term = await acquireInLine(this.#zk, this.#line, blockedByPredecessor, { signal })
    try {
      await lead(term)
    } catch (error) {
      if (!term.signal.aborted) throw error
      await recover(this.#zk, signal, 1)
    }
  }
}
