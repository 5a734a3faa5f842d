import type { ZooKeeperError } from './errors.ts'
import type { Random } from './runtime/runtime.ts'

/** Decides whether a failed operation is tried again, and when. */
export interface RetryPolicy {
  /**
   * The pause before the next attempt, in milliseconds, or null to give up.
   * `attempt` is the number of attempts made so far (1 after the first), `elapsedMs` the time since the first began.
   */
  nextDelayMs(attempt: number, elapsedMs: number, error: ZooKeeperError, random: Random): number | null
  /**
   * Whether writes are also repeated when nobody knows if the last attempt was carried out. Without it, only reads,
   * protected creates, and writes that certainly did not happen are tried again.
   */
  readonly repeatsAmbiguousWrites: boolean
}

/** How `retries.bounded` behaves. */
export interface BoundedRetryOptions {
  /** Attempts altogether, the first one included. 5 unless said otherwise. */
  readonly attemptsMax?: number
  /** Pause after the first failure; it doubles each time. 100 unless said otherwise. */
  readonly delayMs?: number
  /** Longest pause. 10,000 unless said otherwise. */
  readonly delayMsMax?: number
  /** Time after which no new attempt begins. None unless said otherwise. */
  readonly elapsedMsMax?: number
  /** See `RetryPolicy`. False unless said otherwise. */
  readonly repeatsAmbiguousWrites?: boolean
}

/** The policies that come with the client. */
export const retries: {
  /** One attempt. */
  readonly none: RetryPolicy
  /** Until it works, with pauses of 100 ms doubling to 10 s. */
  readonly forever: RetryPolicy
  /** A few attempts with growing pauses, each shortened by chance by up to a half so that clients do not come all at once. */
  bounded(options?: BoundedRetryOptions): RetryPolicy
} = {
  none: { repeatsAmbiguousWrites: false, nextDelayMs: () => null },
  forever: boundedRetry({ attemptsMax: Number.POSITIVE_INFINITY }),
  bounded: boundedRetry,
}

function boundedRetry(options: BoundedRetryOptions = {}): RetryPolicy {
  const { attemptsMax = 5, delayMs = 100, delayMsMax = 10_000, elapsedMsMax = Number.POSITIVE_INFINITY } = options
  return {
    repeatsAmbiguousWrites: options.repeatsAmbiguousWrites ?? false,
    nextDelayMs: (attempt, elapsedMs, _error, random) => {
      if (attempt >= attemptsMax || elapsedMs >= elapsedMsMax) return null
      const full = Math.min(delayMsMax, delayMs * 2 ** Math.min(attempt - 1, 30))
      return full / 2 + (random.next() * full) / 2
    },
  }
}
