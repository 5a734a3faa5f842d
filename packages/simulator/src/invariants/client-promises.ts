// What clients may rely on, checked answer by answer against what is committed.

import type { NodeHistory, SeenNode } from './node-history.ts'
import { epochOf } from './replicated-history.ts'
import { hex, Violation } from './violation.ts'

/** One session as its client sees it. */
export class SessionView {
  readonly who: string
  /** The last zxid that an answer brought. */
  lastSeen = 0
  /** The write with the highest number that was answered, and its zxid. */
  readonly answeredWrites: { readonly number: number; readonly zxid: number }[] = []
  readonly watches: ArmedWatch[] = []
  private writeCount = 0

  constructor(who: string) {
    this.who = who
  }

  nextWrite(): number {
    return this.writeCount++
  }
}

/** A watch that a read has left, with what that read saw. */
export interface ArmedWatch {
  readonly path: string
  readonly mzxid: number
  hasFired: boolean
}

/** What is known when a request leaves. */
export interface Asked {
  readonly session: SessionView
  /** What the session has seen. */
  readonly lastSeen: number
  /** The newest write that any client had an answer to. */
  readonly newestAcknowledged: number
  /** The session's write with this number, -1 for reads. */
  readonly write: number
}

export class ClientPromises {
  private readonly nodes: NodeHistory
  private newestAcknowledged = 0
  /** Sessions that are over, as their clients were told, by id. */
  private readonly ended = new Map<bigint, string>()
  /** Acknowledged writes, as the values that they wrote. */
  readonly acknowledged: Map<string, number> = new Map()

  constructor(nodes: NodeHistory) {
    this.nodes = nodes
  }

  asks(session: SessionView, isWrite: boolean): Asked {
    return {
      session,
      lastSeen: session.lastSeen,
      newestAcknowledged: this.newestAcknowledged,
      write: isWrite ? session.nextWrite() : -1,
    }
  }

  /** A write of `data`, a value of its own, was answered with this zxid. */
  wrote(asked: Asked, data: string, zxid: number): void {
    const { session } = asked
    const writer = this.nodes.writerOf(data)
    if (writer !== zxid) {
      const truth = writer === null ? 'nothing committed says so' : `${hex(writer)} did`
      throw new Violation(
        'no acknowledged write is lost',
        `${session.who} was told that ${hex(zxid)} wrote ${data}, but ${truth}`,
      )
    }
    if (zxid <= asked.newestAcknowledged) {
      throw new Violation(
        'linearizable writes',
        `${session.who} asked for ${hex(zxid)} when ${hex(asked.newestAcknowledged)} was answered already`,
      )
    }
    for (const other of session.answeredWrites) {
      if (other.number < asked.write !== other.zxid < zxid) {
        throw new Violation(
          'session order',
          `${session.who} has its writes ${hex(other.zxid)} and ${hex(zxid)} in the wrong order`,
        )
      }
    }
    session.answeredWrites.push({ number: asked.write, zxid })
    this.acknowledged.set(data, zxid)
    this.acknowledge(zxid)
    session.lastSeen = Math.max(session.lastSeen, zxid)
  }

  /** A deletion was answered; no other took place at this path. `upTo` is what the session has seen with the answer. */
  deleted(asked: Asked, path: string, upTo: number): void {
    if (!this.nodes.wasDeleted(path, asked.lastSeen, upTo)) {
      throw new Violation(
        'no acknowledged write is lost',
        `${asked.session.who} was told that ${path} is deleted, nothing committed says so`,
      )
    }
    this.acknowledge(this.nodes.lastChange(path))
    asked.session.lastSeen = Math.max(asked.session.lastSeen, upTo)
  }

  /**
   * A read was answered; `upTo` is the newest zxid that the session has seen by now. After a sync that ended before the read began, `sinceSync` is
   * what any client knew when the sync began. That holds within an epoch only: a leader answers a sync without asking anybody whether
   * it still leads, as the protocol has it, and one that was deposed does not know for a while.
   */
  read(asked: Asked, path: string, seen: SeenNode | null, upTo: number, sinceSync: number): void {
    const { session } = asked
    const isSyncOfOldLeader = epochOf(upTo) < epochOf(sinceSync)
    const from = isSyncOfOldLeader ? asked.lastSeen : Math.max(asked.lastSeen, sinceSync)
    this.nodes.checkRead(session.who, path, seen, { from, to: Math.max(upTo, from) })
    this.checkWatches(session, path, seen)
    session.lastSeen = Math.max(session.lastSeen, upTo)
  }

  /** The event of a change comes before the change is seen. */
  private checkWatches(session: SessionView, path: string, seen: SeenNode | null): void {
    for (const watch of session.watches) {
      if (watch.path !== path || watch.hasFired) continue
      if (seen === null || seen.mzxid > watch.mzxid) {
        const what = seen === null ? 'is gone' : `has changed by ${hex(seen.mzxid)}`
        throw new Violation(
          'watch before data',
          `${session.who} sees that ${path} ${what}, and its watch of ${hex(watch.mzxid)} is silent`,
        )
      }
    }
  }

  /**
   * A server says that the session is over. A leader says so from the moment on at which it decides to close the session; if it is none
   * any more by then, the next one will have to close it.
   */
  expired(session: SessionView, sessionId: bigint): void {
    this.ended.set(sessionId, session.who)
  }

  /** After a time longer than all time-outs: the sessions that are said to be over are. */
  checkEnded(): void {
    for (const [sessionId, who] of this.ended) {
      if (!this.nodes.isAlive(sessionId)) continue
      throw new Violation('sessions end', `${who} was told that its session is over, and nothing committed closes it`)
    }
  }

  private acknowledge(zxid: number): void {
    this.newestAcknowledged = Math.max(this.newestAcknowledged, zxid)
  }
}
