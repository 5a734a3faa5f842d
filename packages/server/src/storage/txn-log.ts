// The append side of the transaction log. The pipeline hands over whole batches of entries, already in the form of the
// file (txn-log-entry.ts); a batch costs one write into the page cache and one asynchronous datasync.
//
// The disk's part of a sync is cheapest when it has nothing to note but the data. Two things see to that:
//
// - A file is grown in large steps (`preallocationBytes`), by writing one byte at its new end, as
//   Apache's server does, so that its length does not change with each batch.
// - That leaves a hole, and a write into a hole makes the next sync commit the allocation of its blocks, and on some
//   file systems wait for other files' data too. So zeros are written ahead of the entries, in
//   chunks small enough not to be noticed. Measured on ext4 over an SSD: append and datasync of 4 KiB took 0.20 ms into a
//   hole and 0.14 ms into zeros, of 64 KiB 0.28 and 0.21 ms; chunks of 4 MiB cost pauses of 5 to 10 ms.
//
// A file comes into being under another name, gets its header, is synced and only then renamed: a log whose
// header is torn is corrupt, never the trace of a crash.
//
// After any failure the log is of no use: what the disk holds is unknown, and a sync that failed once may succeed the
// next time without having written anything. So nothing more is accepted, and nothing more is confirmed.

import { assert } from '@tskeeper/core'
import { ByteWriter, FILE_FORMAT_VERSION, LOG_DBID, LOG_MAGIC, writeFileHeader } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import type { Clock, Random, Timers } from '../runtime/runtime.ts'
import { CorruptLogError } from './corrupt-log-error.ts'
import { logName, unfinishedName } from './file-names.ts'
import { LOG_HEADER_SIZE, TxnLogFileReader } from './txn-log-file.ts'
import { formatZxid } from './zxid.ts'

/** Zeros that are written ahead at once: between 256 KiB and 1 MiB all measured the same. */
const ZERO_CHUNK_BYTES = 512 * 1024

/** When fewer zeros than this are left ahead of the entries, more are written. */
const ZEROS_AHEAD_MIN_BYTES = 64 * 1024

/** How close to the end of the file the entries may come before it is grown. */
const GROWTH_MARGIN_BYTES = 4096

export interface TxnLogOptions {
  readonly disk: Disk
  /** The `version-2` directory of the logs. */
  readonly directory: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  /** Step in which a file grows, 64 MiB by default; 0 or less: only as it is written. */
  readonly preallocationBytes: number
  /** False (`forceSync=no`): nothing is ever synced, and a crash of the machine loses acknowledged writes. */
  readonly isSyncForced: boolean
  /** A snapshot is due after more than half to all of this many transactions; at least 2. */
  readonly snapCount: number
  /** A snapshot is due after more than half to all of this many bytes of log; 0 or less: never. */
  readonly snapSizeLimitBytes: number
  /** A file that is longer than this after a sync is followed by a new one; 0 or less: never. */
  readonly fileSizeLimitBytes: number
  /** Syncs that take at least this long are warned about. */
  readonly fsyncWarningThresholdMs: number
  /** Told how long each sync took: for the metrics. */
  readonly onSynced: (durationMs: number) => void
}

export class TxnLog {
  /** Syncs that took longer than the threshold. */
  slowSyncCount = 0
  /** Zxid of the last entry that was written, -1 before the first. */
  lastZxid = -1
  /** The failure after which nothing is accepted, or null. */
  failure: Error | null = null

  private readonly options: TxnLogOptions
  private file: DiskFile | null = null
  /** Where the next entry goes in `file`. */
  private position = 0
  /** Length of the file as last grown; the entries may be past it when a batch is larger than a step. */
  private size = 0
  /** Everything in [position, zeroedTo) has been written with zeros; beyond are holes. */
  private zeroedTo = 0
  private isUnsynced = false
  /** Files that are complete but not yet synced: they are closed after the next sync. */
  private retired: DiskFile[] = []
  private appendsSinceRoll = 0
  /** Bytes of the files, since the last roll, that are complete. */
  private retiredBytes = 0
  private appendsThreshold = 0
  private bytesThreshold = 0
  private syncing: SyncInFlight | null = null

  constructor(options: TxnLogOptions) {
    this.options = options
    this.drawThresholds()
  }

  /**
   * Writes a batch, `bytes[0, length)`, holding `entryCount` entries. It is not durable before a `sync` that begins after
   * this has confirmed. Throws the failure, after which the log accepts nothing.
   */
  append(bytes: Uint8Array, length: number, firstZxid: number, lastZxid: number, entryCount: number): void {
    this.assertUsable()
    if (firstZxid <= this.lastZxid) this.warnRepetition(firstZxid)
    try {
      if (this.file === null) this.file = this.begin(firstZxid)
      this.grow(this.file)
      this.file.write(bytes, 0, length, this.position)
      this.position += length
      this.isUnsynced = true
      this.writeZerosAhead(this.file)
    } catch (error) {
      throw this.fail(error)
    }
    this.lastZxid = lastZxid
    this.appendsSinceRoll += entryCount
  }

  /**
   * Makes everything that has been appended durable, without blocking, and calls `done` with null or the
   * failure, always after this call has returned. One sync at a time; appends in the meantime belong to the next one. Once
   * the log has failed, by an append or a sync, that has been reported and no `done` is called any more.
   */
  sync(done: (error: Error | null) => void): void {
    this.assertUsable()
    assert(this.syncing === null, 'one sync of the transaction log at a time')
    const toClose = this.retired
    const files = this.file !== null && this.isUnsynced ? [...toClose, this.file] : toClose.slice()
    this.retired = []
    this.isUnsynced = false
    this.syncing = { files, toClose, remaining: files.length, startMs: this.options.clock.monotonicMs(), done }
    if (files.length > 0 && this.options.isSyncForced) {
      for (const file of files) file.datasync((error) => this.fileSynced(error))
    } else {
      this.options.timers.soon(() => this.finishSync())
    }
  }

  /** True if, with what has been appended since the last `roll`, it is time to roll and to take a snapshot. */
  isSnapshotDue(): boolean {
    if (this.appendsSinceRoll > this.appendsThreshold) return true
    if (this.options.snapSizeLimitBytes <= 0) return false
    return this.retiredBytes + this.fileBytes() > this.bytesThreshold
  }

  /** Closes the current file; the next append begins a new one. Starts the counts for the next snapshot afresh. */
  roll(): void {
    this.assertUsable()
    this.retireFile()
    this.retiredBytes = 0
    this.appendsSinceRoll = 0
    this.drawThresholds()
  }

  /** Syncs what is left, blocking, and closes: for the end of the process. After a failure it only closes. */
  close(): void {
    const files = this.file === null ? this.retired : [...this.retired, this.file]
    const isSyncNeeded = this.failure === null && this.options.isSyncForced
    this.file = null
    this.retired = []
    this.failure ??= new Error('the transaction log is closed')
    for (const file of files) {
      if (isSyncNeeded) file.datasyncNow()
      file.close()
    }
  }

  /**
   * Before anything is written into a new file, the ones before it are on the disk: a power failure that kept the new entries and lost
   * some before them would leave a log with a gap, which no start could take for a tear.
   */
  private syncEarlierFiles(): void {
    if (!this.options.isSyncForced) return
    for (const file of [...this.retired, ...(this.syncing?.toClose ?? [])]) file.datasyncNow()
  }

  private begin(zxid: number): DiskFile {
    this.syncEarlierFiles()
    const { disk, directory, preallocationBytes } = this.options
    const name = logName(zxid)
    const path = `${directory}/${name}`
    const unfinishedPath = `${directory}/${unfinishedName(name)}`
    if (disk.exists(path)) this.checkReplaceable(path)
    const header = new ByteWriter(LOG_HEADER_SIZE)
    writeFileHeader(header, { magic: LOG_MAGIC, version: FILE_FORMAT_VERSION, dbid: LOG_DBID })
    const unfinished = disk.open(unfinishedPath, 'create')
    try {
      unfinished.write(header.bytes, 0, LOG_HEADER_SIZE, 0)
      this.position = LOG_HEADER_SIZE
      this.size = LOG_HEADER_SIZE
      this.zeroedTo = LOG_HEADER_SIZE
      if (preallocationBytes > 0) this.grow(unfinished)
      if (this.options.isSyncForced) unfinished.datasyncNow()
    } finally {
      unfinished.close()
    }
    disk.rename(unfinishedPath, path)
    if (this.options.isSyncForced) disk.syncDirectory(directory)
    this.options.logger.info(`Began the transaction log ${name}`)
    return disk.open(path, 'update')
  }

  /** A file of that name may be left from a crash before its first entry. One with entries is never overwritten. */
  private checkReplaceable(path: string): void {
    if (this.options.disk.size(path) <= LOG_HEADER_SIZE) return
    const reader = new TxnLogFileReader(this.options.disk, path, Number.MAX_SAFE_INTEGER)
    try {
      if (!reader.next()) return
    } finally {
      reader.close()
    }
    throw new CorruptLogError(
      path,
      LOG_HEADER_SIZE,
      `a new log was to be begun under this name, but it holds the transaction 0x${formatZxid(reader.zxid)}`,
      'The log was changed while the server ran: stop whatever else uses this directory and start again',
    )
  }

  private grow(file: DiskFile): void {
    const step = this.options.preallocationBytes
    if (step <= 0 || this.position + GROWTH_MARGIN_BYTES < this.size) return
    this.size = this.position > this.size ? Math.floor((this.position + step) / step) * step : this.size + step
    file.write(ZEROS, 0, 1, this.size - 1)
  }

  private writeZerosAhead(file: DiskFile): void {
    if (this.zeroedTo - this.position >= ZEROS_AHEAD_MIN_BYTES) return
    const from = Math.max(this.zeroedTo, this.position)
    const to = Math.min(from + ZERO_CHUNK_BYTES, this.size)
    // Without preallocation, and in a batch larger than a step, there is nothing ahead.
    if (to <= from) return
    file.write(ZEROS, 0, to - from, from)
    this.zeroedTo = to
  }

  private fileSynced(error: Error | null): void {
    const sync = this.syncing
    assert(sync !== null, 'a sync that ends has begun')
    sync.remaining--
    if (error !== null && this.failure === null) {
      this.fail(error)
      sync.done(error)
    }
    if (sync.remaining === 0) this.finishSync()
  }

  private finishSync(): void {
    const sync = this.syncing
    if (sync === null || this.failure !== null) return
    this.syncing = null
    for (const file of sync.toClose) file.close()
    if (sync.files.length > 0 && this.options.isSyncForced) this.noteDuration(this.options.clock.monotonicMs() - sync.startMs)
    const limit = this.options.fileSizeLimitBytes
    if (limit > 0 && this.fileBytes() > limit) this.retireFile()
    sync.done(null)
  }

  private noteDuration(durationMs: number): void {
    this.options.onSynced(durationMs)
    if (durationMs < this.options.fsyncWarningThresholdMs) return
    this.slowSyncCount++
    // Operators' alerts look for this line as it is.
    this.options.logger.warn(
      `fsync-ing the write ahead log in ${this.options.directory} took ${Math.round(durationMs)}ms which will adversely effect operation latency.` +
        `File size is ${this.fileBytes()} bytes. See the ZooKeeper troubleshooting guide`,
    )
  }

  private retireFile(): void {
    if (this.file === null) return
    this.retiredBytes += this.fileBytes()
    if (this.isUnsynced) this.retired.push(this.file)
    else if (this.syncing?.files.includes(this.file)) this.syncing.toClose.push(this.file)
    else this.file.close()
    this.file = null
    this.isUnsynced = false
  }

  private fileBytes(): number {
    return this.file === null ? 0 : Math.max(this.size, this.position)
  }

  private drawThresholds(): void {
    const { random, snapCount, snapSizeLimitBytes } = this.options
    // Drawn anew for each snapshot, so that the servers of an ensemble do not all write theirs at the same time.
    const halfCount = Math.max(1, Math.floor(snapCount / 2))
    this.appendsThreshold = halfCount + random.below(halfCount)
    this.bytesThreshold = (snapSizeLimitBytes / 2) * (1 + random.next())
  }

  private warnRepetition(zxid: number): void {
    this.options.logger.warn(
      `Appending the transaction 0x${formatZxid(zxid)} although the log has gone to 0x${formatZxid(this.lastZxid)}`,
    )
  }

  private assertUsable(): void {
    if (this.failure !== null) throw new Error('the transaction log accepts nothing after a failure', { cause: this.failure })
  }

  private fail(error: unknown): Error {
    const failure = error instanceof Error ? error : new Error(String(error))
    this.failure = failure
    return failure
  }
}

interface SyncInFlight {
  readonly files: readonly DiskFile[]
  /** Those of them that nothing more is written to. */
  readonly toClose: DiskFile[]
  remaining: number
  readonly startMs: number
  readonly done: (error: Error | null) => void
}

const ZEROS = new Uint8Array(ZERO_CHUNK_BYTES)
