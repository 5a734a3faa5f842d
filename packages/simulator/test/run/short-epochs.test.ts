import { expect, test } from 'vitest'
import { shortenEpochs } from '../../src/run/short-epochs.ts'
import { simulate } from '../../src/run/simulation.ts'
import { makeScenario } from '../../src/scenario/make-scenario.ts'
import type { Scenario } from '../../src/scenario/scenario.ts'
import { unsettled } from '../../src/scenario/unsettled.ts'

const COUNTER_MAX = 12

/** Runs with epochs of a few transactions. Returns the largest counter that was committed, and how many epochs and transactions there were. */
async function roll(scenarios: readonly Scenario[]): Promise<{ counter: number; epochs: number; commits: number }> {
  const total = { counter: 0, epochs: 0, commits: 0 }
  const lengthen = shortenEpochs(COUNTER_MAX)
  try {
    for (const scenario of scenarios) {
      const outcome = await simulate(scenario, { isTranscriptKept: true })
      expect(outcome.failure, `seed ${scenario.seed}`).toBeNull()
      for (const line of outcome.transcript) {
        const counter = / commits 0x[0-9a-f]+([0-9a-f]{8})$/.exec(line)?.[1] ?? '0'
        total.counter = Math.max(total.counter, Number.parseInt(counter, 16))
      }
      total.epochs += outcome.epochCount
      total.commits += outcome.committedCount
    }
  } finally {
    lengthen()
  }
  return total
}

/** The same ensemble with its clients and nothing that breaks. */
function unbroken(scenario: Scenario): Scenario {
  return { ...scenario, faults: [], isReconfigEnabled: false }
}

/** Scenarios of ensembles; a server that stands alone has no epochs. */
function ensembles(count: number): Scenario[] {
  const scenarios: Scenario[] = []
  for (let seed = 1; scenarios.length < count; seed++) {
    const scenario = makeScenario(seed)
    if (scenario.voterCount > 1) scenarios.push(scenario)
  }
  return scenarios
}

test('I20: when the counter of an epoch is used up a new one begins, under load and without any fault', async () => {
  const { counter, epochs, commits } = await roll(ensembles(6).map(unbroken))
  expect(counter).toBe(COUNTER_MAX - 1)
  expect(commits).toBeGreaterThan(100)
  expect(epochs).toBeGreaterThanOrEqual(commits / COUNTER_MAX)
}, 120_000)

test('I20: epochs that are used up in the middle of faults and changes of members break no promise', async () => {
  const scenarios = ensembles(8)
  const { counter, epochs } = await roll([...scenarios, ...scenarios.slice(0, 4).map((scenario) => unsettled(scenario, 4))])
  expect(counter).toBe(COUNTER_MAX - 1)
  expect(epochs).toBeGreaterThan(40)
}, 120_000)
