import type { Database, Preparer } from '@tskeeper/core'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Clock } from '../runtime/runtime.ts'
import { PrepareStage } from './prepare-stage.ts'
import type { SessionFacts } from './write-path.ts'

export interface PreparingPipelineParts {
  readonly database: Database
  readonly preparer: Preparer
  readonly clock: Clock
  readonly metrics: ServerMetrics
}

/**
 * What the ways of a write have in common where writes are decided, in a server that stands alone and in a leader: they begin in the same
 * stage, which prepares whatever it is given.
 */
export abstract class PreparingPipeline {
  protected readonly prepare: PrepareStage
  private readonly preparing: PreparingPipelineParts

  constructor(parts: PreparingPipelineParts) {
    this.preparing = parts
    this.prepare = new PrepareStage(parts.preparer, parts.clock, parts.metrics, () => this.scheduleFlush())
  }

  /** May one more write be prepared? */
  protected abstract mayPrepare(): boolean

  /** Something has been added to the batch that gathers: sees to it that it goes on its way. */
  protected abstract scheduleFlush(): void

  /** The write that is submitted next counts as large, with so many bytes. */
  addLargeRequest(length: number): void {
    this.prepare.gathering.largeRequestBytes += length
  }

  submitCreateSession(connection: ClientConnection | null, session: SessionFacts, timeMs: number, arrivedMs: number): void {
    if (this.mayPrepare()) this.prepare.createSession(connection, session.id, session.createdTimeoutMs, timeMs, arrivedMs)
  }

  submitCloseSession(
    connection: ClientConnection | null,
    sessionId: bigint,
    xid: number,
    timeMs: number,
    arrivedMs: number,
  ): void {
    if (this.mayPrepare()) this.prepare.closeSession(connection, sessionId, xid, timeMs, arrivedMs)
  }

  /** Reaps a container or TTL node, if it is still the one that `mzxid` tells of. */
  submitDeleteContainer(path: Uint8Array, mzxid: number, timeMs: number, arrivedMs: number): void {
    if (this.mayPrepare()) this.prepare.deleteContainer(path, mzxid, timeMs, arrivedMs)
  }

  /** After a batch: the counts that others keep, for who looks at the metrics. */
  protected recordCounts(): void {
    const { metrics, preparer } = this.preparing
    metrics.prep.pendingChangesAdded = preparer.view.preparedCount
    metrics.prep.pendingChangesRemoved = preparer.view.preparedCount - preparer.view.waitingCount
  }
}
