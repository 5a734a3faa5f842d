// Makes a scenario that goes wrong shorter: leaves out faults, clients and operations as long as the same thing goes wrong without
// them. What is left usually tells the story.

import type { Scenario } from './scenario.ts'

/** Does this scenario still go wrong in the same way? */
export type StillFails = (scenario: Scenario) => Promise<boolean>

/** The shortest scenario that was found with at most `runsMax` runs. */
export async function shrink(scenario: Scenario, stillFails: StillFails, runsMax: number): Promise<Scenario> {
  let best = scenario
  let runs = 0
  const attempt = async (candidate: Scenario): Promise<boolean> => {
    if (runs++ >= runsMax || !(await stillFails(candidate))) return false
    best = candidate
    return true
  }
  let size = -1
  while (size !== sizeOf(best) && runs < runsMax) {
    size = sizeOf(best)
    await shrinkList(best.faults, (faults) => attempt({ ...best, faults }))
    for (let client = best.clients.length - 1; client >= 0; client--) {
      // The last one stays: without clients nothing is asked for.
      if (best.clients.length > 1 && (await attempt(withoutClient(best, client)))) continue
      await shrinkList(best.clients[client] ?? [], (plan) =>
        attempt({ ...best, clients: best.clients.map((other, index) => (index === client ? plan : other)) }),
      )
    }
  }
  return best
}

function sizeOf({ faults, clients }: Scenario): number {
  return clients.reduce((sum, plan) => sum + plan.length + 1, faults.length)
}

function withoutClient(scenario: Scenario, client: number): Scenario {
  const renumber = (index: number): number => (index > client ? index - 1 : index)
  const faults = scenario.faults.filter((fault) => !('client' in fault) || fault.client !== client)
  return {
    ...scenario,
    faults: faults.map((fault) => ('client' in fault ? { ...fault, client: renumber(fault.client) } : fault)),
    clients: scenario.clients.filter((_, index) => index !== client),
  }
}

/** Leaves out halves, then quarters, and so on down to single items. */
async function shrinkList<T>(list: readonly T[], accepts: (shorter: readonly T[]) => Promise<boolean>): Promise<void> {
  let items = list
  for (let length = Math.ceil(items.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let from = 0; from < items.length; ) {
      const shorter = [...items.slice(0, from), ...items.slice(from + length)]
      if (await accepts(shorter)) items = shorter
      else from += length
    }
  }
}
