import { ZooKeeperError } from '@tskeeper/client'
import type { Lease } from './lease.ts'

/** Several leases as one: lost when one of them is lost, and released together, the last one first. */
export class JointLease implements Lease {
  readonly path: string
  readonly leases: readonly Lease[]
  readonly #controller = new AbortController()
  readonly #stops: (() => void)[] = []
  #released: Promise<void> | null = null

  constructor(path: string, leases: readonly Lease[]) {
    this.path = path
    this.leases = leases
    for (const lease of leases) this.#follow(lease.signal)
  }

  /** The largest of the leases' tokens. */
  get fencingToken(): bigint {
    return this.leases.reduce((largest, lease) => (lease.fencingToken > largest ? lease.fencingToken : largest), 0n)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  release(): Promise<void> {
    this.#released ??= this.#release()
    return this.#released
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  #follow(signal: AbortSignal): void {
    const onAbort = (): void => this.#controller.abort(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
    this.#stops.push(() => signal.removeEventListener('abort', onAbort))
  }

  async #release(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#controller.abort(new ZooKeeperError('ABORTED', `${this.path} was released`, { path: this.path }))
    await releaseAll(this.leases)
  }
}

/** Releases all, the last one first, even if one of them fails; rejects with the first failure then. */
export async function releaseAll(leases: readonly Lease[]): Promise<void> {
  const outcomes = await Promise.allSettled(leases.toReversed().map((lease) => lease.release()))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
