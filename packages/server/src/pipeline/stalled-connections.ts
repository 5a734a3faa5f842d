// Connections whose frames are not taken up because too many requests are in process, and what has become stale meanwhile.

import { Ring } from '@tskeeper/core'
import type { ClientConnection } from '../listener/client-connection.ts'
import type { ConnectionHost } from '../listener/connection-host.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { RequestThrottle } from './request-throttle.ts'

export interface StalledConnectionsParts {
  readonly metrics: ServerMetrics
  /** Requests in process from which on no further ones are taken up at all; 0 and less: there is no such limit. */
  readonly requestThrottleLimit: number
  /** A request that waited for longer than its session's timeout is stale. */
  readonly isLatencyStale: boolean
  /** Stale requests are dropped, and their connections closed. */
  readonly isStaleDropped: boolean
}

export class StalledConnections {
  private readonly parts: StalledConnectionsParts
  private readonly throttle: RequestThrottle
  private readonly host: ConnectionHost
  /** Too many requests are in process: no frame is taken up. */
  isStalled = false
  /** Connections whose frames wait for that to be over, in the order in which they are taken up. */
  private readonly stalled = new Ring<ClientConnection>()

  constructor(parts: StalledConnectionsParts, throttle: RequestThrottle, host: ConnectionHost) {
    this.parts = parts
    this.throttle = throttle
    this.host = host
  }

  /** Perhaps more is in process than before: is it too much? */
  admitted(): void {
    const { requestThrottleLimit } = this.parts
    if (requestThrottleLimit > 0 && this.throttle.outstanding >= requestThrottleLimit) this.isStalled = true
  }

  /** A frame of this connection waits. */
  add(connection: ClientConnection): void {
    if (connection.isStalled) return
    connection.isStalled = true
    this.stalled.push(connection)
    this.parts.metrics.throttle.waits++
  }

  /** A batch of writes is done: takes up what there is room for now, the connection that has waited longest first. */
  committed(): void {
    if (!this.isStalled) return
    while (this.throttle.outstanding < this.parts.requestThrottleLimit) {
      this.isStalled = false
      const connection = this.stalled.shift()
      if (connection === null) return
      if (!connection.isOpen) continue
      const waitedMs = this.host.monotonicMs() - connection.waitingSinceMs
      if (this.parts.isStaleDropped && this.isStale(connection, waitedMs)) this.dropStale(connection)
      else connection.continueAfterStall()
    }
  }

  /** Have the requests of this connection waited for longer than a client that gets no answers keeps its session? */
  isStale(connection: ClientConnection, waitedMs: number): boolean {
    return this.parts.isLatencyStale && connection.session !== null && waitedMs > connection.session.timeoutMs
  }

  private dropStale(connection: ClientConnection): void {
    const count = this.countDropped(connection)
    connection.dropInput()
    this.host.refuseBytes(connection, `${count} requests waited for longer than the session's timeout`)
  }

  /** What waits goes with the connection, or by itself. Gives how many requests that are. */
  countDropped(connection: ClientConnection): number {
    const { throttle } = this.parts.metrics
    const count = connection.countWaitingFrames()
    throttle.staleRequests += count
    throttle.staleRequestsDropped += count
    return count
  }
}
