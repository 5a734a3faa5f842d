// How entries get into a queue exactly once, although answers get lost.
//
// To look for the entry afterwards is not enough: somebody may have taken and done it by then, and it would be added again. So
// each transaction that adds entries also raises the version of a node of this client's, the receipt, from the version that it
// has to the next one. When an answer is lost the same transaction is simply asked for again: it is carried out if the first one was
// not, and refused because of the version if it was. That costs no transaction and leaves nothing behind: the receipt is ephemeral.
//
// A receipt has one version, so there is one transaction at a time; what is put meanwhile goes together in the next one.

import {
  type Acl,
  type DataInput,
  isZooKeeperError,
  retries,
  TransactionError,
  type ZooKeeper,
  ZooKeeperError,
} from '@tskeeper/client'
import { childPath, ensureDirectory } from '../line/directory.ts'
import { createEphemeral } from '../line/ephemeral.ts'
import { childrenOrNone, deleteInSession } from '../line/protected-create.ts'
import { makeUuid } from '../line/unique.ts'
import { isSessionOver, isTransient, persevereAcrossSessions, recover, untilConnected } from '../session/persevere.ts'

/** What to add. */
export interface NewEntry {
  /** What stands between the entry's mark and its number. */
  readonly kind: string
  readonly data: DataInput
  readonly acl: readonly Acl[]
}

/** An entry whose writer is owed an answer. */
interface PendingEntry extends NewEntry {
  /** The name without the number. */
  readonly prefix: string
  /** With the entry's path; null if it was gone before its number could be learnt. */
  readonly resolve: (path: string | null) => void
  readonly reject: (error: unknown) => void
}

interface Receipt {
  readonly path: string
  readonly sessionId: bigint
  version: number
}

/** Entries of one transaction, and their data in bytes: far from the length of a request that servers refuse. */
const BATCH_ENTRIES_MAX = 64
const BATCH_BYTES_MAX = 16 * 1024
/** Queues that a client has a receipt in; of more, the one that was written to longest ago loses its receipt. */
const WRITERS_MAX = 64

const writersOfClient = new WeakMap<ZooKeeper, Map<string, EntryWriter>>()

/** Adds entries to one queue for one client. */
export class EntryWriter {
  readonly #zk: ZooKeeper
  readonly #entries: string
  readonly #receipts: string
  readonly #pending: PendingEntry[] = []
  #isWriting = false
  #receipt: Receipt | null = null

  private constructor(zk: ZooKeeper, path: string) {
    this.#zk = zk
    this.#entries = `${path}/entries`
    this.#receipts = `${path}/receipts`
  }

  /** The writer that all objects of a client share for a queue: however many are made, there is one receipt. */
  static of(zk: ZooKeeper, path: string): EntryWriter {
    const writers = writersOfClient.get(zk) ?? new Map<string, EntryWriter>()
    writersOfClient.set(zk, writers)
    const writer = writers.get(path) ?? new EntryWriter(zk, path)
    // The one that was asked for last stands last.
    writers.delete(path)
    writers.set(path, writer)
    for (const [other, candidate] of writers) {
      if (writers.size <= WRITERS_MAX) break
      if (candidate.#isWriting || candidate === writer) continue
      candidate.#retire()
      writers.delete(other)
    }
    return writer
  }

  /**
   * Adds an entry. Gives its path; null if the answer was lost and the entry was taken and done before its number could be learnt.
   * Rejects with `mayHaveBeenApplied` if the session ended with the answer, and the entry is not there.
   */
  add(entry: NewEntry): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const prefix = `_c_${makeUuid(this.#zk.runtime.random)}-${entry.kind}`
      this.#pending.push({ ...entry, prefix, resolve, reject })
      if (!this.#isWriting) void this.#writePending()
    })
  }

  /** Never rejects: whoever has put an entry hears what becomes of it. */
  async #writePending(): Promise<void> {
    this.#isWriting = true
    for (let batch = this.#takeBatch(); batch.length > 0; batch = this.#takeBatch()) {
      try {
        const paths = await this.#write(batch)
        for (const [index, entry] of batch.entries()) entry.resolve(paths[index] ?? null)
      } catch (error) {
        for (const entry of batch) entry.reject(error)
      }
    }
    this.#isWriting = false
  }

  /** The first entries, as many as go together. What one list of rights is refused for does not concern those with another. */
  #takeBatch(): PendingEntry[] {
    const acl = this.#pending[0]?.acl
    let count = 0
    for (let byteCount = 0; count < BATCH_ENTRIES_MAX; count += 1) {
      const entry = this.#pending[count]
      if (entry === undefined || entry.acl !== acl) break
      byteCount += byteCountMax(entry.data)
      if (count > 0 && byteCount > BATCH_BYTES_MAX) break
    }
    return this.#pending.splice(0, count)
  }

  async #write(batch: readonly PendingEntry[]): Promise<(string | null)[]> {
    let isLost = false
    try {
      for (let failures = 1; ; failures += 1) {
        const receipt = this.#receipt ?? (await this.#makeReceipt(batch))
        try {
          return await this.#commit(batch, receipt)
        } catch (error) {
          isLost ||= isZooKeeperError(error) && error.mayHaveBeenApplied
          if (!isRefusedByReceipt(error)) await this.#prepareNextAttempt(batch, error, failures)
          else if (!isLost) this.#receipt = null
          else return await this.#lookFor(batch, receipt, error)
        }
      }
    } catch (error) {
      throw isLost ? unknownOutcome(this.#entries, error) : error
    }
  }

  async #makeReceipt([first]: readonly PendingEntry[]): Promise<Receipt> {
    for (;;) {
      const create = { path: childPath(this.#receipts, makeUuid(this.#zk.runtime.random)), data: '', acl: first?.acl ?? [] }
      const stat = await persevereAcrossSessions(this.#zk, null, () => createEphemeral(this.#zk, create, null))
      if (stat === null) continue
      this.#receipt = { path: create.path, sessionId: stat.ephemeralOwner, version: stat.version }
      return this.#receipt
    }
  }

  async #commit(batch: readonly PendingEntry[], receipt: Receipt): Promise<(string | null)[]> {
    const transaction = this.#zk.transaction().set(receipt.path, '', { version: receipt.version })
    for (const { prefix, data, acl } of batch) {
      transaction.create(childPath(this.#entries, prefix), data, { mode: 'persistent-sequential', acl })
    }
    const results = await transaction.commit({ retry: retries.none })
    receipt.version = (receipt.version + 1) | 0
    return results.slice(1).map((result) => (result.type === 'create' ? result.path : null))
  }

  /** The paths of a batch whose answer was lost, after the receipt has refused it the second time. */
  async #lookFor(batch: readonly PendingEntry[], receipt: Receipt, refusal: TransactionError): Promise<(string | null)[]> {
    const isAdded = refusal.code === 'BAD_VERSION'
    if (isAdded) receipt.version = (receipt.version + 1) | 0
    else this.#receipt = null
    const names = await persevereAcrossSessions(this.#zk, null, async () => {
      await this.#zk.sync(this.#entries)
      return childrenOrNone(this.#zk, this.#entries)
    })
    const found = batch.map(({ prefix }) => names.find((name) => name.startsWith(prefix)))
    // A receipt that is gone tells nothing. Entries of one transaction are added together; but all of them may be done by now.
    if (!isAdded && found.every((name) => name === undefined)) throw refusal
    return found.map((name) => (name === undefined ? null : childPath(this.#entries, name)))
  }

  async #prepareNextAttempt(batch: readonly PendingEntry[], error: unknown, failures: number): Promise<void> {
    const isDirectoryMissing = error instanceof TransactionError && error.code === 'NO_NODE' && error.failedIndex > 0
    if (isDirectoryMissing) await ensureDirectory(this.#zk, this.#entries, batch[0]?.acl ?? [], null)
    else if (isTransient(error)) await recover(this.#zk, null, failures)
    else if (isSessionOver(error)) await untilConnected(this.#zk, null)
    else throw error
  }

  /** Deletes the receipt, which otherwise goes with the session. */
  #retire(): void {
    const receipt = this.#receipt
    this.#receipt = null
    if (receipt !== null) deleteInSession(this.#zk, receipt.path, receipt.sessionId).catch(() => undefined)
  }
}

/** At most so many bytes in UTF-8. */
function byteCountMax(data: DataInput): number {
  if (data === null) return 0
  return typeof data === 'string' ? data.length * 3 : data.length
}

/** Whether a transaction failed because its receipt has another version by now, or is gone. */
function isRefusedByReceipt(error: unknown): error is TransactionError {
  return (
    error instanceof TransactionError && error.failedIndex === 0 && (error.code === 'BAD_VERSION' || error.code === 'NO_NODE')
  )
}

function unknownOutcome(path: string, cause: unknown): ZooKeeperError {
  const code = isZooKeeperError(cause) && cause.code !== 'NO_NODE' ? cause.code : 'SESSION_EXPIRED'
  const message = `the answer to an entry that was put into ${path} is lost, and whether it was added cannot be found out any more`
  return new ZooKeeperError(code, message, { path, mayHaveBeenApplied: true, cause })
}
