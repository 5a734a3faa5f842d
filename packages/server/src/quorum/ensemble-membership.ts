import { formatMembership, type MemberRole, processReconfig, type QuorumVerifier, type ReconfigOutcome } from '@tskeeper/core'
import type { Replica } from '../replica.ts'
import type { Clock } from '../runtime/runtime.ts'
import type { RoleMembership } from './role-parts.ts'

/** The files in which a member keeps configurations that came after its own file; what is given is durable on return. */
export interface ConfigurationFiles {
  /** A configuration is proposed, perhaps in vain. */
  proposed(config: QuorumVerifier): void
  /** A configuration is in force, and the static file names it. */
  activated(config: QuorumVerifier): void
  /** No proposal is ahead of what is in force. */
  nextDone(): void
}

export interface EnsembleMembershipParts {
  readonly serverId: number
  readonly isReconfigEnabled: boolean
  readonly replica: Replica
  readonly clock: Clock
  readonly currentLeader: () => number | null
  /** Carries out what a configuration changes beyond the files and the tree. */
  readonly onChanged: (outcome: ReconfigOutcome) => void
  /** A configuration is proposed: votes go to its members, too. */
  readonly onProposed: () => void
  /** Null when the ensemble does not change its configuration while it runs. */
  readonly files: ConfigurationFiles | null
}

/** The configurations that a member knows: the one in force, the last one that was proposed, and its own role in them. */
export class EnsembleMembership implements RoleMembership {
  committed: QuorumVerifier
  lastSeen: QuorumVerifier
  role: MemberRole
  private readonly parts: EnsembleMembershipParts

  constructor(committed: QuorumVerifier, lastSeen: QuorumVerifier, role: MemberRole, parts: EnsembleMembershipParts) {
    this.committed = committed
    this.lastSeen = lastSeen
    this.role = role
    this.parts = parts
  }

  keepProposed(config: QuorumVerifier): void {
    if (!this.parts.isReconfigEnabled || config.version <= this.lastSeen.version) return
    this.parts.files?.proposed(config)
    this.lastSeen = config
    this.parts.onProposed()
  }

  dropProposed(known: QuorumVerifier): void {
    const { isReconfigEnabled, files, onProposed } = this.parts
    const newest = known.version > this.committed.version ? known : this.committed
    if (!isReconfigEnabled || newest.version >= this.lastSeen.version) return
    if (newest === this.committed) files?.nextDone()
    else files?.proposed(newest)
    this.lastSeen = newest
    onProposed()
  }

  activate(config: QuorumVerifier, suggestedLeader: number | null, zxid: number): boolean {
    return this.change(config, suggestedLeader, zxid, true).isMajor
  }

  /** Takes a configuration that a peer told of while this server looks for a leader. True if its members are others. */
  adopt(config: QuorumVerifier): boolean {
    const before = this.committed
    const outcome = this.change(config, null, config.version, false)
    return outcome.isNewer && !before.equals(config)
  }

  private change(
    config: QuorumVerifier,
    suggestedLeader: number | null,
    zxid: number,
    restartsElection: boolean,
  ): ReconfigOutcome {
    const { serverId, isReconfigEnabled, files } = this.parts
    const state = {
      isReconfigEnabled,
      sid: serverId,
      role: this.role,
      committed: this.committed,
      lastSeen: this.lastSeen,
      currentLeader: this.parts.currentLeader(),
    }
    const outcome = processReconfig(state, config, suggestedLeader, zxid, restartsElection)
    this.committed = outcome.committed
    this.lastSeen = outcome.lastSeen
    this.role = outcome.role
    if (outcome.isNewer) files?.activated(outcome.committed)
    if (outcome.isNextDone) files?.nextDone()
    if (outcome.writesConfigNode) this.writeConfigNode()
    this.parts.onChanged(outcome)
    return outcome
  }

  writeConfigNode(): void {
    const { replica, clock } = this.parts
    const { committed } = this
    replica.database.setConfig(formatMembership(committed.membership), committed.version, clock.nowMs())
  }
}
