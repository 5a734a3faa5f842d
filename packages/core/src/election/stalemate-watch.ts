import type { QuorumVerifier } from '../membership/quorum-verifier.ts'
import { BallotBox } from './ballot-box.ts'
import type { CastVote } from './vote.ts'

/** How long no vote changes before the voters are asked, and as long again before the round is given up; in first intervals between notifications. */
const PATIENCE_INTERVALS = 5

/** What to do about a round: nothing, tell the own vote once more, or begin another one. */
export type StalemateVerdict = 'wait' | 'ask' | 'giveUp'

/**
 * Sees when a round will come to nothing: a quorum has voted, and nothing moves any more. Some hold to a candidate then that others
 * do not know, or that is none any more. Nobody changes a vote for a worse one within a round, but all begin the next one with what they have.
 *
 * Voters are asked before that, because some may have decided in this round without being heard: a server that they wait for would
 * lose them with the round. Each further round gets twice as long, so that slow links do not make rounds follow each other for ever.
 */
export class StalemateWatch {
  readonly #patienceMinMs: number
  #patienceMs: number
  /** What voters said last, whether it can be counted or not. */
  readonly #votes = new BallotBox()
  /** The newest round that anyone is in. */
  #newestRound = 0
  /** When the last of that was new, or was asked for. */
  #movedAtMs = 0
  #isAsked = false

  constructor(minIntervalMs: number) {
    this.#patienceMinMs = minIntervalMs * PATIENCE_INTERVALS
    this.#patienceMs = this.#patienceMinMs
  }

  get newestRound(): number {
    return this.#newestRound
  }

  /** The search for a leader begins: earlier ones in vain do not count. */
  reset(): void {
    this.#patienceMs = this.#patienceMinMs
  }

  roundBegun(round: number, nowMs: number): void {
    this.#votes.clear()
    this.#newestRound = Math.max(this.#newestRound, round)
    this.#moved(nowMs)
  }

  /** A voter said something about this round or a newer one. */
  heard(from: number, vote: CastVote, nowMs: number): void {
    this.#newestRound = Math.max(this.#newestRound, vote.round)
    if (this.#votes.put(from, vote)) this.#moved(nowMs)
  }

  /** To be asked while the votes are gathered. What it says is taken for done. */
  verdict(verifier: QuorumVerifier, nowMs: number): StalemateVerdict {
    if (nowMs - this.#movedAtMs < this.#patienceMs || !this.#votes.hasQuorum(verifier)) return 'wait'
    if (this.#isAsked) {
      this.#patienceMs *= 2
      return 'giveUp'
    }
    this.#isAsked = true
    this.#movedAtMs = nowMs
    return 'ask'
  }

  #moved(nowMs: number): void {
    this.#movedAtMs = nowMs
    this.#isAsked = false
  }
}
