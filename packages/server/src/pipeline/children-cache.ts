import { type DataTree, NodeField } from '@tskeeper/core'
import { ByteWriter } from '@tskeeper/protocol/server'

/** Lists with fewer children are made anew each time: that is as fast as finding them here. */
const CHILD_COUNT_MIN = 16

interface EncodedChildren {
  /** The list is good as long as the node is the same and its child version has not moved. */
  readonly czxid: number
  readonly cversion: number
  readonly bytes: Uint8Array
}

/** Encoded lists of the children of nodes that were asked for last: walking a thousand children costs more than copying their names. */
export class ChildrenCache {
  private readonly tree: DataTree
  /** Number of lists that are kept, the oldest go first; 0 and less: none. */
  private readonly sizeMax: number
  private readonly lists: Map<number, EncodedChildren> = new Map()
  private readonly scratch = new ByteWriter(4096)

  constructor(tree: DataTree, sizeMax: number) {
    this.tree = tree
    this.sizeMax = sizeMax
  }

  /** Appends a vector of the children's names. */
  write(node: number, out: ByteWriter): void {
    const { nodes } = this.tree
    if (this.sizeMax <= 0 || nodes.getInt(node, NodeField.CHILD_COUNT) < CHILD_COUNT_MIN) {
      this.tree.writeChildNames(node, out)
      return
    }
    const czxid = nodes.getNumber(node, NodeField.CZXID)
    const cversion = nodes.getInt(node, NodeField.CVERSION)
    let list = this.lists.get(node)
    if (list === undefined || list.czxid !== czxid || list.cversion !== cversion) {
      this.scratch.reset()
      this.tree.writeChildNames(node, this.scratch)
      list = { czxid, cversion, bytes: this.scratch.toBytes() }
      this.lists.delete(node)
      this.lists.set(node, list)
      if (this.lists.size > this.sizeMax) this.dropOldest()
    }
    out.writeBytes(list.bytes)
  }

  private dropOldest(): void {
    for (const node of this.lists.keys()) {
      this.lists.delete(node)
      return
    }
  }
}
