// The network of one server in one life: its clients come over a real port, the other members through memory.

import {
  type ConnectionAttempt,
  type ConnectionHandler,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Network,
  type NetworkConnection,
  nodeRuntime,
} from '@tskeeper/server'
import type { ClientPort } from './client-port.ts'
import { ClientSocket } from './client-socket.ts'
import type { MemberNetwork } from './member-network.ts'
import type { ServerLife } from './server-life.ts'

type Accept = (connection: NetworkConnection) => void
type Ready = (error: Error | null, port: number) => void

const noHandler: ConnectionHandler = {
  onData(): void {},
  onDrain(): void {},
  onEnd(): void {},
  onClose(): void {},
}

export class TestNetwork implements Network {
  readonly #life: ServerLife
  readonly #host: string
  readonly #clientPort: ClientPort
  readonly #members: MemberNetwork
  readonly #real: Network = nodeRuntime().network

  /** `host` is the server's name among the members. */
  constructor(life: ServerLife, host: string, clientPort: ClientPort, members: MemberNetwork) {
    this.#life = life
    this.#host = host
    this.#clientPort = clientPort
    this.#members = members
  }

  listen(options: ListenOptions, accept: Accept, ready: Ready): Listener {
    if (options.port === this.#clientPort.port) return this.#listenForClients(accept, ready)
    if (options.host === '' || options.host === this.#host) return this.#listenForMembers(options.port, accept, ready)
    return this.#listenElsewhere(options, accept, ready)
  }

  connect(
    options: ConnectOptions,
    handler: ConnectionHandler,
    ready: (error: Error | null, connection: NetworkConnection | null) => void,
  ): ConnectionAttempt {
    const life = this.#life
    if (this.#members.hosts.has(options.host)) return this.#members.connect({ host: this.#host, life }, options, handler, ready)
    return this.#real.connect(options, noHandler, (error, connection) => {
      const socket = connection === null ? null : new ClientSocket(life, connection, handler)
      life.tell(() => ready(error, socket))
    })
  }

  #listenForClients(accept: Accept, ready: Ready): Listener {
    const { port } = this.#clientPort
    const life = this.#life
    this.#clientPort.give((connection) => this.#welcome(connection, accept))
    const close = (): void => this.#clientPort.give(null)
    const belonging = { held: () => {}, lost: close }
    life.own(belonging)
    setImmediate(() => life.tell(() => ready(null, port)))
    return {
      port,
      close: (done) => {
        life.disown(belonging)
        close()
        setImmediate(() => life.tell(done))
      },
    }
  }

  #listenForMembers(port: number, accept: Accept, ready: Ready): Listener {
    const life = this.#life
    const place = { host: this.#host, life }
    const isBound = this.#members.listen(place, port, accept)
    const error = Object.assign(new Error(`listen EADDRINUSE ${this.#host}:${port}`), { code: 'EADDRINUSE' })
    setImmediate(() => life.tell(() => (isBound ? ready(null, port) : ready(error, 0))))
    return {
      port,
      close: (done) => {
        if (isBound) this.#members.close(place, port)
        setImmediate(() => life.tell(done))
      },
    }
  }

  /** An address that a reconfiguration has given the server: a real one. */
  #listenElsewhere(options: ListenOptions, accept: Accept, ready: Ready): Listener {
    const life = this.#life
    const listener = this.#real.listen(
      options,
      (connection) => this.#welcome(connection, accept),
      (error, port) => life.tell(() => ready(error, port)),
    )
    const belonging = { held: () => {}, lost: () => listener.close(() => {}) }
    life.own(belonging)
    return {
      get port(): number {
        return listener.port
      },
      close: (done) => {
        life.disown(belonging)
        listener.close(() => life.tell(done))
      },
    }
  }

  #welcome(connection: NetworkConnection, accept: Accept): void {
    const socket = new ClientSocket(this.#life, connection, noHandler)
    this.#life.tell(() => accept(socket))
  }
}
