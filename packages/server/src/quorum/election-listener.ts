import type { ElectionAddress } from '@tskeeper/protocol/server'
import type { Logger } from '../logger.ts'
import type { Listener, NetworkConnection } from '../runtime/network.ts'
import type { Runtime, TimerHandle } from '../runtime/runtime.ts'
import { StartupError } from '../startup-error.ts'

/** What the process ends with when the port of the election cannot be bound. */
const EXIT_CANNOT_BIND = 14
const RETRY_DELAY_MS = 1000
const ATTEMPTS_MAX_DEFAULT = 3

export interface ElectionListenerOptions {
  /** Where to listen; an empty host is every address. */
  readonly address: ElectionAddress
  /** Attempts to bind in all; 0 is no limit, less than 0 the default. */
  readonly bindAttemptsMax: number
  readonly keepAlive: boolean
}

/** Listens on one address. Another process may not have left the port yet, so binding is tried several times. */
export class ElectionListener {
  readonly #options: ElectionListenerOptions
  readonly #attemptsMax: number
  readonly #runtime: Pick<Runtime, 'network' | 'timers'>
  readonly #logger: Logger
  readonly #accept: (connection: NetworkConnection) => void
  readonly #failed: (error: StartupError) => void
  #listener: Listener | null = null
  #retry: TimerHandle | null = null
  #attempts = 0
  #isClosed = false

  constructor(
    options: ElectionListenerOptions,
    runtime: Pick<Runtime, 'network' | 'timers'>,
    logger: Logger,
    accept: (connection: NetworkConnection) => void,
    failed: (error: StartupError) => void,
  ) {
    this.#options = options
    this.#attemptsMax = options.bindAttemptsMax < 0 ? ATTEMPTS_MAX_DEFAULT : options.bindAttemptsMax
    this.#runtime = runtime
    this.#logger = logger
    this.#accept = accept
    this.#failed = failed
    this.#bind()
  }

  /** The port that is bound, 0 before. */
  get port(): number {
    return this.#listener?.port ?? 0
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#listener?.close(() => {})
  }

  #bind(): void {
    this.#attempts += 1
    const { address, keepAlive } = this.#options
    this.#listener = this.#runtime.network.listen(
      { host: address.host, port: address.port, backlog: -1, keepAlive },
      (connection) => this.#take(connection),
      (error) => this.#bound(error),
    )
  }

  #take(connection: NetworkConnection): void {
    if (this.#isClosed) connection.destroy()
    else this.#accept(connection)
  }

  #bound(error: Error | null): void {
    if (this.#isClosed) return
    const { host, port } = this.#options.address
    const where = `${host === '' ? 'all addresses' : host}, port ${port}`
    if (error === null) {
      this.#logger.info(`Listening for the votes of other servers on ${where}`)
      return
    }
    if (this.#attempts === this.#attemptsMax) {
      const remedy = 'see who listens there, or change the last port of this server\'s line "server.<id>=<host>:<port>:<port>"'
      this.#failed(
        new StartupError(`cannot listen for votes on ${where}: ${error.message}; ${remedy}`, EXIT_CANNOT_BIND, { cause: error }),
      )
      return
    }
    this.#logger.warn(`Cannot listen for votes on ${where} yet: ${error.message}`)
    this.#retry = this.#runtime.timers.after(RETRY_DELAY_MS, () => this.#bind())
  }
}
