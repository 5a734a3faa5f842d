// A member that leads: its learners' links, the way of writes through all logs, and its own clients.
//
// The machine in the core decides; here its effects are carried out, and what happens is told to it. No input of the machine is
// called from inside one of its effects; what would is put off to the end of the turn.

import { Leader, type LeaderEffects, LeaderReconfigAuthority, type Preparer, type QuorumVerifier } from '@tskeeper/core'
import { type QuorumPacketSpan, QuorumPacketType } from '@tskeeper/protocol/server'
import type { LeaderReadings } from '../metrics/metric-readings.ts'
import { ContainerReaper } from '../pipeline/container-reaper.ts'
import { LeaderPipeline } from '../pipeline/leader-pipeline.ts'
import type { WriteBatch } from '../pipeline/write-batch.ts'
import type { Listener, NetworkConnection } from '../runtime/network.ts'
import type { TimerHandle } from '../runtime/runtime.ts'
import { ServingStack } from '../serving-stack.ts'
import { LearnerBroadcast } from './learner-broadcast.ts'
import { LearnerRequests } from './learner-requests.ts'
import { writeLeaderInfo, writeNewLeader, writePing, writeSyncAnswer, writeUpToDate } from './master-packets.ts'
import { type LinkHost, QuorumLink } from './quorum-link.ts'
import { idByteOf, localSessionsOf, orFail, outstandingLimitOf, type Role, type RoleParts, stackPartsOf } from './role-parts.ts'
import { beginSynchronisation } from './sync-sender.ts'

/**
 * A heartbeat that comes after more than so many of its intervals is late. That is a tick and a half, and no session lasts less than two
 * unless the configuration says so: whatever is shorter leaves the learners time to report.
 */
const LATE_BEATS = 3

/** What the leader's shell keeps for each link. */
interface LinkFacts {
  isObserver: boolean
  /** The highest ACK of the run of them in hand, -1 for none. */
  ackedZxid: number
}

/** What serves once a quorum follows. */
interface Serving {
  readonly stack: ServingStack<LeaderPipeline>
  readonly pipeline: LeaderPipeline
  readonly broadcast: LearnerBroadcast
  readonly requests: LearnerRequests
  readonly reaper: ContainerReaper
}

export class LeaderRole implements Role, LinkHost, LeaderEffects<QuorumLink> {
  private readonly parts: RoleParts
  private readonly leader: Leader<QuorumLink>
  private readonly links = new Map<QuorumLink, LinkFacts>()
  private readonly listeners: Listener[] = []
  private heartbeatTimer: TimerHandle | null = null
  private serving: Serving | null = null
  private isOver = false
  /** Monotonic milliseconds from which this server waits for a quorum, and leads. */
  private waitingSinceMs = 0
  private leadingSinceMs = 0
  /** Monotonic milliseconds of the last heartbeat, and of the end of the last time in which this server did not get to run. */
  private lastBeatMs = 0
  private heldUpUntilMs = Number.NEGATIVE_INFINITY

  constructor(parts: RoleParts) {
    this.parts = parts
    const { config, membership, epochs, replica } = parts
    this.leader = new Leader<QuorumLink>(
      {
        sid: parts.serverId,
        acceptedEpoch: epochs.accepted,
        currentEpoch: epochs.current,
        lastZxid: replica.database.lastZxid,
        committed: membership.committed,
        lastSeen: membership.lastSeen,
        isReconfigEnabled: config.reconfigEnabled,
        tickTimeMs: config.tickTimeMs,
        initLimitTicks: config.initLimit,
        syncLimitTicks: config.syncLimit,
        snapshotSyncsMax: config.quorum.snapshotSyncsMax,
        diffSyncsMax: config.quorum.diffSyncsMax,
      },
      this,
    )
  }

  // --- Role ------------------------------------------------------------------------------------

  readonly observerMasterId = null

  get progress(): string {
    const { phase } = this.leader
    if (phase === 'leading') return 'broadcast'
    return phase === 'newLeader' ? 'synchronization' : 'discovery'
  }

  get leaderReadings(): LeaderReadings | null {
    if (this.serving === null) return null
    const { committed, forwarding, observing } = this.leader
    let syncedFollowerCount = 0
    for (const link of forwarding) {
      const sid = this.leader.sidOf(link)
      if (sid !== null && committed.voters.has(sid)) syncedFollowerCount++
    }
    let observerCount = 0
    for (const facts of this.links.values()) if (facts.isObserver) observerCount++
    return {
      uptimeMs: this.parts.runtime.clock.monotonicMs() - this.leadingSinceMs,
      learnerCount: this.links.size,
      observerCount,
      syncedFollowerCount,
      syncedNonVotingFollowerCount: forwarding.length - syncedFollowerCount,
      syncedObserverCount: observing.length,
      pendingSyncCount: this.leader.pendingSyncCount,
    }
  }

  expireSession(sessionId: bigint, done: () => void): boolean {
    return this.serving?.stack.sessions.expireEarly(sessionId, done) ?? false
  }

  start(): void {
    const { config, membership, serverId, logger } = this.parts
    const addresses = membership.committed.member(serverId)?.addresses ?? []
    if (addresses.length === 0) {
      this.end('the configuration does not name this server')
      return
    }
    logger.info(`LEADING: waiting for learners on ${addresses.map((a) => `${a.host}:${a.quorumPort}`).join(', ')}`)
    let waiting = addresses.length
    let boundCount = 0
    for (const { host, quorumPort } of addresses) {
      const listener = this.parts.runtime.network.listen(
        { host: config.quorum.listensOnAllAddresses ? '' : host, port: quorumPort, backlog: -1, keepAlive: false },
        (connection) => this.accept(connection),
        (error) => {
          waiting--
          if (error === null) boundCount++
          else logger.error(`Cannot listen for learners on ${host}:${quorumPort}`, { error })
          if (waiting > 0 || this.isOver) return
          if (boundCount === 0) this.end('no address for learners can be bound')
          else this.begin()
        },
      )
      this.listeners.push(listener)
    }
  }

  private begin(): void {
    this.lastBeatMs = this.parts.runtime.clock.monotonicMs()
    this.waitingSinceMs = this.lastBeatMs
    this.scheduleHeartbeat()
    this.leader.start()
  }

  /** Whoever looks for another leader will hardly come: the election begins anew without waiting for all of `initLimit`. */
  voterLooks(serverId: number): void {
    const { config, runtime } = this.parts
    const waitedMs = runtime.clock.monotonicMs() - this.waitingSinceMs
    const isWaiting = this.leader.phase === 'epoch' && this.waitingSinceMs > 0
    if (!isWaiting || config.quorum.epochWaitMs < 0 || waitedMs < config.quorum.epochWaitMs) return
    this.end(`server ${serverId} looks for another leader, and no quorum has come in ${Math.round(waitedMs)} ms`)
  }

  private scheduleHeartbeat(): void {
    this.heartbeatTimer = this.parts.runtime.timers.after(this.leader.heartbeatMs, () => {
      this.scheduleHeartbeat()
      this.heldUpUntilMs = this.lastHoldUpMs()
      this.lastBeatMs = this.parts.runtime.clock.monotonicMs()
      this.leader.heartbeat()
    })
  }

  /** Monotonic milliseconds at which this server last did not get to run in time: now, if its heartbeat is overdue. */
  private lastHoldUpMs(): number {
    const nowMs = this.parts.runtime.clock.monotonicMs()
    return nowMs - this.lastBeatMs > this.leader.heartbeatMs * LATE_BEATS ? nowMs : this.heldUpUntilMs
  }

  private accept(connection: NetworkConnection): void {
    if (this.isOver) {
      connection.destroy()
      return
    }
    const { config, runtime } = this.parts
    const link = new QuorumLink(connection, this, runtime.timers, config.juteMaxBuffer + config.juteMaxBufferExtraSize)
    this.links.set(link, { isObserver: false, ackedZxid: -1 })
    this.leader.linkOpened(link)
  }

  end(reason: string): void {
    if (this.isOver) return
    this.parts.logger.warn(`LEADING is over: ${reason}`)
    this.closeAll()
    const { serving } = this
    if (serving === null) this.parts.onEnded()
    else serving.pipeline.stop(() => this.parts.onEnded())
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
    this.heartbeatTimer?.cancel()
    for (const listener of this.listeners) listener.close(() => {})
    if (this.serving !== null) {
      const { stack, reaper } = this.serving
      front.stopServing()
      stack.clients.stop()
      stack.sessions.stop()
      reaper.stop()
      front.closeConnections()
    }
    for (const link of this.links.keys()) link.close()
    this.links.clear()
  }

  // --- LinkHost --------------------------------------------------------------------------------

  linkPacket(link: QuorumLink, packet: QuorumPacketSpan, bytes: Uint8Array, view: DataView): void {
    const facts = this.links.get(link)
    if (facts === undefined) return
    const { type, zxid, dataStart, dataLength } = packet
    if (type === QuorumPacketType.ack && this.leader.isInBroadcast(link)) {
      // Of a run of them the highest says it all. It need not be the last: followers of Apache's send what they owe of their
      // synchronisation when they come to it.
      facts.ackedZxid = Math.max(facts.ackedZxid, zxid)
      return
    }
    if (type === QuorumPacketType.observerInfo) facts.isObserver = true
    this.deliverAck(link, facts)
    const isForShell = this.leader.packet(link, type, zxid, bytes, dataStart, dataStart + Math.max(dataLength, 0))
    if (isForShell && link.isOpen) this.serving?.requests.serve(link, packet, bytes, view)
  }

  linkChunkDone(link: QuorumLink): void {
    const facts = this.links.get(link)
    if (facts !== undefined) this.deliverAck(link, facts)
  }

  private deliverAck(link: QuorumLink, facts: LinkFacts): void {
    const zxid = facts.ackedZxid
    if (zxid < 0) return
    facts.ackedZxid = -1
    this.leader.packet(link, QuorumPacketType.ack, zxid, NO_BYTES, 0, 0)
  }

  linkRaw(): number {
    return 0
  }

  linkClosed(link: QuorumLink, reason: string): void {
    this.parts.logger.warn(`The link to server ${this.leader.sidOf(link) ?? link.name} is gone: ${reason}`)
    this.links.delete(link)
    this.leader.linkClosed(link)
  }

  // --- LeaderEffects ---------------------------------------------------------------------------

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

  adoptLastSeen(config: QuorumVerifier): void {
    this.keep(() => this.parts.membership.keepProposed(config), undefined)
  }

  sendLeaderInfo(link: QuorumLink, zxid: number): void {
    writeLeaderInfo(link.out, zxid)
    link.flushLater()
  }

  synchronise(link: QuorumLink, learnerZxid: number): void {
    if (this.isOver) return
    const isObserver = this.links.get(link)?.isObserver === true
    beginSynchronisation(this.parts, this.leader, link, learnerZxid, !isObserver)
  }

  sendNewLeader(link: QuorumLink, zxid: number, config: QuorumVerifier): void {
    writeNewLeader(link.out, zxid, config)
    link.flushLater()
  }

  sendUpToDate(link: QuorumLink): void {
    writeUpToDate(link.out)
    link.flushLater()
  }

  sendPing(link: QuorumLink, zxid: number): void {
    writePing(link.out, zxid)
    link.flush()
  }

  activate(config: QuorumVerifier, designatedLeader: number): void {
    this.keep(() => this.parts.membership.activate(config, designatedLeader, config.version), false)
  }

  established(zxid: number): void {
    if (this.isOver) return
    const { config, replica, front, runtime, logger } = this.parts
    const { database } = replica
    database.lastZxid = zxid
    this.leadingSinceMs = runtime.clock.monotonicMs()
    const preparer = replica.newPreparer(
      front.authentication,
      config.reconfigEnabled ? new LeaderReconfigAuthority(this.reconfigState(), this.reconfigRules()) : undefined,
    )
    const stack = this.makeStack(preparer)
    this.serving = {
      stack,
      pipeline: stack.writes,
      broadcast: this.makeBroadcast(stack.writes, zxid),
      requests: new LearnerRequests({
        leader: this.leader,
        pipeline: stack.writes,
        tracker: stack.tracker,
        clock: runtime.clock,
        lastPrepared: () => preparer.lastZxid,
        onTouched: () => stack.sessions.reschedule(),
      }),
      reaper: this.makeReaper(stack.writes),
    }
    this.parts.onSynchronised(this.leader.epoch, false)
    stack.adoptSessions(database, runtime.clock.monotonicMs())
    // A PING goes out at once after a pause; within a tick its answers tell of the sessions that were heard of meanwhile.
    stack.sessions.expiresFromMs = () => this.lastHoldUpMs() + config.tickTimeMs
    stack.sessions.start()
    this.serving.reaper.start()
    if (config.quorum.leaderServes) front.serve(stack, 'serving')
    logger.info(`LEADING in epoch ${this.leader.epoch}, last zxid 0x${zxid.toString(16)}`)
  }

  private makeStack(preparer: Preparer): ServingStack<LeaderPipeline> {
    const { config, replica, runtime, metrics } = this.parts
    const { database } = replica
    const stack: ServingStack<LeaderPipeline> = new ServingStack({
      ...stackPartsOf(this.parts),
      authority: null,
      syncsOf: null,
      local: localSessionsOf(this.parts),
      isReadOnly: false,
      outstandingLimit: outstandingLimitOf(this.parts),
      makeWrites: (commits) =>
        new LeaderPipeline({
          database,
          preparer,
          commits,
          log: replica.log,
          window: replica.window,
          tracker: () => stack.tracker,
          clock: runtime.clock,
          timers: runtime.timers,
          metrics,
          onProposed: (batch) => this.propose(batch),
          mayBeLocalElsewhere: (sessionId) =>
            config.quorum.areLocalSessionsEnabled &&
            BigInt.asUintN(64, sessionId) >> 56n !== BigInt(idByteOf(this.parts.serverId)),
          onSessionTracked: () => stack.sessions.reschedule(),
          onSynced: (synced) => this.leader.selfSynced(synced),
          onExhausted: () => this.leader.counterExhausted(),
          onAppended: () => replica.snapshots.appended(),
          onCommitting: (nowMs) => stack.clients.committing(nowMs),
          onCommitted: () => stack.clients.committed(),
          onFailure: (error) => this.parts.onFailure(error),
        }),
    })
    return stack
  }

  private reconfigState(): ConstructorParameters<typeof LeaderReconfigAuthority>[0] {
    const { leader } = this
    return {
      get committed(): QuorumVerifier {
        return leader.committed
      },
      get lastSeen(): QuorumVerifier {
        return leader.lastSeen
      },
      isQuorumSynced: (next) => next.containsQuorum(leader.syncedSids()),
    }
  }

  private reconfigRules(): ConstructorParameters<typeof LeaderReconfigAuthority>[1] {
    return {
      isStandaloneEnabled: this.parts.config.standaloneEnabled,
      isMultiAddressEnabled: this.parts.config.quorum.isMultiAddressEnabled,
    }
  }

  private makeBroadcast(writes: LeaderPipeline, lastCommitted: number): LearnerBroadcast {
    const { replica, metrics } = this.parts
    const { leader } = this
    const parts = { audience: leader, window: replica.window, metrics, isProposalDue: () => writes.isFlushDue }
    return new LearnerBroadcast(parts, lastCommitted)
  }

  private makeReaper(writes: LeaderPipeline): ContainerReaper {
    const { config, replica, runtime, logger } = this.parts
    return new ContainerReaper({
      database: replica.database,
      writes,
      clock: runtime.clock,
      timers: runtime.timers,
      logger,
      checkIntervalMs: config.containerCheckIntervalMs,
      maxPerMinute: config.containerMaxPerMinute,
      neverUsedIntervalMs: config.containerMaxNeverUsedIntervalMs,
    })
  }

  /** Sends the batch to the learners. Not an effect: the pipeline does it at the end of the turn. */
  private propose(batch: WriteBatch): void {
    const { leader } = this
    if (batch.config === null) leader.proposed(batch.lastZxid)
    else leader.reconfigProposed(batch.lastZxid, batch.config)
    this.serving?.broadcast.propose(batch)
  }

  commit(zxid: number): void {
    this.serving?.broadcast.commit(zxid)
    this.serving?.pipeline.commit(zxid)
  }

  commitReconfig(zxid: number, config: QuorumVerifier, designatedLeader: number): void {
    this.keep(() => this.parts.membership.activate(config, designatedLeader, zxid), false)
    this.serving?.broadcast.commitReconfig(zxid, designatedLeader)
    this.serving?.pipeline.commit(zxid)
  }

  answerSync(link: QuorumLink): void {
    writeSyncAnswer(link.out)
    link.flushLater()
  }

  report(text: string): void {
    this.parts.logger.warn(text)
  }

  closeLink(link: QuorumLink, reason: string): void {
    this.parts.logger.warn(`Closing the link to ${link.name}: ${reason}`)
    this.links.delete(link)
    link.close()
  }

  resign(reason: string): void {
    // Not from inside the machine: what the end brings about may speak to it again.
    this.parts.runtime.timers.soon(() => this.end(reason))
  }
}

const NO_BYTES = new Uint8Array(0)
