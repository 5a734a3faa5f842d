import type { QuorumVerifier } from '../membership/quorum-verifier.ts'

/**
 * What a leader tells its shell to do, in the order of the calls. No input of the leader may be called from inside one of these, but
 * for `beginSync`, `handedOver` and `syncQueued` from inside `synchronise`.
 *
 * - What is said to be durable is on disk when the call returns, so "persist, then send" is the order of two calls.
 * - Packets to one link leave in the order of the calls, and behind everything that the shell queued for that link before.
 * - After `closeLink` the leader has forgotten the link; after `resign` it is over. Inputs that come later do nothing.
 */
export interface LeaderEffects<Link extends object> {
  /** The new epoch is decided. Durable on return. */
  persistAcceptedEpoch(epoch: number): void
  /** A quorum has promised to follow. Durable on return. */
  persistCurrentEpoch(epoch: number): void
  /** `config` is the last configuration that was proposed: durable on return, and its members' election links are wanted. */
  adoptLastSeen(config: QuorumVerifier): void
  /** LEADERINFO with the protocol version as data. */
  sendLeaderInfo(link: Link, zxid: number): void
  /**
   * Brings the learner up to date, now or over many turns: plan with `LearnerSync`, ask `leader.beginSync` for a slot, queue what it lacks,
   * then in one turn `LearnerSync.handOver` and `leader.handedOver`, and `leader.syncQueued` when the last byte is queued: at once, or
   * when a snapshot has been sent.
   */
  synchronise(link: Link, learnerZxid: number): void
  /** NEWLEADER, its data the text of `config`. */
  sendNewLeader(link: Link, zxid: number, config: QuorumVerifier): void
  /** UPTODATE, its zxid -1. */
  sendUpToDate(link: Link): void
  /** PING with the last proposed zxid. */
  sendPing(link: Link, zxid: number): void
  /**
   * The configuration that the epoch begins with is committed by the quorum for NEWLEADER: processReconfig, no transaction.
   * Only called with reconfiguration enabled.
   */
  activate(config: QuorumVerifier, designatedLeader: number): void
  /**
   * A quorum has acknowledged NEWLEADER: start the write path with `zxid` as the last one, advance the vote's epoch, serve clients.
   * The first transaction is `zxid + 1`.
   */
  established(zxid: number): void
  /**
   * Everything up to `zxid` that was proposed and not yet committed is committed: COMMIT to `leader.forwarding`, INFORM to
   * `leader.observing`, apply, answer. None of these is a reconfiguration.
   */
  commit(zxid: number): void
  /**
   * The reconfiguration `zxid` alone is committed: processReconfig, then COMMITANDACTIVATE to `leader.forwarding`,
   * INFORMANDACTIVATE to `leader.observing`, apply, answer.
   */
  commitReconfig(zxid: number, config: QuorumVerifier, designatedLeader: number): void
  /** SYNC: everything that was proposed before this link's request is committed. Behind the COMMIT of it. */
  answerSync(link: Link): void
  /** Something odd that is tolerated: a sentence for the log. */
  report(text: string): void
  /** Ends the connection. `reason` is a sentence for the log. */
  closeLink(link: Link, reason: string): void
  /** Ends the role: back to LOOKING. The shell closes all links. `reason` is a sentence for the log. */
  resign(reason: string): void
}

/** The numbers that a leader starts with. */
export interface LeaderOptions {
  readonly sid: number
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /** Zxid of the last transaction in tree and log. */
  readonly lastZxid: number
  readonly committed: QuorumVerifier
  /** The last proposed configuration; the committed one when there is none newer. */
  readonly lastSeen: QuorumVerifier
  /** Disabled: the configuration has no versions, and what is last seen never changes. */
  readonly isReconfigEnabled: boolean
  readonly tickTimeMs: number
  readonly initLimitTicks: number
  readonly syncLimitTicks: number
  /** Learners that may receive a snapshot at a time; voters are counted but never refused. */
  readonly snapshotSyncsMax: number
  /** The same for differences. */
  readonly diffSyncsMax: number
}
