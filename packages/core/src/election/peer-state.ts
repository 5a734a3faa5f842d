/** What a server does at the moment, as notifications tell it. */
export const PeerState = {
  /** It has no leader and looks for one. */
  LOOKING: 0,
  FOLLOWING: 1,
  LEADING: 2,
  /** It learns from a leader and does not vote. */
  OBSERVING: 3,
} as const
export type PeerState = (typeof PeerState)[keyof typeof PeerState]

/** Whether a number that a peer sent stands for a state. */
export function isPeerState(code: number): code is PeerState {
  return code >= PeerState.LOOKING && code <= PeerState.OBSERVING && Number.isInteger(code)
}
