import type { ConnectionHandler, NetworkConnection } from '@tskeeper/server'
import type { Belonging, ServerLife } from './server-life.ts'

/** A real connection of a server, behind the server's life. */
export class ClientSocket implements NetworkConnection, ConnectionHandler, Belonging {
  readonly remoteAddress: string
  readonly remotePort: number
  handler: ConnectionHandler
  readonly #life: ServerLife
  readonly #socket: NetworkConnection
  /** The server wants no data for now. */
  #isPaused = false

  constructor(life: ServerLife, socket: NetworkConnection, handler: ConnectionHandler) {
    this.remoteAddress = socket.remoteAddress
    this.remotePort = socket.remotePort
    this.handler = handler
    this.#life = life
    this.#socket = socket
    socket.handler = this
    life.own(this)
    if (life.isPaused) socket.pause()
  }

  // --- what comes from the socket ----------------------------------------------------------------

  onData(bytes: Uint8Array, view: DataView, length: number): void {
    if (!this.#life.isHeld) {
      this.#life.tell(() => this.handler.onData(bytes, view, length))
      return
    }
    // Not `slice`, which a Buffer answers with its own bytes.
    const copy = new Uint8Array(bytes.subarray(0, length))
    this.#life.tell(() => this.handler.onData(copy, new DataView(copy.buffer), length))
  }

  onDrain(): void {
    this.#life.tell(() => this.handler.onDrain())
  }

  onEnd(): void {
    this.#life.tell(() => this.handler.onEnd())
  }

  onClose(error: Error | null): void {
    this.#life.disown(this)
    this.#life.tell(() => this.handler.onClose(error))
  }

  // --- what comes from the server ----------------------------------------------------------------

  write(bytes: Uint8Array, length: number): boolean {
    return this.#life.isAlive ? this.#socket.write(bytes, length) : true
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (!this.#life.isPaused) this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  // --- what comes from the life ------------------------------------------------------------------

  held(isHeld: boolean): void {
    if (isHeld) this.#socket.pause()
    else if (!this.#isPaused) this.#socket.resume()
  }

  lost(): void {
    this.#socket.destroy()
  }
}
