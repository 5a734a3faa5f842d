/** What a server is left with when a schedule has been played: its whole tree, and what its four-letter words say. */
import { RawClient } from '../../../support/raw-client.ts'
import { fourLetterWord, type ServerProcess } from '../../../support/server-process.ts'
import { type DumpedNode, dumpTree } from '../../../support/tree.ts'
import { SUPER_AUTH } from '../../compat-server.ts'
import { aclText, dataText, type ReplyDecoder } from './decoder.ts'
import type { ServerProfile } from './profile.ts'

/** Lines by name, each comparable. */
export type ServerState = ReadonlyMap<string, string>

const LINES_SHOWN_MAX = 8
const NOT_TOLD = 'not told'

/** Counters of `mntr` that follow from the requests alone, and mean the same with both. */
const COUNTERS = [
  ...['znode_count', 'watch_count', 'ephemerals_count', 'num_alive_connections', 'outstanding_requests'],
  ...['global_sessions', 'local_sessions', 'digest_mismatches_count', 'add_dead_watcher_queued', 'connection_rejected'],
  ...['stale_sessions_expired', 'dead_watchers_queued'],
].map((name) => `zk_${name}`)

export async function readState(server: ServerProcess, profile: ServerProfile, decoder: ReplyDecoder): Promise<ServerState> {
  const { target, host, port } = server
  const state = new Map<string, string>()
  for (const line of await wordLines(port, decoder)) state.set(line, line)
  for (const [name, text] of await counters(port))
    if (!profile.countsWatchesTwice || !name.endsWith('watch_count')) state.set(name, text)
  // Apache's server predicts a wrong digest for a create with the flags of a container; there must be none in ours.
  if (target === 'apache') state.set('zk_digest_mismatches_count', '0')
  const tree = await readTree(host, port, decoder)
  for (const [path, text] of tree) state.set(`node ${path}`, text)
  return state
}

export interface StateDifference {
  /** The name of the first line that the two do not share. */
  readonly name: string
  /** Some such lines. */
  readonly text: string
}

/** Apache's server does not always tell all of its counters. */
export function compareStates(apache: ServerState, ours: ServerState): StateDifference | null {
  const names = [...new Set([...apache.keys(), ...ours.keys()])].filter(
    (name) => apache.get(name) !== ours.get(name) && apache.get(name) !== NOT_TOLD,
  )
  const [first] = names
  if (first === undefined) return null
  const lines = names.slice(0, LINES_SHOWN_MAX).map((name) => {
    return `  ${name}\n    apache: ${apache.get(name) ?? 'nothing'}\n    ours:   ${ours.get(name) ?? 'nothing'}`
  })
  return { name: first, text: lines.join('\n') }
}

/** All nodes as an administrator sees them; the session that looks is closed again. */
export async function readTree(host: string, port: number, decoder: ReplyDecoder): Promise<ReadonlyMap<string, string>> {
  const administrator = await RawClient.connect(host, port, { timeoutMs: 60_000 })
  decoder.session(administrator.sessionId)
  await administrator.auth('digest', SUPER_AUTH)
  const nodes = await dumpTree(administrator)
  await administrator.close()
  return new Map(nodes.map((node) => [node.path, nodeText(node, decoder)]))
}

function nodeText({ data, stat, acl }: DumpedNode, decoder: ReplyDecoder): string {
  return `${dataText(data === null ? null : Buffer.from(data, 'hex'))} ${decoder.stat(stat)} ${aclText(acl)}`
}

async function counters(port: number): Promise<ReadonlyMap<string, string>> {
  const lines = (await fourLetterWord(port, 'mntr')).split('\n').map((line) => line.split('\t'))
  const values = new Map(lines.map(([name, value]) => [name ?? '', value ?? '']))
  return new Map(COUNTERS.map((name) => [name, values.get(name) ?? NOT_TOLD]))
}

/** The lines of the words about sessions and watches; lines of one word come in no order. */
async function wordLines(port: number, decoder: ReplyDecoder): Promise<readonly string[]> {
  const lines: string[] = []
  for (const word of ['wchs', 'wchc', 'wchp', 'dump', 'cons', 'srvr']) {
    const text = await fourLetterWord(port, word)
    let heading = ''
    for (const line of (word === 'dump' ? ephemeralsOf(text) : text).split('\n')) {
      const comparable = comparableLine(line, decoder)
      if (!line.startsWith('\t')) heading = comparable ?? ''
      if (comparable === null || isBareHeading(word, line)) continue
      lines.push(`${word}: ${line.startsWith('\t') ? `${heading} has ${comparable}` : comparable}`)
    }
  }
  return lines.sort()
}

/** What `dump` says of ephemeral nodes; the rest are moments at which sessions and connections expire. */
function ephemeralsOf(dump: string): string {
  const from = dump.indexOf('Sessions with Ephemerals')
  const to = dump.indexOf('Connections dump')
  return dump.slice(from, to < 0 ? undefined : to)
}

/** Apache's server lists sessions that had ephemeral nodes or watches, too: those have a heading and no lines. */
function isBareHeading(word: string, line: string): boolean {
  return (word === 'dump' || word === 'wchc') && !line.startsWith('\t')
}

/** Null for lines of times and of versions. */
function comparableLine(line: string, decoder: ReplyDecoder): string | null {
  if (/^$|expire at|^Zookeeper version|^Latency|^Received|^Sent|^Connections/.test(line)) return null
  return (
    line
      .trim()
      .replaceAll(/0x[0-9a-f]{10,16}/g, (id) => decoder.session(BigInt.asIntN(64, BigInt(id))))
      .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
      // Of a session that was taken up again Apache's server tells a number before it has one.
      .replace(/lcxid=0x0,/, '')
      // Nor do those of which nothing is left count as watching.
      .replace(/^\d+ connections watching/, 'watching')
      .replaceAll(/(queued|est|lresp|llat|minlat|avglat|maxlat)=[\d.]+/g, '$1=<n>')
  )
}
