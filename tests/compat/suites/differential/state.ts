/** What a server is left with when a schedule has been played: its whole tree, and what its four-letter words say. */
import { RawClient } from '../../../support/raw-client.ts'
import { fourLetterWord } from '../../../support/server-process.ts'
import { type DumpedNode, dumpTree } from '../../../support/tree.ts'
import { SUPER_AUTH } from '../../compat-server.ts'
import { aclText, dataText, type ReplyDecoder } from './decoder.ts'
import type { ServerProfile } from './profile.ts'

/** Lines by name, each comparable. */
export type ServerState = ReadonlyMap<string, string>

/** Counters of `mntr` that follow from the requests alone. */
const COUNTERS = [
  ...['znode_count', 'watch_count', 'ephemerals_count', 'approximate_data_size', 'num_alive_connections', 'outstanding_requests'],
  ...['global_sessions', 'local_sessions', 'digest_mismatches_count', 'add_dead_watcher_queued', 'connection_rejected'],
  ...[
    'cnt_node_created_watch_count',
    'sum_node_created_watch_count',
    'cnt_node_deleted_watch_count',
    'sum_node_deleted_watch_count',
  ],
  ...[
    'cnt_node_changed_watch_count',
    'sum_node_changed_watch_count',
    'cnt_node_children_watch_count',
    'sum_node_children_watch_count',
  ],
  ...['stale_sessions_expired', 'dead_watchers_queued'],
].map((name) => `zk_${name}`)

export async function readState(profile: ServerProfile, host: string, port: number, decoder: ReplyDecoder): Promise<ServerState> {
  const state = new Map<string, string>()
  for (const line of await wordLines(port, decoder)) state.set(line, line)
  for (const [name, text] of await counters(port))
    if (!profile.countsWatchesTwice || !name.endsWith('watch_count')) state.set(name, text)
  const tree = await readTree(host, port, decoder)
  for (const [path, text] of tree) state.set(`node ${path}`, text)
  // Apache counts the characters of paths there, and ours their bytes.
  if ([...tree.keys()].some((path) => Buffer.byteLength(path) !== path.length)) state.delete('zk_approximate_data_size')
  return state
}

/** The first line that the two do not share, as `apache | ours`; null when there is none. */
export function compareStates(apache: ServerState, ours: ServerState): string | null {
  const differences: string[] = []
  for (const [name, text] of apache) {
    if (ours.get(name) !== text) differences.push(`apache: ${name} ${text}\n  ours:   ${name} ${ours.get(name) ?? 'nothing'}`)
  }
  for (const [name, text] of ours) if (!apache.has(name)) differences.push(`apache: nothing\n  ours:   ${name} ${text}`)
  return differences.length === 0 ? null : differences.slice(0, 8).join('\n  ')
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
  return new Map(COUNTERS.map((name) => [name, values.get(name) ?? 'not told']))
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

/** Apache's server lists sessions that had ephemeral nodes, too: those have a heading and no lines. */
function isBareHeading(word: string, line: string): boolean {
  return word === 'dump' && !line.startsWith('\t')
}

/** Null for lines of times and of versions. */
function comparableLine(line: string, decoder: ReplyDecoder): string | null {
  if (/^$|expire at|^Zookeeper version|^Latency|^Received|^Sent|^Connections/.test(line)) return null
  return line
    .trim()
    .replaceAll(/0x[0-9a-f]{10,16}/g, (id) => decoder.session(BigInt.asIntN(64, BigInt(id))))
    .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
    .replaceAll(/(queued|est|lresp|llat|minlat|avglat|maxlat)=[\d.]+/g, '$1=<n>')
}
