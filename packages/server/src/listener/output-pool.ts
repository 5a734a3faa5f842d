import { ByteWriter } from '@tskeeper/protocol/server'

/** Size of a fresh output buffer: the replies to one chunk of input nearly always fit. */
const FRESH_BYTES = 64 * 1024
/** Buffers that grew beyond this are left to the collector instead of being kept. */
const KEPT_BYTES_MAX = 512 * 1024
const KEPT_COUNT_MAX = 64

/**
 * Output buffers. A connection borrows one for the replies of a tick and gives it back as soon as the system has taken the
 * bytes, which is nearly always at once: then the same warm buffer serves the next connection.
 */
export class OutputPool {
  private readonly free: ByteWriter[] = []

  take(): ByteWriter {
    return this.free.pop() ?? new ByteWriter(FRESH_BYTES)
  }

  give(buffer: ByteWriter): void {
    if (buffer.bytes.length > KEPT_BYTES_MAX || this.free.length >= KEPT_COUNT_MAX) return
    buffer.reset()
    this.free.push(buffer)
  }
}
