import { OutputBuffer } from './output-buffer.ts'
import { REPLY_HEADER_BYTES, ReplyFrame } from './reply-frame.ts'
import { bareFrame, connectFrame, RequestType, type SessionTicket } from './request-frames.ts'
import { type Channel, type ChannelReceiver, type Transport, ViewedBuffer } from './transport.ts'
import { Violation } from './violation.ts'

const FRAME_BYTES_MAX = 64 * 1024 * 1024
const PING_XID = -2
const EVENT_XID = -1
const PASSWORD_BYTES = 16
/** A ConnectResponse with its read-only byte; the request asks for it, so the reply must have it. */
const CONNECT_RESPONSE_BYTES = 37

/** What a session tells the workload that drives it. All of these are called from within one read of a socket. */
export interface SessionHandler {
  /** The server has granted the session. */
  onReady(session: Session): void
  /** A chunk of bytes is about to be looked at: the moment at which everything in it arrived. */
  onBatchBegin(session: Session): void
  /** The reply to the oldest outstanding request; its xid and zxid are checked already, its error code is not. */
  onReply(session: Session, reply: ReplyFrame): void
  /** A watch event: type, state and path in the body. */
  onEvent(session: Session, reply: ReplyFrame): void
  /** Every complete frame of the chunk has been handed over; now is the time to send more. */
  onBatchEnd(session: Session): void
  /** The connection ended, or the server broke its promises. The error is null after a close that was asked for. */
  onClosed(session: Session, error: Error | null): void
}

const PING: Buffer = bareFrame(RequestType.ping)
const CLOSE: Buffer = bareFrame(RequestType.closeSession)

/**
 * One session on one connection, written for many requests a second: requests are encoded in place into
 * one of two buffers (while the socket owns one, the other fills), replies are handed over in place.
 *
 * It checks what holds for every reply whatever its kind: replies come in the order of the requests,
 * none is missing, none is extra, and the zxid never goes back.
 */
export class Session implements ChannelReceiver {
  readonly index: number
  handler: SessionHandler
  /** Where requests go; `flush` sends what is in it. Stale after `flush`. */
  output: OutputBuffer = new OutputBuffer()
  sessionId = 0n
  timeoutMs = 0
  /** The xid that the next request gets. */
  nextXid = 1
  private readonly channel: Channel
  private readonly reply: ReplyFrame
  private spare = new OutputBuffer()
  private isWriting = false
  private isReady = false
  private isClosing = false
  private isClosed = false
  private expectedXid = 1
  private pingsOutstanding = 0
  private lastZxid: number
  private password: Buffer = Buffer.alloc(PASSWORD_BYTES)
  private carry = new ViewedBuffer(64)
  private carryLength = 0
  /** One function for all writes: no closure a batch. */
  private readonly onWritten: () => void

  /** Connects to the server with the number of the session, unless another one is named; with a ticket it goes on with that session. */
  constructor(
    transport: Transport,
    index: number,
    sessionTimeoutMs: number,
    handler: SessionHandler,
    server: number = Math.max(index, 0),
    ticket: SessionTicket | null = null,
  ) {
    this.index = index
    this.handler = handler
    this.reply = new ReplyFrame(index)
    this.onWritten = () => {
      this.isWriting = false
      if (this.output.position > 0) this.flush()
    }
    this.channel = transport.connect(this, server)
    this.lastZxid = ticket?.lastZxid ?? 0
    const frame = connectFrame(sessionTimeoutMs, ticket)
    const at = this.output.take(frame.length)
    this.output.bytes.set(frame, at)
    this.flush()
  }

  /** Requests that wait for their reply, pings not counted. */
  get outstanding(): number {
    return this.nextXid - this.expectedXid
  }

  /**
   * Encodes a request: the template with the next xid, and `appendedBytes` after it that the caller writes
   * at the returned offset of `output`.
   */
  send(template: Buffer, appendedBytes: number): number {
    const output = this.output
    const at = output.take(template.length + appendedBytes)
    output.bytes.set(template, at)
    output.view.setInt32(at + 4, this.nextXid)
    this.nextXid += 1
    return at + template.length
  }

  /** What another connection needs to go on with this session; requests without a reply are lost or not, nobody knows. */
  get ticket(): SessionTicket {
    return { sessionId: this.sessionId, password: this.password, lastZxid: this.lastZxid }
  }

  /** Keeps an idle session alive. */
  ping(): void {
    const at = this.output.take(PING.length)
    this.output.bytes.set(PING, at)
    this.output.view.setInt32(at + 4, PING_XID)
    this.pingsOutstanding += 1
    this.flush()
  }

  /** Ends the session; `onClosed` follows once the server has agreed and closed the connection. */
  close(): void {
    this.isClosing = true
    this.send(CLOSE, 0)
    this.flush()
  }

  /** Drops the connection without a word to the server or the handler. */
  destroy(): void {
    this.isClosed = true
    this.channel.destroy()
  }

  /** Hands what has been encoded to the socket, unless an earlier write still runs: then its end does. */
  flush(): void {
    const full = this.output
    if (this.isWriting || this.isClosed || full.position === 0) return
    this.isWriting = true
    this.output = this.spare
    this.output.position = 0
    this.spare = full
    this.channel.write(full.bytes.subarray(0, full.position), this.onWritten)
  }

  onBytes(input: ViewedBuffer, length: number): void {
    if (this.isClosed) return
    try {
      this.handler.onBatchBegin(this)
      this.readFrames(input, length)
      if (!this.isClosed) this.handler.onBatchEnd(this)
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  onClosed(error: Error | null): void {
    if (this.isClosed) return
    this.isClosed = true
    const isAgreed = this.isClosing && this.outstanding === 0
    this.handler.onClosed(
      this,
      isAgreed ? null : (error ?? new Error(`the server closed the connection of session ${this.index}`)),
    )
  }

  private fail(error: Error): void {
    if (this.isClosed) return
    this.destroy()
    this.handler.onClosed(this, error)
  }

  private readFrames(input: ViewedBuffer, length: number): void {
    let position = this.carryLength > 0 ? this.completeCarry(input, length) : 0
    while (length - position >= 4 && !this.isClosed) {
      const size = this.checkSize(input.view.getInt32(position))
      if (length - position - 4 < size) break
      this.readFrame(input.bytes, input.view, position + 4, position + 4 + size)
      position += 4 + size
    }
    if (position < length) this.keep(input, position, length)
  }

  /** Fills up the frame whose beginning came with earlier chunks; returns how much of this chunk that took. */
  private completeCarry(input: ViewedBuffer, length: number): number {
    let position = 0
    if (this.carryLength < 4) {
      position = Math.min(4 - this.carryLength, length)
      this.keep(input, 0, position)
      if (this.carryLength < 4) return position
    }
    const size = this.checkSize(this.carry.view.getInt32(0))
    const taken = Math.min(4 + size - this.carryLength, length - position)
    this.keep(input, position, position + taken)
    if (this.carryLength === 4 + size) {
      this.carryLength = 0
      this.readFrame(this.carry.bytes, this.carry.view, 4, 4 + size)
    }
    return position + taken
  }

  /** Appends `input.bytes[start, end)` to the frame that is not complete yet. */
  private keep(input: ViewedBuffer, start: number, end: number): void {
    const needed = this.carryLength + end - start
    if (needed > this.carry.bytes.length) {
      const larger = new ViewedBuffer(Math.max(needed, this.carry.bytes.length * 2))
      this.carry.bytes.copy(larger.bytes, 0, 0, this.carryLength)
      this.carry = larger
    }
    input.bytes.copy(this.carry.bytes, this.carryLength, start, end)
    this.carryLength = needed
  }

  private checkSize(size: number): number {
    if (size < REPLY_HEADER_BYTES || size > FRAME_BYTES_MAX) {
      throw new Violation('frame length', this.index, `a frame of ${size} bytes`)
    }
    return size
  }

  private readFrame(bytes: Buffer, view: DataView, start: number, end: number): void {
    if (!this.isReady) {
      this.readConnectResponse(bytes, view, start, end)
      return
    }
    const reply = this.reply
    reply.set(bytes, view, start, end)
    if (reply.xid === this.expectedXid && this.expectedXid < this.nextXid) {
      this.expectedXid += 1
      if (reply.zxid < this.lastZxid) throw reply.violation('zxid order', `zxid ${reply.zxid} after ${this.lastZxid}`)
      this.lastZxid = reply.zxid
      if (this.isClosing && this.expectedXid === this.nextXid) this.checkCloseReply(reply)
      else this.handler.onReply(this, reply)
    } else if (reply.xid === EVENT_XID) {
      this.handler.onEvent(this, reply)
    } else if (reply.xid === PING_XID && this.pingsOutstanding > 0) {
      this.pingsOutstanding -= 1
      reply.expectSuccess()
      reply.expectBody(0)
    } else if (this.outstanding === 0) {
      throw reply.violation('unexpected reply', 'nothing was asked')
    } else {
      throw reply.violation('reply order', `the reply to xid ${this.expectedXid} is due`)
    }
  }

  private checkCloseReply(reply: ReplyFrame): void {
    reply.expectSuccess()
    reply.expectBody(0)
  }

  private readConnectResponse(bytes: Buffer, view: DataView, start: number, end: number): void {
    const refuse = (detail: string): Violation => new Violation('handshake', this.index, detail)
    if (end - start !== CONNECT_RESPONSE_BYTES) throw refuse(`a response of ${end - start} bytes`)
    this.timeoutMs = view.getInt32(start + 4)
    this.sessionId = view.getBigInt64(start + 8)
    if (this.timeoutMs <= 0) throw refuse(`a time-out of ${this.timeoutMs} ms`)
    if (this.sessionId === 0n) throw refuse('session id 0')
    if (view.getInt32(start + 16) !== PASSWORD_BYTES) throw refuse(`a password of ${view.getInt32(start + 16)} bytes`)
    this.password = Buffer.from(bytes.subarray(start + 20, start + 20 + PASSWORD_BYTES))
    if (bytes[end - 1] !== 0) throw refuse('a read-only session')
    this.isReady = true
    this.handler.onReady(this)
  }
}
