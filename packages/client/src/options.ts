import type { Acl } from '@tskeeper/protocol'
import type { Logger } from './logger.ts'
import type { RetryPolicy } from './retry.ts'
import type { ClientRuntime } from './runtime/runtime.ts'
import type { SaslMechanism } from './sasl.ts'
import type { TlsOptions } from './transport/tls-options.ts'
import type { WatchFn } from './watch/watch-event.ts'

/** How a client behaves. Everything has a default. */
export interface ClientOptions {
  /** How long servers keep the session without hearing of the client; they may grant more or less. 30,000 unless said otherwise. */
  readonly sessionTimeoutMs?: number
  /**
   * How long one attempt at one server may take, from the first packet to the end of the handshake.
   * The session time-out divided by the number of servers unless said otherwise.
   */
  readonly connectTimeoutMs?: number
  /** Whether a server that is cut off from its ensemble, and only answers reads, will do until a better one is found. */
  readonly readOnly?: boolean
  /** A session to go on with, that another client had. */
  readonly session?: SessionCredentials
  /** Credentials that each new connection presents. */
  readonly auth?: readonly AuthCredentials[]
  /** A mechanism of SASL that each new connection goes through. */
  readonly sasl?: SaslMechanism
  /** For operations that do not say their own. `retries.none` unless said otherwise. */
  readonly retry?: RetryPolicy
  /** Longest request that is sent, in bytes: the servers' `jute.maxbuffer`. 1,048,575 unless said otherwise. */
  readonly maxPacketBytes?: number
  /** Longest reply that is accepted, in bytes: a node with very many children has a long one. 64 MiB unless said otherwise. */
  readonly maxReplyBytes?: number
  /** For operations that do not say their own deadline. None unless said otherwise. */
  readonly requestTimeoutMs?: number
  /**
   * Whether a client whose session expired begins a new one. Persistent watches and `observe` go on in the new session, with a
   * gap; ephemeral nodes, one-shot watches and requests under way are lost with the old one. False unless said otherwise.
   */
  readonly renewSession?: boolean
  readonly logger?: Logger
  /** Present: every connection is encrypted. */
  readonly tls?: TlsOptions
  /** The world that the client lives in: clock, timers, chance, connections. The platform's own unless said otherwise. */
  readonly runtime?: ClientRuntime
}

/** What proves that a session is one's own. */
export interface SessionCredentials {
  readonly id: bigint
  /** 16 bytes. */
  readonly password: Uint8Array
}

/** An identity for access control lists, such as scheme `digest` and auth `user:password`. */
export interface AuthCredentials {
  readonly scheme: string
  readonly auth: string | Uint8Array
}

/** What every operation takes. */
export interface OperationOptions {
  /** Ends the waiting: the promise rejects with `ABORTED`. What was sent already may still be carried out. */
  readonly signal?: AbortSignal
  /** Milliseconds, counted from the call, after which the promise rejects with `TIMEOUT`. All attempts together. */
  readonly deadlineMs?: number
  /** Whether and when it is tried again. */
  readonly retry?: RetryPolicy
}

/** What the reads take that can leave a watch. */
export interface WatchOptions extends OperationOptions {
  /** Called once, at the first change after the read. */
  readonly watch?: WatchFn
}

/** What `removeWatches` takes. */
export interface RemoveWatchesOptions extends OperationOptions {
  /** Whether the watches are taken away at once, on this side alone, when there is no connection. */
  readonly local?: boolean
}

/** What `set`, `setAcl` and `delete` take. */
export interface VersionOptions extends OperationOptions {
  /** The version that the node must have; -1, the default, is any. */
  readonly version?: number
}

/** What `delete` takes. */
export interface DeleteOptions extends VersionOptions {
  /** Also deletes everything below, node by node. Others may see a part of it; what is created meanwhile is deleted too. */
  readonly recursive?: boolean
  /** Whether a node that is not there counts as deleted. */
  readonly missingOk?: boolean
}

/** Kinds of nodes without a time to live. */
export type PlainCreateMode = 'persistent' | 'ephemeral' | 'persistent-sequential' | 'ephemeral-sequential' | 'container'

/** Kinds of nodes with a time to live. */
export type TtlCreateMode = 'ttl' | 'ttl-sequential'

/** Kinds of nodes. */
export type CreateMode = PlainCreateMode | TtlCreateMode

/** Which kind of node: a time to live belongs to the two TTL modes and to no other. */
export type CreateKind =
  | { readonly mode?: PlainCreateMode; readonly ttlMs?: never }
  | {
      readonly mode: TtlCreateMode
      /** Milliseconds without a change after which the node is deleted, if it has no children; at most 1,099,511,627,775. */
      readonly ttlMs: number
    }

/** What `create` takes. */
export type CreateOptions = OperationOptions &
  CreateKind & {
    /** Who may do what. Everyone everything unless said otherwise. */
    readonly acl?: readonly Acl[]
    /** Creates what is missing above, as persistent nodes without data, with the same access control list. */
    readonly withParents?: boolean
    /**
     * Puts a unique prefix (`_c_<uuid>-`) before the node's name, so that the node is found again when the connection is lost before
     * the answer came: the call then goes on by itself, until the session ends or the deadline passes.
     */
    readonly protected?: boolean
  }

/** What `reconfig` takes: either the changes, or the whole new membership. */
export type ReconfigOptions = OperationOptions & {
  /** Version of the configuration that must be the current one; -1n, the default, is any. */
  readonly fromVersion?: bigint
} & (
    | {
        /** Servers to add or to change, each as `server.<id>=...`. */
        readonly joining?: readonly string[]
        /** Ids of servers to remove. */
        readonly leaving?: readonly (string | number)[]
        readonly members?: never
      }
    | {
        /** All servers of the new configuration, each as `server.<id>=...`. */
        readonly members: readonly string[]
        readonly joining?: never
        readonly leaving?: never
      }
  )

/** What the iterators take. */
export interface IterationOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}
