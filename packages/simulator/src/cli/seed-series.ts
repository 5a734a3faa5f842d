// Many seeds, one after the other or by several processes at once. A process of its own is told to run some seeds in a row, says what came of
// them, and is told the next: so no processor waits for another.

import { type ChildProcess, fork } from 'node:child_process'
import { simulate } from '../run/simulation.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { summaryOf } from './summary.ts'

/** Seeds that a process is told to run at a time: a second of work. */
const ROW_LENGTH = 20

/** What came of some seeds in a row, which is sent from process to process. */
export interface RowOutcome {
  readonly from: number
  /** Seeds that were run: all of them, or those up to the first that went wrong. */
  readonly done: number
  readonly commits: number
  readonly epochs: number
  readonly virtualMs: number
  /** The first that went wrong, null for none. */
  readonly failed: { readonly seed: number; readonly summary: string } | null
}

/** Runs some seeds in this process. */
export async function runRow(from: number, count: number, scenarioOf: (seed: number) => Scenario): Promise<RowOutcome> {
  let [commits, epochs, virtualMs] = [0, 0, 0]
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await simulate(scenarioOf(seed))
    commits += outcome.committedCount
    epochs += outcome.epochCount
    virtualMs += outcome.virtualMs
    if (outcome.failure === null) continue
    return { from, done: seed - from + 1, commits, epochs, virtualMs, failed: { seed, summary: summaryOf(outcome) } }
  }
  return { from, done: count, commits, epochs, virtualMs, failed: null }
}

/** What runs rows: this process, or another. */
type Runner = (from: number, count: number) => Promise<RowOutcome>

export interface SeriesOptions {
  readonly from: number
  readonly count: number
  /** Asked before each row: false ends the series. */
  readonly mayGoOn: () => boolean
  readonly onProgress: (done: number, upTo: number) => void
  readonly scenarioOf: (seed: number) => Scenario
  /** Processes that run at once; with one it is this one. */
  readonly jobs: number
  /** What another process is to be started with. */
  readonly program: { readonly path: string; readonly arguments: readonly string[] }
}

/** Runs seeds until they are done or one goes wrong; of several that go wrong at once the first is told. */
export async function runSeries(options: SeriesOptions): Promise<RowOutcome> {
  const { from, scenarioOf, jobs } = options
  const children: ChildProcess[] = []
  const runners: Runner[] = []
  if (jobs <= 1) runners.push((first, length) => runRow(first, length, scenarioOf))
  else for (let i = 0; i < jobs; i++) runners.push(runnerOf(startChild(options, children)))
  const sum = { from, done: 0, commits: 0, epochs: 0, virtualMs: 0, failed: null as RowOutcome['failed'] }
  let next = from
  const work = async (run: Runner): Promise<void> => {
    while (next < from + options.count && sum.failed === null && options.mayGoOn()) {
      const first = next
      next = Math.min(first + ROW_LENGTH, from + options.count)
      add(sum, await run(first, next - first))
      options.onProgress(sum.done, next - 1)
    }
  }
  try {
    await Promise.all(runners.map(work))
  } finally {
    for (const child of children) child.disconnect()
  }
  return sum
}

function add(sum: { -readonly [K in keyof RowOutcome]: RowOutcome[K] }, row: RowOutcome): void {
  sum.done += row.done
  sum.commits += row.commits
  sum.epochs += row.epochs
  sum.virtualMs += row.virtualMs
  if (row.failed !== null && (sum.failed === null || row.failed.seed < sum.failed.seed)) sum.failed = row.failed
}

function startChild({ program }: SeriesOptions, children: ChildProcess[]): ChildProcess {
  const child = fork(program.path, [...program.arguments])
  children.push(child)
  return child
}

function runnerOf(child: ChildProcess): Runner {
  return (from, count) =>
    new Promise((resolve, reject) => {
      const ended = (code: number | null): void =>
        reject(new Error(`a process that ran the seeds from ${from} on ended with ${code}`))
      child.once('exit', ended)
      child.once('message', (message) => {
        child.off('exit', ended)
        resolve(message as RowOutcome)
      })
      child.send({ from, count })
    })
}

/** Serves the process that has started this one, until that one is done. */
export function serveSeries(scenarioOf: (seed: number) => Scenario): void {
  process.on('message', (message) => {
    const { from, count } = message as { readonly from: number; readonly count: number }
    void runRow(from, count, scenarioOf).then((row) => process.send?.(row))
  })
}
