// What serves clients while a server has a role in which it can: reads, sessions and the way of writes, around the
// replica. When the role ends its connections are closed and the stack is thrown away.

import { type Database, SessionTracker } from '@tskeeper/core'
import type { Authentication } from './auth/authentication.ts'
import type { ServerConfig } from './config/server-config.ts'
import type { ClientConnection } from './listener/client-connection.ts'
import type { Logger } from './logger.ts'
import type { ServerMetrics } from './metrics/server-metrics.ts'
import { ClientService, type SyncPath, type WordService } from './pipeline/client-service.ts'
import { CommitStage } from './pipeline/commit-stage.ts'
import { ConnectionThrottle } from './pipeline/connection-throttle.ts'
import type { LocalSessions } from './pipeline/local-sessions.ts'
import { ReadAnswers } from './pipeline/read-answers.ts'
import { type SessionAuthority, SessionService } from './pipeline/session-service.ts'
import type { WritePath } from './pipeline/write-path.ts'
import type { Runtime } from './runtime/runtime.ts'

export interface ServingStackParts<Writes extends WritePath> {
  readonly config: ServerConfig
  readonly runtime: Runtime
  readonly logger: Logger
  readonly metrics: ServerMetrics
  readonly authentication: Authentication
  readonly database: Database
  /** The server's number, the top byte of its session ids. */
  readonly serverId: number
  /** Requests in process from which on connections are not read. */
  readonly outstandingLimit: number
  readonly words: WordService
  readonly onEnding: (connection: ClientConnection) => void
  readonly onClosed: (connection: ClientConnection) => void
  /** The leader, if this server learns from one: asked about sessions that come from elsewhere. */
  readonly authority: SessionAuthority | null
  /** Sessions that only this server knows: new ones are such, if they are given. */
  readonly local: LocalSessions | null
  readonly isReadOnly: boolean
  /** Where syncs go, if they go anywhere. */
  readonly syncsOf: ((writes: Writes) => SyncPath) | null
  /** Makes the way of writes; what it commits goes through the given stage. */
  readonly makeWrites: (commits: CommitStage) => Writes
}

export class ServingStack<Writes extends WritePath = WritePath> {
  readonly tracker: SessionTracker<ClientConnection>
  readonly writes: Writes
  readonly sessions: SessionService
  readonly clients: ClientService
  readonly local: LocalSessions | null

  constructor(parts: ServingStackParts<Writes>) {
    const { config, runtime, logger, metrics, authentication, database } = parts
    const { clock, timers } = runtime
    this.local = parts.local
    this.tracker = new SessionTracker<ClientConnection>(config.tickTimeMs)
    this.writes = parts.makeWrites(
      new CommitStage({
        database,
        metrics,
        onSessionCreated: (connection, arrivedMs) => this.sessions.created(connection, arrivedMs),
        onSessionClosed: (id, connection, reply) => this.sessions.closed(id, connection, reply),
      }),
    )
    this.sessions = new SessionService({
      tracker: this.tracker,
      limits: { minMs: config.minSessionTimeoutMs, maxMs: config.maxSessionTimeoutMs },
      serverId: parts.serverId,
      clock,
      timers,
      logger,
      metrics,
      writes: this.writes,
      throttle: connectionThrottleOf(config, runtime),
      authority: parts.authority,
      idsInUse: { has: (id) => this.tracker.has(id) || database.sessions.has(id) || parts.local?.tracker.has(id) === true },
      local: parts.local,
      isReadOnly: parts.isReadOnly,
      lastZxid: () => database.lastZxid,
    })
    const { maxGetChildrenResponseCacheSize, skipAcl } = config
    const { readTraffic } = metrics.requests
    this.clients = new ClientService({
      clock,
      logger,
      metrics,
      authentication,
      tracker: this.tracker,
      reads: new ReadAnswers(database, authentication.schemes, skipAcl, maxGetChildrenResponseCacheSize, readTraffic),
      writes: this.writes,
      sessions: this.sessions,
      local: parts.local,
      syncs: parts.syncsOf === null ? null : parts.syncsOf(this.writes),
      words: parts.words,
      lastZxid: () => database.lastZxid,
      removeWatcher: (connection) => database.watches.removeWatcher(connection),
      frameLengthMax: config.juteMaxBuffer,
      outstandingLimit: parts.outstandingLimit,
      requestThrottleLimit: config.requestThrottleLimit,
      isLatencyStale: config.requestStaleLatencyCheck,
      isStaleDropped: config.requestThrottleDropStale,
      throttledOpWaitTimeMs: config.throttledOpWaitTimeMs,
      largeFrameThreshold: config.largeRequestThreshold,
      largeFrameBytesMax: config.largeRequestMaxBytes,
      onEnding: parts.onEnding,
      onClosed: parts.onClosed,
    })
  }

  /** Tracks all sessions of the database from now on, each with its full timeout, and lets them expire. */
  adoptSessions(database: Database, nowMs: number): void {
    for (const [id, timeoutMs] of database.sessions) this.tracker.add(id, timeoutMs, nowMs)
  }
}

function connectionThrottleOf(config: ServerConfig, { clock, random }: Runtime): ConnectionThrottle | null {
  if (config.connectionMaxTokens <= 0) return null
  const options = {
    maxTokens: config.connectionMaxTokens,
    fillTimeMs: config.connectionTokenFillTimeMs,
    fillCount: config.connectionTokenFillCount,
    freezeTimeMs: config.connectionFreezeTimeMs,
    dropIncrease: config.connectionDropIncrease,
    dropDecrease: config.connectionDropDecrease,
    decreaseRatio: config.connectionDecreaseRatio,
    isWeighted: config.isConnectionWeightEnabled,
    globalSessionWeight: config.connectionGlobalSessionWeight,
    localSessionWeight: config.connectionLocalSessionWeight,
    renewedSessionWeight: config.connectionRenewSessionWeight,
  }
  return new ConnectionThrottle(options, clock.monotonicMs(), () => random.next())
}
