// Nodes that the servers delete by themselves: containers that have lost their last child, TTL nodes that nobody has changed for long. What the
// leader's clock says counts, as it is in the transactions.

import { Op } from '@tskeeper/protocol/server'
import type { Change, Transaction } from './transaction.ts'
import { hex, Violation } from './violation.ts'

interface ReapableNode {
  /** 0 for a container. */
  readonly ttlMs: number
  /** When it was made or changed last. */
  changedMs: number
  childCount: number
  hasHadChildren: boolean
}

export class ReapedNodes {
  private readonly nodes = new Map<string, ReapableNode>()

  /** Takes in the next committed change. */
  changed(transaction: Transaction, { kind, path, ttlMs }: Change): void {
    const node = this.nodes.get(path)
    if (kind === 'set') {
      if (node !== undefined) node.changedMs = transaction.timeMs
      return
    }
    const parent = this.nodes.get(path.slice(0, path.lastIndexOf('/')))
    if (kind === 'delete') {
      if (transaction.type === Op.deleteContainer) checkReaped(transaction, path, node)
      this.nodes.delete(path)
      if (parent !== undefined) parent.childCount--
      return
    }
    if (ttlMs !== null) this.nodes.set(path, { ttlMs, changedMs: transaction.timeMs, childCount: 0, hasHadChildren: false })
    if (parent === undefined) return
    parent.childCount++
    parent.hasHadChildren = true
  }

  /** Containers that are to go, and TTL nodes where all clocks are to be relied on. */
  waiting(areClocksTrue: boolean): readonly string[] {
    return [...this.nodes]
      .filter(([, node]) => node.childCount === 0 && (node.ttlMs === 0 ? node.hasHadChildren : areClocksTrue))
      .map(([path]) => path)
  }
}

function checkReaped({ zxid, timeMs }: Transaction, path: string, node: ReapableNode | undefined): void {
  const fault = reasonAgainst(timeMs, node)
  if (fault !== null) throw new Violation('nothing is reaped early', `${hex(zxid)} deletes ${path}, ${fault}`)
}

function reasonAgainst(timeMs: number, node: ReapableNode | undefined): string | null {
  if (node === undefined) return 'which is neither a container nor a TTL node'
  if (node.childCount > 0) return `which has ${node.childCount} children`
  if (node.ttlMs === 0) return node.hasHadChildren ? null : 'a container that has never had a child'
  const ageMs = timeMs - node.changedMs
  return ageMs > node.ttlMs ? null : `which was changed ${ageMs} ms before and may live for ${node.ttlMs} ms`
}
