// A snapshot as the tree gives it, kept as bytes, and taken back: what storage does, without files.

import { ByteReader, ByteWriter } from '@tskeeper/protocol/server'
import { Database, type DatabaseOptions } from '../../src/tree/database.ts'
import { beginSnapshot, DatabaseRestorer } from '../../src/tree/database-snapshot.ts'
import type { SnapshotDigest, SnapshotSource } from '../../src/tree/snapshot-io.ts'
import { databaseOptions } from '../txn/workbench.ts'

/** Everything that a snapshot's file holds. */
export interface WholeSnapshot {
  readonly source: SnapshotSource
  readonly nodes: Uint8Array
  readonly digest: SnapshotDigest
}

/** A snapshot that is written slice by slice, while other things happen in between. */
export class SnapshotInProgress {
  private readonly source: SnapshotSource
  private readonly out = new ByteWriter()
  private whole: WholeSnapshot | null = null

  constructor(database: Database) {
    this.source = beginSnapshot(database)
  }

  writeSlice(byteCount: number): void {
    if (this.whole !== null) return
    if (this.source.writeNodes(this.out, byteCount)) {
      this.whole = { source: this.source, nodes: this.out.toBytes(), digest: this.source.digestNow() }
    }
  }

  /** Writes what is left. */
  finish(): WholeSnapshot {
    for (;;) {
      if (this.whole !== null) return this.whole
      this.writeSlice(1000)
    }
  }
}

/** The paths that the snapshot holds, in their order. */
export function pathsIn(nodes: Uint8Array): string[] {
  const input = new ByteReader(nodes)
  const paths: string[] = []
  while (input.remaining() > 0) {
    paths.push(input.readString() ?? '')
    input.readSlice()
    input.position += 8 + 60
  }
  return paths
}

/** A new database with what the snapshot holds. */
export function restore(snapshot: WholeSnapshot, options: Partial<DatabaseOptions> = {}, hasDigest = true): Database {
  const database = new Database(databaseOptions({ hashSeed: 99, ...options }))
  const restorer = new DatabaseRestorer(database)
  for (const session of snapshot.source.sessions) restorer.restoreSession(session)
  for (const list of snapshot.source.aclLists) restorer.restoreAclList(list)
  const input = new ByteReader(snapshot.nodes)
  while (input.remaining() > 0) {
    input.readSlice()
    restorer.restoreNode(input)
  }
  restorer.finishRestore(snapshot.source.zxid, hasDigest ? snapshot.digest : null)
  return database
}
