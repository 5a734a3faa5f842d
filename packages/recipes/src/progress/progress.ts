import { decodeJson, encodeJson, type NodeValue, type ZooKeeper } from '@tskeeper/client'
import { ChildrenCache } from '../cache/children-cache.ts'
import { MaintainedNode } from '../group/maintained-node.ts'
import type { AccessOptions } from '../line/access.ts'
import { checkDirectory, childPath } from '../line/directory.ts'
import type { WaitOptions } from '../session/cancellation.ts'

/** How far a piece of work is. */
export interface Progress {
  /** Units that are done. */
  readonly done: number
  /** Units altogether; null if that is not known. */
  readonly total: number | null
  /** For people. */
  readonly message: string
}

/** How far a worker is, as others see it. */
export interface WorkerProgress extends Progress {
  /** When it was reported, milliseconds since 1970 by the server's clock. */
  readonly reportedMs: number
}

/**
 * A worker that says how far it is, and by the same node that it lives.
 *
 * **Guarantees.** Reports are never written faster than the server takes them: those in between are left out, the last one never. The report
 * disappears with the worker's session, so a report that is there is a living worker's; a total of the work that outlives
 * workers belongs into an `AtomicCounter`.
 *
 * **Failure modes**: those of `MaintainedNode`.
 *
 * **Layout**: `<path>/<worker>`, ephemeral, with JSON: `{"done":3,"total":10,"message":"..."}`.
 *
 * ```ts
 * await using reporter = new ProgressReporter(zk, '/import', 'host-7')
 * for (const [index, file] of files.entries()) {
 *   await load(file)
 *   reporter.report({ done: index + 1, total: files.length, message: file.name })
 * }
 * await reporter.flush()
 * ```
 */
export class ProgressReporter implements AsyncDisposable {
  readonly node: MaintainedNode
  #last: Promise<void>

  constructor(zk: ZooKeeper, path: string, worker: string, progress: Partial<Progress> = {}, options: AccessOptions = {}) {
    this.node = new MaintainedNode(zk, childPath(checkDirectory(path), worker), encode(progress), options)
    this.#last = Promise.resolve()
  }

  /** Says how far the work is, and does not wait. A failure shows at `flush`. */
  report(progress: Partial<Progress>): void {
    this.#last = this.node.update(encode(progress))
    this.#last.catch(() => undefined)
  }

  /** Waits until the last report is written. */
  async flush(options?: WaitOptions): Promise<void> {
    await this.node.ready(options)
    await this.#last
  }

  /** Takes the report away. */
  close(): Promise<void> {
    return this.node.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * How far all living workers are.
 *
 * **Guarantees and failure modes** are those of `ChildrenCache`. Nodes that are not reports are left out.
 *
 * **Layout**: reads that of `ProgressReporter`.
 *
 * ```ts
 * await using board = new ProgressBoard(zk, '/import')
 * for await (const workers of board.changes()) draw(workers)
 * ```
 */
export class ProgressBoard implements AsyncDisposable {
  readonly #cache: ChildrenCache

  constructor(zk: ZooKeeper, path: string) {
    this.#cache = new ChildrenCache(zk, path)
  }

  /** Every living worker's last report, by the worker's name. */
  get workers(): ReadonlyMap<string, WorkerProgress> {
    return decodeAll(this.#cache.children)
  }

  /** Waits until all reports have been read once. */
  async ready(options?: WaitOptions): Promise<ReadonlyMap<string, WorkerProgress>> {
    const { children } = await this.#cache.ready(options)
    return decodeAll(children)
  }

  /** The reports now, and again at each change. */
  async *changes(signal?: AbortSignal): AsyncGenerator<ReadonlyMap<string, WorkerProgress>, void, undefined> {
    for await (const { children } of this.#cache.changes(signal)) yield decodeAll(children)
  }

  close(): Promise<void> {
    return this.#cache.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function encode({ done = 0, total = null, message = '' }: Partial<Progress>): Uint8Array {
  return encodeJson({ done, total, message })
}

function decodeAll(children: ReadonlyMap<string, NodeValue>): ReadonlyMap<string, WorkerProgress> {
  const workers = new Map<string, WorkerProgress>()
  for (const [name, value] of children) {
    const progress = decode(value)
    if (progress !== null) workers.set(name, progress)
  }
  return workers
}

function decode({ data, stat }: NodeValue): WorkerProgress | null {
  try {
    const value = decodeJson(data)
    if (typeof value !== 'object' || value === null) return null
    const { done, total, message } = value as Readonly<Partial<Record<keyof Progress, unknown>>>
    if (typeof done !== 'number' || (total !== null && typeof total !== 'number')) return null
    return { done, total, message: typeof message === 'string' ? message : '', reportedMs: stat.mtime }
  } catch {
    // Somebody else's node, which is not JSON.
    return null
  }
}
