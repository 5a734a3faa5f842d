/**
 * Where a client stands.
 *
 * ```
 *  connecting -> connected | connected-read-only -> suspended -> connected | connected-read-only
 *                                                   suspended -> expired (a server said so)
 *  any -> closed (by `close()`) | auth-failed (a server refused the credentials)
 * ```
 *
 * `expired`, `auth-failed` and `closed` are final, except that a client with `renewSession` goes from
 * `expired` to `connecting`, with a new session.
 */
export type ClientState = 'connecting' | 'connected' | 'connected-read-only' | 'suspended' | 'expired' | 'auth-failed' | 'closed'

/** A step from one state to the next. */
export interface StateChange {
  readonly state: ClientState
  readonly previous: ClientState
  /** The session at that moment; 0n when there is none yet. */
  readonly sessionId: bigint
  /** `host:port` of the server, while connected. */
  readonly server: string | null
  /** What caused it, for the states that are not good. */
  readonly cause: Error | null
}

/** Whether a client in this state has a server to talk to. */
export function isConnectedState(state: ClientState): boolean {
  return state === 'connected' || state === 'connected-read-only'
}

/** Whether a client in this state will never do anything again (unless it renews its session). */
export function isFinalState(state: ClientState): boolean {
  return state === 'expired' || state === 'auth-failed' || state === 'closed'
}
