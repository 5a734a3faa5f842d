import { whenAborted } from '../abort-listeners.ts'
import { isZooKeeperError, ZooKeeperError } from '../errors.ts'
import type { OperationOptions } from '../options.ts'
import { type RetryPolicy, retries } from '../retry.ts'
import type { ClientRuntime } from '../runtime/runtime.ts'
import { deadlineOf } from './arguments.ts'

/** What an operation of several attempts needs. */
export interface AttemptContext {
  readonly runtime: ClientRuntime
  /** For calls that do not say their own. */
  readonly retry: RetryPolicy
  /** For calls that do not say their own. */
  readonly requestTimeoutMs: number | null
}

/** Which policy a call has. */
export function policyOf(context: AttemptContext, options: OperationOptions | undefined): RetryPolicy {
  return options?.retry ?? context.retry
}

/**
 * Makes attempts until one succeeds, the policy gives up, or the deadline of all together passes. An attempt is given the
 * options that it is to go by.
 */
export async function withRetries<T>(
  context: AttemptContext,
  isIdempotent: boolean,
  options: OperationOptions | undefined,
  attempt: (options: OperationOptions) => Promise<T>,
): Promise<T> {
  const policy = policyOf(context, options)
  const { clock, random } = context.runtime
  const startedMs = clock.monotonicMs()
  const limits = new Limits(context, options)
  for (let count = 1; ; count++) {
    try {
      return await attempt(limits.remaining())
    } catch (error) {
      if (!isZooKeeperError(error) || !error.isRetryable || error.code === 'TIMEOUT') throw error
      if (error.mayHaveBeenApplied && !isIdempotent && !policy.repeatsAmbiguousWrites) throw error
      const delayMs = policy.nextDelayMs(count, clock.monotonicMs() - startedMs, error, random)
      if (delayMs === null || delayMs >= limits.remainingMs) throw error
      await pause(context.runtime, delayMs, options?.signal)
    }
  }
}

/** The deadline and signal of a call that makes several requests. */
export class Limits {
  readonly #runtime: ClientRuntime
  readonly #signal: AbortSignal | undefined
  readonly #deadlineAtMs: number

  constructor(context: AttemptContext, options: OperationOptions | undefined) {
    this.#runtime = context.runtime
    this.#signal = options?.signal
    const deadlineMs = deadlineOf(options?.deadlineMs ?? context.requestTimeoutMs) ?? Number.POSITIVE_INFINITY
    this.#deadlineAtMs = context.runtime.clock.monotonicMs() + deadlineMs
  }

  /** Milliseconds until the deadline. */
  get remainingMs(): number {
    return this.#deadlineAtMs - this.#runtime.clock.monotonicMs()
  }

  /** Options for one request of the call: one attempt, within what is left of the time. */
  remaining(): OperationOptions {
    return {
      retry: retries.none,
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
      deadlineMs: Math.max(0, this.remainingMs),
    }
  }
}

/** Waits; rejects with `ABORTED` when the signal is aborted meanwhile. */
export function pause(runtime: ClientRuntime, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel()
      reject(new ZooKeeperError('ABORTED', 'the caller has aborted it (ABORTED)', { cause: signal?.reason }))
    }
    const timer = runtime.timers.after(delayMs, () => {
      stopListening()
      resolve()
    })
    const stopListening = whenAborted(signal, onAbort)
    if (signal?.aborted === true) onAbort()
  })
}
