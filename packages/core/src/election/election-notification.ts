import type { PeerState } from './peer-state.ts'

/** What a server tells its peers about its vote. */
export interface ElectionNotification {
  /** A `PeerState`, or, from a peer that we do not understand, another number. */
  readonly state: number
  readonly leader: number
  readonly zxid: number
  /** The sender's count of elections; those who look for a leader together have the same. */
  readonly round: number
  readonly peerEpoch: number
  /** 0 and 1 come from servers older than 3.5. */
  readonly version: number
  /** The text of the sender's committed configuration; null from an old server. */
  readonly configuration: string | null
}

/** A notification of ours. */
export interface OwnNotification extends ElectionNotification {
  readonly state: PeerState
  readonly configuration: string
}

/** The version of the notifications that we send. */
export const NOTIFICATION_VERSION = 2
