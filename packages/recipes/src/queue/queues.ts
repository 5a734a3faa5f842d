import { type DataInput, type ZooKeeper, ZooKeeperError } from '@tskeeper/client'
import type { AccessOptions } from '../line/access.ts'
import type { WaitOptions } from '../session/cancellation.ts'
import { RANK_MAX } from './entry-name.ts'
import { EntryQueue, type Readiness } from './entry-queue.ts'
import type { TakenEntry } from './taken-entry.ts'

/** What stands in the way of waiting for ever. */
export interface PollOptions {
  readonly signal?: AbortSignal
}

/** The side of the three queues from which entries are taken. */
export interface TakeSide {
  readonly path: string
  /** Waits for an entry and takes it: `acknowledge` it when the work is done. */
  take(options?: WaitOptions): Promise<TakenEntry>
  /** Takes the first entry, or gives null if there is none to be had now. */
  poll(options?: PollOptions): Promise<TakenEntry | null>
  /** How many entries there are, those that somebody works on included. */
  size(options?: PollOptions): Promise<number>
}

/**
 * First in, first out.
 *
 * **Guarantees.** An entry is added exactly once, also when the answer to that was lost and somebody has taken and done the entry since.
 * It is taken at least once: it goes only when its taker acknowledges it, and comes back at its old place when the taker dies,
 * releases it or loses its session before. At any moment one living session has it. Entries are handed out in the order in which the
 * servers got them. Whoever waits stands in a line, and a new entry wakes the first of it; one who asks when an entry is there may be
 * faster.
 *
 * **Failure modes.** When the putter's session expires with the answer to `put`, and the entry is not there, nobody can say whether it was
 * taken and done or never added: `put` rejects with `mayHaveBeenApplied` (and `SESSION_EXPIRED`, or how else the session ended). Put it
 * again if the work can be repeated. Work may be done twice anyway, when a taker loses its session after the work and before the
 * acknowledgement: make it repeatable, or let what it writes to check `entry.fencingToken`. With several takers, entries are
 * finished in any order. A taker that was paused may not know yet that it lost the entry: it learns by `entry.signal`, and by
 * `acknowledge` rejecting. A queue is for thousands of entries, not for millions: each look reads the names of all.
 *
 * **Layout**: `<path>/entries/_c_<uuid>-entry-<rank of 15 digits>-<number>`, persistent; `<path>/taken/<same name>`, ephemeral, while
 * somebody works on it; `<path>/waiting/...`, a lock, for those who wait; `<path>/receipts/<uuid>`, ephemeral, of a client that has put.
 *
 * ```ts
 * const queue = new FifoQueue(zk, '/mails')
 * await queue.put('to the printer')
 * await using entry = await queue.take()
 * await print(entry.data)
 * await entry.acknowledge()
 * ```
 */
export class FifoQueue implements TakeSide {
  readonly path: string
  readonly #entries: EntryQueue

  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    this.#entries = new EntryQueue(zk, path, { ...options, readiness: () => 0 })
    this.path = path
  }

  /**
   * Adds an entry at the end. Gives the path of its node; null if the answer was lost and the entry has gone before its name was
   * found. It waits for a connection if there is none, and rejects when the client's session is over for good. What one client puts
   * without waiting is added in the order of the calls.
   */
  put(data: DataInput): Promise<string | null> {
    return this.#entries.put(data, 0)
  }

  take(options?: WaitOptions): Promise<TakenEntry> {
    return this.#entries.take(options)
  }

  poll(options: PollOptions = {}): Promise<TakenEntry | null> {
    return this.#entries.poll(options.signal ?? null)
  }

  size(options: PollOptions = {}): Promise<number> {
    return this.#entries.size(options.signal ?? null)
  }
}

/**
 * The most urgent first; among equals, first in, first out.
 *
 * **Guarantees, failure modes and layout** are those of `FifoQueue`; the rank is the priority. An entry that is put while others
 * are worked on does not take them away.
 *
 * ```ts
 * await new PriorityQueue(zk, '/jobs').put('restart', { priority: 1 })
 * ```
 */
export class PriorityQueue implements TakeSide {
  readonly path: string
  readonly #entries: EntryQueue

  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    this.#entries = new EntryQueue(zk, path, { ...options, readiness: () => 0 })
    this.path = path
  }

  /** Adds an entry. Lower numbers go first; they are whole and not negative. */
  put(data: DataInput, options: { readonly priority: number }): Promise<string | null> {
    return this.#entries.put(data, checkRank(options.priority, 'priority'))
  }

  take(options?: WaitOptions): Promise<TakenEntry> {
    return this.#entries.take(options)
  }

  poll(options: PollOptions = {}): Promise<TakenEntry | null> {
    return this.#entries.poll(options.signal ?? null)
  }

  size(options: PollOptions = {}): Promise<number> {
    return this.#entries.size(options.signal ?? null)
  }
}

/**
 * Entries that may be taken only after a time.
 *
 * **Guarantees, failure modes and layout** are those of `FifoQueue`; the rank is the time at which the entry is due, in milliseconds since
 * 1970, and entries are taken in the order of these times. The time is reckoned by the clock of the client that puts and judged by
 * the clock of the client that takes: as far as these differ, an entry is early or late.
 *
 * ```ts
 * await new DelayQueue(zk, '/reminders').put('call back', { delayMs: 60_000 })
 * ```
 */
export class DelayQueue implements TakeSide {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #entries: EntryQueue

  constructor(zk: ZooKeeper, path: string, options: AccessOptions = {}) {
    const readiness: Readiness = (entry) => Math.max(0, entry.rank - zk.runtime.clock.nowMs())
    this.#entries = new EntryQueue(zk, path, { ...options, readiness })
    this.path = path
    this.#zk = zk
  }

  /** Adds an entry that is due after so many milliseconds. */
  put(data: DataInput, options: { readonly delayMs: number }): Promise<string | null> {
    return this.putAt(data, { dueMs: this.#zk.runtime.clock.nowMs() + options.delayMs })
  }

  /** Adds an entry that is due at a time, in milliseconds since 1970. */
  putAt(data: DataInput, options: { readonly dueMs: number }): Promise<string | null> {
    return this.#entries.put(data, checkRank(Math.ceil(options.dueMs), 'dueMs'))
  }

  take(options?: WaitOptions): Promise<TakenEntry> {
    return this.#entries.take(options)
  }

  poll(options: PollOptions = {}): Promise<TakenEntry | null> {
    return this.#entries.poll(options.signal ?? null)
  }

  size(options: PollOptions = {}): Promise<number> {
    return this.#entries.size(options.signal ?? null)
  }
}

function checkRank(rank: number, what: string): number {
  if (Number.isSafeInteger(rank) && rank >= 0 && rank <= RANK_MAX) return rank
  throw new ZooKeeperError('BAD_ARGUMENTS', `${what} must be a whole number from 0 to ${RANK_MAX}, and is ${rank}`)
}
