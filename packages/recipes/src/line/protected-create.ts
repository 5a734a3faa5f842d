// Creating a sequential node exactly once although answers get lost.
//
// The server chooses the name of a sequential node, so a client that loses the connection before the answer does not know
// whether there is such a node, nor which one it is. Each node therefore carries a mark of its own in front:
//
//   _c_<uuid>-lock-0000000012        the layout of Curator's protected nodes
//
// and after a loss the directory is searched for the mark. The `sync` before the search makes sure that the lost request, if
// it was on its way, has either taken effect or never will: servers refuse what arrives on an abandoned connection once the
// session has moved to another one.
//
// This is for nodes that nobody else deletes before their creator has found them. The entries of queues are not such nodes.

import { type Acl, type CreatedNode, type DataInput, isZooKeeperError, retries, type ZooKeeper } from '@tskeeper/client'
import { isSessionOver, isTransient, persevere, persevereAcrossSessions, recover, untilConnected } from '../session/persevere.ts'
import { childPath, ensureDirectory } from './directory.ts'
import { makeUuid } from './unique.ts'

/** Kinds of nodes that can be created so. */
export type ProtectedMode = 'ephemeral-sequential' | 'persistent-sequential'

/** What to create. */
export interface ProtectedCreate {
  readonly directory: string
  /** What stands between the mark and the number, for example `lock-`. */
  readonly kind: string
  readonly data: DataInput
  readonly acl: readonly Acl[]
  readonly mode: ProtectedMode
}

/**
 * Creates the node, and its directory if that is missing. It goes on over lost connections, and in the next session if the
 * client renews its session; it cannot be called off, since only its result tells what has to be cleaned up.
 */
export async function createProtected(zk: ZooKeeper, create: ProtectedCreate): Promise<CreatedNode> {
  const prefix = `_c_${makeUuid(zk.runtime.random)}-${create.kind}`
  let isAmbiguous = false
  // A client that repeats ambiguous writes by itself would create the node twice: it must leave that to this loop.
  for (let failures = 1; ; failures += 1) {
    try {
      const lost = isAmbiguous ? await findByPrefix(zk, create, prefix) : null
      if (lost !== null) return lost
      isAmbiguous = false
      return await zk.createWithStat(childPath(create.directory, prefix), create.data, {
        mode: create.mode,
        acl: create.acl,
        retry: retries.none,
      })
    } catch (error) {
      isAmbiguous ||= isZooKeeperError(error) && error.mayHaveBeenApplied
      await prepareNextAttempt(zk, create, error, failures)
    }
  }
}

async function prepareNextAttempt(zk: ZooKeeper, create: ProtectedCreate, error: unknown, failures: number): Promise<void> {
  if (isZooKeeperError(error, 'NO_NODE')) await ensureDirectory(zk, create.directory, create.acl, null)
  else if (isSessionOver(error)) await untilConnected(zk, null)
  else if (isTransient(error)) await recover(zk, null, failures)
  else throw error
}

/** The node with the prefix, if it is there and, being ephemeral, lives as long as the present session. */
async function findByPrefix(zk: ZooKeeper, create: ProtectedCreate, prefix: string): Promise<CreatedNode | null> {
  const { directory, mode } = create
  await zk.sync(directory)
  const names = await childrenOrNone(zk, directory)
  const name = names.find((candidate) => candidate.startsWith(prefix))
  if (name === undefined) return null
  const path = childPath(directory, name)
  const stat = await zk.exists(path)
  if (stat === null) return null
  return mode === 'ephemeral-sequential' && stat.ephemeralOwner !== zk.sessionId ? null : { path, stat }
}

/** The children of a node; none if it does not exist. One attempt. */
export async function childrenOrNone(zk: ZooKeeper, directory: string): Promise<string[]> {
  try {
    return await zk.children(directory)
  } catch (error) {
    if (isZooKeeperError(error, 'NO_NODE')) return []
    throw error
  }
}

/** Deletes a node, once or again, whoever deletes it; goes on over lost connections and in the next session. */
export async function deleteSurely(zk: ZooKeeper, path: string, signal: AbortSignal | null = null): Promise<void> {
  await persevereAcrossSessions(zk, signal, () => zk.delete(path, { missingOk: true }))
}

/**
 * Deletes a node of one session, whose name somebody else may use in another one. What is asked for in a session is carried out in that
 * session or not at all; so it is enough to look which one it is at each attempt. Settles when the node is gone.
 */
export async function deleteInSession(zk: ZooKeeper, path: string, sessionId: bigint): Promise<void> {
  try {
    await persevere(zk, null, async () => {
      if (zk.sessionId === sessionId) await zk.delete(path, { missingOk: true })
    })
  } catch (error) {
    // The node goes with its session, which is what such an error is about.
    if (!isZooKeeperError(error) || error.category !== 'session') throw error
  }
}
