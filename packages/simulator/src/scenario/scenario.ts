// What happens in a run, written down before it begins: how many servers, what breaks when, what clients ask for. The list is
// made from the seed; a shorter list with the same seed is a run of its own, which is what the shrinker lives on.

import type { Traits } from './traits.ts'

/** Time-out of all clients' sessions. */
export const SESSION_TIMEOUT_MS = 1500

/** Keys that all clients write. */
export const SHARED_KEYS = 3

/** Which servers a partition separates, and how. */
export type Fault = { readonly atMs: number; readonly durationMs: number } & (
  | { readonly kind: 'crash' | 'kill' | 'pause' | 'stop'; readonly server: number }
  /** The power of all servers fails. */
  | { readonly kind: 'blackout' }
  /** One server after the other is stopped and started, as for a new release. */
  | { readonly kind: 'rolling-restart' }
  /** The power fails in the middle of what the server does on its disk, at the `change`-th change from then on. */
  | { readonly kind: 'crash-in-write'; readonly server: number; readonly change: number }
  /** Nothing gets from these servers to the others, and back unless it is one-way; clients are not concerned. */
  /** The server leaves the ensemble, or only votes no more, and comes back when the time is over. */
  | { readonly kind: 'reconfigure'; readonly server: number; readonly becomesObserver: boolean }
  | { readonly kind: 'partition'; readonly servers: readonly number[]; readonly isOneWay: boolean }
  | { readonly kind: 'cut'; readonly from: number; readonly to: number; readonly isOneWay: boolean }
  | { readonly kind: 'reset'; readonly from: number; readonly to: number }
  | { readonly kind: 'slow-link'; readonly from: number; readonly to: number; readonly extraMs: number }
  /** What the other servers send to this one comes later. */
  | { readonly kind: 'lag'; readonly server: number; readonly extraMs: number }
  | { readonly kind: 'cut-client'; readonly client: number; readonly server: number }
  /** The client loses its connection, and looks for another server. */
  | { readonly kind: 'reset-client'; readonly client: number }
  | { readonly kind: 'clock-jump'; readonly server: number; readonly jumpMs: number }
  | { readonly kind: 'slow-disk'; readonly server: number; readonly syncMs: number }
  | { readonly kind: 'failing-disk'; readonly server: number; readonly operation: 'write' | 'sync' | 'rename' }
  | { readonly kind: 'full-disk'; readonly server: number; readonly spareBytes: number }
)

/** Something that a client asks for, `waitMs` after it asked for the thing before. */
export type Operation = { readonly waitMs: number } & (
  | { readonly kind: 'create' | 'create-ephemeral' | 'delete' }
  | { readonly kind: 'get' | 'get-watched' | 'sync-get' | 'set' | 'set-version'; readonly key: number }
  | { readonly kind: 'get-created' }
  | { readonly kind: 'multi'; readonly keys: readonly number[]; readonly fails: boolean }
  | { readonly kind: 'lock'; readonly holdMs: number }
  | { readonly kind: 'close' }
  /** A container, or with a time to live a TTL node; the others are about the one that was made last, or one of its children. */
  | { readonly kind: 'make-reaped'; readonly ttlMs: number }
  | { readonly kind: 'fill-reaped' | 'empty-reaped' | 'touch-reaped' | 'get-reaped' }
  /** A persistent node takes its place. */
  | { readonly kind: 'replace-reaped' }
  | { readonly kind: 'put' }
  /** Takes an entry from the queue and works on it. */
  | { readonly kind: 'take'; readonly workMs: number }
  | { readonly kind: 'lead'; readonly holdMs: number }
  /** A read that may be answered by a server without a quorum. */
  | { readonly kind: 'read-only-get'; readonly key: number }
)

export interface Scenario {
  readonly seed: number
  /** Server 1 to `voterCount` vote, those after them observe. One voter without observers stands alone. */
  readonly voterCount: number
  readonly observerCount: number
  /** How fast each server's clock runs. */
  readonly clockRates: readonly number[]
  /** Transactions between two snapshots of a server. */
  readonly snapCount: number
  readonly isSnapshotForced: boolean
  /** The servers have files of their own for their configuration, and members may be changed. */
  readonly isReconfigEnabled: boolean
  readonly traits: Traits
  readonly faults: readonly Fault[]
  readonly clients: readonly (readonly Operation[])[]
  /** How long nothing is asked for at the end, while no session may be lost. */
  readonly idleMs: number
  /** When the faults are over. */
  readonly calmMs: number
}
