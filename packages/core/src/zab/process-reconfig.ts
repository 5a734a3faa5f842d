import type { QuorumVerifier } from '../membership/quorum-verifier.ts'
import type { MemberRole } from '../membership/server-line.ts'
import { staysReachable } from './designated-leader.ts'

/** What a server knows when a configuration is to come into force. */
export interface ReconfigContext {
  readonly isReconfigEnabled: boolean
  readonly sid: number
  readonly role: MemberRole
  readonly committed: QuorumVerifier
  readonly lastSeen: QuorumVerifier
  /** The leader of the current vote, null for none. */
  readonly currentLeader: number | null
}

/** The vote that stands after a change of configuration that named a leader. */
export interface SuggestedVote {
  readonly leader: number
  readonly zxid: number
  readonly electionEpoch: -1
  readonly peerEpoch: -1
}

/** What a configuration that comes into force changes. */
export interface ReconfigOutcome {
  readonly committed: QuorumVerifier
  readonly lastSeen: QuorumVerifier
  /** The configuration is newer than the committed one: its dynamic file is written and the static file points to it. */
  readonly isNewer: boolean
  /** No proposal is ahead of the committed configuration any more: `.next` is deleted. */
  readonly isNextDone: boolean
  /** `/zookeeper/config` is written anew from the committed configuration. */
  readonly writesConfigNode: boolean
  readonly restartsElection: boolean
  /** The port for clients is bound anew. */
  readonly rebindsClientPort: boolean
  readonly role: MemberRole
  /** The current vote becomes this one, null leaves it. */
  readonly vote: SuggestedVote | null
  /** True: after the role has ended the server goes straight to the new one, false: to LOOKING, null: as it was. */
  readonly skipsElection: boolean | null
  /** The role or the leader changes: the present role ends. */
  readonly isMajor: boolean
}

/**
 * What changes when `next` comes into force. `suggestedLeader` is who the leader says leads from now on, null when nobody
 * said so; `zxid` is the transaction that brought it.
 */
export function processReconfig(
  state: ReconfigContext,
  next: QuorumVerifier,
  suggestedLeader: number | null,
  zxid: number,
  restartsElection: boolean,
): ReconfigOutcome {
  if (!state.isReconfigEnabled) return unchanged(state, false)
  if (state.committed.version >= next.version) return unchanged(state, true)
  const settled = {
    ...unchanged(state, true),
    committed: next,
    lastSeen: state.lastSeen.version < next.version ? next : state.lastSeen,
    isNewer: true,
    isNextDone: state.lastSeen.version <= next.version,
  }
  return state.committed.equals(next) ? settled : { ...settled, ...changes(state, next, suggestedLeader, zxid, restartsElection) }
}

function unchanged(state: ReconfigContext, isEnabled: boolean): ReconfigOutcome {
  return {
    committed: state.committed,
    lastSeen: state.lastSeen,
    isNewer: false,
    isNextDone: isEnabled && state.lastSeen.version === state.committed.version,
    writesConfigNode: isEnabled,
    restartsElection: false,
    rebindsClientPort: false,
    role: state.role,
    vote: null,
    skipsElection: null,
    isMajor: false,
  }
}

/** What a configuration changes that is not equal to the one before. */
function changes(
  state: ReconfigContext,
  next: QuorumVerifier,
  suggestedLeader: number | null,
  zxid: number,
  restartsElection: boolean,
): Partial<ReconfigOutcome> {
  const role: MemberRole = next.observers.has(state.sid) ? 'observer' : 'participant'
  const isRoleChanged = role !== state.role
  const isLeaderChanged = suggestedLeader === null ? !keepsLeader(state, next) : suggestedLeader !== state.currentLeader
  const isSuggestionNew = suggestedLeader !== null && isLeaderChanged
  return {
    restartsElection,
    rebindsClientPort: isClientAddressChanged(state, next),
    role,
    vote: isSuggestionNew ? { leader: suggestedLeader, zxid, electionEpoch: -1, peerEpoch: -1 } : null,
    skipsElection: suggestedLeader === null ? false : isRoleChanged || isLeaderChanged ? true : null,
    isMajor: isRoleChanged || isLeaderChanged,
  }
}

/** True when the current leader votes before and after, and is reached as before. */
function keepsLeader(state: ReconfigContext, next: QuorumVerifier): boolean {
  return state.currentLeader !== null && staysReachable(state.currentLeader, state.committed, next)
}

/** A member that is not listed, or without an address for clients, keeps the address it has. */
function isClientAddressChanged(state: ReconfigContext, next: QuorumVerifier): boolean {
  const client = next.member(state.sid)?.client ?? null
  const before = state.committed.member(state.sid)?.client ?? null
  if (client === null) return false
  return before === null || before.host !== client.host || before.port !== client.port
}
