// One connection between two servers for their votes: frames of a length and a payload, both ways, without acknowledgements.
// Only the newest vote is worth sending, so one at most waits for the connection to take it.

import { ByteReader, ELECTION_PAYLOAD_MAX } from '@tskeeper/protocol/server'
import type { ConnectionHandler, NetworkConnection } from '../runtime/network.ts'

const LENGTH_SIZE = 4

/** What a link tells. After `ended` it tells nothing more. */
export interface ElectionLinkEvents {
  /** A payload, valid during the call. The link may be closed in it. */
  received(link: ElectionLink, payload: ByteReader): void
  /** The connection has taken what it was given. */
  drained(link: ElectionLink): void
  /** The link is gone, `reason` says why; not called when this side closed it. */
  ended(link: ElectionLink, reason: string): void
}

export class ElectionLink implements ConnectionHandler {
  readonly serverId: number
  readonly #connection: NetworkConnection
  readonly #events: ElectionLinkEvents
  readonly #payload = new ByteReader(new Uint8Array(0))
  /** The beginning of a frame whose rest has not come. */
  #partial: Uint8Array | null = null
  #isBusy: boolean
  #isClosed = false

  /** Takes over the connection; `isFree`: it has taken everything that was written before. */
  constructor(serverId: number, connection: NetworkConnection, isFree: boolean, events: ElectionLinkEvents) {
    this.serverId = serverId
    this.#isBusy = !isFree
    this.#connection = connection
    this.#events = events
    connection.handler = this
  }

  /** The connection has not taken the last write yet: the next one waits for `drained`. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Writes a frame, which nobody may change afterwards. */
  write(frame: Uint8Array): void {
    if (!this.#isClosed && !this.#connection.write(frame, frame.length)) this.#isBusy = true
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#partial = null
    this.#connection.destroy()
  }

  onData(bytes: Uint8Array, view: DataView, length: number): void {
    if (this.#isClosed) return
    if (this.#partial === null) {
      this.#readFrames(bytes, view, length)
      return
    }
    const joined = new Uint8Array(this.#partial.length + length)
    joined.set(this.#partial)
    joined.set(bytes.subarray(0, length), this.#partial.length)
    this.#partial = null
    this.#readFrames(joined, new DataView(joined.buffer), joined.length)
  }

  #readFrames(bytes: Uint8Array, view: DataView, end: number): void {
    let start = 0
    while (end - start >= LENGTH_SIZE) {
      const length = view.getInt32(start)
      if (length <= 0 || length > ELECTION_PAYLOAD_MAX) {
        this.#end(`it announced a vote of ${length} bytes`)
        return
      }
      if (end - start < LENGTH_SIZE + length) break
      this.#payload.reset(bytes, view, start + LENGTH_SIZE, start + LENGTH_SIZE + length)
      this.#events.received(this, this.#payload)
      if (this.#isClosed) return
      start += LENGTH_SIZE + length
    }
    if (start < end) this.#partial = Uint8Array.from(bytes.subarray(start, end))
  }

  onDrain(): void {
    this.#isBusy = false
    if (!this.#isClosed) this.#events.drained(this)
  }

  onEnd(): void {
    this.#end('it closed the connection')
  }

  onClose(error: Error | null): void {
    this.#end(error === null ? 'the connection is closed' : error.message)
  }

  #end(reason: string): void {
    if (this.#isClosed) return
    this.close()
    this.#events.ended(this, reason)
  }
}
