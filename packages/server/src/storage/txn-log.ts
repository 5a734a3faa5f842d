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
// Where entries come fast, the next file is made while the current one is written to (next-log.ts). The first entries go into it
// under the name that it was made with; the sync that covers them syncs the files before it too, and then renames it and syncs the
// directory, all without blocking, and only then confirms. So a power failure leaves either a log that has all that
// comes before its entries, or a file that nobody takes for a log and whose entries nobody was told of.
//
// After any failure the log is of no use: what the disk holds is unknown, and a sync that failed once may succeed the
// next time without having written anything. So nothing more is accepted, and nothing more is confirmed.

import { assert } from '@tskeeper/core'
import { ByteWriter, FILE_FORMAT_VERSION, LOG_DBID, LOG_MAGIC, writeFileHeader } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import { type Disk, DiskError, type DiskFile } from '../runtime/disk.ts'
import type { Clock, Random, Timers } from '../runtime/runtime.ts'
import { CorruptLogError } from './corrupt-log-error.ts'
import { logName, unfinishedName } from './file-names.ts'
import { NextLog } from './next-log.ts'
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
  /** Length that the file was prepared with, which `size` grows into step by step; 0 if it was not prepared. */
  private preparedSize = 0
  /** Name that `file` is still to be given, null once it has it. */
  private nameDue: string | null = null
  /** The file that is made ahead; null where that is not worth its while. */
  private readonly next: NextLog | null
  /** True once it has been tried for the current file, with success or without. */
  private isNextTried = false
  /** Everything in [position, zeroedTo) has been written with zeros; beyond are holes. */
  private zeroedTo = 0
  private isUnsynced = false
  /** Files that are complete but not yet synced: they are closed after the next sync. */
  private retired: DiskFile[] = []
  /** Entries in `file`. */
  private entryCount = 0
  private appendsSinceRoll = 0
  /** Bytes of the files, since the last roll, that are complete. */
  private retiredBytes = 0
  private appendsThreshold = 0
  private bytesThreshold = 0
  private syncing: SyncInFlight | null = null

  constructor(options: TxnLogOptions) {
    this.options = options
    const { disk, directory, logger, preallocationBytes, isSyncForced } = options
    // Without syncs there is nothing to wait for.
    this.next = preallocationBytes > 0 && isSyncForced ? new NextLog({ disk, directory, logger, preallocationBytes }) : null
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
      this.withRoomOfNext(() => {
        this.file ??= this.begin(firstZxid)
        this.grow(this.file)
        this.file.write(bytes, 0, length, this.position)
      })
      this.position += length
      this.isUnsynced = true
      this.withRoomOfNext(() => this.writeZerosAhead())
    } catch (error) {
      throw this.fail(error)
    }
    this.lastZxid = lastZxid
    this.entryCount += entryCount
    this.appendsSinceRoll += entryCount
    this.prepareNext()
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
    // A roll would have to wait for the file to get its name; the next sync gives it.
    if (this.nameDue !== null) return false
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
    const unnamed = this.failure === null ? this.nameDue : null
    if (unnamed !== null) this.syncEarlierFiles()
    this.file = null
    this.retired = []
    this.nameDue = null
    this.failure ??= new Error('the transaction log is closed')
    for (const file of files) {
      if (isSyncNeeded) file.datasyncNow()
      file.close()
    }
    this.next?.discard()
    if (unnamed === null) return
    this.renameNext(unnamed)
    this.options.disk.syncDirectory(this.options.directory)
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
    const name = logName(zxid)
    const path = `${this.options.directory}/${name}`
    if (this.options.disk.exists(path)) this.checkReplaceable(path)
    this.isNextTried = false
    this.entryCount = 0
    return this.beginPrepared(name) ?? this.beginNew(name)
  }

  /** The file that was made ahead, under the name that it was made with; null if there is none. */
  private beginPrepared(name: string): DiskFile | null {
    const prepared = this.next?.take() ?? null
    if (prepared === null) return null
    this.position = LOG_HEADER_SIZE
    this.size = Math.min(LOG_HEADER_SIZE + this.options.preallocationBytes, prepared.size)
    this.preparedSize = prepared.size
    this.zeroedTo = prepared.zeroedTo
    this.nameDue = name
    return prepared.file
  }

  private beginNew(name: string): DiskFile {
    this.syncEarlierFiles()
    const { disk, directory, preallocationBytes } = this.options
    const path = `${directory}/${name}`
    const unfinishedPath = `${directory}/${unfinishedName(name)}`
    const header = new ByteWriter(LOG_HEADER_SIZE)
    writeFileHeader(header, { magic: LOG_MAGIC, version: FILE_FORMAT_VERSION, dbid: LOG_DBID })
    const unfinished = disk.open(unfinishedPath, 'create')
    try {
      unfinished.write(header.bytes, 0, LOG_HEADER_SIZE, 0)
      this.position = LOG_HEADER_SIZE
      this.size = LOG_HEADER_SIZE
      this.preparedSize = 0
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
    // A prepared file may already have that length, and entries where its end is now.
    if (this.size > this.preparedSize) file.write(ZEROS, 0, 1, this.size - 1)
  }

  private writeZerosAhead(): void {
    const { file } = this
    if (file === null || this.zeroedTo - this.position >= ZEROS_AHEAD_MIN_BYTES) return
    const from = Math.max(this.zeroedTo, this.position)
    const to = Math.min(from + ZERO_CHUNK_BYTES, this.size)
    // Without preallocation, and in a batch larger than a step, there is nothing ahead.
    if (to <= from) return
    file.write(ZEROS, 0, to - from, from)
    this.zeroedTo = to
  }

  /** When the disk is full, what was made ahead is given up first; writing the same bytes to the same place again does no harm. */
  private withRoomOfNext(write: () => void): void {
    try {
      write()
    } catch (error) {
      if (!(error instanceof DiskError && error.code === 'ENOSPC') || this.next?.discard() !== true) throw error
      write()
    }
  }

  /** Begins to make the next file when this one is half as long as it will be, going by what ends it. */
  private prepareNext(): void {
    // As long as this file has no name, it has the one that the next would be made under.
    if (this.next === null || this.isNextTried || this.nameDue !== null) return
    const { fileSizeLimitBytes: limit, snapCount } = this.options
    const isHalfway = this.appendsSinceRoll * 2 > this.appendsThreshold || (limit > 0 && this.position * 2 > limit)
    if (!isHalfway || this.next.isBegun) return
    this.isNextTried = true
    // With entries as long as these: as many as there are between two snapshots at most.
    const expected = (this.position / Math.max(1, this.entryCount)) * snapCount
    this.next.begin(limit > 0 ? Math.min(expected, limit) : expected)
  }

  private fileSynced(error: Error | null): void {
    const sync = this.syncing
    assert(sync !== null, 'a sync that ends has begun')
    sync.remaining--
    if (error !== null && this.failure === null) {
      this.fail(error)
      sync.done(error)
    }
    if (sync.remaining === 0 && this.failure === null) this.filesSynced(sync)
  }

  /** All that comes before the entries of a file without a name, and those themselves, are on the disk: now it gets its name. */
  private filesSynced(sync: SyncInFlight): void {
    if (this.nameDue === null || this.file === null || !sync.files.includes(this.file)) {
      this.finishSync()
      return
    }
    const { disk, directory } = this.options
    try {
      this.nameFile(this.nameDue)
      disk.syncDirectoryLater(directory, (error) => this.directorySynced(error))
    } catch (error) {
      this.directorySynced(error)
    }
  }

  private directorySynced(error: unknown): void {
    const sync = this.syncing
    if (sync === null || this.failure !== null) return
    if (error === null) this.finishSync()
    else sync.done(this.fail(error))
  }

  private renameNext(name: string): void {
    const { next } = this
    assert(next !== null, 'a file without a name was made ahead')
    this.options.disk.rename(next.path, `${this.options.directory}/${name}`)
  }

  /** Gives the current file its name, and opens it anew under that. */
  private nameFile(name: string): void {
    this.renameNext(name)
    this.nameDue = null
    const unnamed = this.file
    assert(unnamed !== null, 'a file that is given its name is open')
    this.file = this.options.disk.open(`${this.options.directory}/${name}`, 'update')
    const { syncing } = this
    if (syncing !== null) syncing.files = syncing.files.map((file) => (file === unnamed ? (this.file ?? unnamed) : file))
    unnamed.close()
    this.options.logger.info(`Began the transaction log ${name}`)
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
    if (this.nameDue !== null) this.nameFileNow(this.nameDue)
    this.retiredBytes += this.fileBytes()
    if (this.isUnsynced) this.retired.push(this.file)
    else if (this.syncing?.files.includes(this.file)) this.syncing.toClose.push(this.file)
    else this.file.close()
    this.file = null
    this.isUnsynced = false
  }

  /** The same, blocking, for a history that is replaced: nothing of it may get a name later. */
  private nameFileNow(name: string): void {
    this.syncEarlierFiles()
    this.nameFile(name)
    this.options.disk.syncDirectory(this.options.directory)
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
  files: readonly DiskFile[]
  /** Those of them that nothing more is written to. */
  readonly toClose: DiskFile[]
  remaining: number
  readonly startMs: number
  readonly done: (error: Error | null) => void
}

const ZEROS = new Uint8Array(ZERO_CHUNK_BYTES)
