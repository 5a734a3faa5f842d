import type { ClientState } from '../state.ts'

/**
 * What a watch tells.
 *
 * - `created`, `deleted`, `changed` (the data), `children`: the node at `path`.
 * - `data-watch-removed`, `child-watch-removed`, `persistent-watch-removed`: `removeWatches` took the watch away.
 * - `gap`: only for persistent watches: the connection was lost and is back; what happened in between is not known.
 * - `none`: the watch will never fire, because the session is over; `state` says how. It is the last event.
 */
export type WatchEventType =
  | 'created'
  | 'deleted'
  | 'changed'
  | 'children'
  | 'data-watch-removed'
  | 'child-watch-removed'
  | 'persistent-watch-removed'
  | 'gap'
  | 'none'

/** One event of a watch. */
export interface WatchEvent {
  readonly type: WatchEventType
  /** The node that it is about: for recursive watches it may lie below the watched one. Without the chroot. */
  readonly path: string
  /** The transaction that caused it; null when the server does not say (before 3.9, and for what was noticed at a reconnect). */
  readonly zxid: bigint | null
  /** The client's state when the event was made. */
  readonly state: ClientState
}

/** Called for an event of a watch. What it throws is reported to the logger and goes no further. */
export type WatchFn = (event: WatchEvent) => void

/** Kinds of persistent watches. */
export type PersistentWatchMode = 'persistent' | 'persistent-recursive'

/** Which watches `removeWatches` takes away. */
export type WatchKind = 'data' | 'children' | 'persistent' | 'persistent-recursive' | 'any'

/** A persistent watch that has been set. */
export interface WatchHandle extends AsyncDisposable {
  readonly path: string
  readonly mode: PersistentWatchMode
  /** Takes the callback away, and the watch from the server when it was the last one there. */
  remove(): Promise<void>
}
