// Waiting for a change of a node, with one callback for a client and node however often it is waited for: somebody who tries
// for a lock every second, and gives up each time, must not pile up watches on its holder's node. Clients keep a callback
// that is given twice only once. The reads themselves are never shared: what a recipe decides by is always asked for anew.

import { isZooKeeperError, type NodeValue, type Stat, type ZooKeeper } from '@tskeeper/client'
import { unlessAborted } from './cancellation.ts'
import { persevere } from './persevere.ts'

interface SharedWatch {
  readonly fire: () => void
  /** Settles at the first event. */
  readonly fired: Promise<void>
}

const watchesOfClient = new WeakMap<ZooKeeper, Map<string, SharedWatch>>()

/** What was read, and when that is not true any more. */
export interface Watched<T> {
  readonly value: T
  /** Settles at the first change after the read, or when the session is over. Never rejects. */
  readonly changed: Promise<void>
}

/** Reads a node, and watches its data and its existence; null if it does not exist (and is not watched then). */
export function watchNode(zk: ZooKeeper, path: string, signal: AbortSignal | null): Promise<Watched<NodeValue> | null> {
  return readShared(zk, `node ${path}`, signal, (watch) => zk.get(path, { watch }))
}

/** Reads a node's children and watches the list; null if the node does not exist (and is not watched then). */
export function watchChildren(zk: ZooKeeper, path: string, signal: AbortSignal | null): Promise<Watched<string[]> | null> {
  return readShared(zk, `children ${path}`, signal, (watch) => zk.children(path, { watch }))
}

/** Whether a node exists, and a watch for its creation, change or deletion. */
export async function watchExistence(zk: ZooKeeper, path: string, signal: AbortSignal | null): Promise<Watched<Stat | null>> {
  const watched = await readShared(zk, `existence ${path}`, signal, (watch) => zk.exists(path, { watch }))
  // Only a read of a node can say that there is none, and `exists` gives null for that.
  return watched ?? watchExistence(zk, path, signal)
}

async function readShared<T>(
  zk: ZooKeeper,
  key: string,
  signal: AbortSignal | null,
  read: (watch: () => void) => Promise<T>,
): Promise<Watched<T> | null> {
  const shared = sharedWatch(zk, key)
  try {
    const value = await unlessAborted(
      signal,
      persevere(zk, signal, () => read(shared.fire)),
    )
    return { value, changed: shared.fired }
  } catch (error) {
    if (!isZooKeeperError(error, 'NO_NODE')) throw error
    watchesOfClient.get(zk)?.delete(key)
    return null
  }
}

function sharedWatch(zk: ZooKeeper, key: string): SharedWatch {
  let watches = watchesOfClient.get(zk)
  if (watches === undefined) {
    watches = new Map()
    watchesOfClient.set(zk, watches)
  }
  const known = watches.get(key)
  if (known !== undefined) return known
  const made = makeWatch(() => watches.delete(key))
  watches.set(key, made)
  return made
}

function makeWatch(forget: () => void): SharedWatch {
  let resolve: () => void = () => {}
  const fired = new Promise<void>((settle) => {
    resolve = settle
  })
  const fire = (): void => {
    forget()
    resolve()
  }
  return { fire, fired }
}
