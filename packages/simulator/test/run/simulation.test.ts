import { expect, test } from 'vitest'
import { simulate } from '../../src/run/simulation.ts'
import { makeScenario } from '../../src/scenario/make-scenario.ts'

/** Runs take as long as the machine lets them: this only ends a test that hangs. */
const RUN_LIMIT_MS = 300_000

test(
  'the same seed gives the same run, to the last line of its transcript',
  async () => {
    const options = { isTranscriptKept: true, areLogsKept: true }
    for (const seed of [3, 4, 9]) {
      const [first, second] = [await simulate(makeScenario(seed), options), await simulate(makeScenario(seed), options)]
      expect(second.transcript).toEqual(first.transcript)
      expect(second.hash).toBe(first.hash)
      expect(first.transcript.length).toBeGreaterThan(50)
    }
  },
  RUN_LIMIT_MS,
)

test(
  'runs of other seeds are other runs, and what ran before does not matter',
  async () => {
    const alone = await simulate(makeScenario(6))
    const other = await simulate(makeScenario(7))
    const after = await simulate(makeScenario(6))
    expect(after.hash).toBe(alone.hash)
    expect(other.hash).not.toBe(alone.hash)
  },
  RUN_LIMIT_MS,
)

test(
  'the story of a run does not depend on whether it is kept',
  async () => {
    const kept = await simulate(makeScenario(11), { isTranscriptKept: true })
    const dropped = await simulate(makeScenario(11))
    expect(dropped.hash).toBe(kept.hash)
    expect(dropped.transcript).toEqual([])
  },
  RUN_LIMIT_MS,
)

test(
  'what is unusual in some runs is in enough of them, and does happen there',
  async () => {
    const seen = { alone: 0, readsWithoutQuorum: 0, hierarchies: 0 }
    for (let seed = 1; seed <= 20; seed++) {
      const scenario = makeScenario(seed)
      const { failure, readsWithoutQuorum } = await simulate(scenario)
      expect(failure, `seed ${seed}`).toBeNull()
      if (scenario.voterCount === 1) seen.alone++
      if (scenario.traits.hierarchy !== null) seen.hierarchies++
      seen.readsWithoutQuorum += readsWithoutQuorum
    }
    expect(seen.alone).toBeGreaterThan(0)
    expect(seen.hierarchies).toBeGreaterThan(0)
    expect(seen.readsWithoutQuorum).toBeGreaterThan(0)
  },
  RUN_LIMIT_MS,
)

test(
  'a fixed set of seeds is well, and things happen in it',
  async () => {
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
  },
  RUN_LIMIT_MS,
)
