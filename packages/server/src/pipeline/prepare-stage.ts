// The first step of a write where writes are decided, in a server that stands alone and in a leader: the request is
// checked against the pending view and encoded as a log entry into the batch that gathers.

import type { Preparer, Requester } from '@tskeeper/core'
import { type ByteReader, Op } from '@tskeeper/protocol/server'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Clock } from '../runtime/runtime.ts'
import { beginEntry, ENTRY_PREFIX_SIZE, endEntry } from '../storage/txn-log-entry.ts'
import { WriteBatch } from './write-batch.ts'

export class PrepareStage {
  readonly preparer: Preparer
  gathering: WriteBatch = new WriteBatch()
  private readonly clock: Clock
  private readonly metrics: ServerMetrics
  /** Something was added to the batch that gathers. */
  private readonly onAdded: () => void

  constructor(preparer: Preparer, clock: Clock, metrics: ServerMetrics, onAdded: () => void) {
    this.preparer = preparer
    this.clock = clock
    this.metrics = metrics
    this.onAdded = onAdded
  }

  /** A request of a client; `connection` is null if the client is another server's. */
  request(
    connection: ClientConnection | null,
    requester: Requester,
    op: number,
    xid: number,
    timeMs: number,
    arrivedMs: number,
    input: ByteReader,
  ): void {
    const { clock, metrics, preparer } = this
    const { entries, count } = this.gathering
    // One in a batch is measured: looking at the clock takes as long as preparing does.
    const beganMs = count === 0 ? clock.monotonicMs() : 0
    const start = beginEntry(entries)
    preparer.prepare(op, requester, xid, timeMs, input, entries)
    if (count === 0) metrics.prep.processTimeMs.record(clock.monotonicMs() - beganMs)
    this.add(connection, op, xid, start, arrivedMs)
    if (op === Op.multi && connection !== null) this.noteCreate2Parts()
  }

  private noteCreate2Parts(): void {
    const parts = this.preparer.create2Parts
    if (parts !== null) this.gathering.noteCreate2Parts(parts)
  }

  createSession(connection: ClientConnection | null, id: bigint, timeoutMs: number, timeMs: number, arrivedMs: number): void {
    const { entries } = this.gathering
    const start = beginEntry(entries)
    this.preparer.prepareCreateSession(id, timeoutMs, timeMs, entries)
    this.add(connection, Op.createSession, 0, start, arrivedMs)
  }

  closeSession(connection: ClientConnection | null, id: bigint, xid: number, timeMs: number, arrivedMs: number): void {
    const { clock, metrics, preparer } = this
    const { entries } = this.gathering
    const beganMs = clock.monotonicMs()
    const start = beginEntry(entries)
    preparer.prepareCloseSession(id, xid, timeMs, entries)
    metrics.prep.closeSessionTimeMs.record(clock.monotonicMs() - beganMs)
    this.add(connection, Op.closeSession, xid, start, arrivedMs)
  }

  /** A request that is not carried out, for a reason that has nothing to do with what it asks. */
  refusal(
    connection: ClientConnection | null,
    sessionId: bigint,
    op: number,
    xid: number,
    code: number,
    timeMs: number,
    arrivedMs: number,
  ): void {
    const { entries } = this.gathering
    const start = beginEntry(entries)
    this.preparer.prepareRefusal(sessionId, xid, code, timeMs, entries)
    this.add(connection, op, xid, start, arrivedMs)
  }

  deleteContainer(path: Uint8Array, mzxid: number, timeMs: number, arrivedMs: number): void {
    const { entries } = this.gathering
    const start = beginEntry(entries)
    this.preparer.prepareDeleteContainer(path, mzxid, timeMs, entries)
    this.add(null, Op.deleteContainer, 0, start, arrivedMs)
  }

  private add(connection: ClientConnection | null, op: number, xid: number, start: number, arrivedMs: number): void {
    const { gathering, preparer } = this
    endEntry(gathering.entries, start)
    const txnStart = start + ENTRY_PREFIX_SIZE
    gathering.add(connection, op, xid, txnStart, gathering.entries.position - 1, preparer.lastZxid, arrivedMs, preparer.hints)
    this.metrics.prep.requestsQueued++
    this.onAdded()
  }
}
