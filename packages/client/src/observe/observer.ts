import { whenAborted } from '../abort-listeners.ts'
import { isZooKeeperError } from '../errors.ts'
import { pause } from '../operations/attempts.ts'
import type { Session } from '../session/session.ts'
import type { PersistentWatches } from '../watch/persistent-watches.ts'
import type { PersistentWatchMode, WatchEvent, WatchHandle } from '../watch/watch-event.ts'
import { sessionOver } from './stream.ts'

/** Pause after a read that failed. */
const READ_AGAIN_MS = 100

/** What an observer observes, and how. */
export interface Subject<T> {
  readonly path: string
  readonly serverPath: string
  readonly mode: PersistentWatchMode
  /** An event came; whether it is a reason to look again. */
  onEvent(event: WatchEvent): boolean
  /** Looks, and returns what is to be given to the consumer, or null when nothing has changed. Throws `ZooKeeperError`s. */
  look(): Promise<T | null>
}

/**
 * The machinery of state-based subscriptions: a persistent watch that says when to look again, and reads that happen when the
 * consumer asks for the next value. A slow consumer thus costs nothing but the values in between.
 *
 * The mark "look again" is taken away before the read begins: an event that comes during the read makes another one follow,
 * so the last change is never missed.
 */
export class Observer<T> implements AsyncIterableIterator<T> {
  readonly #session: Session
  readonly #watches: PersistentWatches
  readonly #subject: Subject<T>
  #handle: WatchHandle | null = null
  #mustLook = true
  #isEnded = false
  #wake: (() => void) | null = null
  /** Steps one after the other, however often `next` is called. */
  #steps: Promise<unknown> = Promise.resolve()
  #stopListening: () => void = () => undefined

  constructor(session: Session, watches: PersistentWatches, subject: Subject<T>, signal: AbortSignal | undefined) {
    this.#session = session
    this.#watches = watches
    this.#subject = subject
    this.#stopListening = whenAborted(signal, () => void this.return())
    if (signal?.aborted === true) void this.return()
  }

  next(): Promise<IteratorResult<T>> {
    const step = this.#steps.then(() => this.#step())
    this.#steps = step.catch(() => undefined)
    return step
  }

  async return(): Promise<IteratorResult<T>> {
    this.#end()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #step(): Promise<IteratorResult<T>> {
    while (!this.#isEnded) {
      if (!this.#mustLook) await new Promise<void>((resolve) => (this.#wake = resolve))
      if (this.#isEnded) break
      this.#mustLook = false
      const value = await this.#tryLook()
      if (value !== null && !this.#isEnded) return { done: false, value }
    }
    return { done: true, value: undefined }
  }

  /** A failed read is tried again, as long as there is a session to try it with. */
  async #tryLook(): Promise<T | null> {
    try {
      if (this.#handle === null) await this.#begin()
      return await this.#subject.look()
    } catch (error) {
      this.#mustLook = true
      if (this.#isEnded) return null
      const { state } = this.#session
      const isOver = isZooKeeperError(error) && error.category === 'session' && !isAlive(state)
      if (isOver && state === 'closed') this.#end()
      else if (isOver) this.#fail(sessionOver(state, this.#subject.path))
      else if (!isZooKeeperError(error) || (!error.isRetryable && error.category !== 'session')) this.#fail(error)
      else await pause(this.#session.settings.runtime, READ_AGAIN_MS)
      return null
    }
  }

  #fail(error: unknown): never {
    this.#end()
    throw error
  }

  async #begin(): Promise<void> {
    const { path, serverPath, mode } = this.#subject
    const handle = await this.#watches.add(path, serverPath, mode, (event) => this.#onEvent(event))
    this.#handle = handle
    if (this.#isEnded) await handle.remove()
  }

  #onEvent(event: WatchEvent): void {
    if (event.type === 'none' || event.type === 'persistent-watch-removed') this.#handle = null
    else if (!this.#subject.onEvent(event)) return
    this.#mustLook = true
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#stopListening()
    this.#wakeUp()
    const handle = this.#handle
    this.#handle = null
    // Nobody waits for it: when it fails, the watch is gone with its connection.
    void handle?.remove().catch(() => undefined)
  }
}

function isAlive(state: string): boolean {
  return state !== 'closed' && state !== 'auth-failed' && state !== 'expired'
}
