// The file that the transaction log goes on in after the next roll, made while the current one is written to. It
// has the header of a log, is filled with zeros as far as the entries are expected to come, and is synced, so that neither the
// roll nor the syncs after it have anything to wait for but the entries themselves. What fills it runs beside the log's own syncs, on
// other threads and in pieces, so that those hardly wait behind it.
//
// The file is a convenience: if it cannot be made, the log goes on without it, and it gives its room back to
// a log that has none left. Its name is that of an unfinished file, which nobody takes for a log, and which a start
// removes.

import { ByteWriter, FILE_FORMAT_VERSION, LOG_DBID, LOG_MAGIC, writeFileHeader } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import { unfinishedName } from './file-names.ts'
import { LOG_HEADER_SIZE } from './txn-log-file.ts'

/** Most that is written between two syncs. */
const PIECE_BYTES_MAX = 1 << 20

/** Least that is written between two syncs, whatever the step is. */
const PIECE_BYTES_MIN = 4096

/** Pieces that a step has at least, above `PIECE_BYTES_MIN`. */
const PIECES_PER_STEP = 4

/** Steps that a prepared file has at most: a log that is longer grows as it is written. */
const STEPS_MAX = 4

/** No file is made ahead where it would take more than one part in so many of the room that is left: others write there, too. */
const ROOM_SHARE = 4

export interface NextLogOptions {
  readonly disk: Disk
  readonly directory: string
  readonly logger: Logger
  /** Step in which a log grows; more than 0. */
  readonly preallocationBytes: number
}

/** A file with a header and zeros, all on the disk, under a name that is to be changed. */
export interface PreparedLog {
  readonly file: DiskFile
  /** Length of the file: the header and a whole number of steps. */
  readonly size: number
  /** Where the zeros end that were written; beyond is a hole. */
  readonly zeroedTo: number
}

export class NextLog {
  /** What the file is called until it becomes a log. */
  readonly path: string
  private readonly options: NextLogOptions
  private readonly zeros: Uint8Array
  /** The file in the making, or the one that is ready. A callback that finds another one is late. */
  private file: DiskFile | null = null
  private isReady = false
  private size = 0
  private filledTo = 0
  private fillTo = 0
  private hasWarned = false

  constructor(options: NextLogOptions) {
    this.options = options
    this.path = `${options.directory}/${unfinishedName('next-log')}`
    const piece = Math.floor(options.preallocationBytes / PIECES_PER_STEP)
    this.zeros = new Uint8Array(Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, piece)))
  }

  /** True while a file is in the making, or ready. */
  get isBegun(): boolean {
    return this.file !== null
  }

  /** Begins a file for about `entriesBytes` of entries, if there is room in plenty. */
  begin(entriesBytes: number): void {
    const step = this.options.preallocationBytes
    const bytes = Math.min(Math.ceil(entriesBytes), STEPS_MAX * step)
    this.size = LOG_HEADER_SIZE + Math.max(1, Math.ceil(bytes / step)) * step
    this.filledTo = LOG_HEADER_SIZE
    this.fillTo = LOG_HEADER_SIZE + bytes
    this.isReady = false
    try {
      if (this.options.disk.freeBytes(this.options.directory) < ROOM_SHARE * bytes) return
      const file = this.options.disk.open(this.path, 'create')
      this.file = file
      const header = new ByteWriter(LOG_HEADER_SIZE)
      writeFileHeader(header, { magic: LOG_MAGIC, version: FILE_FORMAT_VERSION, dbid: LOG_DBID })
      file.write(header.bytes, 0, LOG_HEADER_SIZE, 0)
      file.write(this.zeros, 0, 1, this.size - 1)
      this.fill(file)
    } catch (error) {
      this.giveUp(error)
    }
  }

  /** The file, if it is ready; whoever takes it renames it. */
  take(): PreparedLog | null {
    const { file, size, filledTo: zeroedTo } = this
    if (file === null || !this.isReady) return null
    this.file = null
    return { file, size, zeroedTo }
  }

  /** Removes the file, and gives its room back at once even if something is still under way. False if there is none. */
  discard(): boolean {
    const { file } = this
    if (file === null) return false
    this.file = null
    for (const step of [() => file.truncate(0), () => file.close(), () => this.options.disk.remove(this.path)]) {
      try {
        step()
      } catch (error) {
        this.options.logger.warn(`Could not remove ${this.path}, which the next start will do`, { error })
      }
    }
    return true
  }

  private fill(file: DiskFile): void {
    const length = Math.min(this.zeros.length, this.fillTo - this.filledTo)
    file.writeLater(this.zeros, 0, length, this.filledTo, (error) => {
      if (this.file !== file) return
      if (error === null) this.sync(file, length)
      else this.giveUp(error)
    })
  }

  private sync(file: DiskFile, length: number): void {
    try {
      file.datasync((error) => {
        if (this.file !== file) return
        if (error === null) this.filled(file, length)
        else this.giveUp(error)
      })
    } catch (error) {
      this.giveUp(error)
    }
  }

  private filled(file: DiskFile, length: number): void {
    this.filledTo += length
    this.isReady = this.filledTo === this.fillTo
    if (this.isReady) return
    try {
      this.fill(file)
    } catch (error) {
      this.giveUp(error)
    }
  }

  private giveUp(error: unknown): void {
    this.discard()
    if (this.hasWarned) return
    this.hasWarned = true
    this.options.logger.warn(
      `The next transaction log cannot be prepared ahead in ${this.options.directory}; it is begun when it is needed, which takes a little longer`,
      { error },
    )
  }
}
