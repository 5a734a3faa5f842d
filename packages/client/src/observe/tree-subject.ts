import { childPath } from '@tskeeper/protocol'
import type { Chroot } from '../chroot.ts'
import { isZooKeeperError } from '../errors.ts'
import { getChildren, getData } from '../operations/read-operations.ts'
import type { NodeValue, TreeObservation } from '../results.ts'
import type { Session } from '../session/session.ts'
import type { WatchEvent } from '../watch/watch-event.ts'
import type { Subject } from './observer.ts'

/** How many reads are under way at most. */
const BATCH = 500

/** What one look found. */
interface Changes {
  readonly paths: string[]
  hasGap: boolean
}

/**
 * A whole subtree. The first look, and the first after a lost connection, walks it; in between, events name the nodes to read again.
 */
export class TreeSubject implements Subject<TreeObservation> {
  readonly path: string
  readonly serverPath: string
  readonly mode = 'persistent-recursive'
  readonly #session: Session
  readonly #chroot: Chroot
  readonly #nodes = new Map<string, NodeValue>()
  /** Paths to look at, as the application knows them. */
  #dirty = new Set<string>()
  #mustWalk = true
  #isFirst = true

  constructor(session: Session, path: string, chroot: Chroot) {
    this.#session = session
    this.#chroot = chroot
    this.path = path
    this.serverPath = chroot.toServer(path)
  }

  onEvent(event: WatchEvent): boolean {
    if (event.type === 'gap') this.#mustWalk = true
    else this.#dirty.add(event.path)
    return true
  }

  async look(): Promise<TreeObservation | null> {
    const dirty = this.#dirty
    this.#dirty = new Set()
    const mustWalk = this.#mustWalk
    this.#mustWalk = false
    const changes: Changes = { paths: [], hasGap: false }
    try {
      if (mustWalk) await this.#walk(changes)
      else await this.#readAll([...dirty], changes)
    } catch (error) {
      // What was to be looked at still is; what was taken over already is only looked at once more.
      this.#mustWalk = true
      throw error
    }
    const isFirst = this.#isFirst
    this.#isFirst = false
    if (isFirst) return { nodes: this.#nodes, changed: changes.paths, gap: false }
    if (changes.paths.length === 0) return null
    return { nodes: this.#nodes, changed: changes.paths, gap: mustWalk || changes.hasGap }
  }

  async #walk(changes: Changes): Promise<void> {
    const seen = new Set<string>()
    for (let level = [this.path]; level.length > 0; ) {
      await this.#readAll(level, changes)
      const parents = level.filter((path) => this.#nodes.has(path))
      for (const path of parents) seen.add(path)
      level = await this.#childrenOf(parents)
    }
    for (const path of this.#nodes.keys()) if (!seen.has(path)) this.#take(path, null, changes)
  }

  async #childrenOf(parents: readonly string[]): Promise<string[]> {
    const paths: string[] = []
    for (let start = 0; start < parents.length; start += BATCH) {
      const batch = parents.slice(start, start + BATCH)
      const lists = await Promise.all(
        batch.map((path) => orNull(this.#session.request(getChildren, path, this.#chroot.toServer(path), undefined))),
      )
      lists.forEach((names, index) => {
        for (const name of names ?? []) paths.push(childPath(batch[index] as string, name))
      })
    }
    return paths
  }

  async #readAll(paths: readonly string[], changes: Changes): Promise<void> {
    for (let start = 0; start < paths.length; start += BATCH) {
      const batch = paths.slice(start, start + BATCH)
      const values = await Promise.all(
        batch.map((path) => orNull(this.#session.request(getData, path, this.#chroot.toServer(path), undefined))),
      )
      values.forEach((value, index) => this.#take(batch[index] as string, value, changes))
    }
  }

  #take(path: string, value: NodeValue | null, changes: Changes): void {
    const last = this.#nodes.get(path)
    if (value === null) {
      if (!this.#nodes.delete(path)) return
    } else {
      if (last !== undefined && isSame(last, value)) return
      this.#nodes.set(path, value)
      if (!isNext(last, value)) changes.hasGap = true
    }
    changes.paths.push(path)
  }
}

function isSame(last: NodeValue, value: NodeValue): boolean {
  return last.stat.czxid === value.stat.czxid && last.stat.version === value.stat.version
}

/** Whether nothing can have been between the two: a new node as it was created, or one change of the same node. */
function isNext(last: NodeValue | undefined, value: NodeValue): boolean {
  if (last === undefined) return value.stat.version === 0
  return last.stat.czxid === value.stat.czxid && value.stat.version === last.stat.version + 1
}

/** Nodes that are gone, and those that may not be read, are not part of the tree as the client sees it. */
async function orNull<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request
  } catch (error) {
    if (isZooKeeperError(error, 'NO_NODE') || isZooKeeperError(error, 'NO_AUTH')) return null
    throw error
  }
}
