import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { type Interval, monotonicMs } from '../load/generator-usage.ts'

/** What groups of processes used in an interval, and what the whole machine did meanwhile. */
export interface ResourceUse {
  readonly cpuS: number
  /** Resident memory at the interval's end. */
  readonly rssMb: number
  /** Processor time of everything on the machine. */
  readonly machineCpuS: number
}

interface Sample {
  readonly atMs: number
  readonly cpuS: number
  readonly rssMb: number
  readonly machineCpuS: number
}

const SAMPLE_INTERVAL_MS = 100
const PAGE_BYTES = 4096
const BYTES_PER_MB = 1e6
/** Fields of /proc/PID/stat after the command's name, which is in parentheses and may contain anything. */
const STAT_GROUP = 2
const STAT_USER_TICKS = 11
const STAT_SYSTEM_TICKS = 12
const STAT_RSS_PAGES = 21

/** Other systems have no /proc: there nothing is sampled, and every figure is zero. */
const hasProc: boolean = existsSync('/proc/self/stat')

/** Samples process groups from /proc while a load runs. */
export class ProcessSampler {
  private readonly groups: readonly number[]
  private readonly samples: Sample[] = []
  private readonly timer: NodeJS.Timeout

  constructor(groups: readonly number[]) {
    this.groups = groups
    this.samples.push(takeSample(groups))
    this.timer = setInterval(() => this.samples.push(takeSample(this.groups)), SAMPLE_INTERVAL_MS)
  }

  stop(): void {
    clearInterval(this.timer)
    this.samples.push(takeSample(this.groups))
  }

  /** What was used between two moments; between two samples it counts as used evenly. */
  between(interval: Interval): ResourceUse {
    const begin = this.at(interval.beginMs)
    const end = this.at(interval.endMs)
    return { cpuS: end.cpuS - begin.cpuS, rssMb: end.rssMb, machineCpuS: end.machineCpuS - begin.machineCpuS }
  }

  private at(atMs: number): Sample {
    let before = this.samples[0] as Sample
    for (const after of this.samples) {
      if (after.atMs >= atMs) return interpolate(before, after, atMs)
      before = after
    }
    return before
  }
}

/** Resident memory of process groups in megabytes. */
export function residentMb(groups: readonly number[]): number {
  return takeSample(groups).rssMb
}

function interpolate(before: Sample, after: Sample, atMs: number): Sample {
  const span = after.atMs - before.atMs
  const share = span > 0 ? (atMs - before.atMs) / span : 0
  const between = (low: number, high: number): number => low + (high - low) * Math.min(Math.max(share, 0), 1)
  return {
    atMs,
    cpuS: between(before.cpuS, after.cpuS),
    rssMb: after.rssMb,
    machineCpuS: between(before.machineCpuS, after.machineCpuS),
  }
}

const ticksPerS: number = readTicksPerS()

function readTicksPerS(): number {
  try {
    return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100
  } catch {
    // A machine without getconf is a small container; Linux has had 100 on every processor of interest.
    return 100
  }
}

function takeSample(groups: readonly number[]): Sample {
  if (!hasProc) return { atMs: monotonicMs(), cpuS: 0, rssMb: 0, machineCpuS: 0 }
  let ticks = 0
  let pages = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = readProcessFields(name)
    if (fields === null || !groups.includes(Number(fields[STAT_GROUP]))) continue
    ticks += Number(fields[STAT_USER_TICKS]) + Number(fields[STAT_SYSTEM_TICKS])
    pages += Number(fields[STAT_RSS_PAGES])
  }
  return { atMs: monotonicMs(), cpuS: ticks / ticksPerS, rssMb: (pages * PAGE_BYTES) / BYTES_PER_MB, machineCpuS: machineCpuS() }
}

function readProcessFields(name: string): string[] | null {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    // The process ended between the listing and the reading.
    return null
  }
}

/** user, nice, system, irq, softirq and steal of all cores: all but idle and waiting. */
function machineCpuS(): number {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] ?? ''
  const ticks = line.trim().split(/\s+/).slice(1).map(Number)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks
  return (user + nice + system + irq + softirq + steal) / ticksPerS
}
