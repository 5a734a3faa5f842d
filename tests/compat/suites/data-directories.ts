/**
 * Data directories carried from one server to the other. The suite's target writes one; then Apache's server and ours each open a copy of it, and
 * their trees must be the same, node by node: data, every field of the Stat, ACLs, owners of ephemeral nodes, sessions.
 */
import { cpSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { RawClient } from '../../support/raw-client.ts'
import { fourLetterWord, type ServerConfig, type ServerProcess, type ServerTarget } from '../../support/server-process.ts'
import { type DumpedNode, dumpTree } from '../../support/tree.ts'
import { startCompatServer } from '../compat-server.ts'
import { CheckError, canonicalJson, check, runCase, type Suite, type SuiteContext } from '../suite.ts'
import { JAVA, ZOOKEEPER_JAR } from './cli-session.ts'
import { connectAdministrator, LONG_TIMEOUT_MS, type PlantedTree, plantRichTree } from './rich-tree.ts'
import { WriteLoad } from './write-load.ts'

const READERS: readonly ServerTarget[] = ['apache', 'ours']
const LOAD_REQUESTS = 6_000
/** Sessions must outlive the cases (the tick allows a minute), snapshots must happen in the middle, and nothing may be reaped. */
const CONFIG: ServerConfig = { tickTime: 3000, snapCount: 1500, preAllocSize: 2048, 'znode.container.checkIntervalMs': 600_000 }
const JAVA_FLAGS = ['-Dznode.container.checkIntervalMs=600000']

export const dataDirectoriesSuite: Suite = {
  name: 'data-directories',
  purpose: 'data directories that one server wrote and the other opens',
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
    { file: '/usr/share/java/snappy-java.jar', debianPackage: 'libsnappy-java' },
  ],
  run: runDataDirectories,
}

async function runDataDirectories(context: SuiteContext): Promise<void> {
  await runCase(context, 'A8 A27: a directory written under load and killed opens the same in both servers', () =>
    killedUnderLoad(context),
  )
  await runCase(context, 'A27: a directory of a server that was stopped opens the same in both servers', () =>
    stopped(context, {}, null),
  )
  for (const method of ['gz', 'snappy']) {
    await runCase(context, `a directory with ${method} snapshots opens the same in both servers`, () =>
      stopped(context, { 'snapshot.compression.method': method }, `.${method}`),
    )
  }
  await runCase(context, 'a directory goes to and fro between the servers, and each adds to it', () => toAndFro(context))
}

function start(
  context: SuiteContext,
  target: ServerTarget,
  directory: string,
  config: ServerConfig = {},
): Promise<ServerProcess> {
  return startCompatServer(context, { target, directory, config: { ...CONFIG, ...config }, javaFlags: JAVA_FLAGS })
}

async function killedUnderLoad(context: SuiteContext): Promise<unknown> {
  const directory = mkdtempSync(join(context.directory, 'written-'))
  const server = await start(context, context.target, directory)
  const planted = await plantRichTree(server, '/rich')
  const load = new WriteLoad()
  const administrator = await connectAdministrator(server)
  await administrator.create('/load')
  administrator.destroy()
  await load.start(server, '/load')
  await load.whenAcknowledged(LOAD_REQUESTS)
  await server.kill()
  await load.stop()
  for (const owner of planted.owners) owner.destroy()
  const files = dataFiles(directory)
  check(files.filter((name) => name.startsWith('snapshot.')).length > 1, `no snapshot was taken under load: ${files.join(' ')}`)
  const dumps = await openInBoth(context, context.target, directory, {}, planted)
  const tree = new Map(dumps.nodes.map((node) => [node.path, node.data]))
  const problems = load.problemsOf(tree)
  check(problems.length === 0, `${problems.length} acknowledged writes are not there, the first: ${problems[0]}`)
  return { richNodes: dumps.nodes.filter((node) => node.path.startsWith('/rich')).map(shapeOf) }
}

async function stopped(context: SuiteContext, config: ServerConfig, snapshotSuffix: string | null): Promise<unknown> {
  const directory = mkdtempSync(join(context.directory, 'written-'))
  const server = await start(context, context.target, directory, { snapCount: 20, ...config })
  const planted = await plantRichTree(server, '/rich')
  for (const owner of planted.owners) owner.destroy()
  await server.stop()
  const files = dataFiles(directory)
  if (snapshotSuffix !== null) {
    const isThere = files.some(
      (name) => name.startsWith('snapshot.') && name.endsWith(snapshotSuffix) && name !== `snapshot.0${snapshotSuffix}`,
    )
    check(isThere, `there is no ${snapshotSuffix} snapshot of the tree: ${files.join(' ')}`)
  }
  const dumps = await openInBoth(context, context.target, directory, config, planted)
  return { richNodes: dumps.nodes.filter((node) => node.path.startsWith('/rich')).map(shapeOf) }
}

/** The two servers take turns on one directory. After each turn both open a copy and must see the same. */
async function toAndFro(context: SuiteContext): Promise<unknown> {
  const directory = mkdtempSync(join(context.directory, 'to-and-fro-'))
  const turns: readonly ServerTarget[] =
    context.target === 'ours' ? ['ours', 'apache', 'ours', 'apache'] : ['apache', 'ours', 'apache', 'ours']
  let nodeCount = 0
  let lastZxid = 0
  for (const [turn, target] of turns.entries()) {
    const server = await start(context, target, directory, { snapCount: 100 })
    const planted = await plantRichTree(server, `/turn-${turn}`)
    for (const owner of planted.owners) await owner.close()
    await (turn % 2 === 0 ? server.kill() : server.stop())
    const { nodes, zxid } = await openInBoth(context, target, directory, {}, null)
    check(nodes.length > nodeCount, `turn ${turn} left ${nodes.length} nodes, the turn before ${nodeCount}`)
    check(zxid > lastZxid, `turn ${turn} ended at zxid ${zxid}, the turn before at ${lastZxid}`)
    nodeCount = nodes.length
    lastZxid = zxid
  }
  return { nodeCount }
}

interface OpenedDirectory {
  readonly nodes: readonly DumpedNode[]
  /** The last zxid that the servers found. */
  readonly zxid: number
}

/** Opens a copy in each server and fails unless they found the same. */
async function openInBoth(
  context: SuiteContext,
  writer: ServerTarget,
  directory: string,
  config: ServerConfig,
  planted: PlantedTree | null,
): Promise<OpenedDirectory> {
  const opened: OpenedDirectory[] = []
  const mismatches: number[] = []
  for (const reader of READERS) {
    const copy = mkdtempSync(join(context.directory, `copy-for-${reader}-`))
    cpSync(join(directory, 'data'), join(copy, 'data'), { recursive: true })
    const server = await start(context, reader, copy, config)
    try {
      const zxid = Number(/^Zxid: (0x[0-9a-f]+)$/m.exec(await fourLetterWord(server.port, 'srvr'))?.[1] ?? Number.NaN)
      const administrator = await connectAdministrator(server)
      opened.push({ zxid, nodes: await dumpTree(administrator) })
      mismatches.push(await readDigestMismatches(server))
      await administrator.close()
      if (planted !== null) await checkSessions(server, reader, planted)
    } finally {
      await server.stop()
    }
  }
  const [byApache, byOurs] = opened
  if (byApache === undefined || byOurs === undefined) throw new CheckError('not both servers have opened the directory')
  check(byApache.zxid === byOurs.zxid, `Apache's server ended at zxid ${byApache.zxid}, ours at ${byOurs.zxid}`)
  compareNodes(byApache.nodes, byOurs.nodes)
  checkDigests(writer, mismatches)
  return byOurs
}

/** Each entry of the log carries the digest of the tree behind it, and so does a snapshot; a server counts those that do not agree with what it found. */
async function readDigestMismatches(server: ServerProcess): Promise<number> {
  return Number(/^zk_digest_mismatches_count\t(\d+)/m.exec(await fourLetterWord(server.port, 'mntr'))?.[1] ?? Number.NaN)
}

/**
 * Both readers must count alike, and nothing in what we wrote. Apache's server takes the digest of a snapshot while another thread
 * applies transactions: a node can be a transaction ahead of the digest behind it, and that one digest is then wrong in the file.
 */
function checkDigests(writer: ServerTarget, [byApache, byOurs]: readonly number[]): void {
  check(
    byApache === byOurs,
    `apache counts ${byApache} digests that do not agree with the tree that ${writer} wrote, ours ${byOurs}`,
  )
  const countMax = writer === 'ours' ? 0 : 1
  check(byOurs !== undefined && byOurs <= countMax, `${byOurs} digests do not agree with the tree that ${writer} wrote`)
}

/** The sessions that were open are still known: they resume with their passwords and own what they owned. */
async function checkSessions(server: ServerProcess, reader: ServerTarget, planted: PlantedTree): Promise<void> {
  for (const [index, owner] of planted.owners.entries()) {
    const { sessionId, password } = owner
    const resumed = await RawClient.connect(server.host, server.port, { sessionId, password, timeoutMs: LONG_TIMEOUT_MS })
    const found = (await resumed.getEphemerals()).sort()
    check(
      canonicalJson(found) === canonicalJson(planted.ephemerals[index]),
      `in ${reader} session ${index} owns ${found.join(' ')}, not ${planted.ephemerals[index]?.join(' ')}`,
    )
    await resumed.close()
    const observer = await connectAdministrator(server)
    for (const path of found) check((await observer.exists(path)) === null, `in ${reader} ${path} outlives its session`)
    await observer.close()
  }
}

function compareNodes(byApache: readonly DumpedNode[], byOurs: readonly DumpedNode[]): void {
  const ours = new Map(byOurs.map((node) => [node.path, node]))
  for (const node of byApache) {
    const mine = ours.get(node.path)
    check(mine !== undefined, `${node.path} is there for Apache's server and not for ours`)
    const theirText = canonicalJson(node)
    const myText = canonicalJson(mine)
    check(theirText === myText, `${node.path} differs\n  apache: ${theirText.slice(0, 600)}\n  ours:   ${myText.slice(0, 600)}`)
  }
  const theirs = new Set(byApache.map((node) => node.path))
  for (const node of byOurs) check(theirs.has(node.path), `${node.path} is there for our server and not for Apache's`)
}

/** What two servers that were told the same must agree on, whenever and with whatever zxids. */
function shapeOf({ path, data, stat, acl }: DumpedNode): unknown {
  const { version, cversion, aversion, dataLength, numChildren, ephemeralOwner } = stat
  const data64 = data === null ? null : data.slice(0, 64)
  return { path, data: data64, acl, version, cversion, aversion, dataLength, numChildren, isEphemeral: ephemeralOwner !== 0n }
}

function dataFiles(directory: string): string[] {
  return readdirSync(join(directory, 'data', 'version-2')).sort()
}
