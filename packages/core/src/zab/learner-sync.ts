import { assert } from '../lib/assert.ts'
import type { CommittedWindow } from './committed-window.ts'
import { isEpochStart, isSuccessor } from './zxid.ts'

/** How a learner is brought up to date. */
export type SyncKind = 'diff' | 'trunc' | 'snap'

/** Where the packets of a synchronisation go, in the order of the calls. */
export interface SyncSink {
  /** DIFF, TRUNC or SNAP with this zxid; after SNAP follow the bytes of the snapshot as of this moment. */
  begin(kind: SyncKind, zxid: number): void
  /** PROPOSAL of `bytes[start, end)` and its COMMIT. The bytes are valid during the call only when they come from the log on disk. */
  committed(zxid: number, bytes: Uint8Array, start: number, end: number): void
  /** PROPOSAL without COMMIT. */
  proposed(zxid: number, bytes: Uint8Array, start: number, end: number): void
  /** Drop what was given since the creation of the synchronisation: a snapshot takes its place. */
  discard(): void
}

/** What the choice depends on besides the window. */
export interface SyncOptions {
  /** Zxid of the last transaction that the tree holds. */
  readonly lastProcessed: number
  /** `zookeeper.forceSnapshotSync`, or an earlier attempt from the log on disk went wrong. */
  readonly isSnapshotForced: boolean
  /** The log on disk may be read for learners (`zookeeper.snapshotSizeFactor` is not negative). */
  readonly isLogAllowed: boolean
}

/**
 * Brings one learner from its last transaction to ours: chooses DIFF, TRUNC or SNAP, and which transactions follow.
 *
 *     start            -> 'planned' | 'log'
 *     offerLogEntry *  -> reads from disk until it returns false     } only after 'log'
 *     endOfLog         -> then everything is planned                 }
 *     handOver            everything after it: in one turn with `leader.handedOver`
 *
 * Where the learner's last transaction is among ours, it lacks what comes after it (DIFF). Where it is beyond them all, it drops what we
 * do not have (TRUNC). Where it is neither, or nobody here knows, the learner gets everything (SNAP).
 */
export class LearnerSync {
  private readonly learnerZxid: number
  private readonly sink: SyncSink
  private readonly window: CommittedWindow
  private lastProcessed = 0
  private begun: SyncKind | null = null
  /** Last zxid that the learner has or is being sent. */
  private queued: number
  /** The entry of the log that was offered last, -1 before the first. */
  private lastOffered = -1
  private isHopeless = false

  constructor(window: CommittedWindow, learnerZxid: number, sink: SyncSink) {
    this.window = window
    this.learnerZxid = learnerZxid
    this.sink = sink
    this.queued = learnerZxid
  }

  /** The operation that was begun, null before that. */
  get kind(): SyncKind | null {
    return this.begun
  }

  /** Last zxid that the learner has or is being sent: the hand-over goes on after it. */
  get lastQueued(): number {
    return this.queued
  }

  /** Plans from memory. `'log'`: offer the log on disk, from the file on that may hold the learner's last transaction. */
  start(options: SyncOptions): 'planned' | 'log' {
    const { learnerZxid, window } = this
    this.lastProcessed = options.lastProcessed
    const minCommitted = window.minCommitted ?? options.lastProcessed
    const maxCommitted = window.maxCommitted ?? options.lastProcessed
    if (options.isSnapshotForced) return this.sendSnapshot()
    if (learnerZxid === options.lastProcessed) return this.sendNothing()
    if (learnerZxid > maxCommitted && !isEpochStart(learnerZxid)) return this.cutBackTo(maxCommitted)
    if (learnerZxid >= minCommitted && learnerZxid <= maxCommitted) return this.streamWindow()
    if (learnerZxid < minCommitted && options.isLogAllowed) return 'log'
    return this.sendSnapshot()
  }

  /** One entry of the log on disk, in order. Returns false when no more are wanted. */
  offerLogEntry(zxid: number, bytes: Uint8Array, start: number, end: number): boolean {
    // A log that begins after the learner's last transaction, or that has a gap, does not tell what else there was.
    const isContinued = this.lastOffered < 0 ? zxid <= this.learnerZxid : isSuccessor(this.lastOffered, zxid)
    if (!isContinued) this.isHopeless = true
    if (this.isHopeless || zxid > this.logEnd()) return false
    this.lastOffered = zxid
    this.offer(zxid, bytes, start, end)
    return !this.isHopeless
  }

  /**
   * No more entries of the log are wanted, or there are none (`isReadable` false: it cannot be read). Goes on with the window as it
   * is now, `lastProcessed` is the tree's last transaction now.
   */
  endOfLog(isReadable: boolean, lastProcessed: number): void {
    this.lastProcessed = lastProcessed
    const hasGap = this.queued < this.logEnd()
    if (!isReadable || this.isHopeless || this.begun === null || hasGap) this.startOver()
    else this.streamWindow()
  }

  /**
   * Everything that comes after what was planned: committed transactions, and for members that acknowledge also those that
   * are only proposed. What is proposed or committed later goes to the registered learner, so nothing may happen between.
   */
  handOver(isParticipant: boolean): void {
    assert(this.begun !== null, 'a learner is handed over after its synchronisation was planned')
    const { window, sink } = this
    for (let index = window.indexAfter(this.queued); index < window.size; index++) {
      const zxid = window.zxidAt(index)
      const isCommitted = index < window.committedCount
      if (isCommitted) sink.committed(zxid, window.chunkAt(index), window.startAt(index), window.endAt(index))
      else if (isParticipant) sink.proposed(zxid, window.chunkAt(index), window.startAt(index), window.endAt(index))
      else return
      this.queued = zxid
    }
  }

  /** Entries of the log beyond this one are in the window. */
  private logEnd(): number {
    return this.window.minCommitted ?? this.lastProcessed
  }

  private streamWindow(): 'planned' {
    const { window } = this
    for (let index = 0; index < window.committedCount && !this.isHopeless; index++) {
      this.offer(window.zxidAt(index), window.chunkAt(index), window.startAt(index), window.endAt(index))
    }
    if (this.begun === null && isEpochStart(this.learnerZxid)) this.begin('diff', this.newestCommitted())
    return this.begun === null || this.isHopeless ? this.startOver() : 'planned'
  }

  private offer(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    if (zxid < this.learnerZxid) return
    if (this.begun === null && !this.beginAt(zxid)) return
    if (zxid <= this.queued) return
    this.sink.committed(zxid, bytes, start, end)
    this.queued = zxid
  }

  /**
   * Begins at the first of our transactions that is not before the learner's last one. Because nothing is left out inside an epoch,
   * another zxid than the learner's own is of a later epoch: the learner's last transactions were never committed, and
   * how far it has to go back cannot be told to it for sure across epochs. Returns false when it gets a snapshot.
   */
  private beginAt(zxid: number): boolean {
    if (zxid === this.learnerZxid || isEpochStart(this.learnerZxid)) this.begin('diff', this.newestCommitted())
    else this.isHopeless = true
    return !this.isHopeless
  }

  private newestCommitted(): number {
    return this.window.maxCommitted ?? this.lastProcessed
  }

  private sendNothing(): 'planned' {
    this.begin('diff', this.learnerZxid)
    return 'planned'
  }

  private cutBackTo(zxid: number): 'planned' {
    this.begin('trunc', zxid)
    this.queued = zxid
    return 'planned'
  }

  private startOver(): 'planned' {
    this.sink.discard()
    return this.sendSnapshot()
  }

  private sendSnapshot(): 'planned' {
    this.begin('snap', this.lastProcessed)
    this.queued = this.lastProcessed
    return 'planned'
  }

  private begin(kind: SyncKind, zxid: number): void {
    this.begun = kind
    this.sink.begin(kind, zxid)
  }
}
