// Forgets the end of the history: a leader has told this server that everything after a zxid never was. And the small
// question of how far the log goes.

import type { Logger } from '../logger.ts'
import type { Disk } from '../runtime/disk.ts'
import type { DataDirectories } from './data-directories.ts'
import { LOG_PREFIX, listStoredFiles, SNAPSHOT_PREFIX, type StoredFile } from './file-names.ts'
import { isPlausibleSnapshot } from './snapshot-format.ts'
import { LOG_HEADER_SIZE, TxnLogFileReader } from './txn-log-file.ts'
import { selectLogFiles } from './txn-log-reader.ts'
import { formatZxid, isEpochStart } from './zxid.ts'

export interface TruncateOptions {
  readonly disk: Disk
  readonly directories: DataDirectories
  readonly entryLengthMax: number
  readonly logger: Logger
}

/**
 * Removes every transaction after `zxid` from the logs, and the snapshots that contain one, durably. No log may be open for
 * appending. False, with nothing changed, if the state at `zxid` cannot be brought back from what is here: no log, or
 * no snapshot to start from.
 */
export function truncateLogs(options: TruncateOptions, zxid: number): boolean {
  const { disk, directories, logger } = options
  const logs = listStoredFiles(disk, directories.logDirectory, LOG_PREFIX)
  const snapshots = listStoredFiles(disk, directories.snapshotDirectory, SNAPSHOT_PREFIX)
  const plausible = snapshots.filter((file) => isPlausibleSnapshot(disk, file))
  const last = plausible.some((file) => file.zxid <= zxid) ? zxid : epochStartBehind(plausible, logs, zxid)
  if (logs.length === 0 || last === null) return false

  // Newest first, and the snapshots before the logs that they rest on: a crash in between leaves a shorter history
  // without holes, and the leader will ask again.
  for (const file of snapshots.filter((snapshot) => snapshot.zxid > last).reverse()) disk.remove(file.path)
  disk.syncDirectory(directories.snapshotDirectory)
  const affected = selectLogFiles(logs, last)
  for (const file of affected.filter((log) => log.zxid > last).reverse()) disk.remove(file.path)
  // The cut must not be durable before the removals are: a later file would come after a gap.
  disk.syncDirectory(directories.logDirectory)
  for (const file of affected.filter((log) => log.zxid <= last)) cutAfter(options, file.path, last)
  logger.info(`Truncated the transaction log after 0x${formatZxid(zxid)}`)
  return true
}

/**
 * The zxid of the oldest snapshot if that is of the beginning of a later epoch, and nothing here is from in between: null otherwise. No
 * transaction has such a zxid. A leader that sends its data before the first write of its epoch says so, and who has taken
 * them and then logged what was never committed is told to go back to the last transaction of the epochs before.
 */
function epochStartBehind(snapshots: readonly StoredFile[], logs: readonly StoredFile[], zxid: number): number | null {
  const oldest = snapshots[0]?.zxid ?? -1
  if (oldest <= zxid || !isEpochStart(oldest)) return null
  return logs.every((log) => log.zxid > oldest) ? oldest : null
}

/** Zxid of the last whole entry in the newest log; the zxid in its name if it has none, -1 if there is no log. */
export function lastLoggedZxid(disk: Disk, logDirectory: string, entryLengthMax: number): number {
  const newest = listStoredFiles(disk, logDirectory, LOG_PREFIX).at(-1)
  if (newest === undefined) return -1
  if (disk.size(newest.path) === 0) return newest.zxid
  const reader = new TxnLogFileReader(disk, newest.path, entryLengthMax)
  try {
    let zxid = newest.zxid
    while (reader.next()) zxid = Math.max(zxid, reader.zxid)
    return zxid
  } finally {
    reader.close()
  }
}

function cutAfter(options: TruncateOptions, path: string, zxid: number): void {
  const { disk } = options
  const reader = new TxnLogFileReader(disk, path, options.entryLengthMax)
  let end = LOG_HEADER_SIZE
  try {
    while (reader.next() && reader.zxid <= zxid) end = reader.nextOffset
  } finally {
    reader.close()
  }
  const file = disk.open(path, 'update')
  try {
    file.truncate(end)
    file.datasyncNow()
  } finally {
    file.close()
  }
}
