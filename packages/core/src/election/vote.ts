// A vote names the server that its sender wants to lead, and what that server knows: the wish is to follow a server that nobody in
// the quorum is ahead of, because only such a server is certain to have every committed transaction.

import { PeerState } from '@tskeeper/protocol/server'

/** Whom a server wants to lead. */
export interface Vote {
  /** Id of the proposed leader, or `NO_VOTE`. */
  readonly leader: number
  /** Last transaction in the proposed leader's log when it proposed itself. */
  readonly zxid: number
  /** The epoch of the last leader whose whole history the proposed leader has. */
  readonly peerEpoch: number
}

/** The vote of a server after its last election. */
export interface CurrentVote extends Vote {
  /** The round in which it was decided; -1 before the first. */
  readonly round: number
}

/** A vote as it is counted: with the round and the state of the server that cast it. */
export interface CastVote extends CurrentVote {
  readonly state: PeerState
  /** The version of the notification that brought it, where that counts; else 0. */
  readonly version: number
}

/**
 * Whether `challenger` is to be preferred to `vote`: by epoch, then zxid, then the leader's id. A server without weight
 * is never preferred: it may vote, but not lead.
 */
export function beats(challenger: Vote, vote: Vote, weightOf: (id: number) => number): boolean {
  if (weightOf(challenger.leader) === 0) return false
  if (challenger.peerEpoch !== vote.peerEpoch) return challenger.peerEpoch > vote.peerEpoch
  if (challenger.zxid !== vote.zxid) return challenger.zxid > vote.zxid
  return challenger.leader > vote.leader
}

/**
 * Whether two votes count as one. As long as one of the voters is looking, they must agree in everything. Two that have a leader
 * agree when the leader and its epoch are the same: their zxids and rounds may be from different elections. Old servers send no epoch,
 * so it is not compared if exactly one of the notifications has version 0.
 */
export function votesAgree(a: CastVote, b: CastVote): boolean {
  if (a.leader !== b.leader) return false
  if (a.state === PeerState.looking || b.state === PeerState.looking) {
    return a.zxid === b.zxid && a.round === b.round && a.peerEpoch === b.peerEpoch
  }
  if ((a.version === 0) !== (b.version === 0)) return true
  return a.peerEpoch === b.peerEpoch
}
