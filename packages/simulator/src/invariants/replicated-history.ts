// Zab's promises about transactions. Each proposal is noted with the one before it in the history of its leader, so that all
// proposals form a tree; what is committed is one path in it, from the root on, that only ever grows at its end. Everything that any
// server applies has to lie on a path of this tree, step by step.

import type { TransactionBytes } from '../probe/probe.ts'
import { readTransaction, type Transaction } from './transaction.ts'
import { hex, Violation } from './violation.ts'

const COUNTERS_IN_EPOCH = 4294967296

export function epochOf(zxid: number): number {
  return Math.floor(zxid / COUNTERS_IN_EPOCH)
}

export class ReplicatedHistory {
  readonly transactions: Map<number, Transaction> = new Map()
  /** Zxids that are committed, in their order. */
  readonly committed: number[] = []
  /** Called for each transaction in the order of the commits. */
  onCommitted: (transaction: Transaction) => void = () => {}
  /** Who leads an epoch, and the last transaction of the history that it began with. */
  private readonly epochs = new Map<number, { readonly leader: string; readonly base: number }>()

  get lastCommitted(): number {
    return this.committed.at(-1) ?? 0
  }

  get lastEpoch(): number {
    return Math.max(0, ...this.epochs.keys())
  }

  /** The transaction that a tree has got to which is at `zxid`: the beginning of an epoch is none. */
  transactionAt(zxid: number): number {
    if (zxid % COUNTERS_IN_EPOCH !== 0) return zxid
    return this.epochs.get(epochOf(zxid))?.base ?? 0
  }

  established(server: string, epoch: number, lastZxid: number): void {
    const other = this.epochs.get(epoch)
    if (other !== undefined) {
      throw new Violation('one leader an epoch', `${server} is established in epoch ${epoch}, which ${other.leader} leads`)
    }
    const base = this.transactionAt(lastZxid)
    this.epochs.set(epoch, { leader: server, base })
    this.commitUpTo(base, 'leader completeness', `${server} begins to lead epoch ${epoch} at ${hex(base)}`)
  }

  /**
   * A server that stands alone begins with what its disk has given back: all of it is committed by that, and what is not among it was never
   * told to anybody.
   */
  beganAlone(server: string, lastZxid: number): void {
    this.epochs.set(0, { leader: server, base: 0 })
    this.commitUpTo(lastZxid, 'leader completeness', `${server} begins at ${hex(lastZxid)}`)
    for (const zxid of this.transactions.keys()) if (zxid > lastZxid) this.transactions.delete(zxid)
  }

  /** A server, with a quorum or without, has shown the node in this state: somebody has proposed to bring it there, if in vain. */
  shown(path: string, { mzxid, data }: { readonly mzxid: number; readonly data: string }): void {
    const changes = this.transactions.get(mzxid)?.changes ?? []
    if (changes.some((change) => change.path === path && change.data === data)) return
    throw new Violation('reads were proposed', `${path} of ${hex(mzxid)} was read as ${data}, which nobody has proposed`)
  }

  proposed(server: string, epoch: number, from: TransactionBytes): void {
    const { zxid } = from
    const lead = this.epochs.get(epoch)
    if (lead === undefined || lead.leader !== server || epochOf(zxid) !== epoch) {
      throw new Violation('primary integrity', `${server} proposes ${hex(zxid)} without being established in epoch ${epoch}`)
    }
    const counter = zxid % COUNTERS_IN_EPOCH
    const previous = counter === 1 ? lead.base : zxid - 1
    if (this.transactions.has(zxid)) throw new Violation('primary integrity', `${server} proposes ${hex(zxid)} once more`)
    if (counter !== 1 && !this.transactions.has(previous)) {
      throw new Violation('local primary order', `${server} proposes ${hex(zxid)} without the one before it`)
    }
    this.transactions.set(zxid, readTransaction(from, previous, server))
  }

  /** A leader commits everything up to `zxid`. */
  leaderCommits(server: string, zxid: number): void {
    this.commitUpTo(zxid, 'agreement', `${server} commits ${hex(zxid)}`)
  }

  /** A server takes a transaction into its tree, which is at `before`. */
  applied(server: string, before: number, from: TransactionBytes): void {
    const { zxid, bytes, start, end } = from
    const transaction = this.transactions.get(zxid)
    if (transaction === undefined) throw new Violation('integrity', `${server} applies ${hex(zxid)}, which nobody proposed`)
    if (Buffer.compare(transaction.bytes, bytes.subarray(start, end)) !== 0) {
      throw new Violation('integrity', `${server} applies ${hex(zxid)} with other bytes than ${transaction.proposer} proposed`)
    }
    // A tree from a snapshot is ahead of its zxid in parts, and is given again what it has.
    if (zxid <= before) return
    const at = this.transactionAt(before)
    if (at !== transaction.previous) {
      throw new Violation('total order', `${server} applies ${hex(zxid)} at ${hex(at)} instead of ${hex(transaction.previous)}`)
    }
  }

  /** Does the history that ends with `zxid` hold everything that is committed? */
  holdsAllCommitted(zxid: number): boolean {
    const { lastCommitted } = this
    let at = this.transactionAt(zxid)
    while (at > lastCommitted) at = this.transactions.get(at)?.previous ?? 0
    return at === lastCommitted
  }

  private commitUpTo(zxid: number, invariant: string, what: string): void {
    const { lastCommitted } = this
    const added: Transaction[] = []
    let at = zxid
    while (at > lastCommitted) {
      const transaction = this.transactions.get(at)
      if (transaction === undefined) throw new Violation(invariant, `${what}: nobody proposed ${hex(at)}`)
      added.push(transaction)
      at = transaction.previous
    }
    const isKnown =
      at === lastCommitted || (zxid === at && this.transactions.get(at)?.isCommitted === true && invariant === 'agreement')
    if (!isKnown) throw new Violation(invariant, `${what}, a history without ${hex(lastCommitted)}, which is committed`)
    for (const transaction of added.reverse()) {
      transaction.isCommitted = true
      this.committed.push(transaction.zxid)
      this.onCommitted(transaction)
    }
  }
}
