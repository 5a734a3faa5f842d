// A place in a line: an ephemeral sequential node in a directory, whose number says when it came.
//
// Locks, elections and semaphores are lines of which the first may go. Whoever waits watches one node, the nearest one that
// is in its way, so that a release wakes one waiter and not all.

import { type Acl, type DataInput, isZooKeeperError, type ZooKeeper } from '@tskeeper/client'
import { unlessAborted } from '../session/cancellation.ts'
import { isSessionOver, persevere } from '../session/persevere.ts'
import { watchNode } from '../session/shared-watch.ts'
import { childPath, nameOf } from './directory.ts'
import { createProtected, deleteInSession } from './protected-create.ts'
import { compareSequence, parseSequentialName, type SequentialName } from './sequence.ts'

/** Where to stand in line, and how. */
export interface LineOptions {
  readonly directory: string
  /** The marker of the own node. */
  readonly kind: string
  /** The markers of all nodes that belong to the line. */
  readonly kinds: readonly string[]
  readonly data: DataInput
  readonly acl: readonly Acl[]
}

/** Gives what is in the way of the node at `index` of a line in its order, or null if nothing is. */
export type Blocker = (line: readonly SequentialName[], index: number) => SequentialName | null

/** One node in a line. */
export interface Place {
  readonly zk: ZooKeeper
  readonly path: string
  readonly name: string
  readonly options: LineOptions
  /** The session that the node lives in. */
  readonly sessionId: bigint
  /** The transaction that created the node: larger than those of all nodes that came before. */
  readonly czxid: bigint
}

/** The own node is not there any more: its session ended, or somebody deleted it. Whoever waited lines up again. */
export class PlaceLostError extends Error {
  override readonly name: string = 'PlaceLostError'
}

/** Whether whoever waited may line up again in the session that the client has now. */
export function isPlaceLost(error: unknown): boolean {
  return error instanceof PlaceLostError || isSessionOver(error)
}

/** Goes to the end of the line. If the waiting is called off, a node that the server may have created is deleted. */
export async function takePlace(zk: ZooKeeper, options: LineOptions, signal: AbortSignal | null): Promise<Place> {
  signal?.throwIfAborted()
  const creating = createProtected(zk, { ...options, mode: 'ephemeral-sequential' }).then(
    ({ path, stat }): Place => ({
      zk,
      path,
      name: nameOf(path),
      options,
      sessionId: stat.ephemeralOwner,
      czxid: stat.czxid,
    }),
  )
  try {
    return await unlessAborted(signal, creating)
  } catch (error) {
    leaveLater(creating)
    throw error
  }
}

/** Deletes the node. Settles when it is gone: deleted, or with its session. */
export function leavePlace(place: Place): Promise<void> {
  return deleteInSession(place.zk, place.path, place.sessionId)
}

/**
 * Deletes the node when and if it is created, without making the caller wait. The request is on its way before the caller
 * goes on, if there is a connection. What can fail is the permission; the node goes with its session then.
 */
export function leaveLater(place: Place | Promise<Place>): void {
  Promise.resolve(place)
    .then(leavePlace)
    .catch(() => undefined)
}

/** Settles when nothing is in the way any more. Rejects with what `isPlaceLost` knows when the own node has gone. */
export async function untilTurn(place: Place, blocker: Blocker, signal: AbortSignal | null): Promise<void> {
  for (;;) {
    const obstacle = await findObstacle(place, blocker, signal)
    if (obstacle === null) return
    const watched = await watchNode(place.zk, childPath(place.options.directory, obstacle.name), signal)
    // A watch tells of the end of its own session only; this one may have been set in the next session already.
    if (place.zk.sessionId !== place.sessionId) throw new PlaceLostError(`${place.path} has gone with its session`)
    if (watched !== null) await unlessAborted(signal, watched.changed)
  }
}

/** What is in the way of the place now; null if nothing is. */
export async function findObstacle(place: Place, blocker: Blocker, signal: AbortSignal | null): Promise<SequentialName | null> {
  const { zk, options } = place
  const names = await persevere(zk, signal, () => zk.children(options.directory)).catch((error: unknown) => {
    if (isZooKeeperError(error, 'NO_NODE')) throw new PlaceLostError(`${place.path} has gone with its directory`)
    throw error
  })
  const line = await sortLine(zk, options, names, signal)
  const index = line.findIndex((entry) => entry.name === place.name)
  if (index < 0) throw new PlaceLostError(`${place.path} has gone`)
  return blocker(line, index)
}

/** Those of `names` that stand in the line, in the order in which they came. */
export async function sortLine(
  zk: ZooKeeper,
  options: Pick<LineOptions, 'directory' | 'kinds'>,
  names: readonly string[],
  signal: AbortSignal | null,
): Promise<SequentialName[]> {
  const line = names.flatMap((name) => parseSequentialName(name, options.kinds) ?? [])
  line.sort((left, right) => compareSequence(left.sequence, right.sequence))
  const hasTies = line.some((entry, index) => index > 0 && entry.sequence === line[index - 1]?.sequence)
  return hasTies ? sortByCreation(zk, options.directory, line, signal) : line
}

/**
 * Once the counter of a directory has reached its end, servers give the same number to every node. Then the zxids of their
 * creations decide; what has gone meanwhile is left out.
 */
async function sortByCreation(
  zk: ZooKeeper,
  directory: string,
  line: readonly SequentialName[],
  signal: AbortSignal | null,
): Promise<SequentialName[]> {
  const found = await Promise.all(
    line.map(async (entry) => {
      const stat = await persevere(zk, signal, () => zk.exists(childPath(directory, entry.name)))
      return stat === null ? null : { entry, czxid: stat.czxid }
    }),
  )
  const living = found.filter((item) => item !== null)
  living.sort((left, right) => (left.czxid < right.czxid ? -1 : 1))
  return living.map((item) => item.entry)
}

/** In the way is whoever stands directly before: an exclusive line. */
export const blockedByPredecessor: Blocker = (line, index) => line[index - 1] ?? null
