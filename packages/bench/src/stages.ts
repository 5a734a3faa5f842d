/** `node packages/bench/dist/stages.js`: where an ensemble's processor time goes while it is loaded. See docs/benchmarks.md. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runLoadProcess } from './compare/load-process.ts'
import { MeasuredEnsemble } from './compare/measured-ensemble.ts'
import { killAllGroups } from './compare/process-group.ts'
import { type CpuProfile, stageTimes } from './compare/stage-times.ts'

const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
/** Not the bundle: there the profiler could not tell one file of the source from another. */
const SERVER = [join(REPOSITORY, 'packages', 'cli', 'dist', 'main.js'), 'zkServer', join(REPOSITORY, 'bin', 'zkServer.sh')]
const ENSEMBLE_SIZE = 3
const LOAD_TIMEOUT_MS = 300000
const DEFAULT_LOAD = ['--workload', 'set', '--connections', '64', '--window', '32', '--operations', '400000']
const SAMPLE_US = 500

/** The arguments are those of the load, which must be one of so many operations. */
async function main(): Promise<number> {
  const load = process.argv.length > 2 ? process.argv.slice(2) : DEFAULT_LOAD
  const directory = mkdtempSync(join(tmpdir(), 'bench-stages-'))
  try {
    const profiles = join(directory, 'profiles')
    mkdirSync(profiles)
    const command = ['node', '--cpu-prof', `--cpu-prof-interval=${SAMPLE_US}`, `--cpu-prof-dir=${profiles}`, ...SERVER]
    const target = { name: 'tskeeper', command: [...command, 'start-foreground', '{cfg}'] }
    const ensemble = await MeasuredEnsemble.create(target, directory, ENSEMBLE_SIZE)
    await ensemble.startEmpty()
    const [leaderPid] = (await ensemble.leader()).groupIds
    const report = await runLoadProcess(ensemble.address, load, LOAD_TIMEOUT_MS)
    await ensemble.stop()
    if ('failed' in report) throw new Error(report.failed)
    const { operations } = report.outcome
    console.log(`${load.join(' ')}: ${operations} operations, ${report.throughputPerS.toFixed(0)}/s\n`)
    for (const name of readdirSync(profiles)) {
      const role = name.split('.').includes(String(leaderPid)) ? 'leader' : 'follower'
      const profile = JSON.parse(readFileSync(join(profiles, name), 'utf8')) as CpuProfile
      printTable(role, stageTimes(profile), operations)
    }
    return 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function printTable(role: string, times: ReadonlyMap<string, number>, operations: number): void {
  const totalUs = [...times.values()].reduce((sum, us) => sum + us, 0)
  const rows = [...times].sort(([, a], [, b]) => b - a)
  console.log(`| ${role} | us an operation | share |\n| --- | ---: | ---: |`)
  for (const [stage, us] of rows) {
    console.log(`| ${stage} | ${(us / operations).toFixed(2)} | ${((us / totalUs) * 100).toFixed(0)} % |`)
  }
  console.log(`| all | ${(totalUs / operations).toFixed(2)} | |\n`)
}

process.once('exit', killAllGroups)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
process.exitCode = await main()
