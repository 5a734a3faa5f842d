import { type Acl, type DataInput, isZooKeeperError, type ZooKeeper } from '@tskeeper/client'
import { persevereAcrossSessions } from '../session/persevere.ts'
import { ensureDirectory, parentOf } from './directory.ts'

/** A node with a given name that outlives sessions. */
export interface PersistentCreate {
  readonly path: string
  readonly data: DataInput
  readonly acl: readonly Acl[]
}

/**
 * Creates a persistent node, and its directory if that is missing. Gives false if there is such a node: somebody else's, or that of an
 * earlier attempt whose answer was lost.
 */
export async function createPersistent(zk: ZooKeeper, create: PersistentCreate, signal: AbortSignal | null): Promise<boolean> {
  const { path, data, acl } = create
  for (;;) {
    try {
      await persevereAcrossSessions(zk, signal, () => zk.create(path, data, { acl }))
      return true
    } catch (error) {
      if (isZooKeeperError(error, 'NODE_EXISTS')) return false
      if (!isZooKeeperError(error, 'NO_NODE')) throw error
      await ensureDirectory(zk, parentOf(path), acl, signal)
    }
  }
}
