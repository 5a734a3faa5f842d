// Logs and snapshots of a history that a snapshot has taken the place of. They would do no harm as long as that snapshot can be read; but
// a log that goes on behind it joins on to the older logs without a visible gap when it begins with an epoch, and who reads
// them together, for a learner or from an older snapshot on, leaves out what was only in the snapshot.

import type { Logger } from '../logger.ts'
import type { Disk } from '../runtime/disk.ts'
import type { DataDirectories } from './data-directories.ts'
import { LOG_PREFIX, listStoredFiles, SNAPSHOT_PREFIX } from './file-names.ts'
import { TxnLogFileReader } from './txn-log-file.ts'
import { formatZxid } from './zxid.ts'

export interface OlderHistoryOptions {
  readonly disk: Disk
  readonly directories: DataDirectories
  readonly entryLengthMax: number
  readonly logger: Logger
}

/**
 * Removes all logs, and all snapshots but the one with this zxid. No log may be open. The logs go first, the newest in front: a
 * crash between leaves nothing that would be replayed onto the snapshot.
 */
export function removeOlderHistory(disk: Disk, { logDirectory, snapshotDirectory }: DataDirectories, snapshotZxid: number): void {
  for (const file of listStoredFiles(disk, logDirectory, LOG_PREFIX).reverse()) disk.remove(file.path)
  disk.syncDirectory(logDirectory)
  for (const file of listStoredFiles(disk, snapshotDirectory, SNAPSHOT_PREFIX).reverse()) {
    if (file.zxid !== snapshotZxid) disk.remove(file.path)
  }
  disk.syncDirectory(snapshotDirectory)
}

/**
 * The same for a snapshot that was loaded, if it is ahead of all logs: the server stopped between taking a leader's snapshot and removing what
 * that replaced, or lost the end of a log whose transactions others had made safe. True if there was something to remove.
 */
export function dropHistoryBehind(options: OlderHistoryOptions, snapshotZxid: number): boolean {
  const { disk, directories, logger } = options
  const newest = listStoredFiles(disk, directories.snapshotDirectory, SNAPSHOT_PREFIX).at(-1)
  // One that is newer and could not be read may still be mended, and needs its logs then.
  if (newest === undefined || newest.zxid !== snapshotZxid) return false
  const lastZxid = lastEntryZxid(options)
  if (lastZxid < 0 || lastZxid >= snapshotZxid) return false
  logger.warn(
    `The snapshot of 0x${formatZxid(snapshotZxid)} is ahead of the logs, which end at 0x${formatZxid(lastZxid)}: removing what is older`,
  )
  removeOlderHistory(disk, directories, snapshotZxid)
  return true
}

/** Zxid of the last entry of all logs, -1 without any. */
function lastEntryZxid({ disk, directories, entryLengthMax }: OlderHistoryOptions): number {
  for (const { path } of listStoredFiles(disk, directories.logDirectory, LOG_PREFIX).reverse()) {
    if (disk.size(path) === 0) continue
    const reader = new TxnLogFileReader(disk, path, entryLengthMax)
    let zxid = -1
    try {
      while (reader.next()) zxid = reader.zxid
    } finally {
      reader.close()
    }
    if (zxid >= 0) return zxid
  }
  return -1
}
