// Accepts clients: the limits on how many there may be, and the connections that come to nothing.

import type { Authentication } from '../auth/authentication.ts'
import type { Logger } from '../logger.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Listener, NetworkConnection } from '../runtime/network.ts'
import type { Runtime, TimerHandle } from '../runtime/runtime.ts'
import { ClientConnection } from './client-connection.ts'
import type { ConnectionHost } from './connection-host.ts'
import { ConnectionList } from './connection-list.ts'

export interface ClientListenerParts {
  readonly runtime: Runtime
  readonly logger: Logger
  readonly metrics: ServerMetrics
  readonly authentication: Authentication
  /** Serves the connections that come in, until another host is put in its place. */
  readonly host: ConnectionHost
  /** Connections from one address; 0 and less is no limit. */
  readonly connectionsPerAddressMax: number
  /** Connections in all; 0 and less is no limit. */
  readonly connectionsMax: number
  /** How long a connection may go without a session, and the interval at which silent ones are looked for. */
  readonly sessionlessTimeoutMs: number
  readonly hasKeepAlive: boolean
  readonly backlog: number
}

/** Connections that are over may wait for their clients to close, too; of more than these the oldest are cut off. */
const ENDING_MAX = 256

export class ClientListener {
  readonly connections: ConnectionList = new ConnectionList()
  /** Who serves the connections that come in from now on. */
  host: ConnectionHost
  /** Those that are over: they take no place from others. */
  private readonly ending: ConnectionList = new ConnectionList()
  private readonly parts: ClientListenerParts
  private readonly countByAddress: Map<string, number> = new Map()
  private listener: Listener | null = null
  private sweepTimer: TimerHandle | null = null

  constructor(parts: ClientListenerParts) {
    this.parts = parts
    this.host = parts.host
  }

  get port(): number {
    return this.listener?.port ?? -1
  }

  listen(host: string, port: number): Promise<void> {
    this.scheduleSweep()
    return this.bind(host, port)
  }

  /** Accepts clients at another address from now on; connections that exist stay. */
  async move(host: string, port: number): Promise<void> {
    this.listener?.close(() => {})
    await this.bind(host, port)
  }

  private bind(host: string, port: number): Promise<void> {
    const { runtime, hasKeepAlive, backlog } = this.parts
    return new Promise((resolve, reject) => {
      const options = { host, port, backlog, keepAlive: hasKeepAlive }
      this.listener = runtime.network.listen(
        options,
        (socket) => this.accept(socket),
        (error) => {
          if (error !== null) reject(error)
          else resolve()
        },
      )
    })
  }

  private accept(socket: NetworkConnection): void {
    const { runtime, logger, metrics, authentication, connectionsPerAddressMax, connectionsMax } = this.parts
    const address = socket.remoteAddress
    const count = this.countByAddress.get(address) ?? 0
    if (connectionsPerAddressMax > 0 && count >= connectionsPerAddressMax) {
      metrics.connections.rejected++
      logger.warn(`Too many connections from /${address} - max is ${connectionsPerAddressMax} (maxClientCnxns)`)
      socket.destroy()
      return
    }
    if (connectionsMax > 0 && this.connections.size >= connectionsMax) {
      metrics.connections.rejected++
      logger.warn(`Too many connections - max is ${connectionsMax} (maxCnxns): refused /${address}`)
      socket.destroy()
      return
    }
    this.countByAddress.set(address, count + 1)
    this.countOpen(address, 1)
    const connection = new ClientConnection(this.host, socket, authentication.identitiesAtStart(socket), runtime.clock.nowMs())
    connection.lastHeardMs = runtime.clock.monotonicMs()
    this.connections.add(connection)
  }

  /**
   * The server has said its last word on a connection. Its place is free from now on, so that a client which was told that its
   * session is closed can come again at once.
   */
  ended(connection: ClientConnection): void {
    if (!this.release(connection)) return
    this.ending.add(connection)
    if (this.ending.size > ENDING_MAX) this.ending.oldest()?.destroy()
  }

  /** A connection is gone. */
  closed(connection: ClientConnection): void {
    if (!this.ending.delete(connection)) this.release(connection)
  }

  /** Gives the connection's place away; false if it has none. */
  private release(connection: ClientConnection): boolean {
    if (!this.connections.delete(connection)) return false
    const address = connection.socket.remoteAddress
    this.countOpen(address, -1)
    const count = (this.countByAddress.get(address) ?? 1) - 1
    if (count > 0) this.countByAddress.set(address, count)
    else this.countByAddress.delete(address)
    return true
  }

  private countOpen(address: string, difference: number): void {
    const { connections } = this.parts.metrics
    if (address.startsWith('127.') || address === '::1') connections.plainLocalOpen += difference
    else connections.plainRemoteOpen += difference
  }

  // One look at all connections in an interval, as coarse as the reference's buckets, instead of a timer for each.
  private scheduleSweep(): void {
    this.sweepTimer = this.parts.runtime.timers.after(this.parts.sessionlessTimeoutMs, () => {
      this.sweep()
      this.scheduleSweep()
    })
  }

  private sweep(): void {
    const { metrics, logger, sessionlessTimeoutMs } = this.parts
    const nowMs = this.parts.runtime.clock.monotonicMs()
    for (const connection of this.connections) {
      const allowedMs = connection.session?.timeoutMs ?? sessionlessTimeoutMs
      if (nowMs - connection.lastHeardMs < allowedMs) continue
      if (connection.session === null) metrics.connections.sessionlessExpired++
      logger.info(`Closing ${connection.name}: nothing was heard of it for ${Math.round(nowMs - connection.lastHeardMs)} ms`)
      connection.destroy()
    }
    for (const connection of this.ending) {
      if (nowMs - connection.lastHeardMs >= sessionlessTimeoutMs) connection.destroy()
    }
  }

  /** Stops accepting; connections that exist stay. */
  stopAccepting(): void {
    this.sweepTimer?.cancel()
    this.listener?.close(() => {})
  }

  closeAll(): void {
    for (const connection of this.connections) connection.destroy()
    for (const connection of this.ending) connection.destroy()
  }
}
