import { expect, test } from 'vitest'
import { simulate } from '../../src/run/simulation.ts'
import { makeScenario } from '../../src/scenario/make-scenario.ts'
import { PLAIN_TRAITS } from '../../src/scenario/traits.ts'
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

test('a change of members that takes until all is calm may end sessions that one server knows, but none while its client is only silent', async () => {
  const calmMs = 1500
  const change = { kind: 'reconfigure', atMs: 700, durationMs: 1800, server: 3, becomesObserver: true } as const
  for (const seed of [11, 73]) {
    const scenario = makeScenario(seed)
    const traits = { ...PLAIN_TRAITS, areSessionsLocal: true }
    const clients = Array.from({ length: 8 }, () => [])
    const silent = {
      voterCount: 3,
      observerCount: 0,
      isReconfigEnabled: true,
      traits,
      calmMs,
      idleMs: 4500,
      faults: [change],
      clients,
    }
    expect((await simulate({ ...scenario, ...silent })).failure, `seed ${seed}`).toBeNull()
  }
})
