// What a connection has outstanding, in the order of arrival: writes that wait for the disk, and reads that wait for
// those writes. A read is kept as its frame's bytes, a write as a mark, since its own data is in the log already.
//
//   | length | arrival | frame of a read | -1 (a write) | -1 | length | arrival | frame | ...
//   head                                                            tail

const MARK = -1
/** Int length, double arrival. */
const FRAME_PREFIX_BYTES = 12
const CAPACITY_MIN = 512
/** A queue that grew beyond this gives its memory back when it has run empty. */
const CAPACITY_KEPT_MAX = 64 * 1024

export class RequestQueue {
  private bytes: Uint8Array = NO_BYTES
  private view: DataView = NO_VIEW
  private head = 0
  private tail = 0
  /** Requests in the queue. */
  size = 0
  /** Reads among them. */
  frameCount = 0
  /** Reads behind which there is a write: they must be answered before that is applied. */
  readsBeforeWrite = 0

  /** Reads that no write waits for. */
  get readsAtEnd(): number {
    return this.frameCount - this.readsBeforeWrite
  }

  /** Adds a write. */
  pushMark(): void {
    this.readsBeforeWrite = this.frameCount
    this.reserve(4)
    this.view.setInt32(this.tail, MARK)
    this.tail += 4
    this.size++
  }

  /** Adds a read: a copy of its frame `bytes[start, end)`, without the length prefix, and when it came. */
  pushFrame(bytes: Uint8Array, start: number, end: number, arrivedMs: number): void {
    const length = end - start
    this.reserve(FRAME_PREFIX_BYTES + length)
    this.view.setInt32(this.tail, length)
    this.view.setFloat64(this.tail + 4, arrivedMs)
    this.bytes.set(bytes.subarray(start, end), this.tail + FRAME_PREFIX_BYTES)
    this.tail += FRAME_PREFIX_BYTES + length
    this.size++
    this.frameCount++
  }

  isFrameNext(): boolean {
    return this.size > 0 && this.view.getInt32(this.head) !== MARK
  }

  popMark(): void {
    this.advance(4)
  }

  /** Takes the read's frame: calls `receive` with the bytes, which are only valid during the call. */
  popFrame(receive: (bytes: Uint8Array, view: DataView, start: number, end: number, arrivedMs: number) => void): void {
    const start = this.head + FRAME_PREFIX_BYTES
    const length = this.view.getInt32(this.head)
    this.frameCount--
    if (this.readsBeforeWrite > 0) this.readsBeforeWrite--
    receive(this.bytes, this.view, start, start + length, this.view.getFloat64(this.head + 4))
    // The place is given up only afterwards: the bytes were not to be overwritten.
    this.advance(FRAME_PREFIX_BYTES + length)
  }

  clear(): void {
    this.bytes = NO_BYTES
    this.view = NO_VIEW
    this.head = 0
    this.tail = 0
    this.size = 0
    this.frameCount = 0
    this.readsBeforeWrite = 0
  }

  private advance(length: number): void {
    this.head += length
    this.size--
    if (this.size > 0) return
    if (this.bytes.length > CAPACITY_KEPT_MAX) this.clear()
    this.head = 0
    this.tail = 0
  }

  private reserve(length: number): void {
    if (this.tail + length <= this.bytes.length) return
    const used = this.tail - this.head
    let capacity = Math.max(this.bytes.length, CAPACITY_MIN)
    while (capacity < (used + length) * 2) capacity *= 2
    const bytes = new Uint8Array(capacity)
    bytes.set(this.bytes.subarray(this.head, this.tail))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
    this.head = 0
    this.tail = used
  }
}

const NO_BYTES = new Uint8Array(0)
const NO_VIEW = new DataView(NO_BYTES.buffer)
