import type { Logger } from '../logger.ts'
import type { StateChange } from '../state.ts'
import { report } from './report.ts'

type Listener<T> = (value: T) => void

/**
 * Tells listeners of states and of suspicion. They are called in a microtask: after the promises that were settled before
 * the change, and before those that are settled after it.
 */
export class StateFeed {
  readonly #logger: Logger
  readonly #stateListeners = new Set<Listener<StateChange>>()
  readonly #suspectListeners = new Set<Listener<boolean>>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  onState(listener: Listener<StateChange>): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  onSuspect(listener: Listener<boolean>): () => void {
    this.#suspectListeners.add(listener)
    return () => this.#suspectListeners.delete(listener)
  }

  emitState(change: StateChange): void {
    queueMicrotask(() => this.#call(this.#stateListeners, change))
  }

  emitSuspect(isSuspect: boolean): void {
    queueMicrotask(() => this.#call(this.#suspectListeners, isSuspect))
  }

  #call<T>(listeners: ReadonlySet<Listener<T>>, value: T): void {
    for (const listener of [...listeners]) report(this.#logger, 'a listener of the client threw', () => listener(value))
  }
}
