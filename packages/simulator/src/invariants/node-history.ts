// Every value that every node has had, by the transactions that are committed; and with it whether what clients were told can be true.

import { Op } from '@tskeeper/protocol/server'
import { ReapedNodes } from './reaped-nodes.ts'
import { type Change, deletion, type Transaction } from './transaction.ts'
import { hex, Violation } from './violation.ts'

/** A node from `zxid` on. */
interface NodeState {
  readonly zxid: number
  readonly change: Change
}

/** A node as a client was shown it. */
export interface SeenNode {
  readonly mzxid: number
  readonly version: number
  readonly data: string
}

/** Where in the order of transactions a read may have looked: not before the first, not after the second. */
export interface ReadBounds {
  readonly from: number
  readonly to: number
}

export class NodeHistory {
  private readonly nodes = new Map<string, NodeState[]>()
  private readonly ephemerals = new Map<bigint, Set<string>>()
  /** Which transaction wrote a value that is written only once. */
  private readonly writers = new Map<string, number>()
  /** Sessions of the ensemble, and the transactions that closed them; 0 for those that live. */
  private readonly sessions = new Map<bigint, number>()
  readonly reaped: ReapedNodes = new ReapedNodes()
  /** Told of each node that is deleted. */
  onDeleted: (path: string) => void = () => {}

  /** Takes in the next committed transaction, which has to make sense after those before it. */
  committed(transaction: Transaction): void {
    if (transaction.type === Op.createSession) this.sessions.set(transaction.sessionId, 0)
    for (const change of transaction.changes) this.changed(transaction, change)
    if (transaction.type === Op.closeSession) this.sessionClosed(transaction)
  }

  private sessionClosed(transaction: Transaction): void {
    const { sessionId, zxid } = transaction
    this.sessions.set(sessionId, zxid)
    for (const path of this.ephemerals.get(sessionId) ?? []) {
      if (!this.exists(path)) continue
      const change = deletion(path)
      this.nodes.get(path)?.push({ zxid, change })
      this.reaped.changed(transaction, change)
      this.onDeleted(path)
    }
    this.ephemerals.delete(sessionId)
  }

  /** Is this a session that the ensemble knows and that is not closed? One that only its server knew was never here. */
  isAlive(sessionId: bigint): boolean {
    return this.sessions.get(sessionId) === 0
  }

  /** The transaction that wrote this value, null if none that is committed did. */
  writerOf(data: string): number | null {
    return this.writers.get(data) ?? null
  }

  exists(path: string): boolean {
    const last = this.nodes.get(path)?.at(-1)
    return last !== undefined && last.change.kind !== 'delete'
  }

  /** Zxid of the node's last change, 0 without any. */
  lastChange(path: string): number {
    return this.nodes.get(path)?.at(-1)?.zxid ?? 0
  }

  /** Was there a deletion of the node in (from, to]? */
  wasDeleted(path: string, from: number, to: number): boolean {
    const states = this.nodes.get(path) ?? []
    return states.some(({ zxid, change }) => change.kind === 'delete' && zxid > from && zxid <= to)
  }

  /** Can a client have been shown this between these two transactions? */
  checkRead(who: string, path: string, seen: SeenNode | null, bounds: ReadBounds): void {
    if (seen === null) this.checkAbsence(who, path, bounds)
    else this.checkValue(who, path, seen, bounds)
  }

  private checkValue(who: string, path: string, seen: SeenNode, { from, to }: ReadBounds): void {
    const states = this.nodes.get(path) ?? []
    const index = states.findLastIndex((state) => state.zxid === seen.mzxid)
    const state = states[index]
    if (state === undefined || state.change.data !== seen.data || state.change.version !== seen.version) {
      throw new Violation('reads are committed', `${who} read ${path} as of ${hex(seen.mzxid)}, which nothing committed says`)
    }
    if (state.zxid > to) throw new Violation('reads are committed', `${who} read ${path} of ${hex(state.zxid)} at ${hex(to)}`)
    const next = states[index + 1]
    if (next !== undefined && next.zxid <= from) {
      throw new Violation(
        'sequential reads',
        `${who} read ${path} of ${hex(state.zxid)}, although it knew of ${hex(from)}, and ${hex(next.zxid)} changed it before`,
      )
    }
  }

  private checkAbsence(who: string, path: string, { from, to }: ReadBounds): void {
    const states = this.nodes.get(path) ?? []
    // It is there all the time if it is there at the beginning and no deletion follows.
    const first = states.findLast((state) => state.zxid <= from)
    if (first === undefined || first.change.kind === 'delete') return
    if (states.some((state) => state.zxid > from && state.zxid <= to && state.change.kind === 'delete')) return
    throw new Violation('sequential reads', `${who} did not find ${path}, which is there since ${hex(first.zxid)}`)
  }

  private changed(transaction: Transaction, change: Change): void {
    const { zxid } = transaction
    const { path, kind, version, data } = change
    // The configuration's node is written by each server for itself, and is there from the beginning.
    if (path.startsWith('/zookeeper/')) return
    let states = this.nodes.get(path)
    if (states === undefined) {
      states = []
      this.nodes.set(path, states)
    }
    const last = states.at(-1)
    const exists = last !== undefined && last.change.kind !== 'delete'
    if (exists === (kind === 'create')) throw new Violation('transactions make sense', `${hex(zxid)} does a ${kind} of ${path}`)
    if (kind === 'set' && version !== (last?.change.version ?? 0) + 1) {
      throw new Violation(
        'transactions make sense',
        `${hex(zxid)} sets ${path} to the version ${version}, after ${last?.change.version}`,
      )
    }
    if (data.startsWith('#')) this.note(path, data, zxid)
    if (change.isEphemeral) this.own(transaction, path)
    states.push({ zxid, change })
    this.reaped.changed(transaction, change)
    if (kind === 'delete') this.onDeleted(path)
  }

  private note(path: string, data: string, zxid: number): void {
    const other = this.writers.get(data)
    if (other !== undefined && other !== zxid) {
      throw new Violation(
        'writes happen once',
        `${data}, which is to be in ${path}, was written by ${hex(other)} and again by ${hex(zxid)}`,
      )
    }
    this.writers.set(data, zxid)
  }

  private own({ zxid, sessionId }: Transaction, path: string): void {
    if (!this.isAlive(sessionId)) {
      const owner = `the session ${BigInt.asUintN(64, sessionId).toString(16)}`
      throw new Violation(
        'ephemerals have a session',
        `${hex(zxid)} creates ${path} for ${owner}, which the ensemble does not have`,
      )
    }
    this.ephemeralsOf(sessionId).add(path)
  }

  private ephemeralsOf(sessionId: bigint): Set<string> {
    let paths = this.ephemerals.get(sessionId)
    if (paths === undefined) {
      paths = new Set()
      this.ephemerals.set(sessionId, paths)
    }
    return paths
  }
}
