/** How the throttle is set; the names follow the settings `connection...`. */
export interface ConnectionThrottleOptions {
  /** Size of the bucket, at least 1. */
  readonly maxTokens: number
  /** In each `fillTimeMs` the bucket gets `fillCount` tokens. */
  readonly fillTimeMs: number
  readonly fillCount: number
  /** Time between two changes of the drop probability; negative: it stays 0. */
  readonly freezeTimeMs: number
  /** Steps by which the drop probability goes up and down. */
  readonly dropIncrease: number
  readonly dropDecrease: number
  /** The probability goes down while no more than this share of the bucket is in use. */
  readonly decreaseRatio: number
  /** True: sessions cost different numbers of tokens. False: each costs one. */
  readonly isWeighted: boolean
  readonly globalSessionWeight: number
  readonly localSessionWeight: number
  readonly renewedSessionWeight: number
}

/** What a client connects for: a new session that all servers know, one that only this server knows, or one that exists. */
export type ConnectKind = 'global' | 'local' | 'renewed'

/**
 * Decides how many connect requests are served. Each takes tokens from a bucket that fills at a steady pace, and is refused when there
 * are too few. Already before, some may be refused at random: the probability rises in small steps as long as the bucket is
 * found empty (without enough for a new session), and falls while it is nearly full, so that a storm of reconnecting clients is thinned out and does not come back in step.
 *
 * Time and randomness are passed in. With weights, bucket and filling are measured in new global sessions.
 */
export class ConnectionThrottle {
  /** Probability with which the next connect request is refused at random, 0 to 1. */
  dropProbability = 0
  private readonly options: ConnectionThrottleOptions
  private readonly random: () => number
  /** Tokens that a new global session costs. */
  private readonly unit: number
  private readonly maxTokens: number
  private readonly fillCount: number
  private tokens: number
  private filledMs: number
  private adaptedMs: number

  /** `random` gives numbers in [0, 1). */
  constructor(options: ConnectionThrottleOptions, nowMs: number, random: () => number) {
    this.options = options
    this.random = random
    this.unit = options.isWeighted ? options.globalSessionWeight : 1
    this.maxTokens = options.maxTokens * this.unit
    this.fillCount = options.fillCount * this.unit
    this.tokens = this.maxTokens
    this.filledMs = nowMs
    this.adaptedMs = nowMs
  }

  /** Tokens that the bucket lacks to be full. */
  get missingTokens(): number {
    return this.maxTokens - this.tokens
  }

  /** Is a connect request served that comes at `nowMs`, in monotonic milliseconds? Takes its tokens if so. */
  admit(kind: ConnectKind, nowMs: number): boolean {
    this.fill(nowMs)
    if (this.options.freezeTimeMs >= 0) this.adapt(nowMs)
    if (this.dropProbability > 0 && this.random() < this.dropProbability) return false
    const cost = this.costOf(kind)
    if (this.tokens < cost) return false
    this.tokens -= cost
    return true
  }

  /** Whole tokens only; the time of a part of one is kept for the next filling. */
  private fill(nowMs: number): void {
    const { fillTimeMs } = this.options
    const count = Math.floor(((nowMs - this.filledMs) * this.fillCount) / fillTimeMs)
    if (count <= 0) return
    this.tokens = Math.min(this.tokens + count, this.maxTokens)
    // A full bucket gathers nothing for later.
    this.filledMs = this.tokens === this.maxTokens ? nowMs : this.filledMs + (count * fillTimeMs) / this.fillCount
  }

  private adapt(nowMs: number): void {
    const { freezeTimeMs, dropIncrease, dropDecrease, decreaseRatio } = this.options
    if (nowMs - this.adaptedMs <= freezeTimeMs) return
    this.adaptedMs = nowMs
    if (this.tokens < this.unit) this.dropProbability = Math.min(this.dropProbability + dropIncrease, 1)
    else if (this.missingTokens <= this.maxTokens * decreaseRatio)
      this.dropProbability = Math.max(this.dropProbability - dropDecrease, 0)
  }

  private costOf(kind: ConnectKind): number {
    const { isWeighted, localSessionWeight, renewedSessionWeight } = this.options
    if (!isWeighted || kind === 'global') return this.unit
    return kind === 'local' ? localSessionWeight : renewedSessionWeight
  }
}
