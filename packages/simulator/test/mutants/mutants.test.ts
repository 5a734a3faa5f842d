import { expect, test } from 'vitest'
import { Violation } from '../../src/invariants/violation.ts'
import { MUTANTS } from '../../src/mutants/mutants.ts'
import { simulate } from '../../src/run/simulation.ts'
import { makeScenario } from '../../src/scenario/make-scenario.ts'

/** Mistakes that nearly every run shows; the others are for `npm run sim:mutants`. */
const OBVIOUS = ['no-accepted-epoch', 'history-not-synced', 'commit-without-quorum', 'follower-acks-unsynced', 'ephemerals-stay']

const SEEDS_MAX = 40

test('there are enough mistakes, and each has a name of its own', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(15)
  expect(new Set(MUTANTS.map((mutant) => mutant.name)).size).toBe(MUTANTS.length)
})

test.each(OBVIOUS)(
  'the mistake %s is found, and is gone when it is taken out',
  async (name) => {
    const mutant = MUTANTS.find((one) => one.name === name)
    if (mutant === undefined) throw new Error(`there is no mutant ${name}`)
    const remove = mutant.plant()
    let found = 0
    try {
      for (let seed = 1; seed <= SEEDS_MAX && found === 0; seed++) {
        if ((await simulate(makeScenario(seed))).failure instanceof Violation) found = seed
      }
    } finally {
      remove()
    }
    expect(found).toBeGreaterThan(0)
    expect((await simulate(makeScenario(found))).failure).toBeNull()
  },
  60_000,
)

test('every mistake can be planted and taken out: the methods that they replace are there', () => {
  for (const mutant of MUTANTS) mutant.plant()()
})
