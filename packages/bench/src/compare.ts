/** `npm run bench:compare`: two servers side by side, in one run on one machine. See docs/benchmarks.md. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shellWords, UsageError } from './command-line.ts'
import { COMPARE_USAGE, type CompareOptions, parseCompareOptions } from './compare/compare-options.ts'
import { type Comparison, comparisonTables, failures } from './compare/comparison-report.ts'
import { compareEnsembleLife, ensembleLifeRowNames } from './compare/ensemble-life.ts'
import { compareLifeCycle, type LifeRow, lifeRowNames } from './compare/life-cycle.ts'
import { compareLoads, type LoadPair } from './compare/load-comparison.ts'
import { fileSystemOf, machineFacts } from './compare/machine-facts.ts'
import { ENSEMBLE_BLOCK, replaceBlock, SERVER_BLOCK } from './compare/markdown-block.ts'
import { MeasuredEnsemble } from './compare/measured-ensemble.ts'
import { type LoadedServer, MeasuredServer } from './compare/measured-server.ts'
import { killAllGroups } from './compare/process-group.ts'
import { ensembleRows, type LoadRow, loadRows } from './compare/rows.ts'
import { checkTarget, parseTarget, type Target } from './compare/target.ts'

/** File systems in memory, where a sync is free and no figure of a write means anything. */
const MEMORY_FILE_SYSTEMS: readonly string[] = ['tmpfs', 'ramfs']

async function main(): Promise<number> {
  const argv = process.argv.slice(2)
  if (argv.includes('--help')) {
    console.log(COMPARE_USAGE)
    return 0
  }
  if (process.platform !== 'linux') throw new UsageError('the comparison reads /proc: it runs on Linux only')
  const options = parseCompareOptions(argv)
  const allRows = options.ensembleSize === null ? loadRows(options.isQuick) : ensembleRows()
  const lifeNames = options.ensembleSize === null ? lifeRowNames(options.nodes) : ensembleLifeRowNames(options.nodes)
  if (options.isList) {
    console.log([...allRows.map((row) => row.name), ...lifeNames].join('\n'))
    return 0
  }
  const rows = allRows.filter((row) => options.only === null || options.only.test(row.name))
  const targets: readonly [Target, Target] = [parseTarget(options.a), parseTarget(options.b)]
  for (const target of targets) checkTarget(target)
  mkdirSync(options.directory, { recursive: true })
  const fileSystem = fileSystemOf(options.directory)
  if (MEMORY_FILE_SYSTEMS.includes(fileSystem)) {
    throw new UsageError(`--directory ${options.directory} is on ${fileSystem}, where nothing reaches a disk: name another`)
  }
  const command = `npm run bench:compare -- ${shellWords(argv)}`.replace(/ -- $/, '')
  const result = await compare(options, targets, rows, command).finally(() => {
    if (options.isTemporary) rmSync(options.directory, { recursive: true, force: true })
  })
  const text = comparisonTables(result, allRows)
  console.log(text)
  if (options.markdownPath !== null) {
    const marks = options.ensembleSize === null ? SERVER_BLOCK : ENSEMBLE_BLOCK
    writeFileSync(options.markdownPath, replaceBlock(readFileSync(options.markdownPath, 'utf8'), text, marks))
  }
  const failed = failures(result)
  for (const line of failed) console.error(`FAILED: ${line}`)
  return failed.length === 0 ? 0 : 2
}

async function compare(
  options: CompareOptions,
  targets: readonly [Target, Target],
  rows: readonly LoadRow[],
  command: string,
): Promise<Comparison> {
  const [a, b] = targets
  // Two targets of the same kind, which show the noise of the method, need names of their own.
  const names = a.name === b.name ? { a: `${a.name} (A)`, b: `${b.name} (B)` } : { a: a.name, b: b.name }
  const machine = machineFacts(options.directory)
  const made = (pairs: readonly LoadPair[], life: readonly LifeRow[]): Comparison => ({
    machine,
    command,
    ...names,
    durationS: options.durationS,
    repeats: options.repeats,
    ensembleSize: options.ensembleSize,
    pairs,
    life,
  })
  const save = (result: Comparison): void => {
    if (options.outPath !== null) writeFileSync(options.outPath, `${JSON.stringify(result, null, 1)}\n`)
  }
  const log = (line: string): void => console.error(line)
  let pairs: readonly LoadPair[] = []
  const named = [
    { ...a, name: names.a },
    { ...b, name: names.b },
  ] as const
  const run = (first: LoadedServer, second: LoadedServer): Promise<LoadPair[]> =>
    compareLoads(first, second, rows, { ...options, log, save: (some) => save(made(some, [])) })
  let life: readonly LifeRow[]
  if (options.ensembleSize === null) {
    if (rows.length > 0) pairs = await withBothServers(options, named, run)
    life = await compareLifeCycle(...named, { ...options, repeats: options.lifeRepeats, log })
  } else {
    const ensembles = await createEnsembles(options, named, options.ensembleSize)
    if (rows.length > 0) pairs = await withBothEnsembles(ensembles, run)
    life = await compareEnsembleLife(ensembles, { ...options, log })
  }
  const result = made(pairs, life)
  save(result)
  return result
}

/** Runs something while both servers are up. */
async function withBothServers<T>(
  options: CompareOptions,
  [a, b]: readonly [Target, Target],
  run: (a: MeasuredServer, b: MeasuredServer) => Promise<T>,
): Promise<T> {
  const servers = [
    await MeasuredServer.create(a, join(options.directory, 'a')),
    await MeasuredServer.create(b, join(options.directory, 'b')),
  ] as const
  try {
    for (const server of servers) {
      server.clear()
      await server.start()
    }
    return await run(...servers)
  } finally {
    for (const server of servers) {
      await server.stop()
      server.clear()
    }
  }
}

async function createEnsembles(
  options: CompareOptions,
  [a, b]: readonly [Target, Target],
  size: number,
): Promise<readonly [MeasuredEnsemble, MeasuredEnsemble]> {
  return [
    await MeasuredEnsemble.create(a, join(options.directory, 'a'), size),
    await MeasuredEnsemble.create(b, join(options.directory, 'b'), size),
  ]
}

/** Runs something while both ensembles are up. */
async function withBothEnsembles<T>(
  ensembles: readonly [MeasuredEnsemble, MeasuredEnsemble],
  run: (a: MeasuredEnsemble, b: MeasuredEnsemble) => Promise<T>,
): Promise<T> {
  try {
    for (const ensemble of ensembles) await ensemble.startEmpty()
    return await run(...ensembles)
  } finally {
    for (const ensemble of ensembles) {
      await ensemble.stop()
      ensemble.clear()
    }
  }
}

process.once('exit', killAllGroups)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${COMPARE_USAGE}`)
  process.exitCode = 1
}
