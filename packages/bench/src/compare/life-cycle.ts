import { join } from 'node:path'
import { sleep } from './loopback.ts'
import { measureLoad } from './measured-load.ts'
import { type ExtraConfig, MeasuredServer } from './measured-server.ts'
import type { Target } from './target.ts'

/** What a figure of the life cycle has to reach. */
export interface LifeGoal {
  /** `ratio`: ours over the other's, within pairs. `absolute`: ours alone, in the row's unit. */
  readonly kind: 'ratio' | 'absolute'
  readonly most: number
}

/** One figure of starting, remembering and writing snapshots, for both servers. */
export interface LifeRow {
  readonly name: string
  readonly unit: 's' | 'MB' | 'ms' | '/s'
  /** Value i of both was measured next to each other; null is a measurement that failed. */
  readonly a: readonly (number | null)[]
  readonly b: readonly (number | null)[]
  readonly goal: LifeGoal | null
}

/** How much of it to measure. */
export interface LifePlan {
  readonly repeats: number
  readonly nodes: number
  readonly snapshotLoadS: number
  readonly directory: string
  readonly only: RegExp | null
  readonly log: (line: string) => void
}

/** Long enough for what a start or a load leaves behind to be collected. */
const SETTLE_MS = 3000
const NODE_BYTES = 100
const LOADED_ROOT = '/loaded'
/** A node that the load has made for certain. */
const LOADED_NODE = `${LOADED_ROOT}/d000000/n0000000000`
const LOAD_CONNECTIONS = 8
/** Transactions between snapshots, of which the server takes a random share; the default of the field. */
const SNAP_COUNT = 100000
/** So many that no snapshot falls into a measurement. */
const SNAP_COUNT_NEVER = 1000000000
/** A file much smaller than the largest is one that is still being written. */
const COMPLETE_SHARE = 0.9

type Pair = readonly [MeasuredServer, MeasuredServer]

/** Measures the rows of the life cycle, each server with data of its own. */
export async function compareLifeCycle(a: Target, b: Target, plan: LifePlan): Promise<LifeRow[]> {
  const servers: Pair = [
    await MeasuredServer.create(a, join(plan.directory, 'life-a')),
    await MeasuredServer.create(b, join(plan.directory, 'life-b')),
  ]
  const names = rowNames(plan.nodes)
  const isWanted = (...wanted: readonly string[]): boolean => wanted.some((name) => plan.only === null || plan.only.test(name))
  const rows: LifeRow[] = []
  try {
    if (isWanted(names.start, names.idle)) {
      const { startS, rssMb } = await measureEmpty(servers, plan)
      rows.push({ name: names.start, unit: 's', ...startS, goal: { kind: 'ratio', most: 0.5 } })
      rows.push({ name: names.idle, unit: 'MB', ...rssMb, goal: { kind: 'ratio', most: 0.8 } })
    }
    if (isWanted(names.load, names.loaded, names.restart, names.restarted, names.quiet, names.snapshot)) {
      const { perS, rssMb } = await loadNodes(servers, plan)
      rows.push({ name: names.load, unit: '/s', ...perS, goal: null })
      rows.push({ name: names.loaded, unit: 'MB', ...rssMb, goal: { kind: 'ratio', most: 0.4 } })
      const restarted = await measureRestart(servers, plan)
      rows.push({ name: names.restart, unit: 's', ...restarted.startS, goal: { kind: 'ratio', most: 0.4 } })
      rows.push({ name: names.restarted, unit: 'MB', ...restarted.rssMb, goal: { kind: 'ratio', most: 0.4 } })
      const quietMs = await inTurn(
        servers,
        plan.repeats,
        async (server) => (await measureGap(server, plan, SNAP_COUNT_NEVER, 1)).gapMs,
      )
      rows.push({ name: names.quiet, unit: 'ms', ...quietMs, goal: null })
      const gapMs = await inTurn(servers, plan.repeats, (server) => snapshotGapMs(server, plan))
      rows.push({ name: names.snapshot, unit: 'ms', ...gapMs, goal: { kind: 'absolute', most: 50 } })
    }
  } finally {
    for (const server of servers) {
      await server.stop()
      server.clear()
    }
  }
  return rows.filter((row) => isWanted(row.name))
}

/** The names that `--only` can select. */
export function lifeRowNames(nodes: number): string[] {
  return Object.values(rowNames(nodes))
}

interface RowNames {
  readonly start: string
  readonly idle: string
  readonly load: string
  readonly loaded: string
  readonly restart: string
  readonly restarted: string
  /** The control: what the machine and the collector do to the same load. */
  readonly quiet: string
  readonly snapshot: string
}

function rowNames(count: number): RowNames {
  const nodes = `${count} znodes of ${NODE_BYTES} bytes`
  return {
    start: 'start to first served request, empty',
    idle: 'resident memory, idle',
    load: `creating ${nodes}`,
    loaded: `resident memory, ${nodes} just created`,
    restart: `start to first served request, ${nodes}`,
    restarted: `resident memory, ${nodes} after a restart`,
    quiet: `longest time without any reply, ${nodes} under load, no snapshot`,
    snapshot: `longest time without any reply, snapshot of ${nodes} under load`,
  }
}

interface Series {
  readonly a: (number | null)[]
  readonly b: (number | null)[]
}

/** Measures one figure of each server, in turning order. */
async function inTurn(
  servers: Pair,
  repeats: number,
  measure: (server: MeasuredServer) => Promise<number | null>,
): Promise<Series> {
  const series: Series = { a: [], b: [] }
  for (let repeat = 0; repeat < repeats; repeat++) {
    const turn = repeat % 2 === 0 ? [0, 1] : [1, 0]
    const values: (number | null)[] = [null, null]
    for (const index of turn) values[index] = await measure(servers[index] as MeasuredServer)
    series.a.push(values[0] as number | null)
    series.b.push(values[1] as number | null)
  }
  return series
}

async function measureEmpty(servers: Pair, plan: LifePlan): Promise<{ startS: Series; rssMb: Series }> {
  const rssMb: Series = { a: [], b: [] }
  const startS = await inTurn(servers, plan.repeats, async (server) => {
    server.clear()
    const startMs = await server.start()
    await sleep(SETTLE_MS)
    const memoryMb = server.residentMb()
    const series = server === servers[0] ? rssMb.a : rssMb.b
    series.push(memoryMb)
    await server.stop()
    plan.log(`  start, empty: ${server.name} ${startMs.toFixed(0)} ms, ${memoryMb.toFixed(0)} MB`)
    return startMs / 1000
  })
  return { startS, rssMb }
}

/** Leaves both servers with the nodes, and stopped. */
async function loadNodes(servers: Pair, plan: LifePlan): Promise<{ perS: Series; rssMb: Series }> {
  const rssMb: Series = { a: [], b: [] }
  const load = [
    '--workload',
    'load',
    '--operations',
    `${plan.nodes}`,
    '--payload',
    `${NODE_BYTES}`,
    '--root',
    LOADED_ROOT,
    '--keep',
  ]
  const argv = [...load, '--connections', `${LOAD_CONNECTIONS}`, '--window', '64', '--stall', '60']
  const perS = await inTurn(servers, 1, async (server) => {
    server.clear()
    await server.start()
    const result = await measureLoad(server, argv)
    if ('failed' in result) throw new Error(`loading ${server.name} failed: ${result.failed}`)
    await sleep(SETTLE_MS)
    const memoryMb = server.residentMb()
    const series = server === servers[0] ? rssMb.a : rssMb.b
    series.push(memoryMb)
    await server.stop()
    plan.log(`  ${plan.nodes} znodes: ${server.name} ${result.report.throughputPerS.toFixed(0)}/s, ${memoryMb.toFixed(0)} MB`)
    return result.report.throughputPerS
  })
  return { perS, rssMb }
}

async function measureRestart(servers: Pair, plan: LifePlan): Promise<{ startS: Series; rssMb: Series }> {
  const rssMb: Series = { a: [], b: [] }
  const startS = await inTurn(servers, plan.repeats, async (server) => {
    const startMs = await server.start({}, LOADED_NODE)
    await sleep(SETTLE_MS)
    const memoryMb = server.residentMb()
    const series = server === servers[0] ? rssMb.a : rssMb.b
    series.push(memoryMb)
    await server.stop()
    plan.log(`  start, ${plan.nodes} znodes: ${server.name} ${startMs.toFixed(0)} ms, ${memoryMb.toFixed(0)} MB`)
    return startMs / 1000
  })
  return { startS, rssMb }
}

/** The gap counts only if a whole snapshot was written meanwhile; a server too slow for one gets a longer run. */
async function snapshotGapMs(server: MeasuredServer, plan: LifePlan): Promise<number | null> {
  for (const patience of [1, 3]) {
    const { gapMs, snapshots } = await measureGap(server, plan, SNAP_COUNT, patience)
    if (snapshots > 0) return gapMs
  }
  return null
}

async function measureGap(
  server: MeasuredServer,
  plan: LifePlan,
  snapCount: number,
  patience: number,
): Promise<{ gapMs: number; snapshots: number }> {
  const config: ExtraConfig = { snapCount }
  const argv = ['--workload', 'mix', '--read-share', '0.5', '--connections', '16', '--window', '4', '--payload', `${NODE_BYTES}`]
  const durationS = plan.snapshotLoadS * patience
  await server.start(config, LOADED_NODE)
  // A server may write a snapshot of what it has just loaded: that one belongs to the start.
  await sleep(SETTLE_MS)
  const before = server.snapshots()
  const result = await measureLoad(server, [...argv, '--duration', `${durationS}`, '--warmup', '0'])
  const snapshots = newSnapshots(before, server.snapshots())
  await server.stop()
  if ('failed' in result) throw new Error(`loading ${server.name} while it holds ${plan.nodes} znodes failed: ${result.failed}`)
  const { longestGapMs, generator } = result.report.outcome
  const stall = `the generator's own longest stall ${generator.longestStallMs.toFixed(1)} ms`
  plan.log(`  ${snapshots} snapshots in ${durationS} s: ${server.name}, longest gap ${longestGapMs.toFixed(1)} ms, ${stall}`)
  return { gapMs: longestGapMs, snapshots }
}

/** Snapshots that were not there before and are complete. */
function newSnapshots(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  const largest = Math.max(0, ...after.values())
  return [...after].filter(([name, size]) => !before.has(name) && size >= largest * COMPLETE_SHARE).length
}
