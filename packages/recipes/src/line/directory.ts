import { type Acl, isZooKeeperError, type NodeValue, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import { persevereAcrossSessions } from '../session/persevere.ts'

/** Joins a node's path and a child's name. */
export function childPath(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`
}

/** The last component of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The path of the node above; empty for a node below the root. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** Checks the path that a recipe is made for, while the caller is still there to hear of it. */
export function checkDirectory(path: string): string {
  if (/^(?:\/[^/]+)+$/.test(path)) return path
  throw new ZooKeeperError('BAD_ARGUMENTS', `"${path}" is not the path of a node below the root`, { path })
}

/**
 * Creates a node and what is missing above it, all as containers: servers delete them some time after their last child has
 * gone, so a recipe leaves nothing behind. Nodes that exist stay what they are. Where a server says that it knows no containers,
 * the nodes are persistent. Each node that is created gets the access control list. An empty path is the client's root, which is not created: it may be a chroot that somebody forgot.
 */
export async function ensureDirectory(
  zk: ZooKeeper,
  path: string,
  acl: readonly Acl[],
  signal: AbortSignal | null,
): Promise<void> {
  if (path === '') return checkRoot(zk, signal)
  for (;;) {
    try {
      await persevereAcrossSessions(zk, signal, () => createDirectory(zk, path, acl))
      return
    } catch (error) {
      if (!isZooKeeperError(error, 'NO_NODE')) throw error
      await ensureDirectory(zk, parentOf(path), acl, signal)
    }
  }
}

async function checkRoot(zk: ZooKeeper, signal: AbortSignal | null): Promise<void> {
  const stat = await persevereAcrossSessions(zk, signal, () => zk.exists('/'))
  if (stat === null) throw new ZooKeeperError('NO_NODE', `the client's root ${zk.chroot} does not exist`, { path: '/' })
}

async function createDirectory(zk: ZooKeeper, path: string, acl: readonly Acl[]): Promise<void> {
  try {
    await zk.create(path, '', { mode: 'container', acl })
  } catch (error) {
    if (isZooKeeperError(error, 'NODE_EXISTS')) return
    if (!isZooKeeperError(error, 'UNIMPLEMENTED')) throw error
    await createPersistentDirectory(zk, path, acl)
  }
}

async function createPersistentDirectory(zk: ZooKeeper, path: string, acl: readonly Acl[]): Promise<void> {
  try {
    await zk.create(path, '', { acl })
  } catch (error) {
    if (!isZooKeeperError(error, 'NODE_EXISTS')) throw error
  }
}

/** The children of a directory; none if it does not exist. */
export async function listDirectory(zk: ZooKeeper, path: string, signal: AbortSignal | null): Promise<string[]> {
  try {
    return await persevereAcrossSessions(zk, signal, () => zk.children(path))
  } catch (error) {
    if (isZooKeeperError(error, 'NO_NODE')) return []
    throw error
  }
}

/** A node's value; null if it does not exist. */
export async function readNode(zk: ZooKeeper, path: string, signal: AbortSignal | null): Promise<NodeValue | null> {
  try {
    return await persevereAcrossSessions(zk, signal, () => zk.get(path))
  } catch (error) {
    if (isZooKeeperError(error, 'NO_NODE')) return null
    throw error
  }
}
