import type { HostPort } from '../connect-string.ts'
import type { ClientRuntime } from '../runtime/runtime.ts'
import type { TlsOptions } from '../transport/tls-options.ts'
import type { TransportTarget } from '../transport/transport.ts'
import { shuffled } from './shuffled.ts'

/** Turns servers as a connect string names them into what can be connected to. */
export class Dialer {
  readonly #runtime: ClientRuntime
  readonly #tls: TlsOptions | null

  constructor(runtime: ClientRuntime, tls: TlsOptions | null) {
    this.#runtime = runtime
    this.#tls = tls
  }

  /** Looks the host up anew, because addresses change. Gives all of its addresses, in an order of chance; none when there is an error. */
  resolve(server: HostPort, done: (targets: TransportTarget[], error: Error | null) => void): void {
    this.#runtime.resolver.resolve(server.host, (error, addresses) => {
      const targets = shuffled(addresses, this.#runtime.random).map((address) => ({
        address,
        port: server.port,
        host: server.host,
        tls: this.#tls,
      }))
      const problem = error ?? (targets.length === 0 ? new Error(`${server.host} has no address`) : null)
      done(problem === null ? targets : [], problem)
    })
  }
}
