import { Violation } from '../invariants/violation.ts'
import { databaseOf } from '../probe/taps.ts'

/** All servers hold the same: nodes, their digests, ephemeral nodes by session, sessions. */
export function compareTrees(servers: readonly string[]): void {
  const [first, ...others] = servers.map((server) => ({ server, contents: describe(server) }))
  for (const other of others) {
    if (first === undefined || other.contents === first.contents) continue
    throw new Violation('equal trees', `${first.server} has ${first.contents}, ${other.server} has ${other.contents}`)
  }
}

function describe(server: string): string {
  const database = databaseOf(server)
  if (database === null) return 'nothing'
  const { tree, sessions } = database
  const ephemerals = [...tree.ephemerals]
    .filter(([, nodes]) => nodes.size > 0)
    .map(([owner, nodes]) => `${owner.toString(16)}:${nodes.size}`)
  const ids = [...sessions].map(([id, timeoutMs]) => `${id.toString(16)}:${timeoutMs}`)
  const digest = tree.digest.toBigInt()
  return `${tree.nodeCount} nodes with digest ${digest}, ephemerals ${ephemerals.sort().join(' ')}, sessions ${ids.sort().join(' ')}`
}
