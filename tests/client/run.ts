// The client and the recipes on connections that break, while every promise that they make is checked:
//
//   npm run test:client -- [--only NAME] [--target ours|apache] [--operations N] [--grants N] [--terms N] [--seed S]
//
// NAME is one of apache, chaos, locks and elections. `apache` runs the tests of the client and of the recipes against Apache's server, with the
// same assertions as against ours, where they run with all other tests.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SeededRandom } from '../faults/seeded-random.ts'
import { removeServerDirectory, type ServerTarget, startServer } from '../support/server-process.ts'
import { runChaos } from './chaos.ts'
import { runElections } from './elections.ts'
import { Finding } from './findings.ts'
import { runLocks } from './locks.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const SUITES = ['apache', 'chaos', 'locks', 'elections'] as const

interface Selection {
  readonly only: string | null
  readonly target: ServerTarget
  readonly operations: number
  readonly grants: number
  readonly terms: number
  readonly seed: number
}

function readSelection(): Selection {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      target: { type: 'string', default: 'ours' },
      operations: { type: 'string', default: '100000' },
      grants: { type: 'string', default: '10000' },
      terms: { type: 'string', default: '500' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  })
  const { only = null, target } = values
  if (target !== 'ours' && target !== 'apache') throw new Error(`--target is ours or apache, not ${target}`)
  if (only !== null && !SUITES.some((suite) => suite === only))
    throw new Error(`--only is one of ${SUITES.join(', ')}, not ${only}`)
  return {
    only,
    target,
    operations: readCount('--operations', values.operations),
    grants: readCount('--grants', values.grants),
    terms: readCount('--terms', values.terms),
    seed: readCount('--seed', values.seed),
  }
}

function readCount(option: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${option} is a positive whole number, not ${text}`)
  return count
}

async function runAgainstApache(): Promise<string> {
  await runTests(['tests/integration/client'], { TSKEEPER_TARGET: 'apache' })
  const config = { tickTime: 200, maxSessionTimeout: 60_000, extendedTypesEnabled: 'true', forceSync: 'no' }
  const apache = await startServer({ target: 'apache', config })
  try {
    await runTests(['packages/recipes/test'], { TSKEEPER_TEST_SERVER: `127.0.0.1:${apache.port}` })
  } finally {
    await apache.kill()
    removeServerDirectory(apache.directory)
  }
  return 'the tests of the client and of the recipes hold there, too'
}

function runTests(paths: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  const vitest = join(REPOSITORY, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', '--reporter=dot', ...paths], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Finding(`the tests of ${paths.join(' ')} failed with ${JSON.stringify(environment)}`))
    })
  })
}

function runSuite(suite: (typeof SUITES)[number], { target, operations, grants, terms, seed }: Selection): Promise<string> {
  const random = new SeededRandom(seed).fork(suite)
  switch (suite) {
    case 'apache':
      return runAgainstApache()
    case 'chaos':
      return runChaos({ target, operations, random })
    case 'locks':
      return runLocks({ target, grants, random })
    case 'elections':
      return runElections({ target, terms, random })
  }
}

async function main(): Promise<number> {
  const selection = readSelection()
  console.log(`target ${selection.target}, seed ${selection.seed}`)
  let failed = 0
  for (const suite of SUITES) {
    if (selection.only !== null && selection.only !== suite) continue
    const startedMs = performance.now()
    const seconds = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`
    try {
      const figures = await runSuite(suite, selection)
      console.log(`ok   ${suite} (${seconds()}): ${figures}`)
    } catch (error) {
      console.log(`FAIL ${suite} (${seconds()}, seed ${selection.seed}): ${describe(error)}`)
      failed += 1
    }
  }
  return failed === 0 ? 0 : 1
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error instanceof Finding ? error.message : (error.stack ?? error.message)
}

process.exitCode = await main()
// Sockets and timers of a failed suite must not keep the run alive.
process.exit()
