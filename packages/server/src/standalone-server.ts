// A server that stands alone: one role for as long as it runs.

import type { Database } from '@tskeeper/core'
import type { ServerMode } from './admin/server-view.ts'
import type { ServerConfig } from './config/server-config.ts'
import { ServerMetrics } from './metrics/server-metrics.ts'
import { ContainerReaper } from './pipeline/container-reaper.ts'
import { WritePipeline } from './pipeline/write-pipeline.ts'
import { Replica } from './replica.ts'
import type { RunningServer, StartOptions } from './running-server.ts'
import { ServerFront } from './server-front.ts'
import { ServingStack } from './serving-stack.ts'
import { StartupError } from './startup-error.ts'
import type { Recovery } from './storage/recovery.ts'

/** Standalone servers have this number. */
const STANDALONE_SERVER_ID = 1

export async function startStandaloneServer(config: ServerConfig, options: StartOptions): Promise<RunningServer> {
  const metrics = new ServerMetrics()
  const onFailure = (error: Error): void => server?.fail(error)
  const { replica, recovery } = await Replica.open({ config, ...options, metrics, onFailure })
  const server: StandaloneServer = new StandaloneServer(config, options, metrics, replica, recovery)
  await server.start()
  return server
}

class StandaloneServer implements RunningServer {
  readonly closed: Promise<Error | null>
  private readonly options: StartOptions
  private readonly metrics: ServerMetrics
  private readonly replica: Replica
  private readonly recovery: Recovery<Database>
  private readonly front: ServerFront
  private readonly stack: ServingStack<WritePipeline>
  private readonly reaper: ContainerReaper
  private stopping: Promise<void> | null = null
  private settleClosed: (error: Error | null) => void = () => {}

  constructor(
    config: ServerConfig,
    options: StartOptions,
    metrics: ServerMetrics,
    replica: Replica,
    recovery: Recovery<Database>,
  ) {
    this.options = options
    this.metrics = metrics
    this.replica = replica
    this.recovery = recovery
    this.closed = new Promise((resolve) => {
      this.settleClosed = resolve
    })
    const { runtime, logger } = options
    const { clock, timers } = runtime
    const { database } = replica
    this.front = new ServerFront({ config, runtime, logger, metrics, replica })
    const { authentication, listener } = this.front
    const preparer = replica.newPreparer(authentication)
    this.stack = new ServingStack({
      config,
      runtime,
      logger,
      metrics,
      authentication,
      database,
      serverId: STANDALONE_SERVER_ID,
      authority: null,
      local: null,
      isReadOnly: false,
      syncsOf: null,
      outstandingLimit: config.globalOutstandingLimit,
      words: this.front,
      onEnding: (connection) => listener.ended(connection),
      onClosed: (connection) => listener.closed(connection),
      makeWrites: (commits) =>
        new WritePipeline({
          database,
          preparer,
          commits,
          log: replica.log,
          clock,
          timers,
          metrics,
          onCommitting: (nowMs) => this.stack.clients.committing(nowMs),
          onAppended: () => replica.snapshots.appended(),
          onCommitted: () => this.stack.clients.committed(),
          onFailure: (error) => this.fail(error),
        }),
    })
    this.reaper = new ContainerReaper({
      database,
      writes: this.stack.writes,
      clock,
      timers,
      logger,
      checkIntervalMs: config.containerCheckIntervalMs,
      maxPerMinute: config.containerMaxPerMinute,
      neverUsedIntervalMs: config.containerMaxNeverUsedIntervalMs,
    })
  }

  get clientPort(): number {
    return this.front.clientPort
  }

  get mode(): ServerMode | null {
    return this.front.view.servingState === 'not serving' ? null : 'standalone'
  }

  expireSession(sessionId: bigint, done: () => void): boolean {
    return this.stack.sessions.expireEarly(sessionId, done)
  }

  async start(): Promise<void> {
    const { front, replica, stack, recovery, options } = this
    const { database } = replica
    if (recovery.lastZxid < 0) {
      throw new StartupError(
        `there is no data in ${replica.directories.snapshotDirectory} and zookeeper.db.autocreate=false: create the file ${replica.directories.initializeFiles[0]} to allow an empty start`,
        1,
      )
    }
    if (recovery.isSnapshotNeeded) replica.snapshots.writeFirst()
    replica.dropOrphanedEphemerals()
    stack.adoptSessions(database, options.runtime.clock.monotonicMs())
    front.serve(stack, 'serving')
    await front.listen()
    stack.sessions.start()
    this.reaper.start()
    front.startMeasuring()
    replica.snapshots.startPurging()
    // The log that was replayed need not be replayed again: the snapshot is written while clients are served.
    if (recovery.replayedCount > 0) replica.snapshots.begin()
    options.logger.info(
      `Serving on port ${this.clientPort}, last zxid 0x${database.lastZxid.toString(16)}, ${database.tree.nodeCount} nodes`,
    )
  }

  stop(): Promise<void> {
    this.stopping ??= this.shutDown()
    return this.stopping
  }

  private async shutDown(): Promise<void> {
    const { front, replica, stack } = this
    this.options.logger.info('Shutting down')
    stack.clients.stop()
    front.stopServing()
    this.stopTimers()
    await new Promise<void>((resolve) => stack.writes.whenIdle(resolve))
    stack.clients.flushAll()
    replica.snapshots.stop()
    front.closeConnections()
    this.settleClosed(replica.close())
  }

  private stopTimers(): void {
    this.front.stop()
    this.reaper.stop()
    this.stack.sessions.stop()
  }

  /** The disk refuses: nothing may be acknowledged any more. */
  fail(error: Error): void {
    if (this.stopping !== null) return
    this.metrics.failures.unrecoverable++
    this.options.logger.error('Severe unrecoverable error, exiting: no write is acknowledged any more', { error })
    this.stopping = Promise.resolve()
    this.stack.clients.stop()
    this.front.stopServing()
    this.stopTimers()
    this.replica.snapshots.stop()
    this.front.closeConnections()
    this.settleClosed(error)
  }
}
