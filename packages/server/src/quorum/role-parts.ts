import type { QuorumVerifier } from '@tskeeper/core'
import { DecodeError } from '@tskeeper/protocol/server'
import type { ServerConfig } from '../config/server-config.ts'
import type { Logger } from '../logger.ts'
import type { LeaderReadings } from '../metrics/metric-readings.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import { LocalSessions } from '../pipeline/local-sessions.ts'
import type { WritePath } from '../pipeline/write-path.ts'
import type { Replica } from '../replica.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { ServerFront } from '../server-front.ts'
import type { ServingStackParts } from '../serving-stack.ts'

/** The configurations that a member knows, as its role sees them. What is said to be kept is durable on return. */
export interface RoleMembership {
  readonly committed: QuorumVerifier
  readonly lastSeen: QuorumVerifier
  /** Keeps the configuration that was proposed last. */
  keepProposed(config: QuorumVerifier): void
  /** No configuration newer than this one and the one in force is proposed in the history that goes on: what was kept of such is dropped. */
  dropProposed(known: QuorumVerifier): void
  /**
   * The configuration is in force: everything that follows from it is done, but for the end of the role. True if that has to follow,
   * because the role or the leader is another one now.
   */
  activate(config: QuorumVerifier, suggestedLeader: number | null, zxid: number): boolean
  /** Writes the configuration in force into its node of the tree. */
  writeConfigNode(): void
}

/** The two epochs of a member; what is given is durable when the call returns. */
export interface RoleEpochs {
  readonly accepted: number
  readonly current: number
  accept(epoch: number): void
  adopt(epoch: number): void
}

/** What a role of a member works with. */
export interface RoleParts {
  readonly config: ServerConfig
  readonly runtime: Runtime
  readonly logger: Logger
  readonly metrics: ServerMetrics
  readonly replica: Replica
  readonly front: ServerFront
  readonly serverId: number
  readonly membership: RoleMembership
  readonly epochs: RoleEpochs
  /** The role has begun to serve in this epoch; `hasSnapshot` if it has just written one. */
  readonly onSynchronised: (epoch: number, hasSnapshot: boolean) => void
  /** The role ends: nobody is served any more. `onEnded` follows. */
  readonly onEnding: () => void
  /** The role is over, and everything that it had begun is done. */
  readonly onEnded: () => void
  /** The server cannot go on. */
  readonly onFailure: (error: Error) => void
}

/** A part that a member plays in its ensemble, until it ends by itself or is ended. */
export interface Role {
  /** How far it has come: `discovery`, `synchronization`, in a learner with its kind behind it, or `broadcast`. */
  readonly progress: string
  /** The server that feeds this one, if it observes; else null. */
  readonly observerMasterId: string | null
  /** What only a leader knows; null for others, and before it leads. */
  readonly leaderReadings: LeaderReadings | null
  start(): void
  /** A server that voted for this one looks for a leader. */
  voterLooks(serverId: number): void
  /** See `RunningServer.expireSession`. */
  expireSession(sessionId: bigint, done: () => void): boolean
  /** Ends the role; `onEnded` follows. Does nothing if it is over. */
  end(reason: string): void
  /** The server fails or stops without delay: nothing is heard of the role any more. */
  abandon(): void
}

/**
 * Does what touches the disk. If that fails the server fails with it, and nothing that the role would still send leaves: `otherwise` is what
 * goes on then. Bytes of a peer that cannot be read are that peer's failure, and thrown.
 */
export function orFail<T>(parts: Pick<RoleParts, 'onFailure'>, action: () => T, otherwise: T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof DecodeError) throw error
    parts.onFailure(error instanceof Error ? error : new Error(String(error)))
    return otherwise
  }
}

/** Where the sessions go that only this server knows; null when the configuration wants none. */
export function localSessionsOf({ config, runtime, logger, metrics }: RoleParts): LocalSessions | null {
  const { areLocalSessionsEnabled, areLocalSessionsUpgraded } = config.quorum
  if (!areLocalSessionsEnabled) return null
  const { clock, timers } = runtime
  return new LocalSessions({
    tickMs: config.tickTimeMs,
    clock,
    timers,
    logger,
    ephemerals: areLocalSessionsUpgraded ? 'upgrade' : 'refuse',
    onExpired: () => {
      metrics.sessions.expired++
    },
  })
}

/** What the stacks that serve clients have in common in all roles. */
export function stackPartsOf(
  parts: RoleParts,
): Pick<
  ServingStackParts<WritePath>,
  'config' | 'runtime' | 'logger' | 'metrics' | 'authentication' | 'database' | 'serverId' | 'words' | 'onEnding' | 'onClosed'
> {
  const { config, runtime, logger, metrics, replica, front, serverId } = parts
  const { authentication, listener } = front
  return {
    config,
    runtime,
    logger,
    metrics,
    authentication,
    database: replica.database,
    serverId: idByteOf(serverId),
    words: front,
    onEnding: (connection) => listener.ended(connection),
    onClosed: (connection) => listener.closed(connection),
  }
}

/** Requests that a member takes in process at a time: all together shall not bring more to the leader than one server could. */
export function outstandingLimitOf({ config, membership }: RoleParts): number {
  const voterCount = membership.committed.voters.size
  return voterCount > 2
    ? Math.max(1, Math.floor(config.globalOutstandingLimit / (voterCount - 1)))
    : config.globalOutstandingLimit
}

/** The byte that a server's session ids begin with. */
export function idByteOf(serverId: number): number {
  return ((serverId % 256) + 256) % 256
}
