// Both ends of a snapshot for tests: a source that gives a list of nodes, and a target that collects what it is given.

import type { SnapshotAclList, SnapshotDigest, SnapshotSession, SnapshotSource, SnapshotTarget } from '@tskeeper/core'
import { type ByteReader, ByteWriter, readStatPersisted, type StatPersisted, writeStatPersisted } from '@tskeeper/protocol/server'
import { silentLogger } from '../../src/logger.ts'
import type { Disk } from '../../src/runtime/disk.ts'
import type { StoredFile } from '../../src/storage/file-names.ts'
import type { SnapshotFormat } from '../../src/storage/snapshot-format.ts'
import { loadSnapshot } from '../../src/storage/snapshot-reader.ts'
import { SnapshotWriter, type SnapshotWriterOptions } from '../../src/storage/snapshot-writer.ts'
import { ManualClock } from '../manual-runtime.ts'
import { DIRECTORY } from './sample-log.ts'

export interface SampleNode {
  readonly path: string
  readonly data: Uint8Array | null
  readonly aclId: number
  readonly stat: StatPersisted
}

/** A stat in which every field is told apart from the others. */
export function sampleStat(seed: number): StatPersisted {
  return {
    czxid: seed,
    mzxid: seed + 1,
    ctime: 1_700_000_000_000 + seed,
    mtime: 1_700_000_000_500 + seed,
    version: seed % 7,
    cversion: seed % 11,
    aversion: seed % 5,
    ephemeralOwner: seed % 3 === 0 ? -(2n ** 63n) + BigInt(seed) : BigInt(seed),
    pzxid: seed + 2,
  }
}

const ZERO_STAT: StatPersisted = {
  czxid: 0,
  mzxid: 0,
  ctime: 0,
  mtime: 0,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  pzxid: 0,
}
const EMPTY = new Uint8Array(0)

/** What a new database holds, as in the golden snapshot of an empty tree. */
export const emptyTree: readonly SampleNode[] = [
  { path: '', data: EMPTY, aclId: -1, stat: ZERO_STAT },
  { path: '/zookeeper', data: EMPTY, aclId: -1, stat: ZERO_STAT },
  { path: '/zookeeper/config', data: EMPTY, aclId: 1, stat: { ...ZERO_STAT, aversion: -1 } },
  { path: '/zookeeper/quota', data: EMPTY, aclId: -1, stat: ZERO_STAT },
]

export const openAclList: SnapshotAclList = { id: 1, acl: [{ perms: 1, scheme: 'world', id: 'anyone' }] }

/** A root and `count` nodes with `dataLength` bytes each, some of them with null data. */
export function sampleTree(count: number, dataLength: number): SampleNode[] {
  const nodes: SampleNode[] = [{ path: '', data: EMPTY, aclId: -1, stat: sampleStat(1) }]
  for (let i = 0; i < count; i++) {
    const data = new Uint8Array(dataLength)
    for (let j = 0; j < dataLength; j++) data[j] = (i * 31 + j * (i % 5)) & 0xff
    nodes.push({ path: `/node-é-${i}`, data: i % 10 === 9 ? null : data, aclId: i % 4 === 0 ? -1 : 1, stat: sampleStat(i + 2) })
  }
  return nodes
}

/** The nodes as bytes: to compare many of them at once. */
export function encodeNodes(nodes: readonly SampleNode[]): Buffer {
  const out = new ByteWriter()
  for (const node of nodes) writeNode(out, node)
  return Buffer.from(out.written())
}

function writeNode(out: ByteWriter, node: SampleNode): void {
  out.writeString(node.path)
  out.writeBuffer(node.data)
  out.writeNumber(node.aclId)
  writeStatPersisted(out, node.stat)
}

export class ListSource implements SnapshotSource {
  readonly zxid: number
  readonly sessions: readonly SnapshotSession[]
  readonly aclLists: readonly SnapshotAclList[]
  digest: SnapshotDigest
  isCancelled = false
  private readonly nodes: readonly SampleNode[]
  private next = 0

  constructor(
    nodes: readonly SampleNode[],
    zxid = 0,
    sessions: readonly SnapshotSession[] = [],
    aclLists: readonly SnapshotAclList[] = [openAclList],
    digest: SnapshotDigest = { zxid: 0, version: 2, digest: 0n },
  ) {
    this.nodes = nodes
    this.zxid = zxid
    this.sessions = sessions
    this.aclLists = aclLists
    this.digest = digest
  }

  writeNodes(out: ByteWriter, byteCount: number): boolean {
    const enough = out.position + byteCount
    for (const node of this.nodes.slice(this.next)) {
      if (out.position >= enough) break
      writeNode(out, node)
      this.next++
    }
    return this.next === this.nodes.length
  }

  digestNow(): SnapshotDigest {
    return this.digest
  }

  cancel(): void {
    this.isCancelled = true
  }
}

export class CollectingTarget implements SnapshotTarget {
  readonly sessions: SnapshotSession[] = []
  readonly aclLists: SnapshotAclList[] = []
  readonly nodes: SampleNode[] = []
  finished: { readonly zxid: number; readonly digest: SnapshotDigest | null } | null = null

  restoreSession(session: SnapshotSession): void {
    this.sessions.push(session)
  }

  restoreAclList(list: SnapshotAclList): void {
    this.aclLists.push(list)
  }

  restoreNode(reader: ByteReader): void {
    const { sliceStart, sliceLength, bytes } = reader
    const path = Buffer.from(bytes.buffer, bytes.byteOffset + sliceStart, sliceLength).toString('utf8')
    this.nodes.push({ path, data: reader.readBuffer(), aclId: reader.readNumber(), stat: readStatPersisted(reader) })
  }

  finishRestore(zxid: number, digest: SnapshotDigest | null): void {
    this.finished = { zxid, digest }
  }
}

export function storedSnapshot(name: string, zxid: number, directory: string = DIRECTORY): StoredFile {
  return { name, path: `${directory}/${name}`, zxid }
}

export function writerOptions(disk: Disk, source: SnapshotSource, format: SnapshotFormat = 'plain'): SnapshotWriterOptions {
  return {
    disk,
    directory: DIRECTORY,
    source,
    format,
    isDigestWritten: true,
    isLastZxidWritten: true,
    clock: new ManualClock(),
    logger: silentLogger,
  }
}

/** A writer whose outcome can be looked at. */
export function startWriter(options: SnapshotWriterOptions): {
  readonly writer: SnapshotWriter
  readonly outcomes: (Error | null)[]
} {
  const outcomes: (Error | null)[] = []
  const writer = new SnapshotWriter(options, (error) => outcomes.push(error))
  return { writer, outcomes }
}

export async function load(disk: Disk, file: StoredFile): Promise<CollectingTarget> {
  const target = new CollectingTarget()
  await loadSnapshot(disk, file, target)
  return target
}
