import {
  ByteReader,
  DecodeError,
  EPOCH_ALREADY_ACKED,
  QuorumPacketType,
  quorumPacketName,
  readLearnerInfoData,
} from '@tskeeper/protocol/server'
import { assert } from '../lib/assert.ts'
import { Ring } from '../lib/ring.ts'
import { QuorumTracker, verifiersInForce } from '../membership/quorum-tracker.ts'
import { makeQuorumVerifier, type QuorumVerifier } from '../membership/quorum-verifier.ts'
import { CommitTracker } from './commit-tracker.ts'
import { designateLeader } from './designated-leader.ts'
import type { LeaderEffects, LeaderOptions } from './leader-effects.ts'
import { LearnerState } from './learner-state.ts'
import type { SyncKind } from './learner-sync.ts'
import { SyncSlots } from './sync-slots.ts'
import { COUNTER_EXHAUSTED, counterOf, EPOCH_MAX, epochOf, epochStart, hexZxid, isEpochStart } from './zxid.ts'

/**
 * Where a leader stands: it waits for a quorum that tells its epochs, for one that promises to follow, for one that has
 * its history; then it leads, until it is over.
 */
export type LeaderPhase = 'epoch' | 'promises' | 'newLeader' | 'leading' | 'over'

interface PendingSync<Link extends object> {
  readonly link: Link
  readonly zxid: number
}

/**
 * The leader of one epoch, from winning the election to losing the quorum. It decides; the shell moves the bytes.
 *
 * `Link` is whatever the shell has for a connection with a learner; the leader only tells links apart. Time is counted in
 * heartbeats of half a tick, so that a process that was paused does not take the pause for its learners' silence.
 */
export class Leader<Link extends object> {
  private readonly options: LeaderOptions
  private readonly effects: LeaderEffects<Link>
  private readonly learners = new Map<Link, LearnerState>()
  private readonly slots: SyncSlots
  private readonly pendingSyncs = new Ring<PendingSync<Link>>()
  private forwardingLinks: Link[] = []
  private observingLinks: Link[] = []
  private committedConfig: QuorumVerifier
  private lastSeenConfig: QuorumVerifier
  private state: LeaderPhase = 'epoch'
  /** Largest epoch that anyone has told so far, plus one; once decided, the epoch. */
  private proposedEpoch = -1
  /** Voters that have told their epochs, those that have promised, those that have acknowledged NEWLEADER: one after the other. */
  private quorum: QuorumTracker
  /** Heartbeats since the present quorum is awaited. */
  private phaseBeats = 0
  private tick = 0
  private isHalfTick = false
  private isAllowedToCommit = true
  private tracker: CommitTracker | null = null
  private anonymousSid = 0

  constructor(options: LeaderOptions, effects: LeaderEffects<Link>) {
    this.options = options
    this.effects = effects
    this.committedConfig = options.committed
    this.lastSeenConfig = options.lastSeen
    this.quorum = this.newQuorum()
    this.slots = new SyncSlots(options.snapshotSyncsMax, options.diffSyncsMax)
  }

  // What the shell may look at.

  get phase(): LeaderPhase {
    return this.state
  }

  /** The epoch once it is decided, -1 before. */
  get epoch(): number {
    return this.state === 'epoch' ? -1 : this.proposedEpoch
  }

  /** Voters and other followers that get PROPOSAL and COMMIT. */
  get forwarding(): readonly Link[] {
    return this.forwardingLinks
  }

  /** Observers that get INFORM. */
  get observing(): readonly Link[] {
    return this.observingLinks
  }

  get committed(): QuorumVerifier {
    return this.committedConfig
  }

  get lastSeen(): QuorumVerifier {
    return this.lastSeenConfig
  }

  get lastCommitted(): number {
    return this.tracker?.lastCommitted ?? -1
  }

  get lastProposed(): number {
    return this.tracker?.lastProposed ?? -1
  }

  /** SYNC requests that wait for commits. */
  get pendingSyncCount(): number {
    return this.pendingSyncs.size
  }

  /** Every how many milliseconds the shell calls `heartbeat`. */
  get heartbeatMs(): number {
    return this.options.tickTimeMs / 2
  }

  /** The server at the other end, null while that is not known. */
  sidOf(link: Link): number | null {
    return this.learners.get(link)?.sid ?? null
  }

  /** True for a link over which live traffic runs both ways. */
  isInBroadcast(link: Link): boolean {
    return this.learners.get(link)?.phase === 'broadcast'
  }

  /** This server and the learners that are alive: a reconfiguration needs a quorum of them. */
  syncedSids(): Set<number> {
    const sids = new Set([this.options.sid])
    for (const learner of this.learners.values()) {
      if (learner.sid !== null && this.tick <= learner.deadlineTick) sids.add(learner.sid)
    }
    return sids
  }

  // Inputs.

  /** The quorum port is bound; the database is loaded and its snapshot written. */
  start(): void {
    this.considerEpoch(this.options.sid, this.options.acceptedEpoch)
  }

  /** A learner has connected. */
  linkOpened(link: Link): void {
    if (this.state === 'over') return
    this.learners.set(link, new LearnerState(this.tick + this.options.initLimitTicks + this.options.syncLimitTicks))
  }

  /** The connection is gone. Its server's acknowledgements stay: they are about its disk. */
  linkClosed(link: Link): void {
    this.forget(link)
  }

  /**
   * A packet; its data is `bytes[start, end)`, empty for none. Of a run of ACKs the last one is enough. Returns true for a
   * REQUEST, REVALIDATE or PING that the shell is to carry out.
   */
  packet(link: Link, type: number, zxid: number, bytes: Uint8Array, start: number, end: number): boolean {
    const learner = this.learners.get(link)
    if (learner === undefined) return false
    learner.silentBeats = 0
    if (learner.phase === 'broadcast') return this.livePacket(learner, type, zxid)
    try {
      this.handshakePacket(link, learner, type, zxid, bytes, start, end)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.close(link, `its ${quorumPacketName(type)} cannot be read: ${error.message}`)
    }
    return false
  }

  /** A synchronisation of this kind is about to be sent. False: there are too many, and the link has been closed. */
  beginSync(link: Link, kind: SyncKind): boolean {
    const learner = this.learners.get(link)
    if (learner === undefined) return false
    assert(learner.phase === 'syncing', 'a synchronisation begins when the leader asks for it')
    this.releaseSlot(learner)
    if (!this.slots.take(kind, !learner.isObserver)) {
      this.close(link, `${this.slots.limit(kind)} learners are being synchronised already: the observer is to try again`)
      return false
    }
    learner.slot = kind
    return true
  }

  /** Bytes of a synchronisation have left, so that its length is no silence. */
  progressed(link: Link): void {
    const learner = this.learners.get(link)
    if (learner !== undefined) learner.silentBeats = 0
  }

  /** What the learner lacks is queued or, for a snapshot, about to be: live packets are queued behind it from now on. */
  handedOver(link: Link): void {
    const learner = this.learners.get(link)
    if (learner === undefined) return
    assert(learner.phase === 'syncing', 'a learner is handed over once, after its synchronisation was planned')
    learner.phase = 'filling'
    if (learner.isObserver) this.observingLinks.push(link)
    else this.forwardingLinks.push(link)
  }

  /** The last byte of what the learner lacks is queued. What was committed while a snapshot was sent is in front of NEWLEADER. */
  syncQueued(link: Link): void {
    const learner = this.learners.get(link)
    if (learner === undefined) return
    assert(learner.phase === 'filling', 'NEWLEADER comes once, after the hand-over')
    learner.phase = 'newLeader'
    learner.silentBeats = 0
    // Before the quorum for NEWLEADER the last proposed configuration is what that quorum decides about. Afterwards it may be one whose
    // transaction is still outstanding; who comes late gets that as a proposal, and must not take it for decided.
    const config = this.state === 'leading' ? this.committedConfig : this.lastSeenConfig
    this.effects.sendNewLeader(link, epochStart(this.proposedEpoch), config)
  }

  /** The transactions up to `lastZxid` are proposed. To be called before their packets leave; none is a reconfiguration. */
  proposed(lastZxid: number): void {
    if (this.state === 'over') return
    const tracker = this.proposing(lastZxid)
    tracker.proposed(lastZxid)
    this.watchForwarded(lastZxid)
  }

  /** The reconfiguration `zxid` to `config` is proposed, by itself. To be called before its packets leave. */
  reconfigProposed(zxid: number, config: QuorumVerifier): void {
    if (this.state === 'over') return
    const tracker = this.proposing(zxid)
    this.lastSeenConfig = config
    this.effects.adoptLastSeen(config)
    tracker.reconfigProposed(zxid, this.committedConfig, config)
    this.watchForwarded(zxid)
  }

  /** This server's own log is synced up to `zxid`. */
  selfSynced(zxid: number): void {
    if (this.state === 'leading') this.acknowledge(this.options.sid, zxid)
  }

  /** A learner's SYNC request, behind the proposal `zxid`: answered when that is committed. */
  syncRequested(link: Link, zxid: number): void {
    if (this.state !== 'leading') return
    if (zxid <= this.lastCommitted) this.effects.answerSync(link)
    else this.pendingSyncs.push({ link, zxid })
  }

  /** The next zxid would have the counter 0xffffffff: the epoch is used up, and what waits for a zxid is refused. */
  counterExhausted(): void {
    this.resign('the counter of this epoch is used up: a new epoch begins')
  }

  /** Half a tick has passed. */
  heartbeat(): void {
    if (this.state === 'over') return
    for (const [link, learner] of this.learners) this.beatLearner(link, learner)
    if (this.state === 'leading') this.beatQuorum()
    else this.beatPhase()
  }

  // Discovery.

  private handshakePacket(
    link: Link,
    learner: LearnerState,
    type: number,
    zxid: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (learner.phase === 'greeting') this.greeting(link, learner, type, zxid, readerOf(bytes, start, end))
    else if (learner.phase === 'epochAck' && type === QuorumPacketType.ackEpoch)
      this.promised(link, learner, readerOf(bytes, start, end).readInt(), zxid)
    else if (learner.phase === 'newLeader' && type === QuorumPacketType.ack) this.newLeaderAcknowledged(link, learner, zxid)
    else if (learner.phase === 'starting' && type === QuorumPacketType.ack) this.acknowledgedBy(learner, zxid)
    else this.close(link, `it sent ${quorumPacketName(type)} in the phase ${learner.phase}`)
  }

  private greeting(link: Link, learner: LearnerState, type: number, zxid: number, data: ByteReader): void {
    const isObserver = type === QuorumPacketType.observerInfo
    if (!isObserver && type !== QuorumPacketType.followerInfo) {
      this.close(link, `its first packet is ${quorumPacketName(type)}, which is neither followerInfo nor observerInfo`)
      return
    }
    const info = readLearnerInfoData(data)
    if (info.configVersion > this.committedConfig.version) {
      this.close(
        link,
        `it knows a newer configuration, ${hexZxid(info.configVersion)}, than ${hexZxid(this.committedConfig.version)}`,
      )
      return
    }
    const sid = info.serverId ?? --this.anonymousSid
    if (sid === this.options.sid) {
      // Its acknowledgements would pass for those of this server's own log.
      this.close(link, `it has the id of this server, ${sid}: the file myid of one of the two is wrong`)
      return
    }
    this.closeOlderLinkOf(sid, link)
    learner.sid = sid
    learner.isObserver = isObserver
    learner.phase = 'epoch'
    if (this.state === 'epoch') this.considerEpoch(sid, epochOf(zxid))
    else if (this.isBound(sid, epochOf(zxid))) {
      this.resign(
        `server ${sid} has promised epoch ${epochOf(zxid)} and cannot follow in epoch ${this.proposedEpoch}: a later one begins`,
      )
    } else this.tellEpoch(link, learner)
  }

  /**
   * A voter may have promised a later epoch to a leader that got no further, and would be refused here for as long as this epoch lasts. That
   * cannot happen again and again: nobody promises an epoch for which no quorum was in touch.
   */
  private isBound(sid: number, acceptedEpoch: number): boolean {
    return acceptedEpoch > this.proposedEpoch && this.committedConfig.voters.has(sid)
  }

  /** A server that connects again has given up its older connection, even if that is not noticed here yet. */
  private closeOlderLinkOf(sid: number, link: Link): void {
    for (const [other, learner] of this.learners) {
      if (learner.sid === sid && other !== link) this.close(other, `server ${sid} has connected again`)
    }
  }

  private considerEpoch(sid: number, acceptedEpoch: number): void {
    this.proposedEpoch = Math.max(this.proposedEpoch, acceptedEpoch + 1)
    this.quorum.addAck(sid)
    if (this.quorum.acks.has(this.options.sid) && this.quorum.hasAllQuorums()) this.decideEpoch()
  }

  private decideEpoch(): void {
    const epoch = this.proposedEpoch
    if (epoch > EPOCH_MAX) {
      this.resign(`epoch ${epoch} is larger than ${EPOCH_MAX}, the largest that this server can work with`)
      return
    }
    this.effects.persistAcceptedEpoch(epoch)
    if (this.options.isReconfigEnabled && this.committedConfig.version === 0 && this.lastSeenConfig.version === 0) {
      this.lastSeenConfig = withVersion(this.committedConfig, epochStart(epoch))
      this.effects.adoptLastSeen(this.lastSeenConfig)
    }
    this.enter('promises')
    for (const [link, learner] of this.learners) if (learner.phase === 'epoch') this.tellEpoch(link, learner)
    this.countPromise(this.options.sid)
  }

  private tellEpoch(link: Link, learner: LearnerState): void {
    learner.phase = 'epochAck'
    learner.silentBeats = 0
    this.effects.sendLeaderInfo(link, epochStart(this.proposedEpoch))
  }

  private promised(link: Link, learner: LearnerState, currentEpoch: number, lastZxid: number): void {
    learner.lastZxid = lastZxid
    if (this.state !== 'promises') {
      this.beginSynchronisation(link, learner)
      return
    }
    learner.phase = 'quorum'
    if (currentEpoch === EPOCH_ALREADY_ACKED) return
    if (this.isAhead(learner.sid, currentEpoch, lastZxid)) {
      this.close(link, `it is ahead of this leader: epoch ${currentEpoch}, last zxid ${hexZxid(lastZxid)}`)
      return
    }
    if (lastZxid !== -1 && learner.sid !== null) this.countPromise(learner.sid)
  }

  /**
   * A server that votes and is ahead may hold the only copy that this leader's quorum has of what was committed. One that will vote only when a
   * configuration in flight is in force cannot, unless it followed a later leader: what is committed without the old quorum is
   * proposed to it after that configuration was in force there, and it would have been refused for knowing that.
   */
  private isAhead(sid: number | null, currentEpoch: number, lastZxid: number): boolean {
    const { options } = this
    if (currentEpoch !== options.currentEpoch) return currentEpoch > options.currentEpoch
    return lastZxid > options.lastZxid && sid !== null && this.committedConfig.voters.has(sid)
  }

  private countPromise(sid: number): void {
    this.quorum.addAck(sid)
    if (!this.quorum.acks.has(this.options.sid) || !this.quorum.hasAllQuorums()) return
    this.effects.persistCurrentEpoch(this.proposedEpoch)
    this.enter('newLeader')
    for (const [link, learner] of this.learners) if (learner.phase === 'quorum') this.beginSynchronisation(link, learner)
    this.countNewLeader(this.options.sid)
  }

  private enter(state: LeaderPhase): void {
    this.state = state
    this.quorum = this.newQuorum()
    this.phaseBeats = 0
  }

  /**
   * Every phase needs the quorum of a proposed configuration too, not only the last one. The servers of that configuration may have put it in
   * force already, without this server, and lead themselves: were epoch and promises a matter of the old ones alone, both could
   * lead in the same epoch.
   */
  private newQuorum(): QuorumTracker {
    return new QuorumTracker(verifiersInForce(this.committedConfig, this.lastSeenConfig))
  }

  // Synchronisation.

  private beginSynchronisation(link: Link, learner: LearnerState): void {
    learner.phase = 'syncing'
    learner.silentBeats = 0
    // What it acknowledged on an earlier connection may be cut from its log now, and counts when it is acknowledged again.
    if (learner.sid !== null) this.tracker?.retract(learner.sid)
    this.effects.synchronise(link, learner.lastZxid)
  }

  private newLeaderAcknowledged(link: Link, learner: LearnerState, zxid: number): void {
    if (zxid !== epochStart(this.proposedEpoch)) {
      this.acknowledgedBy(learner, zxid)
      return
    }
    this.releaseSlot(learner)
    learner.phase = 'starting'
    if (!learner.isObserver && this.lastProposed > this.lastCommitted) learner.sent(this.lastProposed)
    if (this.state === 'leading') this.startLearner(link, learner)
    else if (learner.sid !== null) this.countNewLeader(learner.sid)
  }

  private countNewLeader(sid: number): void {
    this.quorum.addAck(sid)
    if (this.state === 'newLeader' && this.quorum.hasAllQuorums()) this.establish()
  }

  private establish(): void {
    const zxid = epochStart(this.proposedEpoch)
    const next = this.lastSeenConfig
    if (this.options.isReconfigEnabled && next.version > this.committedConfig.version) {
      const { acks } = this.quorum
      const designated = designateLeader(this.options.sid, this.committedConfig, next, 0, (sid) => (acks.has(sid) ? 0 : -1))
      this.committedConfig = next
      this.isAllowedToCommit = designated === this.options.sid
      this.effects.activate(next, designated)
    }
    this.tracker = new CommitTracker(zxid, this.committedConfig)
    this.state = 'leading'
    this.effects.established(zxid)
    for (const [link, learner] of this.learners) if (learner.phase === 'starting') this.startLearner(link, learner)
  }

  private startLearner(link: Link, learner: LearnerState): void {
    learner.phase = 'broadcast'
    learner.silentBeats = 0
    learner.deadlineTick = this.tick + this.options.syncLimitTicks
    this.effects.sendUpToDate(link)
  }

  private releaseSlot(learner: LearnerState): void {
    if (learner.slot !== null) this.slots.release(learner.slot)
    learner.slot = null
  }

  // Broadcast.

  private livePacket(learner: LearnerState, type: number, zxid: number): boolean {
    learner.deadlineTick = this.tick + this.options.syncLimitTicks
    if (type === QuorumPacketType.ack) {
      this.liveAck(learner, zxid)
      return false
    }
    const isForShell = type === QuorumPacketType.request || type === QuorumPacketType.revalidate || type === QuorumPacketType.ping
    if (!isForShell) this.effects.report(`server ${learner.sid} sent ${quorumPacketName(type)}, which is ignored`)
    return isForShell
  }

  private liveAck(learner: LearnerState, zxid: number): void {
    if (zxid > this.lastProposed)
      this.effects.report(`server ${learner.sid} acknowledged ${hexZxid(zxid)}, which was never proposed`)
    else this.acknowledgedBy(learner, zxid)
  }

  /** An ACK of a transaction. Those of the beginning of the epoch, and of what is committed long since, say nothing. */
  private acknowledgedBy(learner: LearnerState, zxid: number): void {
    learner.acknowledged(zxid)
    if (learner.isObserver || learner.sid === null || isEpochStart(zxid)) return
    this.acknowledge(learner.sid, zxid)
  }

  private acknowledge(sid: number, zxid: number): void {
    const { tracker } = this
    if (tracker === null || !tracker.ack(sid, zxid)) return
    this.commitWhatCan(tracker)
  }

  /**
   * Commits run by run. A run ends where a SYNC waits, which is answered before the next one begins: the client may have sent a write
   * behind its sync, and gets the replies in the order of its requests only if the commit of that write comes behind the answer.
   */
  private commitWhatCan(tracker: CommitTracker): void {
    while (this.isAllowedToCommit && this.state === 'leading') {
      const nextSync = this.pendingSyncs.peek()?.zxid ?? Number.POSITIVE_INFINITY
      const zxid = Math.min(tracker.committable(), nextSync)
      if (zxid === tracker.lastCommitted) return
      const reconfig = tracker.nextReconfig()
      tracker.commit(zxid)
      if (reconfig === null) this.effects.commit(zxid)
      else this.commitReconfig(tracker, zxid, reconfig)
      this.answerSyncs()
    }
  }

  private commitReconfig(tracker: CommitTracker, zxid: number, next: QuorumVerifier): void {
    const designated = designateLeader(this.options.sid, this.committedConfig, next, zxid, (sid) => tracker.ackedBy(sid))
    this.committedConfig = next
    this.isAllowedToCommit = designated === this.options.sid
    tracker.activated(next)
    this.effects.commitReconfig(zxid, next, designated)
  }

  private answerSyncs(): void {
    for (let next = this.pendingSyncs.peek(); next !== null; next = this.pendingSyncs.peek()) {
      if (next.zxid > this.lastCommitted) return
      this.pendingSyncs.shift()
      if (this.learners.has(next.link)) this.effects.answerSync(next.link)
    }
  }

  private proposing(lastZxid: number): CommitTracker {
    const { tracker } = this
    assert(tracker !== null, 'a leader proposes only after a quorum has acknowledged NEWLEADER')
    assert(epochOf(lastZxid) === this.proposedEpoch, 'a leader proposes in its own epoch')
    assert(counterOf(lastZxid) < COUNTER_EXHAUSTED, 'no transaction has the counter 0xffffffff')
    return tracker
  }

  private watchForwarded(zxid: number): void {
    for (const link of this.forwardingLinks) {
      const learner = this.learners.get(link)
      if (learner?.phase === 'broadcast') learner.sent(zxid)
    }
  }

  // Liveness.

  private beatLearner(link: Link, learner: LearnerState): void {
    learner.beat()
    if (learner.owesPackets && learner.silentBeats > this.silenceLimitBeats(learner)) {
      this.close(link, `it has been silent for ${(learner.silentBeats * this.heartbeatMs).toFixed(0)} ms`)
    } else if (learner.phase === 'broadcast' && learner.proposalAgeBeats > this.options.syncLimitTicks * 2) {
      this.close(link, `a proposal has been waiting for its acknowledgement for more than ${this.options.syncLimitTicks} ticks`)
    } else if (learner.isPinged && this.state === 'leading') this.effects.sendPing(link, this.lastProposed)
  }

  private silenceLimitBeats(learner: LearnerState): number {
    return (learner.phase === 'broadcast' ? this.options.syncLimitTicks : this.options.initLimitTicks) * 2
  }

  private beatPhase(): void {
    this.phaseBeats++
    if (this.phaseBeats <= this.options.initLimitTicks * 2) return
    this.resign(
      `no quorum in the phase ${this.state} within ${this.options.initLimitTicks} ticks: ${[...this.quorum.acks].join(', ')}`,
    )
  }

  private beatQuorum(): void {
    this.isHalfTick = !this.isHalfTick
    if (this.isHalfTick) return
    this.tick++
    const synced = this.syncedSids()
    const verifiers = verifiersInForce(this.committedConfig, this.lastSeenConfig)
    if (verifiers.every((verifier) => verifier.containsQuorum(synced))) return
    this.resign(`only ${[...synced].join(', ')} are in touch with this leader, which is no quorum`)
  }

  // Endings.

  private close(link: Link, reason: string): void {
    if (!this.learners.has(link)) return
    this.forget(link)
    this.effects.closeLink(link, reason)
  }

  private forget(link: Link): void {
    const learner = this.learners.get(link)
    if (learner === undefined) return
    this.releaseSlot(learner)
    this.learners.delete(link)
    this.forwardingLinks = this.forwardingLinks.filter((other) => other !== link)
    this.observingLinks = this.observingLinks.filter((other) => other !== link)
  }

  private resign(reason: string): void {
    if (this.state === 'over') return
    this.state = 'over'
    this.learners.clear()
    this.forwardingLinks = []
    this.observingLinks = []
    this.pendingSyncs.clear()
    this.effects.resign(reason)
  }
}

function readerOf(bytes: Uint8Array, start: number, end: number): ByteReader {
  const reader = new ByteReader(bytes)
  reader.position = start
  reader.end = Math.max(start, end)
  return reader
}

function withVersion(config: QuorumVerifier, version: number): QuorumVerifier {
  return makeQuorumVerifier({ ...config.membership, version })
}
