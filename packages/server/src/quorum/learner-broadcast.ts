// What a leader sends many learners alike: proposals and commits to followers, transactions to observers. The packets are written once.

import type { CommittedWindow } from '@tskeeper/core'
import { ByteWriter, QuorumPacketType, writeBarePacket, writeDataPacket } from '@tskeeper/protocol/server'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { WriteBatch } from '../pipeline/write-batch.ts'
import { writeActivation, writeInform } from './master-packets.ts'
import type { QuorumLink } from './quorum-link.ts'

const COMMIT_PACKET_SIZE = 20

/** Who gets what; both change as learners come and go. */
export interface BroadcastAudience {
  readonly forwarding: readonly QuorumLink[]
  readonly observing: readonly QuorumLink[]
}

export interface LearnerBroadcastParts {
  readonly audience: BroadcastAudience
  readonly window: CommittedWindow
  readonly metrics: ServerMetrics
  /** Is something proposed at the end of this turn? What is sent before leaves with that, in one write. */
  readonly isProposalDue: () => boolean
}

export class LearnerBroadcast {
  private readonly parts: LearnerBroadcastParts
  private readonly shared = new ByteWriter(16 * 1024)
  /** Last zxid whose COMMIT was sent. */
  private sentCommit: number

  /** Everything up to `lastCommitted` is known to the learners. */
  constructor(parts: LearnerBroadcastParts, lastCommitted: number) {
    this.parts = parts
    this.sentCommit = lastCommitted
  }

  propose(batch: WriteBatch): void {
    const { forwarding } = this.parts.audience
    if (forwarding.length === 0) return
    const { shared } = this
    shared.reset()
    const { bytes } = batch.entries
    for (let i = 0; i < batch.count; i++) {
      const start = batch.starts[i] as number
      const end = batch.ends[i] as number
      writeDataPacket(shared, QuorumPacketType.proposal, batch.firstZxid + i, bytes, start, end)
      this.parts.metrics.quorum.proposalSizes.record(end - start)
    }
    this.send(forwarding)
  }

  /** Everything up to `zxid` is committed. */
  commit(zxid: number): void {
    this.sendCommits(zxid)
    this.sendInforms(zxid, null)
    this.sentCommit = zxid
  }

  /** The reconfiguration `zxid` alone is committed. */
  commitReconfig(zxid: number, designatedLeader: number): void {
    this.shared.reset()
    writeActivation(this.shared, zxid, designatedLeader)
    this.send(this.parts.audience.forwarding)
    this.sendInforms(zxid, designatedLeader)
    this.sentCommit = zxid
  }

  private sendCommits(zxid: number): void {
    const { forwarding } = this.parts.audience
    if (forwarding.length === 0) return
    const { shared } = this
    shared.reset()
    shared.ensure((zxid - this.sentCommit) * COMMIT_PACKET_SIZE)
    for (let next = this.sentCommit + 1; next <= zxid; next++) writeBarePacket(shared, QuorumPacketType.commit, next)
    if (this.parts.isProposalDue()) this.sendLater(forwarding)
    else this.send(forwarding)
  }

  private sendInforms(zxid: number, designatedLeader: number | null): void {
    const { audience, window } = this.parts
    if (audience.observing.length === 0) return
    const { shared } = this
    shared.reset()
    for (let i = window.indexAfter(this.sentCommit); i < window.size && window.zxidAt(i) <= zxid; i++)
      writeInform(shared, window.zxidAt(i), designatedLeader, window.chunkAt(i), window.startAt(i), window.endAt(i))
    this.send(audience.observing)
  }

  private send(links: readonly QuorumLink[]): void {
    const packets = this.shared.written()
    for (const link of links) {
      link.out.writeBytes(packets)
      link.flush()
    }
  }

  private sendLater(links: readonly QuorumLink[]): void {
    const packets = this.shared.written()
    for (const link of links) {
      link.out.writeBytes(packets)
      link.flushLater()
    }
  }
}
