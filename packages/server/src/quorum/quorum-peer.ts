// A member of an ensemble: it looks for a leader, plays the part that the election gives it, and looks again when that is over.
//
//     start -> looking -> leading | following | observing -> looking -> ...
//
// The data stay when a role ends: before the next election they are what a restart would find, so that a vote says the truth.

import {
  assert,
  type CurrentVote,
  type Database,
  type ElectionConfiguration,
  type Membership,
  makeQuorumVerifier,
  type ReconfigOutcome,
} from '@tskeeper/core'
import { PeerState } from '@tskeeper/protocol/server'
import type { ServerMode } from '../admin/server-view.ts'
import { DynamicConfigFiles } from '../config/dynamic-config-files.ts'
import { ownMember } from '../config/own-member.ts'
import type { ServerConfig } from '../config/server-config.ts'
import { ServerMetrics } from '../metrics/server-metrics.ts'
import type { RoleView } from '../pipeline/live-view.ts'
import { Replica } from '../replica.ts'
import type { RunningServer, StartOptions } from '../running-server.ts'
import type { TimerHandle } from '../runtime/runtime.ts'
import { ServerFront } from '../server-front.ts'
import { ACCEPTED_EPOCH_FILE, CURRENT_EPOCH_FILE, type Epochs, loadEpochs, writeEpochFile } from '../storage/epoch-files.ts'
import type { Recovery } from '../storage/recovery.ts'
import { ElectionService } from './election-service.ts'
import { type ConfigurationFiles, EnsembleMembership } from './ensemble-membership.ts'
import { LeaderRole } from './leader-role.ts'
import { LearnerRole } from './learner-role.ts'
import { ReadOnlyService } from './read-only-service.ts'
import { orFail, type Role, type RoleEpochs, type RoleParts } from './role-parts.ts'

/** The last zxid of a server that must not be counted, since it may have lost data that it acknowledged. */
const UNTRUSTED_ZXID = -1
/** A search that takes longer than this, and than a tick, is in vain for now. */
const READ_ONLY_DELAY_MS = 2000
/** The first pause before a leader is looked for again; the next ones are each twice as long, up to those between attempts to connect. */
const FIRST_JOIN_PAUSE_MS = 5

export async function startQuorumPeer(config: ServerConfig, options: StartOptions): Promise<RunningServer> {
  const metrics = new ServerMetrics()
  const onFailure = (error: Error): void => peer?.fail(error)
  const { replica, recovery } = await Replica.open({ config, ...options, metrics, onFailure })
  if (recovery.isSnapshotNeeded) replica.snapshots.writeFirst()
  replica.dropOrphanedEphemerals()
  const peer: QuorumPeer = new QuorumPeer(config, options, metrics, replica, recovery)
  try {
    await peer.start()
  } catch (error) {
    await peer.stop()
    throw error
  }
  return peer
}

class QuorumPeer implements RunningServer, RoleEpochs {
  readonly closed: Promise<Error | null>
  private readonly config: ServerConfig
  private readonly options: StartOptions
  private readonly metrics: ServerMetrics
  private readonly replica: Replica
  private readonly front: ServerFront
  private readonly membership: EnsembleMembership
  private readonly serverId: number
  /** False until a leader has filled a database that was lost. */
  private isTrusted: boolean
  /** The log that was replayed at the start need not be replayed again. */
  private isSnapshotDue: boolean
  private epochs: Epochs
  private readonly election: ElectionService
  private role: Role | null = null
  private roleState: PeerState = PeerState.looking
  /** The leader of the last election, or the one that a reconfiguration named. */
  private leaderId: number | null = null
  /** Roles under a leader, one after the other, that ended before they served; that in hand is one until it serves. */
  private joinsInVain = 0
  /** After the role in hand follows the one that a reconfiguration gives, without an election. */
  private skipsElection = false
  /** The members are others: the election begins anew as soon as nobody is inside of it. */
  private isElectionRestartDue = false
  /** What this server waits for before it looks, or before it serves readers. */
  private pause: TimerHandle | null = null
  private readOnly: ReadOnlyService | null = null
  private stopping: Promise<void> | null = null
  /** No role and no election begins any more. */
  private isStopping = false
  private settleStopped: () => void = () => {}
  private settleClosed: (error: Error | null) => void = () => {}

  constructor(
    config: ServerConfig,
    options: StartOptions,
    metrics: ServerMetrics,
    replica: Replica,
    recovery: Recovery<Database>,
  ) {
    this.config = config
    this.options = options
    this.metrics = metrics
    this.replica = replica
    this.isTrusted = recovery.lastZxid >= 0
    this.isSnapshotDue = recovery.replayedCount > 0
    this.closed = new Promise((resolve) => {
      this.settleClosed = resolve
    })
    const { runtime, logger } = options
    const member = ownMember(config)
    this.serverId = member.id
    this.epochs = loadEpochs(runtime.disk, replica.directories.snapshotDirectory, replica.database.lastZxid)
    const committed = makeQuorumVerifier(config.membership ?? { members: new Map(), hierarchy: null, version: 0 })
    const lastSeen = config.lastSeenMembership === null ? committed : makeQuorumVerifier(config.lastSeenMembership)
    this.membership = new EnsembleMembership(committed, lastSeen, member.role, {
      serverId: this.serverId,
      isReconfigEnabled: config.reconfigEnabled,
      replica,
      clock: runtime.clock,
      currentLeader: () => this.leaderId,
      onChanged: (outcome) => this.configurationChanged(outcome),
      onProposed: () => this.election.configure(this.configuration()),
      files: configurationFiles(config, options, this.serverId),
    })
    this.front = new ServerFront({ config, runtime, logger, metrics, replica })
    this.front.view.role = this.roleView()
    this.election = this.makeElection()
  }

  get clientPort(): number {
    return this.front.clientPort
  }

  get mode(): ServerMode | null {
    const { view } = this.front
    // A leader that serves no clients of its own leads all the same.
    const isLeadingOnly = !this.config.quorum.leaderServes && view.leader !== null
    return view.servingState === 'not serving' && !isLeadingOnly ? null : view.mode
  }

  expireSession(sessionId: bigint, done: () => void): boolean {
    return this.role?.expireSession(sessionId, done) ?? false
  }

  async start(): Promise<void> {
    this.membership.writeConfigNode()
    await this.front.listen()
    this.front.startMeasuring()
    this.replica.snapshots.startPurging()
    this.options.logger.info(
      `Server ${this.serverId} of ${this.membership.committed.membership.members.size}, clients on port ${this.clientPort}, last zxid 0x${this.replica.database.lastZxid.toString(16)}`,
    )
    this.look()
  }

  // --- looking ---------------------------------------------------------------------------------

  private makeElection(): ElectionService {
    const { runtime, logger } = this.options
    const { quorum, tickTimeMs, syncLimit } = this.config
    return new ElectionService(
      this.serverId,
      this.configuration(),
      { lastZxid: this.votedZxid(), currentEpoch: this.epochs.currentEpoch },
      {
        connectTimeoutMs: quorum.electionConnectTimeoutMs,
        handshakeTimeoutMs: quorum.electionHandshakeTimeoutMs > 0 ? quorum.electionHandshakeTimeoutMs : tickTimeMs * syncLimit,
        minIntervalMs: quorum.notificationIntervalMinMs,
        maxIntervalMs: quorum.notificationIntervalMaxMs,
        bindAttemptsMax: quorum.electionBindAttemptsMax,
        keepAlive: quorum.isPeerKeepAliveOn,
        listensOnAllAddresses: quorum.listensOnAllAddresses,
        isMultiAddressEnabled: quorum.isMultiAddressEnabled,
        reachabilityTimeoutMs: quorum.reachabilityCheckTimeoutMs,
      },
      runtime,
      logger,
      {
        // Not from inside of the election: a role may end at once, and look again.
        decided: (state, vote) => runtime.timers.soon(() => this.begin(state, vote)),
        adoptConfiguration: (membership) => this.adoptConfiguration(membership),
        // Not from inside of the election: the role may end.
        supporterLooking: (serverId) => runtime.timers.soon(() => this.role?.voterLooks(serverId)),
        failed: (error) => this.fail(error),
      },
    )
  }

  /** The configurations as the election is to see them now. */
  private configuration(): ElectionConfiguration {
    const { role, committed, lastSeen } = this.membership
    return { role, committed, lastSeen }
  }

  private votedZxid(): number {
    return this.isTrusted ? this.replica.database.lastZxid : UNTRUSTED_ZXID
  }

  private look(): void {
    if (this.isStopping) return
    this.options.logger.info('LOOKING')
    this.roleState = PeerState.looking
    this.front.view.role = this.roleView()
    this.election.lookForLeader(this.votedZxid(), this.epochs.currentEpoch)
    if (this.config.isReadOnlyModeEnabled && this.isTrusted) this.awaitReadOnly()
  }

  /** Whoever can do with reading is served when the search takes long. */
  private awaitReadOnly(): void {
    if (this.readOnly !== null) return
    this.pause?.cancel()
    const delayMs = Math.max(READ_ONLY_DELAY_MS, this.config.tickTimeMs)
    this.pause = this.options.runtime.timers.after(delayMs, () => {
      this.readOnly = new ReadOnlyService(this.roleParts())
      this.front.view.role = { ...this.roleView(), mode: 'read-only', isLearner: false }
    })
  }

  private endReadOnly(): void {
    this.pause?.cancel()
    this.readOnly?.stop()
    this.readOnly = null
  }

  /** A peer told of a newer configuration while this server looks for a leader. */
  private adoptConfiguration(membership: Membership): boolean {
    if (!this.config.reconfigEnabled) return false
    const config = makeQuorumVerifier(membership)
    if (!orFail({ onFailure: (error) => this.fail(error) }, () => this.membership.adopt(config), false)) return false
    this.election.restart(this.configuration())
    // As long as a role comes to its end nobody knows what this server can vote with: its end begins the search.
    if (this.role === null) this.lookAfter(0)
    return true
  }

  // --- roles -----------------------------------------------------------------------------------

  private begin(state: PeerState, vote: CurrentVote): void {
    if (this.isStopping) return
    this.endReadOnly()
    this.leaderId = vote.leader
    this.roleState = state
    this.skipsElection = false
    const parts = this.roleParts()
    const isObserver = state === PeerState.observing
    const role = orFail(
      parts,
      () =>
        state === PeerState.leading ? new LeaderRole(parts) : new LearnerRole({ ...parts, leaderId: vote.leader, isObserver }),
      null,
    )
    if (role === null) return
    // Until it serves.
    this.joinsInVain = state === PeerState.leading ? 0 : this.joinsInVain + 1
    this.role = role
    this.front.view.role = this.roleView()
    role.start()
  }

  private roleParts(): RoleParts {
    const { config, metrics, replica, front, serverId, membership } = this
    const { runtime, logger } = this.options
    return {
      config,
      runtime,
      logger,
      metrics,
      replica,
      front,
      serverId,
      membership,
      epochs: this,
      onSynchronised: (epoch, hasSnapshot) => this.synchronised(epoch, hasSnapshot),
      onEnding: () => this.election.beginLooking(),
      onEnded: () => this.ended(),
      onFailure: (error) => this.fail(error),
    }
  }

  private synchronised(epoch: number, hasSnapshot: boolean): void {
    this.isTrusted = true
    this.joinsInVain = 0
    if (this.isSnapshotDue && !hasSnapshot) this.replica.snapshots.begin()
    this.isSnapshotDue = false
    this.election.synchronised(epoch)
  }

  /** The role is over. */
  private ended(): void {
    const wasObserving = this.roleState === PeerState.observing
    this.role = null
    if (this.isStopping) {
      this.settleStopped()
      return
    }
    this.restartElection()
    if (this.skipsElection) {
      this.assume()
      return
    }
    const delayMs = Math.max(this.joinPauseMs(), wasObserving ? this.observerPauseMs() : 0)
    if (delayMs <= 0) this.look()
    else this.lookAfter(delayMs)
  }

  private observerPauseMs(): number {
    const delayMs = this.config.quorum.observerElectionDelayMs
    return delayMs > 0 ? this.options.runtime.random.below(delayMs) : 0
  }

  /**
   * Who has joined a leader in vain once may find another one now, and looks at once. Whoever the same leader refuses time and again, as for
   * an epoch later than the leader's, waits for the next one, and is not to burden the others with that.
   */
  private joinPauseMs(): number {
    if (this.joinsInVain < 2) return 0
    return Math.min(FIRST_JOIN_PAUSE_MS * 2 ** (this.joinsInVain - 2), this.config.quorum.leaderConnectDelayMs)
  }

  /** Begins the search in `delayMs`, and not at any other time that was set for it. */
  private lookAfter(delayMs: number): void {
    this.pause?.cancel()
    this.pause = this.options.runtime.timers.after(delayMs, () => this.look())
  }

  /** Goes straight into the role that a reconfiguration gives. */
  private assume(): void {
    const { currentVote } = this.election
    const state = this.assumedState(currentVote.leader)
    this.election.assume(state)
    this.options.runtime.timers.soon(() => this.begin(state, currentVote))
  }

  private assumedState(leader: number): PeerState {
    if (leader === this.serverId) return PeerState.leading
    return this.membership.role === 'observer' ? PeerState.observing : PeerState.following
  }

  // --- configurations --------------------------------------------------------------------------

  private configurationChanged(outcome: ReconfigOutcome): void {
    const { election } = this
    election.configure(this.configuration())
    if (outcome.vote !== null) {
      const { leader, zxid, electionEpoch, peerEpoch } = outcome.vote
      this.leaderId = leader
      election.designate({ leader, zxid, round: electionEpoch, peerEpoch })
    }
    if (outcome.skipsElection !== null) this.skipsElection = outcome.skipsElection
    const client = outcome.committed.member(this.serverId)?.client ?? null
    if (outcome.rebindsClientPort && client !== null) this.front.moveListener(client.host, client.port)
    if (!outcome.restartsElection) return
    this.isElectionRestartDue = true
    // Not from inside of what told of the configuration.
    this.options.runtime.timers.soon(() => this.restartElection())
  }

  private restartElection(): void {
    if (!this.isElectionRestartDue || this.isStopping) return
    this.isElectionRestartDue = false
    this.election.restart(this.configuration())
  }

  // --- RoleEpochs ------------------------------------------------------------------------------

  get accepted(): number {
    return this.epochs.acceptedEpoch
  }

  get current(): number {
    return this.epochs.currentEpoch
  }

  accept(epoch: number): void {
    writeEpochFile(this.options.runtime.disk, this.replica.directories.snapshotDirectory, ACCEPTED_EPOCH_FILE, epoch)
    this.epochs = { ...this.epochs, acceptedEpoch: epoch }
  }

  adopt(epoch: number): void {
    assert(epoch <= this.epochs.acceptedEpoch, 'an epoch is adopted after it was accepted: no start reads the files otherwise')
    writeEpochFile(this.options.runtime.disk, this.replica.directories.snapshotDirectory, CURRENT_EPOCH_FILE, epoch)
    this.epochs = { ...this.epochs, currentEpoch: epoch }
  }

  // --- what operators see ----------------------------------------------------------------------

  private roleView(): RoleView {
    const { roleState, role, membership } = this
    return {
      mode: MODES[roleState],
      get peerState(): string {
        return role === null ? 'looking' : `${STATE_NAMES[roleState]} - ${role.progress}`
      },
      get observerMasterId(): string | null {
        return role?.observerMasterId ?? null
      },
      get quorumSize(): number {
        return membership.committed.voters.size
      },
      get leader(): RoleView['leader'] {
        return role?.leaderReadings ?? null
      },
      isLearner: roleState !== PeerState.leading,
      get membership(): Membership {
        return membership.committed.membership
      },
    }
  }

  // --- the end ---------------------------------------------------------------------------------

  stop(): Promise<void> {
    this.stopping ??= this.shutDown()
    return this.stopping
  }

  private async shutDown(): Promise<void> {
    this.isStopping = true
    this.options.logger.info('Shutting down')
    this.endReadOnly()
    this.front.stop()
    const { role } = this
    if (role !== null) {
      const ended = new Promise<void>((resolve) => {
        this.settleStopped = resolve
      })
      role.end('the server stops')
      await ended
    }
    this.close()
    this.settleClosed(this.replica.close())
  }

  private close(): void {
    this.election.stop()
    this.front.stopServing()
    this.front.closeConnections()
    this.replica.snapshots.stop()
  }

  /** Something that this server cannot go on with: what it holds may not be what it has acknowledged. */
  fail(error: Error): void {
    if (this.isStopping) {
      // The role that was to end first will not: it is not waited for.
      this.options.logger.error('An error on the way to the end', { error })
      this.settleStopped()
      return
    }
    this.metrics.failures.unrecoverable++
    this.options.logger.error('Severe unrecoverable error, exiting', { error })
    this.isStopping = true
    this.stopping = Promise.resolve()
    this.role?.abandon()
    this.endReadOnly()
    this.front.stop()
    this.close()
    this.settleClosed(error)
  }
}

/** Without reconfiguration, and without a file that was the server's configuration, nothing is written. */
function configurationFiles(
  config: ServerConfig,
  { runtime, logger }: StartOptions,
  serverId: number,
): ConfigurationFiles | null {
  const { configPath } = config
  if (!config.reconfigEnabled || configPath === null) return null
  const files = new DynamicConfigFiles({ disk: runtime.disk, logger, configPath, serverId })
  if (config.dynamicConfigFile === null) files.backUpMainFile()
  return files
}

/** While it looks for a leader nobody is told a mode. */
const MODES: Readonly<Record<PeerState, RoleView['mode']>> = {
  [PeerState.looking]: 'follower',
  [PeerState.following]: 'follower',
  [PeerState.leading]: 'leader',
  [PeerState.observing]: 'observer',
}

const STATE_NAMES: Readonly<Record<PeerState, string>> = {
  [PeerState.looking]: 'looking',
  [PeerState.following]: 'following',
  [PeerState.leading]: 'leading',
  [PeerState.observing]: 'observing',
}
