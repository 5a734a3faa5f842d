// What the four-letter words show of a running server, read from its parts when somebody asks.

import type { Membership, SessionTracker } from '@tskeeper/core'
import type {
  ConnectionView,
  DigestRecord,
  EnvironmentView,
  ExpiringConnection,
  ExpiryBucket,
  OutstandingRequestView,
  ServerMode,
  ServerView,
  ServingState,
  SessionExpiryView,
  WatchTotals,
} from '../admin/server-view.ts'
import { Whitelist } from '../admin/whitelist.ts'
import { confOutput, ensembleConfOutput } from '../config/conf-output.ts'
import type { ServerConfig } from '../config/server-config.ts'
import { ClientConnection } from '../listener/client-connection.ts'
import type { ClientListener } from '../listener/client-listener.ts'
import type { LeaderReadings, MetricReadings, NamespaceQuota } from '../metrics/metric-readings.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Replica } from '../replica.ts'
import { countOpenFiles, describeEnvironment, readOpenFilesMax } from '../runtime/machine.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { ServingStack } from '../serving-stack.ts'

export interface LiveViewParts {
  readonly config: ServerConfig
  readonly runtime: Runtime
  readonly metrics: ServerMetrics
  readonly replica: Replica
  readonly listener: () => ClientListener
}

/** What a server is in its ensemble at the moment. */
export interface RoleView {
  readonly mode: ServerMode
  readonly peerState: string | null
  readonly observerMasterId: string | null
  readonly quorumSize: number | null
  readonly leader: LeaderReadings | null
  /** A learner knows the timeouts of the sessions, but not when they expire. */
  readonly isLearner: boolean
  /** The members in force; null for a server that stands alone. */
  readonly membership: Membership | null
}

const STANDALONE: RoleView = {
  mode: 'standalone',
  peerState: null,
  observerMasterId: null,
  quorumSize: null,
  leader: null,
  isLearner: false,
  membership: null,
}

/** Connections expire in buckets of this length, as `dump` shows them. */
const CONNECTION_BUCKET_MS = 10_000
/** The trace mask of a fresh server; it is kept and shown, and traces nothing. */
const TRACE_MASK_DEFAULT = 306n
/** The reference counts the root twice: as "" and as "/". */
const ROOT_ALIAS_COUNT = 1
/** The path "/" again. */
const ROOT_ALIAS_BYTES = 1

export class LiveView implements ServerView, MetricReadings {
  readonly whitelist: Whitelist
  readonly timeZone = null
  readonly process = null
  servingState: ServingState = 'not serving'
  role: RoleView = STANDALONE
  traceMask: bigint = TRACE_MASK_DEFAULT
  /** The connection whose word is being answered. */
  asking: ClientConnection | null = null
  private readonly parts: LiveViewParts
  /** Who serves the clients; null while nobody does. */
  private stack: ServingStack | null = null
  /** Monotonic milliseconds at which the server began to serve. */
  private servingSinceMs = 0

  constructor(parts: LiveViewParts) {
    this.parts = parts
    this.whitelist = new Whitelist(parts.config.fourLetterWordWhitelist.join(','), parts.config.isReadOnlyModeEnabled)
  }

  serve(stack: ServingStack, state: ServingState): void {
    this.stack = stack
    this.servingState = state
    this.servingSinceMs = this.monotonicMs()
  }

  stopServing(): void {
    this.stack = null
    this.servingState = 'not serving'
  }

  get mode(): ServerMode {
    return this.role.mode
  }

  get peerState(): string | null {
    return this.role.peerState
  }

  get observerMasterId(): string | null {
    return this.role.observerMasterId
  }

  get quorumSize(): number | null {
    return this.role.quorumSize
  }

  get leader(): LeaderReadings | null {
    return this.role.leader
  }

  get metrics(): ServerMetrics {
    return this.parts.metrics
  }

  get readings(): MetricReadings {
    return this
  }

  get lastZxid(): number {
    return this.parts.replica.database.lastZxid
  }

  get aliveConnectionCount(): number {
    return this.parts.listener().connections.size
  }

  get outstandingRequestCount(): number {
    return this.stack?.clients.outstanding ?? 0
  }

  get znodeCount(): number {
    return this.parts.replica.database.tree.nodeCount + ROOT_ALIAS_COUNT
  }

  get watchCount(): number {
    const { watches } = this.parts.replica.database
    return watches.dataCount + watches.childCount
  }

  get ephemeralCount(): number {
    return this.parts.replica.database.tree.ephemeralCount
  }

  get approximateDataSizeBytes(): number {
    return this.parts.replica.database.tree.dataBytes + ROOT_ALIAS_BYTES
  }

  get globalSessionCount(): number {
    return this.parts.replica.database.sessions.size
  }

  get localSessionCount(): number {
    return this.stack?.local?.tracker.size ?? 0
  }

  get uptimeMs(): number {
    return this.monotonicMs() - this.servingSinceMs
  }

  get openFileDescriptorCount(): number | null {
    return countOpenFiles()
  }

  get maxFileDescriptorCount(): number | null {
    return readOpenFilesMax()
  }

  *quotas(): Generator<NamespaceQuota> {
    for (const { path, limits, usage } of this.parts.replica.database.tree.quotas.all()) {
      yield {
        namespace: path.split('/')[1] ?? '',
        countLimit: limits.countHardLimit > -1 ? limits.countHardLimit : limits.count,
        bytesLimit: limits.byteHardLimit > -1 ? limits.byteHardLimit : limits.bytes,
        countUsage: usage.count,
        bytesUsage: usage.bytes,
      }
    }
  }

  resetConnectionStats(): void {
    for (const connection of this.parts.listener().connections) connection.statistics.reset()
  }

  configurationText(): string {
    const { config, listener } = this.parts
    const facts = {
      clientPort: listener().port,
      secureClientPort: -1,
      dataDirSize: this.dataDirectorySizeBytes(),
      dataLogSize: this.logDirectorySizeBytes(),
    }
    const { membership } = this.role
    return membership === null ? confOutput(config, facts) : ensembleConfOutput(config, facts, membership)
  }

  dataDirectorySizeBytes(): number {
    return this.sizeOf(this.parts.replica.directories.snapshotDirectory)
  }

  logDirectorySizeBytes(): number {
    return this.sizeOf(this.parts.replica.directories.logDirectory)
  }

  private sizeOf(directory: string): number {
    const { disk } = this.parts.runtime
    let bytes = 0
    for (const name of disk.list(directory)) bytes += disk.exists(`${directory}/${name}`) ? disk.size(`${directory}/${name}`) : 0
    return bytes
  }

  environment(): EnvironmentView {
    return describeEnvironment()
  }

  *connections(): Generator<ConnectionView> {
    for (const connection of this.parts.listener().connections) yield this.connectionView(connection)
  }

  private connectionView(connection: ClientConnection): ConnectionView {
    const { statistics, session, socket } = connection
    const isAnswered = statistics.latencyCount > 0
    return {
      remoteAddress: socket.remoteAddress,
      remotePort: socket.remotePort,
      interestOps: connection === this.asking ? 0 : connection.interestOps,
      outstandingCount: connection.queue.size,
      packetsReceived: statistics.received,
      packetsSent: statistics.sent,
      session:
        session === null
          ? null
          : {
              id: session.id,
              timeoutMs: session.timeoutMs,
              establishedAtMs: statistics.establishedMs,
              lastOpcode: isAnswered ? statistics.lastOp : null,
              lastCxid: statistics.lastCxid,
              lastZxid: statistics.lastZxid,
              lastResponseMs: statistics.lastResponseMs,
              lastLatencyMs: statistics.lastLatencyMs,
              minLatencyMs: statistics.minLatencyMs,
              averageLatencyMs: isAnswered ? statistics.latencySumMs / statistics.latencyCount : 0,
              maxLatencyMs: statistics.maxLatencyMs,
            },
    }
  }

  sessionExpiry(): SessionExpiryView {
    const { stack } = this
    const local = stack === null || stack.local === null ? null : bucketsOf(stack.local.tracker)
    if (this.role.isLearner) {
      const sessions = [...this.parts.replica.database.sessions]
      return { kind: 'learner', global: sessions.map(([id, timeoutMs]) => ({ id, timeoutMs })), local }
    }
    return { kind: 'tracker', global: stack === null ? [] : bucketsOf(stack.tracker), local }
  }

  connectionExpiry(): readonly ExpiryBucket<ExpiringConnection>[] {
    const { config } = this.parts
    const buckets = new Map<number, ExpiringConnection[]>()
    for (const connection of this.parts.listener().connections) {
      const { socket, session } = connection
      const silentUntilMs = connection.lastHeardMs + (session?.timeoutMs ?? config.sessionlessConnectionTimeoutMs)
      const expiresAtMs = (Math.floor(silentUntilMs / CONNECTION_BUCKET_MS) + 1) * CONNECTION_BUCKET_MS
      const member = { remoteAddress: socket.remoteAddress, remotePort: socket.remotePort, sessionId: session?.id ?? 0n }
      const bucket = buckets.get(expiresAtMs)
      if (bucket === undefined) buckets.set(expiresAtMs, [member])
      else bucket.push(member)
    }
    return [...buckets].sort(([left], [right]) => left - right).map(([expiresAtMs, members]) => ({ expiresAtMs, members }))
  }

  *ephemeralsBySession(): Generator<readonly [bigint, Iterable<string>]> {
    const { tree } = this.parts.replica.database
    for (const [owner, nodes] of tree.ephemerals) yield [owner, [...nodes].map((node) => tree.path(node))]
  }

  watchTotals(): WatchTotals {
    const connections = new Set<ClientConnection>()
    let pathCount = 0
    for (const [, watchers] of this.parts.replica.database.watches.dataWatches()) {
      pathCount++
      for (const watcher of watchers) if (watcher instanceof ClientConnection) connections.add(watcher)
    }
    return { connectionCount: connections.size, pathCount, watchCount: this.parts.replica.database.watches.dataCount }
  }

  watchesBySession(): Iterable<readonly [bigint, Iterable<string>]> {
    const bySession = new Map<bigint, string[]>()
    for (const [path, ids] of this.watchesByPath()) {
      for (const id of ids) {
        const paths = bySession.get(id)
        if (paths === undefined) bySession.set(id, [path])
        else paths.push(path)
      }
    }
    return bySession
  }

  *watchesByPath(): Generator<readonly [string, Iterable<bigint>]> {
    for (const [path, watchers] of this.parts.replica.database.watches.dataWatches()) {
      const ids: bigint[] = []
      for (const watcher of watchers)
        if (watcher instanceof ClientConnection && watcher.session !== null) ids.push(watcher.session.id)
      yield [path, ids]
    }
  }

  digestHistory(): Iterable<DigestRecord> {
    return this.parts.replica.database.digestHistory
  }

  outstandingRequests(): Iterable<OutstandingRequestView> {
    return this.stack?.writes.outstanding() ?? []
  }

  nowMs(): number {
    return this.parts.runtime.clock.nowMs()
  }

  monotonicMs(): number {
    return this.parts.runtime.clock.monotonicMs()
  }
}

function bucketsOf(tracker: SessionTracker<ClientConnection>): ExpiryBucket<bigint>[] {
  return tracker.dueTimes().map(({ expiryMs, sessions }) => ({ expiresAtMs: expiryMs, members: sessions.map(({ id }) => id) }))
}
