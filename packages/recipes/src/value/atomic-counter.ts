import type { ZooKeeper } from '@tskeeper/client'
import type { AccessOptions } from '../line/access.ts'
import type { WaitOptions } from '../session/cancellation.ts'
import { AtomicValue } from './atomic-value.ts'
import { integerCodec } from './codec.ts'

/**
 * A whole number of any size that many clients count with.
 *
 * **Guarantees and failure modes** are those of `AtomicValue`: an increment takes place exactly once or, when the call rejects, at most
 * once. The result is the value right after the own change.
 *
 * **Layout**: as `AtomicValue`, the number as decimal text, like kazoo's Counter.
 *
 * ```ts
 * const counter = new AtomicCounter(zk, '/visits')
 * await counter.add(1n)
 * ```
 */
export class AtomicCounter implements AsyncDisposable {
  readonly path: string
  readonly #value: AtomicValue<bigint>

  constructor(zk: ZooKeeper, path: string, options: AccessOptions & { readonly initial?: bigint } = {}) {
    this.#value = new AtomicValue(zk, path, { ...options, codec: integerCodec, initial: options.initial ?? 0n })
    this.path = path
  }

  async get(options?: { readonly signal?: AbortSignal }): Promise<bigint> {
    return (await this.#value.get(options)).value
  }

  /** Adds a number, which may be negative. Gives the sum. */
  async add(difference: bigint, options?: WaitOptions): Promise<bigint> {
    return (await this.#value.update((value) => value + difference, options)).value
  }

  increment(options?: WaitOptions): Promise<bigint> {
    return this.add(1n, options)
  }

  decrement(options?: WaitOptions): Promise<bigint> {
    return this.add(-1n, options)
  }

  /** Sets the number if it is `expected` now. Gives whether it was. */
  async compareAndSet(expected: bigint, value: bigint, options?: WaitOptions): Promise<boolean> {
    for (;;) {
      const now = await this.#value.get(options)
      if (now.value !== expected) return false
      if ((await this.#value.compareAndSet(now.version, value, options)) !== null) return true
    }
  }

  /** See `AtomicValue.close`. */
  close(): Promise<void> {
    return this.#value.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
