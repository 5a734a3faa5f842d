// What a learner asks its leader on behalf of its clients, and of the observers that it feeds: writes, syncs, and questions about sessions.

import type { Identity } from '@tskeeper/core'
import { type ByteReader, Op } from '@tskeeper/protocol/server'
import type { LearnerPipeline, RequestSender } from '../pipeline/learner-pipeline.ts'
import type { SessionAuthority } from '../pipeline/session-service.ts'
import type { ServingStack } from '../serving-stack.ts'
import { writeIntRequest, writeRequest, writeRevalidation, writeSyncRequest } from './learner-packets.ts'
import type { ObserverService, ObserverUpstream } from './observer-service.ts'
import type { QuorumLink } from './quorum-link.ts'
import type { TouchedSessions } from './touched-sessions.ts'

/** What takes the leader's transactions and, once this server is in step, serves clients. */
export interface LearnerServing {
  readonly stack: ServingStack<LearnerPipeline>
  readonly pipeline: LearnerPipeline
  readonly touched: TouchedSessions
}

/** The learner, as it is at each moment. */
export interface UpstreamLearner {
  readonly link: QuorumLink | null
  readonly serving: LearnerServing | null
  /** Fed in the leader's place, if the configuration says so. */
  readonly observers: ObserverService | null
}

export class LeaderUpstream implements RequestSender, SessionAuthority, ObserverUpstream {
  private readonly learner: UpstreamLearner
  /** Questions about sessions that are with the leader, in their order: this server's own are null. */
  private readonly questions = new Map<bigint, (((isValid: boolean) => void) | null)[]>()

  constructor(learner: UpstreamLearner) {
    this.learner = learner
  }

  private openLink(): QuorumLink | null {
    const { link } = this.learner
    return link?.isOpen === true ? link : null
  }

  // --- RequestSender ---------------------------------------------------------------------------

  sendRequest(
    sessionId: bigint,
    xid: number,
    op: number,
    input: ByteReader | null,
    identities: readonly Identity[] | null,
  ): void {
    const link = this.openLink()
    if (link === null) return
    writeRequest(link.out, sessionId, xid, op, input, identities)
    link.flushLater()
  }

  sendCreateSession(sessionId: bigint, timeoutMs: number): void {
    const link = this.openLink()
    if (link === null) return
    writeIntRequest(link.out, sessionId, Op.createSession, timeoutMs)
    link.flushLater()
  }

  sendSync(sessionId: bigint): void {
    const link = this.openLink()
    if (link === null) return
    writeSyncRequest(link.out, sessionId)
    link.flushLater()
  }

  // --- SessionAuthority ------------------------------------------------------------------------

  revalidate(sessionId: bigint, timeoutMs: number): void {
    const link = this.openLink()
    if (link === null) return
    this.learner.observers?.takenUpHere(sessionId)
    this.expectAnswer(sessionId, null)
    writeRevalidation(link.out, sessionId, timeoutMs)
    // A leader of Apache's answers while requests of the session, which came over its old server, are not committed yet.
    this.learner.serving?.pipeline.awaitOlderRequests(sessionId)
    link.flushLater()
  }

  /** The leader's answer to the oldest question about the session. */
  revalidated(sessionId: bigint, isValid: boolean): void {
    const asking = this.questions.get(sessionId)
    const answered = asking?.shift() ?? null
    if (asking?.length === 0) this.questions.delete(sessionId)
    if (answered !== null) {
      answered(isValid)
      return
    }
    const { serving, observers } = this.learner
    serving?.stack.sessions.revalidated(sessionId, isValid)
    // An observer has asked since.
    if (observers?.holds(sessionId) === true) this.movedAway(sessionId)
  }

  private expectAnswer(sessionId: bigint, answered: ((isValid: boolean) => void) | null): void {
    const asking = this.questions.get(sessionId)
    if (asking === undefined) this.questions.set(sessionId, [answered])
    else asking.push(answered)
  }

  leftBehind(sessionId: bigint, timeoutMs: number): void {
    this.learner.serving?.touched.leftBehind(sessionId, timeoutMs)
  }

  // --- ObserverUpstream ------------------------------------------------------------------------

  forward(packet: Uint8Array): void {
    const link = this.openLink()
    if (link === null) return
    link.out.writeBytes(packet)
    link.flushLater()
  }

  awaitSync(released: () => void): void {
    this.learner.serving?.pipeline.awaitSync(released)
  }

  awaitRevalidation(sessionId: bigint, answered: (isValid: boolean) => void): void {
    this.expectAnswer(sessionId, answered)
  }

  touched(sessionId: bigint, timeoutMs: number): void {
    this.leftBehind(sessionId, timeoutMs)
  }

  movedAway(sessionId: bigint): void {
    const { serving } = this.learner
    if (serving === null) return
    const { stack, touched } = serving
    touched.movedAway(sessionId)
    const session = stack.tracker.get(sessionId)
    const connection = session?.attachment ?? null
    if (session === null || connection === null) return
    session.attachment = null
    // It is no end of the session, of which the leader would be told how long it may be silent.
    connection.session = null
    connection.destroy()
    if (!session.isClosing) stack.tracker.remove(sessionId)
  }
}
