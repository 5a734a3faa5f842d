// Sends one learner what it lacks: from memory, from the log on disk, or everything.

import { beginSnapshot, type CommittedWindow, LearnerSync, type SyncKind, type SyncSink } from '@tskeeper/core'
import { ByteWriter, QuorumPacketType, writeBarePacket, writeDataPacket } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Replica } from '../replica.ts'
import type { Disk } from '../runtime/disk.ts'
import type { Timers } from '../runtime/runtime.ts'
import { LOG_PREFIX, listStoredFiles, SNAPSHOT_PREFIX, type StoredFile } from '../storage/file-names.ts'
import { TxnLogFileReader } from '../storage/txn-log-file.ts'
import { selectLogFiles } from '../storage/txn-log-reader.ts'
import { formatZxid } from '../storage/zxid.ts'
import type { QuorumLink } from './quorum-link.ts'
import type { RoleParts } from './role-parts.ts'
import { snapshotPump } from './snapshot-stream.ts'

/** Bytes of the log that are read at a time. */
const LOG_SLICE_BYTES = 512 * 1024
const UNREADABLE_LOG = 'The log cannot be read for a learner, which gets a snapshot instead'

/** The machine on whose behalf a learner is brought up to date: a leader, or a follower that feeds observers. */
export interface SyncMaster {
  beginSync(link: QuorumLink, kind: SyncKind): boolean
  handedOver(link: QuorumLink): void
  syncQueued(link: QuorumLink): void
  progressed(link: QuorumLink): void
  sidOf(link: QuorumLink): number | null
}

export interface SyncSenderParts {
  readonly leader: SyncMaster
  readonly replica: Replica
  readonly disk: Disk
  readonly timers: Timers
  readonly logger: Logger
  readonly entryLengthMax: number
  /** The log is read for learners as long as what is read is no longer than this part of the newest snapshot; 0: always, less: never. */
  readonly snapshotSizeFactor: number
  readonly isSnapshotForced: boolean
}

/** Begins to bring a learner up to date from this member's own history; `isParticipant` gets what is only proposed, too. */
export function beginSynchronisation(
  { config, replica, runtime, logger }: RoleParts,
  leader: SyncMaster,
  link: QuorumLink,
  learnerZxid: number,
  isParticipant: boolean,
): void {
  const parts: SyncSenderParts = {
    leader,
    replica,
    disk: runtime.disk,
    timers: runtime.timers,
    logger,
    entryLengthMax: config.juteMaxBuffer + config.juteMaxBufferExtraSize,
    snapshotSizeFactor: config.quorum.snapshotSizeFactor,
    isSnapshotForced: config.quorum.isSnapshotSyncForced,
  }
  new SyncSender(parts, link, learnerZxid, isParticipant).start()
}

export class SyncSender implements SyncSink {
  private readonly parts: SyncSenderParts
  private readonly link: QuorumLink
  private readonly learnerZxid: number
  private readonly isParticipant: boolean
  private readonly sync: LearnerSync
  private readonly window: CommittedWindow
  /** Packets of the synchronisation; a snapshot takes their place when it turns out that they are not enough. */
  private readonly planned = new ByteWriter(1024)
  private out: ByteWriter
  private log: LogEntries | null = null

  constructor(parts: SyncSenderParts, link: QuorumLink, learnerZxid: number, isParticipant: boolean) {
    this.parts = parts
    this.link = link
    this.learnerZxid = learnerZxid
    this.isParticipant = isParticipant
    this.window = parts.replica.window
    this.out = this.planned
    this.sync = new LearnerSync(this.window, learnerZxid, this)
  }

  start(): void {
    const { replica, snapshotSizeFactor, isSnapshotForced } = this.parts
    const lastProcessed = replica.database.lastZxid
    const options = { lastProcessed, isSnapshotForced, isLogAllowed: snapshotSizeFactor >= 0 }
    if (this.sync.start(options) === 'planned') {
      this.finish()
      return
    }
    this.log = this.openLog()
    if (this.log === null) this.logEnded(false)
    else this.readLog(this.log)
  }

  // --- SyncSink --------------------------------------------------------------------------------

  begin(kind: SyncKind, zxid: number): void {
    // The packet of a snapshot is written when the snapshot begins, with its zxid.
    if (kind === 'diff') writeBarePacket(this.out, QuorumPacketType.diff, zxid)
    else if (kind === 'trunc') writeBarePacket(this.out, QuorumPacketType.trunc, zxid)
  }

  committed(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    writeDataPacket(this.out, QuorumPacketType.proposal, zxid, bytes, start, end)
    writeBarePacket(this.out, QuorumPacketType.commit, zxid)
  }

  proposed(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    writeDataPacket(this.out, QuorumPacketType.proposal, zxid, bytes, start, end)
  }

  discard(): void {
    this.planned.reset()
  }

  // --- the log on disk -------------------------------------------------------------------------

  /** Null if the disk does not tell what is in its directories. */
  private openLog(): LogEntries | null {
    try {
      return new LogEntries(this.parts, this.learnerZxid, this.logBytesMax())
    } catch (error) {
      this.parts.logger.warn(UNREADABLE_LOG, { error })
      return null
    }
  }

  private logBytesMax(): number {
    const { replica, disk, snapshotSizeFactor } = this.parts
    if (snapshotSizeFactor === 0) return Number.POSITIVE_INFINITY
    const newest = listStoredFiles(disk, replica.directories.snapshotDirectory, SNAPSHOT_PREFIX).at(-1)
    return newest === undefined ? 0 : Math.floor(disk.size(newest.path) * snapshotSizeFactor)
  }

  private readLog(log: LogEntries): void {
    if (!this.link.isOpen) {
      log.close()
      return
    }
    const outcome = log.readSlice((zxid, bytes, start, end) => this.sync.offerLogEntry(zxid, bytes, start, end))
    this.parts.leader.progressed(this.link)
    if (outcome === 'more') {
      this.parts.timers.soon(() => this.readLog(log))
      return
    }
    log.close()
    this.logEnded(outcome === 'ended')
  }

  private logEnded(isUsable: boolean): void {
    this.sync.endOfLog(isUsable, this.parts.replica.database.lastZxid)
    this.finish()
  }

  // --- handing over ----------------------------------------------------------------------------

  private finish(): void {
    const { leader, logger, replica } = this.parts
    const { link, sync } = this
    const kind = sync.kind ?? 'snap'
    if (!leader.beginSync(link, kind)) return
    const sid = leader.sidOf(link)
    const what = kind === 'snap' ? 'a snapshot' : kind === 'diff' ? 'what it lacks' : 'how far to go back, and what it lacks'
    logger.info(`Sending server ${sid}, which is at 0x${formatZxid(Math.max(this.learnerZxid, 0))}, ${what}`)
    if (kind === 'snap') this.streamSnapshot()
    else link.out.writeBytes(this.planned.written())
    this.out = link.out
    sync.handOver(this.isParticipant)
    leader.handedOver(link)
    if (kind !== 'snap') leader.syncQueued(link)
    link.flushLater()
    if (kind === 'snap') logger.info(`The snapshot is of 0x${formatZxid(replica.database.lastZxid)}`)
  }

  private streamSnapshot(): void {
    const { leader, replica, timers } = this.parts
    const { link } = this
    const source = beginSnapshot(replica.database)
    writeBarePacket(link.out, QuorumPacketType.snap, source.zxid)
    const pump = snapshotPump(
      source,
      () => timers.soon(() => leader.progressed(link)),
      // Not at once: this is called from inside of whatever flushes the link.
      () => timers.soon(() => leader.syncQueued(link)),
    )
    link.stream(pump, () => source.cancel())
  }
}

/** The entries of the log from the file on that may hold a zxid, in slices. */
class LogEntries {
  private readonly parts: SyncSenderParts
  private readonly files: StoredFile[]
  private bytesLeft: number
  private reader: TxnLogFileReader | null = null

  constructor(parts: SyncSenderParts, zxid: number, bytesMax: number) {
    this.parts = parts
    this.bytesLeft = bytesMax
    this.files = selectLogFiles(listStoredFiles(parts.disk, parts.replica.directories.logDirectory, LOG_PREFIX), zxid)
  }

  /** Offers entries until no more are wanted ('ended'), it is time to pause ('more'), or reading makes no sense ('unusable'). */
  readSlice(offer: (zxid: number, bytes: Uint8Array, start: number, end: number) => boolean): 'more' | 'ended' | 'unusable' {
    let sliceBytes = 0
    try {
      while (sliceBytes < LOG_SLICE_BYTES) {
        if (this.reader === null && !this.openNext()) return 'ended'
        const { reader } = this
        if (reader === null || !reader.next()) {
          this.close()
          continue
        }
        const length = reader.end - reader.start
        sliceBytes += length
        this.bytesLeft -= length
        if (this.bytesLeft < 0) return 'unusable'
        if (!offer(reader.zxid, reader.buffer.bytes, reader.start, reader.end)) return 'ended'
      }
    } catch (error) {
      this.parts.logger.warn(UNREADABLE_LOG, { error })
      return 'unusable'
    }
    return 'more'
  }

  private openNext(): boolean {
    const file = this.files.shift()
    if (file === undefined) return false
    this.reader = new TxnLogFileReader(this.parts.disk, file.path, this.parts.entryLengthMax)
    return true
  }

  close(): void {
    this.reader?.close()
    this.reader = null
  }
}
