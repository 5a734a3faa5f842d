import { expect, test } from 'vitest'
import { simulate } from '../../src/run/simulation.ts'
import { makeScenario } from '../../src/scenario/make-scenario.ts'

test('the same seed gives the same run, to the last line of its transcript', async () => {
  const options = { isTranscriptKept: true, areLogsKept: true }
  for (const seed of [3, 4, 9]) {
    const [first, second] = [await simulate(makeScenario(seed), options), await simulate(makeScenario(seed), options)]
    expect(second.transcript).toEqual(first.transcript)
    expect(second.hash).toBe(first.hash)
    expect(first.transcript.length).toBeGreaterThan(50)
  }
})

test('runs of other seeds are other runs, and what ran before does not matter', async () => {
  const alone = await simulate(makeScenario(6))
  const other = await simulate(makeScenario(7))
  const after = await simulate(makeScenario(6))
  expect(after.hash).toBe(alone.hash)
  expect(other.hash).not.toBe(alone.hash)
})

test('the story of a run does not depend on whether it is kept', async () => {
  const kept = await simulate(makeScenario(11), { isTranscriptKept: true })
  const dropped = await simulate(makeScenario(11))
  expect(dropped.hash).toBe(kept.hash)
  expect(dropped.transcript).toEqual([])
})

test('a fixed set of seeds is well, and things happen in it', async () => {
  let [commits, epochs, writes] = [0, 0, 0]
  for (let seed = 1; seed <= 25; seed++) {
    const outcome = await simulate(makeScenario(seed))
    expect(outcome.failure, `seed ${seed}`).toBeNull()
    commits += outcome.committedCount
    epochs += outcome.epochCount
    writes += outcome.acknowledgedCount
  }
  expect(commits).toBeGreaterThan(25 * 20)
  expect(epochs).toBeGreaterThan(25)
  expect(writes).toBeGreaterThan(25 * 10)
}, 120_000)
