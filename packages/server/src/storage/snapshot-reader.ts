import type { SnapshotTarget } from '@tskeeper/core'
import { DecodeError } from '@tskeeper/protocol/server'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import { CorruptSnapshotError } from './corrupt-snapshot-error.ts'
import type { StoredFile } from './file-names.ts'
import { SnappyError } from './snappy.ts'
import { SnappyFrameDecoder } from './snappy-frames.ts'
import { formatOfName } from './snapshot-format.ts'
import { SnapshotParser, type SnapshotSummary } from './snapshot-parser.ts'

/** Packed bytes that are read at once. */
const CHUNK_BYTES = 1 << 20
/** Unpacked bytes that gzip gives at once. */
const GUNZIP_CHUNK_BYTES = 256 * 1024

/**
 * Loads a snapshot file into an empty target. Throws `CorruptSnapshotError` if it is not a whole, sealed snapshot: the
 * target is of no use then. A `DiskError` is not translated.
 */
export async function loadSnapshot(disk: Disk, snapshot: StoredFile, target: SnapshotTarget): Promise<SnapshotSummary> {
  const file = disk.open(snapshot.path, 'read')
  try {
    const parser = new SnapshotParser(target)
    switch (formatOfName(snapshot.name)) {
      case 'plain':
        readPlain(file, parser)
        break
      case 'snappy':
        readSnappy(file, parser)
        break
      case 'gz':
        await readGzip(file, parser)
        break
    }
    return parser.finish(snapshot.zxid)
  } catch (error) {
    if (!isCorruption(error)) throw error
    throw new CorruptSnapshotError(snapshot.path, error.message, { cause: error })
  } finally {
    file.close()
  }
}

function readPlain(file: DiskFile, parser: SnapshotParser): void {
  const size = file.size()
  let position = 0
  for (;;) {
    parser.reserve(Math.min(CHUNK_BYTES, Math.max(1, size - position)))
    const read = file.read(parser.bytes, parser.filled, parser.bytes.length - parser.filled, position)
    if (read === 0) return
    position += read
    parser.accept(read)
  }
}

function readSnappy(file: DiskFile, parser: SnapshotParser): void {
  const decoder = new SnappyFrameDecoder(parser)
  forEachChunk(file, (chunk) => decoder.push(chunk))
  decoder.finish()
}

/** Node unpacks gzip piece by piece only in a stream, so this is the one format whose content arrives later. */
async function readGzip(file: DiskFile, parser: SnapshotParser): Promise<void> {
  const gunzip = process.getBuiltinModule('node:zlib').createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES })
  const chunk = new Uint8Array(CHUNK_BYTES)
  let position = 0
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      gunzip.destroy()
      reject(error)
    }
    const feed = (): void => {
      try {
        const read = file.read(chunk, 0, chunk.length, position)
        position += read
        if (read === 0) gunzip.end()
        // The chunk is used up when the callback comes, and may be filled again.
        else gunzip.write(chunk.subarray(0, read), (error) => (error ? fail(error) : feed()))
      } catch (error) {
        fail(error)
      }
    }
    gunzip.on('data', (bytes: Uint8Array) => {
      try {
        parser.push(bytes)
      } catch (error) {
        fail(error)
      }
    })
    gunzip.on('error', fail)
    gunzip.on('end', resolve)
    feed()
  })
}

function forEachChunk(file: DiskFile, take: (chunk: Uint8Array) => void): void {
  const chunk = new Uint8Array(CHUNK_BYTES)
  let position = 0
  for (;;) {
    const read = file.read(chunk, 0, chunk.length, position)
    if (read === 0) return
    position += read
    take(chunk.subarray(0, read))
  }
}

/** Bytes that do not make sense, as told by the parser and the unpackers. */
function isCorruption(error: unknown): error is Error {
  if (error instanceof DecodeError || error instanceof SnappyError) return true
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
}
