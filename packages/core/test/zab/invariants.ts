// What must hold at every step, whatever the schedule: the properties of Zab, with an eye on all servers at once.

import { assert } from '../../src/lib/assert.ts'
import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import { epochOf, isSuccessor } from '../../src/zab/zxid.ts'
import type { EnsembleDisk } from './ensemble-disk.ts'
import type { Transaction } from './transactions.ts'

/** What the invariants see of a server. */
export interface Observed {
  readonly sid: number
  readonly disk: EnsembleDisk
  readonly tree: readonly Transaction[]
}

/** Everything that happened in one run. */
export class Invariants {
  private readonly servers: () => Iterable<Observed>
  private readonly proposed = new Map<number, Transaction>()
  private readonly configsOf = new Map<number, readonly QuorumVerifier[]>()
  private readonly committed = new Set<Transaction>()
  /** How many synchronisations of each kind were begun, to see that the schedules reach them all. */
  readonly syncs = { diff: 0, trunc: 0, snap: 0, log: 0 }
  private newestCommitted: Transaction | null = null
  private readonly leaderOfEpoch = new Map<number, number>()
  /** The last transaction that the leader of an epoch began with, null for none. */
  private readonly baseOfEpoch = new Map<number, Transaction | null>()

  constructor(servers: () => Iterable<Observed>) {
    this.servers = servers
  }

  get committedCount(): number {
    return this.committed.size
  }

  get epochCount(): number {
    return this.leaderOfEpoch.size
  }

  /** I2: promises are kept. */
  acceptedEpoch(server: Observed, epoch: number): void {
    assert(epoch > server.disk.acceptedEpoch, 'I2: an accepted epoch is larger than the one before')
  }

  /** I2. */
  currentEpoch(server: Observed, epoch: number): void {
    assert(epoch >= server.disk.currentEpoch, 'I2: the current epoch never decreases')
    assert(epoch <= server.disk.acceptedEpoch, 'I2: the current epoch is not larger than the accepted one')
  }

  /** I1: a leader has its quorum of promises: from here on its history is what the epoch begins with. */
  beginsWith(server: Observed, epoch: number): void {
    assert(!this.baseOfEpoch.has(epoch), 'I1: one server has the promises of a quorum for an epoch')
    this.baseOfEpoch.set(epoch, server.tree.at(-1) ?? null)
  }

  /** I1 and I6: one leader an epoch, and it has everything that was committed before. */
  established(server: Observed, epoch: number): void {
    assert(!this.leaderOfEpoch.has(epoch), 'I1: one server leads an epoch')
    this.leaderOfEpoch.set(epoch, server.sid)
    const newest = this.newestBefore(epoch)
    assert(newest === null || server.tree.includes(newest), 'I6: a leader has everything that was committed in earlier epochs')
  }

  /** The newest committed transaction of the epochs before this one. */
  private newestBefore(epoch: number): Transaction | null {
    let newest: Transaction | null = null
    for (const transaction of this.committed) {
      if (epochOf(transaction.zxid) < epoch && transaction.zxid > (newest?.zxid ?? 0)) newest = transaction
    }
    return newest
  }

  /** I8: a leader proposes after it was established, in the order of counters. */
  propose(server: Observed, epoch: number, transaction: Transaction, configs: readonly QuorumVerifier[]): void {
    assert(this.leaderOfEpoch.get(epoch) === server.sid, 'I8: only an established leader proposes')
    assert(!this.proposed.has(transaction.zxid), 'I3: a zxid is proposed once')
    assert(isSuccessor(transaction.previousZxid, transaction.zxid), 'I7: no zxid is left out')
    this.proposed.set(transaction.zxid, transaction)
    this.configsOf.set(transaction.zxid, configs)
  }

  /** I3: the transaction that was proposed with this zxid, with the same bytes. */
  received(zxid: number, bytes: Uint8Array, start: number, end: number): Transaction {
    const transaction = this.proposed.get(zxid)
    assert(transaction !== undefined, 'I3: what is received was proposed')
    assert(end - start === transaction.bytes.length, 'I3: with the same length')
    for (let at = start; at < end; at++) assert(bytes[at] === transaction.bytes[at - start], 'I3: with the same bytes')
    return transaction
  }

  /** I5: what is committed is on the disks of a quorum of every configuration in force. */
  commit(server: Observed, transaction: Transaction): void {
    const configs = this.configsOf.get(transaction.zxid) ?? []
    for (const config of configs) {
      const holders = new Set<number>()
      for (const other of this.servers()) if (other.disk.holds(transaction)) holders.add(other.sid)
      assert(config.containsQuorum(holders), 'I5: a quorum of every configuration in force has it on disk')
    }
    const newest = this.newestCommitted
    if (newest === null || newest.zxid < transaction.zxid) {
      assert(newest === null || server.tree.includes(newest), 'I4: commits follow one history')
      this.newestCommitted = transaction
    } else this.committedLate(newest, transaction)
    this.committed.add(transaction)
  }

  /** A leader that was replaced hears of acknowledgements that its successor's history has contained from the beginning. */
  private committedLate(newest: Transaction, transaction: Transaction): void {
    let at: Transaction | undefined = newest
    while (at !== undefined && at.zxid > transaction.zxid) at = this.proposed.get(at.previousZxid)
    assert(at === transaction, 'I4: what an old leader commits late is in the history of the new one')
  }

  /** I4, I7: a tree grows along one history. */
  apply(tree: readonly Transaction[], transaction: Transaction): void {
    assert(transaction.previousZxid === (tree.at(-1)?.zxid ?? 0), 'I4: what is applied comes after what was applied before it')
  }

  /** I4, for the log. */
  append(disk: EnsembleDisk, transaction: Transaction): void {
    const last = disk.log.at(-1) ?? disk.snapshot.history.at(-1)
    assert(transaction.previousZxid === (last?.zxid ?? 0), 'I4: what is logged comes after what was logged before it')
  }

  /** I11: what a server in broadcast applies was committed by a leader. */
  appliedInBroadcast(transaction: Transaction): void {
    assert(this.committed.has(transaction), 'I11: only what is committed is applied')
  }

  /** I9: the acknowledgement of a transaction leaves after its sync. */
  acknowledged(server: Observed, transaction: Transaction): void {
    assert(server.disk.holds(transaction), 'I9: a crash preserves what was acknowledged')
  }

  /** I9: the acknowledgement of NEWLEADER leaves when history and epoch are durable. */
  acknowledgedNewLeader(server: Observed, epoch: number): void {
    assert(server.disk.currentEpoch === epoch, 'I9: the current epoch is durable before NEWLEADER is acknowledged')
    const base = this.baseOfEpoch.get(epoch) ?? null
    assert(base === null || server.disk.holds(base), 'I9: the whole initial history is durable before NEWLEADER is acknowledged')
  }

  /** I10: what the server votes with is what its disk gives. */
  endOfRole(server: Observed, recovered: readonly Transaction[]): void {
    assert(
      server.tree.length <= recovered.length,
      'I10: a tree that is not called broken holds nothing that the disk does not give',
    )
    for (const [index, transaction] of server.tree.entries()) {
      assert(recovered[index] === transaction, 'I10: a tree that is not called broken is the beginning of what the disk gives')
    }
  }

  /** I22: after all faults have ended every server has the same history, with everything that was committed. */
  healed(): void {
    let first: Observed | null = null
    for (const server of this.servers()) {
      first ??= server
      assert(server.tree.length === first.tree.length, 'I22: all histories are equally long')
      assert(server.tree.at(-1) === first.tree.at(-1), 'I22: all histories are the same')
      const { newestCommitted } = this
      assert(newestCommitted === null || server.tree.includes(newestCommitted), 'I22: nothing that was committed is lost')
    }
  }
}
