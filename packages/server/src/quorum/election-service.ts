// A server's part in elections on real links and timers: the state machine of the core, its connections, and the bytes between them.

import {
  type CurrentVote,
  type ElectionConfiguration,
  type ElectionEffects,
  FastLeaderElection,
  type Membership,
  type QuorumVerifier,
} from '@tskeeper/core'
import {
  type ByteReader,
  ByteWriter,
  type ElectionAddress,
  type ElectionNotification,
  PeerState,
  readElectionNotification,
  writeElectionNotification,
} from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Runtime, TimerHandle } from '../runtime/runtime.ts'
import type { StartupError } from '../startup-error.ts'
import { ElectionLinks } from './election-links.ts'
import { ElectionListener } from './election-listener.ts'

/** What the configuration says about elections. */
export interface ElectionSettings {
  readonly connectTimeoutMs: number
  /** Who dials has this long to say who it is. */
  readonly handshakeTimeoutMs: number
  readonly minIntervalMs: number
  readonly maxIntervalMs: number
  /** Attempts to bind the port; 0 is no limit. */
  readonly bindAttemptsMax: number
  readonly keepAlive: boolean
  /** Listen on all addresses instead of those that the configuration names. */
  readonly listensOnAllAddresses: boolean
  readonly isMultiAddressEnabled: boolean
  readonly reachabilityTimeoutMs: number
}

/** What an election tells the server. */
export interface ElectionEvents {
  /** This server's state is now `state`, under the leader of `vote`. `supporters` are those whose votes decided it. */
  decided(state: PeerState, vote: CurrentVote, supporters: ReadonlySet<number>): void
  /**
   * A peer told of a newer configuration while this server looks for a leader. True: it is in force now and its members differ; `restart`
   * has been called with it and a new round is to begin. False: it was refused, or `configure` has been called because only its version is new.
   */
  adoptConfiguration(membership: Membership): boolean
  /** This server leads, and one of those whose votes made it leader looks for a leader again. */
  supporterLooking(serverId: number): void
  /** The port cannot be bound: the process has to end. */
  failed(error: StartupError): void
}

export class ElectionService {
  readonly #serverId: number
  readonly #settings: ElectionSettings
  readonly #runtime: Pick<Runtime, 'network' | 'timers' | 'clock'>
  readonly #logger: Logger
  readonly #events: ElectionEvents
  #configuration: ElectionConfiguration
  #election: FastLeaderElection
  #links: ElectionLinks
  #listeners: readonly ElectionListener[] = []
  #listensOn = ''
  #ownAddresses: readonly ElectionAddress[] = []
  #timer: TimerHandle | null = null

  /** Listens at once; `lastZxid` and `currentEpoch` are what this server's disk holds. */
  constructor(
    serverId: number,
    configuration: ElectionConfiguration,
    recovered: { readonly lastZxid: number; readonly currentEpoch: number },
    settings: ElectionSettings,
    runtime: Pick<Runtime, 'network' | 'timers' | 'clock'>,
    logger: Logger,
    events: ElectionEvents,
  ) {
    this.#serverId = serverId
    this.#configuration = configuration
    this.#settings = settings
    this.#runtime = runtime
    this.#logger = logger
    this.#events = events
    this.#ownAddresses = ownAddressesIn(configuration, serverId)
    this.#election = this.#makeElection(recovered)
    this.#links = this.#makeLinks()
    this.#listen()
  }

  get state(): PeerState {
    return this.#election.state
  }

  get currentVote(): CurrentVote {
    return this.#election.currentVote
  }

  get round(): number {
    return this.#election.round
  }

  /** Ports on which this server listens for votes; 0 for one that is not bound yet. */
  get ports(): readonly number[] {
    return this.#listeners.map((listener) => listener.port)
  }

  /** See `FastLeaderElection.beginLooking`. */
  beginLooking(): void {
    this.#election.beginLooking()
  }

  /** Begins a round; `decided` tells its end. */
  lookForLeader(lastZxid: number, currentEpoch: number): void {
    this.#logger.info(`Looking for a leader, with last zxid 0x${lastZxid.toString(16)} and epoch ${currentEpoch}`)
    this.#election.lookForLeader(lastZxid, currentEpoch, this.#nowMs())
  }

  /** See `FastLeaderElection.assume`. */
  assume(state: PeerState): void {
    this.#election.assume(state)
  }

  /** See `FastLeaderElection.designate`. */
  designate(vote: CurrentVote): void {
    this.#election.designate(vote)
  }

  /** This server serves in `epoch` now. */
  synchronised(epoch: number): void {
    this.#election.synchronised(epoch)
  }

  /** Another role or configuration, while links and rounds go on. */
  configure(configuration: ElectionConfiguration): void {
    this.#configuration = configuration
    this.#election.configure(configuration)
  }

  /**
   * Begins anew under a configuration with other members: all links are dropped, rounds are counted from 0, and the listener moves if this
   * server's address did. State and current vote stay.
   */
  restart(configuration: ElectionConfiguration): void {
    const { state, currentVote } = this.#election
    this.#election.stop()
    this.#links.close()
    this.#configuration = configuration
    const ownAddresses = ownAddressesIn(configuration, this.#serverId)
    if (ownAddresses.length > 0) this.#ownAddresses = ownAddresses
    this.#election = this.#makeElection({ lastZxid: currentVote.zxid, currentEpoch: currentVote.peerEpoch })
    this.#election.designate(currentVote)
    this.#election.assume(state)
    this.#links = this.#makeLinks()
    this.#listen()
  }

  stop(): void {
    this.#election.stop()
    this.#links.close()
    for (const listener of this.#listeners) listener.close()
    this.#listeners = []
  }

  #makeElection(recovered: { readonly lastZxid: number; readonly currentEpoch: number }): FastLeaderElection {
    const { minIntervalMs, maxIntervalMs, isMultiAddressEnabled } = this.#settings
    const options = { minIntervalMs, maxIntervalMs, isMultiAddressEnabled, serverId: this.#serverId }
    return new FastLeaderElection({ ...options, ...this.#configuration, ...recovered }, this.#makeEffects())
  }

  #makeEffects(): ElectionEffects {
    return {
      send: (serverId, notification) => this.#links.send(serverId, frameOf(notification)),
      connectAll: () => this.#links.connectAll(),
      schedule: (dueMs) => this.#schedule(dueMs),
      decided: (state, vote, supporters) => {
        this.#logger.info(
          `The election is over after round ${vote.round}: server ${vote.leader} is elected, this one is ${nameOf(state)}`,
        )
        this.#events.decided(state, vote, supporters)
      },
      adoptConfiguration: (membership) => this.#events.adoptConfiguration(membership),
      supporterLooking: (serverId) => this.#events.supporterLooking(serverId),
    }
  }

  #makeLinks(): ElectionLinks {
    const { connectTimeoutMs, handshakeTimeoutMs, keepAlive, isMultiAddressEnabled, reachabilityTimeoutMs } = this.#settings
    const options = {
      serverId: this.#serverId,
      ownAddresses: this.#ownAddresses,
      addressesOf: (serverId: number) => addressesIn(this.#configuration, serverId),
      receive: (serverId: number, payload: ByteReader) => this.#receive(serverId, payload),
      unreachable: (serverId: number) => this.#election.unreachable(serverId),
      lost: (serverId: number) => this.#election.linkLost(serverId),
      connectTimeoutMs,
      handshakeTimeoutMs,
      keepAlive,
      isMultiAddressEnabled,
      reachabilityTimeoutMs,
    }
    return new ElectionLinks(options, this.#runtime, this.#logger)
  }

  /** Listens where this server is to be dialled, unless it does already. */
  #listen(): void {
    const listensOn = JSON.stringify(this.#ownAddresses)
    if (listensOn === this.#listensOn) return
    this.#listensOn = listensOn
    for (const listener of this.#listeners) listener.close()
    const { bindAttemptsMax, keepAlive, listensOnAllAddresses } = this.#settings
    const accept = (connection: Parameters<ElectionLinks['accept']>[0]): void => this.#links.accept(connection)
    const failed = (error: StartupError): void => this.#events.failed(error)
    this.#listeners = this.#addressesToBind(listensOnAllAddresses).map((address) => {
      return new ElectionListener({ address, bindAttemptsMax, keepAlive }, this.#runtime, this.#logger, accept, failed)
    })
  }

  #addressesToBind(listensOnAllAddresses: boolean): readonly ElectionAddress[] {
    if (!listensOnAllAddresses) return this.#ownAddresses
    const ports = new Set(this.#ownAddresses.map(({ port }) => port))
    return [...ports].map((port) => ({ host: '', port }))
  }

  #receive(serverId: number, payload: ByteReader): void {
    const notification = readElectionNotification(payload)
    if (notification !== null) this.#election.notification(serverId, notification, this.#nowMs())
  }

  #schedule(dueMs: number): void {
    this.#timer?.cancel()
    this.#timer = null
    if (dueMs === Number.POSITIVE_INFINITY) return
    // A timer may come a moment early, and the election waits for its very time.
    const delayMs = Math.max(Math.ceil(dueMs - this.#nowMs()), 0)
    this.#timer = this.#runtime.timers.after(delayMs, () => {
      this.#timer = null
      if (this.#nowMs() < dueMs) this.#schedule(dueMs)
      else this.#election.timer(this.#nowMs(), this.#links.hasDelivered)
    })
  }

  #nowMs(): number {
    return this.#runtime.clock.monotonicMs()
  }
}

/** Where this server takes votes: a newer configuration moves it when it is in force, but may be the only one that names it. */
function ownAddressesIn({ committed, lastSeen }: ElectionConfiguration, serverId: number): readonly ElectionAddress[] {
  const addresses = electionAddresses(committed, serverId)
  return addresses.length > 0 || lastSeen === null ? addresses : electionAddresses(lastSeen, serverId)
}

/** Where a member takes votes: as the configuration in force says, then as the newer one does if it says otherwise. */
function addressesIn({ committed, lastSeen }: ElectionConfiguration, serverId: number): readonly ElectionAddress[] {
  const addresses = electionAddresses(committed, serverId)
  const isKnown = ({ host, port }: ElectionAddress): boolean =>
    addresses.some((other) => other.host === host && other.port === port)
  const newer = lastSeen === null ? [] : electionAddresses(lastSeen, serverId).filter((address) => !isKnown(address))
  return [...addresses, ...newer]
}

function electionAddresses(verifier: QuorumVerifier, serverId: number): ElectionAddress[] {
  const addresses = verifier.member(serverId)?.addresses ?? []
  return addresses.map(({ host, electionPort }) => ({ host, port: electionPort }))
}

function frameOf(notification: ElectionNotification): Uint8Array {
  const out = new ByteWriter(512)
  writeElectionNotification(out, notification)
  return out.toBytes()
}

function nameOf(state: PeerState): string {
  return Object.keys(PeerState).find((name) => PeerState[name as keyof typeof PeerState] === state) ?? `${state}`
}
