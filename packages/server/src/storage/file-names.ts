// Names of logs and snapshots: `log.<zxid>` and `snapshot.<zxid>[.gz|.snappy]`, the zxid in hexadecimal. What is
// after the second dot is ignored, as by the reference: `log.10.old` is taken for a log that begins at
// 0x10. That is why our unfinished files have names whose first part is neither of the two.

import type { Disk } from '../runtime/disk.ts'
import { StartupError } from '../startup-error.ts'
import { formatZxid, ZXID_MAX } from './zxid.ts'

/** First part of a transaction log's name. */
export const LOG_PREFIX = 'log'

/** First part of a snapshot's name. */
export const SNAPSHOT_PREFIX = 'snapshot'

/** A file that is being made; neither this server nor Apache's takes it for a log or a snapshot. */
const UNFINISHED_PREFIX = 'tskeeper-unfinished-'

/** A log or a snapshot in its directory. */
export interface StoredFile {
  readonly name: string
  readonly path: string
  /** From the name. */
  readonly zxid: number
}

/** Name of the log whose first entry is `zxid`. */
export function logName(zxid: number): string {
  return `${LOG_PREFIX}.${formatZxid(zxid)}`
}

/** Under which name a file is written before it is renamed to `name`. */
export function unfinishedName(name: string): string {
  return UNFINISHED_PREFIX + name
}

/** The zxid in a name, or -1 if the name has another prefix or no zxid. */
export function parseFileZxid(name: string, prefix: string): number {
  const parts = name.split('.')
  const text = parts[1]
  if (parts[0] !== prefix || text === undefined || !/^[0-9a-fA-F]{1,16}$/.test(text)) return -1
  const zxid = Number.parseInt(text, 16)
  // Past 63 bits it is no zxid for anybody, only a name that looks like one.
  if (zxid >= 2 ** 63) return -1
  if (zxid > ZXID_MAX) {
    throw new StartupError(`the zxid in the file name ${name} is of an epoch beyond 2097151, which this server cannot keep`, 1)
  }
  return zxid
}

/** The files of a kind, by ascending zxid; names without a zxid are left out. */
export function listStoredFiles(disk: Disk, directory: string, prefix: string): StoredFile[] {
  const files: StoredFile[] = []
  for (const name of disk.list(directory)) {
    const zxid = parseFileZxid(name, prefix)
    if (zxid >= 0) files.push({ name, path: `${directory}/${name}`, zxid })
  }
  return files.sort((a, b) => a.zxid - b.zxid || (a.name < b.name ? -1 : 1))
}

/** Removes what an earlier run left unfinished. Returns the paths. */
export function removeUnfinishedFiles(disk: Disk, directory: string): string[] {
  const removed: string[] = []
  for (const name of disk.list(directory).sort()) {
    if (!name.startsWith(UNFINISHED_PREFIX)) continue
    const path = `${directory}/${name}`
    disk.remove(path)
    removed.push(path)
  }
  return removed
}

/** The directory that a path lies in. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash < 0) return '.'
  return slash === 0 ? '/' : path.slice(0, slash)
}
