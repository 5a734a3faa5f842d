// One end of the connection between a learner and its leader: bytes into packets, packets into as few writes as possible.
//
// Packets are handed on where they lie in the chunk that the socket delivered; only the piece of one whose rest has not
// come is copied. Packets that are written gather until the end of the turn, or of the chunk that caused them. Those behind a
// snapshot that is being streamed wait for its end.
//
// What waits because the other side does not read, or reads slowly, is bounded: beyond the limit the link closes, and the server at the
// other end, if it lives, comes back and is brought up to date from the log. Behind a snapshot as much more may wait as the other side has
// taken of it: whoever reads a large tree fast enough is not thrown out for what is written meanwhile.

import { ByteWriter, DecodeError, QuorumPacketSpan } from '@tskeeper/protocol/server'
import type { ConnectionHandler, NetworkConnection } from '../runtime/network.ts'
import type { Timers } from '../runtime/runtime.ts'

/** Whoever holds one end of a link. */
export interface LinkHost {
  /**
   * A whole packet, described by `packet`; its bytes are only valid during the call. The host may call `hold`, `readRaw` or
   * `close` on the link.
   */
  linkPacket(link: QuorumLink, packet: QuorumPacketSpan, bytes: Uint8Array, view: DataView): void
  /** All packets that have come were handed on. */
  linkChunkDone(link: QuorumLink): void
  /**
   * Bytes that are no packets, after `readRaw`. Returns how many of them belong to what is read, or -1 for all of them and
   * more to come.
   */
  linkRaw(link: QuorumLink, bytes: Uint8Array, start: number, end: number): number
  /** The connection is gone, unless it was this end that closed it. */
  linkClosed(link: QuorumLink, reason: string): void
}

/** Writes a piece of a stream into the writer; true when that was the last one. */
export type StreamPump = (out: ByteWriter) => boolean

/** A buffer that grew beyond this is given back when it is empty. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024
const OUTPUT_BYTES_MIN = 16 * 1024
/** Some seconds of as many writes as a server can take. It is several times the longest packet, unless `jute.maxbuffer` is raised far. */
const WAITING_BYTES_MAX = 128 * 1024 * 1024
const INPUT_BYTES_MIN = 4096

export class QuorumLink implements ConnectionHandler {
  readonly connection: NetworkConnection
  /** Where packets are written; they leave with the next `flush`. */
  out: ByteWriter = new ByteWriter(OUTPUT_BYTES_MIN)
  isOpen = true
  private readonly host: LinkHost
  private readonly timers: Timers
  private readonly lengthMax: number
  private readonly span = new QuorumPacketSpan()
  /** With the connection, which needs the array until it has drained. */
  private sent: ByteWriter | null = null
  private spare: ByteWriter | null = new ByteWriter(OUTPUT_BYTES_MIN)
  /** What is being streamed in front of `out`, and the pieces of it. */
  private pump: StreamPump | null = null
  private onStreamAbort: (() => void) | null = null
  private streamed: ByteWriter | null = null
  /** How much of the stream was given to the connection, in bytes, until what waits behind it follows. */
  private streamedBytes = 0
  private readonly waitingBytesMax: number
  /** The host has closed the link, or was told that it is closed. */
  private isOver = false
  private isFlushScheduled = false
  private isRaw = false
  private isHeld = false
  private isPaused = false
  /** The piece of a packet that has come, or what came while the link is held: `input[inputStart, inputEnd)`. */
  private input: Uint8Array = NO_BYTES
  private inputView: DataView = NO_VIEW
  private inputStart = 0
  private inputEnd = 0
  /** How many bytes a packet takes at least that is not complete yet. */
  private wanted = 0
  private isInDelivery = false
  private readonly flushSoon = (): void => {
    this.isFlushScheduled = false
    this.flush()
  }

  /**
   * `lengthMax` is the longest packet data that is accepted, `waitingBytesMax` how much may wait for a side that does not read, in
   * bytes.
   */
  constructor(
    connection: NetworkConnection,
    host: LinkHost,
    timers: Timers,
    lengthMax: number,
    waitingBytesMax: number = Math.max(WAITING_BYTES_MAX, 2 * lengthMax),
  ) {
    this.connection = connection
    this.host = host
    this.timers = timers
    this.lengthMax = lengthMax
    this.waitingBytesMax = waitingBytesMax
    connection.handler = this
  }

  /** "/127.0.0.1:41680", for logs. */
  get name(): string {
    const { remoteAddress, remotePort } = this.connection
    return remoteAddress.includes(':') ? `/[${remoteAddress}]:${remotePort}` : `/${remoteAddress}:${remotePort}`
  }

  // --- input -----------------------------------------------------------------------------------

  onData(bytes: Uint8Array, view: DataView, length: number): void {
    if (!this.isOpen) return
    if (this.isHeld) {
      this.keep(bytes, 0, length)
      return
    }
    const start = this.completeKept(bytes, length)
    const end = this.deliver(bytes, view, start, length)
    if (end < length && this.isOpen) this.keep(bytes, end, length)
    this.chunkDone()
  }

  /**
   * Of a packet that began in an earlier chunk only the rest is copied, and it is handed on; what follows it is handed on where it
   * lies. Returns how many bytes of the chunk that took.
   */
  private completeKept(bytes: Uint8Array, length: number): number {
    let at = 0
    while (this.inputEnd > this.inputStart && at < length && this.isOpen && !this.isHeld) {
      const taken = Math.min(this.wanted - (this.inputEnd - this.inputStart), length - at)
      this.keep(bytes, at, at + taken)
      at += taken
      this.inputStart = this.deliver(this.input, this.inputView, this.inputStart, this.inputEnd)
      if (this.inputStart >= this.inputEnd) this.dropInput()
    }
    return at
  }

  /** No packet is handed on until `release`. */
  hold(): void {
    this.isHeld = true
    if (this.isPaused || !this.isOpen) return
    this.isPaused = true
    this.connection.pause()
  }

  release(): void {
    if (!this.isHeld) return
    this.isHeld = false
    // Inside of a delivery that goes on by itself.
    if (!this.isInDelivery) this.deliverKept()
    if (this.isHeld || !this.isOpen) return
    this.isPaused = false
    this.connection.resume()
  }

  /** What follows is no packet, until the host says so. */
  readRaw(): void {
    this.isRaw = true
  }

  private deliverKept(): void {
    const end = this.deliver(this.input, this.inputView, this.inputStart, this.inputEnd)
    this.inputStart = end
    if (this.inputStart >= this.inputEnd) this.dropInput()
    this.chunkDone()
  }

  private chunkDone(): void {
    if (this.isOpen) this.host.linkChunkDone(this)
    if (this.isOpen) this.flush()
  }

  /** Hands on what is whole, and returns where the rest begins. */
  private deliver(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let at = start
    this.isInDelivery = true
    try {
      while (at < end && this.isOpen && !this.isHeld) {
        const next = this.isRaw ? this.deliverRaw(bytes, at, end) : this.deliverPacket(bytes, view, at, end)
        if (next < 0) break
        at = next
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.fail(`it sent what no server sends: ${error.message}`)
      at = end
    }
    this.isInDelivery = false
    return this.isOpen ? at : end
  }

  private deliverRaw(bytes: Uint8Array, start: number, end: number): number {
    const used = this.host.linkRaw(this, bytes, start, end)
    if (used < 0) return end
    this.isRaw = false
    return start + used
  }

  private deliverPacket(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const { span } = this
    this.wanted = span.scan(view, start, end, this.lengthMax)
    if (this.wanted > 0) return -1
    const next = span.end
    this.host.linkPacket(this, span, bytes, view)
    return next
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (this.inputEnd + length > this.input.length) this.growInput(length)
    this.input.set(bytes.subarray(start, end), this.inputEnd)
    this.inputEnd += length
  }

  private growInput(length: number): void {
    const used = this.inputEnd - this.inputStart
    if (used + length <= this.input.length) {
      this.input.copyWithin(0, this.inputStart, this.inputEnd)
      this.inputStart = 0
      this.inputEnd = used
      return
    }
    let capacity = Math.max(this.input.length, INPUT_BYTES_MIN)
    while (capacity < used + length) capacity *= 2
    const input = new Uint8Array(capacity)
    input.set(this.input.subarray(this.inputStart, this.inputEnd))
    this.input = input
    this.inputView = new DataView(input.buffer)
    this.inputStart = 0
    this.inputEnd = used
  }

  private dropInput(): void {
    this.inputStart = 0
    this.inputEnd = 0
    if (this.input.length <= KEPT_BYTES_MAX) return
    this.input = NO_BYTES
    this.inputView = NO_VIEW
  }

  // --- output ----------------------------------------------------------------------------------

  /** What was written leaves at the end of the turn. */
  flushLater(): void {
    if (this.isFlushScheduled) return
    this.isFlushScheduled = true
    this.timers.soon(this.flushSoon)
  }

  /**
   * Streams what the pump gives behind the packets that were written so far, and in front of those that will be. `onAbort` is called if
   * the link closes before the end.
   */
  stream(pump: StreamPump, onAbort: () => void): void {
    if (!this.isOpen) {
      onAbort()
      return
    }
    this.pump = pump
    this.onStreamAbort = onAbort
    this.streamed = this.out
    this.out = this.spare ?? new ByteWriter(OUTPUT_BYTES_MIN)
    this.spare = null
    this.flushLater()
  }

  /** Gives the packets to the socket in one write, unless it still holds earlier ones. */
  flush(): void {
    if (!this.isOpen) return
    if (this.sent !== null || this.streamed !== null) {
      if (this.out.position > this.waitingBytesMax + this.streamedBytes) this.overflow()
      else if (this.streamed !== null && this.sent === null) this.flushStream(this.streamed)
      return
    }
    const { out } = this
    if (out.position === 0) return
    this.streamedBytes = 0
    this.out = this.spare ?? new ByteWriter(OUTPUT_BYTES_MIN)
    this.spare = null
    this.give(out)
  }

  /** One piece a turn: the other links and the clients have their turns between. */
  private flushStream(streamed: ByteWriter): void {
    const isLast = this.pump === null || this.pump(streamed)
    this.streamedBytes += streamed.position
    if (isLast) {
      this.pump = null
      this.onStreamAbort = null
      this.streamed = null
    } else this.streamed = new ByteWriter(streamed.bytes.length)
    this.give(streamed)
    if (this.sent === null) this.flushLater()
  }

  private give(out: ByteWriter): void {
    if (this.connection.write(out.bytes, out.position)) this.recycle(out)
    else this.sent = out
  }

  private recycle(out: ByteWriter): void {
    out.reset()
    if (out.bytes.length <= KEPT_BYTES_MAX) this.spare = out
  }

  onDrain(): void {
    if (this.sent !== null) this.recycle(this.sent)
    this.sent = null
    this.flush()
  }

  /** What is written comes from inside of the host, which hears of this when it is done. */
  private overflow(): void {
    const reason = `it does not read: more than ${this.out.position} bytes wait for it`
    this.shut()
    this.timers.soon(() => this.tellClosed(reason))
  }

  // --- closing ---------------------------------------------------------------------------------

  onEnd(): void {
    this.fail('the other side closed the connection')
  }

  onClose(error: Error | null): void {
    this.fail(error === null ? 'the connection is gone' : `the connection broke: ${error.message}`)
  }

  private fail(reason: string): void {
    if (!this.isOpen) return
    this.shut()
    this.tellClosed(reason)
  }

  private tellClosed(reason: string): void {
    if (this.isOver) return
    this.isOver = true
    this.host.linkClosed(this, reason)
  }

  /** Closes at once; the host is not told. */
  close(): void {
    this.isOver = true
    this.shut()
  }

  private shut(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.out = new ByteWriter(OUTPUT_BYTES_MIN)
    this.pump = null
    this.onStreamAbort?.()
    this.onStreamAbort = null
    this.connection.destroy()
  }
}

const NO_BYTES = new Uint8Array(0)
const NO_VIEW = new DataView(NO_BYTES.buffer)
