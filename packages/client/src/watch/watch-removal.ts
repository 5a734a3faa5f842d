import { isZooKeeperError, ZooKeeperError } from '../errors.ts'
import type { Requester } from '../operations/requester.ts'
import { removeWatches } from '../operations/watch-operations.ts'
import type { RemoveWatchesOptions } from '../options.ts'
import type { Session } from '../session/session.ts'
import { isConnectedState, isFinalState } from '../state.ts'
import type { WatchKind } from './watch-event.ts'

/** Takes all watches of a kind at a path away, from the server first; without one, from this side alone if the options say `local`. */
export async function removeAllWatches(
  session: Session,
  requester: Requester,
  path: string,
  serverPath: string,
  kind: WatchKind,
  options: RemoveWatchesOptions,
): Promise<void> {
  const isWithoutServer = (): boolean =>
    options.local === true && !isConnectedState(session.state) && !isFinalState(session.state)
  if (isWithoutServer()) return removeHere(session, path, serverPath, kind)
  try {
    await requester.repeat(true, options, (limits) => session.request(removeWatches, path, serverPath, kind, null, limits))
  } catch (error) {
    if (!isZooKeeperError(error, 'CONNECTION_LOSS') || !isWithoutServer()) throw error
    return removeHere(session, path, serverPath, kind)
  }
  session.watches.removed(kind, serverPath)
}

/** The server's side of the watches went with the connection, and the next one sets only those that are left. */
function removeHere(session: Session, path: string, serverPath: string, kind: WatchKind): void {
  if (session.watches.removed(kind, serverPath)) return
  throw new ZooKeeperError('NO_WATCHER', `removeWatches ${path}: there is no such watch (NO_WATCHER)`, { path, wireCode: -121 })
}
