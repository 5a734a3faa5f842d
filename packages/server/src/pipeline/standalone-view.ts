// What the four-letter words show of a server that stands alone, read from its parts when somebody asks.

import type { Database, SessionTracker } from '@tskeeper/core'
import type {
  ConnectionView,
  DigestRecord,
  EnvironmentView,
  ExpiringConnection,
  ExpiryBucket,
  OutstandingRequestView,
  ServerView,
  ServingState,
  SessionExpiryView,
  WatchTotals,
} from '../admin/server-view.ts'
import { Whitelist } from '../admin/whitelist.ts'
import { confOutput } from '../config/conf-output.ts'
import type { ServerConfig } from '../config/server-config.ts'
import { ClientConnection } from '../listener/client-connection.ts'
import type { ClientListener } from '../listener/client-listener.ts'
import type { MetricReadings, NamespaceQuota } from '../metrics/metric-readings.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import { countOpenFiles, describeEnvironment, readOpenFilesMax } from '../runtime/machine.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { DataDirectories } from '../storage/data-directories.ts'
import type { ClientService } from './client-service.ts'

export interface StandaloneViewParts {
  readonly config: ServerConfig
  readonly directories: DataDirectories
  readonly runtime: Runtime
  readonly metrics: ServerMetrics
  readonly database: Database
  readonly tracker: SessionTracker<ClientConnection>
  readonly listener: () => ClientListener
  readonly clients: () => ClientService
  readonly outstanding: () => Iterable<OutstandingRequestView>
  readonly startedMs: number
}

/** Connections expire in buckets of this length, as `dump` shows them. */
const CONNECTION_BUCKET_MS = 10_000
/** The trace mask of a fresh server; it is kept and shown, and traces nothing. */
const TRACE_MASK_DEFAULT = 306n
/** The reference counts the root twice: as "" and as "/". */
const ROOT_ALIAS_COUNT = 1

export class StandaloneView implements ServerView, MetricReadings {
  readonly whitelist: Whitelist
  readonly mode = 'standalone'
  readonly peerState = null
  readonly observerMasterId = null
  readonly timeZone = null
  readonly quorumSize = null
  readonly leader = null
  readonly process = null
  readonly localSessionCount = 0
  servingState: ServingState = 'serving'
  traceMask: bigint = TRACE_MASK_DEFAULT
  /** The connection whose word is being answered. */
  asking: ClientConnection | null = null
  private readonly parts: StandaloneViewParts

  constructor(parts: StandaloneViewParts) {
    this.parts = parts
    this.whitelist = new Whitelist(parts.config.fourLetterWordWhitelist.join(','), parts.config.isReadOnlyModeEnabled)
  }

  get metrics(): ServerMetrics {
    return this.parts.metrics
  }

  get readings(): MetricReadings {
    return this
  }

  get lastZxid(): number {
    return this.parts.database.lastZxid
  }

  get aliveConnectionCount(): number {
    return this.parts.listener().connections.size
  }

  get outstandingRequestCount(): number {
    return this.parts.clients().outstanding
  }

  get znodeCount(): number {
    return this.parts.database.tree.nodeCount + ROOT_ALIAS_COUNT
  }

  get watchCount(): number {
    const { watches } = this.parts.database
    return watches.dataCount + watches.childCount
  }

  get ephemeralCount(): number {
    return this.parts.database.tree.ephemeralCount
  }

  get approximateDataSizeBytes(): number {
    return this.parts.database.tree.dataBytes
  }

  get globalSessionCount(): number {
    return this.parts.tracker.size
  }

  get uptimeMs(): number {
    return this.monotonicMs() - this.parts.startedMs
  }

  get openFileDescriptorCount(): number | null {
    return countOpenFiles()
  }

  get maxFileDescriptorCount(): number | null {
    return readOpenFilesMax()
  }

  *quotas(): Generator<NamespaceQuota> {
    for (const { path, limits, usage } of this.parts.database.tree.quotas.all()) {
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
    return confOutput(this.parts.config, {
      clientPort: this.parts.listener().port,
      secureClientPort: -1,
      dataDirSize: this.dataDirectorySizeBytes(),
      dataLogSize: this.logDirectorySizeBytes(),
    })
  }

  dataDirectorySizeBytes(): number {
    return this.sizeOf(this.parts.directories.snapshotDirectory)
  }

  logDirectorySizeBytes(): number {
    return this.sizeOf(this.parts.directories.logDirectory)
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
    const global = this.parts.tracker
      .dueTimes()
      .map(({ expiryMs, sessions }) => ({ expiresAtMs: expiryMs, members: sessions.map(({ id }) => id) }))
    return { kind: 'tracker', global, local: null }
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
    const { tree } = this.parts.database
    for (const [owner, nodes] of tree.ephemerals) yield [owner, [...nodes].map((node) => tree.path(node))]
  }

  watchTotals(): WatchTotals {
    const connections = new Set<ClientConnection>()
    let pathCount = 0
    for (const [, watchers] of this.parts.database.watches.dataWatches()) {
      pathCount++
      for (const watcher of watchers) if (watcher instanceof ClientConnection) connections.add(watcher)
    }
    return { connectionCount: connections.size, pathCount, watchCount: this.parts.database.watches.dataCount }
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
    for (const [path, watchers] of this.parts.database.watches.dataWatches()) {
      const ids: bigint[] = []
      for (const watcher of watchers)
        if (watcher instanceof ClientConnection && watcher.session !== null) ids.push(watcher.session.id)
      yield [path, ids]
    }
  }

  digestHistory(): Iterable<DigestRecord> {
    return this.parts.database.digestHistory
  }

  outstandingRequests(): Iterable<OutstandingRequestView> {
    return this.parts.outstanding()
  }

  nowMs(): number {
    return this.parts.runtime.clock.nowMs()
  }

  monotonicMs(): number {
    return this.parts.runtime.clock.monotonicMs()
  }
}
