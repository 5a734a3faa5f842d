import type { LoadReport } from '../load/load-run.ts'
import { type FailedLoad, runLoadProcess } from './load-process.ts'
import type { LoadedServer } from './measured-server.ts'
import { ProcessSampler } from './process-sampler.ts'

/** A load together with what it cost the server. */
export interface MeasuredLoad {
  readonly report: LoadReport
  /** Processors that the server kept busy. */
  readonly serverCores: number
  readonly cpuUsPerOperation: number
  readonly rssMb: number
  /** Processors kept busy by neither server nor generator: the noise of this measurement. */
  readonly foreignCores: number
}

/** A load on one server, or why there is none. */
export type LoadResult = MeasuredLoad | FailedLoad

/** What a load gives a run after its own end before it counts as hung. */
const LOAD_TIMEOUT_MS = 300000

/** Runs one load and samples the server meanwhile. */
export async function measureLoad(server: LoadedServer, argv: readonly string[]): Promise<LoadResult> {
  const sampler = new ProcessSampler(server.groupIds)
  const report = await runLoadProcess(server.address, argv, LOAD_TIMEOUT_MS)
  sampler.stop()
  if ('failed' in report) return report
  const { interval, operations, generator } = report.outcome
  const use = sampler.between(interval)
  const seconds = Math.max((interval.endMs - interval.beginMs) / 1000, 1e-9)
  return {
    report,
    serverCores: use.cpuS / seconds,
    cpuUsPerOperation: (use.cpuS * 1e6) / Math.max(operations, 1),
    rssMb: use.rssMb,
    foreignCores: Math.max(0, (use.machineCpuS - use.cpuS - generator.cpuS) / seconds),
  }
}

/** One figure of a load, null when there is none. */
export function figure(result: LoadResult | null, pick: (load: MeasuredLoad) => number | null): number | null {
  return result === null || 'failed' in result ? null : pick(result)
}
