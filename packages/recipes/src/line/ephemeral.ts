import { type Acl, type DataInput, isZooKeeperError, type Stat, type ZooKeeper } from '@tskeeper/client'
import { persevere } from '../session/persevere.ts'
import { ensureDirectory, parentOf } from './directory.ts'

/** An ephemeral node with a given name. */
export interface EphemeralCreate {
  readonly path: string
  readonly data: DataInput
  readonly acl: readonly Acl[]
}

/**
 * Creates an ephemeral node with a given name in the present session, and its directory if that is missing. Gives its Stat, also when
 * an earlier attempt created it and its answer was lost; null if a node of another session is in the way.
 */
export async function createEphemeral(zk: ZooKeeper, create: EphemeralCreate, signal: AbortSignal | null): Promise<Stat | null> {
  const { path, data, acl } = create
  for (;;) {
    try {
      return (await persevere(zk, signal, () => zk.createWithStat(path, data, { mode: 'ephemeral', acl }))).stat
    } catch (error) {
      if (isZooKeeperError(error, 'NO_NODE')) {
        await ensureDirectory(zk, parentOf(path), acl, signal)
      } else if (isZooKeeperError(error, 'NODE_EXISTS')) {
        const stat = await persevere(zk, signal, () => zk.exists(path))
        if (stat !== null) return stat.ephemeralOwner === zk.sessionId ? stat : null
      } else {
        throw error
      }
    }
  }
}
