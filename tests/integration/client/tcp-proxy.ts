// A way to a server that can be cut, closed for a while, or made to swallow what the server answers.

import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #serverPort: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  /** Whether new connections are broken at once. */
  isClosed = false
  /** Whether replies are dropped: requests arrive, and nobody hears of it. */
  swallowsReplies = false
  /** Connections that clients have made. */
  count = 0

  private constructor(server: Server, serverPort: number) {
    this.#server = server
    this.#serverPort = serverPort
  }

  static start(serverPort: number): Promise<TcpProxy> {
    return new Promise((resolve, reject) => {
      const server = createServer((client) => proxy.#join(client))
      const proxy = new TcpProxy(server, serverPort)
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => resolve(proxy))
    })
  }

  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  /** Breaks every connection. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.destroy()
      server.destroy()
    }
  }

  /** Ends the server's side of every connection in good order; what is on its way still arrives. */
  halfClose(): void {
    for (const [client] of this.#pairs) client.end()
  }

  /** Lets nothing through any more on the connections that there are, in either direction; new ones work. */
  stall(): void {
    for (const [client, server] of this.#pairs) {
      client.pause()
      server.pause()
    }
  }

  #join(client: Socket): void {
    if (this.isClosed) {
      client.destroy()
      return
    }
    this.count += 1
    const server = connectSocket({ host: '127.0.0.1', port: this.#serverPort, noDelay: true })
    const pair = [client, server] as const
    this.#pairs.add(pair)
    const end = (): void => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    client.setNoDelay(true)
    client.on('data', (chunk) => server.write(chunk))
    server.on('data', (chunk) => {
      if (!this.swallowsReplies) client.write(chunk)
    })
    for (const socket of pair) {
      socket.on('error', end)
      socket.on('close', end)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
