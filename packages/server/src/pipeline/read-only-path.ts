// The way of a write in a server that has lost its ensemble and serves readers meanwhile: each is refused. The sessions are local
// ones, so none begins or ends by a transaction.

import type { Requester } from '@tskeeper/core'
import { ErrorCode, Op } from '@tskeeper/protocol/server'
import type { OutstandingRequestView } from '../admin/server-view.ts'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { Clock } from '../runtime/runtime.ts'
import type { SyncPath } from './client-service.ts'
import type { CommitStage } from './commit-stage.ts'
import type { WritePath } from './write-path.ts'

export class ReadOnlyPath implements WritePath, SyncPath {
  readonly inProcess = 0
  readonly largeRequestBytes = 0
  private readonly commits: CommitStage
  private readonly clock: Clock

  constructor(commits: CommitStage, clock: Clock) {
    this.commits = commits
    this.clock = clock
  }

  addLargeRequest(): void {}

  submit(connection: ClientConnection, _requester: Requester, op: number, xid: number, _timeMs: number, arrivedMs: number): void {
    this.refuse(connection, op, xid, arrivedMs)
  }

  submitCreateSession(connection: ClientConnection | null): void {
    connection?.destroy()
  }

  submitCloseSession(
    connection: ClientConnection | null,
    _sessionId: bigint,
    xid: number,
    _timeMs: number,
    arrivedMs: number,
  ): void {
    if (connection !== null) this.refuse(connection, Op.closeSession, xid, arrivedMs)
  }

  submitSync(connection: ClientConnection, _sessionId: bigint, xid: number, arrivedMs: number): void {
    this.refuse(connection, Op.sync, xid, arrivedMs)
  }

  whenApplied(done: () => void): void {
    done()
  }

  outstanding(): Iterable<OutstandingRequestView> {
    return []
  }

  private refuse(connection: ClientConnection, op: number, xid: number, arrivedMs: number): void {
    this.commits.answer(connection, op, xid, ErrorCode.NOT_READ_ONLY, NO_BYTES, this.clock.monotonicMs(), arrivedMs)
  }
}

const NO_BYTES = new Uint8Array(0)
