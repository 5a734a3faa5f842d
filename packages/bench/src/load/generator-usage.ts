import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** What the generator itself used while it measured. */
export interface GeneratorUsage {
  readonly cpuS: number
  /** Cores: above 0.85 the generator is the limit, and the result says little about the server. */
  readonly utilisation: number
  /** The longest time for which the generator did not look at its sockets: gaps up to this are its own. */
  readonly longestStallMs: number
}

/** The measured interval on the machine's monotonic clock, which other processes can read as well. */
export interface Interval {
  readonly beginMs: number
  readonly endMs: number
}

/** Measures the generator between two moments. */
export class UsageMeter {
  private readonly cpuAtBegin: NodeJS.CpuUsage
  private readonly beginMs: number
  private readonly delay: IntervalHistogram

  constructor() {
    this.cpuAtBegin = process.cpuUsage()
    this.beginMs = monotonicMs()
    this.delay = monitorEventLoopDelay({ resolution: 1 })
    this.delay.enable()
  }

  end(): { usage: GeneratorUsage; interval: Interval } {
    this.delay.disable()
    const cpu = process.cpuUsage(this.cpuAtBegin)
    const endMs = monotonicMs()
    const cpuS = (cpu.user + cpu.system) / 1e6
    const usage = {
      cpuS,
      utilisation: cpuS / Math.max((endMs - this.beginMs) / 1000, 1e-9),
      longestStallMs: this.delay.max / 1e6,
    }
    return { usage, interval: { beginMs: this.beginMs, endMs } }
  }
}

/** CLOCK_MONOTONIC in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
