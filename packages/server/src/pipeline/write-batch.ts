import { ChangeHints, type QuorumVerifier } from '@tskeeper/core'
import { ByteWriter } from '@tskeeper/protocol/server'
import type { OutstandingRequestView } from '../admin/server-view.ts'
import type { ClientConnection } from '../listener/client-connection.ts'

/** A batch that grew beyond this gives its memory back when it is done. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024

/**
 * Writes on their way to the disk together: their entries, one behind the other as the log's file has them, and in parallel
 * columns who asked for each. Three batches take turns: one
 * gathers, one is synced, one is applied.
 */
export class WriteBatch {
  entries: ByteWriter = new ByteWriter(64 * 1024)
  /** Number of writes; the columns' first `count` places are in use. */
  count = 0
  /** How many of them, from the first on, are applied. */
  doneCount = 0
  readonly connections: (ClientConnection | null)[] = []
  readonly ops: number[] = []
  readonly xids: number[] = []
  /** Where each transaction begins and ends in `entries`, without what the log puts around it. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  /** Monotonic milliseconds at which each request came in. */
  readonly arrivedMs: number[] = []
  /** What the preparer knew about the writes' nodes, one write's hints behind the other's, and where those of each end. */
  readonly hints: ChangeHints = new ChangeHints()
  readonly hintEnds: number[] = []
  /** By the place of a multi whose client waits here: which of its parts are create2. Most multis have none, and do not stand here. */
  private readonly create2Parts = new Map<number, readonly number[]>()
  firstZxid = 0
  lastZxid = 0
  /** Monotonic milliseconds at which the log took the batch up. */
  startedMs = 0
  /** Bytes of the requests among these that count as large. */
  largeRequestBytes = 0
  /** The configuration that the batch, which is a single reconfiguration then, proposes; else null. */
  config: QuorumVerifier | null = null

  add(
    connection: ClientConnection | null,
    op: number,
    xid: number,
    start: number,
    end: number,
    zxid: number,
    arrivedMs: number,
    hints: ChangeHints,
  ): void {
    const at = this.count++
    this.connections[at] = connection
    this.ops[at] = op
    this.xids[at] = xid
    this.starts[at] = start
    this.ends[at] = end
    this.arrivedMs[at] = arrivedMs
    this.hints.addAll(hints)
    this.hintEnds[at] = this.hints.count
    if (at === 0) this.firstZxid = zxid
    this.lastZxid = zxid
  }

  /** The write that was added last is a multi with such parts. */
  noteCreate2Parts(parts: readonly number[]): void {
    this.create2Parts.set(this.count - 1, parts)
  }

  /** Which parts of the write are create2, as it was noted; null if nothing was. */
  create2PartsAt(index: number): readonly number[] | null {
    return this.create2Parts.get(index) ?? null
  }

  /** Where the hints of a write begin. */
  firstHint(index: number): number {
    return index === 0 ? 0 : (this.hintEnds[index - 1] as number)
  }

  clear(): void {
    this.connections.fill(null, 0, this.count)
    this.count = 0
    this.doneCount = 0
    this.hints.clear()
    this.create2Parts.clear()
    this.largeRequestBytes = 0
    this.config = null
    if (this.entries.bytes.length > KEPT_BYTES_MAX) this.entries = new ByteWriter(64 * 1024)
    this.entries.reset()
  }
}

/** The writes of a batch, for people to look at. */
export function* outstandingOf(batch: WriteBatch, nowMs: number): Generator<OutstandingRequestView> {
  for (let i = 0; i < batch.count; i++) {
    yield {
      sessionId: batch.connections[i]?.session?.id ?? 0n,
      opcode: batch.ops[i] as number,
      cxid: batch.xids[i] as number,
      zxid: batch.firstZxid + i,
      path: null,
      ageMs: nowMs - (batch.arrivedMs[i] as number),
    }
  }
}
