import { createServer, type Server, type Socket } from 'node:net'
import { DirectWrite, directHandle, type StreamHandle, writeDirectly } from './direct-write.ts'
import type {
  ConnectionAttempt,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  NetworkConnection,
} from './network.ts'
import { acceptHandles, connectSharing, type Receive, receiveEvents, socketOf } from './shared-input-socket.ts'

/** Sockets of `node:net`. */
export class NodeNetwork implements Network {
  listen(
    options: ListenOptions,
    accept: (connection: NetworkConnection) => void,
    ready: (error: Error | null, port: number) => void,
  ): Listener {
    const open = (openSocket: (receive: Receive) => Socket): void => {
      const connection: NodeConnection = new NodeConnection(
        openSocket((bytes, view, length) => connection.handler.onData(bytes, view, length)),
      )
      accept(connection)
    }
    const { keepAlive } = options
    // Half-open sockets are kept: a client may close its sending side and still read what it is owed.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive }, (accepted) =>
      open((receive) => receiveEvents(accepted, receive)),
    )
    const listener = new NodeListener(server)
    server.once('error', (error) => ready(error, 0))
    server.once('listening', () => {
      acceptHandles(server, (handle) =>
        open((receive) => {
          const socket = socketOf(server, handle, receive).setNoDelay(true)
          return keepAlive ? socket.setKeepAlive(true) : socket
        }),
      )
      ready(null, listener.port)
    })
    server.listen({
      port: options.port,
      ...(options.host === '' ? {} : { host: options.host }),
      ...(options.backlog < 0 ? {} : { backlog: options.backlog }),
    })
    return listener
  }

  connect(
    options: ConnectOptions,
    handler: ConnectionHandler,
    ready: (error: Error | null, connection: NetworkConnection | null) => void,
  ): ConnectionAttempt {
    return new NodeAttempt(options, handler, ready)
  }
}

class NodeAttempt implements ConnectionAttempt {
  private readonly socket: Socket
  private readonly timer: NodeJS.Timeout
  private readonly handler: ConnectionHandler
  private readonly ready: (error: Error | null, connection: NetworkConnection | null) => void
  private connection: NodeConnection | null = null
  private isOver = false

  constructor(
    options: ConnectOptions,
    handler: ConnectionHandler,
    ready: (error: Error | null, connection: NetworkConnection | null) => void,
  ) {
    const { host, port, timeoutMs } = options
    this.handler = handler
    this.ready = ready
    this.socket = connectSharing(options, (bytes, view, length) => this.connection?.handler.onData(bytes, view, length))
    // Stays for good: what goes wrong with an attempt that was given up must find a listener, or it would end the process.
    this.socket.on('error', (error) => this.fail(error))
    this.socket.once('connect', () => this.succeed())
    this.timer = setTimeout(() => this.fail(new Error(`no connection to ${host}:${port} within ${timeoutMs} ms`)), timeoutMs)
  }

  cancel(): void {
    this.conclude()
    if (this.connection === null) this.socket.destroy()
  }

  private fail(error: Error): void {
    if (this.isOver) return
    this.conclude()
    this.socket.destroy()
    this.ready(error, null)
  }

  private succeed(): void {
    if (this.isOver) return
    this.conclude()
    this.connection = new NodeConnection(this.socket)
    this.connection.handler = this.handler
    this.ready(null, this.connection)
  }

  private conclude(): void {
    this.isOver = true
    clearTimeout(this.timer)
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

/**
 * A connection whose socket is closed lets go of it: who still holds on to the connection, be it a table of a map that is only
 * waiting for the collector, must not keep the socket in memory, which is most of what a connection takes.
 */
class NodeConnection implements NetworkConnection {
  readonly remoteAddress: string
  readonly remotePort: number
  handler: ConnectionHandler = idleHandler
  /** Null when it is closed. */
  private socket: Socket | null
  /** Where writes go if they can go there directly. */
  private handle: StreamHandle | null
  private isWaitingForDrain = false
  private error: Error | null = null
  /** One function for all writes of the connection. */
  private readonly written = (): void => this.writeFinished()
  private readonly completed = (isGood: boolean): void => this.directWriteCompleted(isGood)

  /** `socket` is connected and gives its data to `handler.onData`. */
  constructor(socket: Socket) {
    this.socket = socket
    this.handle = directHandle(socket)
    const address = socket.remoteAddress ?? ''
    this.remoteAddress = address.startsWith(IPV4_MAPPED) ? address.slice(IPV4_MAPPED.length) : address
    this.remotePort = socket.remotePort ?? 0
    socket.on('end', () => this.handler.onEnd())
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('close', () => this.closed())
  }

  write(bytes: Uint8Array, length: number): boolean {
    const { socket, handle } = this
    if (socket === null || socket.destroyed) return true
    if (handle === null) return this.writeThroughStream(socket, bytes, length)
    const outcome = writeDirectly(handle, bytes.subarray(0, length), this.completed)
    if (outcome === DirectWrite.DONE) return true
    if (outcome === DirectWrite.FAILED) {
      socket.destroy()
      return true
    }
    this.isWaitingForDrain = true
    return false
  }

  private directWriteCompleted(isGood: boolean): void {
    this.isWaitingForDrain = false
    if (!isGood) this.socket?.destroy()
    else if (this.socket?.destroyed === false) this.handler.onDrain()
  }

  private writeThroughStream(socket: Socket, bytes: Uint8Array, length: number): boolean {
    socket.write(bytes.subarray(0, length), this.written)
    // What the system took at once has left the stream's count by now, and the array with it.
    if (socket.writableLength === 0) return true
    this.isWaitingForDrain = true
    return false
  }

  private writeFinished(): void {
    if (!this.isWaitingForDrain || this.socket === null || this.socket.writableLength > 0) return
    this.isWaitingForDrain = false
    this.handler.onDrain()
  }

  pause(): void {
    this.socket?.pause()
  }

  resume(): void {
    this.socket?.resume()
  }

  end(): void {
    this.socket?.end()
  }

  destroy(): void {
    this.socket?.destroy()
  }

  private closed(): void {
    const { handler, error } = this
    this.socket = null
    this.handle = null
    this.handler = idleHandler
    handler.onClose(error)
  }
}
