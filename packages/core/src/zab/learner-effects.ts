/**
 * What a learner tells its shell to do, in the order of the calls. No input of the learner may be called from inside one of these.
 *
 * - What is said to be durable is on disk when the call returns.
 * - Packets leave in the order of the calls.
 * - The four effects marked WAITS begin something that takes time. Until the shell has given the named input the learner
 *   `isWaiting`, and the shell must not feed packets: it leaves them in the stream.
 * - After `leave` the learner is over, and inputs do nothing.
 */
export interface LearnerEffects {
  /** FOLLOWERINFO or OBSERVERINFO by role; data is the LearnerInfo with the committed configuration's version. */
  sendLearnerInfo(zxid: number): void
  /** Durable on return. */
  persistAcceptedEpoch(epoch: number): void
  /** Durable on return. Everything that the learner logged before is on disk when this is called. */
  persistCurrentEpoch(epoch: number): void
  /** ACKEPOCH; `epoch` is -1 for "do not count me". */
  sendAckEpoch(lastZxid: number, epoch: number): void
  /** ACK of NEWLEADER or UPTODATE. */
  sendAck(zxid: number): void
  /** An ACK for each transaction that was logged with a zxid in (`afterZxid`, `lastZxid`], ascending, in one write. */
  acknowledge(afterZxid: number, lastZxid: number): void

  /** WAITS for `snapshotLoaded`: discard the database, read the raw snapshot and its signature from the stream. */
  loadSnapshot(zxid: number): void
  /** WAITS for `truncated`: cut the log behind `zxid`, durably, and reload the database from disk. Impossible: exit 13. */
  truncateLog(zxid: number): void
  /**
   * WAITS for `snapshotWritten`: write the database into a snapshot, synced and renamed. After `loadSnapshot` the log from before is not the
   * beginning of this history: what the leader's snapshot held may be missing at its end, where no zxid shows it. It must not be
   * read any more, neither for recovery nor for learners: remove it when the snapshot is on disk.
   */
  writeSnapshot(): void
  /** WAITS for `logFlushed`: everything logged so far is synced. */
  flushLog(): void

  /** The operation of the synchronisation is done: `/zookeeper/config` from the committed configuration, session tracker. */
  beginSync(): void
  /** The text of a configuration, from NEWLEADER: last-seen, durable on return when it is newer. `activateLastSeen` may put this one in force. */
  adoptLastSeen(bytes: Uint8Array, start: number, end: number): void
  /** A reconfiguration is proposed: last-seen is the configuration in this transaction, durable on return. */
  adoptProposed(zxid: number, bytes: Uint8Array, start: number, end: number): void
  /** processReconfig for the reconfiguration `zxid` with the leader's suggestion. Returns true for a major change. */
  activateProposed(zxid: number, designatedLeader: number): boolean
  /**
   * processReconfig for the configuration of NEWLEADER (not for one that was proposed since), without suggestion. Returns true for a
   * major change.
   */
  activateLastSeen(): boolean

  /** A transaction came in: copy it, the bytes are valid during the call only. It is not logged yet. */
  receive(zxid: number, bytes: Uint8Array, start: number, end: number): void
  /** Append the received transaction to the log (observers without `syncEnabled`: nothing). Its sync is reported by `logged`. */
  log(zxid: number): void
  /** Apply the received transaction, the oldest that is not applied, to the tree and commit it in the window. */
  apply(zxid: number): void
  /** The received transaction is in the tree already, by the snapshot: drop it, or commit it in the window without applying. */
  skip(zxid: number): void

  /** Synchronised: start the request path, serve clients, advance the vote's epoch. */
  serve(): void
  /** PING reply with the same zxid and the sessions touched since the last one. */
  sendPingReply(zxid: number): void
  /** Release the oldest pending sync. */
  releaseSync(): void
  /** The leader's answer about a session that moved here. */
  revalidated(sessionId: bigint, isValid: boolean): void
  /** Something odd that is tolerated: a sentence for the log. */
  report(text: string): void
  /**
   * Ends the role. `isDatabaseBroken` tells that the tree is not what the log and the snapshots on disk give: it must be reloaded from disk
   * before it is served or voted with. `exitStatus` is not null for what must stop the process.
   */
  leave(reason: string, isDatabaseBroken: boolean, exitStatus: number | null): void
}

/** The numbers that a learner starts with. */
export interface LearnerOptions {
  readonly isObserver: boolean
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /** Zxid of the last transaction in tree and log. */
  readonly lastZxid: number
  /** There is no snapshot on disk yet (a data directory of a version without them): one is written in any case. */
  readonly isFirstSnapshotNeeded: boolean
  readonly tickTimeMs: number
  readonly initLimitTicks: number
  readonly syncLimitTicks: number
}
