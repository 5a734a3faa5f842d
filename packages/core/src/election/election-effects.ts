import type { ElectionNotification, PeerState } from '@tskeeper/protocol/server'
import type { Membership } from '../membership/membership.ts'
import type { CurrentVote } from './vote.ts'

/** What an election asks of its surroundings, in the order of the calls. None of these calls back into the election but to stop or configure it. */
export interface ElectionEffects {
  /** Sends to a peer, never to the server itself. Only the newest notification to a peer counts: one that waits may be replaced. */
  send(serverId: number, notification: ElectionNotification): void
  /** Opens the links to peers that have none: nothing that was sent seems to arrive. */
  connectAll(): void
  /** `timer` is to be called at `dueMs`; replaces the request before. Infinity: it is not to be called. */
  schedule(dueMs: number): void
  /** The search is over: this server's state is now `state` under the leader of `vote`; `supporters` are those whose votes decided it. */
  decided(state: PeerState, vote: CurrentVote, supporters: ReadonlySet<number>): void
  /**
   * While this server looks for a leader, a peer told of a newer configuration. True: it is in force now and its members differ, so
   * that this election is over and a new one takes its place. False: it was refused, or only its version is new and was told by `configure`.
   */
  adoptConfiguration(membership: Membership): boolean
  /** This server leads, and one of those whose votes made it leader looks for a leader again. */
  supporterLooking(serverId: number): void
}
