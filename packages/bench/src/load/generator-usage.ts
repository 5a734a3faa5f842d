/** What the generator itself used while it measured. */
export interface GeneratorUsage {
  readonly cpuS: number
  /** Cores: above 0.85 the generator is the limit, and the result says little about the server. */
  readonly utilisation: number
  /** The longest time for which the generator did not look at its sockets. */
  readonly longestStallMs: number
}

/** The measured interval on the machine's monotonic clock, which other processes can read as well. */
export interface Interval {
  readonly beginMs: number
  readonly endMs: number
}

const TURN_MS = 1

/**
 * Measures the generator between two moments, and tells silence of the server from its own. Each millisecond a
 * timer runs, then the sockets are polled, then an immediate: if nothing was received in between, then
 * nothing had come when the timer ran.
 *
 *     timer, 1 ms      poll the sockets      immediate
 *     turnMs = now --> replies? endGap() --> silentUntilMs = turnMs
 */
export class UsageMeter {
  private readonly cpuAtBegin: NodeJS.CpuUsage
  private readonly beginMs: number
  private readonly timer: NodeJS.Timeout
  private turnMs: number
  /** The server had sent nothing up to here, unless something was received later than this. */
  private silentUntilMs: number
  private longestStallMs = 0
  private longestGapMs = 0
  private readonly onPolled: () => void

  constructor() {
    this.cpuAtBegin = process.cpuUsage()
    this.beginMs = monotonicMs()
    this.turnMs = performance.now()
    this.silentUntilMs = this.turnMs
    this.onPolled = () => {
      this.silentUntilMs = this.turnMs
    }
    this.timer = setInterval(() => this.onTurn(), TURN_MS)
  }

  /**
   * Something was received, for the first time since `lastReplyMs`. The gap ends when the generator looked for the
   * last time and found nothing: what it waited for the processor after that is not the server's.
   */
  endGap(lastReplyMs: number): void {
    this.longestGapMs = Math.max(this.longestGapMs, this.silentUntilMs - lastReplyMs)
  }

  end(): { usage: GeneratorUsage; interval: Interval; longestGapMs: number } {
    clearInterval(this.timer)
    const cpu = process.cpuUsage(this.cpuAtBegin)
    const endMs = monotonicMs()
    const cpuS = (cpu.user + cpu.system) / 1e6
    return {
      usage: { cpuS, utilisation: cpuS / Math.max((endMs - this.beginMs) / 1000, 1e-9), longestStallMs: this.longestStallMs },
      interval: { beginMs: this.beginMs, endMs },
      longestGapMs: this.longestGapMs,
    }
  }

  /** Ends the meter of a run that has no result. */
  abandon(): void {
    clearInterval(this.timer)
  }

  private onTurn(): void {
    const nowMs = performance.now()
    this.longestStallMs = Math.max(this.longestStallMs, nowMs - this.turnMs - TURN_MS)
    this.turnMs = nowMs
    setImmediate(this.onPolled)
  }
}

/** CLOCK_MONOTONIC in milliseconds. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
