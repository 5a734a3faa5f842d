// A way to a server that can be closed while the server lives: for the client it dies.

import { connect, createServer, type Server, type Socket } from 'node:net'

export class Gate implements AsyncDisposable {
  readonly port: number
  /** Whether anybody has come through. */
  isUsed = false
  readonly #server: Server
  readonly #sockets: Set<Socket>

  private constructor(port: number, server: Server, sockets: Set<Socket>) {
    this.port = port
    this.#server = server
    this.#sockets = sockets
    server.on('connection', () => {
      this.isUsed = true
    })
  }

  static open(targetPort: number): Promise<Gate> {
    const sockets = new Set<Socket>()
    const server = createServer((near) => {
      const far = connect(targetPort, '127.0.0.1')
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket)
        socket.pipe(other)
        // An end that comes by force is what this is for.
        socket.on('error', () => other.destroy())
      }
    })
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(new Gate(address !== null && typeof address === 'object' ? address.port : 0, server, sockets))
      })
    })
  }

  /** Cuts every connection and takes no more. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    if (!this.#server.listening) return
    await new Promise((resolve) => this.#server.close(resolve))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
