import { createServer, type Server, type Socket } from 'node:net'
import { DirectWrite, directHandle, type StreamHandle, writeDirectly } from './direct-write.ts'
import type { ConnectionHandler, Listener, ListenOptions, Network, NetworkConnection } from './network.ts'
import { shareInput } from './shared-input-socket.ts'

/** Sockets of `node:net`. */
export class NodeNetwork implements Network {
  listen(
    options: ListenOptions,
    accept: (connection: NetworkConnection) => void,
    ready: (error: Error | null, port: number) => void,
  ): Listener {
    // Half-open sockets are kept: a client may close its sending side and still read what it is owed.
    const server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: options.keepAlive },
      (socket) => accept(new NodeConnection(socket)),
    )
    const listener = new NodeListener(server)
    server.once('error', (error) => ready(error, 0))
    server.once('listening', () => ready(null, listener.port))
    server.listen({
      port: options.port,
      ...(options.host === '' ? {} : { host: options.host }),
      ...(options.backlog < 0 ? {} : { backlog: options.backlog }),
    })
    return listener
  }
}

class NodeListener implements Listener {
  private readonly server: Server

  constructor(server: Server) {
    this.server = server
  }

  get port(): number {
    const address = this.server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  close(done: () => void): void {
    this.server.close(() => done())
  }
}

const IPV4_MAPPED = '::ffff:'

const idleHandler: ConnectionHandler = {
  onData(): void {},
  onDrain(): void {},
  onEnd(): void {},
  onClose(): void {},
}

class NodeConnection implements NetworkConnection {
  readonly remoteAddress: string
  readonly remotePort: number
  handler: ConnectionHandler = idleHandler
  private readonly socket: Socket
  /** Where writes go if they can go there directly. */
  private readonly handle: StreamHandle | null
  private isWaitingForDrain = false
  private error: Error | null = null
  /** One function for all writes of the connection. */
  private readonly written = (): void => this.writeFinished()
  private readonly completed = (isGood: boolean): void => this.directWriteCompleted(isGood)

  constructor(accepted: Socket) {
    const socket = shareInput(accepted, (bytes, view, length) => this.handler.onData(bytes, view, length))
    this.socket = socket
    this.handle = directHandle(socket)
    const address = socket.remoteAddress ?? ''
    this.remoteAddress = address.startsWith(IPV4_MAPPED) ? address.slice(IPV4_MAPPED.length) : address
    this.remotePort = socket.remotePort ?? 0
    socket.on('end', () => this.handler.onEnd())
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('close', () => this.handler.onClose(this.error))
  }

  write(bytes: Uint8Array, length: number): boolean {
    if (this.handle === null) return this.writeThroughStream(bytes, length)
    if (this.socket.destroyed) return true
    const outcome = writeDirectly(this.handle, bytes.subarray(0, length), this.completed)
    if (outcome === DirectWrite.DONE) return true
    if (outcome === DirectWrite.FAILED) {
      this.socket.destroy()
      return true
    }
    this.isWaitingForDrain = true
    return false
  }

  private directWriteCompleted(isGood: boolean): void {
    this.isWaitingForDrain = false
    if (!isGood) this.socket.destroy()
    else if (!this.socket.destroyed) this.handler.onDrain()
  }

  private writeThroughStream(bytes: Uint8Array, length: number): boolean {
    const { socket } = this
    socket.write(bytes.subarray(0, length), this.written)
    // What the system took at once has left the stream's count by now, and the array with it.
    if (socket.writableLength === 0) return true
    this.isWaitingForDrain = true
    return false
  }

  private writeFinished(): void {
    if (!this.isWaitingForDrain || this.socket.writableLength > 0) return
    this.isWaitingForDrain = false
    this.handler.onDrain()
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  end(): void {
    this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }
}
