// The port of one server's clients. It is bound once, before the server starts, and stays bound while the server is down: nobody
// else can take it in the meantime. Who calls a server that is down is hung up on at once.

import { type Listener, type NetworkConnection, nodeRuntime } from '@tskeeper/server'

export const HOST = '127.0.0.1'

export class ClientPort {
  readonly port: number
  readonly #listener: Listener
  /** Who takes the connections; null while the server is down. */
  #accept: ((connection: NetworkConnection) => void) | null = null

  private constructor(listener: Listener, port: number) {
    this.#listener = listener
    this.port = port
  }

  /** Binds `port`, or one that is free if it is 0. */
  static bind(port: number): Promise<ClientPort> {
    let bound: ClientPort | null = null
    return new Promise((resolve, reject) => {
      const options = { host: HOST, port, backlog: -1, keepAlive: true }
      const listener = nodeRuntime().network.listen(
        options,
        (connection) => bound?.take(connection),
        (error, actual) => {
          if (error !== null) {
            reject(error)
            return
          }
          bound = new ClientPort(listener, actual)
          resolve(bound)
        },
      )
    })
  }

  private take(connection: NetworkConnection): void {
    if (this.#accept === null) connection.destroy()
    else this.#accept(connection)
  }

  /** From now on connections are given to `accept`, or to nobody. */
  give(accept: ((connection: NetworkConnection) => void) | null): void {
    this.#accept = accept
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#listener.close(resolve))
  }
}
