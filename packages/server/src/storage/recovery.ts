// Brings the database back as it was: the newest snapshot that can be read, and every transaction that the logs
// hold after it, whether it was acknowledged or not. What must not happen is that an acknowledged
// transaction is left out without a word, so a state that can only come about by losing files stops the start.

import type { SnapshotTarget } from '@tskeeper/core'
import type { Logger } from '../logger.ts'
import type { Disk } from '../runtime/disk.ts'
import type { Clock } from '../runtime/runtime.ts'
import { StartupError } from '../startup-error.ts'
import { CorruptSnapshotError } from './corrupt-snapshot-error.ts'
import type { DataDirectories } from './data-directories.ts'
import { LOG_PREFIX, listStoredFiles, type StoredFile } from './file-names.ts'
import { listPlausibleSnapshots } from './snapshot-format.ts'
import type { SnapshotSummary } from './snapshot-parser.ts'
import { loadSnapshot } from './snapshot-reader.ts'
import type { SnapshotWriterOptions } from './snapshot-writer.ts'
import { writeSnapshotNow } from './snapshot-writer.ts'
import { readTxnLogs, selectLogFiles } from './txn-log-reader.ts'
import { formatZxid } from './zxid.ts'

/** How many snapshots are tried before giving up, as in the reference. */
const CANDIDATES_MAX = 100

/** The database, as recovery needs it. A snapshot that turns out to be damaged leaves a target that is thrown away. */
export interface RecoveryTarget<T> {
  /** An empty database to load a snapshot into, and what takes the snapshot's parts. */
  createForSnapshot(): { readonly database: T; readonly target: SnapshotTarget }
  /** A database with nothing but the nodes that every new one has. */
  createFresh(): T
  /** Applies one transaction: header, record and digest are `bytes[start, end)`. Throws `DecodeError`. */
  replay(database: T, bytes: Uint8Array, start: number, end: number): void
}

export interface RecoveryOptions<T> {
  readonly disk: Disk
  readonly directories: DataDirectories
  readonly target: RecoveryTarget<T>
  /** `zookeeper.db.autocreate`: with neither snapshot nor logs, an empty database may be made without further ado. */
  readonly isAutocreateAllowed: boolean
  /** `zookeeper.snapshot.trust.empty`: logs without any snapshot are replayed onto an empty database. */
  readonly isEmptySnapshotTrusted: boolean
  /** Longest transaction that the log is expected to hold: the largest packet and its slack. */
  readonly entryLengthMax: number
  readonly clock: Clock
  readonly logger: Logger
}

export interface Recovery<T> {
  readonly database: T
  /** Zxid of the snapshot that was loaded, -1 without one. */
  readonly snapshotZxid: number
  /** What the snapshot said about itself, null without one. */
  readonly snapshot: SnapshotSummary | null
  /** Last transaction in the database. -1: empty, and not to be counted as a database until a leader has filled it. */
  readonly lastZxid: number
  readonly replayedCount: number
  /** How long loading the snapshot took, those that were passed over included, and how long reading and replaying the logs. */
  readonly snapshotLoadMs: number
  readonly replayMs: number
  /**
   * True: there is no snapshot on disk, so one has to be written before anything is acknowledged (for an empty database with
   * `writeFirstSnapshot`). False also for an empty database that must not count as one.
   */
  readonly isSnapshotNeeded: boolean
}

/** Loads and replays. Throws `CorruptLogError` or another `StartupError` if the data cannot be vouched for. */
export async function recover<T>(options: RecoveryOptions<T>): Promise<Recovery<T>> {
  const { disk, directories } = options
  const candidates = listPlausibleSnapshots(disk, directories.snapshotDirectory, CANDIDATES_MAX)
  if (candidates.length > 0) return recoverFromSnapshot(options, candidates)
  const logs = listStoredFiles(disk, directories.logDirectory, LOG_PREFIX)
  return logs.length > 0 ? recoverFromLogsAlone(options, logs) : recoverEmpty(options)
}

/** Writes the first snapshot of a database that was created empty, and then uses up the operator's permission to do so. */
export function writeFirstSnapshot(directories: DataDirectories, options: SnapshotWriterOptions): string {
  const path = writeSnapshotNow(options)
  removeInitializeFiles(options.disk, directories, options.logger)
  return path
}

async function recoverFromSnapshot<T>(options: RecoveryOptions<T>, candidates: readonly StoredFile[]): Promise<Recovery<T>> {
  const beganMs = options.clock.monotonicMs()
  const { file, database, summary } = await loadNewest(options, candidates)
  const snapshotLoadMs = options.clock.monotonicMs() - beganMs
  const replayed = replayLogs(options, database, file.zxid, false)
  removeInitializeFiles(options.disk, options.directories, options.logger)
  return { database, snapshotZxid: file.zxid, snapshot: summary, snapshotLoadMs, ...replayed, isSnapshotNeeded: false }
}

interface LoadedSnapshot<T> {
  readonly file: StoredFile
  readonly database: T
  readonly summary: SnapshotSummary
}

async function loadNewest<T>(options: RecoveryOptions<T>, candidates: readonly StoredFile[]): Promise<LoadedSnapshot<T>> {
  const failures: CorruptSnapshotError[] = []
  for (const file of candidates) {
    const { database, target } = options.target.createForSnapshot()
    try {
      const summary = await loadSnapshot(options.disk, file, target)
      options.logger.info(`Loaded the snapshot ${file.path}: ${summary.nodeCount} nodes`)
      return { file, database, summary }
    } catch (error) {
      if (!(error instanceof CorruptSnapshotError)) throw error
      failures.push(error)
      options.logger.error(`Passed over a snapshot that cannot be used: ${error.message}`, { error })
    }
  }
  throw new StartupError(
    `none of the ${failures.length} snapshots in ${options.directories.snapshotDirectory} can be used, the newest because: ${failures[0]?.message}. ` +
      'Put back a sound snapshot and the logs from its zxid on, or, in an ensemble, move the data directory away and let the server fetch its data from the leader',
    1,
    { cause: failures[0] },
  )
}

function recoverFromLogsAlone<T>(options: RecoveryOptions<T>, logs: readonly StoredFile[]): Recovery<T> {
  const { directories, logger } = options
  if (!options.isEmptySnapshotTrusted) {
    throw new StartupError(
      `no usable snapshot in ${directories.snapshotDirectory}, but ${logs.length} transaction logs in ${directories.logDirectory} (the first is ${logs[0]?.name}): ` +
        'the snapshot that they continue is missing. Put it back; or, if there never was one (data of a release before 3.5), ' +
        'start once with zookeeper.snapshot.trust.empty=true',
      1,
    )
  }
  logger.warn(
    `There is no snapshot in ${directories.snapshotDirectory}: replaying the logs onto an empty database, as zookeeper.snapshot.trust.empty says`,
  )
  const database = options.target.createFresh()
  const replayed = replayLogs(options, database, 0, true)
  removeInitializeFiles(options.disk, directories, logger)
  return { database, snapshotZxid: -1, snapshot: null, snapshotLoadMs: 0, ...replayed, isSnapshotNeeded: true }
}

function recoverEmpty<T>(options: RecoveryOptions<T>): Recovery<T> {
  const { disk, directories, logger } = options
  const isAllowed = options.isAutocreateAllowed || directories.initializeFiles.some((path) => disk.exists(path))
  if (isAllowed) logger.info(`No data in ${directories.snapshotDirectory}: this is a new database`)
  else logger.warn(`No data in ${directories.snapshotDirectory} and zookeeper.db.autocreate=false: waiting for a leader's data`)
  return {
    database: options.target.createFresh(),
    snapshotZxid: -1,
    snapshot: null,
    lastZxid: isAllowed ? 0 : -1,
    replayedCount: 0,
    snapshotLoadMs: 0,
    replayMs: 0,
    isSnapshotNeeded: isAllowed,
  }
}

function replayLogs<T>(
  options: RecoveryOptions<T>,
  database: T,
  afterZxid: number,
  isStartTrusted: boolean,
): Pick<Recovery<T>, 'lastZxid' | 'replayedCount' | 'replayMs'> {
  const { disk, directories, entryLengthMax, clock, logger, target } = options
  const beganMs = clock.monotonicMs()
  const result = readTxnLogs(
    { disk, directory: directories.logDirectory, logger, afterZxid, entryLengthMax, isStartTrusted },
    (bytes, start, end) => target.replay(database, bytes, start, end),
  )
  makeDurable(disk, directories, afterZxid)
  logger.info(`Replayed ${result.entryCount} transactions, the last is 0x${formatZxid(result.lastZxid)}`)
  return { lastZxid: result.lastZxid, replayedCount: result.entryCount, replayMs: clock.monotonicMs() - beganMs }
}

/**
 * What a process that was killed has written, and not synced, is read like everything else as long as the system runs. From here on
 * others are told that this server has it, so it has to outlive the system, too.
 */
function makeDurable(disk: Disk, { logDirectory, snapshotDirectory }: DataDirectories, afterZxid: number): void {
  for (const { path } of selectLogFiles(listStoredFiles(disk, logDirectory, LOG_PREFIX), afterZxid + 1)) {
    const file = disk.open(path, 'read')
    try {
      file.datasyncNow()
    } finally {
      file.close()
    }
  }
  for (const directory of new Set([logDirectory, snapshotDirectory])) disk.syncDirectory(directory)
}

function removeInitializeFiles(disk: Disk, directories: DataDirectories, logger: Logger): void {
  for (const path of directories.initializeFiles) {
    if (!disk.exists(path)) continue
    disk.remove(path)
    logger.info(`Removed ${path}: it has served its purpose`)
  }
}
