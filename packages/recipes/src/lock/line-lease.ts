import type { ZooKeeper } from '@tskeeper/client'
import {
  type Blocker,
  findObstacle,
  isPlaceLost,
  type LineOptions,
  leaveLater,
  leavePlace,
  type Place,
  takePlace,
  untilTurn,
} from '../line/place.ts'
import { Cancellation, unlessAborted, type WaitOptions } from '../session/cancellation.ts'
import { isSessionOver, untilConnected } from '../session/persevere.ts'
import { NodeLease } from './lease.ts'

/**
 * Lines up and waits for the turn. A place that is lost with its session, or that somebody deletes, is taken again at the end of
 * the line, as long as the client has a session. However it fails, no node stays behind.
 */
export async function acquireInLine(
  zk: ZooKeeper,
  options: LineOptions,
  blocker: Blocker,
  wait: WaitOptions | undefined,
): Promise<NodeLease> {
  using cancellation = new Cancellation(zk, `waiting for ${options.directory}`, wait)
  const { signal } = cancellation
  for (;;) {
    const place = await takePlaceInSomeSession(zk, options, signal)
    try {
      await untilTurn(place, blocker, signal)
      const lease = NodeLease.hold(place)
      if (!lease.signal.aborted) return lease
      await unlessAborted(signal, lease.release())
    } catch (error) {
      leaveLater(place)
      if (!isPlaceLost(error)) throw error
    }
  }
}

/** As `acquireInLine`, but gives null instead of waiting for others. */
export async function tryAcquireInLine(
  zk: ZooKeeper,
  options: LineOptions,
  blocker: Blocker,
  wait: WaitOptions | undefined,
): Promise<NodeLease | null> {
  using cancellation = new Cancellation(zk, `asking for ${options.directory}`, wait)
  const { signal } = cancellation
  const place = await takePlaceInSomeSession(zk, options, signal)
  try {
    const obstacle = await findObstacle(place, blocker, signal)
    if (obstacle === null) return NodeLease.hold(place)
    await unlessAborted(signal, leavePlace(place))
    return null
  } catch (error) {
    leaveLater(place)
    if (isPlaceLost(error) && !isSessionOver(error)) return null
    throw error
  }
}

async function takePlaceInSomeSession(zk: ZooKeeper, options: LineOptions, signal: AbortSignal): Promise<Place> {
  await untilConnected(zk, signal)
  return takePlace(zk, options, signal)
}
