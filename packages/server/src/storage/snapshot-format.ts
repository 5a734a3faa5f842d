// The form of a snapshot file around its content: plain, gzip or framed snappy, told apart by the last part of the name.
// A file that is obviously unfinished is recognised without reading all of it.

import type { Disk, DiskFile } from '../runtime/disk.ts'
import { listStoredFiles, SNAPSHOT_PREFIX, type StoredFile } from './file-names.ts'
import { SNAPPY_MAGIC } from './snappy-frames.ts'
import { formatZxid } from './zxid.ts'

/** How the content is packed; the checksums inside are over the unpacked bytes in each case. */
export type SnapshotFormat = 'plain' | 'gz' | 'snappy'

/** A seal's last five bytes, the string "/": what a plain snapshot that was written to its end ends with. */
const SEAL_END = [0, 0, 0, 1, 0x2f]
const PLAIN_SIZE_MIN = 10
const GZIP_MAGIC = [0x1f, 0x8b]

/** The format for a value of `zookeeper.snapshot.compression.method`; unknown values mean none, as in the reference. */
export function snapshotFormatOf(compressionMethod: string): SnapshotFormat {
  const method = compressionMethod.toLowerCase()
  return method === 'gz' || method === 'snappy' ? method : 'plain'
}

/** Name of the snapshot of everything up to `zxid`. */
export function snapshotName(zxid: number, format: SnapshotFormat): string {
  const name = `${SNAPSHOT_PREFIX}.${formatZxid(zxid)}`
  return format === 'plain' ? name : `${name}.${format}`
}

/** The format that a file's name states. */
export function formatOfName(name: string): SnapshotFormat {
  if (name.endsWith('.gz')) return 'gz'
  return name.endsWith('.snappy') ? 'snappy' : 'plain'
}

/** The quick test: false for a file that cannot be a finished snapshot. What it lets through may still be damaged. */
export function isPlausibleSnapshot(disk: Disk, file: StoredFile): boolean {
  const handle = disk.open(file.path, 'read')
  try {
    switch (formatOfName(file.name)) {
      case 'gz':
        return hasBytesAt(handle, 0, GZIP_MAGIC)
      case 'snappy':
        return hasBytesAt(handle, 0, SNAPPY_MAGIC)
      case 'plain':
        return handle.size() >= PLAIN_SIZE_MIN && hasBytesAt(handle, handle.size() - SEAL_END.length, SEAL_END)
    }
  } finally {
    handle.close()
  }
}

/** The newest `count` snapshots that pass the quick test, newest first. */
export function listPlausibleSnapshots(disk: Disk, directory: string, count: number): StoredFile[] {
  const found: StoredFile[] = []
  for (const file of listStoredFiles(disk, directory, SNAPSHOT_PREFIX).reverse()) {
    if (found.length === count) break
    if (isPlausibleSnapshot(disk, file)) found.push(file)
  }
  return found
}

function hasBytesAt(file: DiskFile, position: number, expected: readonly number[]): boolean {
  const bytes = new Uint8Array(expected.length)
  if (file.read(bytes, 0, bytes.length, position) < bytes.length) return false
  return expected.every((byte, i) => bytes[i] === byte)
}
