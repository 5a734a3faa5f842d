import type { Requester } from '@tskeeper/core'
import type { ByteReader } from '@tskeeper/protocol/server'
import type { OutstandingRequestView } from '../admin/server-view.ts'
import type { ClientConnection } from '../listener/client-connection.ts'

/** A session as the way of a write has to know it. */
export interface SessionFacts {
  readonly id: bigint
  /** The timeout that the session is created with, in milliseconds. */
  readonly createdTimeoutMs: number
}

/**
 * How writes travel in a role: through the own log, to the members of a quorum, or to the leader. Whoever submits has
 * marked the connection's queue; the reply comes when the write is applied here.
 */
export interface WritePath {
  /** Writes that were submitted and are not applied yet. */
  readonly inProcess: number
  /** Bytes of the large requests among them. */
  readonly largeRequestBytes: number
  /** The write that is submitted next counts as large, with so many bytes. */
  addLargeRequest(length: number): void
  /** A client's write; `input` is at its record, and valid during the call only. */
  submit(
    connection: ClientConnection,
    requester: Requester,
    op: number,
    xid: number,
    timeMs: number,
    arrivedMs: number,
    input: ByteReader,
  ): void
  /** `connection` is null for a session whose client was answered before: one that this server alone had known. */
  submitCreateSession(connection: ClientConnection | null, session: SessionFacts, timeMs: number, arrivedMs: number): void
  /** The end of a session; `connection` is null when the server, and not the client, asks for it. */
  submitCloseSession(connection: ClientConnection | null, sessionId: bigint, xid: number, timeMs: number, arrivedMs: number): void
  /**
   * Calls `done` when all that was submitted so far, for whatever session, is applied here: at once if it is, and never if the role ends
   * or the disk fails before.
   */
  whenApplied(done: () => void): void
  /** The clients' writes that are on their way, oldest first, for people to look at. */
  outstanding(): Iterable<OutstandingRequestView>
}
