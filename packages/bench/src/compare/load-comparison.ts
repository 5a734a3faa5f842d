import type { LatencySummary } from '../load/histogram.ts'
import { type DiskFloorMode, measureDiskFloor } from './disk-floor.ts'
import { EchoProcess } from './echo-process.ts'
import { sleep } from './loopback.ts'
import { type LoadResult, measureLoad } from './measured-load.ts'
import type { LoadedServer } from './measured-server.ts'
import type { LoadRow } from './rows.ts'

/** One row measured once: both servers, and the rooflines where the row has some, within a minute. */
export interface LoadPair {
  readonly name: string
  readonly a: LoadResult
  readonly b: LoadResult
  readonly echo: LoadResult | null
  readonly disk: Readonly<Record<DiskFloorMode, LatencySummary>> | null
}

/** How long each load lasts, and how often the table is gone through. */
export interface ComparisonPlan {
  readonly repeats: number
  readonly durationS: number
  readonly warmupS: number
  readonly primeS: number
  readonly directory: string
  readonly log: (line: string) => void
  /** Called after each pair, with all so far: a run that is cut off has written what it has. */
  readonly save: (pairs: readonly LoadPair[]) => void
}

/** Raw loads check the echo server's payloads, so both need the same seed. */
const ECHO_SEED = 1
/** What a load leaves to do (collecting garbage, clearing its nodes away) must not fall into the next one. */
const SETTLE_MS = 500

/**
 * Goes through the table once per repeat, so that the repeats of a row lie minutes apart. Within a row the loads
 * follow each other directly, in turning order: A B, B A, A B, ...
 */
export async function compareLoads(
  a: LoadedServer,
  b: LoadedServer,
  rows: readonly LoadRow[],
  plan: ComparisonPlan,
): Promise<LoadPair[]> {
  const echoes = new Map<number, EchoProcess>()
  const pairs: LoadPair[] = []
  try {
    for (const row of rows) {
      if (!row.hasEcho || echoes.has(row.payloadBytes)) continue
      echoes.set(row.payloadBytes, await EchoProcess.start(plan.directory, row.payloadBytes, ECHO_SEED))
    }
    for (const server of [a, b]) await prime(server, plan)
    for (let repeat = 0; repeat < plan.repeats; repeat++) {
      for (const row of rows) {
        pairs.push(await comparePair(a, b, row.hasEcho ? (echoes.get(row.payloadBytes) ?? null) : null, row, repeat, plan))
        plan.save(pairs)
      }
    }
  } finally {
    for (const echo of echoes.values()) await echo.stop()
  }
  return pairs
}

async function comparePair(
  a: LoadedServer,
  b: LoadedServer,
  echo: EchoProcess | null,
  row: LoadRow,
  repeat: number,
  plan: ComparisonPlan,
): Promise<LoadPair> {
  const argv = [...row.argv, ...(row.isCounted ? [] : intervalArguments(plan.durationS, plan.warmupS))]
  const seeded = [...argv, '--seed', `${repeat + 1}`]
  const results = new Map<LoadedServer, LoadResult>()
  const measure = async (server: LoadedServer, load: readonly string[]): Promise<void> => {
    await sleep(SETTLE_MS)
    const result = await measureLoad(server, load)
    results.set(server, result)
    plan.log(`  ${row.name.padEnd(28)} ${server.name.padEnd(10)} ${resultLine(result)}`)
  }
  const turn = repeat % 2 === 0 ? [a, b] : [b, a]
  for (const server of turn) await measure(server, seeded)
  if (echo !== null) await measure(echo, [...argv, '--seed', `${ECHO_SEED}`, '--raw'])
  const disk = row.goals.floorRatio === null ? null : measureDisk(plan)
  if (disk !== null)
    plan.log(
      `  ${row.name.padEnd(28)} disk       append p50 ${disk.append.p50.toFixed(0)} us, preallocated p50 ${disk.preallocated.p50.toFixed(0)} us`,
    )
  return {
    name: row.name,
    a: results.get(a) as LoadResult,
    b: results.get(b) as LoadResult,
    echo: echo === null ? null : (results.get(echo) as LoadResult),
    disk,
  }
}

function measureDisk(plan: ComparisonPlan): Record<DiskFloorMode, LatencySummary> {
  const halfMs = plan.durationS * 500
  return {
    append: measureDiskFloor(plan.directory, 'append', halfMs),
    preallocated: measureDiskFloor(plan.directory, 'preallocated', halfMs),
  }
}

/** Lets the servers' compilers see the paths of reads and writes before anything is measured. */
export async function prime(server: LoadedServer, plan: Pick<ComparisonPlan, 'primeS' | 'log'>): Promise<void> {
  if (plan.primeS === 0) return
  plan.log(`priming ${server.name}`)
  const half = intervalArguments(plan.primeS / 2, 0)
  await measureLoad(server, ['--workload', 'mix', '--read-share', '0.5', '--connections', '16', '--window', '4', ...half])
  await measureLoad(server, ['--workload', 'get', '--connections', '64', '--window', '8', ...half])
}

function intervalArguments(durationS: number, warmupS: number): string[] {
  return ['--duration', `${durationS}`, '--warmup', `${warmupS}`]
}

function resultLine(result: LoadResult): string {
  if ('failed' in result) return `FAILED: ${result.failed}`
  const { throughputPerS, outcome, allToldMs } = result.report
  const told = allToldMs === null ? '' : `, all told after ${allToldMs.map((ms) => ms.toFixed(0)).join(' ')} ms`
  return (
    `${throughputPerS.toFixed(0).padStart(8)}/s  p50 ${outcome.latencyUs.p50.toFixed(0)} us  p99 ${outcome.latencyUs.p99.toFixed(0)} us  ` +
    `server ${result.serverCores.toFixed(2)} cores  generator ${outcome.generator.utilisation.toFixed(2)}  foreign ${result.foreignCores.toFixed(2)}${told}`
  )
}
