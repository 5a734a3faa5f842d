import type { HostPort } from '../connect-string.ts'
import type { ClientRuntime } from '../runtime/runtime.ts'
import type { TlsOptions } from '../transport/tls-options.ts'
import type { TransportTarget } from '../transport/transport.ts'

/** Turns servers as a connect string names them into what can be connected to. */
export class Dialer {
  readonly #runtime: ClientRuntime
  readonly #tls: TlsOptions | null

  constructor(runtime: ClientRuntime, tls: TlsOptions | null) {
    this.#runtime = runtime
    this.#tls = tls
  }

  /** Looks the host up anew, because addresses change, and picks one of its addresses by chance. Null when it has none. */
  resolve(server: HostPort, done: (target: TransportTarget | null, error: Error | null) => void): void {
    this.#runtime.resolver.resolve(server.host, (error, addresses) => {
      const address = addresses.length === 0 ? undefined : addresses[this.#runtime.random.below(addresses.length)]
      if (error !== null || address === undefined) return done(null, error ?? new Error(`${server.host} has no address`))
      done({ address, port: server.port, host: server.host, tls: this.#tls }, null)
    })
  }
}
