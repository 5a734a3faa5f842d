// The composition root: the only place where the parts of a server are made and joined.

import { type Crc32, Database, DatabaseRestorer, Preparer, SessionTracker, type SnapshotTarget } from '@tskeeper/core'
import { crc32 } from '@tskeeper/protocol/server'
import { answer, extraByteCount, lookupWord } from './admin/four-letter-words.ts'
import { readAuthOptions } from './auth/auth-options.ts'
import { Authentication } from './auth/authentication.ts'
import type { ServerConfig } from './config/server-config.ts'
import type { ClientConnection } from './listener/client-connection.ts'
import { ClientListener } from './listener/client-listener.ts'
import type { Logger } from './logger.ts'
import { PauseDetector } from './metrics/pause-detector.ts'
import { PercentileWindow } from './metrics/percentile-window.ts'
import { ServerMetrics } from './metrics/server-metrics.ts'
import { ClientService } from './pipeline/client-service.ts'
import { ConnectionThrottle } from './pipeline/connection-throttle.ts'
import { ContainerReaper } from './pipeline/container-reaper.ts'
import { ReadAnswers } from './pipeline/read-answers.ts'
import { SessionService } from './pipeline/session-service.ts'
import { SnapshotService } from './pipeline/snapshot-service.ts'
import { StandaloneView } from './pipeline/standalone-view.ts'
import { WritePipeline } from './pipeline/write-pipeline.ts'
import type { RunningServer, StartOptions } from './running-server.ts'
import type { Runtime } from './runtime/runtime.ts'
import { StartupError } from './startup-error.ts'
import { openDirectories } from './storage/data-directories.ts'
import { type Recovery, recover } from './storage/recovery.ts'
import { TxnLog } from './storage/txn-log.ts'

const EXIT_BAD_CONFIG = 2
/** Standalone servers have this number. */
const STANDALONE_SERVER_ID = 1
const KIB = 1024

/**
 * Starts a server and settles when it serves. Rejects with a `StartupError`, whose exit code the process should end with, or
 * with what else went wrong.
 */
export async function startServer(config: ServerConfig, options: StartOptions): Promise<RunningServer> {
  if (config.isDistributed) {
    throw new StartupError(
      'this configuration describes an ensemble, and this version serves standalone only: remove the server.N lines and standaloneEnabled=false',
      EXIT_BAD_CONFIG,
    )
  }
  if (config.secureClientPort !== null) {
    throw new StartupError(
      `secureClientPort=${config.secureClientPort}: TLS is not available in this version; remove the line`,
      EXIT_BAD_CONFIG,
    )
  }
  const { runtime, logger } = options
  const directories = openDirectories({
    disk: runtime.disk,
    dataDir: config.dataDir,
    dataLogDir: config.dataLogDir,
    isAutocreateAllowed: config.dataDirAutocreate,
    logger,
  })
  const metrics = new ServerMetrics()
  const beganMs = runtime.clock.monotonicMs()
  const recovery = await recoverDatabase(config, runtime, logger, directories)
  metrics.snapshots.databaseInitTimeMs.record(runtime.clock.monotonicMs() - beganMs)
  metrics.snapshots.startupSnapshotLoadTimeMs.record(recovery.snapshotLoadMs)
  metrics.snapshots.startupTxnsLoadTimeMs.record(recovery.replayMs)
  metrics.snapshots.startupTxnsLoaded.record(recovery.replayedCount)
  const server = new StandaloneServer(config, runtime, logger, directories, metrics, recovery)
  await server.start()
  return server
}

type DataDirectories = ReturnType<typeof openDirectories>

function recoverDatabase(
  config: ServerConfig,
  runtime: Runtime,
  logger: Logger,
  directories: DataDirectories,
): Promise<Recovery<Database>> {
  const make = (): Database =>
    new Database({
      hashSeed: runtime.random.below(0x100000000) | 0,
      isDigestEnabled: config.isDigestEnabled,
      areExtendedTypesEnabled: config.isExtendedTypesEnabled,
      hasOldTtlNodes: config.emulate353TtlNodes,
      crc32: runtime.crc32 ?? portableCrc32,
    })
  return recover<Database>({
    disk: runtime.disk,
    directories,
    target: {
      createForSnapshot(): { database: Database; target: SnapshotTarget } {
        const database = make()
        return { database, target: new DatabaseRestorer(database) }
      },
      createFresh(): Database {
        const database = make()
        database.createReservedNodes()
        return database
      },
      replay: (database, bytes, start, end) => database.apply(bytes, viewOf(bytes), start, end),
    },
    isAutocreateAllowed: config.dbAutocreate,
    isEmptySnapshotTrusted: config.snapshotTrustEmpty,
    entryLengthMax: config.juteMaxBuffer + config.juteMaxBufferExtraSize,
    clock: runtime.clock,
    logger,
  })
}

const portableCrc32: Crc32 = crc32

// Replay reuses one buffer for many entries.
let viewedBytes: Uint8Array | null = null
let lastView: DataView = new DataView(new ArrayBuffer(0))

function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewedBytes) {
    viewedBytes = bytes
    lastView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  return lastView
}

class StandaloneServer implements RunningServer {
  readonly closed: Promise<Error | null>
  private readonly config: ServerConfig
  private readonly runtime: Runtime
  private readonly logger: Logger
  private readonly directories: DataDirectories
  private readonly metrics: ServerMetrics
  private readonly recovery: Recovery<Database>
  private readonly database: Database
  private readonly tracker: SessionTracker<ClientConnection>
  private readonly log: TxnLog
  private readonly writes: WritePipeline
  private readonly sessions: SessionService
  private readonly snapshots: SnapshotService
  private readonly reaper: ContainerReaper
  private readonly clients: ClientService
  private readonly listener: ClientListener
  private readonly view: StandaloneView
  private readonly percentiles: PercentileWindow
  private readonly pauses: PauseDetector | null
  private stopping: Promise<void> | null = null
  private settleClosed: (error: Error | null) => void = () => {}

  constructor(
    config: ServerConfig,
    runtime: Runtime,
    logger: Logger,
    directories: DataDirectories,
    metrics: ServerMetrics,
    recovery: Recovery<Database>,
  ) {
    this.config = config
    this.runtime = runtime
    this.logger = logger
    this.directories = directories
    this.metrics = metrics
    this.recovery = recovery
    this.closed = new Promise((resolve) => {
      this.settleClosed = resolve
    })
    const { clock, timers, random, disk } = runtime
    const { database } = recovery
    this.database = database
    viewedBytes = null
    const authentication = new Authentication(readAuthOptions(config), logger)
    const fail = (error: Error): void => this.fail(error)
    this.tracker = new SessionTracker<ClientConnection>(config.tickTimeMs)
    this.log = new TxnLog({
      disk,
      directory: directories.logDirectory,
      clock,
      timers,
      random,
      logger,
      preallocationBytes: config.preAllocSizeKb * KIB,
      isSyncForced: config.forceSync,
      snapCount: config.snapCount,
      snapSizeLimitBytes: config.snapSizeLimitKb * KIB,
      fileSizeLimitBytes: config.txnLogSizeLimitKb * KIB,
      fsyncWarningThresholdMs: config.fsyncWarningThresholdMs,
      onSynced: (durationMs) => metrics.log.syncTimeMs.record(durationMs),
    })
    const preparer = new Preparer(database, {
      schemes: authentication.schemes,
      isAclSkipped: config.skipAcl,
      isQuotaEnforced: config.enforceQuota,
      isCloseSessionListed: config.isCloseSessionTxnEnabled,
      isReconfigEnabled: config.reconfigEnabled,
      onQuotaExcess: ({ path, what, isHard, limit, usage }) => {
        metrics.requests.quotaExceeded.add(path.split('/')[1] ?? '', 1)
        logger.warn(`Quota exceeded: ${path} [current ${what}=${usage}, ${isHard ? 'hard' : 'soft'} ${what} limit=${limit}]`)
      },
    })
    database.watches.onFired = (type, watcherCount) => metrics.watches.fired(type, watcherCount)
    this.percentiles = new PercentileWindow(metrics, timers)
    this.pauses = pauseDetectorOf(config, runtime, logger, metrics)
    this.writes = new WritePipeline({
      database,
      preparer,
      log: this.log,
      clock,
      timers,
      metrics,
      onCommitting: (nowMs) => this.clients.committing(nowMs),
      onSessionCreated: (connection, arrivedMs) => this.sessions.created(connection, arrivedMs),
      onSessionClosed: (id, connection, reply) => this.sessions.closed(id, connection, reply),
      onAppended: () => this.snapshots.appended(),
      onCommitted: () => this.clients.committed(),
      onFailure: fail,
    })
    this.sessions = new SessionService({
      tracker: this.tracker,
      limits: { minMs: config.minSessionTimeoutMs, maxMs: config.maxSessionTimeoutMs },
      serverId: STANDALONE_SERVER_ID,
      clock,
      timers,
      logger,
      metrics,
      writes: this.writes,
      throttle: connectionThrottleOf(config, runtime),
      lastZxid: () => database.lastZxid,
    })
    this.snapshots = new SnapshotService({
      runtime,
      config,
      directories,
      database,
      log: this.log,
      logger,
      metrics,
      onFailure: fail,
    })
    this.reaper = new ContainerReaper({
      database,
      writes: this.writes,
      clock,
      timers,
      logger,
      checkIntervalMs: config.containerCheckIntervalMs,
      maxPerMinute: config.containerMaxPerMinute,
      neverUsedIntervalMs: config.containerMaxNeverUsedIntervalMs,
    })
    this.view = new StandaloneView({
      config,
      directories,
      runtime,
      metrics,
      database,
      tracker: this.tracker,
      listener: () => this.listener,
      clients: () => this.clients,
      outstanding: () => this.writes.outstanding(),
      startedMs: clock.monotonicMs(),
    })
    this.clients = new ClientService({
      clock,
      logger,
      metrics,
      authentication,
      tracker: this.tracker,
      reads: new ReadAnswers(
        database,
        authentication.schemes,
        config.skipAcl,
        config.maxGetChildrenResponseCacheSize,
        metrics.requests.readTraffic,
      ),
      writes: this.writes,
      sessions: this.sessions,
      words: {
        bytesOf: (word) => this.bytesOfWord(word),
        answer: (connection, word, rest) => this.answerWord(connection, word, rest),
      },
      lastZxid: () => database.lastZxid,
      removeWatcher: (connection) => database.watches.removeWatcher(connection),
      frameLengthMax: config.juteMaxBuffer,
      outstandingLimit: config.globalOutstandingLimit,
      requestThrottleLimit: config.requestThrottleLimit,
      isLatencyStale: config.requestStaleLatencyCheck,
      isStaleDropped: config.requestThrottleDropStale,
      throttledOpWaitTimeMs: config.throttledOpWaitTimeMs,
      largeFrameThreshold: config.largeRequestThreshold,
      largeFrameBytesMax: config.largeRequestMaxBytes,
      onEnding: (connection) => this.listener.ended(connection),
      onClosed: (connection) => this.listener.closed(connection),
    })
    this.listener = new ClientListener({
      runtime,
      logger,
      metrics,
      authentication,
      host: this.clients,
      connectionsPerAddressMax: config.maxClientCnxns,
      connectionsMax: config.maxCnxns,
      sessionlessTimeoutMs: config.sessionlessConnectionTimeoutMs,
      hasKeepAlive: config.clientTcpKeepAlive,
      backlog: config.clientPortListenBacklog,
    })
  }

  get clientPort(): number {
    return this.config.clientPort === null ? -1 : this.listener.port
  }

  async start(): Promise<void> {
    const { config, database } = this
    if (this.recovery.lastZxid < 0) {
      throw new StartupError(
        `there is no data in ${this.directories.snapshotDirectory} and zookeeper.db.autocreate=false: create the file ${this.directories.initializeFiles[0]} to allow an empty start`,
        1,
      )
    }
    if (this.recovery.isSnapshotNeeded) this.snapshots.writeFirst()
    this.dropOrphanedEphemerals()
    const nowMs = this.runtime.clock.monotonicMs()
    for (const [id, timeoutMs] of database.sessions) this.tracker.add(id, timeoutMs, nowMs)
    if (config.clientPort !== null) await this.listener.listen(config.clientPortAddress, config.clientPort)
    this.sessions.start()
    this.reaper.start()
    this.percentiles.start()
    this.pauses?.start()
    this.snapshots.startPurging()
    // The log that was replayed need not be replayed again: the snapshot is written while clients are served.
    if (this.recovery.replayedCount > 0) this.snapshots.begin()
    this.logger.info(
      `Serving on port ${this.clientPort}, last zxid 0x${database.lastZxid.toString(16)}, ${database.tree.nodeCount} nodes`,
    )
  }

  /** Ephemeral nodes of sessions that are gone: every server drops them alike when it has loaded its data. */
  private dropOrphanedEphemerals(): void {
    const { database } = this
    for (const [owner, nodes] of [...database.tree.ephemerals]) {
      if (database.sessions.has(owner)) continue
      this.logger.warn(
        `Removing ${nodes.size} ephemeral nodes of the session 0x${BigInt.asUintN(64, owner).toString(16)}, which no longer exists`,
      )
      for (const node of [...nodes]) database.deleteNode(node, database.lastZxid)
    }
  }

  private bytesOfWord(code: number): number {
    const word = lookupWord(code)
    return word === null ? -1 : extraByteCount(word, this.view)
  }

  private answerWord(connection: ClientConnection, code: number, rest: Uint8Array): string | null {
    const word = lookupWord(code)
    if (word === null) return null
    this.logger.debug(`Processing ${word.name} command from ${connection.name}`)
    this.view.asking = connection
    const text = answer(word, this.view, rest)
    this.view.asking = null
    return text
  }

  stop(): Promise<void> {
    this.stopping ??= this.shutDown()
    return this.stopping
  }

  private async shutDown(): Promise<void> {
    this.logger.info('Shutting down')
    this.view.servingState = 'not serving'
    this.clients.stop()
    this.listener.stopAccepting()
    this.stopTimers()
    await new Promise<void>((resolve) => this.writes.whenIdle(resolve))
    this.clients.flushAll()
    this.snapshots.stop()
    this.listener.closeAll()
    this.log.close()
    this.settleClosed(null)
  }

  private stopTimers(): void {
    this.reaper.stop()
    this.sessions.stop()
    this.percentiles.stop()
    this.pauses?.stop()
  }

  /** The disk refuses: nothing may be acknowledged any more. */
  private fail(error: Error): void {
    if (this.stopping !== null) return
    this.metrics.failures.unrecoverable++
    this.logger.error('Severe unrecoverable error, exiting: no write is acknowledged any more', { error })
    this.view.servingState = 'not serving'
    this.stopping = Promise.resolve()
    this.clients.stop()
    this.listener.stopAccepting()
    this.stopTimers()
    this.snapshots.stop()
    this.listener.closeAll()
    this.settleClosed(error)
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

function pauseDetectorOf(config: ServerConfig, runtime: Runtime, logger: Logger, metrics: ServerMetrics): PauseDetector | null {
  if (!config.isPauseMonitorEnabled) return null
  const options = {
    sleepTimeMs: config.pauseMonitorSleepTimeMs,
    infoThresholdMs: config.pauseInfoThresholdMs,
    warnThresholdMs: config.pauseWarnThresholdMs,
  }
  return new PauseDetector(options, runtime.clock, runtime.timers, logger, metrics.failures.pauseTimeMs)
}
