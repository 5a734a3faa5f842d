/**
 * One TCP connection that speaks in frames (a 32-bit length, then that many bytes) and knows nothing else of the protocol.
 * The suites that abuse the protocol work on this directly; `RawClient` adds the session on top.
 */
import { connect, type Socket } from 'node:net'

/** The peer, or this side, closed the connection while something was still awaited. */
export class ConnectionClosedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConnectionClosedError'
  }
}

/** Something that was awaited did not come in time. */
export class TimedOutError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TimedOutError'
  }
}

/** Resolves as `promise` does, or rejects with TimedOutError after `timeoutMs`. */
export async function withTimeout<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | null = null
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOutError(`${what}: nothing within ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    if (timer !== null) clearTimeout(timer)
  }
}

/** A frame's payload with its length in front of it. */
export function frame(payload: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(4 + payload.length)
  bytes.writeInt32BE(payload.length, 0)
  bytes.set(payload, 4)
  return bytes
}

export class RawConnection {
  readonly socket: Socket
  /** Resolves when the connection is closed by either side, for whatever reason. */
  readonly closed: Promise<void>
  /** True once nothing more will arrive. */
  isClosed = false
  /** Bytes that arrived, length prefixes included. */
  bytesReceived = 0

  /** Called for each frame as it arrives. While it is null, frames wait in `#frames` for `nextFrame`. */
  #onFrame: ((payload: Buffer) => void) | null = null
  #onClose: ((error: ConnectionClosedError) => void) | null = null
  readonly #frames: Buffer[] = []
  readonly #frameWaiters: { resolve: (payload: Buffer) => void; reject: (error: Error) => void }[] = []
  /** Chunks that do not yet make a whole frame; `#pendingBytes` is the sum of their lengths. */
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** Bytes of the frame that is being gathered, prefix included, or 0 while its prefix is not complete. */
  #frameBytesWanted = 0
  #closeReason: Error | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true
        const error = new ConnectionClosedError('the connection was closed', { cause: this.#closeReason })
        for (const waiter of this.#frameWaiters.splice(0)) waiter.reject(error)
        this.#onClose?.(error)
        resolve()
      })
    })
    socket.on('error', (error) => {
      this.#closeReason = error
    })
    socket.on('data', (chunk) => {
      try {
        this.#receive(chunk)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
  }

  /** Connects, or rejects with the socket's own error. */
  static async open(host: string, port: number, timeoutMs = 10_000): Promise<RawConnection> {
    const socket = connect({ host, port, noDelay: true })
    const opened = new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve())
      socket.once('error', reject)
    })
    try {
      await withTimeout(opened, timeoutMs, `connecting to ${host}:${port}`)
    } catch (error) {
      socket.destroy()
      throw error
    }
    return new RawConnection(socket)
  }

  /** Hands each frame, those that wait already included, to `onFrame`, and the end of the connection to `onClose`. */
  listen(onFrame: (payload: Buffer) => void, onClose: (error: ConnectionClosedError) => void): void {
    this.#onFrame = onFrame
    this.#onClose = onClose
    for (const payload of this.#frames.splice(0)) onFrame(payload)
  }

  /** Sends bytes as they are, without a length. Returns false when the kernel's buffer is full. */
  sendBytes(bytes: Uint8Array): boolean {
    return this.socket.write(bytes)
  }

  sendFrame(payload: Uint8Array): boolean {
    return this.socket.write(frame(payload))
  }

  /** The next frame's payload; rejects when the connection closes first or after `timeoutMs`. */
  async nextFrame(timeoutMs = 10_000): Promise<Buffer> {
    const waiting = this.#frames.shift()
    if (waiting !== undefined) return waiting
    if (this.isClosed) throw new ConnectionClosedError('the connection is closed', { cause: this.#closeReason })
    let waiter: { resolve: (payload: Buffer) => void; reject: (error: Error) => void } | null = null
    const promise = new Promise<Buffer>((resolve, reject) => {
      waiter = { resolve, reject }
      this.#frameWaiters.push(waiter)
    })
    try {
      return await withTimeout(promise, timeoutMs, 'the next frame')
    } finally {
      const index = waiter === null ? -1 : this.#frameWaiters.indexOf(waiter)
      if (index >= 0) this.#frameWaiters.splice(index, 1)
    }
  }

  /** Waits for the peer to close; frames that arrive until then stay readable. */
  async waitForClose(timeoutMs = 10_000): Promise<void> {
    await withTimeout(this.closed, timeoutMs, 'the close of the connection')
  }

  /** Stops reading from the socket: what the peer sends fills the kernel's buffers. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Sends FIN after what was written; the other direction stays open. */
  endWriting(): void {
    this.socket.end()
  }

  /** Closes at once, saying nothing. */
  destroy(): void {
    this.socket.destroy()
  }

  /** Closes at once with RST, as a host does that lost its process. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  #receive(chunk: Buffer): void {
    this.bytesReceived += chunk.length
    let rest = chunk
    while (rest.length > 0) {
      if (this.#pendingBytes === 0 && rest.length >= 4) {
        // The common case: a frame starts here, and often ends in the same chunk.
        const length = readFrameLength(rest)
        if (rest.length >= 4 + length) {
          this.#deliver(rest.subarray(4, 4 + length))
          rest = rest.subarray(4 + length)
          continue
        }
        this.#frameBytesWanted = 4 + length
      }
      rest = this.#gather(rest)
    }
  }

  /** Adds `bytes` to the frame that is being gathered and returns what is left of them after it. */
  #gather(bytes: Buffer): Buffer {
    const wanted = this.#frameBytesWanted === 0 ? 4 : this.#frameBytesWanted
    const taken = bytes.subarray(0, wanted - this.#pendingBytes)
    this.#pending.push(taken)
    this.#pendingBytes += taken.length
    const rest = bytes.subarray(taken.length)
    if (this.#pendingBytes < wanted) return rest
    if (this.#frameBytesWanted === 0) {
      this.#pending = [Buffer.concat(this.#pending)]
      const prefix = this.#pending[0] as Buffer
      this.#frameBytesWanted = 4 + readFrameLength(prefix)
      if (this.#frameBytesWanted > 4) return rest
    }
    const whole = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    this.#frameBytesWanted = 0
    this.#deliver(whole.subarray(4))
    return rest
  }

  #deliver(payload: Buffer): void {
    if (this.#onFrame !== null) {
      this.#onFrame(payload)
      return
    }
    const waiter = this.#frameWaiters.shift()
    if (waiter === undefined) this.#frames.push(payload)
    else waiter.resolve(payload)
  }
}

function readFrameLength(bytes: Buffer): number {
  const length = bytes.readInt32BE(0)
  if (length < 0) throw new Error(`the server sent a frame of length ${length}`)
  return length
}
