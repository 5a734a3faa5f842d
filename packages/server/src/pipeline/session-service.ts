// Sessions: how they begin, are taken up again, expire and end. A server that stands alone and a leader know all of them; a
// learner knows those of its own clients, asks the leader about those that come from elsewhere, and lets none expire.

import {
  localOwner,
  negotiateTimeout,
  passwordMatches,
  SESSION_PASSWORD_LENGTH,
  type Session,
  SessionIdSource,
  type SessionIdsInUse,
  type SessionTimeoutLimits,
  type SessionTracker,
  sessionPassword,
} from '@tskeeper/core'
import { ByteReader, Op } from '@tskeeper/protocol/server'
import { type ClientConnection, ConnectionState } from '../listener/client-connection.ts'
import type { Logger } from '../logger.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Clock, TimerHandle, Timers } from '../runtime/runtime.ts'
import type { ConnectionThrottle } from './connection-throttle.ts'
import { hex } from './hex.ts'
import type { LocalSessions } from './local-sessions.ts'
import type { WritePath } from './write-path.ts'

/** The leader, as a learner asks it about sessions. */
export interface SessionAuthority {
  /** Does the session live? If so it belongs to this server from then on. The answer comes to `SessionService.revalidated`. */
  revalidate(sessionId: bigint, timeoutMs: number): void
  /** The client of the session, which was heard of not long ago, has gone: the leader shall still learn that. */
  leftBehind(sessionId: bigint, timeoutMs: number): void
}

export interface SessionServiceParts {
  readonly tracker: SessionTracker<ClientConnection>
  readonly limits: SessionTimeoutLimits
  /** The server's number, the top byte of its session ids. */
  readonly serverId: number
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  readonly metrics: ServerMetrics
  readonly writes: WritePath
  /** Null when connections are not throttled. */
  readonly throttle: ConnectionThrottle | null
  /** Null where the tracker knows all sessions. */
  readonly authority: SessionAuthority | null
  /** Where new sessions go that only this server knows; null where every session is the ensemble's. */
  readonly local: LocalSessions | null
  /** Serves none but clients that can do with reading. */
  readonly isReadOnly: boolean
  /** Sessions that exist, here or elsewhere: their ids are not given again. */
  readonly idsInUse: SessionIdsInUse
  /** Last zxid applied. */
  readonly lastZxid: () => number
}

export class SessionService {
  /**
   * Monotonic milliseconds before which no session expires. A leader hears of most sessions by its learners, and has to give them the
   * time to report when it did not get to run itself.
   */
  expiresFromMs: () => number = () => 0
  private readonly parts: SessionServiceParts
  private readonly ids: SessionIdSource
  private timer: TimerHandle | null = null
  /** Monotonic milliseconds for which the timer is set; Infinity without one. */
  private timerDueMs = Number.POSITIVE_INFINITY
  /** Between `start` and `stop`. */
  private isExpiring = false
  /** Connections whose sessions the leader is asked about, in the order of the questions about each session. */
  private readonly questions = new Map<bigint, { readonly connection: ClientConnection; readonly timeoutMs: number }[]>()
  private readonly reader = new ByteReader(new Uint8Array(0))

  constructor(parts: SessionServiceParts) {
    this.parts = parts
    this.ids = new SessionIdSource(parts.serverId, parts.clock.nowMs())
  }

  /** Begins to let sessions expire. */
  start(): void {
    this.isExpiring = true
    this.schedule(this.parts.tracker.nextExpiryMs())
  }

  /** A session was tracked or touched by others: it may be due before those that were known. */
  reschedule(): void {
    this.schedule(this.parts.tracker.nextExpiryMs())
  }

  stop(): void {
    this.parts.local?.stop()
    this.isExpiring = false
    this.timer?.cancel()
  }

  // ConnectRequest: int protocolVersion, long lastZxidSeen, int timeOut, long sessionId, buffer passwd, boolean readOnly (may be missing).
  /** Serves a connect request. Throws `DecodeError` for one that is none. */
  connect(connection: ClientConnection, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const { reader, parts } = this
    reader.reset(bytes, view, start, end)
    reader.readInt()
    const lastZxidSeen = reader.readNumber()
    const wantedTimeoutMs = reader.readInt()
    const sessionId = reader.readLong()
    const password = reader.readBuffer()
    connection.hasReadOnlyByte = reader.remaining() > 0
    const isReadOnlyWelcome = connection.hasReadOnlyByte && reader.readBoolean()
    parts.metrics.connections.connectRequests++
    if (parts.throttle !== null && !this.isAdmitted(connection, parts.throttle, sessionId === 0n)) return
    if (lastZxidSeen > parts.lastZxid()) {
      parts.logger.info(
        `Refusing session request for client ${connection.name} as it has seen zxid 0x${lastZxidSeen.toString(16)} our last zxid is 0x${parts.lastZxid().toString(16)} client must try another server`,
      )
      connection.destroy()
      return
    }
    if (parts.isReadOnly && !isReadOnlyWelcome) {
      parts.logger.info(`Refusing session request from not-read-only client ${connection.name}`)
      connection.destroy()
      return
    }
    const timeoutMs = negotiateTimeout(wantedTimeoutMs, parts.limits)
    if (sessionId === 0n) this.begin(connection, timeoutMs)
    else this.resume(connection, sessionId, password, timeoutMs)
  }

  /** Asks the throttle; a connection that it refuses is closed without a response. */
  private isAdmitted(connection: ClientConnection, throttle: ConnectionThrottle, isNew: boolean): boolean {
    const { clock, logger, metrics } = this.parts
    const isAdmitted = throttle.admit(this.weightClassOf(isNew), clock.monotonicMs())
    metrics.connections.tokenDeficit.record(throttle.missingTokens)
    metrics.connections.dropProbability = throttle.dropProbability
    if (isAdmitted) return true
    metrics.connections.rejected++
    logger.info(`Closing ${connection.name}: the connection throttle refuses it`)
    connection.destroy()
    return false
  }

  private weightClassOf(isNew: boolean): 'global' | 'local' | 'renewed' {
    if (!isNew) return 'renewed'
    return this.parts.local === null ? 'global' : 'local'
  }

  private begin(connection: ClientConnection, timeoutMs: number): void {
    const { tracker, clock, writes, local } = this.parts
    const nowMs = clock.monotonicMs()
    if (local !== null) {
      connection.session = local.begin(this.ids.next(this.parts.idsInUse), timeoutMs, connection)
      connection.state = ConnectionState.OPEN
      this.writeResponse(connection, connection.session)
      connection.statistics.sent++
      return
    }
    const session = tracker.add(this.ids.next(this.parts.idsInUse), timeoutMs, nowMs)
    session.owner = localOwner
    session.attachment = connection
    connection.session = session
    connection.state = ConnectionState.CONNECTING
    writes.submitCreateSession(connection, session, clock.nowMs(), nowMs)
    this.schedule(tracker.expiryMs(session))
  }

  private resume(connection: ClientConnection, sessionId: bigint, password: Uint8Array | null, timeoutMs: number): void {
    const { authority, tracker, clock, metrics } = this.parts
    metrics.sessions.revalidated++
    // The password comes first: who does not know it must not be able to cut off who does.
    if (!passwordMatches(sessionId, password)) {
      this.refuse(connection)
      return
    }
    const localSession = this.parts.local?.resume(sessionId, timeoutMs) ?? null
    if (localSession !== null) {
      this.takeUp(connection, localSession)
      return
    }
    if (this.parts.isReadOnly) {
      // It may live in the ensemble, which cannot be asked: to tell its client that it is over would end it.
      connection.destroy()
      return
    }
    if (authority !== null) {
      this.ask(authority, connection, sessionId, timeoutMs)
      return
    }
    const session = tracker.get(sessionId)
    if (session === null) this.refuse(connection)
    else if (tracker.resume(session, timeoutMs, localOwner, clock.monotonicMs())) this.takeUp(connection, session)
    else this.refuseWhenOver(connection)
  }

  private ask(authority: SessionAuthority, connection: ClientConnection, sessionId: bigint, timeoutMs: number): void {
    connection.state = ConnectionState.CONNECTING
    const asking = this.questions.get(sessionId)
    if (asking === undefined) this.questions.set(sessionId, [{ connection, timeoutMs }])
    else asking.push({ connection, timeoutMs })
    authority.revalidate(sessionId, timeoutMs)
  }

  /** The leader's answer about a session. */
  revalidated(sessionId: bigint, isValid: boolean): void {
    const asking = this.questions.get(sessionId)
    const question = asking?.shift()
    if (asking?.length === 0) this.questions.delete(sessionId)
    if (question === undefined || !question.connection.isOpen) return
    const { connection, timeoutMs } = question
    if (!isValid) {
      this.refuse(connection)
      return
    }
    const { tracker, clock } = this.parts
    const nowMs = clock.monotonicMs()
    const session = tracker.add(sessionId, timeoutMs, nowMs)
    // A close that this client has sent over an older connection is on its way.
    if (tracker.resume(session, timeoutMs, localOwner, nowMs)) this.takeUp(connection, session)
    else this.refuseWhenOver(connection)
    connection.continueInput()
  }

  private takeUp(connection: ClientConnection, session: Session<ClientConnection>): void {
    const previous = session.attachment
    if (previous !== null && previous !== connection) {
      this.parts.logger.info(`Closing ${previous.name}: its session 0x${hex(session.id)} was taken up by ${connection.name}`)
      previous.session = null
      previous.destroy()
    }
    session.attachment = connection
    connection.session = session
    // The timeout may be shorter than it was.
    if (!session.isLocal) this.schedule(this.parts.tracker.expiryMs(session))
    const { writes } = this.parts
    if (writes.inProcess === 0) {
      this.open(connection, session)
      return
    }
    // What the session asks comes behind what it has asked over its older connections, and writes of those may be on their way.
    connection.state = ConnectionState.CONNECTING
    writes.whenApplied(() => this.caughtUp(connection, session))
  }

  /** Everything is applied that was on its way when the connection took up the session. */
  private caughtUp(connection: ClientConnection, session: Session<ClientConnection>): void {
    // It has gone meanwhile, with its session or for a newer connection of that.
    if (!connection.isOpen || connection.session !== session) return
    if (session.isClosing) {
      session.attachment = null
      connection.session = null
      this.refuseWhenOver(connection)
      return
    }
    this.open(connection, session)
    connection.continueInput()
  }

  private open(connection: ClientConnection, session: Session<ClientConnection>): void {
    connection.state = ConnectionState.OPEN
    this.writeResponse(connection, session)
    connection.statistics.sent++
  }

  /** A client's own session becomes one of the ensemble, under the same id: the next write comes behind its creation. */
  upgrade(connection: ClientConnection, session: Session<ClientConnection>): void {
    const { local, tracker, clock, writes, logger } = this.parts
    const nowMs = clock.monotonicMs()
    logger.info(`Upgrading session 0x${hex(session.id)}`)
    local?.remove(session.id)
    const global = tracker.add(session.id, session.timeoutMs, nowMs)
    global.owner = localOwner
    global.attachment = connection
    connection.session = global
    writes.submitCreateSession(null, global, clock.nowMs(), nowMs)
    this.schedule(tracker.expiryMs(global))
  }

  /** A client ends its local session, and has been told so. */
  closedLocally(connection: ClientConnection, session: Session<ClientConnection>): void {
    this.parts.local?.remove(session.id)
    connection.session = null
    connection.isFarewell = true
    connection.endAfterQueue()
  }

  /** The connection of the session is gone. A learner forgets the session with it. */
  detached(session: Session<ClientConnection>): void {
    const { authority, tracker } = this.parts
    if (authority === null || session.isLocal) return
    authority.leftBehind(session.id, session.timeoutMs)
    if (!session.isClosing) tracker.remove(session.id)
  }

  /**
   * The session is closing: its client is told so when that is applied. Before, a crash or another leader can undo it, and the session
   * would live on without the client that was told of its end.
   */
  private refuseWhenOver(connection: ClientConnection): void {
    connection.state = ConnectionState.CONNECTING
    this.parts.writes.whenApplied(() => {
      if (connection.isOpen) this.refuse(connection)
    })
  }

  private refuse(connection: ClientConnection): void {
    const out = connection.replies()
    out.writeInt(connection.hasReadOnlyByte ? 37 : 36)
    out.writeInt(0)
    out.writeInt(0)
    out.writeNumber(0)
    out.writeBuffer(new Uint8Array(SESSION_PASSWORD_LENGTH))
    if (connection.hasReadOnlyByte) out.writeBoolean(false)
    connection.end()
  }

  /** The createSession that this connection asked for at `arrivedMs` is applied. */
  created(connection: ClientConnection, arrivedMs: number): void {
    if (!connection.isOpen || connection.session === null) return
    connection.state = ConnectionState.OPEN
    this.writeResponse(connection, connection.session)
    const nowMs = this.parts.clock.monotonicMs()
    connection.statistics.replied(Op.createSession, 0, this.parts.lastZxid(), nowMs - arrivedMs, nowMs)
    connection.continueInput()
  }

  // ConnectResponse: int protocolVersion, int timeOut, long sessionId, buffer passwd, boolean readOnly (if the request had it).
  private writeResponse(connection: ClientConnection, session: Session<ClientConnection>): void {
    const out = connection.replies()
    out.writeInt(connection.hasReadOnlyByte ? 37 : 36)
    out.writeInt(0)
    out.writeInt(session.timeoutMs)
    out.writeLong(session.id)
    out.writeInt(SESSION_PASSWORD_LENGTH)
    out.ensure(SESSION_PASSWORD_LENGTH)
    sessionPassword(session.id, out.bytes, out.position)
    out.position += SESSION_PASSWORD_LENGTH
    if (connection.hasReadOnlyByte) out.writeBoolean(this.parts.isReadOnly)
    this.parts.metrics.connections.packetsSent++
  }

  /** A client closes its session. */
  close(connection: ClientConnection, session: Session<ClientConnection>, xid: number, arrivedMs: number): void {
    this.parts.tracker.markClosing(session)
    connection.queue.pushMark()
    this.parts.writes.submitCloseSession(connection, session.id, xid, this.parts.clock.nowMs(), arrivedMs)
  }

  /** A closeSession is applied: its connection ends, after the reply if the client had asked. */
  closed(sessionId: bigint, requester: ClientConnection | null, reply: (() => void) | null): void {
    const session = this.parts.tracker.remove(sessionId)
    if (requester !== null && reply !== null) {
      reply()
      requester.session = null
      // The connection goes its own way now, and may go sooner than the last that refers to the session.
      if (session?.attachment === requester) session.attachment = null
      requester.isFarewell = true
      requester.endAfterQueue()
      return
    }
    const connection = session?.attachment ?? null
    if (connection === null) return
    connection.session = null
    connection.destroy()
  }

  // --- expiry ----------------------------------------------------------------------------------

  /** Sees to it that `expire` runs at `dueMs`, or earlier. */
  private schedule(dueMs: number): void {
    if (!this.isExpiring || dueMs >= this.timerDueMs) return
    const { clock, timers } = this.parts
    this.timer?.cancel()
    this.timerDueMs = dueMs
    this.timer = timers.after(Math.max(dueMs - clock.monotonicMs(), 1), () => {
      this.timer = null
      this.timerDueMs = Number.POSITIVE_INFINITY
      // What clients have sent already may be waiting behind this timer: it is read first.
      timers.soon(() => this.expire())
    })
  }

  private expire(): void {
    if (!this.isExpiring) return
    const { tracker, clock, logger, metrics, writes } = this.parts
    const nowMs = clock.monotonicMs()
    const fromMs = this.expiresFromMs()
    if (nowMs < fromMs) {
      this.schedule(fromMs)
      return
    }
    for (const session of tracker.expired(nowMs)) {
      metrics.sessions.expired++
      logger.info(`Expiring session 0x${hex(session.id)}, timeout of ${session.timeoutMs}ms exceeded`)
      writes.submitCloseSession(null, session.id, 0, clock.nowMs(), nowMs)
    }
    this.schedule(tracker.nextExpiryMs())
  }

  /** Lets a session expire before its time; `done` follows when its end is applied here. False if there is none that could expire. */
  expireEarly(sessionId: bigint, done: () => void): boolean {
    const { tracker, clock, logger, metrics, writes } = this.parts
    const session = tracker.get(BigInt.asIntN(64, sessionId))
    if (!this.isExpiring || session === null || session.isClosing) return false
    metrics.sessions.expired++
    logger.info(`Expiring session 0x${hex(session.id)} before its time`)
    tracker.markClosing(session)
    writes.submitCloseSession(null, session.id, 0, clock.nowMs(), clock.monotonicMs())
    writes.whenApplied(done)
    return true
  }
}
