import { whenAborted } from '../abort-listeners.ts'
import { ZooKeeperError } from '../errors.ts'

/** How many values wait at most for a consumer that does not take them. */
const WAITING_MAX = 10_000

/**
 * Values on their way to a `for await`. The producer pushes; the consumer takes one at a time. What happens when the consumer is too
 * slow is the producer's choice: `overflow` gets the values that wait and returns what is to stand for them.
 */
export class Stream<T> implements AsyncIterableIterator<T> {
  readonly #overflow: (waiting: readonly T[]) => T[]
  readonly #onEnd: () => void
  #values: T[] = []
  #takers: { readonly resolve: (result: IteratorResult<T>) => void; readonly reject: (error: Error) => void }[] = []
  #error: Error | null = null
  #isEnded = false
  #stopListening: () => void = () => undefined

  constructor(overflow: (waiting: readonly T[]) => T[], onEnd: () => void) {
    this.#overflow = overflow
    this.#onEnd = onEnd
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  push(value: T): void {
    if (this.#isEnded) return
    const taker = this.#takers.shift()
    if (taker !== undefined) return taker.resolve({ done: false, value })
    this.#values.push(value)
    if (this.#values.length > WAITING_MAX) this.#values = this.#overflow(this.#values)
  }

  /** No more values; those that wait are still given. With an error, the consumer gets it after them. */
  end(error: Error | null = null): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#error = error
    this.#stopListening()
    for (const taker of this.#takers.splice(0)) {
      const failure = this.#takeError()
      if (failure === null) taker.resolve({ done: true, value: undefined })
      else taker.reject(failure)
    }
    this.#onEnd()
  }

  /** Ends when the signal is aborted: without an error, as the consumer asked for it. */
  endOn(signal: AbortSignal | undefined): this {
    if (signal === undefined) return this
    this.#stopListening = whenAborted(signal, () => void this.return())
    if (signal.aborted) void this.return()
    if (this.#isEnded) this.#stopListening()
    return this
  }

  next(): Promise<IteratorResult<T>> {
    const value = this.#values.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (!this.#isEnded) return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
    const failure = this.#takeError()
    return failure === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure)
  }

  /** The consumer is done: what waits is dropped. */
  return(): Promise<IteratorResult<T>> {
    this.#values = []
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The error is given once; after it the iteration is over. */
  #takeError(): Error | null {
    const error = this.#error
    this.#error = null
    return error
  }
}

/** The error that ends an iteration over a session that is over. */
export function sessionOver(state: string, path: string): ZooKeeperError {
  const code = state === 'expired' ? 'SESSION_EXPIRED' : state === 'auth-failed' ? 'AUTH_FAILED' : 'CLOSED'
  return new ZooKeeperError(code, `watching ${path} has ended: the client is ${state} (${code})`, { path })
}
