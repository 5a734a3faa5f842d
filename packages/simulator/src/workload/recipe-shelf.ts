// Where the clients get their recipes from: one place, so that a mistake can be planted there.

import type { ZooKeeper } from '@tskeeper/client'
import { type Acquirable, FifoQueue, LeaderLatch, Lock, type TakenEntry } from '@tskeeper/recipes'

/** A queue, as far as the clients use it. */
export interface WorkQueue {
  put(data: string): Promise<string | null>
  poll(): Promise<TakenEntry | null>
}

export class RecipeShelf {
  lock(zk: ZooKeeper, path: string): Acquirable {
    return new Lock(zk, path)
  }

  queue(zk: ZooKeeper, path: string): WorkQueue {
    return new FifoQueue(zk, path)
  }

  candidate(zk: ZooKeeper, path: string, id: string): LeaderLatch {
    return new LeaderLatch(zk, path, { id })
  }
}
