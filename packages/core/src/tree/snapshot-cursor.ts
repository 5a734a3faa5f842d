// Walks the tree for a snapshot while the tree goes on changing. The walk is in preorder and holds one
// thing only: the node that comes next. If that node is deleted, which it can only be when it has no children, the
// one after it takes its place. Nodes that come to be behind the cursor are missed, and nodes before
// it are newer than the snapshot's zxid: the log, replayed over the snapshot, mends both.

import type { ByteWriter } from '@tskeeper/protocol/server'
import type { DataTree } from './data-tree.ts'
import {
  ACL_ID,
  AVERSION,
  CTIME,
  CZXID,
  DATA_LENGTH,
  DATA_REF,
  FLAG_NULL_DATA,
  MTIME,
  MZXID,
  PATH_REF,
  PERSISTED_CVERSION,
  PZXID,
  STORED_OWNER,
  VERSION,
} from './node-fields.ts'
import { copyBytes } from './slab-store.ts'

/** Lengths of path and data, the ACL id and StatPersisted. */
const FIXED_BYTES = 4 + 4 + 8 + 60

export class SnapshotCursor {
  private readonly tree: DataTree
  private next: number

  constructor(tree: DataTree) {
    this.tree = tree
    this.next = tree.root
    tree.addCursor(this)
  }

  /** The tree is about to take this node out. */
  nodeRemoved(node: number): void {
    if (node === this.next) this.next = this.tree.nextOutside(node, this.tree.root)
  }

  /** Appends nodes until `out` has grown by about `byteCount`; true when there are no more. */
  writeNodes(out: ByteWriter, byteCount: number): boolean {
    const enough = out.position + byteCount
    while (this.next !== 0 && out.position < enough) {
      const node = this.next
      this.next = this.tree.nextInPreorder(node, this.tree.root)
      this.writeNode(node, out)
    }
    if (this.next !== 0) return false
    this.close()
    return true
  }

  close(): void {
    this.next = 0
    this.tree.removeCursor(this)
  }

  private writeNode(node: number, out: ByteWriter): void {
    const { nodes } = this.tree
    const page = nodes.page(node)
    const at = nodes.offset(node)
    const pathLength = nodes.pathLength(node)
    const dataLength = nodes.hasFlag(node, FLAG_NULL_DATA) ? -1 : page.getInt32(at + DATA_LENGTH)
    out.ensure(FIXED_BYTES + pathLength + Math.max(dataLength, 0))
    out.writeInt(pathLength)
    this.writeSlab(page.getUint32(at + PATH_REF), pathLength, out)
    out.writeInt(dataLength)
    this.writeSlab(page.getUint32(at + DATA_REF), dataLength, out)
    const aclId = page.getInt32(at + ACL_ID)
    out.writeNumber(aclId)
    const { view } = out
    const to = out.position
    copyLong(page, at + CZXID, view, to)
    copyLong(page, at + MZXID, view, to + 8)
    copyLong(page, at + CTIME, view, to + 16)
    copyLong(page, at + MTIME, view, to + 24)
    view.setInt32(to + 32, page.getInt32(at + VERSION))
    view.setInt32(to + 36, page.getInt32(at + PERSISTED_CVERSION))
    view.setInt32(to + 40, page.getInt32(at + AVERSION))
    copyLong(page, at + STORED_OWNER, view, to + 44)
    copyLong(page, at + PZXID, view, to + 52)
    out.position = to + 60
  }

  private writeSlab(ref: number, length: number, out: ByteWriter): void {
    if (length <= 0) return
    const { slabs } = this.tree.nodes
    copyBytes(slabs.chunk(ref), slabs.offset(ref), out.bytes, out.position, length)
    out.position += length
  }
}

function copyLong(from: DataView, fromAt: number, to: DataView, toAt: number): void {
  to.setInt32(toAt, from.getInt32(fromAt))
  to.setInt32(toAt + 4, from.getInt32(fromAt + 4))
}
