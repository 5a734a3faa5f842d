import { childPath } from '@tskeeper/protocol'
import { isZooKeeperError, ZooKeeperError } from '../errors.ts'
import type { OperationOptions } from '../options.ts'
import type { Session } from '../session/session.ts'
import { badArguments } from './arguments.ts'
import { type AttemptContext, Limits, withRetries } from './attempts.ts'
import { getChildren } from './read-operations.ts'
import { deleteNode } from './write-operations.ts'

/** How many requests a recursive delete has under way at most. */
const BATCH = 500

/** Deletes a node and everything below it, and repeats that as the options say. Rejects with `NO_NODE` when it was not there. */
export async function deleteSubtree(
  session: Session,
  context: AttemptContext,
  path: string,
  serverPath: string,
  version: number,
  options: OperationOptions,
): Promise<void> {
  if (path === '/') throw badArguments(path, 'the root cannot be deleted')
  // Deleting again what may be deleted already does no harm: every attempt looks what is there.
  const wasThere = await withRetries(context, true, options, (limits) => {
    const rest = new Limits(context, limits)
    return deleteTree(session, path, serverPath, version, () => rest.remaining())
  })
  if (!wasThere)
    throw new ZooKeeperError('NO_NODE', `delete ${path}: the node does not exist (NO_NODE)`, { path, wireCode: -101 })
}

/**
 * Deletes a node and everything below it, the lowest first. What others create meanwhile is found by another round; nodes that others
 * delete meanwhile are no problem. Returns whether the top node was there.
 */
async function deleteTree(
  session: Session,
  path: string,
  serverPath: string,
  version: number,
  options: () => OperationOptions,
): Promise<boolean> {
  for (;;) {
    const below = await listBelow(session, serverPath, options)
    if (below === null) return false
    await deleteAll(session, below, options)
    try {
      await session.request(deleteNode, path, serverPath, version, null, options())
      return true
    } catch (error) {
      if (isZooKeeperError(error, 'NO_NODE')) return false
      if (!isZooKeeperError(error, 'NOT_EMPTY')) throw error
    }
  }
}

/** Every path below, parents before their children; null when the top node is not there. */
async function listBelow(session: Session, top: string, options: () => OperationOptions): Promise<string[] | null> {
  const paths: string[] = []
  let level: string[] = [top]
  while (level.length > 0) {
    const next: string[] = []
    for (let start = 0; start < level.length; start += BATCH) {
      const parents = level.slice(start, start + BATCH)
      const lists = await Promise.all(parents.map((parent) => childrenOrNull(session, parent, options())))
      if (lists[0] === null && parents[0] === top) return null
      lists.forEach((names, index) => {
        for (const name of names ?? []) next.push(childPath(parents[index] as string, name))
      })
    }
    paths.push(...next)
    level = next
  }
  return paths
}

async function childrenOrNull(session: Session, path: string, options: OperationOptions): Promise<string[] | null> {
  try {
    return await session.request(getChildren, path, path, undefined, null, options)
  } catch (error) {
    if (isZooKeeperError(error, 'NO_NODE')) return null
    throw error
  }
}

/** Deletes from the end, so that children go before their parents: servers carry out a session's writes in order. */
async function deleteAll(session: Session, paths: readonly string[], options: () => OperationOptions): Promise<void> {
  for (let end = paths.length; end > 0; end -= BATCH) {
    const batch = paths.slice(Math.max(0, end - BATCH), end).reverse()
    const outcomes = await Promise.allSettled(batch.map((path) => session.request(deleteNode, path, path, -1, null, options())))
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      const { reason } = outcome
      if (!isZooKeeperError(reason, 'NO_NODE') && !isZooKeeperError(reason, 'NOT_EMPTY')) throw reason
    }
  }
}
