// All that is checked of the servers while they run. Clients' answers are checked by the clients (workload/client.ts).

import type { SeededRandom } from '@tskeeper/core'
import type { MemoryDisk } from '@tskeeper/server/memory-disk'
import type { Probe, TransactionBytes } from '../probe/probe.ts'
import type { Hierarchy } from '../scenario/traits.ts'
import { isDurable } from './durable-log.ts'
import { EpochPromises } from './epoch-promises.ts'
import { NodeHistory } from './node-history.ts'
import { isQuorum } from './quorum.ts'
import { ReplicatedHistory } from './replicated-history.ts'
import { hex, Violation } from './violation.ts'

/** Looking at what a disk would keep is work: it is done for so large a part of the acknowledgements and commits. */
const DISK_CHECK_RATE = 0.03

export interface InvariantParts {
  readonly random: SeededRandom
  /** The voters' names, that of server 1 first. */
  readonly voters: readonly string[]
  readonly hierarchy: Hierarchy | null
  readonly diskOf: (server: string) => MemoryDisk
  readonly note: (who: string, what: string) => void
  readonly onViolation: (error: unknown) => void
}

export class Invariants implements Probe {
  readonly history: ReplicatedHistory = new ReplicatedHistory()
  readonly nodes: NodeHistory = new NodeHistory()
  private readonly epochs = new EpochPromises()
  private readonly parts: InvariantParts

  constructor(parts: InvariantParts) {
    this.parts = parts
    this.history.onCommitted = (transaction) => {
      this.nodes.committed(transaction)
    }
  }

  proposed(server: string, epoch: number, transaction: TransactionBytes): void {
    this.check(() => this.history.proposed(server, epoch, transaction))
  }

  established(server: string, epoch: number, lastZxid: number): void {
    this.parts.note(server, `leads epoch ${epoch} from ${hex(lastZxid)} on`)
    this.check(() => {
      this.epochs.look(server, this.parts.diskOf(server))
      this.history.established(server, epoch, lastZxid)
      // What it began with is committed by that.
      if (this.history.lastCommitted > 0) this.checkQuorum(server, this.history.lastCommitted)
    })
  }

  beganAlone(server: string, lastZxid: number): void {
    this.parts.note(server, `stands alone, from ${hex(lastZxid)} on`)
    this.check(() => this.history.beganAlone(server, lastZxid))
  }

  committed(server: string, zxid: number): void {
    this.parts.note(server, `commits ${hex(zxid)}`)
    this.check(() => {
      this.history.leaderCommits(server, zxid)
      if (this.isDiskChecked()) this.checkQuorum(server, zxid)
    })
  }

  applied(server: string, before: number, transaction: TransactionBytes, mismatches: number): void {
    this.check(() => {
      this.history.applied(server, before, transaction)
      if (mismatches > 0) {
        throw new Violation('equal digests', `${server} has another tree after ${hex(transaction.zxid)} than who proposed it`)
      }
    })
  }

  sessionClosed(server: string, sessionId: bigint, leftOver: number): void {
    if (leftOver === 0) return
    this.fail(
      new Violation('ephemerals go with their session', `${server} keeps ${leftOver} of the session ${sessionId.toString(16)}`),
    )
  }

  promised(server: string, leaderEpoch: number): void {
    this.check(() => this.epochs.promised(server, this.parts.diskOf(server), leaderEpoch))
  }

  adopted(server: string, leaderEpoch: number, lastZxid: number): void {
    this.check(() => this.checkHistory(server, leaderEpoch, lastZxid))
  }

  historyAcknowledged(server: string, leaderEpoch: number, lastZxid: number): void {
    this.check(() => {
      this.epochs.adopted(server, this.parts.diskOf(server), leaderEpoch)
      this.checkHistory(server, leaderEpoch, lastZxid)
    })
  }

  private checkHistory(server: string, leaderEpoch: number, lastZxid: number): void {
    const zxid = this.history.transactionAt(lastZxid)
    if (zxid === 0 || isDurable(this.parts.diskOf(server), zxid)) return
    throw new Violation('durable acknowledgements', `${server} adopts epoch ${leaderEpoch}, and ${hex(zxid)} is not on its disk`)
  }

  acknowledged(server: string, zxid: number): void {
    if (!this.isDiskChecked()) return
    this.check(() => {
      if (isDurable(this.parts.diskOf(server), zxid)) return
      throw new Violation('durable acknowledgements', `${server} acknowledges ${hex(zxid)}, which is not on its disk`)
    })
  }

  serving(server: string, epoch: number): void {
    this.parts.note(server, `serves in epoch ${epoch}`)
  }

  roleEnded(server: string, reason: string): void {
    this.parts.note(server, `its role ends: ${reason}`)
  }

  private isDiskChecked(): boolean {
    return this.parts.random.next() < DISK_CHECK_RATE
  }

  /** What is committed is on the disks of a quorum, for good. */
  private checkQuorum(server: string, zxid: number): void {
    const { voters, hierarchy, diskOf } = this.parts
    const ids = voters.map((_, index) => index + 1).filter((id) => isDurable(diskOf(voters[id - 1] as string), zxid))
    if (isQuorum(new Set(ids), voters.length, hierarchy)) return
    throw new Violation(
      'agreement',
      `${server} commits ${hex(zxid)}, which is on the disks of ${ids.length} of ${voters.length} voters${hierarchy === null ? '' : `: ${ids.join(' and ')}`}`,
    )
  }

  private check(what: () => void): void {
    try {
      what()
    } catch (error) {
      this.fail(error)
    }
  }

  /** A violation must not change what the server does: the run ends after this event. */
  private fail(error: unknown): void {
    this.parts.onViolation(error)
  }
}
