// What a snapshot is made of, as the tree gives it and takes it. The file format (header, sections,
// seals, compression) belongs to the storage; the bytes of a node belong to the tree, which alone
// knows how it holds them.

import type { Acl, ByteReader, ByteWriter } from '@tskeeper/protocol/server'

/** A snapshot in the making: the tree goes on changing while it is written (a fuzzy snapshot). */
export interface SnapshotSource {
  /** Last zxid applied when the snapshot was begun: the file's name. */
  readonly zxid: number
  /** Global sessions and ACL lists, copied when the snapshot was begun. */
  readonly sessions: readonly SnapshotSession[]
  readonly aclLists: readonly SnapshotAclList[]
  /**
   * Appends nodes (path, data, ACL id, StatPersisted; parents before children, the root as the empty path)
   * until `out` has grown by about `byteCount`, and returns true when there are no more. The end marker is not the tree's.
   */
  writeNodes(out: ByteWriter, byteCount: number): boolean
  /** Zxid and tree digest of this very moment, for the sections after the nodes. */
  digestNow(): SnapshotDigest
  /** Gives up: the tree forgets the cursor. Harmless after the end. */
  cancel(): void
}

/** Takes a snapshot's sections in the order of the file. The target is empty before the first call. */
export interface SnapshotTarget {
  restoreSession(session: SnapshotSession): void
  restoreAclList(list: SnapshotAclList): void
  /** One node: the path was read (`path` slice in `reader.sliceStart/sliceLength`), the rest is read here. Throws `DecodeError`. */
  restoreNode(reader: ByteReader): void
  /** After the last node: `digest` is null in files without one. */
  finishRestore(zxid: number, digest: SnapshotDigest | null): void
}

export interface SnapshotSession {
  readonly id: bigint
  readonly timeoutMs: number
}

export interface SnapshotAclList {
  readonly id: number
  readonly acl: readonly Acl[]
}

export interface SnapshotDigest {
  /** Last zxid that the digest covers. */
  readonly zxid: number
  readonly version: number
  /** Unsigned 64-bit sum. */
  readonly digest: bigint
}
