// How a wait ends early: by the caller's signal or by a deadline, both of which become one signal whose reason is the
// error to reject with.

import { isZooKeeperError, type TimerHandle, whenAborted, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'

/** What everything that waits takes. */
export interface WaitOptions {
  /** Ends the waiting: the promise rejects with `ABORTED`, and what was created for it is deleted. */
  readonly signal?: AbortSignal
  /** Milliseconds, counted from the call, after which the waiting ends with `TIMEOUT`. None unless said otherwise. */
  readonly deadlineMs?: number
}

/** Longest time that timers of every platform can wait: 2^31 - 1 milliseconds, about 24 days. */
const TIMER_MS_MAX = 2_147_483_647

/** A caller's wish to stop waiting, as one signal. It must be disposed of, or its timer and listener stay. */
export class Cancellation implements Disposable {
  readonly #controller = new AbortController()
  readonly #what: string
  readonly #outer: AbortSignal | undefined
  readonly #stopListening: () => void
  readonly #zk: ZooKeeper
  #timer: TimerHandle | null = null

  /** `what` completes the sentence "... was given up". */
  constructor(zk: ZooKeeper, what: string, options: WaitOptions = {}) {
    this.#zk = zk
    this.#what = what
    this.#outer = options.signal
    if (options.deadlineMs !== undefined) this.#wait(options.deadlineMs)
    this.#stopListening = whenAborted(this.#outer, this.#onAbort)
    if (this.#outer?.aborted === true) this.#onAbort()
  }

  /** Its reason, once aborted, is a `ZooKeeperError` with the code `ABORTED` or `TIMEOUT`. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  readonly #onAbort = (): void => {
    const cause: unknown = this.#outer?.reason
    const isOurs = isZooKeeperError(cause, 'ABORTED') || isZooKeeperError(cause, 'TIMEOUT')
    this.#controller.abort(isOurs ? cause : new ZooKeeperError('ABORTED', `${this.#what} was given up`, { cause }))
  }

  #wait(leftMs: number): void {
    const stepMs = Math.min(leftMs, TIMER_MS_MAX)
    this.#timer = this.#zk.runtime.timers.after(stepMs, () => {
      if (leftMs > stepMs) this.#wait(leftMs - stepMs)
      else this.#controller.abort(new ZooKeeperError('TIMEOUT', `${this.#what} was given up: its deadline has passed`))
    })
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#stopListening()
  }
}

/** As `promise`, but rejects with the signal's reason as soon as that is aborted. */
export function unlessAborted<T>(signal: AbortSignal | null, promise: Promise<T>): Promise<T> {
  if (signal === null) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    const stopListening = whenAborted(signal, onAbort)
    if (signal.aborted) onAbort()
    promise.then(resolve, reject).finally(stopListening)
  })
}

/** Settles after `delayMs`, or rejects with the signal's reason. */
export function pause(zk: ZooKeeper, delayMs: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = zk.runtime.timers.after(delayMs, () => {
      stopListening()
      resolve()
    })
    const stopListening = whenAborted(signal ?? undefined, onAbort)
    if (signal?.aborted === true) onAbort()
  })
}

/** Settles when one of the signals is aborted; never rejects. */
export function untilAborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      for (const stopListening of stops) stopListening()
      resolve()
    }
    const stops = signals.map((signal) => whenAborted(signal, onAbort))
    if (signals.some((signal) => signal.aborted)) onAbort()
  })
}
