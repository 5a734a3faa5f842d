import { whenAborted } from '../abort-listeners.ts'
import { isZooKeeperError, ZooKeeperError } from '../errors.ts'
import { deadlineOf } from '../operations/arguments.ts'
import { isConnectedState, isFinalState } from '../state.ts'
import type { Session } from './session.ts'

/** What `connect` takes besides the client's options: when the waiting ends. */
export interface ConnectOptions {
  /** Ends the waiting with `ABORTED`. */
  readonly signal?: AbortSignal
  /** Milliseconds after which the waiting ends with `TIMEOUT`. Without it, it goes on until a server answers. */
  readonly deadlineMs?: number
}

/** Begins to connect and settles when that is done; rejects when the session is over instead, or the waiting. */
export function untilConnected(session: Session, { signal, deadlineMs }: ConnectOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const limitMs = deadlineOf(deadlineMs)
    const settle = (error: ZooKeeperError | null): void => {
      timer?.cancel()
      stopListening()
      unsubscribe()
      if (error === null) resolve()
      else reject(error)
    }
    const onAbort = (): void => {
      settle(new ZooKeeperError('ABORTED', 'connect: the caller has aborted it (ABORTED)', { cause: signal?.reason }))
    }
    const look = (): void => {
      if (isConnectedState(session.state)) settle(null)
      else if (isFinalState(session.state)) settle(overError(session))
    }
    const { timers } = session.settings.runtime
    const timer = limitMs === null ? null : timers.after(limitMs, () => settle(lateError(session, limitMs)))
    const unsubscribe = session.feed.onState(look)
    const stopListening = whenAborted(signal, onAbort)
    session.start()
    if (signal?.aborted === true) onAbort()
    else look()
  })
}

function lateError(session: Session, limitMs: number): ZooKeeperError {
  const cause = session.lastError ?? undefined
  const reason = cause === undefined ? '' : `; the last attempt: ${cause.message}`
  return new ZooKeeperError('TIMEOUT', `connect: no server answered within ${limitMs} ms${reason} (TIMEOUT)`, { cause })
}

function overError(session: Session): ZooKeeperError {
  const cause = session.finalCause ?? undefined
  return isZooKeeperError(cause) ? cause : new ZooKeeperError('CLOSED', 'connect: the client is closed (CLOSED)', { cause })
}
