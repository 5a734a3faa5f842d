// A client's session: which server it is connected to, what happens between two connections, and how it ends.
//
//   attempt -> connection -> grant -> [SASL] -> auth, watches, waiting requests -> connected
//      ^                        |                                                     |
//      |                        +-> refused: expired (final, or a new session)        |
//      +---- pause, next server <------------- connection lost: suspended <-----------+
//
// What was sent before a connection was lost fails with CONNECTION_LOSS: nobody knows how it ended. What is asked for
// while there is none waits for the next one; it fails too when the session may be gone and another attempt failed.

import { type ByteReader, PASSWORD_LENGTH } from '@tskeeper/protocol'
import type { Chroot } from '../chroot.ts'
import { formatHost, type HostPort } from '../connect-string.ts'
import { ZooKeeperError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { deadlineOf } from '../operations/arguments.ts'
import { closeSession } from '../operations/session-operations.ts'
import type { AuthCredentials, OperationOptions } from '../options.ts'
import type { ClientRuntime, TimerHandle, TracedRequest } from '../runtime/runtime.ts'
import { type ClientState, isConnectedState } from '../state.ts'
import type { TransportTarget } from '../transport/transport.ts'
import { WatchDispatcher } from '../watch/watch-dispatcher.ts'
import type { WatchFn } from '../watch/watch-event.ts'
import { AuthList } from './auth-list.ts'
import { Connection, type ConnectionContext, type ConnectionOwner } from './connection.ts'
import { Dialer } from './dialer.ts'
import type { SessionGrant } from './handshake.ts'
import { HostList } from './host-list.ts'
import { LastZxid } from './last-zxid.ts'
import { ReadOnlyProbe } from './read-only-probe.ts'
import { type AnyRequest, type Operation, ownRequest, Request, RequestStatus } from './request.ts'
import { limitRequest } from './request-limits.ts'
import { exchangeSasl } from './sasl-exchange.ts'
import type { SessionSettings } from './session-settings.ts'
import { StateFeed } from './state-feed.ts'
import { Suspicion } from './suspicion.ts'
import { WaitingRequests } from './waiting-requests.ts'
import { WatchRenewal } from './watch-renewal.ts'

/** How long a client waits at most before the first attempt after a loss: chance spreads the clients of a server that died. */
const FIRST_PAUSE_MS = 50
/** Pause after the whole list was tried once, at most; it doubles with each round. */
const ROUND_PAUSE_MS = 200
const CONNECT_MS_MIN = 50

type FinalState = 'expired' | 'auth-failed' | 'closed'

const FINAL_CODES = { expired: 'SESSION_EXPIRED', 'auth-failed': 'AUTH_FAILED', closed: 'CLOSED' } as const

const NO_LIMITS: OperationOptions = {}

/** One session; see the top of this file. */
export class Session implements ConnectionOwner {
  readonly feed: StateFeed
  readonly watches: WatchDispatcher
  readonly settings: SessionSettings
  readonly #runtime: ClientRuntime
  readonly #logger: Logger
  readonly #dialer: Dialer
  readonly #hosts: HostList
  readonly #auth: AuthList
  readonly #context: ConnectionContext
  readonly #suspicion: Suspicion
  readonly #waiting: WaitingRequests
  #state: ClientState = 'connecting'
  #sessionId: bigint
  #password: Uint8Array
  /** Whether the session is known to servers that take writes: one from a read-only server is not. */
  #isGlobal: boolean
  #negotiatedTimeoutMs = 0
  /** The attempt or connection that is under way. */
  #connection: Connection | null = null
  /** The same when it takes requests. */
  #ready: Connection | null = null
  /** Addresses of the server under way that have not been tried. */
  #addresses: TransportTarget[] = []
  #probe: ReadOnlyProbe | null = null
  #renewal: WatchRenewal | null = null
  #pause: TimerHandle | null = null
  #isStarted = false
  /** When the client began to be without a session: waiting requests are patient for one time-out. */
  #startedMs = 0
  #closing: Promise<void> | null = null
  #resolveClosed: () => void = () => undefined
  readonly #closeLimits: TimerHandle[] = []
  #finalCause: Error | null = null
  /** Why the last attempt or connection ended. */
  #lastError: Error | null = null
  /** Whether the watches of a former connection are to be set again. */
  #hadConnection = false

  constructor(hosts: readonly HostPort[], chroot: Chroot, settings: SessionSettings) {
    this.settings = settings
    this.#runtime = settings.runtime
    this.#logger = settings.logger
    this.feed = new StateFeed(settings.logger)
    this.watches = new WatchDispatcher(settings.logger, chroot, () => this.#state)
    this.#dialer = new Dialer(settings.runtime, settings.tls)
    this.#hosts = new HostList(hosts, settings.runtime.random)
    this.#auth = new AuthList(settings.auth)
    this.#waiting = new WaitingRequests(settings.maxPacketBytes)
    this.#sessionId = settings.session?.id ?? 0n
    this.#password = settings.session?.password ?? new Uint8Array(PASSWORD_LENGTH)
    this.#isGlobal = settings.session !== null
    this.#suspicion = new Suspicion(settings.runtime, (isSuspect) => this.feed.emitSuspect(isSuspect))
    this.#context = {
      runtime: settings.runtime,
      requestBytesMax: settings.maxPacketBytes,
      replyBytesMax: settings.maxReplyBytes,
      lastZxid: new LastZxid(),
      xids: { last: 0 },
    }
  }

  get state(): ClientState {
    return this.#state
  }

  get sessionId(): bigint {
    return this.#sessionId
  }

  /** A copy: the session's own must not change. */
  get password(): Uint8Array {
    return Uint8Array.from(this.#password)
  }

  get negotiatedTimeoutMs(): number {
    return this.#negotiatedTimeoutMs
  }

  get lastZxid(): bigint {
    return this.#context.lastZxid.value
  }

  get server(): string | null {
    return this.#connection === null || !isConnectedState(this.#state) ? null : formatHost(this.#connection.server)
  }

  get isSuspect(): boolean {
    return this.#isOver || this.#suspicion.isSuspect
  }

  /** Why there is no connection, if an attempt failed or a connection ended. */
  get lastError(): Error | null {
    return this.#lastError
  }

  /** Why the session is over, once it is. */
  get finalCause(): Error | null {
    return this.#finalCause
  }

  get #isOver(): boolean {
    return this.#state === 'closed' || this.#state === 'auth-failed' || this.#state === 'expired'
  }

  /** Begins to connect, unless it has begun. */
  start(): void {
    if (this.#isStarted || this.#isOver) return
    this.#isStarted = true
    this.#startedMs = this.#runtime.clock.monotonicMs()
    this.#attempt()
  }

  /** Makes a request; the promise settles with its reply, or with what prevented one. */
  request<Body, Result>(
    operation: Operation<Body, Result>,
    path: string | null,
    serverPath: string,
    body: Body,
    watch: WatchFn | null = null,
    options: OperationOptions = NO_LIMITS,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const request = new Request(operation, path, serverPath, body, watch, resolve, reject) as unknown as AnyRequest
      const tracing = this.#runtime.tracing
      if (tracing?.isEnabled === true) this.#trace(request)
      const deadlineMs = deadlineOf(options.deadlineMs ?? this.settings.requestTimeoutMs)
      if (deadlineMs !== null || options.signal !== undefined) {
        limitRequest(request, options, deadlineMs, this.#runtime.timers)
        if (request.status === RequestStatus.settled) return
      }
      if (this.#ready !== null && this.#closing === null) this.#ready.send(request)
      else this.#park(request)
    })
  }

  /** Adds an identity. */
  addAuth(credentials: AuthCredentials): Promise<void> {
    if (this.#isOver || this.#closing !== null) return Promise.reject(this.#overError('addAuth'))
    this.start()
    return this.#auth.add(credentials, this.#ready)
  }

  /** Takes a new list of servers, and moves to another one if that is needed for the balance. */
  updateServers(hosts: readonly HostPort[]): void {
    const connection = this.#connection
    const mustMove = this.#hosts.update(hosts, connection?.server ?? null)
    this.#addresses = []
    if (mustMove && connection !== null) connection.close(new Error('the list of servers has changed'))
  }

  /** Ends the session when what was asked for before has been answered, or when the deadline of any call has passed. */
  close(deadlineMs: number | null): Promise<void> {
    if (this.#closing === null) {
      this.#closing = new Promise((resolve) => {
        this.#resolveClosed = resolve
      })
      const end = (): void => this.#finish('closed', null)
      if (this.#isOver || this.#ready === null) end()
      else {
        this.#ready.send(ownRequest(closeSession, undefined, end, end))
        // What stands on the session, such as a lock, may be another client's before the answer is here.
        this.#suspicion.ending()
      }
    }
    if (deadlineMs !== null && !this.#isOver) {
      this.#closeLimits.push(this.#runtime.timers.after(deadlineMs, () => this.#finish('closed', null)))
    }
    return this.#closing
  }

  // ---- attempts

  #attempt(): void {
    this.#pause = null
    const server = this.#hosts.next()
    this.#logger.debug('connecting', { server: formatHost(server) })
    const connection = this.#newConnection(server)
    this.#addresses = []
    this.#dialer.resolve(server, ([first, ...others], error) => {
      if (!connection.isOpen) return
      this.#addresses = others
      if (first === undefined) connection.close(error ?? new Error('no address'))
      else connection.open(first)
    })
  }

  #newConnection(server: HostPort): Connection {
    const connection = new Connection(this.#context, this, server, {
      lastZxid: this.lastZxid,
      timeoutMs: this.settings.sessionTimeoutMs,
      sessionId: this.#isGlobal ? this.#sessionId : 0n,
      password: this.#isGlobal ? this.#password : new Uint8Array(PASSWORD_LENGTH),
      acceptsReadOnly: this.settings.readOnly,
    })
    this.#connection = connection
    connection.limit(this.#connectLimitMs())
    return connection
  }

  #connectLimitMs(): number {
    const timeoutMs = this.#negotiatedTimeoutMs > 0 ? this.#negotiatedTimeoutMs : this.settings.sessionTimeoutMs
    return this.settings.connectTimeoutMs ?? Math.max(CONNECT_MS_MIN, timeoutMs / this.#hosts.size)
  }

  #scheduleAttempt(wasEstablished: boolean): void {
    const round = this.#hosts.roundsFailed
    const { random, timers } = this.#runtime
    if (round === 0 && !wasEstablished) return this.#after(timers, 0)
    const longestMs = Math.max(100, Math.min(1_000, this.settings.sessionTimeoutMs / 20))
    const pauseMs = round === 0 ? FIRST_PAUSE_MS : Math.min(longestMs, ROUND_PAUSE_MS * 2 ** Math.min(round - 1, 10))
    this.#after(timers, round === 0 ? random.next() * pauseMs : pauseMs / 2 + (random.next() * pauseMs) / 2)
  }

  #after(timers: ClientRuntime['timers'], delayMs: number): void {
    this.#pause = timers.after(delayMs, () => this.#attempt())
  }

  onClosed(connection: Connection, error: Error): void {
    if (this.#connection !== connection) return
    this.#connection = null
    const wasEstablished = this.#ready === connection
    this.#ready = null
    this.#probe?.stop()
    this.#probe = null
    this.#renewal?.stop()
    this.#renewal = null
    if (this.#isOver) return
    this.#lastError = error
    this.#logger[wasEstablished ? 'info' : 'debug']('the connection is gone', { server: formatHost(connection.server), error })
    if (wasEstablished) {
      this.#hosts.lost()
      if (isConnectedState(this.#state)) this.#become('suspended', error)
    }
    connection.abandonPending('CONNECTION_LOSS', error)
    if (this.#closing !== null) return this.#finish('closed', error)
    const nextAddress = connection.isUnanswered ? this.#addresses.shift() : undefined
    // A name may have addresses that nobody listens on, as localhost often has: the next one is tried at once.
    if (nextAddress !== undefined) return this.#newConnection(connection.server).open(nextAddress)
    if (!wasEstablished && this.#isOutOfPatience()) this.#waiting.abandon('CONNECTION_LOSS', error)
    this.#scheduleAttempt(wasEstablished)
  }

  #isOutOfPatience(): boolean {
    if (this.#negotiatedTimeoutMs > 0) return this.#suspicion.isSuspect
    return this.#runtime.clock.monotonicMs() - this.#startedMs >= this.settings.sessionTimeoutMs
  }

  // ---- the handshake and what follows it

  onGrant(connection: Connection, grant: SessionGrant): void {
    if (grant.timeoutMs <= 0) return this.#refused(connection)
    this.#sessionId = grant.sessionId
    this.#password = grant.password
    this.#negotiatedTimeoutMs = grant.timeoutMs
    if (!grant.isReadOnly) this.#isGlobal = true
    this.#hosts.connected()
    this.#suspicion.begin(grant.timeoutMs)
    const { sasl } = this.settings
    const proceed = (): void => this.#becomeReady(connection, grant)
    if (sasl === null) proceed()
    else exchangeSasl(connection, sasl, proceed, (cause) => this.#failAuth(cause))
  }

  /** The session is gone. When it was a new one that is refused, others may be more obliging, and this server later. */
  #refused(connection: Connection): void {
    if (this.#isGlobal || !this.settings.renewSession) return this.#expire(connection)
    connection.close(new ZooKeeperError('CONNECTION_LOSS', `${formatHost(connection.server)} grants no session`))
  }

  /** Requests follow the credentials without waiting; the client counts as connected when the server has taken those. */
  #becomeReady(connection: Connection, grant: SessionGrant): void {
    if (this.#connection !== connection) return
    this.#ready = connection
    let isQueueSent = false
    let isAccepted = false
    const proceed = (): void => {
      if (isQueueSent && isAccepted && this.#ready === connection) this.#becomeConnected(connection, grant)
    }
    this.#auth.present(connection, () => {
      isAccepted = true
      proceed()
    })
    const { settings, watches } = this
    this.#renewal = new WatchRenewal(watches, this.#runtime.timers, settings.logger, this.lastZxid, !this.#hadConnection)
    this.#renewal.start(connection)
    this.#hadConnection = true
    this.#waiting.send(connection)
    isQueueSent = true
    proceed()
  }

  #becomeConnected(connection: Connection, grant: SessionGrant): void {
    this.#logger.info('connected', { server: formatHost(connection.server), sessionId: `0x${grant.sessionId.toString(16)}` })
    this.#become(grant.isReadOnly ? 'connected-read-only' : 'connected', null)
    if (grant.isReadOnly) this.#startProbe(connection)
  }

  #startProbe(connection: Connection): void {
    this.#probe = new ReadOnlyProbe(this.#runtime, this.#dialer, this.#hosts.others(connection.server), (server) => {
      this.#hosts.prefer(server)
      connection.close(new Error(`${formatHost(server)} takes writes`))
    })
  }

  // ---- what a connection tells

  onEvent(input: ByteReader, zxidOffset: number): void {
    this.watches.receive(input, zxidOffset)
  }

  onWatchSet(request: AnyRequest, isMissing: boolean): void {
    const { watchPlace } = request.operation
    if (request.watch !== null && watchPlace !== null) {
      this.watches.table.add(watchPlace, isMissing, request.serverPath, request.watch)
    }
  }

  onConfirmed(monotonicMs: number): void {
    this.#suspicion.confirm(monotonicMs)
  }

  onAuthReply(_connection: Connection, wireCode: number): void {
    if (this.#auth.answer(wireCode)) return
    this.#failAuth(new ZooKeeperError('AUTH_FAILED', 'the server refused the credentials', { wireCode }))
  }

  onAuthRequired(): void {
    this.#failAuth(new ZooKeeperError('AUTH_FAILED', 'the server serves only clients that authenticate', { wireCode: -124 }))
  }

  // ---- ends

  #failAuth(cause: Error): void {
    if (!this.#isOver) this.#finish('auth-failed', cause)
  }

  #expire(connection: Connection): void {
    const cause = new ZooKeeperError('SESSION_EXPIRED', `${formatHost(connection.server)}: the session has expired`, {
      wireCode: -112,
    })
    if (!this.settings.renewSession || this.#closing !== null) return this.#finish('expired', cause)
    this.#logger.warn('the session has expired; a new one begins', { sessionId: `0x${this.#sessionId.toString(16)}` })
    this.#suspicion.end()
    this.#hosts.connected()
    this.#become('expired', cause)
    this.#waiting.abandon('SESSION_EXPIRED', cause)
    this.watches.endOneShots()
    this.#sessionId = 0n
    this.#password = new Uint8Array(PASSWORD_LENGTH)
    this.#isGlobal = false
    this.#negotiatedTimeoutMs = 0
    this.#startedMs = this.#runtime.clock.monotonicMs()
    this.#become('connecting', null)
    connection.close(cause)
  }

  #finish(state: FinalState, cause: Error | null): void {
    const connection = this.#connection
    if (!this.#isOver) {
      this.#finalCause = cause
      this.#pause?.cancel()
      this.#suspicion.end()
      this.#become(state, cause)
      connection?.abandonPending(FINAL_CODES[state], cause)
      this.#waiting.abandon(FINAL_CODES[state], cause)
      this.#auth.failAll(this.#overError('addAuth'))
      this.watches.endAll()
      connection?.close(cause ?? new Error('the client is closed'))
    }
    for (const limit of this.#closeLimits.splice(0)) limit.cancel()
    this.#resolveClosed()
  }

  #become(state: ClientState, cause: Error | null): void {
    const previous = this.#state
    this.#state = state
    this.feed.emitState({ state, previous, sessionId: this.#sessionId, server: this.server, cause })
  }

  /** Keeps a request until there is a connection. */
  #park(request: AnyRequest): void {
    if (this.#isOver || this.#closing !== null) {
      const code = this.#isOver ? FINAL_CODES[this.#state as FinalState] : 'CLOSED'
      return request.abandon(code, false, this.#finalCause)
    }
    this.#waiting.add(request)
    if (request.status !== RequestStatus.settled) this.start()
  }

  #overError(subject: string): ZooKeeperError {
    const code = this.#isOver ? FINAL_CODES[this.#state as FinalState] : 'CLOSED'
    return new ZooKeeperError(code, `${subject}: the client is ${this.#isOver ? this.#state : 'being closed'}`, {
      cause: this.#finalCause ?? undefined,
    })
  }

  #trace(request: AnyRequest): void {
    const { tracing } = this.#runtime
    const traced: TracedRequest = {
      operation: request.operation.name,
      path: request.path,
      sessionId: this.#sessionId,
      server: this.server,
    }
    tracing?.start(traced)
    request.onSettled = (error) => tracing?.end(traced, error)
  }
}
