// A member that follows or observes: the link to the leader, what comes over it into the log and the tree, and its own clients,
// whose writes it forwards.
//
// The machine in the core decides; here its effects are carried out, and what happens is told to it. While something is
// under way that the machine waits for, the packets of the leader stay in the link.

import {
  type Identity,
  Learner,
  type LearnerEffects,
  type Member,
  type MemberAddress,
  type QuorumVerifier,
  type SyncKind,
} from '@tskeeper/core'
import {
  type ByteReader,
  type ByteWriter,
  beginDataPacket,
  endDataPacket,
  Op,
  type QuorumPacketSpan,
  QuorumPacketType,
  writeBarePacket,
} from '@tskeeper/protocol/server'
import type { SyncPath } from '../pipeline/client-service.ts'
import { LearnerPipeline, type RequestSender } from '../pipeline/learner-pipeline.ts'
import type { SessionAuthority } from '../pipeline/session-service.ts'
import type { NetworkConnection } from '../runtime/network.ts'
import type { TimerHandle } from '../runtime/runtime.ts'
import { ServingStack } from '../serving-stack.ts'
import { StartupError } from '../startup-error.ts'
import { LeaderConnection } from './leader-connection.ts'
import {
  writeAckEpoch,
  writeIntRequest,
  writeLearnerInfo,
  writeRequest,
  writeRevalidation,
  writeSyncRequest,
} from './learner-packets.ts'
import { ObserverService, type ObserverUpstream } from './observer-service.ts'
import { ProposedConfigs } from './proposed-configs.ts'
import { type LinkHost, QuorumLink } from './quorum-link.ts'
import { idByteOf, localSessionsOf, orFail, outstandingLimitOf, type Role, type RoleParts } from './role-parts.ts'
import { SnapshotReceiver } from './snapshot-stream.ts'
import { TouchedSessions } from './touched-sessions.ts'
import { unknownTypeOf } from './transaction-types.ts'

/** The process cannot go on: the history cannot be cut where the leader says. */
const EXIT_CANNOT_TRUNCATE = 13
/** The process cannot go on: what the leader proposes cannot be applied. */
const EXIT_UNKNOWN_TRANSACTION = 1
/** How often a new leader that does not listen yet is given more time; it comes to about five of the longest pauses. */
const LEADER_PAUSE_COUNT = 8

export interface LearnerRoleParts extends RoleParts {
  readonly leaderId: number
  readonly isObserver: boolean
}

/** What takes the leader's transactions and, once this server is in step, serves clients. */
interface Serving {
  readonly stack: ServingStack<LearnerPipeline>
  readonly pipeline: LearnerPipeline
  readonly touched: TouchedSessions
}

export class LearnerRole implements Role, LinkHost, LearnerEffects, RequestSender, SessionAuthority, ObserverUpstream {
  private readonly parts: LearnerRoleParts
  private readonly learner: Learner
  private connecting: LeaderConnection | null = null
  private link: QuorumLink | null = null
  private heartbeatTimer: TimerHandle | null = null
  /** An observer waits before it connects. */
  private pause: TimerHandle | null = null
  private receiver: SnapshotReceiver | null = null
  /** How this server is brought into step. */
  private syncKind: SyncKind = 'diff'
  /** A truncation is under way. */
  private isCutting = false
  private serving: Serving | null = null
  private isServing = false
  /** The configuration that came with NEWLEADER. */
  private newLeaderConfig: QuorumVerifier | null = null
  private readonly proposedConfigs: ProposedConfigs
  /** Feeds observers in the leader's place, if the configuration says so. */
  private observers: ObserverService | null = null
  /** The leader that a reconfiguration names whose transaction is applied next; null for all other transactions. */
  private designatedLeader: number | null = null
  /** Questions about sessions that are with the leader, in their order: this server's own are null. */
  private readonly questions = new Map<bigint, (((isValid: boolean) => void) | null)[]>()
  /** What this server holds was written into a snapshot when it came into step. */
  private hasSnapshot = false
  private isOver = false
  private isDatabaseBroken = false
  /** The server that this one learns from, -1 before there is one. */
  private masterId = -1
  private readonly name: string

  constructor(parts: LearnerRoleParts) {
    this.parts = parts
    this.name = parts.isObserver ? 'OBSERVING' : 'FOLLOWING'
    const { config, epochs, replica } = parts
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
    return this.parts.isObserver && this.masterId >= 0 ? String(this.masterId) : null
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
    const { config, runtime, isObserver } = this.parts
    const delayMs = isObserver ? config.quorum.observerReconnectDelayMs : 0
    if (delayMs <= 0) this.beginConnecting()
    else this.pause = runtime.timers.after(runtime.random.below(delayMs), () => this.beginConnecting())
  }

  private beginConnecting(): void {
    const { membership, leaderId } = this.parts
    const masters = this.mastersToTry()
    if (masters !== null) {
      this.tryMasters(masters)
      return
    }
    const leader = membership.committed.member(leaderId)
    if (leader === null) this.end(`server ${leaderId}, which is to lead, is not in the configuration`)
    else
      this.connect(leader, leader.addresses, LEADER_PAUSE_COUNT, (reason) =>
        this.end(`server ${leaderId} cannot be reached: ${reason}`),
      )
  }

  private connect(
    target: Member,
    addresses: readonly MemberAddress[],
    pauseCount: number,
    failed: (reason: string) => void,
  ): void {
    const { config, runtime, logger } = this.parts
    logger.info(`${this.name}: connecting to server ${target.id}`)
    const limitMs = config.tickTimeMs * (config.quorum.connectToLearnerMasterLimit || config.initLimit)
    const handler = { onData(): void {}, onDrain(): void {}, onEnd(): void {}, onClose(): void {} }
    const pauses = { longestMs: config.quorum.leaderConnectDelayMs, count: pauseCount }
    this.connecting = new LeaderConnection(runtime, addresses, limitMs, pauses, handler, (error, connection) => {
      this.connecting = null
      if (connection === null) failed(error?.message ?? 'no connection')
      else {
        this.masterId = target.id
        this.connected(connection)
      }
    })
  }

  /** Where an observer that is not to burden the leader asks, in an order that chance makes; null for all others. */
  private mastersToTry(): Member[] | null {
    const { config, isObserver, membership, runtime } = this.parts
    if (!isObserver || config.quorum.observerMasterPort === null) return null
    const masters: Member[] = []
    for (const id of membership.committed.voters) {
      const member = membership.committed.member(id)
      if (member !== null) masters.splice(runtime.random.below(masters.length + 1), 0, member)
    }
    return masters
  }

  private tryMasters(masters: readonly Member[]): void {
    const [next, ...others] = masters
    const port = this.parts.config.quorum.observerMasterPort
    if (next === undefined || port === null) {
      this.end('no server feeds observers')
      return
    }
    const addresses = next.addresses.map((address) => ({ ...address, quorumPort: port }))
    this.connect(next, addresses, 0, () => this.tryMasters(others))
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
    if (!this.isOver) this.closeAll()
  }

  private closeAll(): void {
    const { front } = this.parts
    this.isOver = true
    this.parts.onEnding()
    this.pause?.cancel()
    this.connecting?.cancel()
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
    orFail(this.parts, () => this.parts.epochs.accept(epoch), undefined)
  }

  persistCurrentEpoch(epoch: number): void {
    orFail(this.parts, () => this.parts.epochs.adopt(epoch), undefined)
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
    const { config, runtime, logger, metrics, front, replica } = this.parts
    const { database } = replica
    this.parts.membership.writeConfigNode()
    const { authentication, listener } = front
    const stack: ServingStack<LearnerPipeline> = new ServingStack({
      config,
      runtime,
      logger,
      metrics,
      authentication,
      database,
      serverId: idByteOf(this.parts.serverId),
      authority: this,
      syncsOf: (pipeline): SyncPath => pipeline,
      local: localSessionsOf(this.parts),
      isReadOnly: false,
      outstandingLimit: outstandingLimitOf(this.parts),
      words: front,
      onEnding: (connection) => listener.ended(connection),
      onClosed: (connection) => listener.closed(connection),
      makeWrites: (commits) =>
        new LearnerPipeline({
          database,
          commits,
          log: replica.log,
          window: replica.window,
          sender: this,
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
    this.newLeaderConfig = orFail(this.parts, () => this.proposedConfigs.keepText(bytes, start, end), null)
  }

  adoptProposed(zxid: number, bytes: Uint8Array, start: number, end: number): void {
    orFail(this.parts, () => this.proposedConfigs.keepTransaction(zxid, bytes, start, end), undefined)
  }

  activateProposed(zxid: number, designatedLeader: number): boolean {
    const config = this.proposedConfigs.take(zxid)
    this.designatedLeader = designatedLeader
    if (config === null) return false
    return orFail(this.parts, () => this.parts.membership.activate(config, designatedLeader, zxid), true)
  }

  activateLastSeen(): boolean {
    // Not what is last seen by now: a reconfiguration may have been proposed since.
    const config = this.newLeaderConfig
    if (config === null) return false
    return orFail(this.parts, () => this.parts.membership.activate(config, null, config.version), true)
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
      this.observers = new ObserverService(this.parts, this, this.learner.leaderEpoch, port)
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
    const asking = this.questions.get(sessionId)
    const answered = asking?.shift() ?? null
    if (asking?.length === 0) this.questions.delete(sessionId)
    if (answered !== null) {
      answered(isValid)
      return
    }
    this.serving?.stack.sessions.revalidated(sessionId, isValid)
    // An observer has asked since.
    if (this.observers?.holds(sessionId) === true) this.movedAway(sessionId)
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

  // --- RequestSender ---------------------------------------------------------------------------

  sendRequest(
    sessionId: bigint,
    xid: number,
    op: number,
    input: ByteReader | null,
    identities: readonly Identity[] | null,
  ): void {
    if (this.link === null || !this.link.isOpen) return
    writeRequest(this.link.out, sessionId, xid, op, input, identities)
    this.link.flushLater()
  }

  sendCreateSession(sessionId: bigint, timeoutMs: number): void {
    if (this.link === null || !this.link.isOpen) return
    writeIntRequest(this.link.out, sessionId, Op.createSession, timeoutMs)
    this.link.flushLater()
  }

  sendSync(sessionId: bigint): void {
    if (this.link === null || !this.link.isOpen) return
    writeSyncRequest(this.link.out, sessionId)
    this.link.flushLater()
  }

  // --- SessionAuthority ------------------------------------------------------------------------

  revalidate(sessionId: bigint, timeoutMs: number): void {
    if (this.link === null || !this.link.isOpen) return
    this.observers?.takenUpHere(sessionId)
    this.expectAnswer(sessionId, null)
    writeRevalidation(this.link.out, sessionId, timeoutMs)
    // A leader of Apache's answers while requests of the session, which came over its old server, are not committed yet.
    this.serving?.pipeline.awaitOlderRequests(sessionId)
    this.link.flushLater()
  }

  private expectAnswer(sessionId: bigint, answered: ((isValid: boolean) => void) | null): void {
    const asking = this.questions.get(sessionId)
    if (asking === undefined) this.questions.set(sessionId, [answered])
    else asking.push(answered)
  }

  leftBehind(sessionId: bigint, timeoutMs: number): void {
    this.serving?.touched.leftBehind(sessionId, timeoutMs)
  }

  // --- ObserverUpstream ------------------------------------------------------------------------

  forward(packet: Uint8Array): void {
    this.link?.out.writeBytes(packet)
    this.link?.flushLater()
  }

  awaitSync(released: () => void): void {
    this.serving?.pipeline.awaitSync(released)
  }

  awaitRevalidation(sessionId: bigint, answered: (isValid: boolean) => void): void {
    this.expectAnswer(sessionId, answered)
  }

  touched(sessionId: bigint, timeoutMs: number): void {
    this.leftBehind(sessionId, timeoutMs)
  }

  movedAway(sessionId: bigint): void {
    if (this.serving === null) return
    const { stack, touched } = this.serving
    touched.movedAway(sessionId)
    const session = stack.tracker.get(sessionId)
    const connection = session?.attachment ?? null
    if (session === null || connection === null) return
    session.attachment = null
    // It is no end of the session, of which the leader would be told how long it may be silent.
    connection.session = null
    connection.destroy()
    if (!session.isClosing) stack.tracker.remove(sessionId)
  }
}
