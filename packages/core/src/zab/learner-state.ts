import type { SyncKind } from './learner-sync.ts'

/**
 * Where a learner stands, as the leader sees it. It goes from each phase to the next one:
 *
 * - `greeting`: it owes FOLLOWERINFO or OBSERVERINFO;
 * - `epoch`: it waits until the epoch is decided, `epochAck`: it owes ACKEPOCH;
 * - `quorum`: it waits until a quorum has sent ACKEPOCH;
 * - `syncing`: the shell plans and queues what it lacks, `filling`: live packets are queued already behind what is still to be queued;
 * - `newLeader`: it owes the ACK of NEWLEADER, `starting`: it waits until a quorum has sent that;
 * - `broadcast`: live traffic.
 */
export type LearnerPhase =
  | 'greeting'
  | 'epoch'
  | 'epochAck'
  | 'quorum'
  | 'syncing'
  | 'filling'
  | 'newLeader'
  | 'starting'
  | 'broadcast'

/** One learner as the leader sees it. */
export class LearnerState {
  phase: LearnerPhase = 'greeting'
  /** Null while `greeting`. Negative for observers that did not say who they are. */
  sid: number | null = null
  isObserver = false
  /** Heartbeats without a packet from it, or without progress of what is sent to it. */
  silentBeats = 0
  /** Tick until which it counts as alive for the leader's own quorum. */
  deadlineTick: number
  /** Its last transaction as ACKEPOCH told it. */
  lastZxid = 0
  /** The kind of synchronisation whose slot it holds, or null. */
  slot: SyncKind | null = null
  /** A proposal that was sent and whose acknowledgement is awaited, 0 for none; and for how many heartbeats. */
  private watchedZxid = 0
  private watchedBeats = 0
  /** The newest proposal that was sent after the watched one, 0 for none; and how many heartbeats ago. */
  private nextZxid = 0
  private nextBeats = 0

  constructor(deadlineTick: number) {
    this.deadlineTick = deadlineTick
  }

  /** True once nothing stands between it and live packets, so that a PING reaches it in time. */
  get isPinged(): boolean {
    return this.phase === 'newLeader' || this.phase === 'starting' || this.phase === 'broadcast'
  }

  /** True while the leader waits for packets of it, so that silence means something. */
  get owesPackets(): boolean {
    return this.phase !== 'epoch' && this.phase !== 'quorum' && this.phase !== 'starting'
  }

  /** Proposals up to `zxid` were queued for it. */
  sent(zxid: number): void {
    if (this.watchedZxid === 0) {
      this.watchedZxid = zxid
      this.watchedBeats = 0
    } else {
      this.nextZxid = zxid
      this.nextBeats = 0
    }
  }

  /** It has acknowledged everything up to `zxid`. */
  acknowledged(zxid: number): void {
    if (this.watchedZxid === 0 || zxid < this.watchedZxid) return
    const isNextOpen = this.nextZxid > zxid
    this.watchedZxid = isNextOpen ? this.nextZxid : 0
    this.watchedBeats = isNextOpen ? this.nextBeats : 0
    this.nextZxid = 0
  }

  /** One heartbeat passes. */
  beat(): void {
    this.silentBeats++
    this.watchedBeats++
    this.nextBeats++
  }

  /** For how many heartbeats a proposal has been waiting for its acknowledgement, 0 when none is. */
  get proposalAgeBeats(): number {
    return this.watchedZxid === 0 ? 0 : this.watchedBeats
  }
}
