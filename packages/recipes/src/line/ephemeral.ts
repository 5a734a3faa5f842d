import { type DataInput, isZooKeeperError, type Stat, type ZooKeeper } from '@tskeeper/client'
import { persevere } from '../session/persevere.ts'
import { ensureDirectory, parentOf } from './directory.ts'

/**
 * Creates an ephemeral node with a given name in the present session, and its directory if that is missing. Gives its Stat, also when
 * an earlier attempt created it and its answer was lost; null if a node of another session is in the way.
 */
export async function createEphemeral(
  zk: ZooKeeper,
  path: string,
  data: DataInput,
  signal: AbortSignal | null,
): Promise<Stat | null> {
  for (;;) {
    try {
      return (await persevere(zk, signal, () => zk.createWithStat(path, data, { mode: 'ephemeral' }))).stat
    } catch (error) {
      if (isZooKeeperError(error, 'NO_NODE')) {
        await ensureDirectory(zk, parentOf(path), signal)
      } else if (isZooKeeperError(error, 'NODE_EXISTS')) {
        const stat = await persevere(zk, signal, () => zk.exists(path))
        if (stat !== null) return stat.ephemeralOwner === zk.sessionId ? stat : null
      } else {
        throw error
      }
    }
  }
}
