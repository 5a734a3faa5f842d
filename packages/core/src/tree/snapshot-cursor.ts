// Walks the tree for a snapshot while the tree goes on changing. The walk is in preorder and holds one
// thing only: the node that comes next. If that node is deleted, which it can only be when it has no children, the
// one after it takes its place. Nodes that come to be behind the cursor are missed, and nodes before
// it are newer than the snapshot's zxid: the log, replayed over the snapshot, mends both.

import type { ByteWriter } from '@tskeeper/protocol/server'
import { isCompact } from './compact-table.ts'
import type { DataTree } from './data-tree.ts'
import {
  ACL_ID,
  AVERSION,
  CTIME,
  CZXID,
  DATA_LENGTH,
  FLAG_NULL_DATA,
  MTIME,
  MZXID,
  PERSISTED_CVERSION,
  PZXID,
  STORED_OWNER,
  VERSION,
} from './node-fields.ts'

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

  /** The tree has given the node another number. */
  nodeRenumbered(node: number, successor: number): void {
    if (node === this.next) this.next = successor
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
    const pathLength = nodes.pathLength(node)
    const dataLength = nodes.getInt(node, DATA_LENGTH)
    out.ensure(FIXED_BYTES + pathLength + dataLength)
    out.writeInt(pathLength)
    nodes.copyPath(node, out.bytes, out.position)
    out.position += pathLength
    out.writeInt(nodes.hasFlag(node, FLAG_NULL_DATA) ? -1 : dataLength)
    nodes.copyData(node, out.bytes, out.position)
    out.position += dataLength
    out.writeNumber(nodes.getInt(node, ACL_ID))
    if (isCompact(node)) writePlainStat(nodes.getNumber(node, CZXID), nodes.getNumber(node, CTIME), out)
    else writeRecordStat(nodes.page(node), nodes.offset(node), out)
  }
}

/** StatPersisted of a node that was never changed. The caller has ensured room. */
function writePlainStat(zxid: number, timeMs: number, out: ByteWriter): void {
  out.writeNumber(zxid)
  out.writeNumber(zxid)
  out.writeNumber(timeMs)
  out.writeNumber(timeMs)
  for (let i = 0; i < PLAIN_ZERO_WORDS; i++) out.writeInt(0)
  out.writeNumber(zxid)
}

/** Version, cversion, aversion and owner. */
const PLAIN_ZERO_WORDS = 5

function writeRecordStat(page: DataView, at: number, out: ByteWriter): void {
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

function copyLong(from: DataView, fromAt: number, to: DataView, toAt: number): void {
  to.setInt32(toAt, from.getInt32(fromAt))
  to.setInt32(toAt + 4, from.getInt32(fromAt + 4))
}
