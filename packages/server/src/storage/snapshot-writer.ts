// Writes a snapshot in slices between requests. A slice takes some hundred nodes from the tree, sums and packs them
// and writes them into the page cache: its duration does not depend on the size of the tree. The file is
// synced as it grows, so that the log never shares the disk with a mountain of unwritten pages, and it gets its
// name only when all of it is durable: a crash leaves no snapshot rather than half of one.

import { assert, type SnapshotSource } from '@tskeeper/core'
import {
  adler32OfView,
  ByteWriter,
  FILE_FORMAT_VERSION,
  SNAPSHOT_DBID,
  SNAPSHOT_MAGIC,
  writeAcl,
  writeFileHeader,
  writeVector,
} from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import type { Clock } from '../runtime/runtime.ts'
import { unfinishedName } from './file-names.ts'
import { createSnapshotEncoder, type SnapshotEncoder } from './snapshot-encoder.ts'
import { type SnapshotFormat, snapshotName } from './snapshot-format.ts'
import { formatZxid } from './zxid.ts'

/**
 * Content that a slice takes from the tree: a tenth to half a millisecond of work. Each turn of the loop has one, and a batch of writes
 * takes several turns: slices of 256 KiB made the latencies of creates during a snapshot (99th percentile) a quarter longer.
 */
const SLICE_BYTES = 64 * 1024
/** A sync is begun each time that so much has been written. */
const SYNC_EVERY_BYTES = 8 << 20
/** With so much written since the sync under way began, the writer waits for it. */
const UNSYNCED_MAX_BYTES = 16 << 20

export interface SnapshotWriterOptions {
  readonly disk: Disk
  /** The `version-2` directory of the snapshots. */
  readonly directory: string
  readonly source: SnapshotSource
  readonly format: SnapshotFormat
  /** `zookeeper.digest.enabled`: the section with the tree digest is written. */
  readonly isDigestWritten: boolean
  /** `zookeeper.serializeLastProcessedZxid.enabled`: the section with the last zxid is written, as from 3.9 on. */
  readonly isLastZxidWritten: boolean
  readonly clock: Clock
  readonly logger: Logger
}

/** Writes a snapshot to its end, blocking: for small trees and for moments when nothing else is to be done. Throws the failure. */
export function writeSnapshotNow(options: SnapshotWriterOptions): string {
  let failure: Error | null = null
  const writer = new SnapshotWriter(options, (error) => {
    failure = error
  })
  writer.writeAll()
  if (failure !== null) throw failure
  return writer.path
}

export class SnapshotWriter {
  /** Where the snapshot will be. */
  readonly path: string
  private readonly options: SnapshotWriterOptions
  private readonly done: (error: Error | null) => void
  private readonly unfinishedPath: string
  private readonly out = new ByteWriter(SLICE_BYTES + (SLICE_BYTES >> 2))
  private readonly encoder: SnapshotEncoder
  private readonly startMs: number
  private readonly file: DiskFile
  private position = 0
  /** Adler-32 of the content before `out`. */
  private sum = 1
  /** How much of `out` is in `sum`. */
  private summedTo = 0
  private isBegun = false
  private state: 'writing' | 'finishing' | 'ended' = 'writing'
  private isSyncing = false
  /** Bytes that were written when the last sync began. */
  private syncedTo = 0

  /**
   * Begins the file. `done` is called once: with null when the snapshot is durable under its name, with the failure if
   * it cannot be, in which case the unfinished file has been removed. Throws `DiskError` if the file cannot be made.
   */
  constructor(options: SnapshotWriterOptions, done: (error: Error | null) => void) {
    this.options = options
    this.done = done
    const name = snapshotName(options.source.zxid, options.format)
    this.path = `${options.directory}/${name}`
    this.unfinishedPath = `${options.directory}/${unfinishedName(name)}`
    this.encoder = createSnapshotEncoder(options.format)
    this.startMs = options.clock.monotonicMs()
    this.file = options.disk.open(this.unfinishedPath, 'create')
    options.logger.info(`Snapshotting: 0x${formatZxid(options.source.zxid)} to ${this.path}`)
  }

  /** True while `step` would do nothing because the disk has to catch up: ask again in some milliseconds. */
  get isWaiting(): boolean {
    return this.state === 'writing' && this.isSyncing && this.position - this.syncedTo >= UNSYNCED_MAX_BYTES
  }

  /** Writes the next slice. False when there is none left; `done` follows when the file is durable. */
  step(): boolean {
    if (this.state !== 'writing') return false
    if (this.isWaiting) return true
    try {
      if (this.writeSlice()) this.state = 'finishing'
      else if (this.position - this.syncedTo >= SYNC_EVERY_BYTES && !this.isSyncing) this.beginSync()
    } catch (error) {
      this.fail(error)
      return false
    }
    if (this.state === 'writing') return true
    this.finish()
    return false
  }

  /** Writes what is left and syncs it, blocking, instead of further steps. `done` is called before this returns. */
  writeAll(): void {
    assert(this.state === 'writing', 'a snapshot is written once')
    try {
      while (!this.writeSlice()) {
        // The whole file is synced at the end.
      }
      this.state = 'finishing'
      this.file.datasyncNow()
      this.publish()
    } catch (error) {
      this.fail(error)
      return
    }
    this.done(null)
  }

  /** Gives up and removes what is there; `done` is not called. Harmless after the end. */
  cancel(): void {
    if (this.state === 'ended') return
    this.abandon()
  }

  /** True when the content is complete. */
  private writeSlice(): boolean {
    const { source } = this.options
    const out = this.out
    out.reset()
    this.summedTo = 0
    if (!this.isBegun) this.writeStart()
    const isLast = source.writeNodes(out, SLICE_BYTES)
    if (isLast) this.writeEnd()
    this.sumOut()
    this.write(this.encoder.encode(out.bytes, out.position))
    if (isLast) this.write(this.encoder.end())
    return isLast
  }

  private writeStart(): void {
    const { source } = this.options
    const out = this.out
    this.write(this.encoder.begin())
    writeFileHeader(out, { magic: SNAPSHOT_MAGIC, version: FILE_FORMAT_VERSION, dbid: SNAPSHOT_DBID })
    out.writeInt(source.sessions.length)
    for (const session of source.sessions) {
      out.writeLong(session.id)
      out.writeInt(session.timeoutMs)
    }
    out.writeInt(source.aclLists.length)
    for (const list of source.aclLists) {
      out.writeNumber(list.id)
      writeVector(out, list.acl, writeAcl)
    }
    this.isBegun = true
  }

  private writeEnd(): void {
    const { source, isDigestWritten, isLastZxidWritten } = this.options
    const out = this.out
    out.writeString('/')
    this.writeSeal()
    const digest = source.digestNow()
    if (isDigestWritten) {
      out.writeNumber(digest.zxid)
      out.writeInt(digest.version)
      out.writeLong(BigInt.asIntN(64, digest.digest))
      this.writeSeal()
    }
    if (isLastZxidWritten) {
      out.writeNumber(Math.max(digest.zxid, source.zxid))
      this.writeSeal()
    }
  }

  private writeSeal(): void {
    this.sumOut()
    this.out.writeNumber(this.sum)
    this.out.writeString('/')
  }

  private sumOut(): void {
    this.sum = adler32OfView(this.out.view, this.summedTo, this.out.position, this.sum)
    this.summedTo = this.out.position
  }

  private write(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.file.write(bytes, 0, bytes.length, this.position)
    this.position += bytes.length
  }

  private beginSync(): void {
    this.isSyncing = true
    this.syncedTo = this.position
    this.file.datasync((error) => {
      this.isSyncing = false
      if (this.state === 'ended') return
      if (error !== null) this.fail(error)
      else if (this.state === 'finishing') this.finish()
    })
  }

  /** Syncs what is left, after a sync that is still under way, and then gives the file its name. */
  private finish(): void {
    if (this.isSyncing) return
    if (this.syncedTo < this.position) {
      this.beginSync()
      return
    }
    try {
      this.publish()
    } catch (error) {
      this.fail(error)
      return
    }
    this.done(null)
  }

  private publish(): void {
    const { disk, directory, clock, logger } = this.options
    this.file.close()
    disk.rename(this.unfinishedPath, this.path)
    disk.syncDirectory(directory)
    this.state = 'ended'
    logger.info(`Snapshot taken in ${Math.round(clock.monotonicMs() - this.startMs)} ms`)
  }

  private fail(error: unknown): void {
    if (this.state === 'ended') return
    this.abandon()
    this.done(error instanceof Error ? error : new Error(String(error)))
  }

  private abandon(): void {
    this.state = 'ended'
    this.options.source.cancel()
    try {
      this.file.close()
      this.options.disk.remove(this.unfinishedPath)
    } catch (error) {
      // It is only a file that the next start removes; what led here is more important.
      this.options.logger.warn(`Could not remove the unfinished snapshot ${this.unfinishedPath}`, { error })
    }
  }
}
