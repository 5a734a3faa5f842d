// The side of a server that its clients and its operators see, and that stays when its role changes: the listener, the
// four-letter words, and what is measured all the time. Who serves the clients is put in when a role begins to
// serve, and taken out when it ends.

import { answer, extraByteCount, lookupWord } from './admin/four-letter-words.ts'
import type { ServingState } from './admin/server-view.ts'
import { readAuthOptions } from './auth/auth-options.ts'
import { Authentication } from './auth/authentication.ts'
import type { ServerConfig } from './config/server-config.ts'
import type { ClientConnection } from './listener/client-connection.ts'
import { ClientListener } from './listener/client-listener.ts'
import { IdleHost } from './listener/idle-host.ts'
import type { Logger } from './logger.ts'
import { PauseDetector } from './metrics/pause-detector.ts'
import { PercentileWindow } from './metrics/percentile-window.ts'
import type { ServerMetrics } from './metrics/server-metrics.ts'
import type { WordService } from './pipeline/client-service.ts'
import { LiveView } from './pipeline/live-view.ts'
import type { Replica } from './replica.ts'
import type { Runtime } from './runtime/runtime.ts'
import type { ServingStack } from './serving-stack.ts'

/** How configurations of ensembles name every address. */
const ANY_ADDRESS = '0.0.0.0'

export interface ServerFrontParts {
  readonly config: ServerConfig
  readonly runtime: Runtime
  readonly logger: Logger
  readonly metrics: ServerMetrics
  readonly replica: Replica
}

export class ServerFront implements WordService {
  readonly authentication: Authentication
  readonly listener: ClientListener
  readonly view: LiveView
  private readonly parts: ServerFrontParts
  private readonly idle: IdleHost
  private readonly percentiles: PercentileWindow
  private readonly pauses: PauseDetector | null

  constructor(parts: ServerFrontParts) {
    this.parts = parts
    const { config, runtime, logger, metrics, replica } = parts
    this.authentication = new Authentication(readAuthOptions(config), logger)
    this.percentiles = new PercentileWindow(metrics, runtime.timers)
    this.pauses = pauseDetectorOf(config, runtime, logger, metrics)
    this.view = new LiveView({ config, runtime, metrics, replica, listener: () => this.listener })
    this.idle = new IdleHost({
      monotonicMs: () => runtime.clock.monotonicMs(),
      bytesOfWord: (word) => this.bytesOf(word),
      answerWord: (connection, word, rest) => this.answerIdle(connection, word, rest),
      onEnding: (connection) => this.listener.ended(connection),
      onClosed: (connection) => this.listener.closed(connection),
    })
    this.listener = new ClientListener({
      runtime,
      logger,
      metrics,
      authentication: this.authentication,
      host: this.idle,
      connectionsPerAddressMax: config.maxClientCnxns,
      connectionsMax: config.maxCnxns,
      sessionlessTimeoutMs: config.sessionlessConnectionTimeoutMs,
      hasKeepAlive: config.clientTcpKeepAlive,
      backlog: config.clientPortListenBacklog,
    })
  }

  get clientPort(): number {
    return this.parts.config.clientPort === null ? -1 : this.listener.port
  }

  async listen(): Promise<void> {
    const { clientPort, clientPortAddress } = this.parts.config
    if (clientPort !== null) await this.listener.listen(clientPortAddress, clientPort)
  }

  /** The ensemble has given this server another address for its clients. */
  moveListener(host: string, port: number): void {
    const { config, logger } = this.parts
    if (config.clientPort === null || (port === this.listener.port && host === config.clientPortAddress)) return
    this.listener.move(host === ANY_ADDRESS ? '' : host, port).then(
      () => logger.info(`Clients are served on ${host}:${port} from now on`),
      (error: unknown) => logger.error(`Cannot listen for clients on ${host}:${port}`, { error }),
    )
  }

  startMeasuring(): void {
    this.percentiles.start()
    this.pauses?.start()
  }

  /** From now on new connections are the stack's. */
  serve(stack: ServingStack, state: ServingState): void {
    this.listener.host = stack.clients
    this.view.serve(stack, state)
  }

  /** Nobody is served from now on. Connections that exist stay until `closeConnections`. */
  stopServing(): void {
    this.view.stopServing()
    this.listener.host = this.idle
  }

  closeConnections(): void {
    this.listener.closeAll()
  }

  /** Accepts nobody any more. */
  stop(): void {
    this.listener.stopAccepting()
    this.percentiles.stop()
    this.pauses?.stop()
  }

  // --- four-letter words -----------------------------------------------------------------------

  bytesOf(code: number): number {
    const word = lookupWord(code)
    return word === null ? -1 : extraByteCount(word, this.view)
  }

  answer(connection: ClientConnection, code: number, rest: Uint8Array): string | null {
    const word = lookupWord(code)
    if (word === null) return null
    this.parts.logger.debug(`Processing ${word.name} command from ${connection.name}`)
    this.view.asking = connection
    const text = answer(word, this.view, rest)
    this.view.asking = null
    return text
  }

  private answerIdle(connection: ClientConnection, code: number, rest: Uint8Array): void {
    const { connections } = this.parts.metrics
    connections.packetsReceived++
    const text = this.answer(connection, code, rest)
    if (text !== null) {
      connection.replies().writeBytes(new TextEncoder().encode(text))
      connections.packetsSent++
    }
    connection.isFarewell = true
    connection.end()
  }
}

function pauseDetectorOf(config: ServerConfig, runtime: Runtime, logger: Logger, metrics: ServerMetrics): PauseDetector | null {
  if (!config.isPauseMonitorEnabled) return null
  const options = {
    sleepTimeMs: config.pauseMonitorSleepTimeMs,
    infoThresholdMs: config.pauseInfoThresholdMs,
    warnThresholdMs: config.pauseWarnThresholdMs,
  }
  return new PauseDetector(options, runtime.clock, runtime.timers, logger, metrics.failures.pauseTimeMs)
}
