import { isZooKeeperError, retries, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import type { NodeLease } from '../lock/lease.ts'
import { isTransient, recover } from '../session/persevere.ts'

/** An entry that this client works on, and nobody else as long as `signal` is not aborted. */
export class TakenEntry implements AsyncDisposable {
  readonly data: Uint8Array
  /** The entry's node: the same for every one who takes this entry. */
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #claim: NodeLease
  #acknowledged: Promise<void> | null = null

  /** @internal */
  constructor(zk: ZooKeeper, path: string, data: Uint8Array, claim: NodeLease) {
    this.#zk = zk
    this.path = path
    this.data = data
    this.#claim = claim
  }

  /** Aborted when somebody else may take the entry: the session is in doubt or over, or the claim was deleted or given up. */
  get signal(): AbortSignal {
    return this.#claim.signal
  }

  /** Larger than those of all who took this entry before: lets what the work writes to refuse a late taker. */
  get fencingToken(): bigint {
    return this.#claim.fencingToken
  }

  /**
   * Says that the work is done: deletes the entry together with the claim, so only while the claim is one's own. Rejects with
   * `SESSION_EXPIRED` when the claim was lost before; the entry is then taken again by somebody.
   */
  acknowledge(): Promise<void> {
    this.#acknowledged ??= this.#acknowledge()
    return this.#acknowledged
  }

  /** Puts the entry back for others, at its old place. Does nothing after `acknowledge` has succeeded. */
  async release(): Promise<void> {
    // Whoever called `acknowledge` hears of its failure; here it only means that the entry stays.
    await this.#acknowledged?.catch(() => undefined)
    await this.#claim.release()
  }

  /** Puts the entry back unless it was acknowledged. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  async #acknowledge(): Promise<void> {
    for (let failures = 1, isAmbiguous = false; ; failures += 1) {
      try {
        await this.#zk.transaction().delete(this.#claim.path).delete(this.path).commit({ retry: retries.none })
        break
      } catch (error) {
        if (isZooKeeperError(error, 'NO_NODE')) {
          if (isAmbiguous && (await this.#isEntryGone())) break
          throw lost(this.path, error)
        }
        if (!isTransient(error)) throw error
        isAmbiguous ||= isZooKeeperError(error) && error.mayHaveBeenApplied
        await recover(this.#zk, null, failures)
      }
    }
    await this.#claim.release()
  }

  async #isEntryGone(): Promise<boolean> {
    return (await this.#zk.exists(this.path)) === null
  }
}

function lost(path: string, cause: unknown): ZooKeeperError {
  return new ZooKeeperError('SESSION_EXPIRED', `the claim of ${path} was lost: somebody else may do the work`, { path, cause })
}
