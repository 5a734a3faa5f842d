import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import type { Transaction } from './transactions.ts'

/** A snapshot on disk: the whole history up to its zxid. */
export interface StoredSnapshot {
  readonly zxid: number
  readonly history: readonly Transaction[]
}

/** The disk of one server: what is on it, and how much of its log would survive a crash. */
export class EnsembleDisk {
  acceptedEpoch = 0
  currentEpoch = 0
  /** The configuration in force here, and the last one that was proposed. */
  committed: QuorumVerifier
  lastSeen: QuorumVerifier
  snapshot: StoredSnapshot = { zxid: 0, history: [] }
  log: Transaction[] = []
  /** So many entries of the log are synced. */
  syncedCount = 0

  constructor(config: QuorumVerifier) {
    this.committed = config
    this.lastSeen = config
  }

  /** The history that recovery gives, with the unsynced end of the log as long as the process lives. */
  recover(): Transaction[] {
    return this.historyOf(this.log)
  }

  /** The history that a crash leaves in any case. */
  durableHistory(): Transaction[] {
    return this.historyOf(this.log.slice(0, this.syncedCount))
  }

  /** Whether a crash would leave the transaction. */
  holds(transaction: Transaction): boolean {
    if (transaction.zxid <= this.snapshot.zxid) return this.snapshot.history.includes(transaction)
    for (let index = this.syncedCount - 1; index >= 0; index--) if (this.log[index] === transaction) return true
    return false
  }

  /** Last zxid of log and snapshot. */
  lastZxid(): number {
    return Math.max(this.snapshot.zxid, this.log.at(-1)?.zxid ?? 0)
  }

  /** Cuts the log behind `zxid`, durably. Returns what was cut. */
  truncate(zxid: number): Transaction[] {
    const kept = this.log.filter((entry) => entry.zxid <= zxid)
    const cut = this.log.slice(kept.length)
    if (this.snapshot.zxid > zxid) {
      const history = this.snapshot.history.filter((entry) => entry.zxid <= zxid)
      cut.unshift(...this.snapshot.history.slice(history.length))
      this.snapshot = { zxid, history }
    }
    this.log = kept
    this.syncedCount = kept.length
    return cut
  }

  /** Loses the unsynced end of the log but for `survivors` entries of it. */
  crash(survivors: number): void {
    this.log.length = Math.min(this.log.length, this.syncedCount + survivors)
    this.syncedCount = this.log.length
  }

  private historyOf(log: readonly Transaction[]): Transaction[] {
    const { snapshot } = this
    return [...snapshot.history, ...log.filter((entry) => entry.zxid > snapshot.zxid)]
  }
}
