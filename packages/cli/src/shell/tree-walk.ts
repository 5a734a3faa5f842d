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

/** What a walk leaves out. */
export interface WalkLimits {
  /** Levels below the root. */
  readonly levels?: number
  /** Told of nodes that may not be read, which are left out; without it they end the walk. */
  readonly onDenied?: (path: string) => void
}

/** An answer that may have failed before anybody waited for it. */
type Outcome<T> = { readonly value: T } | { readonly error: unknown }

/**
 * Every node at and below `root`: parents before children, children in the order of their names, each followed by what is below it. What is
 * deleted meanwhile is left out; the root must exist.
 */
export function walkTree(
  client: ZooKeeper,
  root: string,
  operation: OperationOptions,
  limits: WalkLimits = {},
): AsyncGenerator<WalkedNode> {
  const fetch = async (path: string): Promise<WalkedNode> => {
    const { children, stat } = await client.childrenWithStat(path, operation)
    const isDeepest = limits.levels !== undefined && depthBelow(root, path) >= limits.levels
    return { path, stat, children: isDeepest ? [] : children.sort().map((name) => childPath(path, name)) }
  }
  return walk(root, fetch, limits.onDenied)
}

/** How many levels `path` lies below `root`. */
export function depthBelow(root: string, path: string): number {
  const slashes = (text: string): number => (text === '/' ? 0 : text.split('/').length - 1)
  return slashes(path) - slashes(root)
}

/**
 * The same with something more that `fetch` asks about each node. With `onDenied`, nodes below the root that may not be read are told to it and
 * left out; without it they end the walk.
 */
export async function* walk<T extends { readonly children: readonly string[] }>(
  root: string,
  fetch: (path: string) => Promise<T>,
  onDenied?: (path: string) => void,
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
      const isBelow = next.path !== root
      if (isBelow && isZooKeeperError(outcome.error, 'NO_NODE')) continue
      if (!isBelow || onDenied === undefined || !isZooKeeperError(outcome.error, 'NO_AUTH')) throw outcome.error
      onDenied(next.path)
      continue
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
