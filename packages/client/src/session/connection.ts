// One connection to one server, from the attempt to its end: the handshake, requests out and replies in, pings, and how
// long the server may be silent. It knows nothing of other connections: what is to happen after it is the session's affair.

import { ByteReader, type ByteWriter, DecodeError, ErrorCode, Op, REPLY_HEADER_SIZE, Xid } from '@tskeeper/protocol'
import { formatHost, type HostPort } from '../connect-string.ts'
import { errorFromWire, isZooKeeperError, ZooKeeperError } from '../errors.ts'
import type { ClientRuntime, TimerHandle } from '../runtime/runtime.ts'
import type { TransportConnection, TransportHandler, TransportTarget } from '../transport/transport.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { readSessionGrant, type SessionGrant, type SessionRequest, writeSessionRequest } from './handshake.ts'
import type { LastZxid } from './last-zxid.ts'
import { OutputBuffer } from './output-buffer.ts'
import { type AbandonCode, type AnyRequest, RequestStatus } from './request.ts'
import { requestTooLarge, requestUnwritable } from './request-errors.ts'
import { RequestRing } from './request-ring.ts'

/** What a connection tells its session. */
export interface ConnectionOwner {
  /** The server answered the handshake. */
  onGrant(connection: Connection, grant: SessionGrant): void
  /** A watch fired: type, state and path are at the reader; `zxidOffset` says where in its bytes the zxid is. */
  onEvent(input: ByteReader, zxidOffset: number): void
  /** A server answered the oldest open authentication. */
  onAuthReply(connection: Connection, wireCode: number): void
  /** The server serves only clients that authenticate. */
  onAuthRequired(connection: Connection): void
  /** A request that asked for a watch has left one. */
  onWatchSet(request: AnyRequest, isMissing: boolean): void
  /** The server certainly heard of the client at `monotonicMs` or later. */
  onConfirmed(monotonicMs: number): void
  /** It is over; called once. */
  onClosed(connection: Connection, error: Error): void
}

/** Numbers and parts that a connection shares with its session. */
export interface ConnectionContext {
  readonly runtime: ClientRuntime
  readonly requestBytesMax: number
  readonly replyBytesMax: number
  readonly lastZxid: LastZxid
  /** The last xid given out: the count goes on from connection to connection. */
  readonly xids: { last: number }
}

const XID_MAX = 0x7ffffffe
const FRAME_AND_HEADER_SIZE = 12

type Phase = 'opening' | 'handshake' | 'ready' | 'closed'

/** One connection; see the top of this file. */
export class Connection implements TransportHandler {
  readonly server: HostPort
  /** Requests whose replies are awaited. */
  private readonly pending = new RequestRing()
  private readonly context: ConnectionContext
  private readonly owner: ConnectionOwner
  private readonly output = new OutputBuffer()
  private readonly splitter: FrameSplitter
  private readonly input: ByteReader = new ByteReader(new Uint8Array(0))
  private readonly sessionRequest: SessionRequest
  private readonly flushNow = (): void => this.flush()
  private transport: TransportConnection | null = null
  private phase: Phase = 'opening'
  private hasNotOpened = true
  private isFlushScheduled = false
  /** Number of the first pending request whose bytes have not been handed to the transport. */
  private sentEnd = 0
  /** The attempt's limit, later the timer of pings and silence. */
  private timer: TimerHandle | null = null
  private timeoutMs = 0
  private lastSentMs = 0
  private lastHeardMs = 0
  private pingSentMs = -1
  /** One batch of requests at a time is a yardstick: when the last of it is answered, the server was in touch when it was sent. */
  private markEnd = -1
  private markMs = 0

  constructor(context: ConnectionContext, owner: ConnectionOwner, server: HostPort, sessionRequest: SessionRequest) {
    this.context = context
    this.owner = owner
    this.server = server
    this.sessionRequest = sessionRequest
    this.splitter = new FrameSplitter(context.replyBytesMax, (bytes, view, start, end) => this.receive(bytes, view, start, end))
  }

  get isOpen(): boolean {
    return this.phase !== 'closed'
  }

  /** Whether nobody has answered at the address yet. */
  get isUnanswered(): boolean {
    return this.hasNotOpened
  }

  /** Begins the attempt: looking the name up, connecting and the handshake may take `limitMs` together. */
  limit(limitMs: number): void {
    this.timer = this.context.runtime.timers.after(limitMs, () => {
      this.timer = null
      this.close(this.lossError(`no answer within ${Math.round(limitMs)} ms`))
    })
  }

  /** Begins to connect. */
  open(target: TransportTarget): void {
    this.transport = this.context.runtime.transport.connect(target, this)
  }

  /** Ends it, for a reason that the owner hears of. */
  close(error: Error): void {
    if (this.phase === 'closed') return
    this.phase = 'closed'
    this.timer?.cancel()
    this.timer = null
    this.transport?.destroy()
    this.owner.onClosed(this, error)
  }

  /** Nobody will bring the answers that are awaited: says so of each request, and whether a server may have seen it. */
  abandonPending(code: AbandonCode, cause: Error | null): void {
    const { pending } = this
    let sentCount = Math.max(0, this.sentEnd - pending.first)
    for (let request = pending.shift(); request !== null; request = pending.shift()) {
      if (request.status !== RequestStatus.settled) request.abandon(code, sentCount > 0, cause)
      sentCount -= 1
    }
  }

  /** Writes a request. Only when the handshake is done. */
  send(request: AnyRequest): void {
    const out = this.output.writer
    const start = out.position
    const xid = this.beginRequest(out, request.operation.op)
    try {
      if (request.encoded === null) request.operation.encode(out, request)
      else out.writeBytes(request.encoded)
    } catch (error) {
      out.position = start
      request.fail(requestUnwritable(request, error))
      return
    }
    const length = out.position - start - 4
    if (length > this.context.requestBytesMax) {
      out.position = start
      request.fail(requestTooLarge(request, length, this.context.requestBytesMax))
      return
    }
    out.view.setInt32(start, length)
    request.encoded = null
    request.xid = xid
    request.status = RequestStatus.written
    this.pending.push(request)
    this.scheduleFlush()
  }

  /** Writes a frame that no pending request belongs to. */
  sendSpecial(xid: number, op: number, writeBody: (out: ByteWriter) => void): void {
    const out = this.output.writer
    const start = out.position
    out.ensure(FRAME_AND_HEADER_SIZE)
    out.view.setInt32(start + 4, xid)
    out.view.setInt32(start + 8, op)
    out.position = start + FRAME_AND_HEADER_SIZE
    writeBody(out)
    out.view.setInt32(start, out.position - start - 4)
    this.scheduleFlush()
  }

  private beginRequest(out: ByteWriter, op: number): number {
    const { xids } = this.context
    const xid = xids.last >= XID_MAX ? 1 : xids.last + 1
    xids.last = xid
    const start = out.position
    out.ensure(FRAME_AND_HEADER_SIZE)
    out.view.setInt32(start + 4, xid)
    out.view.setInt32(start + 8, op)
    out.position = start + FRAME_AND_HEADER_SIZE
    return xid
  }

  private scheduleFlush(): void {
    if (this.isFlushScheduled) return
    this.isFlushScheduled = true
    this.context.runtime.timers.soon(this.flushNow)
  }

  private flush(): void {
    this.isFlushScheduled = false
    if (this.phase === 'closed' || this.transport === null || !this.output.flush(this.transport)) return
    this.sentEnd = this.pending.end
    this.lastSentMs = this.context.runtime.clock.monotonicMs()
    if (this.markEnd >= 0 || this.pending.size === 0) return
    this.markEnd = this.pending.end
    this.markMs = this.lastSentMs
  }

  onOpen(): void {
    if (this.phase !== 'opening') return
    this.phase = 'handshake'
    this.hasNotOpened = false
    writeSessionRequest(this.output.writer, this.sessionRequest)
    this.flush()
  }

  onDrain(): void {
    this.output.drained()
    this.flush()
  }

  onClose(error: Error | null): void {
    this.close(this.lossError(error === null ? 'the server closed the connection' : error.message, error))
  }

  onData(bytes: Uint8Array, view: DataView, length: number): void {
    if (this.phase === 'closed') return
    this.lastHeardMs = this.context.runtime.clock.monotonicMs()
    try {
      this.splitter.push(bytes, view, length)
    } catch (error) {
      if (!(error instanceof RangeError) && !(error instanceof DecodeError)) throw error
      this.close(this.lossError(`what the server sent makes no sense: ${error.message}`, error))
    }
  }

  private receive(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    this.input.reset(bytes, view, start, end)
    if (this.phase === 'handshake') {
      const grant = readSessionGrant(this.input)
      this.becomeReady(grant)
      return this.isOpen
    }
    if (end - start < REPLY_HEADER_SIZE) throw new DecodeError('a reply without a whole header', start)
    this.input.position = start + REPLY_HEADER_SIZE
    const xid = view.getInt32(start)
    if (xid > 0) this.receiveReply(view, start, xid)
    else this.receiveSpecial(view, start, xid)
    return this.phase !== 'closed'
  }

  private becomeReady(grant: SessionGrant): void {
    this.phase = 'ready'
    this.timer?.cancel()
    this.timer = null
    this.timeoutMs = grant.timeoutMs
    if (grant.timeoutMs > 0) {
      this.owner.onConfirmed(this.lastSentMs)
      this.scheduleHeartbeat()
    }
    this.owner.onGrant(this, grant)
  }

  private receiveReply(view: DataView, start: number, xid: number): void {
    const request = this.pending.shift()
    if (request === null) throw new RangeError(`a reply with xid ${xid}, and no request is open`)
    if (request.xid !== xid) {
      if (request.status !== RequestStatus.settled) request.abandon('CONNECTION_LOSS', true, null)
      throw new RangeError(`a reply with xid ${xid} instead of ${request.xid}`)
    }
    this.context.lastZxid.note(view, start + 4)
    if (this.pending.first >= this.markEnd && this.markEnd >= 0) this.confirmMark()
    // Whoever gave up has been told; the reply only had to be taken out of the row.
    if (request.status === RequestStatus.settled) return
    const wireCode = view.getInt32(start + 12)
    if (wireCode === 0) this.settle(request)
    else this.settleRefused(request, wireCode)
  }

  private settle(request: AnyRequest): void {
    let result: unknown
    try {
      result = request.operation.decode(this.input, request)
    } catch (error) {
      if (isZooKeeperError(error)) return request.fail(error)
      request.abandon('CONNECTION_LOSS', true, error instanceof Error ? error : null)
      throw error
    }
    if (request.watch !== null) this.owner.onWatchSet(request, false)
    request.succeed(result)
  }

  private settleRefused(request: AnyRequest, wireCode: number): void {
    const { resultIfMissing, name } = request.operation
    if (wireCode === ErrorCode.NO_NODE && resultIfMissing !== undefined) {
      if (request.watch !== null) this.owner.onWatchSet(request, true)
      return request.succeed(resultIfMissing)
    }
    request.fail(errorFromWire(wireCode, name, request.path))
    if (wireCode === ErrorCode.SESSION_CLOSED_REQUIRE_SASL_AUTH) this.owner.onAuthRequired(this)
  }

  private receiveSpecial(view: DataView, start: number, xid: number): void {
    if (xid === Xid.notification) this.owner.onEvent(this.input, start + 4)
    else if (xid === Xid.ping) this.confirmPing()
    else if (xid === Xid.auth) this.owner.onAuthReply(this, view.getInt32(start + 12))
    else throw new RangeError(`a reply with xid ${xid}`)
  }

  private confirmMark(): void {
    this.markEnd = -1
    this.owner.onConfirmed(this.markMs)
  }

  private confirmPing(): void {
    if (this.pingSentMs < 0) return
    this.owner.onConfirmed(this.pingSentMs)
    this.pingSentMs = -1
  }

  /** Pings after a third of the time-out without a request; gives the server up after two thirds of silence. */
  private scheduleHeartbeat(): void {
    const { clock, timers } = this.context.runtime
    const pingAtMs = this.lastSentMs + this.timeoutMs / 3
    const silentAtMs = this.lastHeardMs + (this.timeoutMs * 2) / 3
    const delayMs = Math.max(1, Math.min(pingAtMs, silentAtMs) - clock.monotonicMs())
    this.timer = timers.after(delayMs, () => this.heartbeat())
  }

  private heartbeat(): void {
    this.timer = null
    const nowMs = this.context.runtime.clock.monotonicMs()
    const silentMs = nowMs - this.lastHeardMs
    if (silentMs >= (this.timeoutMs * 2) / 3) {
      this.close(this.lossError(`nothing heard for ${Math.round(silentMs)} ms`))
      return
    }
    if (nowMs - this.lastSentMs >= this.timeoutMs / 3) this.ping(nowMs)
    this.scheduleHeartbeat()
  }

  private ping(nowMs: number): void {
    if (this.pingSentMs < 0) this.pingSentMs = nowMs
    this.sendSpecial(Xid.ping, Op.ping, () => undefined)
    this.flush()
    this.lastSentMs = nowMs
  }

  private lossError(reason: string, cause?: unknown): ZooKeeperError {
    return new ZooKeeperError('CONNECTION_LOSS', `${formatHost(this.server)}: ${reason}`, {
      wireCode: ErrorCode.CONNECTION_LOSS,
      cause,
    })
  }
}
