// What the three queues share. They differ in the rank that an entry gets, and in when an entry may be taken.

import { type Acl, type DataInput, decodeText, isZooKeeperError, retries, type ZooKeeper } from '@tskeeper/client'
import { type AccessOptions, aclOf } from '../line/access.ts'
import { checkDirectory, childPath, ensureDirectory, listDirectory, nameOf, readNode } from '../line/directory.ts'
import { makeUuid } from '../line/unique.ts'
import { NodeLease } from '../lock/lease.ts'
import { Lock } from '../lock/lock.ts'
import { Cancellation, pause, unlessAborted, type WaitOptions } from '../session/cancellation.ts'
import { isSessionOver, isTransient, recover, untilConnected } from '../session/persevere.ts'
import { watchChildren } from '../session/shared-watch.ts'
import { compareEntries, type EntryName, entryKind, parseEntryName } from './entry-name.ts'
import { EntryWriter } from './entry-writer.ts'
import { TakenEntry } from './taken-entry.ts'

/** When an entry may be taken: now if 0, otherwise in so many milliseconds. */
export type Readiness = (entry: EntryName) => number

/** How long whoever waits for a time does so at most before it looks again: the wall clock may have been set meanwhile. */
const LOOK_AGAIN_MS = 60_000

/** What to wait for before looking at the entries again: one of the changes, or the delay. */
interface NextLook {
  readonly changes: readonly Promise<void>[]
  readonly delayMs: number | null
}

const KINDLESS = { kind: 'taken', kinds: ['taken'], data: '' } as const

/** How a queue behaves. */
export interface EntryQueueOptions extends AccessOptions {
  readonly readiness: Readiness
}

/** A directory of entries, the claims on them, and a line of those who wait. */
export class EntryQueue {
  readonly path: string
  readonly #zk: ZooKeeper
  readonly #readiness: Readiness
  readonly #entries: string
  readonly #claims: string
  readonly #line: Lock
  readonly #acl: readonly Acl[]

  constructor(zk: ZooKeeper, path: string, options: EntryQueueOptions) {
    this.path = checkDirectory(path)
    this.#zk = zk
    this.#readiness = options.readiness
    this.#entries = `${path}/entries`
    this.#claims = `${path}/taken`
    this.#acl = aclOf(options)
    this.#line = new Lock(zk, `${path}/waiting`, { acl: this.#acl })
  }

  /** Adds an entry: see `EntryWriter`. */
  put(data: DataInput, rank: number): Promise<string | null> {
    return EntryWriter.of(this.#zk, this.path).add({ kind: entryKind(rank), data, acl: this.#acl })
  }

  /** The first entry that may be taken; null if there is none. */
  async poll(signal: AbortSignal | null): Promise<TakenEntry | null> {
    for (;;) {
      await untilConnected(this.#zk, signal)
      try {
        return await this.#takeFirst(await this.#open(signal), signal)
      } catch (error) {
        if (!isSessionOver(error)) throw error
      }
    }
  }

  /** Waits for an entry. Those who wait do so in a line, of which the first watches the entries: a new entry wakes one. */
  async take(options: WaitOptions | undefined): Promise<TakenEntry> {
    using cancellation = new Cancellation(this.#zk, `waiting for an entry of ${this.path}`, options)
    const { signal } = cancellation
    for (;;) {
      const entry = (await this.poll(signal)) ?? (await this.#takeInLine(signal))
      if (entry !== null) return entry
    }
  }

  /** How many entries there are, those that somebody works on included. */
  async size(signal: AbortSignal | null): Promise<number> {
    return this.#sorted(await listDirectory(this.#zk, this.#entries, signal)).length
  }

  /** Null when the turn was lost: then one has to line up again. */
  async #takeInLine(signal: AbortSignal): Promise<TakenEntry | null> {
    await using turn = await this.#line.acquire({ signal })
    while (!turn.signal.aborted) {
      try {
        const step = await this.#takeOrWatch(signal)
        if (step instanceof TakenEntry) return step
        await this.#untilAny(step, turn.signal, signal)
      } catch (error) {
        if (signal.aborted || !(turn.signal.aborted || isSessionOver(error))) throw error
      }
    }
    return null
  }

  /** An entry, or what to wait for before looking again. */
  async #takeOrWatch(signal: AbortSignal): Promise<TakenEntry | NextLook> {
    const claims = await watchChildren(this.#zk, this.#claims, signal)
    const entries = await watchChildren(this.#zk, this.#entries, signal)
    if (claims === null || entries === null) {
      await ensureDirectory(this.#zk, this.#claims, this.#acl, signal)
      await ensureDirectory(this.#zk, this.#entries, this.#acl, signal)
      return { changes: [Promise.resolve()], delayMs: null }
    }
    const open = this.#openOf(entries.value, claims.value)
    const taken = await this.#takeFirst(open, signal)
    if (taken !== null) return taken
    const [next] = open
    const delayMs = next === undefined ? null : Math.min(LOOK_AGAIN_MS, Math.max(1, this.#readiness(next)))
    return { changes: [claims.changed, entries.changed], delayMs }
  }

  /** Rejects with the reason of the signal that is aborted first; no timer outlives it. */
  async #untilAny(look: NextLook, turnSignal: AbortSignal, signal: AbortSignal): Promise<void> {
    const timer = new AbortController()
    const changes = [...look.changes]
    if (look.delayMs !== null) changes.push(pause(this.#zk, look.delayMs, timer.signal).catch(() => undefined))
    try {
      await unlessAborted(signal, unlessAborted(turnSignal, Promise.race(changes)))
    } finally {
      timer.abort()
    }
  }

  async #open(signal: AbortSignal | null): Promise<EntryName[]> {
    // Waited for together: when both fail, nobody would hear of the second one, which ends a process that ignores no rejection.
    const [claims, entries] = await Promise.all([
      listDirectory(this.#zk, this.#claims, signal),
      listDirectory(this.#zk, this.#entries, signal),
    ])
    return this.#openOf(entries, claims)
  }

  #openOf(entries: readonly string[], claims: readonly string[]): EntryName[] {
    const claimed = new Set(claims)
    return this.#sorted(entries.filter((name) => !claimed.has(name)))
  }

  #sorted(names: readonly string[]): EntryName[] {
    return names.flatMap((name) => parseEntryName(name) ?? []).sort(compareEntries)
  }

  /** Claims the first of the entries that may be taken and is still there. */
  async #takeFirst(open: readonly EntryName[], signal: AbortSignal | null): Promise<TakenEntry | null> {
    for (const entry of open) {
      if (this.#readiness(entry) > 0) return null
      const taking = this.#claim(entry.name)
      const taken = await unlessAborted(signal, taking).catch((error: unknown) => {
        // Nobody waits for the claim any more: it is put back when it is known.
        taking.then((late) => late?.release()).catch(() => undefined)
        throw error
      })
      if (taken !== null) return taken
    }
    return null
  }

  /** Claims an entry: creates its claim if, at that moment, the entry exists. Null if somebody else was faster. */
  async #claim(name: string): Promise<TakenEntry | null> {
    const claim: Claim = {
      path: childPath(this.#entries, name),
      claimPath: childPath(this.#claims, name),
      mark: makeUuid(this.#zk.runtime.random),
    }
    for (let failures = 1, isAmbiguous = false; ; failures += 1) {
      try {
        return await this.#claimOnce(claim, isAmbiguous)
      } catch (error) {
        if (!isTransient(error)) throw error
        isAmbiguous ||= isZooKeeperError(error) && error.mayHaveBeenApplied
        await recover(this.#zk, null, failures)
      }
    }
  }

  async #claimOnce(claim: Claim, isAmbiguous: boolean): Promise<TakenEntry | null> {
    const { path, claimPath, mark } = claim
    for (;;) {
      try {
        await this.#zk
          .transaction()
          .check(path, -1)
          .create(claimPath, mark, { mode: 'ephemeral', acl: this.#acl })
          .commit({ retry: retries.none })
        return await this.#hold(claim)
      } catch (error) {
        const isTaken = isZooKeeperError(error, 'NODE_EXISTS')
        if (!isTaken && !isZooKeeperError(error, 'NO_NODE')) throw error
        if (isAmbiguous) return await this.#hold(claim)
        if (isTaken || (await this.#zk.exists(this.#claims)) !== null) return null
        await ensureDirectory(this.#zk, this.#claims, this.#acl, null)
      }
    }
  }

  /** The entry behind a claim, if the claim is the one that was just made. */
  async #hold({ path, claimPath, mark }: Claim): Promise<TakenEntry | null> {
    const claim = await readNode(this.#zk, claimPath, null)
    if (claim === null || decodeText(claim.data) !== mark || claim.stat.ephemeralOwner !== this.#zk.sessionId) return null
    const lease = NodeLease.hold({
      zk: this.#zk,
      path: claimPath,
      name: nameOf(claimPath),
      options: { ...KINDLESS, directory: this.#claims, acl: this.#acl },
      sessionId: claim.stat.ephemeralOwner,
      czxid: claim.stat.czxid,
    })
    const entry = await readNode(this.#zk, path, null)
    if (entry !== null) return new TakenEntry(this.#zk, path, entry.data, lease)
    await lease.release()
    return null
  }
}

interface Claim {
  /** The entry. */
  readonly path: string
  readonly claimPath: string
  /** Stands in the claim: tells this attempt from others, of the same client, too. */
  readonly mark: string
}
