// Recipes outlive connections: an operation that fails because of one is made again on the next. Only operations that may
// be carried out twice go through here; the others (sequential creates, conditional writes, transactions) have their own
// way of finding out whether they took place.

import { isZooKeeperError, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { pause, unlessAborted } from './cancellation.ts'

/** Pause after the first failure, in milliseconds; it doubles up to the longest. */
const PAUSE_MS = 20
const PAUSE_MS_MAX = 2_000

/** Whether the same request may well succeed on the next connection, or a moment later. */
export function isTransient(error: unknown): boolean {
  return isZooKeeperError(error) && (error.category === 'connection' || error.isRetryable)
}

/** Whether the session is over, so that a client which renews its session can go on in another one. */
export function isSessionOver(error: unknown): boolean {
  return isZooKeeperError(error, 'SESSION_EXPIRED') || isZooKeeperError(error, 'UNKNOWN_SESSION')
}

/**
 * Makes `attempt` until it settles without a transient failure. Rejects as it does, or with the signal's reason; what it has begun
 * then is not waited for, and may still be carried out.
 */
export async function persevere<T>(zk: ZooKeeper, signal: AbortSignal | null, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    signal?.throwIfAborted()
    try {
      return await unlessAborted(signal, attempt())
    } catch (error) {
      if (!isTransient(error)) throw error
      await recover(zk, signal, failures)
    }
  }
}

/** As `persevere`, and goes on in the next session if the client has one. For what does not depend on the session. */
export async function persevereAcrossSessions<T>(
  zk: ZooKeeper,
  signal: AbortSignal | null,
  attempt: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await persevere(zk, signal, attempt)
    } catch (error) {
      if (!isSessionOver(error)) throw error
      await untilConnected(zk, signal)
    }
  }
}

/** Waits a little, longer after each failure, and then for a connection. Rejects if the client will never have one. */
export async function recover(zk: ZooKeeper, signal: AbortSignal | null, failures: number): Promise<void> {
  const full = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.min(failures - 1, 20))
  await pause(zk, full / 2 + (zk.runtime.random.next() * full) / 2, signal)
  await untilConnected(zk, signal)
}

/** Settles when the client has a server to talk to. Rejects if its session is over and it does not begin a new one. */
export async function untilConnected(zk: ZooKeeper, signal: AbortSignal | null): Promise<void> {
  await unlessAborted(signal, zk.connect(signal === null ? {} : { signal }))
}

/** Whether the session is over, and no other has begun. */
export function isFinal(zk: ZooKeeper): boolean {
  return zk.state === 'expired' || zk.state === 'closed' || zk.state === 'auth-failed'
}

/** The error that says how the client's session ended. */
export function endOf(zk: ZooKeeper): ZooKeeperError {
  switch (zk.state) {
    case 'closed':
      return new ZooKeeperError('CLOSED', 'the client has been closed')
    case 'auth-failed':
      return new ZooKeeperError('AUTH_FAILED', 'a server refused the credentials of the client')
    default:
      return new ZooKeeperError('SESSION_EXPIRED', 'the session has expired')
  }
}
