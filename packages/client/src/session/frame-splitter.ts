import { FRAME_HEADER_SIZE } from '@tskeeper/protocol'

/** Gets each frame's payload: `bytes[start, end)`, only valid during the call. False: no more frames are wanted. */
export type ReceiveFrame = (bytes: Uint8Array, view: DataView, start: number, end: number) => boolean

const CARRY_SIZE_MIN = 4 * 1024

/**
 * Cuts a stream of bytes into frames. Frames that lie whole within a chunk are given as they are, in place; only what is
 * left at the end of a chunk is copied, to wait for the rest of its frame.
 */
export class FrameSplitter {
  private readonly lengthMax: number
  private readonly receive: ReceiveFrame
  private carry: Uint8Array = EMPTY
  private carryView: DataView = EMPTY_VIEW
  private carryLength = 0

  constructor(lengthMax: number, receive: ReceiveFrame) {
    this.lengthMax = lengthMax
    this.receive = receive
  }

  /** Takes a chunk. Throws a `RangeError` at a length that no frame can have. */
  push(bytes: Uint8Array, view: DataView, length: number): void {
    let at = this.carryLength === 0 ? 0 : this.complete(bytes, length)
    if (at < 0) return
    while (length - at >= FRAME_HEADER_SIZE) {
      const start = at + FRAME_HEADER_SIZE
      const end = start + this.checked(view.getInt32(at))
      if (end > length) break
      if (!this.receive(bytes, view, start, end)) return
      at = end
    }
    if (at < length) this.append(bytes, at, length)
  }

  /** Completes the frame that was begun in earlier chunks. Returns where the next begins, or -1 when there is nothing more to do. */
  private complete(bytes: Uint8Array, length: number): number {
    let at = 0
    if (this.carryLength < FRAME_HEADER_SIZE) {
      at = Math.min(FRAME_HEADER_SIZE - this.carryLength, length)
      this.append(bytes, 0, at)
      if (this.carryLength < FRAME_HEADER_SIZE) return -1
    }
    const end = FRAME_HEADER_SIZE + this.checked(this.carryView.getInt32(0))
    const taken = Math.min(end - this.carryLength, length - at)
    this.append(bytes, at, at + taken)
    if (this.carryLength < end) return -1
    this.carryLength = 0
    const goesOn = this.receive(this.carry, this.carryView, FRAME_HEADER_SIZE, end)
    if (this.carry.length > CARRY_SIZE_MIN) this.release()
    return goesOn ? at + taken : -1
  }

  private append(bytes: Uint8Array, from: number, to: number): void {
    const length = this.carryLength + (to - from)
    if (length > this.carry.length) this.grow(length)
    this.carry.set(bytes.subarray(from, to), this.carryLength)
    this.carryLength = length
  }

  /** Doubles, rather than trust the announced length before the bytes are there. */
  private grow(length: number): void {
    const carry = new Uint8Array(Math.max(length, this.carry.length * 2, CARRY_SIZE_MIN))
    carry.set(this.carry.subarray(0, this.carryLength))
    this.carry = carry
    this.carryView = new DataView(carry.buffer)
  }

  /** A long frame must not cost memory for as long as the connection lives. */
  private release(): void {
    this.carry = EMPTY
    this.carryView = EMPTY_VIEW
  }

  private checked(length: number): number {
    if (length < 0 || length > this.lengthMax) {
      throw new RangeError(`the server sent a frame of ${length} bytes; 0 to ${this.lengthMax} are accepted`)
    }
    return length
  }
}

const EMPTY = new Uint8Array(0)
const EMPTY_VIEW = new DataView(EMPTY.buffer)
