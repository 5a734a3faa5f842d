// What operations give back.

import type { Acl } from '@tskeeper/protocol'
import type { ZooKeeperError } from './errors.ts'
import type { Stat } from './stat.ts'

/** A node's data and Stat. */
export interface NodeValue {
  /** A copy of its own. Empty for a node without data. */
  readonly data: Uint8Array
  /** Whether the node has no data at all, which is kept apart from no bytes of data. */
  readonly isNull: boolean
  readonly stat: Stat
}

/** A node's children and Stat. */
export interface ChildrenValue {
  /** Names, not paths; in no particular order. */
  readonly children: string[]
  readonly stat: Stat
}

/** A node's access control list and Stat. */
export interface AclValue {
  readonly acl: Acl[]
  readonly stat: Stat
}

/** A node that was created. */
export interface CreatedNode {
  /** The path, with the sequence number if there is one. */
  readonly path: string
  readonly stat: Stat
}

/** One identity that the connection holds. */
export interface Identity {
  readonly scheme: string
  readonly id: string
}

/** What one part of a transaction did. */
export type TransactionResult =
  | {
      readonly type: 'create'
      readonly path: string
      /** Only of containers and nodes with a time to live: for others servers do not send it in a transaction. */
      readonly stat: Stat | null
    }
  | { readonly type: 'set'; readonly stat: Stat }
  | { readonly type: 'delete' }
  | { readonly type: 'check' }

/** What one part of a `multiRead` found. */
export type ReadResult =
  | { readonly type: 'get'; readonly value: NodeValue }
  | { readonly type: 'children'; readonly children: string[] }
  | { readonly type: 'error'; readonly error: ZooKeeperError }

/** A node's value at one moment of an observation. */
export interface Observation<T> {
  /** Null while the node does not exist. */
  readonly value: T | null
  /** Whether there may have been other values between the last one given and this one. */
  readonly gap: boolean
}

/** A subtree at one moment of an observation. */
export interface TreeObservation {
  /** Every node by its path, the top one included. It is the same map each time, kept up to date between two steps of the iterator. */
  readonly nodes: ReadonlyMap<string, NodeValue>
  /** Paths that are new, have another value or are gone since the last step. */
  readonly changed: readonly string[]
  /** Whether there may have been other values between the last step and this one. */
  readonly gap: boolean
}
