import { SET_PRECISION_BITS, Summary } from './summary.ts'

/** Most keys that one set keeps; names come from clients, so without a limit they could fill the memory. */
export const SET_KEYS_MAX = 256

/** Key under which everything is counted that came after the set was full. */
export const OVERFLOW_KEY = 'other'

/** Summaries by key: one for each namespace or each server of the ensemble. */
export class SummarySet {
  readonly #summaries = new Map<string, Summary>()

  /** The summary of the key, made when it is first asked for. */
  get(key: string): Summary {
    return this.#summaries.get(key) ?? this.#add(key)
  }

  entries(): Iterable<readonly [string, Summary]> {
    return this.#summaries
  }

  #add(key: string): Summary {
    const name = admittedName(this.#summaries, key)
    const existing = this.#summaries.get(name)
    if (existing !== undefined) return existing
    const summary = new Summary(SET_PRECISION_BITS)
    this.#summaries.set(name, summary)
    return summary
  }
}

/** Counters by key. */
export class CounterSet {
  readonly #counts = new Map<string, number>()

  add(key: string, amount: number): void {
    const name = admittedName(this.#counts, key)
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount)
  }

  entries(): Iterable<readonly [string, number]> {
    return this.#counts
  }
}

/** The name under which a key is kept: safe for every reader of metrics, and the common one once the set is full. */
function admittedName(known: ReadonlyMap<string, unknown>, key: string): string {
  const name = metricKey(key)
  return known.has(name) || known.size < SET_KEYS_MAX ? name : OVERFLOW_KEY
}

/**
 * The key as it may stand in the name of a metric. A znode's name may hold anything; a blank in it would break the
 * lines of `mntr` for the programs that read them.
 */
export function metricKey(key: string): string {
  return key.replace(/[^A-Za-z0-9_.-]/g, '_')
}
