import type { ZooKeeper } from '@tskeeper/client'
import { FifoQueue, type TakenEntry } from '@tskeeper/recipes'
import type { WorkQueue } from '../workload/recipe-shelf.ts'

/** A queue whose takers do not claim what they take: as it is written by hand when nobody thinks of the others. */
export class HandmadeQueue implements WorkQueue {
  private readonly zk: ZooKeeper
  private readonly path: string
  private readonly deletesFirst: boolean

  constructor(zk: ZooKeeper, path: string, deletesFirst: boolean) {
    this.zk = zk
    this.path = path
    this.deletesFirst = deletesFirst
  }

  put(data: string): Promise<string | null> {
    return new FifoQueue(this.zk, this.path).put(data)
  }

  async poll(): Promise<TakenEntry | null> {
    const { zk } = this
    const directory = `${this.path}/entries`
    const [first] = (await zk.exists(directory)) === null ? [] : (await zk.children(directory)).sort(byNumber)
    if (first === undefined) return null
    const path = `${directory}/${first}`
    const { data, stat } = await zk.get(path)
    if (this.deletesFirst) await zk.delete(path)
    const entry = {
      data,
      path,
      // Each taking has a larger one, as far as that goes without a claim.
      fencingToken: stat.mzxid * 1000n + BigInt(++takingCount),
      signal: new AbortController().signal,
      acknowledge: () => (this.deletesFirst ? Promise.resolve() : zk.delete(path)),
      release: () => Promise.resolve(),
    }
    return entry as unknown as TakenEntry
  }
}

let takingCount = 0

function byNumber(one: string, other: string): number {
  return one.slice(-10) < other.slice(-10) ? -1 : 1
}
