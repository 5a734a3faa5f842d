import type { LifeRow } from './life-cycle.ts'
import type { LoadPair } from './load-comparison.ts'
import type { MachineFacts } from './machine-facts.ts'
import { figure, type LoadResult, type MeasuredLoad } from './measured-load.ts'
import type { LoadRow } from './rows.ts'
import { ratioOf, type Spread, short, spreadOf, spreadText } from './statistics.ts'

/** Everything that a comparison measured, as it goes into the file of `--out`. */
export interface Comparison {
  readonly machine: MachineFacts
  /** The command line, so that it can be repeated. */
  readonly command: string
  readonly a: string
  readonly b: string
  readonly durationS: number
  readonly repeats: number
  /** Members of the ensembles; null when single servers were compared. */
  readonly ensembleSize: number | null
  readonly pairs: readonly LoadPair[]
  readonly life: readonly LifeRow[]
}

/** Above this the generator was the limit, so the server might have done more. */
const GENERATOR_LIMIT = 0.85
const LIMIT_MARK = ' (g)'

/** The tables, in Markdown, which reads well enough on a terminal. */
export function comparisonTables(comparison: Comparison, rows: readonly LoadRow[]): string {
  const subject = comparison.ensembleSize === null ? '' : `ensembles of ${comparison.ensembleSize} servers, `
  const parts = [
    [
      `Machine: ${comparison.machine.cores} x ${comparison.machine.processor}, ${comparison.machine.memoryGb} GB, Linux ${comparison.machine.kernel}, ` +
        `${comparison.machine.fileSystem}; Node ${comparison.machine.node}; ${comparison.machine.java}.`,
      `Measured on ${comparison.machine.date}: ${subject}${comparison.repeats} pairs of ${comparison.durationS} s; command: \`${comparison.command}\`.`,
    ].join('\n'),
  ]
  const measured = rows.filter((row) => comparison.pairs.some((pair) => pair.name === row.name))
  if (measured.length > 0) {
    parts.push(throughputTable(comparison, measured), latencyTable(comparison, measured), costTable(comparison, measured))
    const roofed = measured.filter((row) => row.hasEcho)
    if (roofed.length > 0) parts.push(rooflineTable(comparison, roofed))
  }
  if (comparison.life.length > 0) parts.push(lifeTable(comparison))
  return parts.join('\n\n')
}

/** Loads that failed or were refused, one line each. */
export function failures(comparison: Comparison): string[] {
  const lines: string[] = []
  for (const pair of comparison.pairs) {
    const results: [string, LoadResult | null][] = [
      [comparison.a, pair.a],
      [comparison.b, pair.b],
      ['echo', pair.echo],
    ]
    for (const [name, result] of results) {
      if (result !== null && 'failed' in result) lines.push(`${pair.name}, ${name}: ${result.failed}`)
    }
  }
  return lines
}

const throughput = (load: MeasuredLoad): number => load.report.throughputPerS
const p50 = (load: MeasuredLoad): number => load.report.outcome.latencyUs.p50
const p99 = (load: MeasuredLoad): number => load.report.outcome.latencyUs.p99
const cpu = (load: MeasuredLoad): number => load.cpuUsPerOperation
const memory = (load: MeasuredLoad): number => load.rssMb
const utilisation = (load: MeasuredLoad): number => load.report.outcome.generator.utilisation

/** The median of the rounds' times. */
function allTold(load: MeasuredLoad): number | null {
  return spreadOf(load.report.allToldMs ?? [])?.median ?? null
}

function throughputTable(comparison: Comparison, rows: readonly LoadRow[]): string {
  const lines = rows.map((row) => {
    const pairs = pairsOf(comparison, row)
    const isTold = row.goals.allTold !== null
    const pick = isTold ? allTold : throughput
    const goal = isTold ? atMost(row.goals.allTold) : atLeast(row.goals.throughput)
    const ratio = ratios(pairs, pick)
    const isReached = isTold ? reaches(ratio, row.goals.allTold, 'most') : reaches(ratio, row.goals.throughput, 'least')
    const name = isTold ? `${row.name}, ms until all are told` : row.name
    return [name, side(pairs, 'b', pick), side(pairs, 'a', pick), spreadText(ratio), goal, isReached, failureCount(pairs)]
  })
  const head = ['workload', `${comparison.b} op/s`, `${comparison.a} op/s`, 'ratio', 'goal', 'reached', 'failed']
  return table('Throughput', head, lines)
}

function latencyTable(comparison: Comparison, rows: readonly LoadRow[]): string {
  const lines = rows.map((row) => {
    const pairs = pairsOf(comparison, row)
    const ratio = ratios(pairs, p99)
    return [
      row.name,
      middle(pairs, 'b', p50),
      middle(pairs, 'a', p50),
      spreadText(ratios(pairs, p50)),
      middle(pairs, 'b', p99),
      middle(pairs, 'a', p99),
      spreadText(ratio),
      atMost(row.goals.p99),
      reaches(ratio, row.goals.p99, 'most'),
    ]
  })
  const { a, b } = comparison
  const head = ['workload', `${b} p50 us`, `${a} p50 us`, 'ratio', `${b} p99 us`, `${a} p99 us`, 'p99 ratio', 'goal', 'reached']
  return table('Latency', head, lines)
}

function costTable(comparison: Comparison, rows: readonly LoadRow[]): string {
  const lines = rows.map((row) => {
    const pairs = pairsOf(comparison, row)
    return [
      row.name,
      middle(pairs, 'b', cpu),
      middle(pairs, 'a', cpu),
      spreadText(ratios(pairs, cpu)),
      middle(pairs, 'b', memory),
      middle(pairs, 'a', memory),
      spreadText(ratios(pairs, memory)),
      `${middle(pairs, 'b', utilisation)}, ${middle(pairs, 'a', utilisation)}`,
      `${middle(pairs, 'b', (load) => load.foreignCores)}, ${middle(pairs, 'a', (load) => load.foreignCores)}`,
    ]
  })
  const { a, b } = comparison
  const head = [
    'workload',
    `${b} CPU us/op`,
    `${a} CPU us/op`,
    'ratio',
    `${b} RSS MB`,
    `${a} RSS MB`,
    'ratio',
    'generator cores',
    'foreign cores',
  ]
  return table('Cost to the server', head, lines)
}

function rooflineTable(comparison: Comparison, rows: readonly LoadRow[]): string {
  const lines: string[][] = []
  for (const row of rows) {
    const pairs = pairsOf(comparison, row)
    if (row.goals.echoShare !== null) {
      const share = ratioOf(pairs.map((pair) => [figure(pair.b, throughput), figure(pair.echo, throughput)]))
      const reached = reaches(share, row.goals.echoShare, 'least')
      const echo =
        spreadText(spreadOf(numbers(pairs.map((pair) => figure(pair.echo, throughput))))) +
        limitMark(pairs.map((pair) => pair.echo))
      lines.push([
        `${row.name}, op/s`,
        side(pairs, 'b', throughput),
        echo,
        spreadText(share),
        atLeast(row.goals.echoShare),
        reached,
      ])
    }
    if (row.goals.floorRatio !== null) lines.push(...floorLines(row, pairs))
  }
  return table('Against the limits of sockets and disk', ['what', comparison.b, 'limit', 'ratio', 'goal', 'reached'], lines)
}

/** p50 over the sum of what the sockets and the disk take for themselves; judged with the growing file, as a log without preallocation would be. */
function floorLines(row: LoadRow, pairs: readonly LoadPair[]): string[][] {
  return (['append', 'preallocated'] as const).map((mode) => {
    const floors = pairs.map((pair) => {
      const echoUs = figure(pair.echo, p50)
      return echoUs === null || pair.disk === null ? null : echoUs + pair.disk[mode].p50
    })
    const ratio = ratioOf(pairs.map((pair, index) => [figure(pair.b, p50), floors[index] ?? null]))
    const isJudged = mode === 'append'
    return [
      `${row.name}, p50 us; echo + disk (${mode})`,
      side(pairs, 'b', p50),
      spreadText(spreadOf(numbers(floors))),
      spreadText(ratio),
      isJudged ? atMost(row.goals.floorRatio) : '',
      isJudged ? reaches(ratio, row.goals.floorRatio, 'most') : '',
    ]
  })
}

function lifeTable(comparison: Comparison): string {
  const lines = comparison.life.map((row) => {
    const ratio = ratioOf(row.b.map((value, index) => [value, row.a[index] ?? null]))
    const own = spreadOf(numbers(row.b))
    const judged = row.goal?.kind === 'absolute' ? own : ratio
    return [
      `${row.name}, ${row.unit}`,
      spreadText(own),
      spreadText(spreadOf(numbers(row.a))),
      spreadText(ratio),
      row.goal === null ? '' : row.goal.kind === 'absolute' ? `< ${row.goal.most} ${row.unit}` : atMost(row.goal.most),
      // A pause that came once is a pause: here the worst value decides.
      row.goal?.kind === 'absolute'
        ? verdict(own === null ? null : own.max < row.goal.most)
        : reaches(judged, row.goal?.most ?? null, 'most'),
    ]
  })
  const title = comparison.ensembleSize === null ? 'Life cycle' : 'Failures and memory'
  return table(title, ['what', comparison.b, comparison.a, 'ratio', 'goal', 'reached'], lines)
}

function pairsOf(comparison: Comparison, row: LoadRow): LoadPair[] {
  return comparison.pairs.filter((pair) => pair.name === row.name)
}

function ratios(pairs: readonly LoadPair[], pick: (load: MeasuredLoad) => number | null): Spread | null {
  return ratioOf(pairs.map((pair) => [figure(pair.b, pick), figure(pair.a, pick)]))
}

function side(pairs: readonly LoadPair[], which: 'a' | 'b', pick: (load: MeasuredLoad) => number | null): string {
  const results = pairs.map((pair) => pair[which])
  return spreadText(spreadOf(numbers(results.map((result) => figure(result, pick))))) + limitMark(results)
}

function middle(pairs: readonly LoadPair[], which: 'a' | 'b', pick: (load: MeasuredLoad) => number | null): string {
  const spread = spreadOf(numbers(pairs.map((pair) => figure(pair[which], pick))))
  return spread === null ? '-' : short(spread.median)
}

function limitMark(results: readonly (LoadResult | null)[]): string {
  const spread = spreadOf(numbers(results.map((result) => figure(result, utilisation))))
  return spread !== null && spread.median > GENERATOR_LIMIT ? LIMIT_MARK : ''
}

function failureCount(pairs: readonly LoadPair[]): string {
  const count = pairs.filter(
    (pair) => 'failed' in pair.a || 'failed' in pair.b || (pair.echo !== null && 'failed' in pair.echo),
  ).length
  return `${count}`
}

function numbers(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null)
}

function atLeast(goal: number | null): string {
  return goal === null ? '' : `>= ${goal}`
}

function atMost(goal: number | null): string {
  return goal === null ? '' : `<= ${goal}`
}

/** The median decides: one disturbed pair must neither make nor break a row. */
function reaches(ratio: Spread | null, goal: number | null, bound: 'least' | 'most'): string {
  if (goal === null) return ''
  return verdict(ratio === null ? null : bound === 'least' ? ratio.median >= goal : ratio.median <= goal)
}

function verdict(isReached: boolean | null): string {
  return isReached === null ? '?' : isReached ? 'yes' : 'no'
}

function table(title: string, head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'))
  const rows = [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`)
  return [`### ${title}`, '', ...rows].join('\n')
}
