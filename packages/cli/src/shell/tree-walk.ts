// A walk over a subtree with many questions under way at once: one after the other, each would wait for the network.

import { isZooKeeperError, type OperationOptions, type Stat, type ZooKeeper } from '@tskeeper/client'
import { childPath } from '@tskeeper/protocol'

/** Questions under way at once. */
const WINDOW = 64

/** A node on the way, with the paths of its children in order. */
export interface WalkedNode {
  readonly path: string
  readonly children: readonly string[]
  readonly stat: Stat
}

/** An answer that may have failed before anybody waited for it. */
type Outcome<T> = { readonly value: T } | { readonly error: unknown }

/**
 * Every node at and below `root`: parents before children, children in the order of their names, each followed by what is below it. What is
 * deleted meanwhile is left out; the root must exist.
 */
export function walkTree(client: ZooKeeper, root: string, operation: OperationOptions): AsyncGenerator<WalkedNode> {
  return walk(root, async (path) => {
    const { children, stat } = await client.childrenWithStat(path, operation)
    return { path, stat, children: children.sort().map((name) => childPath(path, name)) }
  })
}

/** The same with something more that `fetch` asks about each node. */
export async function* walk<T extends { readonly children: readonly string[] }>(
  root: string,
  fetch: (path: string) => Promise<T>,
): AsyncGenerator<T> {
  /** What is still to be visited, the next one last. */
  const stack: { readonly path: string; outcome: Promise<Outcome<T>> | null }[] = [{ path: root, outcome: null }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    next.outcome ??= settle(fetch(next.path))
    for (let ahead = stack.length - 1; ahead >= 0 && ahead >= stack.length - WINDOW; ahead--) {
      const entry = stack[ahead]
      if (entry !== undefined) entry.outcome ??= settle(fetch(entry.path))
    }
    const outcome = await next.outcome
    if ('error' in outcome) {
      if (next.path !== root && isZooKeeperError(outcome.error, 'NO_NODE')) continue
      throw outcome.error
    }
    yield outcome.value
    for (let index = outcome.value.children.length - 1; index >= 0; index--)
      stack.push({ path: outcome.value.children[index] ?? '', outcome: null })
  }
}

/** Runs `work` for each item, many at a time; the first failure is thrown when everything under way has ended. */
export async function forEachWide<T>(items: Iterable<T> | AsyncIterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | null = null
  for await (const item of items) {
    const task = work(item).then(
      () => undefined,
      (error: unknown) => {
        failure ??= { error }
      },
    )
    running.add(task)
    void task.finally(() => running.delete(task))
    if (running.size >= WINDOW) await Promise.race(running)
    if (failure !== null) break
  }
  await Promise.all(running)
  const failed = failure as { readonly error: unknown } | null
  if (failed !== null) throw failed.error
}

function settle<T>(promise: Promise<T>): Promise<Outcome<T>> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}
