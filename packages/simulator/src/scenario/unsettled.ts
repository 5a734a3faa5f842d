// Scenarios in which the members change again and again, and servers are lost just then: what goes wrong only where a change is cut off in
// the middle is rare among the others.

import { SeededRandom } from '@tskeeper/core'
import type { Fault, Scenario } from './scenario.ts'

/** The stream of random numbers of these faults is another one than that of the scenario. */
const UNSETTLED_STREAM = 0x9e0c0f16
/** When the first change may come: the ensemble has formed by then. */
const FIRST_CHANGE_MS = 400
/** How long before or after a step of a change a server may be lost. */
const LOSS_WINDOW_MS = 60

/** The same scenario with `changeCount` changes of members, one after the other, and a loss near both steps of each. */
export function unsettled(scenario: Scenario, changeCount: number): Scenario {
  if (scenario.voterCount === 1) return scenario
  const random = new SeededRandom(scenario.seed * 4 + UNSETTLED_STREAM)
  const slotMs = Math.floor((scenario.calmMs - FIRST_CHANGE_MS) / Math.max(changeCount, 1))
  const changes = Array.from({ length: changeCount }, (_, index) => {
    return changeInSlot(random, scenario, FIRST_CHANGE_MS + index * slotMs, slotMs)
  })
  const faults = [...scenario.faults.filter(({ kind }) => kind !== 'reconfigure'), ...changes.flat()]
  faults.sort((a, b) => a.atMs - b.atMs)
  const calmMs = Math.max(scenario.calmMs, ...faults.map((fault) => fault.atMs + fault.durationMs))
  // Members that come and go belong to no group.
  const traits = { ...scenario.traits, hierarchy: null }
  return { ...scenario, isReconfigEnabled: true, traits, faults, calmMs }
}

function changeInSlot(random: SeededRandom, { voterCount }: Scenario, fromMs: number, slotMs: number): Fault[] {
  const atMs = fromMs + random.below(Math.max(1, Math.floor(slotMs / 2)))
  const durationMs = random.below(Math.max(1, Math.floor(slotMs / 2)))
  const server = 1 + random.below(voterCount)
  const change: Fault = { kind: 'reconfigure', atMs, durationMs, server, becomesObserver: random.next() < 0.5 }
  return [change, loss(random, voterCount, atMs), loss(random, voterCount, atMs + durationMs)]
}

/** Some server, often enough the leader, is gone for a while that begins near `nearMs`. */
function loss(random: SeededRandom, voterCount: number, nearMs: number): Fault {
  const atMs = Math.max(0, nearMs + random.below(2 * LOSS_WINDOW_MS) - LOSS_WINDOW_MS)
  const durationMs = Math.floor(20 * 1.06 ** random.below(75))
  const server = 1 + random.below(voterCount)
  const dice = random.below(10)
  if (dice < 3) return { kind: 'crash', atMs, durationMs, server }
  if (dice < 4) return { kind: 'kill', atMs, durationMs, server }
  if (dice < 5) return { kind: 'pause', atMs, durationMs, server }
  if (dice < 8) return { kind: 'partition', atMs, durationMs, servers: [server], isOneWay: random.next() < 0.3 }
  return { kind: 'crash-in-write', atMs, durationMs, server, change: random.below(30) }
}
