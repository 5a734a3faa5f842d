import { EventType } from '@tskeeper/protocol'
import type { WatchPlace } from '../session/request.ts'
import type { PersistentWatchMode, WatchFn, WatchKind } from './watch-event.ts'

/** The callbacks at one path: nearly always one, which then stands for itself; ten thousand sets would cost ten times as much. */
type Watchers = WatchFn | Set<WatchFn>

type Kind = WatchPlace

/** Paths of one setWatches request. */
export interface WatchBatch {
  readonly data: string[]
  readonly exists: string[]
  readonly children: string[]
  readonly persistent: string[]
  readonly 'persistent-recursive': string[]
}

/** Characters of paths in one batch: three bytes each would still fit in a frame of any server. */
const BATCH_LENGTH_MAX = 128 * 1024
/** What a path costs besides its characters. */
const PATH_OVERHEAD = 4

/**
 * Who waits for which events. Paths are the server's, with the chroot.
 *
 * A one-shot watch is here from the reply that says that the server has it to the event that uses it up; a persistent watch
 * until it is removed. What is here is what a new connection has to tell its server.
 */
export class WatchTable {
  readonly #tables: Readonly<Record<Kind, Map<string, Watchers>>> = {
    data: new Map(),
    exists: new Map(),
    children: new Map(),
    persistent: new Map(),
    'persistent-recursive': new Map(),
  }

  /** Watched paths, all kinds together. */
  get size(): number {
    let size = 0
    for (const table of Object.values(this.#tables)) size += table.size
    return size
  }

  /** Whether a new connection would have to set any persistent watch. */
  get hasPersistent(): boolean {
    return this.#tables.persistent.size + this.#tables['persistent-recursive'].size > 0
  }

  /** Keeps a watch that a reply confirmed; `isMissing` says that the node was not there. */
  add(place: WatchPlace, isMissing: boolean, path: string, watcher: WatchFn): void {
    // A watch of exists on a node that is there is one on its data: when it is set again, a change is to be told, and not that the node exists.
    const kind = place === 'exists' && !isMissing ? 'data' : place
    addTo(this.#tables[kind], path, watcher)
  }

  /** Takes one callback away. True when it was the last one of this kind there. */
  removePersistent(mode: PersistentWatchMode, path: string, watcher: WatchFn): boolean {
    const table = this.#tables[mode]
    const watchers = table.get(path)
    if (watchers === undefined) return false
    if (watchers instanceof Set) {
      watchers.delete(watcher)
      if (watchers.size > 0) return false
    } else if (watchers !== watcher) return false
    table.delete(path)
    return true
  }

  /** Whether anything is watched at exactly this path. */
  has(path: string): boolean {
    return Object.values(this.#tables).some((table) => table.has(path))
  }

  /** Who is to hear of an event; one-shot watches are used up by it. `type` is the protocol's number. */
  take(type: number, path: string): ReadonlySet<WatchFn> {
    const found = new Set<WatchFn>()
    const { data, exists, children, persistent } = this.#tables
    if (type !== EventType.nodeChildrenChanged) {
      takeFrom(data, path, found)
      takeFrom(exists, path, found)
    }
    if (type === EventType.nodeChildrenChanged || type === EventType.nodeDeleted) takeFrom(children, path, found)
    collect(persistent.get(path), found)
    if (type !== EventType.nodeChildrenChanged) this.#collectRecursive(path, found)
    return found
  }

  /** Takes away what `removeWatches` removed, with the kind that each callback was of. */
  remove(kind: WatchKind, path: string): { readonly kind: Kind; readonly watchers: ReadonlySet<WatchFn> }[] {
    return KINDS[kind].map((one) => {
      const watchers = new Set<WatchFn>()
      takeFrom(this.#tables[one], path, watchers)
      return { kind: one, watchers }
    })
  }

  /** Takes every one-shot watch away: their server side died with the session. */
  takeOneShots(): ReadonlyMap<string, ReadonlySet<WatchFn>> {
    return this.#takeAll(['data', 'exists', 'children'])
  }

  /** Takes everything away. */
  takeAll(): ReadonlyMap<string, ReadonlySet<WatchFn>> {
    return this.#takeAll(['data', 'exists', 'children', 'persistent', 'persistent-recursive'])
  }

  /** Every path with persistent watches, and who watches. */
  *persistentWatchers(): IterableIterator<[path: string, watchers: ReadonlySet<WatchFn>]> {
    for (const mode of ['persistent', 'persistent-recursive'] as const) {
      for (const [path, watchers] of this.#tables[mode]) yield [path, watchers instanceof Set ? watchers : new Set([watchers])]
    }
  }

  /** Everything that a new connection has to set again, in portions that fit in a frame. */
  batches(): WatchBatch[] {
    const batches: WatchBatch[] = []
    let batch = emptyBatch()
    let length = 0
    for (const kind of KINDS.any) {
      for (const path of this.#tables[kind].keys()) {
        if (length === 0) batches.push(batch)
        batch[kind].push(path)
        length += path.length + PATH_OVERHEAD
        if (length < BATCH_LENGTH_MAX) continue
        batch = emptyBatch()
        length = 0
      }
    }
    return batches
  }

  #collectRecursive(path: string, found: Set<WatchFn>): void {
    const recursive = this.#tables['persistent-recursive']
    if (recursive.size === 0) return
    collect(recursive.get(path), found)
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      collect(recursive.get(path.slice(0, slash)), found)
    }
    if (path !== '/') collect(recursive.get('/'), found)
  }

  #takeAll(kinds: readonly Kind[]): ReadonlyMap<string, ReadonlySet<WatchFn>> {
    const taken = new Map<string, Set<WatchFn>>()
    for (const kind of kinds) {
      for (const [path, watchers] of this.#tables[kind]) {
        const found = taken.get(path) ?? new Set<WatchFn>()
        collect(watchers, found)
        taken.set(path, found)
      }
      this.#tables[kind].clear()
    }
    return taken
  }
}

const KINDS: Readonly<Record<WatchKind, readonly Kind[]>> = {
  data: ['data', 'exists'],
  children: ['children'],
  persistent: ['persistent'],
  'persistent-recursive': ['persistent-recursive'],
  any: ['data', 'exists', 'children', 'persistent', 'persistent-recursive'],
}

function emptyBatch(): WatchBatch {
  return { data: [], exists: [], children: [], persistent: [], 'persistent-recursive': [] }
}

function addTo(table: Map<string, Watchers>, path: string, watcher: WatchFn): void {
  const watchers = table.get(path)
  if (watchers === undefined || watchers === watcher) table.set(path, watcher)
  else if (watchers instanceof Set) watchers.add(watcher)
  else table.set(path, new Set([watchers, watcher]))
}

function takeFrom(table: Map<string, Watchers>, path: string, found: Set<WatchFn>): void {
  const watchers = table.get(path)
  if (watchers === undefined) return
  table.delete(path)
  collect(watchers, found)
}

function collect(watchers: Watchers | undefined, found: Set<WatchFn>): void {
  if (watchers === undefined) return
  if (!(watchers instanceof Set)) found.add(watchers)
  else for (const watcher of watchers) found.add(watcher)
}
