// How bytes reach a server. An implementation carries them over TCP, TLS, a simulated network or whatever else is
// a stream; it knows nothing of the protocol.

import type { TlsOptions } from './tls-options.ts'

/** Opens connections. */
export interface Transport {
  /** Begins to connect; the handler hears how it went. Never throws: what fails at once is reported to `onClose` later. */
  connect(target: TransportTarget, handler: TransportHandler): TransportConnection
}

/** Where to connect to. */
export interface TransportTarget {
  /** An address, or a name that the transport resolves by itself. */
  readonly address: string
  readonly port: number
  /** The host as the connect string spells it, for verifying certificates and for messages. */
  readonly host: string
  /** Null is plain TCP. */
  readonly tls: TlsOptions | null
}

/** What happens on a connection. */
export interface TransportHandler {
  /** The connection is there: from now on it can be written to. */
  onOpen(): void
  /** `bytes[0, length)` came in; `view` covers `bytes`. They are only valid during the call: what must stay is copied. */
  onData(bytes: Uint8Array, view: DataView, length: number): void
  /** Everything given to `write` has left; called only after a `write` that returned false. */
  onDrain(): void
  /** The connection is gone, or could not be made; called exactly once, and nothing is called after it. */
  onClose(error: Error | null): void
}

/** One connection, or the attempt at one. */
export interface TransportConnection {
  /**
   * Writes `bytes[0, length)`. True: the bytes are with the system and the array is free again.
   * False: the array belongs to the connection until `onDrain`, and nothing may be written before that.
   */
  write(bytes: Uint8Array, length: number): boolean
  /** Closes at once, dropping what has not left. `onClose` follows. */
  destroy(): void
}
