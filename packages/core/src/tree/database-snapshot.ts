// The database as the source and as the target of a snapshot.

import {
  type ByteReader,
  type ByteWriter,
  DecodeError,
  DIGEST_VERSION,
  type OwnerKind,
  type OwnerRules,
  ownerKind,
} from '@tskeeper/protocol/server'
import { isCompact } from './compact-table.ts'
import { NewNode } from './data-tree.ts'
import type { Database } from './database.ts'
import {
  AVERSION,
  CHILD_COUNT,
  CTIME,
  CZXID,
  KIND_CONTAINER,
  KIND_EPHEMERAL,
  KIND_PERSISTENT,
  KIND_TTL,
  MTIME,
  MZXID,
  PZXID,
  STORED_OWNER,
  VERSION,
} from './node-fields.ts'
import { SnapshotCursor } from './snapshot-cursor.ts'
import type { SnapshotAclList, SnapshotDigest, SnapshotSession, SnapshotSource, SnapshotTarget } from './snapshot-io.ts'

/** Begins a snapshot of the database as it is now; it goes on changing while the snapshot is written. */
export function beginSnapshot(database: Database): SnapshotSource {
  const cursor = new SnapshotCursor(database.tree)
  const sessions: SnapshotSession[] = []
  for (const [id, timeoutMs] of database.sessions) sessions.push({ id, timeoutMs })
  return {
    zxid: database.lastZxid,
    sessions,
    aclLists: database.acls.copy(),
    writeNodes: (out: ByteWriter, byteCount: number) => cursor.writeNodes(out, byteCount),
    digestNow: () => ({
      zxid: database.lastZxid,
      version: DIGEST_VERSION,
      digest: database.lastZxid === 0 ? 0n : database.tree.digest.toBigInt(),
    }),
    cancel: () => cursor.close(),
  }
}

/** Fills an empty database from a snapshot. */
export class DatabaseRestorer implements SnapshotTarget {
  private readonly database: Database
  private readonly node = new NewNode()
  private readonly rules: OwnerRules

  constructor(database: Database) {
    this.database = database
    this.rules = { hasExtendedTypes: database.options.areExtendedTypesEnabled, hasOldTtlNodes: database.options.hasOldTtlNodes }
  }

  restoreSession(session: SnapshotSession): void {
    this.database.sessions.set(session.id, session.timeoutMs)
  }

  restoreAclList(list: SnapshotAclList): void {
    if (!this.database.acls.restore(list.id, list.acl))
      throw new DecodeError(`the snapshot's ACL table has the id ${list.id} twice, or as no id can be`, 0)
  }

  // buffer data | long ACL id | long czxid, mzxid, ctime, mtime | int version, cversion, aversion | long owner, pzxid
  restoreNode(reader: ByteReader): void {
    const { node } = this
    const { tree, acls } = this.database
    node.bytes = reader.bytes
    node.pathStart = reader.sliceStart
    node.pathLength = reader.sliceLength
    node.dataLength = reader.readSlice()
    node.dataStart = reader.sliceStart
    node.aclId = acls.adoptRestored(reader.readNumber())
    const czxid = reader.readNumber()
    const mzxid = reader.readNumber()
    const ctime = reader.readNumber()
    const mtime = reader.readNumber()
    const version = reader.readInt()
    const cversion = reader.readInt()
    const aversion = reader.readInt()
    node.owner = reader.readLong()
    const kind = ownerKind(node.owner, this.rules)
    node.kind = KINDS[kind]
    const pzxid = reader.readNumber()

    node.zxid = czxid
    node.timeMs = ctime
    node.hasPlainStat =
      mzxid === czxid &&
      pzxid === czxid &&
      mtime === ctime &&
      version === 0 &&
      cversion === 0 &&
      aversion === 0 &&
      kind === 'persistent'
    const restored = node.pathLength === 0 ? tree.restoreRoot(node) : tree.restore(node)
    if (restored === 0) throw new DecodeError(`the parent of ${tree.pathOf(node)} is missing in the snapshot`, reader.position)
    // A compact node has its whole Stat from the start.
    if (isCompact(restored)) return
    const { nodes } = tree
    nodes.setNumber(restored, CZXID, czxid)
    nodes.setNumber(restored, MZXID, mzxid)
    nodes.setNumber(restored, CTIME, ctime)
    nodes.setNumber(restored, MTIME, mtime)
    nodes.setInt(restored, VERSION, version)
    nodes.setInt(restored, AVERSION, aversion)
    nodes.setNumber(restored, PZXID, pzxid)
    if (kind === 'unknown') nodes.setLong(restored, STORED_OWNER, node.owner)
    nodes.setChildren(restored, cversion, nodes.getInt(restored, CHILD_COUNT))
    tree.refreshDigest(restored)
  }

  finishRestore(zxid: number, digest: SnapshotDigest | null): void {
    const { database } = this
    database.lastZxid = zxid
    database.acls.dropUnreferenced()
    database.tree.quotas.rebuild()
    // A digest of a zxid before the snapshot's own tells nothing about this tree.
    if (digest !== null && digest.version === DIGEST_VERSION && digest.zxid > 0 && digest.zxid >= zxid) {
      database.expectDigest(digest.zxid, digest.digest)
    }
  }
}

/** An extended type that nobody has defined is kept as it is, like a node that nobody owns. */
const KINDS: Readonly<Record<OwnerKind, number>> = {
  persistent: KIND_PERSISTENT,
  ephemeral: KIND_EPHEMERAL,
  container: KIND_CONTAINER,
  ttl: KIND_TTL,
  unknown: KIND_PERSISTENT,
}
