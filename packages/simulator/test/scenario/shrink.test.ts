import { expect, test } from 'vitest'
import { makeScenario } from '../../src/scenario/make-scenario.ts'
import type { Scenario } from '../../src/scenario/scenario.ts'
import { shrink } from '../../src/scenario/shrink.ts'

/** A scenario with much in it. */
function busy(): Scenario {
  for (let seed = 1; ; seed++) {
    const scenario = makeScenario(seed)
    const hasLock = scenario.clients.some((plan, index) => index > 0 && plan.some((operation) => operation.kind === 'lock'))
    if (scenario.faults.length > 8 && scenario.clients.length > 2 && hasLock) return scenario
  }
}

test('only what the failure needs is left', async () => {
  const scenario = busy()
  const needed = scenario.faults[5]
  const needsBoth = (candidate: Scenario): Promise<boolean> =>
    Promise.resolve(
      needed !== undefined &&
        candidate.faults.includes(needed) &&
        candidate.clients.some((plan) => plan.some((operation) => operation.kind === 'lock')),
    )
  const short = await shrink(scenario, needsBoth, 1000)
  expect(short.faults).toEqual([needed])
  expect(short.clients.flat().map((operation) => operation.kind)).toEqual(['lock'])
})

test('faults of a client that is left out go with it, the others are about the same clients as before', async () => {
  const scenario: Scenario = {
    ...makeScenario(1),
    faults: [
      { kind: 'reset-client', atMs: 1, durationMs: 1, client: 0 },
      { kind: 'reset-client', atMs: 2, durationMs: 1, client: 1 },
    ],
    clients: [[{ kind: 'create', waitMs: 0 }], [{ kind: 'close', waitMs: 0 }]],
  }
  const needsClose = (candidate: Scenario): Promise<boolean> =>
    Promise.resolve(
      candidate.clients.flat().some(({ kind }) => kind === 'close') && candidate.faults.some(({ atMs }) => atMs === 2),
    )
  const short = await shrink(scenario, needsClose, 100)
  expect(short.clients).toEqual([[{ kind: 'close', waitMs: 0 }]])
  expect(short.faults).toEqual([{ kind: 'reset-client', atMs: 2, durationMs: 1, client: 0 }])
})

test('no more runs are made than are allowed', async () => {
  let runs = 0
  await shrink(busy(), () => Promise.resolve(++runs < 0), 17)
  expect(runs).toBe(17)
})

test('a seed makes the same scenario each time', () => {
  expect(makeScenario(17)).toEqual(makeScenario(17))
  expect(makeScenario(17)).not.toEqual({ ...makeScenario(18), seed: 17 })
})
