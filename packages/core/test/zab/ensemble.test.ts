// Thousands of schedules with crashes, cuts and partitions; the invariants look at every step. A failing seed is in the message.

import { expect, test } from 'vitest'
import { Ensemble, type EnsembleShape } from './ensemble.ts'

const STEPS = 800
/** How long this takes says nothing about whether it is right. */
const UNTIMED = { timeout: 300_000 }

interface Totals {
  commits: number
  epochs: number
  readonly syncs: { diff: number; trunc: number; snap: number; log: number }
}

function runSeeds(first: number, count: number, shape: Omit<EnsembleShape, 'seed'>): Totals {
  const totals: Totals = { commits: 0, epochs: 0, syncs: { diff: 0, trunc: 0, snap: 0, log: 0 } }
  for (let seed = first; seed < first + count; seed++) {
    const { invariants } = runSeed({ ...shape, seed })
    totals.commits += invariants.committedCount
    totals.epochs += invariants.epochCount
    for (const kind of ['diff', 'trunc', 'snap', 'log'] as const) totals.syncs[kind] += invariants.syncs[kind]
  }
  return totals
}

function runSeed(shape: EnsembleShape): Ensemble {
  const ensemble = new Ensemble(shape)
  try {
    for (let step = 0; step < STEPS; step++) ensemble.step()
    ensemble.heal()
  } catch (error) {
    throw new Error(`seed ${shape.seed} of ${shape.voters} voters and ${shape.observers} observers`, { cause: error })
  }
  return ensemble
}

test('A134, A135: three voters keep the invariants of Zab under crashes, cuts and partitions', UNTIMED, () => {
  const { commits, epochs, syncs } = runSeeds(1, 1000, { voters: 3, observers: 0 })

  expect(commits).toBeGreaterThan(10_000)
  expect(epochs).toBeGreaterThan(1500)
  for (const count of Object.values(syncs)) expect(count).toBeGreaterThan(200)
})

test('five voters and an observer keep the invariants of Zab under crashes, cuts and partitions', UNTIMED, () => {
  const { commits, epochs, syncs } = runSeeds(100_001, 600, { voters: 5, observers: 1 })

  expect(commits).toBeGreaterThan(5000)
  expect(epochs).toBeGreaterThan(1000)
  for (const count of Object.values(syncs)) expect(count).toBeGreaterThan(100)
})

test('one voter and an observer keep the invariants of Zab under crashes, cuts and partitions', UNTIMED, () => {
  const { commits } = runSeeds(200_001, 300, { voters: 1, observers: 1 })

  expect(commits).toBeGreaterThan(1000)
})

test('six servers keep the invariants of Zab while members come, go and change their roles', UNTIMED, () => {
  const { commits, epochs } = runSeeds(300_001, 600, { voters: 4, observers: 2, isReconfigured: true })

  expect(commits).toBeGreaterThan(2000)
  expect(epochs).toBeGreaterThan(800)
})

test('A109: with a quorum of 2 of 5 the schedules find a write that is lost', UNTIMED, () => {
  expect(() => runSeeds(400_001, 300, { voters: 5, observers: 0, quorumSize: 2 })).toThrow(
    expect.objectContaining({
      cause: expect.objectContaining({ message: expect.stringMatching(/^I6: a leader has everything that was committed/) }),
    }),
  )
})

test('A109: with a quorum of 3 of 5 the same schedules lose nothing', UNTIMED, () => {
  expect(runSeeds(400_001, 300, { voters: 5, observers: 0, quorumSize: 3 }).commits).toBeGreaterThan(3000)
})
