import { RawClient } from '../support/raw-client.ts'
import type { History } from './history.ts'
import type { ShownNode } from './oracle.ts'

/** Reads the tree, without what is skipped: the server's own nodes unless said. */
export async function walkTree(
  client: RawClient,
  isSkipped: (path: string) => boolean = (path) => path === '/zookeeper',
): Promise<Map<string, ShownNode>> {
  const shown = new Map<string, ShownNode>()
  let level = ['/']
  while (level.length > 0) {
    const nodes = await Promise.all(level.map((path) => readNode(client, path)))
    for (const node of nodes) shown.set(node.path, node)
    level = nodes.flatMap((node) => node.children.map((name) => `${node.path === '/' ? '' : node.path}/${name}`))
    level = level.filter((path) => !isSkipped(path))
  }
  return shown
}

/** The same over a connection of its own. */
export async function walkTreeOf(history: History, port: number): Promise<Map<string, ShownNode>> {
  const client = await openObserver(history, port)
  try {
    return await walkTree(client)
  } finally {
    await client.close()
  }
}

/** A client that only reads; the oracle must know that its session is ours. */
export async function openObserver(history: History, port: number): Promise<RawClient> {
  const client = await RawClient.connect('127.0.0.1', port)
  history.connectsSent++
  history.observers.add(client.sessionId)
  return client
}

async function readNode(client: RawClient, path: string): Promise<ShownNode> {
  const [{ data, stat }, { acl }, children] = await Promise.all([
    client.getData(path),
    client.getAcl(path),
    client.getChildren(path),
  ])
  return { path, data, stat, acl: JSON.stringify(acl), children }
}
