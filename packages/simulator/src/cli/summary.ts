import { Violation } from '../invariants/violation.ts'
import type { Outcome } from '../run/simulation.ts'

/** What came of a run, in two lines. */
export function summaryOf(outcome: Outcome): string {
  const { scenario, failure, hash, virtualMs, eventCount, committedCount, acknowledgedCount, epochCount } = outcome
  const verdict =
    failure === null ? 'is well' : failure instanceof Violation ? `GOES WRONG: ${failure.message}` : `FAILS: ${failure.stack}`
  return (
    `seed ${scenario.seed} ${verdict}\n` +
    `  ${scenario.voterCount} voters, ${scenario.observerCount} observers, ${scenario.clients.length} clients, ${scenario.faults.length} faults; ` +
    `${virtualMs.toFixed(0)} virtual ms, ${eventCount} events, ${epochCount} epochs, ${committedCount} transactions, ` +
    `${acknowledgedCount} writes acknowledged, hash ${hash}`
  )
}
