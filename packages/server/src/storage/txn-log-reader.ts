// Reads the transactions after a zxid out of all the logs of a directory, in order, and refuses to leave one out:
// zxids inside an epoch are consecutive, so that a missing file and a tear that hides entries show as a
// gap, and a tear after which nothing comes is looked at closely (torn-tail.ts).

import { DecodeError } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Disk } from '../runtime/disk.ts'
import { CorruptLogError, remedyForDamage } from './corrupt-log-error.ts'
import { LOG_PREFIX, listStoredFiles, type StoredFile } from './file-names.ts'
import { inspectTail } from './torn-tail.ts'
import { LogBuffer, type LogEnding, TxnLogFileReader } from './txn-log-file.ts'
import { formatZxid, isZxidSuccessor, zxidEpoch } from './zxid.ts'

/** Takes one entry: header, record and digest are `bytes[start, end)`, which are valid during the call only. */
export type OnLogEntry = (bytes: Uint8Array, start: number, end: number, zxid: number) => void

export interface ReadLogsOptions {
  readonly disk: Disk
  readonly directory: string
  readonly logger: Logger
  /** Entries up to this zxid are passed over: they are in the snapshot. */
  readonly afterZxid: number
  /** Longest entry that is believed without proof: the largest packet and its slack. */
  readonly entryLengthMax: number
  /** True: whatever entry comes first may be first. For logs without a snapshot, where the operator has said so. */
  readonly isStartTrusted: boolean
}

export interface ReadLogsResult {
  /** Highest zxid that was given to the callback; `afterZxid` if there was none. */
  readonly lastZxid: number
  readonly entryCount: number
  /** Entries that came again with a zxid that had been there before, and were passed over. */
  readonly repeatedCount: number
}

/** Calls `onEntry` for each entry after `afterZxid`. Throws `CorruptLogError` rather than leave out a transaction. */
export function readTxnLogs(options: ReadLogsOptions, onEntry: OnLogEntry): ReadLogsResult {
  return new LogReading(options, onEntry).run()
}

/** The files that hold the entries after `zxid`, ascending: the last one that begins at or before it, and all later ones. */
export function selectLogFiles(files: readonly StoredFile[], zxid: number): StoredFile[] {
  let firstZxid = -1
  for (const file of files) if (file.zxid <= zxid) firstZxid = file.zxid
  return files.filter((file) => file.zxid >= firstZxid)
}

interface UnjudgedEnd {
  readonly path: string
  readonly ending: LogEnding
}

class LogReading {
  private readonly options: ReadLogsOptions
  private readonly onEntry: OnLogEntry
  private readonly buffer = new LogBuffer()
  private lastZxid: number
  private entryCount = 0
  private repeatedCount = 0
  /** How the files since the last accepted entry ended. A tear among them is the likely cause of a gap. */
  private ends: UnjudgedEnd[] = []

  constructor(options: ReadLogsOptions, onEntry: OnLogEntry) {
    this.options = options
    this.onEntry = onEntry
    this.lastZxid = options.afterZxid
  }

  run(): ReadLogsResult {
    const { disk, directory, afterZxid } = this.options
    const files = selectLogFiles(listStoredFiles(disk, directory, LOG_PREFIX), afterZxid + 1)
    for (const [i, file] of files.entries()) {
      if (i === files.length - 1 && this.removeIfEmpty(file)) continue
      this.readFile(file)
    }
    for (const end of this.ends) this.judge(end)
    if (this.repeatedCount > 0)
      this.options.logger.warn(`Passed over ${this.repeatedCount} log entries whose zxids had been read before`)
    return { lastZxid: this.lastZxid, entryCount: this.entryCount, repeatedCount: this.repeatedCount }
  }

  /** A crash between the creation of a file and its first write leaves it empty; only the last one can be. */
  private removeIfEmpty(file: StoredFile): boolean {
    const { disk, logger } = this.options
    if (disk.size(file.path) > 0) return false
    disk.remove(file.path)
    logger.warn(`Removed the empty transaction log ${file.path}: the server stopped when it had just been created`)
    return true
  }

  private readFile(file: StoredFile): void {
    const reader = new TxnLogFileReader(this.options.disk, file.path, this.options.entryLengthMax, this.buffer)
    try {
      while (reader.next()) this.takeEntry(reader)
    } finally {
      reader.close()
    }
    if (reader.ending !== null) this.ends.push({ path: file.path, ending: reader.ending })
  }

  private takeEntry(reader: TxnLogFileReader): void {
    const zxid = reader.zxid
    if (zxid <= this.lastZxid) {
      if (zxid > this.options.afterZxid) this.repeatedCount++
      return
    }
    if (!isZxidSuccessor(this.lastZxid, zxid)) this.checkStart(reader)
    if (this.ends.length > 0) this.dismissEnds(zxid)
    this.lastZxid = zxid
    this.entryCount++
    try {
      this.onEntry(reader.buffer.bytes, reader.start, reader.end, zxid)
    } catch (error) {
      throw this.wrapUndecodable(reader, error)
    }
  }

  /**
   * An entry follows in a later file. If it carries on the count, nothing is missing at the ends before it. At the
   * beginning of an epoch the count does not tell, so their bytes must.
   */
  private dismissEnds(zxid: number): void {
    if (zxidEpoch(zxid) !== zxidEpoch(this.lastZxid)) for (const end of this.ends) this.judge(end)
    this.ends = []
  }

  private checkStart(reader: TxnLogFileReader): void {
    if (this.entryCount > 0 || !this.options.isStartTrusted) throw this.gap(reader)
    this.options.logger.warn(
      `The oldest transaction in the logs is 0x${formatZxid(reader.zxid)}: what came before it is not known here`,
    )
  }

  private gap(reader: TxnLogFileReader): CorruptLogError {
    const next = formatZxid(reader.zxid)
    const isOneEpoch = zxidEpoch(reader.zxid) === zxidEpoch(this.lastZxid)
    const missing = isOneEpoch
      ? `the transactions between 0x${formatZxid(this.lastZxid)} and 0x${next} are missing`
      : `after 0x${formatZxid(this.lastZxid)} comes 0x${next}, which is not the first transaction of its epoch`
    const tear = this.ends.find((end) => end.ending.kind === 'torn')
    if (tear !== undefined) {
      const what = `${tear.ending.reason}, and the log goes on in ${reader.path} with 0x${next}: ${missing}`
      return new CorruptLogError(tear.path, tear.ending.offset, what, remedyForDamage(tear.path, tear.ending.offset))
    }
    const before = this.entryCount === 0 ? 'the snapshot' : 'the log'
    const what = `${before} ends at 0x${formatZxid(this.lastZxid)}, but this entry is 0x${next}: ${missing}`
    return new CorruptLogError(reader.path, reader.offset, what, remedyForGap(reader.path))
  }

  private wrapUndecodable(reader: TxnLogFileReader, error: unknown): unknown {
    if (!(error instanceof DecodeError)) return error
    const what = `the transaction 0x${formatZxid(reader.zxid)} cannot be decoded: ${error.message}`
    return new CorruptLogError(reader.path, reader.offset, what, remedyForDamage(reader.path, reader.offset), { cause: error })
  }

  /** The last end of the log, or that of a file in which no entry follows: cut if a crash explains it. */
  private judge(end: UnjudgedEnd): void {
    const { disk, logger, entryLengthMax } = this.options
    const file = disk.open(end.path, 'read')
    try {
      const tail = inspectTail(file, end.ending, this.lastZxid, entryLengthMax)
      const { offset } = end.ending
      if (tail.damage !== null) throw new CorruptLogError(end.path, offset, tail.damage, remedyForDamage(end.path, offset))
      if (tail.droppedBytes === 0 && end.ending.kind === 'clean') return
      logger.warn(
        `Cut the torn end of the transaction log ${end.path} at byte ${offset}: ${end.ending.reason}; ` +
          `${tail.droppedBytes} bytes of writes that were never acknowledged are ignored`,
        { file: end.path, offset, droppedBytes: tail.droppedBytes },
      )
    } finally {
      file.close()
    }
  }
}

function remedyForGap(file: string): string {
  return (
    'Put back the log file that is missing in front of this one, or, in an ensemble, move the data directory away and let the server fetch its data from the leader. ' +
    `To go on without this transaction and all later ones: keep a copy of the directory and move ${file}, all later log files and all later snapshots away`
  )
}
