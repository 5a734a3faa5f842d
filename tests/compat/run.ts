/**
 * Plays the same cases with software that other people wrote against our server and against Apache's, and compares what they saw.
 *
 *   npx tsx tests/compat/run.ts [--only <text>] [--target ours|apache|both] [--apache <line>]
 *     [--seed <number>] [--steps <number>] [--list] [--verbose]
 *
 * `--only` takes a part of a suite's name; `--seed` and `--steps` are for the suite that draws its requests by chance. `--apache 3.9` takes
 * the newest release of that line, which Maven fetches, in place of Debian's 3.8; where it cannot be had that is said, and nothing runs.
 * Exit code 0 only if every case passed and the two servers agree.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ServerTarget } from '../support/server-process.ts'
import { fetchApacheRelease } from './apache-release.ts'
import { expectedDifferences } from './expected-differences.ts'
import { type CaseResult, canonicalJson, type Suite } from './suite.ts'
import { cClientSuite } from './suites/c-client.ts'
import { dataDirectoriesSuite } from './suites/data-directories.ts'
import { differentialSuite } from './suites/differential.ts'
import { electionSuite } from './suites/election.ts'
import { javaClientSuite } from './suites/java-client.ts'
import { kazooSuite } from './suites/kazoo.ts'
import { mixedEnsembleSuite } from './suites/mixed-ensemble.ts'
import { mixedRolesSuite } from './suites/mixed-ensemble-roles.ts'
import { mixedSessionsSuite } from './suites/mixed-ensemble-sessions.ts'
import { nodeClientSuite } from './suites/node-client.ts'
import { ourShellSuite } from './suites/our-shell.ts'
import { protocolSuite } from './suites/protocol.ts'
import { zkCliSuite } from './suites/zk-cli.ts'

const suites: readonly Suite[] = [
  protocolSuite,
  differentialSuite,
  zkCliSuite,
  ourShellSuite,
  kazooSuite,
  cClientSuite,
  javaClientSuite,
  nodeClientSuite,
  dataDirectoriesSuite,
  electionSuite,
  mixedEnsembleSuite,
  mixedRolesSuite,
  mixedSessionsSuite,
]

interface Tally {
  passed: number
  failed: number
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    target: { type: 'string', default: 'both' },
    apache: { type: 'string' },
    seed: { type: 'string' },
    steps: { type: 'string' },
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})

process.exitCode = await main()

async function main(): Promise<number> {
  const targets = targetsOf(values.target)
  const chosen = suites.filter((suite) => values.only === undefined || suite.name.includes(values.only))
  if (chosen.length === 0) {
    console.error(`no suite's name contains "${values.only}"; there are ${suites.map((suite) => suite.name).join(', ')}`)
    return 2
  }
  if (values.list) {
    for (const suite of chosen) console.log(`${suite.name}: ${suite.purpose}`)
    return 0
  }
  const missing = missingSoftware(chosen)
  if (missing.length > 0) {
    for (const message of missing) console.error(message)
    return 1
  }
  if (values.apache !== undefined && !useRelease(values.apache)) return 0
  const tally: Tally = { passed: 0, failed: 0 }
  for (const suite of chosen) await runSuite(suite, targets, tally)
  console.log(`${tally.passed} passed, ${tally.failed} failed`)
  return tally.failed === 0 ? 0 : 1
}

/** From now on Apache's servers are of that release. False if it cannot be had. */
function useRelease(line: string): boolean {
  const release = fetchApacheRelease(line)
  if ('problem' in release) {
    console.log(`NOT RUN: a release ${line} of Apache's server cannot be had here: ${release.problem}`)
    return false
  }
  process.env['APACHE_CLASS_PATH'] = release.classPath
  console.log(`Apache's servers are of release ${release.version}`)
  return true
}

function targetsOf(text: string): readonly ServerTarget[] {
  // Apache's server goes first: when it fails a case, the case is wrong.
  if (text === 'both') return ['apache', 'ours']
  if (text === 'ours' || text === 'apache') return [text]
  console.error(`--target ${text}: it is ours, apache or both`)
  process.exit(2)
}

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text)
}

function missingSoftware(chosen: readonly Suite[]): string[] {
  const messages = new Set<string>()
  for (const suite of chosen) {
    for (const { file, debianPackage } of suite.software) {
      if (existsSync(file)) continue
      messages.add(`${file} is missing, and the suite ${suite.name} needs it: apt-get install ${debianPackage}`)
    }
  }
  return [...messages]
}

async function runSuite(suite: Suite, targets: readonly ServerTarget[], tally: Tally): Promise<void> {
  const results = new Map<ServerTarget, readonly CaseResult[]>()
  const possible = targets.filter((target) => suite.targets?.includes(target) ?? true)
  for (const target of possible) results.set(target, await runSuiteOn(suite, target, tally))
  const apache = results.get('apache')
  const ours = results.get('ours')
  if (apache !== undefined && ours !== undefined) compareResults(suite, apache, ours, tally)
}

async function runSuiteOn(suite: Suite, target: ServerTarget, tally: Tally): Promise<readonly CaseResult[]> {
  const directory = mkdtempSync(join(tmpdir(), `tskeeper-compat-${suite.name}-`))
  const results: CaseResult[] = []
  const report = (result: CaseResult): void => {
    results.push(result)
    printLine(tally, target, suite, result.isOk, result.name, result.detail)
    if (values.verbose) console.log(`         ${canonicalJson(result.observed)}`)
  }
  try {
    await suite.run({ target, directory, seed: numberOf(values.seed), steps: numberOf(values.steps), report })
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    report({ name: 'the suite runs to its end', isOk: false, detail, observed: null })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return results
}

/** Cases that failed on one side are told already; of those that passed on both, what they saw must be the same. */
function compareResults(suite: Suite, apache: readonly CaseResult[], ours: readonly CaseResult[], tally: Tally): void {
  const oursByName = new Map(ours.map((result) => [result.name, result]))
  const differing = new Set<string>()
  for (const theirs of apache) {
    const mine = oursByName.get(theirs.name)
    if (mine === undefined) {
      printLine(tally, 'both', suite, false, theirs.name, 'the case ran against Apache only')
      continue
    }
    if (!theirs.isOk || !mine.isOk) continue
    const theirText = canonicalJson(theirs.observed)
    const myText = canonicalJson(mine.observed)
    if (theirText === myText) {
      tally.passed++
      continue
    }
    const bareName = withoutRows(theirs.name)
    differing.add(bareName)
    const expected = expectedDifferences.find((entry) => entry.suite === suite.name && entry.caseName === bareName)
    if (expected === undefined) printLine(tally, 'both', suite, false, theirs.name, firstDifference(theirText, myText))
    else printLine(tally, 'both', suite, true, `${theirs.name} (differs as expected: ${expected.reason})`, '')
  }
  for (const entry of expectedDifferences) {
    if (entry.suite !== suite.name || differing.has(entry.caseName)) continue
    printLine(tally, 'both', suite, false, entry.caseName, 'a difference is expected here and there is none')
  }
}

function withoutRows(name: string): string {
  return name.replace(/^(A\d+ )*A\d+: /, '')
}

function firstDifference(theirs: string, mine: string): string {
  let at = 0
  while (at < theirs.length && theirs[at] === mine[at]) at++
  const from = Math.max(0, at - 120)
  return `the servers differ\n  apache: ...${theirs.slice(from, at + 280)}\n  ours:   ...${mine.slice(from, at + 280)}`
}

function printLine(tally: Tally, who: string, suite: Suite, isOk: boolean, name: string, detail: string): void {
  if (isOk) tally.passed++
  else tally.failed++
  console.log(`${who.padEnd(6)} ${isOk ? 'ok  ' : 'FAIL'} ${suite.name}: ${name}`)
  if (!isOk && detail !== '') console.log(detail.replaceAll(/^/gm, '         '))
}
