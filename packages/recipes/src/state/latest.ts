/**
 * A value that changes, for readers that want the newest and need not see every one.
 *
 * A reader that is slower than the changes misses values, never the last; nothing piles up.
 */
export class Latest<T> {
  #value: T
  #revision = 0
  #isEnded = false
  #failure: { readonly error: unknown } | null = null
  readonly #waiting = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  set(value: T): void {
    if (this.#isEnded) return
    this.#value = value
    this.#revision += 1
    this.#wake()
  }

  /** No value will follow. Readers get the last one and end. */
  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  /** No value will follow. Readers get the last one, and then the error. */
  fail(error: unknown): void {
    if (this.#isEnded) return
    this.#failure = { error }
    this.end()
  }

  /** The value now, and then each newest one. Ends when the signal is aborted or no value will follow. */
  async *values(signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
    let seen = -1
    while (signal?.aborted !== true) {
      if (seen !== this.#revision) {
        seen = this.#revision
        yield this.#value
      } else if (this.#isEnded) {
        if (this.#failure !== null) throw this.#failure.error
        return
      } else {
        await this.#next(signal)
      }
    }
  }

  #next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal?.addEventListener('abort', wake)
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
