import { AddWatchMode, Op, WatcherType } from '@tskeeper/protocol'
import type { Operation } from '../session/request.ts'
import type { PersistentWatchMode, WatchKind } from '../watch/watch-event.ts'

/** addWatch, for a node alone and for a node with everything below it. The watch is kept from the moment of the reply, before any event. */
export const addWatch: Readonly<Record<PersistentWatchMode, Operation<undefined, undefined>>> = {
  persistent: addWatchOperation('persistent', AddWatchMode.persistent),
  'persistent-recursive': addWatchOperation('persistent-recursive', AddWatchMode.persistentRecursive),
}

function addWatchOperation(watchPlace: PersistentWatchMode, wireMode: number): Operation<undefined, undefined> {
  return {
    op: Op.addWatch,
    name: 'addWatch',
    isWrite: false,
    watchPlace,
    resultIfMissing: undefined,
    encode: (out, { serverPath }) => {
      out.writeString(serverPath)
      out.writeInt(wireMode)
    },
    decode: () => undefined,
  }
}

const WATCHER_TYPES: Readonly<Record<WatchKind, number>> = {
  data: WatcherType.data,
  children: WatcherType.children,
  any: WatcherType.any,
  persistent: WatcherType.persistent,
  'persistent-recursive': WatcherType.persistentRecursive,
}

/** removeWatches */
export const removeWatches: Operation<WatchKind, undefined> = {
  op: Op.removeWatches,
  name: 'removeWatches',
  isWrite: false,
  watchPlace: null,
  resultIfMissing: undefined,
  encode: (out, { serverPath, body }) => {
    out.writeString(serverPath)
    out.writeInt(WATCHER_TYPES[body])
  },
  decode: () => undefined,
}
