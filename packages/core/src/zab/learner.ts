import { Op, QuorumPacketType, quorumPacketName, utf8Read } from '@tskeeper/protocol/server'
import { assert } from '../lib/assert.ts'
import type { LearnerEffects, LearnerOptions } from './learner-effects.ts'
import { EPOCH_MAX, epochOf, epochStart, hexZxid, isEpochStart, isSuccessor } from './zxid.ts'
import { ZxidQueue } from './zxid-queue.ts'

/**
 * Where a learner stands:
 *
 * - `discovery`: it awaits the epoch, `operation`: it awaits DIFF, TRUNC or SNAP;
 * - `syncing`: it takes in what it lacks, `adopting`: NEWLEADER has come, and what it lacked is made durable;
 * - `adopted`: it has acknowledged NEWLEADER and awaits UPTODATE;
 * - `broadcast`: live traffic, `over`: the role has ended.
 */
export type LearnerStage = 'discovery' | 'operation' | 'syncing' | 'adopting' | 'adopted' | 'broadcast' | 'over'

/** What the shell was told to begin and has not reported done. */
type Wait = 'snapshotLoaded' | 'truncated' | 'snapshotWritten' | 'logFlushed'

/** The process cannot go on: a commit that is not of the oldest proposal. */
const EXIT_COMMIT_OUT_OF_ORDER = 12
/** The process cannot go on: the synchronisation begins with what it cannot begin with. */
const EXIT_UNEXPECTED_PACKET = 13

const HEADER_ZXID_OFFSET = 12
const HEADER_TYPE_OFFSET = 28
/** Bytes of a transaction's header. */
const HEADER_SIZE = 32

/**
 * A follower or an observer, from connecting to its leader to losing it. It decides; the shell moves the bytes.
 *
 * What makes an acknowledged history safe is an order, kept here and nowhere else:
 *
 *     received -> logged and applied, or in the snapshot -> synced -> currentEpoch written -> ACK of NEWLEADER
 *                                                                              -> UPTODATE -> proposals logged -> their ACKs
 */
export class Learner {
  private readonly options: LearnerOptions
  private readonly effects: LearnerEffects
  private state: LearnerStage = 'discovery'
  private waitingFor: Wait | null = null
  private acceptedEpoch: number
  private epoch = -1
  /** The zxid of the operation: where the history begins that follows. */
  private operationZxid = 0
  /**
   * The tree came by SNAP. It may hold more than its zxid says, so proposals may begin before it; and what is taken in until NEWLEADER
   * is applied without being logged, because it is in the snapshot that is written then.
   */
  private isFromSnapshot = false
  /** A snapshot is written at NEWLEADER. */
  private needsSnapshot: boolean
  /** The tree holds what neither the log nor a snapshot on disk gives, or only a part of it. */
  private isDatabaseBroken = false
  /** Version of the configuration that came with NEWLEADER, null for none. */
  private configVersion: number | null = null
  /** Proposals received and not applied, and while synchronising how many of them, from the oldest on, are committed. */
  private readonly pending = new ZxidQueue()
  private committedCount = 0
  private lastReceived: number | null = null
  /** Highest zxid that is known to be committed: of the operation, or of a commit since. */
  private lastCommitted = 0
  /** Highest zxid whose acknowledgement was sent, or is contained in that of NEWLEADER. */
  private lastAcknowledged: number
  private silentBeats = 0

  constructor(options: LearnerOptions, effects: LearnerEffects) {
    this.options = options
    this.effects = effects
    this.acceptedEpoch = options.acceptedEpoch
    this.lastAcknowledged = options.lastZxid
    this.needsSnapshot = options.isFirstSnapshotNeeded
  }

  get stage(): LearnerStage {
    return this.state
  }

  /** True while no packets may be fed: they stay in the stream. */
  get isWaiting(): boolean {
    return this.waitingFor !== null
  }

  /** The leader's epoch, -1 before it is known. */
  get leaderEpoch(): number {
    return this.epoch
  }

  /** Number of proposals that were received and are not committed. */
  get pendingCount(): number {
    return this.pending.size
  }

  /** Every how many milliseconds the shell calls `heartbeat`. */
  get heartbeatMs(): number {
    return this.options.tickTimeMs / 2
  }

  // Inputs.

  /** The connection with the leader stands. */
  start(): void {
    this.effects.sendLearnerInfo(epochStart(this.acceptedEpoch))
  }

  /** A packet of the leader; its data is `bytes[start, end)`, empty for none. */
  packet(type: number, zxid: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.state === 'over') return
    assert(this.waitingFor === null, 'packets stay in the stream while a learner waits')
    this.silentBeats = 0
    if (this.state === 'broadcast') this.livePacket(type, zxid, bytes, start, end)
    else if (this.state === 'discovery') this.leaderInfo(type, zxid)
    else if (this.state === 'operation') this.operation(type, zxid)
    else this.syncPacket(type, zxid, bytes, start, end)
  }

  /** The snapshot is in the tree, its signature was right. */
  snapshotLoaded(): void {
    if (this.endWait('snapshotLoaded')) this.beginSync()
  }

  /** The log is cut and the tree is what the disk gives. */
  truncated(): void {
    if (!this.endWait('truncated')) return
    this.isDatabaseBroken = false
    this.beginSync()
  }

  /** The snapshot is on disk under its name. */
  snapshotWritten(): void {
    if (!this.endWait('snapshotWritten')) return
    this.isDatabaseBroken = false
    this.flush()
  }

  /** Everything logged is synced. */
  logFlushed(): void {
    if (this.endWait('logFlushed')) this.adoptEpoch()
  }

  /** The log is synced up to `zxid`. Of several syncs the last one is enough. */
  logged(zxid: number): void {
    if (this.state !== 'broadcast' || this.options.isObserver || zxid <= this.lastAcknowledged) return
    this.effects.acknowledge(this.lastAcknowledged, zxid)
    this.lastAcknowledged = zxid
  }

  /** Bytes of a snapshot have come in, so that its length is no silence. */
  progressed(): void {
    this.silentBeats = 0
  }

  /** The connection is gone. */
  linkClosed(): void {
    this.leave('the connection with the leader is gone')
  }

  /** Half a tick has passed. Our own work on the disk is no silence of the leader. */
  heartbeat(): void {
    if (this.state === 'over' || (this.isWaiting && this.waitingFor !== 'snapshotLoaded')) return
    this.silentBeats++
    const { initLimitTicks, syncLimitTicks } = this.options
    const limitTicks = this.state === 'adopted' || this.state === 'broadcast' ? syncLimitTicks : initLimitTicks
    if (this.silentBeats > limitTicks * 2) this.leave(`the leader has been silent for ${limitTicks} ticks`)
  }

  // Discovery.

  private leaderInfo(type: number, zxid: number): void {
    if (type !== QuorumPacketType.leaderInfo) {
      this.leave(`the leader began with ${quorumPacketName(type)} instead of its epoch`)
      return
    }
    const epoch = epochOf(zxid)
    if (epoch < this.acceptedEpoch) {
      this.leave(`the leader's epoch ${epoch} is less than ${this.acceptedEpoch}, which this server has promised to follow`)
      return
    }
    if (epoch > EPOCH_MAX) {
      this.leave(`the leader's epoch ${epoch} is larger than ${EPOCH_MAX}, the largest that this server can work with`)
      return
    }
    this.epoch = epoch
    this.state = 'operation'
    if (epoch > this.acceptedEpoch) {
      this.effects.persistAcceptedEpoch(epoch)
      this.acceptedEpoch = epoch
      this.effects.sendAckEpoch(this.options.lastZxid, this.options.currentEpoch)
    } else this.effects.sendAckEpoch(this.options.lastZxid, -1)
  }

  // Synchronisation.

  private operation(type: number, zxid: number): void {
    if (type === QuorumPacketType.diff) this.beginDiff()
    else if (type === QuorumPacketType.trunc) this.beginTruncation(zxid)
    else if (type === QuorumPacketType.snap) this.beginSnapshot(zxid)
    else this.leave(`the synchronisation began with ${quorumPacketName(type)}`, EXIT_UNEXPECTED_PACKET)
  }

  private beginDiff(): void {
    this.operationZxid = this.options.lastZxid
    this.beginSync()
  }

  private beginTruncation(zxid: number): void {
    this.operationZxid = zxid
    this.isDatabaseBroken = true
    this.waitingFor = 'truncated'
    this.effects.truncateLog(zxid)
  }

  private beginSnapshot(zxid: number): void {
    this.operationZxid = zxid
    this.isFromSnapshot = true
    this.needsSnapshot = true
    this.isDatabaseBroken = true
    this.waitingFor = 'snapshotLoaded'
    this.effects.loadSnapshot(zxid)
  }

  private beginSync(): void {
    this.state = 'syncing'
    this.lastAcknowledged = this.operationZxid
    this.lastCommitted = this.operationZxid
    this.effects.beginSync()
  }

  private syncPacket(type: number, zxid: number, bytes: Uint8Array, start: number, end: number): void {
    switch (type) {
      case QuorumPacketType.proposal:
        this.receive(zxid, bytes, start, end)
        break
      case QuorumPacketType.commit:
        this.commitInSync(zxid)
        break
      case QuorumPacketType.commitAndActivate:
        this.activateInSync(zxid, bytes, start, end)
        break
      case QuorumPacketType.inform:
        if (this.receive(zxid, bytes, start, end)) this.commitInSync(zxid)
        break
      case QuorumPacketType.informAndActivate:
        if (this.receive(zxid, bytes, start + 8, end)) this.activateInSync(zxid, bytes, start, end)
        break
      case QuorumPacketType.newLeader:
        this.newLeader(zxid, bytes, start, end)
        break
      case QuorumPacketType.upToDate:
        this.upToDate()
        break
      default:
        // A PING can come between NEWLEADER and UPTODATE, and is not answered.
        break
    }
  }

  private activateInSync(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.pending.at(this.committedCount) === zxid && this.isMajorChange(zxid, bytes, start, end)) return
    this.commitInSync(zxid)
  }

  /** Commits the oldest proposal that is not committed: in the tree at once if a snapshot will hold it, else on paper. */
  private commitInSync(zxid: number): void {
    if (this.pending.at(this.committedCount) !== zxid) {
      this.effects.report(
        `a commit of ${hexZxid(zxid)} came while ${describe(this.pending.at(this.committedCount))} was due, and is ignored`,
      )
      return
    }
    this.lastCommitted = Math.max(this.lastCommitted, zxid)
    if (!this.isFromSnapshot || this.state !== 'syncing') {
      this.committedCount++
      return
    }
    this.pending.shift()
    this.applyUnlogged(zxid)
  }

  private applyUnlogged(zxid: number): void {
    if (zxid <= this.operationZxid) this.effects.skip(zxid)
    else this.effects.apply(zxid)
  }

  private newLeader(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== 'syncing' || zxid !== epochStart(this.epoch)) {
      this.leave(`NEWLEADER ${hexZxid(zxid)} in the stage ${this.state} of epoch ${this.epoch}`)
      return
    }
    if (end - start > 1) {
      this.effects.adoptLastSeen(bytes, start, end)
      this.configVersion = versionIn(bytes, start, end)
    }
    this.state = 'adopting'
    this.logCommitted()
    if (!this.needsSnapshot) {
      this.flush()
      return
    }
    this.waitingFor = 'snapshotWritten'
    this.effects.writeSnapshot()
  }

  /** What came in as committed goes to log and tree. What is only proposed stays pending, to be logged and acknowledged after UPTODATE. */
  private logCommitted(): void {
    for (; this.committedCount > 0; this.committedCount--) {
      const zxid = this.pending.shift()
      this.effects.log(zxid)
      this.effects.apply(zxid)
      this.lastAcknowledged = zxid
    }
  }

  private flush(): void {
    this.waitingFor = 'logFlushed'
    this.effects.flushLog()
  }

  private adoptEpoch(): void {
    this.effects.persistCurrentEpoch(this.epoch)
    this.state = 'adopted'
    this.silentBeats = 0
    this.effects.sendAck(epochStart(this.epoch))
  }

  private upToDate(): void {
    if (this.state !== 'adopted') {
      this.leave(`UPTODATE came in the stage ${this.state}, before NEWLEADER was acknowledged`)
      return
    }
    if (this.isConfigDecided() && this.effects.activateLastSeen()) {
      this.leave('the configuration that came with NEWLEADER changes the role or the leader')
      return
    }
    if (this.options.isObserver && this.pending.size > this.committedCount) {
      this.leave('the synchronisation of an observer ended with proposals that are not committed')
      return
    }
    this.state = 'broadcast'
    this.effects.sendAck(epochStart(this.epoch))
    this.effects.serve()
    for (let index = 0; index < this.pending.size; index++) this.effects.log(this.pending.at(index) ?? 0)
    for (; this.committedCount > 0; this.committedCount--) this.effects.apply(this.pending.shift())
  }

  /**
   * Whether the configuration that came with NEWLEADER is agreed on. A leader of Apache's sends the last one that was proposed, even if its
   * transaction, which has its version as zxid, is still outstanding in this epoch: that one comes into force with its own commit.
   */
  private isConfigDecided(): boolean {
    const version = this.configVersion
    if (version === null) return false
    return epochOf(version) !== this.epoch || isEpochStart(version) || version <= this.lastCommitted
  }

  // Broadcast.

  private livePacket(type: number, zxid: number, bytes: Uint8Array, start: number, end: number): void {
    switch (type) {
      case QuorumPacketType.ping:
        this.effects.sendPingReply(zxid)
        break
      case QuorumPacketType.sync:
        this.effects.releaseSync()
        break
      case QuorumPacketType.revalidate:
        this.revalidated(bytes, start, end)
        break
      default:
        if (this.options.isObserver) this.inform(type, zxid, bytes, start, end)
        else this.propose(type, zxid, bytes, start, end)
        break
    }
  }

  private propose(type: number, zxid: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === QuorumPacketType.proposal) {
      if (this.receive(zxid, bytes, start, end)) this.effects.log(zxid)
    } else if (type === QuorumPacketType.commit) this.commit(zxid)
    else if (type === QuorumPacketType.commitAndActivate) this.commitAndActivate(zxid, bytes, start, end)
    else this.effects.report(`the leader sent ${quorumPacketName(type)}, which is ignored`)
  }

  private commit(zxid: number): void {
    const head = this.pending.peek()
    if (head === null) {
      this.effects.report(`a commit of ${hexZxid(zxid)} came without its proposal, and is ignored`)
      return
    }
    if (head !== zxid) {
      this.leave(`the commit of ${hexZxid(zxid)} came while ${hexZxid(head)} was due`, EXIT_COMMIT_OUT_OF_ORDER)
      return
    }
    this.pending.shift()
    this.effects.apply(zxid)
  }

  private commitAndActivate(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.pending.peek() !== zxid) {
      this.commit(zxid)
      return
    }
    const designated = readSid(bytes, start, end)
    if (designated === null) {
      this.leave('the leader activated a configuration without naming a leader')
      return
    }
    const isMajor = this.effects.activateProposed(zxid, designated)
    this.commit(zxid)
    if (isMajor) this.leave('the new configuration changes the role or the leader')
  }

  private inform(type: number, zxid: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === QuorumPacketType.inform) {
      if (!this.receive(zxid, bytes, start, end)) return
      this.effects.log(zxid)
      this.commit(zxid)
    } else if (type === QuorumPacketType.informAndActivate) {
      if (!this.receive(zxid, bytes, start + 8, end)) return
      this.effects.log(zxid)
      this.commitAndActivate(zxid, bytes, start, end)
    } else if (type !== QuorumPacketType.proposal && type !== QuorumPacketType.commit) {
      this.effects.report(`the leader sent ${quorumPacketName(type)}, which is ignored`)
    }
  }

  private revalidated(bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 9) {
      this.leave(`the leader's answer about a session has ${end - start} bytes instead of 9`)
      return
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, 9)
    this.effects.revalidated(view.getBigInt64(0), view.getUint8(8) !== 0)
  }

  /** Zxid of the newest proposal that came, or that of the synchronisation before the first. */
  get lastReceivedZxid(): number {
    return this.lastReceived ?? this.operationZxid
  }

  /** Takes in a proposal. False when it was refused, and then the role may be over. */
  private receive(zxid: number, bytes: Uint8Array, start: number, end: number): boolean {
    const problem = this.problemOf(zxid, bytes, start, end)
    if (problem !== null) {
      this.leave(problem)
      return false
    }
    this.lastReceived = zxid
    this.effects.receive(zxid, bytes, start, end)
    if (readInt(bytes, start + HEADER_TYPE_OFFSET) === Op.reconfig) this.effects.adoptProposed(zxid, bytes, start, end)
    this.pending.push(zxid)
    return true
  }

  private problemOf(zxid: number, bytes: Uint8Array, start: number, end: number): string | null {
    if (end - start < HEADER_SIZE) return `the proposal ${hexZxid(zxid)} has no whole header`
    const high = readInt(bytes, start + HEADER_ZXID_OFFSET)
    const low = readInt(bytes, start + HEADER_ZXID_OFFSET + 4) >>> 0
    if (epochStart(high) + low !== zxid)
      return `the proposal ${hexZxid(zxid)} holds the transaction ${hexZxid(epochStart(high) + low)}`
    if (isEpochStart(zxid)) return `the proposal ${hexZxid(zxid)} has the counter 0`
    const previous = this.lastReceived ?? this.operationZxid
    const isContinued = isSuccessor(previous, zxid) || (this.lastReceived === null && this.isFromSnapshot && zxid <= previous)
    return isContinued ? null : `the proposal ${hexZxid(zxid)} does not come after ${hexZxid(previous)}`
  }

  /** True when the configuration of the proposal `zxid` changes the role or the leader, or cannot be used; the role is over then. */
  private isMajorChange(zxid: number, bytes: Uint8Array, start: number, end: number): boolean {
    const designated = readSid(bytes, start, end)
    if (designated === null) this.leave('the leader activated a configuration without naming a leader')
    else if (this.effects.activateProposed(zxid, designated)) this.leave('the new configuration changes the role or the leader')
    return this.state === 'over'
  }

  // Endings.

  private endWait(wait: Wait): boolean {
    if (this.state === 'over') return false
    assert(this.waitingFor === wait, 'only what was begun is reported done')
    this.waitingFor = null
    this.silentBeats = 0
    return true
  }

  private leave(reason: string, exitStatus: number | null = null): void {
    if (this.state === 'over') return
    this.state = 'over'
    this.waitingFor = null
    this.effects.leave(reason, this.isDatabaseBroken, exitStatus)
  }
}

function readInt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}

/** The server's id at the beginning of the data, or null when there is none. */
function readSid(bytes: Uint8Array, start: number, end: number): number | null {
  return end - start < 8 ? null : readInt(bytes, start) * 4294967296 + (readInt(bytes, start + 4) >>> 0)
}

/** The version in the text of a configuration, 0 when there is none. */
function versionIn(bytes: Uint8Array, start: number, end: number): number {
  const digits = /^version\s*[=:]\s*([0-9a-fA-F]+)/m.exec(utf8Read(bytes, start, end))?.[1]
  return digits === undefined ? 0 : Number.parseInt(digits, 16)
}

function describe(zxid: number | null): string {
  return zxid === null ? 'none' : hexZxid(zxid)
}
