/** Who waits for which signal. Only the signals of callers are keys, so nothing is kept longer than they are. */
const waiting = new WeakMap<AbortSignal, AbortListeners>()

/** All who wait for one signal, behind a single listener. */
class AbortListeners {
  readonly #signal: AbortSignal
  readonly #callbacks = new Set<() => void>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  add(callback: () => void): void {
    if (this.#callbacks.size === 0) this.#signal.addEventListener('abort', this.#onAbort)
    this.#callbacks.add(callback)
  }

  delete(callback: () => void): void {
    if (!this.#callbacks.delete(callback) || this.#callbacks.size > 0) return
    this.#signal.removeEventListener('abort', this.#onAbort)
    waiting.delete(this.#signal)
  }

  readonly #onAbort = (): void => {
    // A callback that ends an operation ends its waiting too, so the set shrinks under the loop; those that are gone are not called.
    for (const callback of this.#callbacks) {
      this.delete(callback)
      callback()
    }
  }
}

/**
 * Calls `callback` once when the signal is aborted; never if it is already, which callers look at themselves. Returns what ends the waiting.
 *
 * One signal may end thousands of operations at once. With a listener for each, platforms warn of a leak, and taking one of them away takes
 * longer the more there are; so all share one.
 */
export function whenAborted(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => undefined
  // The same callback may wait twice: each waiting is its own.
  const own = (): void => callback()
  const listeners = waiting.get(signal) ?? new AbortListeners(signal)
  waiting.set(signal, listeners)
  listeners.add(own)
  return () => listeners.delete(own)
}
