// What a server keeps whatever it does: the database, the transaction log and the snapshots. The roles that a member of an
// ensemble plays one after the other come and go around it. A leader that sends its own data can make the database and the
// log be replaced: nobody holds on to them for longer than a role lasts.

import {
  COMMITTED_ENTRIES_MIN,
  CommittedWindow,
  type Crc32,
  Database,
  DatabaseRestorer,
  Preparer,
  type ReconfigAuthority,
  type SnapshotTarget,
} from '@tskeeper/core'
import { crc32 } from '@tskeeper/protocol/server'
import type { Authentication } from './auth/authentication.ts'
import type { ServerConfig } from './config/server-config.ts'
import type { Logger } from './logger.ts'
import type { ServerMetrics } from './metrics/server-metrics.ts'
import { SnapshotService } from './pipeline/snapshot-service.ts'
import type { Runtime } from './runtime/runtime.ts'
import { type DataDirectories, openDirectories } from './storage/data-directories.ts'
import { listStoredFiles, SNAPSHOT_PREFIX } from './storage/file-names.ts'
import { dropHistoryBehind, removeOlderHistory } from './storage/older-history.ts'
import { type Recovery, recover } from './storage/recovery.ts'
import { TxnLog } from './storage/txn-log.ts'
import { truncateLogs } from './storage/txn-log-truncate.ts'

const KIB = 1024

export interface ReplicaParts {
  readonly config: ServerConfig
  readonly runtime: Runtime
  readonly logger: Logger
  readonly metrics: ServerMetrics
  /** The disk refuses: the server must stop. */
  readonly onFailure: (error: Error) => void
}

export class Replica {
  readonly directories: DataDirectories
  readonly snapshots: SnapshotService
  /** The last transactions, for learners that lack no more than these; empty in a server that stands alone. */
  readonly window: CommittedWindow
  database: Database
  log: TxnLog
  private readonly parts: ReplicaParts

  private constructor(parts: ReplicaParts, directories: DataDirectories, database: Database, window: CommittedWindow) {
    this.parts = parts
    this.directories = directories
    this.database = database
    this.window = window
    this.log = this.openLog()
    const { runtime, config, logger, metrics, onFailure } = parts
    this.snapshots = new SnapshotService({
      runtime,
      config,
      directories,
      database: () => this.database,
      log: () => this.log,
      logger,
      metrics,
      onFailure,
    })
    this.watchMetrics()
  }

  /** Opens the directories and brings the database back. Throws a `StartupError` if the data cannot be vouched for. */
  static async open(parts: ReplicaParts): Promise<{ readonly replica: Replica; readonly recovery: Recovery<Database> }> {
    const { config, runtime, logger, metrics } = parts
    const directories = openDirectories({
      disk: runtime.disk,
      dataDir: config.dataDir,
      dataLogDir: config.dataLogDir,
      isAutocreateAllowed: config.dataDirAutocreate,
      logger,
    })
    const beganMs = runtime.clock.monotonicMs()
    const window = new CommittedWindow(Math.max(config.quorum.committedLogCount, COMMITTED_ENTRIES_MIN))
    const recovery = await recoverDatabase(parts, directories, window)
    metrics.snapshots.databaseInitTimeMs.record(runtime.clock.monotonicMs() - beganMs)
    metrics.snapshots.startupSnapshotLoadTimeMs.record(recovery.snapshotLoadMs)
    metrics.snapshots.startupTxnsLoadTimeMs.record(recovery.replayMs)
    metrics.snapshots.startupTxnsLoaded.record(recovery.replayedCount)
    return { replica: new Replica(parts, directories, recovery.database, window), recovery }
  }

  /** A preparer for this database as it is now. */
  newPreparer(authentication: Authentication, reconfigAuthority?: ReconfigAuthority): Preparer {
    const { config, logger, metrics } = this.parts
    return new Preparer(this.database, {
      schemes: authentication.schemes,
      isAclSkipped: config.skipAcl,
      isQuotaEnforced: config.enforceQuota,
      isCloseSessionListed: config.isCloseSessionTxnEnabled,
      closeSessionListMax: config.juteMaxBuffer,
      isReconfigEnabled: config.reconfigEnabled,
      ...(reconfigAuthority === undefined ? {} : { reconfigAuthority }),
      onQuotaExcess: ({ path, what, isHard, limit, usage }) => {
        metrics.requests.quotaExceeded.add(path.split('/')[1] ?? '', 1)
        logger.warn(`Quota exceeded: ${path} [current ${what}=${usage}, ${isHard ? 'hard' : 'soft'} ${what} limit=${limit}]`)
      },
    })
  }

  /** Ephemeral nodes of sessions that are gone: every server drops them alike when it has loaded its data. */
  dropOrphanedEphemerals(): void {
    const { database } = this
    for (const [owner, nodes] of [...database.tree.ephemerals]) {
      if (database.sessions.has(owner)) continue
      this.parts.logger.warn(
        `Removing ${nodes.size} ephemeral nodes of the session 0x${BigInt.asUintN(64, owner).toString(16)}, which no longer exists`,
      )
      for (const node of [...nodes]) database.deleteNode(node, database.lastZxid)
    }
  }

  /** Is there a snapshot on disk? */
  hasSnapshot(): boolean {
    return listStoredFiles(this.parts.runtime.disk, this.directories.snapshotDirectory, SNAPSHOT_PREFIX).length > 0
  }

  /** An empty database and what fills it, for a snapshot that comes from a leader. */
  newDatabaseToRestore(): { readonly database: Database; readonly target: SnapshotTarget } {
    const database = newDatabase(this.parts)
    return { database, target: new DatabaseRestorer(database) }
  }

  /** This database takes the place of the one before; the log goes on in a new file. */
  replaceDatabase(database: Database): void {
    this.snapshots.abandon()
    this.database = database
    this.window.clear()
    this.log.roll()
    this.watchMetrics()
  }

  /** Loads the database anew from what is on disk. */
  async reload(): Promise<Recovery<Database>> {
    this.snapshots.abandon()
    this.log.close()
    const recovery = await recoverDatabase(this.parts, this.directories, this.window)
    this.database = recovery.database
    this.log = this.openLog()
    this.watchMetrics()
    return recovery
  }

  /** Cuts the log behind `zxid` and loads the database anew. False if the state at `zxid` cannot be brought back from what is here. */
  async truncate(zxid: number): Promise<boolean> {
    const { config, runtime, logger } = this.parts
    this.snapshots.abandon()
    this.log.close()
    const entryLengthMax = config.juteMaxBuffer + config.juteMaxBufferExtraSize
    const isCut = truncateLogs({ disk: runtime.disk, directories: this.directories, entryLengthMax, logger }, zxid)
    this.log = this.openLog()
    if (!isCut) return false
    await this.reload()
    this.database.lastZxid = Math.max(this.database.lastZxid, zxid)
    return true
  }

  /**
   * A snapshot of the leader's data is on disk, in the file with this zxid: the logs and snapshots from before are another history, and go.
   */
  forgetOlderHistory(zxid: number): void {
    this.log.roll()
    removeOlderHistory(this.parts.runtime.disk, this.directories, zxid)
  }

  /** Syncs and closes the log, for the end of the process. Returns why that failed, or null. */
  close(): Error | null {
    try {
      this.log.close()
      return null
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error))
      this.parts.logger.error('The transaction log could not be closed. All that was acknowledged is on the disk', {
        error: failure,
      })
      return failure
    }
  }

  private openLog(): TxnLog {
    const { config, runtime, logger, metrics } = this.parts
    return new TxnLog({
      disk: runtime.disk,
      directory: this.directories.logDirectory,
      clock: runtime.clock,
      timers: runtime.timers,
      random: runtime.random,
      logger,
      preallocationBytes: config.preAllocSizeKb * KIB,
      isSyncForced: config.forceSync,
      snapCount: config.snapCount,
      snapSizeLimitBytes: config.snapSizeLimitKb * KIB,
      fileSizeLimitBytes: config.txnLogSizeLimitKb * KIB,
      fsyncWarningThresholdMs: config.fsyncWarningThresholdMs,
      onSynced: (durationMs) => metrics.log.syncTimeMs.record(durationMs),
    })
  }

  private watchMetrics(): void {
    this.database.watches.onFired = (type, watcherCount) => this.parts.metrics.watches.fired(type, watcherCount)
  }
}

async function recoverDatabase(
  parts: ReplicaParts,
  directories: DataDirectories,
  window: CommittedWindow,
): Promise<Recovery<Database>> {
  const { config, runtime, logger } = parts
  const entryLengthMax = config.juteMaxBuffer + config.juteMaxBufferExtraSize
  const recovered = recover<Database>({
    disk: runtime.disk,
    directories,
    target: {
      createForSnapshot(): { database: Database; target: SnapshotTarget } {
        window.clear()
        const database = newDatabase(parts)
        return { database, target: new DatabaseRestorer(database) }
      },
      createFresh(): Database {
        window.clear()
        const database = newDatabase(parts)
        database.createReservedNodes()
        return database
      },
      replay(database, bytes, start, end): void {
        database.apply(bytes, viewOf(bytes), start, end)
        if (!config.isDistributed) return
        window.append(database.appliedZxid, bytes, start, end)
        window.commit(database.appliedZxid)
      },
    },
    isAutocreateAllowed: config.dbAutocreate,
    isEmptySnapshotTrusted: config.snapshotTrustEmpty,
    entryLengthMax,
    clock: runtime.clock,
    logger,
  })
  const recovery = await recovered.finally(() => {
    viewedBytes = null
  })
  if (config.isDistributed) dropHistoryBehind({ disk: runtime.disk, directories, entryLengthMax, logger }, recovery.snapshotZxid)
  return recovery
}

function newDatabase({ config, runtime, metrics, logger }: ReplicaParts): Database {
  const database = new Database({
    hashSeed: runtime.random.below(0x100000000) | 0,
    isDigestEnabled: config.isDigestEnabled,
    areExtendedTypesEnabled: config.isExtendedTypesEnabled,
    hasOldTtlNodes: config.emulate353TtlNodes,
    crc32: runtime.crc32 ?? portableCrc32,
  })
  database.onDigestMismatch = (zxid) => {
    metrics.failures.digestMismatches++
    // The tree does not find back to what the digests say, so that the first tells all.
    if (database.digestMismatchCount > 1) return
    logger.warn(
      `The tree after the transaction 0x${zxid.toString(16)} is not the one that its digest tells of: compare this server's data with that of the others`,
    )
  }
  return database
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
