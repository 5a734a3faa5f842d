// How many requests are in process, and which connections are not read because of that.

import type { ClientConnection } from '../listener/client-connection.ts'
import type { ConnectionHost } from '../listener/connection-host.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { WritePath } from './write-path.ts'

export interface RequestThrottleParts {
  readonly metrics: ServerMetrics
  readonly writes: WritePath
  /** Requests in process from which on connections are not read. */
  readonly outstandingLimit: number
  /** Frames longer than this are large; -1: none is. */
  readonly largeFrameThreshold: number
  /** Bytes of large requests that may be in process together. */
  readonly largeFrameBytesMax: number
}

export class RequestThrottle {
  private readonly parts: RequestThrottleParts
  private readonly host: ConnectionHost
  /** Connections that are not read, in the order in which they are read again. */
  private readonly throttled: ClientConnection[] = []
  /** Reads that wait behind writes, of all connections whose clients take their replies. */
  deferredReads = 0

  constructor(parts: RequestThrottleParts, host: ConnectionHost) {
    this.parts = parts
    this.host = host
  }

  /** Requests that came in and are not answered yet. */
  get outstanding(): number {
    return this.parts.writes.inProcess + this.deferredReads
  }

  /** All input of the connection was handled: is it one of those that have to wait until there is less to do? */
  inputHandled(connection: ClientConnection): void {
    if (connection.queue.size > 0 && this.outstanding > this.parts.outstandingLimit) this.throttle(connection)
  }

  private throttle(connection: ClientConnection): void {
    if (connection.isThrottled) return
    connection.throttle()
    this.throttled.push(connection)
    this.parts.metrics.throttle.waits++
  }

  /** A batch of writes is done: reads connections again as soon as half of what may be in process is. */
  committed(): void {
    while (this.throttled.length > 0 && this.outstanding <= this.parts.outstandingLimit / 2) {
      const connection = this.throttled.shift()
      if (connection?.isOpen === true) connection.unthrottle()
    }
  }

  /** Is there room for a write of this length? If not, the connection is closed. */
  admitsLength(connection: ClientConnection, length: number): boolean {
    const { largeFrameThreshold } = this.parts
    return length <= largeFrameThreshold || largeFrameThreshold < 0 || this.admitsLarge(connection, length)
  }

  private admitsLarge(connection: ClientConnection, length: number): boolean {
    const { writes, largeFrameBytesMax } = this.parts
    const heldBytes = writes.largeRequestBytes
    if (heldBytes + length <= largeFrameBytesMax) {
      writes.addLargeRequest(length)
      return true
    }
    this.parts.metrics.throttle.largeRequestsRejected++
    this.host.refuseBytes(
      connection,
      `a large request of ${length} bytes while others hold ${heldBytes} bytes; the limit (largeRequestMaxBytes) is ${largeFrameBytesMax}`,
    )
    return false
  }
}
