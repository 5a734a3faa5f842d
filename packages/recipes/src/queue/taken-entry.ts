import { isZooKeeperError, retries, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import type { NodeLease } from '../lock/lease.ts'
import { isSessionOver, isTransient, persevere, recover } from '../session/persevere.ts'

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
   * `SESSION_EXPIRED` when the claim was lost before; the entry is then taken again by somebody (unless the error's
   * `mayHaveBeenApplied` says that the answer to the deletion was lost with the session).
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
        this.#checkClaim()
        await this.#zk.transaction().delete(this.#claim.path).delete(this.path).commit({ retry: retries.none })
        break
      } catch (error) {
        if (isAmbiguous && isZooKeeperError(error, 'NO_NODE') && (await this.#isEntryGone())) break
        if (!isTransient(error)) throw isLoss(error) ? lost(this.path, isAmbiguous, error) : error
        isAmbiguous ||= isZooKeeperError(error) && error.mayHaveBeenApplied
        await recover(this.#zk, null, failures)
      }
    }
    await this.#claim.release()
  }

  /**
   * The claim's name says nothing of its owner: it must not be deleted when it may be somebody else's. What is asked for in a session
   * is carried out in that session or not at all, and the claim lives as long as the session, unless somebody deleted it.
   */
  #checkClaim(): void {
    const { sessionId, signal } = this.#claim
    if (this.#zk.sessionId !== sessionId) throw new ZooKeeperError('SESSION_EXPIRED', 'the session of the claim has expired')
    if (isZooKeeperError(signal.reason, 'NO_NODE') || isZooKeeperError(signal.reason, 'ABORTED')) throw signal.reason
  }

  async #isEntryGone(): Promise<boolean> {
    return (await persevere(this.#zk, null, () => this.#zk.exists(this.path))) === null
  }
}

function isLoss(error: unknown): boolean {
  return isZooKeeperError(error, 'NO_NODE') || isZooKeeperError(error, 'ABORTED') || isSessionOver(error)
}

function lost(path: string, mayHaveBeenApplied: boolean, cause: unknown): ZooKeeperError {
  const message = `the claim of ${path} was lost: somebody else may do the work`
  return new ZooKeeperError('SESSION_EXPIRED', message, { path, mayHaveBeenApplied, cause })
}
