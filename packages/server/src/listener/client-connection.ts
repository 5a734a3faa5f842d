// One client's connection: bytes into frames, replies into one buffer, and the rules that bound what a connection may cost.
//
// Frames are handled where they lie in the chunk that the socket delivered. Only what must wait is copied: the piece of
// a frame whose rest has not come, and frames that cannot be handled now, because
//   - the handshake is not through,
//   - the server takes up no requests, because too many are in process,
//   - or the client does not read: its replies fill the socket and one buffer, and no more are made for it,
//   - or it is a write, and many reads in front of it still wait for an earlier one.
// While frames wait the socket is not read, so a connection costs one chunk, one frame and one buffer of
// replies, whatever its client does.

import { assert, type Identity, type Session, type Watcher } from '@tskeeper/core'
import { type ByteWriter, isWriteOp } from '@tskeeper/protocol/server'
import type { ConnectionHandler, NetworkConnection } from '../runtime/network.ts'
import type { ConnectionHost } from './connection-host.ts'
import type { ConnectionList } from './connection-list.ts'
import { ConnectionStatistics } from './connection-statistics.ts'
import { KeptInput } from './kept-input.ts'
import { RequestQueue } from './request-queue.ts'

export const ConnectionState = {
  /** Nothing has come yet. */
  FRESH: 0,
  /** The connect request is being served. */
  CONNECTING: 1,
  /** Requests are served. */
  OPEN: 2,
  /** Nothing more is accepted; what was written still leaves. */
  CLOSING: 3,
  CLOSED: 4,
} as const
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState]

/** Replies beyond this are handed to the socket before more are made. */
const OUTPUT_FLUSH_BYTES = 256 * 1024
/** Events that a client does not take may pile up to this; then its connection is closed. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
/** A client that is owed no more than this in events is kept, however much is owed to the others. */
const EVENT_BYTES_OWED_MIN = 256 * 1024
/**
 * A write is not taken up while more reads than this wait in front of it. Once it is on its way to the disk they have to be
 * answered before it is applied, whether the client takes the replies or not: this bounds what those may come to.
 */
const READS_BEFORE_WRITE_MAX = 16

export class ClientConnection implements ConnectionHandler, Watcher {
  readonly socket: NetworkConnection
  readonly statistics: ConnectionStatistics
  private readonly host: ConnectionHost
  state: ConnectionState = ConnectionState.FRESH
  session: Session<ClientConnection> | null = null
  /** Whether the connect request carried the read-only byte, which its response then has, too. */
  hasReadOnlyByte = false
  /** The session's id, for who prepares its writes; 0 before the first. */
  sessionId = 0n
  /** Monotonic milliseconds at which the client was last heard of. */
  lastHeardMs = 0
  /** Replaced, never changed: a request may hold on to it. */
  identities: readonly Identity[]
  /** Reads of the queue that came before a change of `identities`, with those that hold for them; nearly always empty. */
  private readonly readsOfEarlierIdentities: { count: number; readonly identities: readonly Identity[] }[] = []
  lastEventSerial = 0
  /** Writes that wait for the disk and reads that wait for them. */
  readonly queue: RequestQueue = new RequestQueue()

  /** Replies that have not been given to the socket. */
  private output: ByteWriter | null = null
  /** Bytes of events in `output` that came while the socket took nothing. */
  private eventBytesOwed = 0
  /** Given to the socket, which holds on to it. */
  private sentOutput: ByteWriter | null = null

  /** Bytes that wait. */
  private readonly kept: KeptInput = new KeptInput()
  private isPaused = false
  /** The server has too much to do: the connection is not read for now. */
  isThrottled = false
  /** A write waits for the reads in front of it. */
  private isHeld = false
  /** The server takes up no requests for now, and has this connection on its list. */
  isStalled = false
  /**
   * Monotonic milliseconds since which whole frames may be waiting for the client to read, or for the server to have less to do;
   * -1 while none do.
   */
  waitingSinceMs = -1
  /** Monotonic milliseconds at which this server decided to close the connection, -1 before. */
  closingSinceMs = -1
  /** The connection ends because its client asked for that. */
  isFarewell = false
  private endsWhenDone = false
  /** The list that the connection is in, and its neighbours there: the list's own to change. */
  list: ConnectionList | null = null
  previousInList: ClientConnection | null = null
  nextInList: ClientConnection | null = null
  private readonly deferredRead = (bytes: Uint8Array, view: DataView, start: number, end: number, arrivedMs: number): void =>
    this.host.handleDeferredRead(this, bytes, view, start, end, arrivedMs)

  constructor(host: ConnectionHost, socket: NetworkConnection, identities: readonly Identity[], nowMs: number) {
    this.host = host
    this.socket = socket
    this.identities = identities
    this.statistics = new ConnectionStatistics(nowMs)
    socket.handler = this
  }

  get isOpen(): boolean {
    return this.state !== ConnectionState.CLOSING && this.state !== ConnectionState.CLOSED
  }

  /** What the reference's `cons` shows in brackets: 1 while the socket is read, and 4 while it has output that does not leave. */
  get interestOps(): number {
    return (this.isPaused ? 0 : 1) + (this.isBlocked() ? 4 : 0)
  }

  /** "/127.0.0.1:41680", as logs and the four-letter words name a client. */
  get name(): string {
    const { remoteAddress, remotePort } = this.socket
    return remoteAddress.includes(':') ? `/[${remoteAddress}]:${remotePort}` : `/${remoteAddress}:${remotePort}`
  }

  // --- input -----------------------------------------------------------------------------------

  onData(bytes: Uint8Array, view: DataView, length: number): void {
    if (!this.isOpen) return
    this.host.heard(this)
    let start = 0
    if (this.kept.size > 0) start = this.completeFrame(bytes, length)
    if (start < length) {
      const end = this.kept.size > 0 ? start : this.handleFrames(bytes, view, start, length)
      if (end < length && this.isOpen) this.kept.append(bytes, end, length)
    }
    this.host.inputHandled(this)
    this.updateReading()
  }

  /** Moves just enough bytes behind the kept piece to complete its frame, and handles it; returns how many were moved. */
  private completeFrame(bytes: Uint8Array, length: number): number {
    let moved = 0
    while (moved < length && this.isOpen) {
      const missing = this.missingBytes()
      if (missing <= 0) break
      const count = Math.min(missing, length - moved)
      this.kept.append(bytes, moved, moved + count)
      moved += count
    }
    this.handleKept()
    return this.isOpen ? moved : length
  }

  /** Bytes that the kept piece lacks to be a frame, or to show its length; 0 or less when it has them. */
  private missingBytes(): number {
    const { size, start, view } = this.kept
    if (size < 4) return 4 - size
    const frame = view.getInt32(start)
    const wordBytes = this.bytesOfWord(frame)
    if (wordBytes >= 0) return 4 + wordBytes - size
    if (frame < 0 || frame > this.host.frameLengthMax) return 0
    return 4 + frame - size
  }

  /** Handles frames from `start` on; returns where the first one begins that has to wait. */
  private handleFrames(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let at = start
    while (end - at >= 4 && this.canHandle()) {
      const length = view.getInt32(at)
      const wordBytes = this.bytesOfWord(length)
      if (wordBytes >= 0) {
        if (end - at - 4 < wordBytes) break
        this.host.handleWord(this, length, bytes.slice(at + 4, end))
        return end
      }
      if (length < 0 || length > this.host.frameLengthMax) {
        this.host.refuseBytes(this, `a frame of ${length} bytes; the limit (jute.maxbuffer) is ${this.host.frameLengthMax}`)
        return end
      }
      if (end - at - 4 < length) break
      if (this.host.isStalled) {
        this.host.stall(this)
        break
      }
      this.isHeld = this.queue.frameCount > READS_BEFORE_WRITE_MAX && isWriteFrame(view, at + 4, length)
      if (this.isHeld) break
      this.host.handleFrame(this, bytes, view, at + 4, at + 4 + length)
      at += 4 + length
    }
    return at
  }

  private bytesOfWord(word: number): number {
    return this.state === ConnectionState.FRESH ? this.host.bytesOfWord(word) : -1
  }

  private canHandle(): boolean {
    if (this.state === ConnectionState.CONNECTING || !this.isOpen) return false
    if (this.output !== null && this.output.position > OUTPUT_FLUSH_BYTES) this.flush()
    return !this.isBlocked()
  }

  /** The client owes it to itself to read first. */
  private isBlocked(): boolean {
    return this.sentOutput !== null
  }

  private handleKept(): void {
    const { kept } = this
    // Frames that are pushed back during the call would be lost: there are none, since only the socket delivers.
    kept.start = this.handleFrames(kept.bytes, kept.view, kept.start, kept.limit)
    if (kept.size === 0 || !this.isOpen) this.dropInput()
  }

  /** Forgets the requests that wait. */
  dropInput(): void {
    this.isHeld = false
    this.kept.drop()
  }

  /** Takes up input that waited; to be called when what it waited for may have come. */
  continueInput(): void {
    if (this.kept.size > 0 && this.canHandle()) {
      // It is now that these frames are heard: the time when their bytes came is long gone.
      this.host.heard(this)
      this.handleKept()
      this.host.inputHandled(this)
    }
    this.updateReading()
  }

  /** The host takes this connection off its list of the stalled: it may come onto it again at once. */
  continueAfterStall(): void {
    const canContinue = this.kept.size > 0 && this.canHandle()
    // The host dates what was stalled by when it came, and looks at the mark for that.
    if (canContinue) this.host.heard(this)
    this.isStalled = false
    if (canContinue) {
      this.handleKept()
      this.host.inputHandled(this)
    }
    this.updateReading()
  }

  /** Reads from the socket unless there is a reason not to. */
  private updateReading(): void {
    const hasToWait = this.isStalled || this.isHeld || this.isBlocked()
    if (!hasToWait || this.kept.size === 0) this.waitingSinceMs = -1
    else if (this.waitingSinceMs < 0) this.waitingSinceMs = this.host.nowMs
    const isReadable = this.isOpen && !this.isThrottled && this.state !== ConnectionState.CONNECTING && !hasToWait
    if (isReadable === !this.isPaused) return
    this.isPaused = !isReadable
    if (isReadable) this.socket.resume()
    else if (this.isOpen) this.socket.pause()
  }

  /** Requests that have come and wait to be taken up. */
  countWaitingFrames(): number {
    return this.kept.countFrames()
  }

  throttle(): void {
    this.isThrottled = true
  }

  unthrottle(): void {
    this.isThrottled = false
    this.continueInput()
  }

  onEnd(): void {
    this.endsWhenDone = true
    this.handleCutWord()
    this.endIfNothingIsOwed()
  }

  /** The bytes that belong to a four-letter word will not come any more: it is answered with those that have. */
  private handleCutWord(): void {
    const { bytes, view, start, limit } = this.kept
    if (limit - start < 4) return
    const word = view.getInt32(start)
    if (this.bytesOfWord(word) < 0) return
    this.host.handleWord(this, word, bytes.slice(start + 4, limit))
  }

  /** A client that has closed its sending side may still wait for what it is owed. */
  private endIfNothingIsOwed(): void {
    // A frame of which only the beginning came will never be whole; a whole one waits for its turn.
    const hasFrame = this.kept.size > 0 && this.missingBytes() <= 0
    const isConnecting = this.state === ConnectionState.CONNECTING
    const isOwed = isConnecting || this.queue.size > 0 || this.output !== null || this.sentOutput !== null || hasFrame
    if (this.isOpen && !isOwed) this.end()
  }

  // --- output ----------------------------------------------------------------------------------

  /** Where replies go; flushed at the end of the tick. */
  replies(): ByteWriter {
    if (this.output !== null) return this.output
    // First this: the host may flush before it adds, and this connection can be in its list already.
    this.host.addUnflushed(this)
    this.output = this.host.outputs.take()
    return this.output
  }

  /** Gives the replies to the socket, unless it still holds the last ones. */
  flush(): void {
    const { output } = this
    if (output === null || this.sentOutput !== null) return
    if (this.state === ConnectionState.CLOSED) {
      this.dropOutput()
      return
    }
    this.output = null
    this.settleEvents()
    if (output.position === 0 || this.socket.write(output.bytes, output.position)) this.host.outputs.give(output)
    else {
      this.sentOutput = output
      this.host.deferredReadsChanged(-this.queue.readsAtEnd)
    }
    if (this.endsWhenDone) this.endIfNothingIsOwed()
  }

  onDrain(): void {
    if (this.sentOutput !== null) {
      this.host.outputs.give(this.sentOutput)
      this.sentOutput = null
      this.host.deferredReadsChanged(this.queue.readsAtEnd)
    }
    if (this.state === ConnectionState.CLOSED) return
    this.flush()
    if (this.queue.size > 0) {
      this.host.drained()
      this.runQueue()
      this.flush()
    }
    this.continueInput()
    this.flush()
    if (this.endsWhenDone) this.endIfNothingIsOwed()
  }

  notify(frame: Uint8Array, length: number): void {
    if (!this.isOpen) return
    const out = this.replies()
    if (out.position + length > OUTPUT_BYTES_MAX) {
      this.host.overflowed(this)
      return
    }
    out.ensure(length)
    out.bytes.set(length === frame.length ? frame : frame.subarray(0, length), out.position)
    out.position += length
    this.statistics.sent++
    this.host.notified(length)
    if (this.sentOutput !== null) this.oweEvent(length)
  }

  /** An event waits for a client that does not read. Alone it may owe much; all together no more than the host allows. */
  private oweEvent(length: number): void {
    this.eventBytesOwed += length
    this.host.eventBytesOwed += length
    if (this.host.eventBytesOwed > this.host.eventBytesOwedMax && this.eventBytesOwed > EVENT_BYTES_OWED_MIN)
      this.host.overflowed(this)
  }

  private settleEvents(): void {
    this.host.eventBytesOwed -= this.eventBytesOwed
    this.eventBytesOwed = 0
  }

  mayRead(aclId: number): boolean {
    return this.host.mayRead(this, aclId)
  }

  // --- identities ------------------------------------------------------------------------------

  /** From now on the client is these; for the reads that wait it stays what it was when they came. */
  replaceIdentities(identities: readonly Identity[]): void {
    let count = this.queue.frameCount
    for (const earlier of this.readsOfEarlierIdentities) count -= earlier.count
    if (count > 0) this.readsOfEarlierIdentities.push({ count, identities: this.identities })
    this.identities = identities
  }

  /** Who the client was when the read came that is taken from the queue now. */
  takeIdentitiesOfRead(): readonly Identity[] {
    const earlier = this.readsOfEarlierIdentities[0]
    if (earlier === undefined) return this.identities
    if (--earlier.count === 0) this.readsOfEarlierIdentities.shift()
    return earlier.identities
  }

  // --- requests in order -----------------------------------------------------------------------

  /** A write of this connection is applied, and its reply has been written to `replies()`. */
  writeAnswered(): void {
    assert(!this.queue.isFrameNext(), 'what a client asked before a write is answered before it')
    this.queue.popMark()
    if (this.queue.size === 0) return
    this.runQueue()
    if (this.isHeld && this.queue.frameCount <= READS_BEFORE_WRITE_MAX) this.continueInput()
  }

  /**
   * Answers the reads that are first in the queue. Those behind which there is a write cannot wait for the client: the write is on
   * its way, and they must not see what it does.
   */
  private runQueue(): void {
    const { queue } = this
    while (this.isOpen && queue.isFrameNext()) {
      if (!this.canHandle() && queue.readsBeforeWrite === 0) return
      queue.popFrame(this.deferredRead)
    }
  }

  // --- closing ---------------------------------------------------------------------------------

  /** Accepts nothing more; closes when everything written has left. */
  end(): void {
    if (!this.isOpen) return
    this.flush()
    this.state = ConnectionState.CLOSING
    this.closingSinceMs = this.host.monotonicMs()
    this.host.ending(this)
    if (this.sentOutput === null && this.output === null) this.socket.end()
    else this.endWhenDrained()
    this.dropInput()
    this.dropQueue()
    this.readToTheEnd()
  }

  /** The end of what the client sends must be seen, and it stands behind what nobody wants any more. */
  private readToTheEnd(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.socket.resume()
  }

  /** As `end`, but what the client is owed is answered first, should it not have taken the replies before. */
  endAfterQueue(): void {
    this.endsWhenDone = true
    this.flush()
  }

  private endWhenDrained(): void {
    // What has not left yet is with the socket, which closes after it; a second buffer can only hold events, which are of no use now.
    this.dropOutput()
    this.socket.end()
  }

  /** Closes at once. */
  destroy(): void {
    if (this.state === ConnectionState.CLOSED) return
    this.state = ConnectionState.CLOSING
    if (this.closingSinceMs < 0) this.closingSinceMs = this.host.monotonicMs()
    this.socket.destroy()
  }

  onClose(): void {
    if (this.state === ConnectionState.CLOSED) return
    this.state = ConnectionState.CLOSED
    this.host.closed(this)
    this.dropOutput()
    this.dropInput()
    this.dropQueue()
    this.sentOutput = null
  }

  private dropQueue(): void {
    const { frameCount, readsBeforeWrite } = this.queue
    this.host.deferredReadsChanged(-(this.isBlocked() ? readsBeforeWrite : frameCount))
    this.queue.clear()
  }

  private dropOutput(): void {
    this.settleEvents()
    if (this.output === null) return
    this.host.outputs.give(this.output)
    this.output = null
  }
}

/** Is the request at `start` one that is written into the log? */
function isWriteFrame(view: DataView, start: number, length: number): boolean {
  return length >= 8 && isWriteOp(view.getInt32(start + 4))
}
