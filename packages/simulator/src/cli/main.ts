// Runs scenarios from seeds. See docs/simulator.md, or --help.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Violation } from '../invariants/violation.ts'
import { simulate } from '../run/simulation.ts'
import { makeScenario } from '../scenario/make-scenario.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { shrink } from '../scenario/shrink.ts'
import { unsettled } from '../scenario/unsettled.ts'
import { runSeries, serveSeries } from './seed-series.ts'
import { summaryOf } from './summary.ts'

const HELP = `npm run sim -- --seed N [--transcript] [--logs]   one run
             --seed N --shrink [--output FILE]     looks for a shorter scenario that goes wrong in the same way
             --scenario FILE [--transcript]        a scenario that the shrinker has written
             --seeds COUNT [--from N]              the seeds from N (1) on; stops at the first that goes wrong
             --minutes M [--from N]                the same for so long, from a seed that nobody has tried
             --jobs COUNT                          with either: so many processes at once, one without this
             --changes COUNT                       with any of these: so many changes of members, and servers lost near each`

/** Runs that the shrinker makes at most. */
const SHRINK_RUNS_MAX = 600
/** How often a long series of runs says how far it is, in milliseconds. */
const REPORT_INTERVAL_MS = 10_000

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string' },
    minutes: { type: 'string' },
    changes: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    worker: { type: 'boolean', default: false },
    scenario: { type: 'string' },
    output: { type: 'string' },
    transcript: { type: 'boolean', default: false },
    logs: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

process.on('unhandledRejection', (error) => {
  console.log(`a promise was rejected and nobody listened: ${error instanceof Error ? error.stack : String(error)}`)
  process.exit(1)
})

// In a series the seed tells where to look, and thousands of connections that are refused need no trace of where from.
if (options.worker || options.seeds !== undefined || options.minutes !== undefined) Error.stackTraceLimit = 0

process.exitCode = await run()

async function run(): Promise<number> {
  if (options.worker) serveSeries(scenarioOf)
  else if (options.help) console.log(HELP)
  else if (options.scenario !== undefined) return runOne(JSON.parse(readFileSync(options.scenario, 'utf8')) as Scenario)
  else if (options.seeds !== undefined) return runMany(Number(options.from ?? 1), Number(options.seeds), Number.POSITIVE_INFINITY)
  else if (options.minutes !== undefined) return runMany(freshSeed(), Number.POSITIVE_INFINITY, Number(options.minutes) * 60_000)
  else {
    const scenario = scenarioOf(Number(options.seed ?? 1))
    return options.shrink ? runShrinker(scenario) : runOne(scenario)
  }
  return 0
}

function scenarioOf(seed: number): Scenario {
  const scenario = makeScenario(seed)
  return options.changes === undefined ? scenario : unsettled(scenario, Number(options.changes))
}

/** Where a series begins that is to be another one each time. */
function freshSeed(): number {
  return Number(options.from ?? Math.floor(Date.now() / 1000) * 1000)
}

async function runOne(scenario: Scenario): Promise<number> {
  const outcome = await simulate(scenario, { isTranscriptKept: options.transcript || options.logs, areLogsKept: options.logs })
  for (const line of outcome.transcript) console.log(line)
  console.log(summaryOf(outcome))
  return outcome.failure === null ? 0 : 1
}

async function runMany(from: number, count: number, limitMs: number): Promise<number> {
  const beganMs = performance.now()
  let reportedMs = beganMs
  const changes = options.changes === undefined ? [] : ['--changes', options.changes]
  const { done, commits, epochs, virtualMs, failed } = await runSeries({
    from,
    count,
    scenarioOf,
    jobs: Number(options.jobs),
    program: { path: fileURLToPath(import.meta.url), arguments: ['--worker', ...changes] },
    mayGoOn: () => performance.now() - beganMs < limitMs,
    onProgress: (doneSoFar, upTo) => {
      if (performance.now() - reportedMs < REPORT_INTERVAL_MS) return
      reportedMs = performance.now()
      console.log(`${doneSoFar} seeds, up to ${upTo}, ${rate(doneSoFar, beganMs)}`)
    },
  })
  if (failed !== null) {
    const again = ['npm run sim -- --seed', failed.seed, ...changes].join(' ')
    console.log(failed.summary)
    console.log(`again with its story:  ${again} --transcript`)
    console.log(`shorter:               ${again} --shrink`)
    return 1
  }
  console.log(
    `${done} seeds from ${from} on are well: ${rate(done, beganMs)}, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours, ` +
      `${commits} transactions in ${epochs} epochs`,
  )
  return 0
}

function rate(count: number, beganMs: number): string {
  return `${((count / (performance.now() - beganMs)) * 1000).toFixed(1)} runs/s`
}

async function runShrinker(scenario: Scenario): Promise<number> {
  const { failure } = await simulate(scenario)
  if (failure === null) {
    console.log(`seed ${scenario.seed} is well: there is nothing to shrink`)
    return 0
  }
  const isSame = async (candidate: Scenario): Promise<boolean> => kindOf((await simulate(candidate)).failure) === kindOf(failure)
  const shortest = await shrink(scenario, isSame, SHRINK_RUNS_MAX)
  await writeScenario(shortest)
  return runOne(shortest)
}

async function writeScenario(scenario: Scenario): Promise<void> {
  const { faults, clients } = scenario
  console.log(`${faults.length} faults and ${clients.reduce((sum, plan) => sum + plan.length, 0)} operations are left`)
  const text = JSON.stringify(scenario, null, 1)
  if (options.output === undefined) console.log(text)
  else writeFileSync(options.output, `${text}\n`)
}

/** Failures of one kind are taken for the same mistake. */
function kindOf(failure: Error | null): string {
  if (failure === null) return ''
  return failure instanceof Violation ? failure.invariant : failure.message
}
