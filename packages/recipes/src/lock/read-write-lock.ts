import type { DataInput, ZooKeeper } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory } from '../line/directory.ts'
import { type Blocker, blockedByPredecessor, type LineOptions } from '../line/place.ts'
import type { WaitOptions } from '../session/cancellation.ts'
import type { Acquirable, Lease } from './lease.ts'
import { acquireInLine, tryAcquireInLine } from './line-lease.ts'

const READ = '__READ__'
const WRITE = '__WRIT__'

/** One side of a read/write lock. */
export interface LockSide extends Acquirable {
  acquire(options?: WaitOptions): Promise<Lease>
  /** The lease, if it can be had now; null otherwise. */
  tryAcquire(options?: WaitOptions): Promise<Lease | null>
}

/**
 * A lock that many readers or one writer can have, granted in the order of asking.
 *
 * **Guarantees.** While a writer has the lock nobody else has it; readers overlap. The line is one: a reader that comes after a
 * waiting writer waits for it, so neither side starves. A reader watches the nearest writer before it and a writer its
 * predecessor: a release wakes the next writer, or all readers that can go at once, and nobody else. A writer's fencing token is
 * larger than those of all readers and writers before it.
 *
 * **Failure modes**: those of `Lock`. There is no upgrade or downgrade: a reader that asks to write waits for itself.
 *
 * **Layout**, that of Curator's InterProcessReadWriteLock: `<path>/_c_<uuid>-__READ__<number>` and `<path>/_c_<uuid>-__WRIT__<number>`.
 *
 * ```ts
 * const lock = new ReadWriteLock(zk, '/catalogue')
 * await using lease = await lock.read.acquire()
 * ```
 */
export class ReadWriteLock {
  readonly path: string
  /** The shared side. */
  readonly read: LockSide
  /** The exclusive side. */
  readonly write: LockSide

  constructor(zk: ZooKeeper, path: string, options: AccessOptions & { readonly data?: DataInput } = {}) {
    this.path = checkDirectory(path)
    const line = { directory: path, kinds: [READ, WRITE], data: options.data ?? '', acl: aclOf(options) }
    this.read = new Side(zk, { ...line, kind: READ }, blockedByWriter)
    this.write = new Side(zk, { ...line, kind: WRITE }, blockedByPredecessor)
  }
}

/** In the way of a reader is the nearest writer before it. */
const blockedByWriter: Blocker = (line, index) => line.slice(0, index).findLast((entry) => entry.kind === WRITE) ?? null

class Side implements LockSide {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #line: LineOptions
  readonly #blocker: Blocker

  constructor(zk: ZooKeeper, line: LineOptions, blocker: Blocker) {
    this.#zk = zk
    this.#line = line
    this.#blocker = blocker
    this.path = line.directory
  }

  acquire(options?: WaitOptions): Promise<Lease> {
    return acquireInLine(this.#zk, this.#line, this.#blocker, options)
  }

  tryAcquire(options?: WaitOptions): Promise<Lease | null> {
    return tryAcquireInLine(this.#zk, this.#line, this.#blocker, options)
  }
}
