import type { Disk } from '../runtime/disk.ts'
import { directoryOf } from './file-names.ts'

/** What the new content of a file is called until it takes the file's place. */
export const ATOMIC_SUFFIX = '.tmp'

/**
 * Replaces a small file so that a crash leaves the old content or the new one, whole, and the new one is durable when
 * this returns. On failure the old content stays and the temporary file is removed.
 */
export function writeFileAtomically(disk: Disk, path: string, bytes: Uint8Array): void {
  const temporaryPath = path + ATOMIC_SUFFIX
  try {
    const file = disk.open(temporaryPath, 'create')
    try {
      file.write(bytes, 0, bytes.length, 0)
      file.datasyncNow()
    } finally {
      file.close()
    }
    disk.rename(temporaryPath, path)
  } catch (error) {
    removeQuietly(disk, temporaryPath)
    throw error
  }
  disk.syncDirectory(directoryOf(path))
}

function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path)
  } catch {
    // The failure that led here is the one to report; a file that stays is overwritten by the next attempt.
  }
}
