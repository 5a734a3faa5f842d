import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import type { EnsembleNode } from './ensemble-node.ts'
import type { Transaction } from './transactions.ts'

/** The end of a connection, in a queue of packets. */
export const END_OF_STREAM = -1

/** One packet on a link. */
export interface Packet {
  readonly type: number
  readonly zxid: number
  readonly bytes: Uint8Array
  /** What a SNAP carries, null while the leader is not done sending it. */
  history: readonly Transaction[] | null
  /** What the text of a NEWLEADER says. */
  config: QuorumVerifier | null
}

const NO_BYTES = new Uint8Array(0)

/** Makes a packet; no bytes for no data. */
export function packetOf(type: number, zxid: number, bytes: Uint8Array = NO_BYTES): Packet {
  return { type, zxid, bytes, history: null, config: null }
}

/** A connection between a learner and a leader: two queues. Each end belongs to one run of a role and is deaf after it. */
export class EnsembleLink {
  readonly leader: EnsembleNode
  readonly learner: EnsembleNode
  readonly leaderRun: number
  readonly learnerRun: number
  readonly isObserver: boolean
  toLeader: Packet[] = []
  toLearner: Packet[] = []
  isCut = false

  constructor(leader: EnsembleNode, learner: EnsembleNode, isObserver: boolean) {
    this.leader = leader
    this.learner = learner
    this.leaderRun = leader.run
    this.learnerRun = learner.run
    this.isObserver = isObserver
  }

  /** Ends the connection: of the packets under way only some arrive, and then the end. */
  cut(below: (limit: number) => number): void {
    if (this.isCut) return
    this.isCut = true
    this.toLeader.length = below(this.toLeader.length + 1)
    this.toLearner.length = below(this.toLearner.length + 1)
    this.toLeader.push(packetOf(END_OF_STREAM, 0))
    this.toLearner.push(packetOf(END_OF_STREAM, 0))
  }

  send(direction: 'toLeader' | 'toLearner', packet: Packet): void {
    if (!this.isCut) this[direction].push(packet)
  }
}
