// How long @tskeeper/testing takes until a server, or an ensemble, can be used: the first one of a process, whose code nobody has run
// before, and the following ones. Ends with 1 if a median is above what docs/testing.md promises.
//
//   npm run bench:testing

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { startEnsemble, startServer, type TestEnsemble, type TestServer } from '@tskeeper/testing'

interface Subject {
  readonly name: string
  readonly limitMs: number
  readonly start: () => Promise<TestServer | TestEnsemble>
}

const SUBJECTS: readonly Subject[] = [
  { name: 'one server', limitMs: 50, start: () => startServer() },
  { name: 'one server, files', limitMs: 50, start: () => startServer({ disk: 'files' }) },
  { name: 'three servers', limitMs: 300, start: () => startEnsemble(3) },
  { name: 'three servers, files', limitMs: 300, start: () => startEnsemble(3, { disk: 'files' }) },
  { name: 'five servers, two of them observers', limitMs: 300, start: () => startEnsemble(3, { observers: 2 }) },
]

const PROCESSES = 7
const STARTS_PER_PROCESS = 8

/** Starts and ends the subject several times; gives the milliseconds of each start. */
async function measure({ start }: Subject): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < STARTS_PER_PROCESS; i++) {
    const beganMs = performance.now()
    const started = await start()
    times.push(performance.now() - beganMs)
    await started[Symbol.asyncDispose]()
  }
  return times
}

/** The same in a process of its own. */
function measureApart(index: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [String(index)])
    let times: number[] | null = null
    child.on('message', (message) => {
      times = message as number[]
    })
    child.once('error', reject)
    child.once('exit', (code) => (times === null ? reject(new Error(`the process ended with ${code}`)) : resolve(times)))
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(38) + cells.map((cell) => cell.padStart(10)).join('')
}

function figures(times: readonly number[]): string[] {
  return [median(times), Math.max(...times)].map((time) => time.toFixed(1))
}

async function report(): Promise<number> {
  let isSlow = false
  console.log(`Milliseconds until ready, in ${PROCESSES} processes with ${STARTS_PER_PROCESS} starts each`)
  console.log(row('', ['first', 'longest', 'next', 'longest', 'promised']))
  for (const [index, { name, limitMs }] of SUBJECTS.entries()) {
    const runs: number[][] = []
    for (let i = 0; i < PROCESSES; i++) runs.push(await measureApart(index))
    const first = runs.map(([time]) => time ?? Number.NaN)
    const next = runs.flatMap(([, ...times]) => times)
    if (median(first) > limitMs || median(next) > limitMs) isSlow = true
    console.log(row(name, [...figures(first), ...figures(next), `< ${limitMs}`]))
  }
  return isSlow ? 1 : 0
}

const subject = SUBJECTS[Number(process.argv[2] ?? '-1')]
if (subject === undefined) process.exitCode = await report()
else process.send?.(await measure(subject))
