// Removes snapshots and logs that no retained snapshot needs.

import type { Logger } from '../logger.ts'
import { type Disk, DiskError } from '../runtime/disk.ts'
import { LOG_PREFIX, parseFileZxid, SNAPSHOT_PREFIX, type StoredFile } from './file-names.ts'
import { listPlausibleSnapshots } from './snapshot-format.ts'

/** The fewest snapshots that are ever retained. */
export const RETAINED_SNAPSHOTS_MIN = 3

export interface PurgeOptions {
  readonly disk: Disk
  /** The `version-2` directories; they may be the same. */
  readonly snapshotDirectory: string
  readonly logDirectory: string
  /** Snapshots to keep, at least `RETAINED_SNAPSHOTS_MIN`. */
  readonly retainCount: number
  readonly logger: Logger
  /** Told each path before it is removed, while it can still be looked at. */
  readonly onRemove?: (path: string) => void
}

export interface PurgeResult {
  readonly removed: readonly string[]
  /** Files that could not be removed; the others were all the same. */
  readonly failed: readonly { readonly path: string; readonly error: DiskError }[]
}

/**
 * Keeps the newest `retainCount` snapshots that pass the quick test and every log that one of them needs: those that
 * begin after the oldest of them, and the one before, which may go on beyond it. Everything older goes, and with it
 * what is named like a log or a snapshot but has no zxid. Without a usable snapshot nothing is removed.
 */
export function purge(options: PurgeOptions): PurgeResult {
  const { disk, snapshotDirectory, logDirectory, logger } = options
  const retained = listPlausibleSnapshots(disk, snapshotDirectory, Math.max(options.retainCount, RETAINED_SNAPSHOTS_MIN))
  const oldest = retained.at(-1)
  if (oldest === undefined) return { removed: [], failed: [] }
  const snapshots = listNamed(disk, snapshotDirectory, SNAPSHOT_PREFIX)
  const logs = listNamed(disk, logDirectory, LOG_PREFIX)
  const lastLogNeeded = Math.max(-1, ...logs.filter((file) => file.zxid <= oldest.zxid).map((file) => file.zxid))
  const surplus = [
    ...snapshots.filter((file) => file.zxid < oldest.zxid),
    ...logs.filter((file) => file.zxid < oldest.zxid && (file.zxid < lastLogNeeded || file.zxid === -1)),
  ]
  const removed: string[] = []
  const failed: { path: string; error: DiskError }[] = []
  for (const file of surplus) {
    try {
      options.onRemove?.(file.path)
      disk.remove(file.path)
      removed.push(file.path)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      failed.push({ path: file.path, error })
      logger.error(`Failed to remove ${file.path}`, { error })
    }
  }
  return { removed, failed }
}

/** All files with the prefix and a dot, oldest first; those whose zxid cannot be read have -1. */
function listNamed(disk: Disk, directory: string, prefix: string): StoredFile[] {
  const files: StoredFile[] = []
  for (const name of disk.list(directory)) {
    if (name.startsWith(`${prefix}.`)) files.push({ name, path: `${directory}/${name}`, zxid: parseFileZxid(name, prefix) })
  }
  return files.sort((a, b) => a.zxid - b.zxid || (a.name < b.name ? -1 : 1))
}
