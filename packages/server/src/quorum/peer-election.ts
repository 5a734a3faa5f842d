// A member's part in elections: the machine that votes, the links that carry its votes, and the port on which others dial. When the
// configuration changes all of it is closed and made anew.

import {
  type CurrentVote,
  type ElectionConfiguration,
  FastLeaderElection,
  type Membership,
  type QuorumVerifier,
} from '@tskeeper/core'
import {
  type ByteReader,
  ByteWriter,
  type ElectionAddress,
  type ElectionNotification,
  type PeerState,
  readElectionNotification,
  writeElectionNotification,
} from '@tskeeper/protocol/server'
import type { ServerConfig } from '../config/server-config.ts'
import type { Logger } from '../logger.ts'
import type { Runtime, TimerHandle } from '../runtime/runtime.ts'
import { ElectionLinks } from './election-links.ts'
import { ElectionListener } from './election-listener.ts'

export interface PeerElectionParts {
  readonly config: ServerConfig
  readonly runtime: Runtime
  readonly logger: Logger
  readonly serverId: number
  readonly configuration: () => ElectionConfiguration
  readonly lastZxid: number
  readonly currentEpoch: number
  /** The search is over. Not called from inside of a call to the election. */
  readonly onDecided: (state: PeerState, vote: CurrentVote) => void
  /** A peer told of a newer configuration; see `ElectionEffects.adoptConfiguration`. */
  readonly adoptConfiguration: (membership: Membership) => boolean
  /** The port cannot be bound. */
  readonly onFailure: (error: Error) => void
}

export class PeerElection {
  readonly machine: FastLeaderElection
  private readonly parts: PeerElectionParts
  private readonly links: ElectionLinks
  private readonly listeners: ElectionListener[]
  private timer: TimerHandle | null = null
  private isClosed = false

  constructor(parts: PeerElectionParts) {
    this.parts = parts
    const { config, runtime, logger, serverId } = parts
    const { quorum } = config
    const configuration = parts.configuration()
    this.machine = new FastLeaderElection(
      {
        ...configuration,
        serverId,
        lastZxid: parts.lastZxid,
        currentEpoch: parts.currentEpoch,
        minIntervalMs: quorum.notificationIntervalMinMs,
        maxIntervalMs: quorum.notificationIntervalMaxMs,
        isMultiAddressEnabled: quorum.isMultiAddressEnabled,
      },
      {
        send: (peerId, notification) => this.send(peerId, notification),
        connectAll: () => this.links.connectAll(),
        schedule: (dueMs) => this.schedule(dueMs),
        decided: (state, vote) => runtime.timers.soon(() => this.decided(state, vote)),
        adoptConfiguration: (membership) => parts.adoptConfiguration(membership),
        supporterLooking: () => {},
      },
    )
    const ownAddresses = this.addressesOf(serverId)
    this.links = new ElectionLinks(
      {
        serverId,
        ownAddresses,
        addressesOf: (peerId) => this.addressesOf(peerId),
        receive: (peerId, payload) => this.receive(peerId, payload),
        connectTimeoutMs: quorum.electionConnectTimeoutMs,
        handshakeTimeoutMs:
          quorum.electionHandshakeTimeoutMs > 0 ? quorum.electionHandshakeTimeoutMs : config.tickTimeMs * config.syncLimit,
        keepAlive: quorum.isPeerKeepAliveOn,
        isMultiAddressEnabled: quorum.isMultiAddressEnabled,
        reachabilityTimeoutMs: quorum.reachabilityCheckTimeoutMs,
      },
      runtime,
      logger,
    )
    const { electionBindAttemptsMax, isPeerKeepAliveOn, listensOnAllAddresses } = quorum
    this.listeners = ownAddresses.map(
      ({ host, port }) =>
        new ElectionListener(
          {
            address: { host: listensOnAllAddresses ? '' : host, port },
            bindAttemptsMax: electionBindAttemptsMax,
            keepAlive: isPeerKeepAliveOn,
          },
          runtime,
          logger,
          (connection) => this.links.accept(connection),
          parts.onFailure,
        ),
    )
  }

  look(lastZxid: number, currentEpoch: number): void {
    this.machine.lookForLeader(lastZxid, currentEpoch, this.parts.runtime.clock.monotonicMs())
  }

  close(): void {
    this.isClosed = true
    this.timer?.cancel()
    this.machine.stop()
    this.links.close()
    for (const listener of this.listeners) listener.close()
  }

  private decided(state: PeerState, vote: CurrentVote): void {
    if (!this.isClosed) this.parts.onDecided(state, vote)
  }

  private send(peerId: number, { state, leader, zxid, electionEpoch, peerEpoch, config }: ElectionNotification): void {
    const out = new ByteWriter(256)
    writeElectionNotification(out, { state, leader, zxid, electionEpoch, peerEpoch, config })
    this.links.send(peerId, out.toBytes())
  }

  private receive(peerId: number, payload: ByteReader): void {
    const notification = readElectionNotification(payload)
    if (notification === null || this.isClosed) return
    this.machine.notification(peerId, notification, this.parts.runtime.clock.monotonicMs())
  }

  private schedule(dueMs: number): void {
    this.timer?.cancel()
    this.timer = null
    if (dueMs === Number.POSITIVE_INFINITY) return
    const { clock, timers } = this.parts.runtime
    this.timer = timers.after(Math.max(dueMs - clock.monotonicMs(), 0), () => {
      this.timer = null
      const nowMs = clock.monotonicMs()
      // A timer may go off a little early.
      if (nowMs < dueMs) this.schedule(dueMs)
      else this.machine.timer(nowMs, this.links.hasDelivered)
    })
  }

  /** By the configuration in force, then by the one that was proposed last if that has others. */
  private addressesOf(serverId: number): readonly ElectionAddress[] {
    const { committed, lastSeen } = this.parts.configuration()
    const addresses = electionAddresses(committed, serverId)
    const proposed = lastSeen === null ? [] : electionAddresses(lastSeen, serverId)
    const others = proposed.filter((one) => !addresses.some((other) => other.host === one.host && other.port === one.port))
    return [...addresses, ...others]
  }
}

function electionAddresses(verifier: QuorumVerifier, serverId: number): ElectionAddress[] {
  const addresses = verifier.member(serverId)?.addresses ?? []
  return addresses.map(({ host, electionPort }) => ({ host, port: electionPort }))
}
