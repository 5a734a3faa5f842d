/** A transaction where it lies: `bytes[start, end)` is valid during the call only. */
export interface TransactionBytes {
  readonly zxid: number
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly start: number
  readonly end: number
}

/** What the simulator is told of the servers, as it happens. `server` is the name of the machine. */
export interface Probe {
  /** A leader proposes. */
  proposed(server: string, epoch: number, transaction: TransactionBytes): void
  /** A leader has the quorum for its epoch; `lastZxid` is where its tree is. */
  established(server: string, epoch: number, lastZxid: number): void
  /** A server that stands alone has its data back, up to `lastZxid`. */
  beganAlone(server: string, lastZxid: number): void
  /** A leader commits everything up to this zxid. */
  committed(server: string, zxid: number): void
  /**
   * A tree took in a transaction: committed, or as part of what a server finds in its log. `before` is where the tree was. `mismatches` are
   * the digests that were not as they should be, so far.
   */
  applied(server: string, before: number, transaction: TransactionBytes, mismatches: number): void
  /** The session is closed in this tree: `leftOver` of its ephemeral nodes are still there. */
  sessionClosed(server: string, sessionId: bigint, leftOver: number): void
  /** A learner promises to follow no leader of a lower epoch. */
  promised(server: string, leaderEpoch: number): void
  /** A learner adopts the epoch of a leader, whose history it has in its tree up to `lastZxid`. */
  adopted(server: string, leaderEpoch: number, lastZxid: number): void
  /** A learner acknowledges that it has the leader's history. */
  historyAcknowledged(server: string, leaderEpoch: number, lastZxid: number): void
  /** A learner acknowledges proposals up to this one. */
  acknowledged(server: string, zxid: number): void
  /** A learner serves clients. */
  serving(server: string, epoch: number): void
  /** A role is over. */
  roleEnded(server: string, reason: string): void
}
