import { type Acl, decodeText, type ZooKeeper } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, childPath, ensureDirectory, listDirectory, readNode } from '../line/directory.ts'
import { sortLine } from '../line/place.ts'
import type { SequentialName } from '../line/sequence.ts'
import { unlessAborted } from '../session/cancellation.ts'
import { isSessionOver, untilConnected } from '../session/persevere.ts'
import { type Watched, watchChildren, watchNode } from '../session/shared-watch.ts'
import { LATCH_KIND, type LeaderInfo, SELECTOR_KIND } from './leadership.ts'

/**
 * Knows who leads, without being a candidate.
 *
 * **Guarantees.** The leader given is the one that the client's server knew at that moment. The iterator gives every lasting change; a
 * leader that came and went in between may be left out. An observer watches the leader's node only, and the list of
 * candidates only while there is none: candidates that join or give up wake nobody.
 *
 * **Failure modes.** What it says is old by the time it is heard: to act on it safely, pass the `fencingToken` along. While the connection is
 * lost the last known leader stands. In a new session it goes on; when the session is over for good, the iterator throws.
 *
 * **Layout**: reads that of `LeaderLatch` and `LeaderSelector`.
 *
 * ```ts
 * for await (const leader of new LeaderObserver(zk, '/service/leader').changes()) console.log(leader?.id ?? 'nobody')
 * ```
 */
export class LeaderObserver {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #acl: readonly Acl[]

  /** The options say how the directory of the candidates is made if an observer is there first. */
  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#acl = aclOf(options)
  }

  /** Who leads now; null if nobody does. */
  async leader(options: { readonly signal?: AbortSignal } = {}): Promise<LeaderInfo | null> {
    const signal = options.signal ?? null
    for (;;) {
      const names = await listDirectory(this.#zk, this.path, signal)
      const first = await this.#first(names, signal)
      if (first === null) return null
      const path = childPath(this.path, first.name)
      const value = await readNode(this.#zk, path, signal)
      if (value !== null) return { id: decodeText(value.data), path, fencingToken: value.stat.czxid }
    }
  }

  /** Who leads now, and then each new leader, or null when there is none. Ends when the signal is aborted. */
  async *changes(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<LeaderInfo | null, void, undefined> {
    const signal = options.signal ?? null
    let last: LeaderInfo | null | undefined
    try {
      for (;;) {
        const { value: leader, changed } = await this.#watchAcrossSessions(signal)
        if (last === undefined || leader?.path !== last?.path) yield leader
        last = leader
        await unlessAborted(signal, changed)
      }
    } catch (error) {
      if (signal?.aborted !== true) throw error
    }
  }

  async #watchAcrossSessions(signal: AbortSignal | null): Promise<Watched<LeaderInfo | null>> {
    for (;;) {
      await untilConnected(this.#zk, signal)
      try {
        const watched = await this.#watch(signal)
        if (watched !== null) return watched
      } catch (error) {
        if (!isSessionOver(error)) throw error
      }
    }
  }

  /** The leader and its watch, or nobody and the list's; null when that has changed while it was read. */
  async #watch(signal: AbortSignal | null): Promise<Watched<LeaderInfo | null> | null> {
    const names = await listDirectory(this.#zk, this.path, signal)
    const first = await this.#first(names, signal)
    if (first === null) return this.#watchList(signal)
    const path = childPath(this.path, first.name)
    const watched = await watchNode(this.#zk, path, signal)
    if (watched === null) return null
    const { data, stat } = watched.value
    return { value: { id: decodeText(data), path, fencingToken: stat.czxid }, changed: watched.changed }
  }

  async #watchList(signal: AbortSignal | null): Promise<Watched<null> | null> {
    const watched = await watchChildren(this.#zk, this.path, signal)
    if (watched === null) {
      await ensureDirectory(this.#zk, this.path, this.#acl, signal)
      return null
    }
    const first = await this.#first(watched.value, signal)
    return first === null ? { value: null, changed: watched.changed } : null
  }

  async #first(names: readonly string[], signal: AbortSignal | null): Promise<SequentialName | null> {
    const line = await sortLine(this.#zk, { directory: this.path, kinds: [LATCH_KIND, SELECTOR_KIND] }, names, signal)
    return line[0] ?? null
  }
}
