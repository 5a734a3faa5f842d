import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { numberOption, type OptionValues, realFrom, textOption, UsageError, wholeFrom } from '../command-line.ts'

/** What to compare, and how thoroughly. */
export interface CompareOptions {
  readonly a: string
  readonly b: string
  readonly only: RegExp | null
  readonly repeats: number
  readonly lifeRepeats: number
  readonly durationS: number
  readonly warmupS: number
  readonly primeS: number
  readonly nodes: number
  readonly snapshotLoadS: number
  readonly isQuick: boolean
  /** Members of the ensembles that are compared; null compares single servers. */
  readonly ensembleSize: number | null
  /** How often a leader is killed while nobody writes. */
  readonly idleKills: number
  /** How often a leader and a follower are killed under load. */
  readonly loadedKills: number
  readonly directory: string
  /** The directory is a fresh one of this run, and goes with it. */
  readonly isTemporary: boolean
  readonly outPath: string | null
  readonly markdownPath: string | null
  readonly isList: boolean
}

/** What `--help` prints. */
export const COMPARE_USAGE = `usage: bench:compare [options]

Runs two servers (or two ensembles) side by side on the loopback, loads them in turn, and prints their ratios with the goals.

  --ensemble N      compares ensembles of N servers, and how they survive the death of a member
  --only REGEX      rows whose name matches; --list prints the names
  --repeat N        pairs per row (5)
  --duration S      of each measured interval (5), after --warmup S (2)
  --quick           everything once and short: does it work at all?
  --nodes N         znodes of the rows about memory and starting (1000000; ensembles 100000)
  --a, --b TARGET   apache (--a), ours (--b), or 'cmd:PROGRAM ARGUMENTS {cfg}'; twice the same
                    target shows the noise of the method
  --directory DIR   where the servers keep their data (the system's temporary directory)
  --out FILE        everything measured, as JSON
  --markdown FILE   puts the tables into this page, between its marks or at its end`

const FULL = {
  repeats: 5,
  lifeRepeats: 3,
  durationS: 5,
  warmupS: 2,
  primeS: 10,
  nodes: 1000000,
  snapshotLoadS: 20,
  idleKills: 10,
  loadedKills: 5,
}
const ENSEMBLE_NODES = 100000
const QUICK = {
  repeats: 1,
  lifeRepeats: 1,
  durationS: 1,
  warmupS: 0.5,
  primeS: 1,
  nodes: 50000,
  snapshotLoadS: 6,
  idleKills: 2,
  loadedKills: 1,
}

/** Reads the command line of the comparison; throws a `UsageError` that says what is wrong. */
export function parseCompareOptions(argv: readonly string[]): CompareOptions {
  const values = parse(argv)
  const isQuick = values['quick'] === true
  const defaults = isQuick ? QUICK : FULL
  const ensembleSize = numberOption(values, 'ensemble', null, { min: 3, max: 9, isInteger: true })
  const repeats = numberOption(values, 'repeat', defaults.repeats, wholeFrom(1))
  return {
    a: textOption(values, 'a', 'apache'),
    b: textOption(values, 'b', 'ours'),
    only: pattern(textOption(values, 'only', null)),
    repeats,
    lifeRepeats: Math.min(repeats, defaults.lifeRepeats),
    durationS: numberOption(values, 'duration', defaults.durationS, realFrom(0.1)),
    warmupS: numberOption(values, 'warmup', defaults.warmupS, realFrom(0)),
    primeS: defaults.primeS,
    nodes: numberOption(values, 'nodes', ensembleSize === null ? defaults.nodes : ENSEMBLE_NODES, wholeFrom(1000)),
    ensembleSize,
    idleKills: defaults.idleKills,
    loadedKills: defaults.loadedKills,
    snapshotLoadS: defaults.snapshotLoadS,
    isQuick,
    directory: textOption(values, 'directory', join(tmpdir(), `bench-compare-${process.pid}`)),
    isTemporary: values['directory'] === undefined,
    outPath: textOption(values, 'out', null),
    markdownPath: textOption(values, 'markdown', null),
    isList: values['list'] === true,
  }
}

function parse(argv: readonly string[]): OptionValues {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    const options = {
      only: text,
      repeat: text,
      duration: text,
      warmup: text,
      nodes: text,
      a: text,
      b: text,
      ensemble: text,
    } as const
    const places = { directory: text, out: text, markdown: text, quick: flag, list: flag } as const
    return parseArgs({ args: [...argv], options: { ...options, ...places } }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function pattern(text: string | null): RegExp | null {
  if (text === null) return null
  try {
    return new RegExp(text, 'i')
  } catch (error) {
    throw new UsageError(`--only ${text}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
