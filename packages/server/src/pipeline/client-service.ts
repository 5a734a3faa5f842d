// Where a client's frames go. Reads are answered at once, unless writes of the same connection are still on their way to
// the disk: then they wait for them, since a client sees its own writes. Writes go down the pipeline.

import { addIdentity, type Identity, type Session, type SessionTracker } from '@tskeeper/core'
import {
  ByteReader,
  type ByteWriter,
  DecodeError,
  ErrorCode,
  isClientOp,
  isWriteOp,
  Op,
  readAuthPacket,
  Xid,
} from '@tskeeper/protocol/server'
import type { Authentication } from '../auth/authentication.ts'
import { type ClientConnection, ConnectionState } from '../listener/client-connection.ts'
import type { ConnectionHost } from '../listener/connection-host.ts'
import { OutputPool } from '../listener/output-pool.ts'
import type { Logger } from '../logger.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Clock } from '../runtime/runtime.ts'
import { makesEphemeral, refuseEphemeral } from './ephemeral-requests.ts'
import { hex } from './hex.ts'
import type { LocalSessions } from './local-sessions.ts'
import { OP_THROTTLED, type ReadAnswers } from './read-answers.ts'
import { RequestThrottle, type RequestThrottleParts } from './request-throttle.ts'
import type { SessionService } from './session-service.ts'
import { StalledConnections, type StalledConnectionsParts } from './stalled-connections.ts'
import type { WritePath } from './write-path.ts'

/** What answers four-letter words. */
export interface WordService {
  /** How many bytes behind these four belong to the word that they are; -1 if they are none. */
  bytesOf(word: number): number
  /** The answer, or null for a word that is not answered. */
  answer(connection: ClientConnection, word: number, rest: Uint8Array): string | null
}

/** Where syncs go in a learner: to the leader, and back when everything that was committed there has come. */
export interface SyncPath {
  submitSync(connection: ClientConnection, sessionId: bigint, xid: number, arrivedMs: number, input: ByteReader): void
}

export interface ClientServiceParts extends RequestThrottleParts, StalledConnectionsParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: ServerMetrics
  readonly authentication: Authentication
  readonly tracker: SessionTracker<ClientConnection>
  readonly reads: ReadAnswers
  readonly writes: WritePath
  readonly sessions: SessionService
  /** Sessions that only this server knows; null where there are none. */
  readonly local: LocalSessions | null
  /** Null where a sync is a read like others: in a server that stands alone, and in a leader. */
  readonly syncs: SyncPath | null
  readonly words: WordService
  readonly lastZxid: () => number
  readonly removeWatcher: (connection: ClientConnection) => void
  readonly frameLengthMax: number
  /** Requests that waited for longer than this are refused; 0 and less: none is. Milliseconds. */
  readonly throttledOpWaitTimeMs: number
  /** The connection is over for the client; what it is owed may still be on its way. */
  readonly onEnding: (connection: ClientConnection) => void
  readonly onClosed: (connection: ClientConnection) => void
}

export class ClientService implements ConnectionHost {
  readonly outputs: OutputPool = new OutputPool()
  readonly frameLengthMax: number
  eventBytesOwed = 0
  readonly eventBytesOwedMax: number = EVENT_BYTES_OWED_MAX
  private readonly parts: ClientServiceParts
  private readonly reader = new ByteReader(new Uint8Array(0))
  private readonly unflushed: ClientConnection[] = []
  private isFlushing = false
  private readonly throttle: RequestThrottle
  private readonly stalled: StalledConnections
  private readonly lateAfterMs: number
  /** Monotonic time of the chunk or batch in hand, and its wall clock time once somebody needed it. */
  nowMs = 0
  private wallMs = -1
  /** When the requests in hand came, and for how long they had to wait before they were taken up; mostly now, and 0. */
  private arrivedMs = 0
  private waitedMs = 0
  /** Frames taken up, and reads answered at once, in the chunk in hand: for the metrics. */
  private framesTakenUp = 0
  private readsAnswered = 0
  private isServing = true
  /** `Op.sync` if syncs are forwarded, else no operation. */
  private readonly forwardedSync: number

  constructor(parts: ClientServiceParts) {
    this.parts = parts
    this.frameLengthMax = parts.frameLengthMax
    this.throttle = new RequestThrottle(parts, this)
    this.stalled = new StalledConnections(parts, this.throttle, this)
    this.forwardedSync = parts.syncs === null ? NO_SYNC : Op.sync
    this.lateAfterMs = parts.throttledOpWaitTimeMs > 0 ? parts.throttledOpWaitTimeMs : Number.POSITIVE_INFINITY
  }

  /** Requests that came in and are not answered yet. */
  get outstanding(): number {
    return this.throttle.outstanding
  }

  /** Too many requests are in process: no frame is taken up. */
  get isStalled(): boolean {
    return this.stalled.isStalled
  }

  /** No frame is handled any more: the server stops. */
  stop(): void {
    this.isServing = false
  }

  // --- from the connections --------------------------------------------------------------------

  bytesOfWord(word: number): number {
    return this.parts.words.bytesOf(word)
  }

  handleWord(connection: ClientConnection, word: number, rest: Uint8Array): void {
    this.parts.metrics.connections.packetsReceived++
    connection.statistics.received++
    const answer = this.parts.words.answer(connection, word, rest)
    if (answer !== null) {
      const out = connection.replies()
      out.writeBytes(new TextEncoder().encode(answer))
      this.parts.metrics.connections.packetsSent++
      connection.statistics.sent++
    }
    connection.isFarewell = true
    connection.end()
  }

  heard(connection: ClientConnection): void {
    this.nowMs = this.parts.clock.monotonicMs()
    this.wallMs = -1
    this.waitedMs = connection.waitingSinceMs < 0 ? 0 : this.nowMs - connection.waitingSinceMs
    // The client has to answer for the time in which it did not read, the server for that in which it had too much to do.
    this.arrivedMs = connection.isStalled ? this.nowMs - this.waitedMs : this.nowMs
    connection.lastHeardMs = this.nowMs
    if (connection.session !== null) this.trackerOf(connection.session).touch(connection.session, this.nowMs)
  }

  private trackerOf(session: Session<ClientConnection>): SessionTracker<ClientConnection> {
    return session.isLocal && this.parts.local !== null ? this.parts.local.tracker : this.parts.tracker
  }

  drained(): void {
    this.nowMs = this.parts.clock.monotonicMs()
  }

  monotonicMs(): number {
    return this.parts.clock.monotonicMs()
  }

  handleFrame(connection: ClientConnection, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const { metrics } = this.parts
    this.framesTakenUp++
    metrics.connections.packetsReceived++
    metrics.connections.bytesReceived += end - start + 4
    connection.statistics.received++
    if (!this.isServing) return
    if (connection.state === ConnectionState.FRESH) {
      this.connect(connection, bytes, view, start, end)
      return
    }
    if (end - start < 8) {
      this.refuseBytes(connection, `a request of ${end - start} bytes, which is shorter than a header`)
      return
    }
    const xid = view.getInt32(start)
    const op = view.getInt32(start + 4)
    if (this.waitedMs > this.lateAfterMs && mayBeLate(op)) {
      this.refuseLate(connection, xid)
      return
    }
    if (isWriteOp(op) || !isClientOp(op)) this.handleWrite(connection, op, xid, bytes, view, start, end)
    else if (connection.queue.size === 0 && op !== Op.auth && op !== Op.sasl && op !== this.forwardedSync) {
      if (this.isServed(connection, xid)) this.answerNow(connection, op, xid, bytes, view, start + 8, end)
    } else this.handleOther(connection, op, xid, bytes, view, start, end)
  }

  private connect(connection: ClientConnection, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    try {
      this.parts.sessions.connect(connection, bytes, view, start, end)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.refuseBytes(connection, `a connect request that cannot be read: ${error.message}`)
    }
    this.stalled.admitted()
  }

  /** The request has waited for too long: it is answered in its turn, but not carried out. */
  private refuseLate(connection: ClientConnection, xid: number): void {
    if (!this.isServed(connection, xid)) return
    this.parts.metrics.throttle.throttledOps++
    const { bytes, view } = THROTTLED_FRAME
    view.setInt32(0, xid)
    if (connection.queue.size === 0) this.answerNow(connection, OP_THROTTLED, xid, bytes, view, 8, 8)
    else this.defer(connection, bytes, 0, 8)
  }

  private handleWrite(
    connection: ClientConnection,
    op: number,
    xid: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): void {
    if (!this.isAdmitted(connection, xid)) return
    if (!isClientOp(op)) {
      this.parts.logger.warn(`Closing ${connection.name}: it sent the operation ${op}, which no client may send`)
      this.writeHeader(connection, xid, -1, ErrorCode.UNIMPLEMENTED)
      connection.end()
      return
    }
    const { session } = connection
    // A session that is closing is not answered: its client learns of it when it connects again.
    if (session === null || session.isClosing) return
    if (!this.throttle.admitsLength(connection, end - start)) return
    if (session.isLocal && this.isAnsweredLocally(connection, session, op, xid, bytes, view, start, end)) return
    if (op === Op.closeSession) {
      this.parts.sessions.close(connection, session, xid, this.arrivedMs)
      this.stalled.admitted()
      return
    }
    if (this.wallMs < 0) this.wallMs = this.parts.clock.nowMs()
    connection.queue.pushMark()
    connection.sessionId = session.id
    this.reader.reset(bytes, view, start + 8, end)
    this.parts.writes.submit(connection, connection, op, xid, this.wallMs, this.arrivedMs, this.reader)
    this.stalled.admitted()
  }

  /** What a local session asks that no transaction can give it: its end, and ephemeral nodes while it stays what it is. */
  private isAnsweredLocally(
    connection: ClientConnection,
    session: Session<ClientConnection>,
    op: number,
    xid: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): boolean {
    if (op !== Op.closeSession) {
      const rule = this.parts.local?.ephemerals ?? 'pass'
      this.reader.reset(bytes, view, start + 8, end)
      if (rule === 'pass' || !makesEphemeral(op, this.reader)) return false
      if (rule === 'upgrade') {
        this.parts.sessions.upgrade(connection, session)
        return false
      }
    }
    if (connection.queue.size > 0) this.defer(connection, bytes, start, end)
    else this.answerLocally(connection, op, xid, bytes, view, start, end)
    return true
  }

  private answerLocally(
    connection: ClientConnection,
    op: number,
    xid: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): void {
    this.answerNow(connection, op, xid, bytes, view, start + 8, end)
    if (op === Op.closeSession && connection.session !== null) this.parts.sessions.closedLocally(connection, connection.session)
  }

  /** Authentication, and reads that have to wait for writes. */
  private handleOther(
    connection: ClientConnection,
    op: number,
    xid: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): void {
    if (op === Op.auth) {
      this.reader.reset(bytes, view, start + 8, end)
      this.authenticate(connection, xid)
      return
    }
    if (op === Op.sasl) {
      // Without a SASL configuration the answer is a null token, as in the reference.
      this.writeHeader(connection, xid, 0, ErrorCode.OK, -1)
      return
    }
    if (!this.isServed(connection, xid)) return
    if (op === this.forwardedSync) this.forwardSync(connection, xid, bytes, view, start, end)
    else this.defer(connection, bytes, start, end)
  }

  private forwardSync(
    connection: ClientConnection,
    xid: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): void {
    connection.queue.pushMark()
    this.reader.reset(bytes, view, start + 8, end)
    this.parts.syncs?.submitSync(connection, connection.session?.id ?? 0n, xid, this.arrivedMs, this.reader)
    this.stalled.admitted()
  }

  private defer(connection: ClientConnection, bytes: Uint8Array, start: number, end: number): void {
    connection.queue.pushFrame(bytes, start, end, this.arrivedMs)
    this.throttle.deferredReads++
    this.stalled.admitted()
  }

  handleDeferredRead(
    connection: ClientConnection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    arrivedMs: number,
  ): void {
    this.throttle.deferredReads--
    // What counts is who the client was when it asked. The session may have ended since: the answer is owed all the same.
    const { identities } = connection
    connection.identities = connection.takeIdentitiesOfRead()
    const latencyMs = this.nowMs - arrivedMs
    const op = view.getInt32(start + 4)
    this.answerRead(connection, op, view.getInt32(start), bytes, view, start + 8, end, latencyMs)
    connection.identities = identities
    if (op === Op.closeSession && connection.session !== null) this.parts.sessions.closedLocally(connection, connection.session)
    this.parts.metrics.requests.latency.record(latencyMs)
    this.parts.metrics.requests.readLatencyMs.record(latencyMs)
  }

  private answerNow(
    connection: ClientConnection,
    op: number,
    xid: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
  ): void {
    this.answerRead(connection, op, xid, bytes, view, start, end, this.nowMs - this.arrivedMs)
    this.readsAnswered++
  }

  // Frame: int length | ReplyHeader (int xid, long zxid, int err) | body.
  private answerRead(
    connection: ClientConnection,
    op: number,
    xid: number,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    latencyMs: number,
  ): void {
    const { reader, parts } = this
    reader.reset(bytes, view, start, end)
    const out = connection.replies()
    let frame = out.position
    out.ensure(20)
    // setWatches has no body, but events of its own, which go in front of the reply.
    const hasEvents = op === Op.setWatches || op === Op.setWatches2
    if (!hasEvents) out.position = frame + 20
    let code: number
    try {
      code = parts.reads.answer(op, connection, reader, out)
      if (code === ErrorCode.UNIMPLEMENTED && isWriteOp(op)) code = answerForLocalSession(op, reader, out)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      code = ErrorCode.MARSHALLING_ERROR
    }
    if (hasEvents) {
      if (!connection.isOpen) return
      frame = out.position
      out.ensure(20)
    }
    if (hasEvents || code !== ErrorCode.OK) out.position = frame + 20
    const replyXid = op === Op.ping ? Xid.ping : xid
    const zxid = parts.lastZxid()
    const size = out.position - frame - 4
    const outView = out.view
    outView.setInt32(frame, size)
    outView.setInt32(frame + 4, replyXid)
    outView.setInt32(frame + 8, Math.floor(zxid / TWO_TO_32))
    outView.setUint32(frame + 12, zxid >>> 0)
    outView.setInt32(frame + 16, code)
    connection.statistics.replied(op, xid, zxid, latencyMs, this.nowMs)
    parts.metrics.connections.packetsSent++
    parts.metrics.requests.responseBytes += size
    parts.metrics.requests.responseSizes.record(size)
  }

  /** Is a read answered? Not for a session that is over: its client learns of it when it connects again. */
  private isServed(connection: ClientConnection, xid: number): boolean {
    if (connection.session === null || connection.session.isClosing) return false
    return !this.parts.authentication.mandatory.isEnforced || this.isAdmitted(connection, xid)
  }

  /** The rule for servers that ask every client to authenticate. */
  private isAdmitted(connection: ClientConnection, xid: number): boolean {
    const { mandatory } = this.parts.authentication
    if (mandatory.isSatisfied(connection.identities)) return true
    this.parts.logger.warn(
      `Closing ${connection.name}: clients must authenticate with ${mandatory.schemes.join(' or ')}, and it has not`,
    )
    this.writeHeader(connection, xid, 0, ErrorCode.SESSION_CLOSED_REQUIRE_SASL_AUTH)
    connection.end()
    return false
  }

  private authenticate(connection: ClientConnection, xid: number): void {
    const { logger, metrics, authentication } = this.parts
    let added: readonly Identity[] | null = null
    let scheme: string | null = null
    try {
      const packet = readAuthPacket(this.reader)
      scheme = packet.scheme
      added = authentication.authenticate(packet.scheme, packet.auth, connection.socket)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    if (added === null) {
      metrics.security.authFailures++
      logger.warn(`Authentication failed for scheme: ${scheme} from ${connection.name}`)
      this.writeHeader(connection, xid, 0, ErrorCode.AUTH_FAILED)
      connection.end()
      return
    }
    const identities = [...connection.identities]
    for (const identity of added) addIdentity(identities, identity)
    connection.replaceIdentities(identities)
    logger.info(`Authentication success for scheme ${scheme} from ${connection.name}`)
    this.writeHeader(connection, xid, 0, ErrorCode.OK)
  }

  /** A reply without a body, or with one of a single int, outside of the requests' order. */
  private writeHeader(connection: ClientConnection, xid: number, zxid: number, code: number, body?: number): void {
    const out = connection.replies()
    out.writeInt(body === undefined ? 16 : 20)
    out.writeInt(xid)
    out.writeNumber(zxid)
    out.writeInt(code)
    if (body !== undefined) out.writeInt(body)
    connection.statistics.sent++
    this.parts.metrics.connections.packetsSent++
  }

  inputHandled(connection: ClientConnection): void {
    if (this.framesTakenUp > 0) this.recordChunk(connection)
    this.throttle.inputHandled(connection)
    this.flushAll()
  }

  /** Reads take no time of their own: what is recorded is how long the chunk that they came in took. */
  private recordChunk(connection: ClientConnection): void {
    const { clock, metrics } = this.parts
    if (this.waitedMs > 0 && this.stalled.isStale(connection, this.waitedMs)) metrics.throttle.staleRequests += this.framesTakenUp
    metrics.throttle.queueTimeMs.recordMany(this.waitedMs, this.framesTakenUp)
    this.framesTakenUp = 0
    if (this.readsAnswered === 0) return
    const elapsedMs = clock.monotonicMs() - this.arrivedMs
    metrics.requests.latency.recordMany(elapsedMs, this.readsAnswered)
    metrics.requests.readLatencyMs.recordMany(elapsedMs, this.readsAnswered)
    this.readsAnswered = 0
  }

  addUnflushed(connection: ClientConnection): void {
    // An event for ten thousand clients shall not hold ten thousand buffers: those before have whole frames only.
    if (this.unflushed.length >= UNFLUSHED_MAX && !this.isFlushing) this.flushAll()
    this.unflushed.push(connection)
  }

  /** Gives all replies to the sockets: one write for each connection. */
  flushAll(): void {
    const { unflushed } = this
    this.isFlushing = true
    // A connection that is flushed may close others; the list can grow meanwhile.
    for (let i = 0; i < unflushed.length; i++) (unflushed[i] as ClientConnection).flush()
    unflushed.length = 0
    this.isFlushing = false
  }

  stall(connection: ClientConnection): void {
    this.stalled.add(connection)
  }

  /** A batch of writes is about to be applied. */
  committing(nowMs: number): void {
    this.nowMs = nowMs
  }

  /** A batch of writes is done. */
  committed(): void {
    this.flushAll()
    this.stalled.committed()
    this.throttle.committed()
  }

  notified(length: number): void {
    const { connections, watches } = this.parts.metrics
    connections.packetsSent++
    watches.notificationBytes += length
  }

  deferredReadsChanged(difference: number): void {
    this.throttle.deferredReads += difference
  }

  refuseBytes(connection: ClientConnection, reason: string): void {
    this.parts.logger.warn(`Closing ${connection.name}: ${reason}`)
    connection.destroy()
  }

  overflowed(connection: ClientConnection): void {
    this.parts.logger.warn(`Closing ${connection.name}: it does not read the events that it asked for`)
    connection.destroy()
  }

  mayRead(connection: ClientConnection, aclId: number): boolean {
    return this.parts.reads.mayReadAcl(aclId, connection.identities)
  }

  ending(connection: ClientConnection): void {
    this.parts.onEnding(connection)
  }

  closed(connection: ClientConnection): void {
    const { session } = connection
    this.parts.removeWatcher(connection)
    this.countEnd(connection)
    if (session !== null) {
      if (session.attachment === connection) {
        session.attachment = null
        this.parts.sessions.detached(session)
      }
      this.parts.logger.debug(`Connection ${connection.name} of session 0x${hex(session.id)} is gone`)
    }
    this.parts.onClosed(connection)
  }

  private countEnd(connection: ClientConnection): void {
    const { connections } = this.parts.metrics
    if (!connection.isFarewell) connections.dropped++
    if (connection.closingSinceMs >= 0) connections.socketClosingTimeMs.record(this.monotonicMs() - connection.closingSinceMs)
    this.stalled.countDropped(connection)
  }
}

/** Authentication does not wait in line, pings keep sessions alive, and what ends a session makes room. */
function mayBeLate(op: number): boolean {
  return isClientOp(op) && op !== Op.ping && op !== Op.closeSession && op !== Op.auth && op !== Op.sasl
}

/** A write that is answered like a read because its session is local. */
function answerForLocalSession(op: number, input: ByteReader, out: ByteWriter): number {
  return op === Op.closeSession ? ErrorCode.OK : refuseEphemeral(op, input, out)
}

const TWO_TO_32 = 4294967296
/** No operation has this number. */
const NO_SYNC = -128
/** Stands in the queue for a request that is refused because it waited for too long: int xid, int operation. */
const THROTTLED_FRAME: { readonly bytes: Uint8Array; readonly view: DataView } = makeThrottledFrame()

function makeThrottledFrame(): { readonly bytes: Uint8Array; readonly view: DataView } {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setInt32(4, OP_THROTTLED)
  return { bytes, view }
}

/** Connections whose output buffers are held before they are flushed. */
const UNFLUSHED_MAX = 64
/** Events that wait for clients which do not read may take this much in all, in bytes. */
const EVENT_BYTES_OWED_MAX = 64 * 1024 * 1024
