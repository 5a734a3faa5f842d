// Faults on a real server process: kills, full disks, silent and hostile clients, crowds.
//
//   npx tsx tests/faults/run.ts [--only NAME] [--except NAME] [--size quick|full] [--rounds N] [--minutes N] [--seed S] [--target ours|apache] [--list]
//
// NAME is a suite, or a part of a case's name; --except leaves out what --only would choose. The same cases run against Apache's server, which
// shows that the tests ask for nothing that a correct server does not do.

import { parseArgs } from 'node:util'
import { ServerStartError, type ServerTarget } from '../support/server-process.ts'
import { ensembleSuite } from './ensemble.ts'
import { ensembleLinksSuite } from './ensemble-links.ts'
import { ensembleMembersSuite } from './ensemble-members.ts'
import { ensembleStormSuite } from './ensemble-storm.ts'
import { fullDiskSuite } from './full-disk.ts'
import { fuzzSuite } from './fuzz.ts'
import { kill9Suite } from './kill9.ts'
import { limitsSuite } from './limits.ts'
import { manySuite } from './many.ts'
import { nonReaderSuite } from './non-reader.ts'
import { SeededRandom } from './seeded-random.ts'
import { silentSuite } from './silent.ts'
import { type FaultCase, type FaultContext, FaultFound, type FaultSuite } from './suite.ts'

const suites: readonly FaultSuite[] = [
  kill9Suite,
  fullDiskSuite,
  silentSuite,
  nonReaderSuite,
  fuzzSuite,
  manySuite,
  limitsSuite,
  ensembleSuite,
  ensembleLinksSuite,
  ensembleMembersSuite,
  ensembleStormSuite,
]

interface Selection {
  readonly target: ServerTarget
  readonly size: 'quick' | 'full'
  readonly only: string | null
  readonly except: string | null
  readonly rounds: number | null
  readonly minutes: number | null
  readonly seed: number
  readonly isListing: boolean
}

function readSelection(): Selection {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      except: { type: 'string' },
      rounds: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      target: { type: 'string', default: 'ours' },
      size: { type: 'string', default: 'full' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  })
  if (values.target !== 'ours' && values.target !== 'apache') throw new Error(`--target is ours or apache, not ${values.target}`)
  const size = values.quick ? 'quick' : values.size
  if (size !== 'quick' && size !== 'full') throw new Error(`--size is quick or full, not ${size}`)
  return {
    target: values.target,
    size,
    only: values.only ?? null,
    except: values.except ?? null,
    rounds: values.rounds === undefined ? null : readCount('--rounds', values.rounds),
    minutes: values.minutes === undefined ? null : readCount('--minutes', values.minutes),
    seed: values.seed === undefined ? Date.now() % 1_000_000 : readCount('--seed', values.seed),
    isListing: values.list,
  }
}

function readCount(option: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`${option} is a whole number, not ${text}`)
  return count
}

async function main(): Promise<number> {
  const selection = readSelection()
  const selected = suites.flatMap((suite) => suite.cases.map((faultCase) => ({ suite, faultCase }))).filter(isSelected)
  function isSelected({ suite, faultCase }: { suite: FaultSuite; faultCase: FaultCase }): boolean {
    if (faultCase.only !== undefined && faultCase.only !== selection.target) return false
    if (selection.except !== null && isCalled(suite, faultCase, selection.except)) return false
    return selection.only === null || isCalled(suite, faultCase, selection.only)
  }
  if (selected.length === 0) throw new Error(`no case is called ${selection.only}`)
  if (selection.isListing) {
    for (const { suite, faultCase } of selected) console.log(`${suite.name}: ${faultCase.name}`)
    return 0
  }
  console.log(`target ${selection.target}, size ${selection.size}, seed ${selection.seed}`)
  let passed = 0
  let failed = 0
  for (const { suite, faultCase } of selected) {
    const startedMs = performance.now()
    const context: FaultContext = {
      ...selection,
      random: new SeededRandom(selection.seed).fork(faultCase.name),
      progress: (line) => console.error(`     ${suite.name}: ${line}`),
    }
    try {
      const figures = await faultCase.run(context)
      console.log(`ok   ${suite.name}: ${faultCase.name} (${seconds(startedMs)}): ${figures}`)
      passed++
    } catch (error) {
      console.log(`FAIL ${suite.name}: ${faultCase.name} (${seconds(startedMs)}, seed ${selection.seed}): ${describe(error)}`)
      failed++
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** A name is that of a suite, or a part of a case's. */
function isCalled(suite: FaultSuite, faultCase: FaultCase, name: string): boolean {
  const isSuite = suites.some((each) => each.name === name)
  return isSuite ? suite.name === name : faultCase.name.includes(name)
}

function seconds(startedMs: number): string {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error instanceof FaultFound || error instanceof ServerStartError ? error.message : (error.stack ?? error.message)
}

process.exitCode = await main()
// Sockets and timers of a failed case must not keep the run alive.
process.exit()
