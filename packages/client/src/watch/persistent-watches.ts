import { isZooKeeperError } from '../errors.ts'
import { addWatch, removeWatches } from '../operations/watch-operations.ts'
import type { OperationOptions } from '../options.ts'
import type { Session } from '../session/session.ts'
import type { PersistentWatchMode, WatchFn, WatchHandle, WatchKind } from './watch-event.ts'

/** Sets persistent watches and takes them away. Paths are the caller's and the server's. */
export class PersistentWatches {
  readonly #session: Session
  /** How many addWatch requests are under way for a path and mode: their watches must not be taken away by a removal that overtakes them. */
  readonly #adding = new Map<string, number>()

  constructor(session: Session) {
    this.#session = session
  }

  async add(
    path: string,
    serverPath: string,
    mode: PersistentWatchMode,
    watcher: WatchFn,
    options?: OperationOptions,
  ): Promise<WatchHandle> {
    // A function of its own, so that the same callback can be used twice and each handle takes away its own.
    const own: WatchFn = (event) => watcher(event)
    const key = `${mode} ${serverPath}`
    this.#adding.set(key, (this.#adding.get(key) ?? 0) + 1)
    try {
      await this.#session.request(addWatch[mode], path, serverPath, undefined, own, options)
    } finally {
      const left = (this.#adding.get(key) ?? 1) - 1
      if (left === 0) this.#adding.delete(key)
      else this.#adding.set(key, left)
    }
    const remove = (): Promise<void> => this.#remove(path, serverPath, mode, own)
    return { path, mode, remove, [Symbol.asyncDispose]: remove }
  }

  async #remove(path: string, serverPath: string, mode: PersistentWatchMode, own: WatchFn): Promise<void> {
    const { table } = this.#session.watches
    const isLast = table.removePersistent(mode, serverPath, own)
    if (!isLast || this.#adding.has(`${mode} ${serverPath}`)) return
    try {
      await this.#requestRemoval(path, serverPath, mode)
    } catch (error) {
      // A lost connection takes the server's side of a watch with it, and what is not there need not be removed.
      if (!isZooKeeperError(error)) throw error
    }
  }

  /** Servers before 3.9 do not know the two persistent kinds: there all watches at the path go together, if no other is wanted. */
  async #requestRemoval(path: string, serverPath: string, mode: PersistentWatchMode): Promise<void> {
    try {
      await this.#session.request<WatchKind, undefined>(removeWatches, path, serverPath, mode)
    } catch (error) {
      if (!isZooKeeperError(error, 'MARSHALLING_ERROR') || this.#session.watches.table.has(serverPath)) throw error
      await this.#session.request<WatchKind, undefined>(removeWatches, path, serverPath, 'any')
    }
  }
}
