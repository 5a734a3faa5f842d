import { check, eventually } from './findings.ts'

/** How long the news may take that a right is over: a client that is cut off hears of it from its own clock. */
const TOLD_MS = 30_000

/** How a holder's write went. */
export type Verdict = 'accepted' | 'refused'

/**
 * What a lock or an election guards. It knows nothing of either but the fencing numbers: it takes a write whose number is not below the
 * largest that it has seen. That is all that a storage has to do, and it must be enough.
 */
export class GuardedResource {
  #largest = 0n
  /** The holder that is at work, if one is. */
  #inside: { readonly token: bigint; readonly signal: AbortSignal } | null = null
  accepted = 0
  refused = 0
  /** Holders that began while another one, whose right was over, was still at work. */
  overtaken = 0

  /**
   * A holder's visit: it begins, works, and ends. A holder whose right is alive must be let in, and no other one may have a right that is alive:
   * the smaller number must be refused from then on.
   */
  async visit(token: bigint, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const first = this.#write(token)
    check(first === 'accepted' || signal.aborted, `a living right with the old number ${token} after ${this.#largest}`)
    const other = this.#inside
    if (other !== null && first === 'accepted') {
      check(other.token < token, `${token} was granted while the larger ${other.token} was held`)
      this.overtaken += 1
    }
    const own = { token, signal }
    if (first === 'accepted') this.#inside = own
    await work()
    const last = this.#write(token)
    check(last === 'accepted' || this.#largest > token, `a write with the largest number ${token} was refused`)
    if (this.#inside === own) this.#inside = null
    // Whoever was overtaken must be told so: its right was over when the next one was granted.
    if (last === 'refused')
      await eventually(
        () => signal.aborted,
        TOLD_MS,
        () => `the holder of ${token} was overtaken and is not told`,
      )
  }

  #write(token: bigint): Verdict {
    if (token < this.#largest) {
      this.refused += 1
      return 'refused'
    }
    this.#largest = token
    this.accepted += 1
    return 'accepted'
  }
}
