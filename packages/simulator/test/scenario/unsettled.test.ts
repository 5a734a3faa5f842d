import { expect, test } from 'vitest'
import { simulate } from '../../src/run/simulation.ts'
import { makeScenario } from '../../src/scenario/make-scenario.ts'
import { unsettled } from '../../src/scenario/unsettled.ts'

test('changes of members come one after the other, and near each step of them a server is lost', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const scenario = unsettled(makeScenario(seed), 4)
    if (scenario.voterCount === 1) continue
    const changes = scenario.faults.filter(({ kind }) => kind === 'reconfigure')
    expect(changes.length).toBe(4)
    for (const [index, change] of changes.entries()) {
      const endMs = change.atMs + change.durationMs
      expect(changes[index + 1]?.atMs ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(endMs)
      expect(scenario.calmMs).toBeGreaterThanOrEqual(endMs)
      for (const stepMs of [change.atMs, endMs]) {
        const losses = scenario.faults.filter((fault) => fault.kind !== 'reconfigure' && Math.abs(fault.atMs - stepMs) <= 60)
        expect(losses.length).toBeGreaterThan(0)
      }
    }
  }
})

test('ensembles whose members change while servers are lost are well', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    expect((await simulate(unsettled(makeScenario(seed), 6))).failure, `seed ${seed}`).toBeNull()
  }
}, 60_000)
