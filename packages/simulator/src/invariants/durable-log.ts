// What would be left of a server's history if the power failed now: everything on its disk that is not synced is left
// out, and the logs and snapshots that remain are looked at.

import { TxnLogFileReader } from '@tskeeper/server/internals'
import type { MemoryDisk } from '@tskeeper/server/memory-disk'

const DIRECTORY = '/data/version-2'
const ENTRY_LENGTH_MAX = 1 << 22

/** Does the server have `zxid` for good, in its log or in a snapshot that is not older? */
export function isDurable(disk: MemoryDisk, zxid: number): boolean {
  const copy = disk.lookAfterCrash()
  if (!copy.exists(DIRECTORY)) return false
  const names = copy.list(DIRECTORY)
  if (names.some((name) => name.startsWith('snapshot.') && zxidOf(name) >= zxid)) return true
  // The file that begins last at or before the zxid is the one that has it.
  const file = names.filter((name) => isLog(name) && zxidOf(name) <= zxid).sort((a, b) => zxidOf(b) - zxidOf(a))[0]
  return file !== undefined && holds(copy, `${DIRECTORY}/${file}`, zxid)
}

function holds(disk: MemoryDisk, path: string, zxid: number): boolean {
  const reader = new TxnLogFileReader(disk, path, ENTRY_LENGTH_MAX)
  try {
    while (reader.next()) if (reader.zxid === zxid) return true
    return false
  } catch {
    return false
  } finally {
    reader.close()
  }
}

function isLog(name: string): boolean {
  return /^log\.[0-9a-f]+$/.test(name)
}

function zxidOf(name: string): number {
  const digits = /^(?:log|snapshot)\.([0-9a-f]+)$/.exec(name)?.[1]
  return digits === undefined ? Number.NaN : Number.parseInt(digits, 16)
}
