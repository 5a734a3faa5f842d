/** Listening sockets, the connections that they accept, and connections to others. */
export interface Network {
  /** Starts to listen; `ready` gets null and the bound port, or the failure. */
  listen(
    options: ListenOptions,
    accept: (connection: NetworkConnection) => void,
    ready: (error: Error | null, port: number) => void,
  ): Listener

  /**
   * Opens a connection, whose handler is `handler` from the first byte on. `ready` is called once, never before this call returns:
   * with the connection, or with why there is none. After `cancel` it is not called any more.
   */
  connect(
    options: ConnectOptions,
    handler: ConnectionHandler,
    ready: (error: Error | null, connection: NetworkConnection | null) => void,
  ): ConnectionAttempt
}

export interface ConnectOptions {
  /** An address or a name; a name is looked up anew at each call. */
  readonly host: string
  readonly port: number
  /** The attempt fails when it has taken this long, the look-up of the name included. */
  readonly timeoutMs: number
  /** Small writes leave at once instead of waiting for the acknowledgement of the one before. */
  readonly noDelay: boolean
  readonly keepAlive: boolean
}

/** A connection that is being opened. */
export interface ConnectionAttempt {
  /** Gives the attempt up. Does nothing once `ready` was called. */
  cancel(): void
}

export interface ListenOptions {
  /** Address to bind; an empty string is every address, IPv4 and IPv6. */
  readonly host: string
  readonly port: number
  /** Length of the queue of connections not yet accepted; -1 is the system's default. */
  readonly backlog: number
  readonly keepAlive: boolean
}

export interface Listener {
  readonly port: number
  /** Stops accepting; connections that exist stay. */
  close(done: () => void): void
}

/** What happens on a connection. The receiver of a connection sets it before it returns. */
export interface ConnectionHandler {
  /** `bytes[0, length)` came in; `view` covers `bytes`. They are only valid during the call: what must stay is copied. */
  onData(bytes: Uint8Array, view: DataView, length: number): void
  /** Everything given to `write` has left; called only after a `write` that returned false. */
  onDrain(): void
  /** The peer will send no more (half-close); replies can still be written. */
  onEnd(): void
  /** The connection is gone; called exactly once, nothing is called after it. */
  onClose(error: Error | null): void
}

export interface NetworkConnection {
  /** Textual address of the peer; IPv4-mapped IPv6 addresses are given as IPv4. */
  readonly remoteAddress: string
  readonly remotePort: number
  handler: ConnectionHandler
  /**
   * Writes `bytes[0, length)`. True: the bytes are with the system and the array is free again.
   * False: the array belongs to the connection until `onDrain`.
   */
  write(bytes: Uint8Array, length: number): boolean
  /** Stops and restarts the delivery of data; what the system's buffer holds waits there. */
  pause(): void
  resume(): void
  /** Closes after everything written has left. */
  end(): void
  /** Closes at once, dropping what has not left. */
  destroy(): void
}
