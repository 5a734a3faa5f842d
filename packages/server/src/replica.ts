// What a server keeps whatever it does: the database, the transaction log and the snapshots. The roles that a member of an
// ensemble plays one after the other come and go around it. A leader that sends its own data can make the database and the
// log be replaced: nobody holds on to them for longer than a role lasts.

import { type Crc32, Database, DatabaseRestorer, Preparer, type SnapshotTarget } from '@tskeeper/core'
import { crc32 } from '@tskeeper/protocol/server'
import type { Authentication } from './auth/authentication.ts'
import type { ServerConfig } from './config/server-config.ts'
import type { Logger } from './logger.ts'
import type { ServerMetrics } from './metrics/server-metrics.ts'
import { SnapshotService } from './pipeline/snapshot-service.ts'
import type { Runtime } from './runtime/runtime.ts'
import { type DataDirectories, openDirectories } from './storage/data-directories.ts'
import { type Recovery, recover } from './storage/recovery.ts'
import { TxnLog } from './storage/txn-log.ts'

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
  database: Database
  log: TxnLog
  private readonly parts: ReplicaParts

  private constructor(parts: ReplicaParts, directories: DataDirectories, database: Database) {
    this.parts = parts
    this.directories = directories
    this.database = database
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
    const recovery = await recoverDatabase(parts, directories)
    metrics.snapshots.databaseInitTimeMs.record(runtime.clock.monotonicMs() - beganMs)
    metrics.snapshots.startupSnapshotLoadTimeMs.record(recovery.snapshotLoadMs)
    metrics.snapshots.startupTxnsLoadTimeMs.record(recovery.replayMs)
    metrics.snapshots.startupTxnsLoaded.record(recovery.replayedCount)
    return { replica: new Replica(parts, directories, recovery.database), recovery }
  }

  /** A preparer for this database as it is now. */
  newPreparer(authentication: Authentication): Preparer {
    const { config, logger, metrics } = this.parts
    return new Preparer(this.database, {
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

function recoverDatabase(parts: ReplicaParts, directories: DataDirectories): Promise<Recovery<Database>> {
  const { config, runtime, logger } = parts
  const recovered = recover<Database>({
    disk: runtime.disk,
    directories,
    target: {
      createForSnapshot(): { database: Database; target: SnapshotTarget } {
        const database = newDatabase(parts)
        return { database, target: new DatabaseRestorer(database) }
      },
      createFresh(): Database {
        const database = newDatabase(parts)
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
  return recovered.finally(() => {
    viewedBytes = null
  })
}

function newDatabase({ config, runtime }: ReplicaParts): Database {
  return new Database({
    hashSeed: runtime.random.below(0x100000000) | 0,
    isDigestEnabled: config.isDigestEnabled,
    areExtendedTypesEnabled: config.isExtendedTypesEnabled,
    hasOldTtlNodes: config.emulate353TtlNodes,
    crc32: runtime.crc32 ?? portableCrc32,
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
