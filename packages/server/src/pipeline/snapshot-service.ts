// When snapshots are taken. The file is written in slices between requests (see the snapshot writer): each turn of the loop
// gets one slice, then the sockets are served again.

import { beginSnapshot, type Database } from '@tskeeper/core'
import type { ServerConfig } from '../config/server-config.ts'
import type { Logger } from '../logger.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Runtime, TimerHandle } from '../runtime/runtime.ts'
import { StartupError } from '../startup-error.ts'
import type { DataDirectories } from '../storage/data-directories.ts'
import { purge } from '../storage/purge.ts'
import { writeFirstSnapshot } from '../storage/recovery.ts'
import { snapshotFormatOf } from '../storage/snapshot-format.ts'
import { SnapshotWriter, type SnapshotWriterOptions } from '../storage/snapshot-writer.ts'
import type { TxnLog } from '../storage/txn-log.ts'

export interface SnapshotServiceParts {
  readonly runtime: Runtime
  readonly config: ServerConfig
  readonly directories: DataDirectories
  /** The database and the log in use: both can be replaced when a leader sends its data. */
  readonly database: () => Database
  readonly log: () => TxnLog
  readonly logger: Logger
  readonly metrics: ServerMetrics
  /** A snapshot cannot be written: the server must stop. */
  readonly onFailure: (error: Error) => void
}

/** How long to wait for a disk that does not keep up, in milliseconds. */
const DISK_WAIT_MS = 5
/** The reference's exit code for a snapshot that fails. */
const EXIT_SNAPSHOT = 10
const HOUR_MS = 60 * 60 * 1000

export class SnapshotService {
  private readonly parts: SnapshotServiceParts
  private writer: SnapshotWriter | null = null
  private timer: TimerHandle | null = null
  private purgeTimer: TimerHandle | null = null
  private startedMs = 0
  private readonly step = (): void => this.writeSlice()

  constructor(parts: SnapshotServiceParts) {
    this.parts = parts
  }

  /** Options of a snapshot of the database as it is now. */
  writerOptions(): SnapshotWriterOptions {
    const { runtime, config, directories, database, logger } = this.parts
    return {
      disk: runtime.disk,
      directory: directories.snapshotDirectory,
      source: beginSnapshot(database()),
      format: snapshotFormatOf(config.snapshotCompression),
      isDigestWritten: config.isDigestEnabled,
      isLastZxidWritten: config.serializeLastProcessedZxid,
      clock: runtime.clock,
      logger,
    }
  }

  /** The first snapshot of a new database, before anything is served. */
  writeFirst(): void {
    const { runtime, directories, metrics } = this.parts
    const beganMs = runtime.clock.monotonicMs()
    writeFirstSnapshot(directories, this.writerOptions())
    metrics.snapshots.writeTimeMs.record(runtime.clock.monotonicMs() - beganMs)
  }

  /** After an append: rolls the log and begins a snapshot if it is time. */
  appended(): void {
    const log = this.parts.log()
    if (!log.isSnapshotDue()) return
    log.roll()
    if (this.writer === null) this.begin()
    else this.parts.logger.warn('Too busy to snap, skipping')
  }

  /** Begins a snapshot, unless one is being written. */
  begin(): void {
    if (this.writer !== null) return
    const { runtime, metrics } = this.parts
    this.startedMs = runtime.clock.monotonicMs()
    try {
      this.writer = new SnapshotWriter(this.writerOptions(), (error) => {
        this.writer = null
        if (error !== null) this.fail(error)
        else metrics.snapshots.writeTimeMs.record(runtime.clock.monotonicMs() - this.startedMs)
      })
    } catch (error) {
      this.fail(error)
      return
    }
    runtime.timers.soon(this.step)
  }

  /** Writes a snapshot of the database as it is now and calls `done` when it is durable, instead of one that is being written. */
  writeNow(done: (zxid: number) => void): void {
    this.abandon()
    const options = this.writerOptions()
    const { zxid } = options.source
    try {
      this.writer = new SnapshotWriter(options, (error) => {
        this.writer = null
        if (error === null) done(zxid)
        else this.fail(error)
      })
    } catch (error) {
      this.fail(error)
      return
    }
    this.parts.runtime.timers.soon(this.step)
  }

  private fail(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.parts.onFailure(
      new StartupError(
        `a snapshot could not be written: ${reason}. Make room or mend the disk, then start again: nothing acknowledged is lost`,
        EXIT_SNAPSHOT,
        { cause },
      ),
    )
  }

  private writeSlice(): void {
    const { writer } = this
    if (writer === null || !writer.step()) return
    const { timers } = this.parts.runtime
    if (writer.isWaiting) this.timer = timers.after(DISK_WAIT_MS, this.step)
    else timers.soon(this.step)
  }

  /** Begins to remove old files every so often, the first time now, if the configuration says so. */
  startPurging(): void {
    const { config, logger } = this.parts
    logger.info(`autopurge.snapRetainCount set to ${config.autopurgeSnapRetainCount}`)
    logger.info(`autopurge.purgeInterval set to ${config.autopurgePurgeIntervalHours}`)
    if (config.autopurgePurgeIntervalHours <= 0) logger.info('Purge task is not scheduled.')
    else this.purge()
  }

  private purge(): void {
    const { runtime, config, directories, logger } = this.parts
    logger.info('Purge task started.')
    const { snapshotDirectory, logDirectory } = directories
    try {
      purge({ disk: runtime.disk, snapshotDirectory, logDirectory, retainCount: config.autopurgeSnapRetainCount, logger })
    } catch (error) {
      logger.error('The purge of old files failed; it is tried again at the next interval', { error })
    }
    logger.info('Purge task completed.')
    this.purgeTimer = runtime.timers.after(config.autopurgePurgeIntervalHours * HOUR_MS, () => this.purge())
  }

  /** Gives up the snapshot that is being written, if there is one: its tree is about to be replaced. */
  abandon(): void {
    this.timer?.cancel()
    this.writer?.cancel()
    this.writer = null
  }

  stop(): void {
    this.purgeTimer?.cancel()
    this.abandon()
  }
}
