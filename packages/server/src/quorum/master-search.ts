// How a learner finds who it learns from: the leader of the election, or, as an observer that is not to burden the leader, one of the
// servers that feed observers.

import type { Member, MemberAddress } from '@tskeeper/core'
import type { NetworkConnection } from '../runtime/network.ts'
import type { TimerHandle } from '../runtime/runtime.ts'
import { LeaderConnection } from './leader-connection.ts'
import type { RoleParts } from './role-parts.ts'

/** How often a new leader that does not listen yet is given more time; it comes to about five of the longest pauses. */
const LEADER_PAUSE_COUNT = 8

export interface MasterSearchParts extends RoleParts {
  readonly leaderId: number
  readonly isObserver: boolean
}

/** One of the two is called, once. */
export interface MasterSearchOutcome {
  found(connection: NetworkConnection): void
  failed(reason: string): void
}

export class MasterSearch {
  /** The server that was found, -1 before. */
  masterId = -1
  private readonly parts: MasterSearchParts
  /** Of the role, for logs. */
  private readonly name: string
  private readonly outcome: MasterSearchOutcome
  private connecting: LeaderConnection | null = null
  /** An observer waits before it connects. */
  private pause: TimerHandle | null = null

  constructor(parts: MasterSearchParts, name: string, outcome: MasterSearchOutcome) {
    this.parts = parts
    this.name = name
    this.outcome = outcome
  }

  start(): void {
    const { config, runtime, isObserver } = this.parts
    const delayMs = isObserver ? config.quorum.observerReconnectDelayMs : 0
    if (delayMs <= 0) this.begin()
    else this.pause = runtime.timers.after(runtime.random.below(delayMs), () => this.begin())
  }

  cancel(): void {
    this.pause?.cancel()
    this.connecting?.cancel()
  }

  private begin(): void {
    const { membership, leaderId } = this.parts
    const masters = this.mastersToTry()
    if (masters !== null) {
      this.tryMasters(masters)
      return
    }
    const leader = membership.committed.member(leaderId)
    if (leader === null) this.outcome.failed(`server ${leaderId}, which is to lead, is not in the configuration`)
    else
      this.connect(leader, leader.addresses, LEADER_PAUSE_COUNT, (reason) =>
        this.outcome.failed(`server ${leaderId} cannot be reached: ${reason}`),
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
        this.outcome.found(connection)
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
      this.outcome.failed('no server feeds observers')
      return
    }
    const addresses = next.addresses.map((address) => ({ ...address, quorumPort: port }))
    this.connect(next, addresses, 0, () => this.tryMasters(others))
  }
}
