// A member that follows or observes: the link to the leader, what comes over it into the log and the tree, and its own clients,
// whose writes it forwards.
//
// The machine in the core decides; here its effects are carried out, and what happens is told to it. While something is
// under way that the machine waits for, the packets of the leader stay in the link.

import { Learner, type LearnerEffects, type QuorumVerifier, type SyncKind } from '@tskeeper/core'
import {
  type ByteWriter,
  beginDataPacket,
  endDataPacket,
  type QuorumPacketSpan,
  QuorumPacketType,
  writeBarePacket,
} from '@tskeeper/protocol/server'
import type { SyncPath } from '../pipeline/client-service.ts'
import { LearnerPipeline } from '../pipeline/learner-pipeline.ts'
import type { NetworkConnection } from '../runtime/network.ts'
import type { TimerHandle } from '../runtime/runtime.ts'
import { ServingStack } from '../serving-stack.ts'
import { StartupError } from '../startup-error.ts'
import { LeaderUpstream, type LearnerServing, type UpstreamLearner } from './leader-upstream.ts'
import { writeAckEpoch, writeLearnerInfo } from './learner-packets.ts'
import { MasterSearch, type MasterSearchParts } from './master-search.ts'
import { ObserverService } from './observer-service.ts'
import { ProposedConfigs } from './proposed-configs.ts'
import { type LinkHost, QuorumLink } from './quorum-link.ts'
import { localSessionsOf, orFail, outstandingLimitOf, type Role, stackPartsOf } from './role-parts.ts'
import { SnapshotReceiver } from './snapshot-stream.ts'
import { TouchedSessions } from './touched-sessions.ts'
import { unknownTypeOf } from './transaction-types.ts'

/** The process cannot go on: the history cannot be cut where the leader says. */
const EXIT_CANNOT_TRUNCATE = 13
/** The process cannot go on: what the leader proposes cannot be applied. */
const EXIT_UNKNOWN_TRANSACTION = 1

export class LearnerRole implements Role, LinkHost, LearnerEffects, UpstreamLearner {
  private readonly parts: MasterSearchParts
  private readonly learner: Learner
  private readonly search: MasterSearch
  /** To the leader, or to the server that feeds this one; null before it stands. */
  link: QuorumLink | null = null
  private heartbeatTimer: TimerHandle | null = null
  private receiver: SnapshotReceiver | null = null
  /** How this server is brought into step. */
  private syncKind: SyncKind = 'diff'
  /** A truncation is under way. */
  private isCutting = false
  /** From the beginning of the synchronisation on. */
  serving: LearnerServing | null = null
  private isServing = false
  /** The configuration that came with NEWLEADER. */
  private newLeaderConfig: QuorumVerifier | null = null
  private readonly proposedConfigs: ProposedConfigs
  /** Feeds observers in the leader's place, if the configuration says so. */
  observers: ObserverService | null = null
  /** The leader that a reconfiguration names whose transaction is applied next; null for all other transactions. */
  private designatedLeader: number | null = null
  private readonly upstream: LeaderUpstream
  /** What this server holds was written into a snapshot when it came into step. */
  private hasSnapshot = false
  private isOver = false
  private isDatabaseBroken = false
  private readonly name: string

  constructor(parts: MasterSearchParts) {
    this.parts = parts
    this.name = parts.isObserver ? 'OBSERVING' : 'FOLLOWING'
    const { config, epochs, replica } = parts
    this.upstream = new LeaderUpstream(this)
    this.search = new MasterSearch(parts, this.name, {
      found: (connection) => this.connected(connection),
      failed: (reason) => this.end(reason),
    })
    this.proposedConfigs = new ProposedConfigs(parts.membership, config.quorum.isMultiAddressEnabled)
    this.learner = new Learner(
      {
        isObserver: parts.isObserver,
        acceptedEpoch: epochs.accepted,
        currentEpoch: epochs.current,
        lastZxid: replica.database.lastZxid,
        isFirstSnapshotNeeded: !replica.hasSnapshot(),
        tickTimeMs: config.tickTimeMs,
        initLimitTicks: config.initLimit,
        syncLimitTicks: config.syncLimit,
      },
      this,
    )
  }

  // --- Role ------------------------------------------------------------------------------------

  readonly leaderReadings = null

  get observerMasterId(): string | null {
    const { masterId } = this.search
    return this.parts.isObserver && masterId >= 0 ? String(masterId) : null
  }

  get progress(): string {
    const { stage } = this.learner
    if (stage === 'broadcast') return 'broadcast'
    return stage === 'discovery' || stage === 'operation' ? 'discovery' : `synchronization - ${this.syncKind}`
  }

  voterLooks(): void {}

  expireSession(): boolean {
    return false
  }

  start(): void {
    this.search.start()
  }

  private connected(connection: NetworkConnection): void {
    const { config, runtime } = this.parts
    this.link = new QuorumLink(connection, this, runtime.timers, config.juteMaxBuffer + config.juteMaxBufferExtraSize)
    this.scheduleHeartbeat()
    this.learner.start()
    this.link.flush()
  }

  private scheduleHeartbeat(): void {
    this.heartbeatTimer = this.parts.runtime.timers.after(this.learner.heartbeatMs, () => {
      this.scheduleHeartbeat()
      this.learner.heartbeat()
      this.observers?.heartbeat()
    })
  }

  end(reason: string): void {
    if (this.isOver) return
    this.parts.logger.warn(`${this.name} is over: ${reason}`)
    this.closeAll()
    // What a cut has begun must come to its end first; it ends the role then.
    if (!this.isCutting) this.finish()
  }

  /** Brings database and log into the state that a restart would find, and tells that the role is over. */
  private finish(): void {
    // As long as a snapshot comes in, the tree from before is whole.
    const isBroken = (this.isDatabaseBroken && this.receiver === null) || this.isToVoteFromMemory()
    const { serving } = this
    if (serving === null) this.reloadIf(isBroken)
    else serving.pipeline.stop(isBroken, () => this.reloadIf(isBroken))
  }

  /** An observer that keeps no log votes from now on: what it votes with, and goes on from, must be on its disk. */
  private isToVoteFromMemory(): boolean {
    const { config, isObserver, membership, serverId } = this.parts
    return isObserver && !config.quorum.isObserverLogging && !membership.committed.observers.has(serverId)
  }

  private reloadIf(isBroken: boolean): void {
    const { replica, onEnded, onFailure } = this.parts
    if (!isBroken) {
      onEnded()
      return
    }
    replica.reload().then(
      () => {
        replica.dropOrphanedEphemerals()
        onEnded()
      },
      (error: unknown) => onFailure(error instanceof Error ? error : new Error(String(error))),
    )
  }

  abandon(): void {
    if (this.isOver) return
    this.serving?.pipeline.abandon()
    this.closeAll()
  }

  private closeAll(): void {
    const { front } = this.parts
    this.isOver = true
    this.parts.onEnding()
    this.search.cancel()
    this.heartbeatTimer?.cancel()
    this.serving?.stack.clients.stop()
    this.serving?.stack.sessions.stop()
    if (this.isServing) {
      front.stopServing()
      front.closeConnections()
    }
    this.observers?.stop()
    this.link?.close()
  }

  // --- LinkHost --------------------------------------------------------------------------------

  linkPacket(_link: QuorumLink, packet: QuorumPacketSpan, bytes: Uint8Array): void {
    const { type, zxid, dataStart, dataLength } = packet
    this.learner.packet(type, zxid, bytes, dataStart, dataStart + Math.max(dataLength, 0))
  }

  linkChunkDone(): void {
    if (this.isOver || this.serving === null) return
    this.serving.pipeline.chunkDone()
    this.serving.stack.clients.committed()
  }

  linkRaw(link: QuorumLink, bytes: Uint8Array, start: number, end: number): number {
    const { receiver } = this
    if (receiver === null) return 0
    this.learner.progressed()
    const used = receiver.receive(bytes, start, end)
    if (used < 0) return used
    // It was written while transactions were applied, which are still to come: until they are, no digest can agree.
    receiver.database.compareDigestsFrom(Number.POSITIVE_INFINITY)
    orFail(this.parts, () => this.parts.replica.replaceDatabase(receiver.database), undefined)
    this.receiver = null
    // The snapshot is in memory only.
    this.isDatabaseBroken = true
    this.parts.logger.info(`Took the leader's snapshot of 0x${receiver.database.lastZxid.toString(16)}`)
    this.learner.snapshotLoaded()
    link.flush()
    return used
  }

  linkClosed(_link: QuorumLink, reason: string): void {
    this.parts.logger.warn(`The link to the leader is gone: ${reason}`)
    this.learner.linkClosed()
  }

  // --- LearnerEffects: the beginning -----------------------------------------------------------

  sendLearnerInfo(zxid: number): void {
    const { isObserver, serverId, membership } = this.parts
    writeLearnerInfo(this.out(), isObserver, zxid, serverId, membership.committed.version)
    this.link?.flushLater()
  }

  private out(): ByteWriter {
    if (this.link === null) throw new Error('a learner sends over its link')
    return this.link.out
  }

  persistAcceptedEpoch(epoch: number): void {
    this.keep(() => this.parts.epochs.accept(epoch), undefined)
  }

  persistCurrentEpoch(epoch: number): void {
    this.keep(() => this.parts.epochs.adopt(epoch), undefined)
  }

  /**
   * What the machine wants to have on the disk. A role that is over keeps nothing: the machine goes on to the end of its input, and what it
   * wants then rests on what the disk has refused.
   */
  private keep<T>(action: () => T, otherwise: T): T {
    return this.isOver ? otherwise : orFail(this.parts, action, otherwise)
  }

  sendAckEpoch(lastZxid: number, epoch: number): void {
    writeAckEpoch(this.out(), lastZxid, epoch)
    this.link?.flushLater()
  }

  sendAck(zxid: number): void {
    writeBarePacket(this.out(), QuorumPacketType.ack, zxid)
    this.link?.flushLater()
  }

  acknowledge(afterZxid: number, lastZxid: number): void {
    const out = this.out()
    this.serving?.pipeline.takeLogged(afterZxid, lastZxid, (zxid) => writeBarePacket(out, QuorumPacketType.ack, zxid))
    this.link?.flush()
  }

  // --- LearnerEffects: what takes time ---------------------------------------------------------

  loadSnapshot(zxid: number): void {
    const { database, target } = this.parts.replica.newDatabaseToRestore()
    this.receiver = new SnapshotReceiver(database, target, zxid)
    this.syncKind = 'snap'
    this.link?.readRaw()
  }

  truncateLog(zxid: number): void {
    this.link?.hold()
    this.isCutting = true
    this.syncKind = 'trunc'
    this.parts.replica.truncate(zxid).then(
      (isCut) => this.cut(zxid, isCut),
      (error: unknown) => this.parts.onFailure(error instanceof Error ? error : new Error(String(error))),
    )
  }

  private cut(zxid: number, isCut: boolean): void {
    this.isCutting = false
    if (!isCut) {
      const message = `the leader asks to cut the history behind 0x${zxid.toString(16)}, which cannot be done with the files that are here: move the data directory away and let the server fetch its data from the leader`
      this.parts.onFailure(new StartupError(message, EXIT_CANNOT_TRUNCATE))
      return
    }
    this.parts.replica.dropOrphanedEphemerals()
    if (this.isOver) this.finish()
    else {
      this.learner.truncated()
      this.link?.release()
    }
  }

  writeSnapshot(): void {
    const { replica } = this.parts
    this.link?.hold()
    replica.snapshots.writeNow((zxid) => {
      // Also when the role is over: the snapshot is there now, and must not be mixed with what was before it.
      if (this.syncKind === 'snap') orFail(this.parts, () => replica.forgetOlderHistory(zxid), undefined)
      if (this.isOver) return
      this.hasSnapshot = true
      this.isDatabaseBroken = false
      this.learner.snapshotWritten()
      this.releaseUnlessWaiting()
    })
  }

  flushLog(): void {
    this.link?.hold()
    this.serving?.pipeline.flushLog(() => {
      if (this.isOver) return
      this.learner.logFlushed()
      this.releaseUnlessWaiting()
    })
  }

  private releaseUnlessWaiting(): void {
    if (this.isOver || this.learner.isWaiting) return
    this.link?.flush()
    this.link?.release()
  }

  // --- LearnerEffects: synchronisation and broadcast -------------------------------------------

  beginSync(): void {
    const { config, runtime, metrics, replica } = this.parts
    const { database } = replica
    this.parts.membership.writeConfigNode()
    const stack: ServingStack<LearnerPipeline> = new ServingStack({
      ...stackPartsOf(this.parts),
      authority: this.upstream,
      syncsOf: (pipeline): SyncPath => pipeline,
      local: localSessionsOf(this.parts),
      isReadOnly: false,
      outstandingLimit: outstandingLimitOf(this.parts),
      makeWrites: (commits) =>
        new LearnerPipeline({
          database,
          commits,
          log: replica.log,
          window: replica.window,
          sender: this.upstream,
          clock: runtime.clock,
          metrics,
          isAcknowledging: !this.parts.isObserver,
          isLogging: !this.parts.isObserver || config.quorum.isObserverLogging,
          onSynced: (zxid) => this.learner.logged(zxid),
          onAppended: () => replica.snapshots.appended(),
          onFailure: (error) => this.parts.onFailure(error),
        }),
    })
    this.serving = { stack, pipeline: stack.writes, touched: new TouchedSessions(stack.tracker) }
  }

  adoptLastSeen(bytes: Uint8Array, start: number, end: number): void {
    this.newLeaderConfig = this.keep(() => this.proposedConfigs.keepText(bytes, start, end), null)
  }

  adoptProposed(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    this.keep(() => this.proposedConfigs.keepTransaction(zxid, bytes, start, end), undefined)
  }

  activateProposed(zxid: number, designatedLeader: number): boolean {
    const config = this.proposedConfigs.take(zxid)
    this.designatedLeader = designatedLeader
    if (config === null) return false
    return this.keep(() => this.parts.membership.activate(config, designatedLeader, zxid), true)
  }

  activateLastSeen(): boolean {
    // Not what is last seen by now: a reconfiguration may have been proposed since.
    const config = this.newLeaderConfig
    if (config === null) return false
    return this.keep(() => this.parts.membership.activate(config, null, config.version), true)
  }

  receive(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    const unknownType = unknownTypeOf(bytes, start, end)
    if (unknownType === null) this.serving?.pipeline.receive(zxid, bytes, start, end)
    else this.refuse(zxid, unknownType)
  }

  /** What cannot be applied must not be in the log: no start could read it, and acknowledged it would count as kept. */
  private refuse(zxid: number, unknownType: number): void {
    const message = `the leader proposes a transaction, 0x${zxid.toString(16)}, of the type ${unknownType}, which this release does not know. It was not logged. Is the leader of a newer release? Then bring this server to that one, or let a server of this release lead`
    this.parts.onFailure(new StartupError(message, EXIT_UNKNOWN_TRANSACTION))
  }

  log(): void {
    this.serving?.pipeline.logNext()
  }

  apply(zxid: number): void {
    // What came with a transaction that was refused.
    if (this.isOver) return
    const nowMs = this.parts.runtime.clock.monotonicMs()
    this.serving?.stack.clients.committing(nowMs)
    this.informObservers(zxid)
    this.serving?.pipeline.apply(zxid, nowMs)
  }

  private informObservers(zxid: number): void {
    const { observers, designatedLeader } = this
    this.designatedLeader = null
    if (observers === null) return
    this.serving?.pipeline.peek(zxid, (bytes, _view, start, end) => observers.inform(zxid, designatedLeader, bytes, start, end))
  }

  skip(zxid: number): void {
    this.serving?.pipeline.skip(zxid)
  }

  serve(): void {
    const { front, logger, replica } = this.parts
    if (this.serving === null) return
    this.isServing = true
    // What was applied while the snapshot was on its way was sent before the leader said that all is up to date.
    if (this.syncKind === 'snap') replica.database.compareDigestsFrom(this.learner.lastReceivedZxid + 1)
    this.parts.onSynchronised(this.learner.leaderEpoch, this.hasSnapshot)
    front.serve(this.serving.stack, 'serving')
    const port = this.parts.config.quorum.observerMasterPort
    if (port !== null && !this.parts.isObserver) {
      this.observers = new ObserverService(this.parts, this.upstream, this.learner.leaderEpoch, port)
    }
    logger.info(`${this.name} in epoch ${this.learner.leaderEpoch}, last zxid 0x${replica.database.lastZxid.toString(16)}`)
  }

  sendPingReply(zxid: number): void {
    const out = this.out()
    const start = beginDataPacket(out, QuorumPacketType.ping, zxid)
    this.serving?.touched.write(out, this.parts.runtime.clock.monotonicMs())
    endDataPacket(out, start)
  }

  releaseSync(): void {
    if (this.serving?.pipeline.releaseSync() === false) this.report('the leader answered a sync that nobody waits for')
  }

  revalidated(sessionId: bigint, isValid: boolean): void {
    this.upstream.revalidated(sessionId, isValid)
  }

  report(text: string): void {
    this.parts.logger.warn(text)
  }

  leave(reason: string, isDatabaseBroken: boolean, exitStatus: number | null): void {
    this.isDatabaseBroken = isDatabaseBroken
    if (exitStatus !== null) {
      this.parts.onFailure(new StartupError(reason, exitStatus))
      return
    }
    // Not from inside the machine or the link: what the end brings about may speak to them again.
    this.parts.runtime.timers.soon(() => this.end(reason))
  }
}
