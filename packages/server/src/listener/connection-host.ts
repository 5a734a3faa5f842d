import type { ClientConnection } from './client-connection.ts'
import type { OutputPool } from './output-pool.ts'

/** What the connections of a server share, and whom they tell. */
export interface ConnectionHost {
  readonly outputs: OutputPool
  /** Longest frame that is accepted, in bytes. */
  readonly frameLengthMax: number
  /** Bytes of events that wait for clients which do not read, all connections together; the connections keep it up to date. */
  eventBytesOwed: number
  /** Beyond this a connection that is owed a good part is closed. */
  readonly eventBytesOwedMax: number
  /** Too many requests are in process: no frame is taken up. */
  readonly isStalled: boolean
  /** Monotonic milliseconds of the turn in hand. */
  readonly nowMs: number
  /** Monotonic milliseconds of this moment. */
  monotonicMs(): number
  /** A frame of this connection waits because of `isStalled`: the host takes the connection up again when that is over. */
  stall(connection: ClientConnection): void
  /**
   * The first four bytes of a new connection, as a number: how many bytes behind them belong to the four-letter word that they
   * are, or -1 if they are none. The host answers a word when it gets it with those bytes and whatever else has come.
   */
  bytesOfWord(word: number): number
  handleWord(connection: ClientConnection, word: number, rest: Uint8Array): void
  /** A whole frame, `bytes[start, end)`, without its length prefix; only valid during the call. */
  handleFrame(connection: ClientConnection, bytes: Uint8Array, view: DataView, start: number, end: number): void
  /** A read that waited for the writes before it. */
  handleDeferredRead(
    connection: ClientConnection,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    arrivedMs: number,
  ): void
  /**
   * So many more reads, or fewer, wait for the server: those of a client that does not take its replies wait for the client, and
   * must not hold up others.
   */
  deferredReadsChanged(difference: number): void
  /** Frames are about to be handled: once for all that are handled in a row. */
  heard(connection: ClientConnection): void
  /** Reads that were deferred are about to be answered because the client has taken what stood in front of them. */
  drained(): void
  /** An event was written for the client, in a frame of so many bytes. */
  notified(length: number): void
  /** The connection has something to flush at the end of the tick. */
  addUnflushed(connection: ClientConnection): void
  /** All frames that could be handled now have been. */
  inputHandled(connection: ClientConnection): void
  /** The client sent what no client may send. */
  refuseBytes(connection: ClientConnection, reason: string): void
  /** Nothing more is accepted of the connection; `closed` follows when what was written has left and the client has closed, too. */
  ending(connection: ClientConnection): void
  closed(connection: ClientConnection): void
  /** The client does not take what it is owed, and the limit is reached. */
  overflowed(connection: ClientConnection): void
  mayRead(connection: ClientConnection, aclId: number): boolean
}
