/** Whole trees through the raw client: read node by node, and emptied. */
import { type RawAcl, type RawClient, RawReplyError, type RawStat } from './raw-client.ts'

/** Everything that a client can see of one node. */
export interface DumpedNode {
  readonly path: string
  /** Hexadecimal; null data is null. */
  readonly data: string | null
  readonly stat: RawStat
  readonly acl: readonly RawAcl[]
}

/** How many requests of a walk are under way at once. */
const REQUESTS_AT_ONCE = 64

/** Every path at and below `root`, parents before children, names in order. */
async function listPaths(client: RawClient, root = '/'): Promise<string[]> {
  const paths: string[] = []
  let level = [root]
  while (level.length > 0) {
    paths.push(...level)
    const next: string[] = []
    for (let start = 0; start < level.length; start += REQUESTS_AT_ONCE) {
      const parents = level.slice(start, start + REQUESTS_AT_ONCE)
      const lists = await Promise.all(parents.map((path) => childrenIfThere(client, path)))
      for (const [index, names] of lists.entries()) {
        const parent = parents[index] ?? ''
        for (const name of names.sort()) next.push(parent === '/' ? `/${name}` : `${parent}/${name}`)
      }
    }
    level = next
  }
  return paths
}

/** A node that goes away during the walk has no children. */
async function childrenIfThere(client: RawClient, path: string): Promise<string[]> {
  try {
    return await client.getChildren(path)
  } catch (error) {
    if (error instanceof RawReplyError && error.code === -101) return []
    throw error
  }
}

/** Reads the whole tree; the client should hold the administrator's identity, or some nodes refuse. */
export async function dumpTree(client: RawClient, root = '/'): Promise<DumpedNode[]> {
  const paths = await listPaths(client, root)
  const nodes: DumpedNode[] = []
  for (let start = 0; start < paths.length; start += REQUESTS_AT_ONCE) {
    nodes.push(...(await Promise.all(paths.slice(start, start + REQUESTS_AT_ONCE).map((path) => dumpNode(client, path)))))
  }
  return nodes
}

async function dumpNode(client: RawClient, path: string): Promise<DumpedNode> {
  const [{ data, stat }, { acl }] = await Promise.all([client.getData(path), client.getAcl(path)])
  return { path, data: data === null ? null : Buffer.from(data).toString('hex'), stat, acl }
}

/** Nodes that every tree has and that cannot be deleted. */
const RESERVED_PATHS: ReadonlySet<string> = new Set(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'])

/** Deletes everything that can be deleted, children first. */
export async function emptyTree(client: RawClient): Promise<void> {
  const paths = (await listPaths(client)).filter((path) => !RESERVED_PATHS.has(path))
  for (const path of paths.reverse()) {
    await client.delete(path).catch((error: unknown) => {
      // Ephemeral nodes, containers and nodes with a time to live go on their own meanwhile.
      if (!(error instanceof RawReplyError && error.code === -101)) throw error
    })
  }
}
