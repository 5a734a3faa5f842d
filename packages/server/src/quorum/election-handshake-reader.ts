import { ByteReader, DecodeError, type ElectionHandshake, readElectionHandshake } from '@tskeeper/protocol/server'
import type { ConnectionHandler, NetworkConnection } from '../runtime/network.ts'
import type { TimerHandle, Timers } from '../runtime/runtime.ts'

/** How reading a handshake ends, one way or the other. */
export interface HandshakeOutcome {
  /** `rest` came after the handshake; the connection waits for its next handler. */
  done(reader: ElectionHandshakeReader, handshake: ElectionHandshake, rest: Uint8Array): void
  /** There is no handshake; the connection is closed. */
  failed(reader: ElectionHandshakeReader, reason: string): void
}

/** Reads who dialled from a connection that was accepted. Who stays silent is not waited for longer than `timeoutMs`. */
export class ElectionHandshakeReader implements ConnectionHandler {
  readonly connection: NetworkConnection
  readonly #outcome: HandshakeOutcome
  readonly #timer: TimerHandle
  #bytes = new Uint8Array(0)
  #isOver = false

  constructor(connection: NetworkConnection, timers: Timers, timeoutMs: number, outcome: HandshakeOutcome) {
    this.connection = connection
    this.#outcome = outcome
    this.#timer = timers.after(timeoutMs, () => this.#fail(`it did not say who it is within ${timeoutMs} ms`))
    connection.handler = this
  }

  /** Gives up without a word. */
  close(): void {
    this.#conclude()
    this.connection.destroy()
  }

  onData(bytes: Uint8Array, _view: DataView, length: number): void {
    if (this.#isOver) return
    const joined = new Uint8Array(this.#bytes.length + length)
    joined.set(this.#bytes)
    joined.set(bytes.subarray(0, length), this.#bytes.length)
    this.#bytes = joined
    const handshake = this.#read()
    if (handshake === null) return
    this.#conclude()
    this.#outcome.done(this, handshake, joined.subarray(handshake.size))
  }

  /** Null when bytes are missing or wrong. A handshake has a limit, so what waits for its rest has one, too. */
  #read(): ElectionHandshake | null {
    try {
      return readElectionHandshake(new ByteReader(this.#bytes))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#fail(`it sent ${error.message}`)
      return null
    }
  }

  onDrain(): void {}

  onEnd(): void {
    this.#fail('it closed the connection before it said who it is')
  }

  onClose(error: Error | null): void {
    this.#fail(error === null ? 'the connection closed before it said who it is' : error.message)
  }

  #fail(reason: string): void {
    if (this.#isOver) return
    this.close()
    this.#outcome.failed(this, reason)
  }

  #conclude(): void {
    this.#isOver = true
    this.#timer.cancel()
  }
}
