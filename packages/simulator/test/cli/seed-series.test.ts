import { expect, test } from 'vitest'
import { runSeries } from '../../src/cli/seed-series.ts'
import { MUTANTS } from '../../src/mutants/mutants.ts'
import { makeScenario } from '../../src/scenario/make-scenario.ts'

/** Runs take as long as the machine lets them: this only ends a test that hangs. */
const RUN_LIMIT_MS = 300_000

const HERE = { jobs: 1, program: { path: '', arguments: [] }, scenarioOf: makeScenario, onProgress: () => {} }

test(
  'a series runs each seed once, and adds up what came of them',
  async () => {
    const asked: number[] = []
    const scenarioOf = (seed: number): ReturnType<typeof makeScenario> => {
      asked.push(seed)
      return makeScenario(seed)
    }
    const sum = await runSeries({ ...HERE, scenarioOf, from: 5, count: 22, mayGoOn: () => true })
    expect(asked).toEqual(Array.from({ length: 22 }, (_, index) => 5 + index))
    expect(sum).toMatchObject({ from: 5, done: 22, failed: null })
    expect(sum.commits).toBeGreaterThan(100)
  },
  RUN_LIMIT_MS,
)

test(
  'a series ends with the first seed that goes wrong, or when its time is over',
  async () => {
    const remove = MUTANTS.find(({ name }) => name === 'no-accepted-epoch')?.plant()
    try {
      const sum = await runSeries({ ...HERE, from: 1, count: 1000, mayGoOn: () => true })
      expect(sum.failed?.seed).toBe(sum.done)
      expect(sum.failed?.summary).toContain('epoch promises')
    } finally {
      remove?.()
    }
    expect(await runSeries({ ...HERE, from: 1, count: 1000, mayGoOn: () => false })).toMatchObject({ done: 0, failed: null })
  },
  RUN_LIMIT_MS,
)
