// Serves the connections that come while the server serves nobody, because it looks for a leader, starts or stops:
// four-letter words are answered, everything else is closed, and its client tries another server.

import type { ClientConnection } from './client-connection.ts'
import type { ConnectionHost } from './connection-host.ts'
import { OutputPool } from './output-pool.ts'

export interface IdleHostParts {
  readonly monotonicMs: () => number
  readonly bytesOfWord: (word: number) => number
  /** Answers the word and ends the connection. */
  readonly answerWord: (connection: ClientConnection, word: number, rest: Uint8Array) => void
  readonly onEnding: (connection: ClientConnection) => void
  readonly onClosed: (connection: ClientConnection) => void
}

export class IdleHost implements ConnectionHost {
  readonly outputs: OutputPool = new OutputPool()
  /** Enough for a connect request; it is not looked at. */
  readonly frameLengthMax: number = 64 * 1024
  eventBytesOwed = 0
  readonly eventBytesOwedMax: number = 0
  readonly isStalled: boolean = false
  private readonly parts: IdleHostParts

  constructor(parts: IdleHostParts) {
    this.parts = parts
  }

  get nowMs(): number {
    return this.parts.monotonicMs()
  }

  monotonicMs(): number {
    return this.parts.monotonicMs()
  }

  bytesOfWord(word: number): number {
    return this.parts.bytesOfWord(word)
  }

  handleWord(connection: ClientConnection, word: number, rest: Uint8Array): void {
    this.parts.answerWord(connection, word, rest)
  }

  handleFrame(connection: ClientConnection): void {
    connection.destroy()
  }

  handleDeferredRead(): void {}

  deferredReadsChanged(): void {}

  heard(connection: ClientConnection): void {
    connection.lastHeardMs = this.parts.monotonicMs()
  }

  drained(): void {}

  notified(): void {}

  /** What is written here is the answer to a word, and leaves when the connection ends right after. */
  addUnflushed(): void {}

  inputHandled(): void {}

  stall(): void {}

  refuseBytes(connection: ClientConnection): void {
    connection.destroy()
  }

  overflowed(connection: ClientConnection): void {
    connection.destroy()
  }

  ending(connection: ClientConnection): void {
    this.parts.onEnding(connection)
  }

  closed(connection: ClientConnection): void {
    this.parts.onClosed(connection)
  }

  mayRead(): boolean {
    return false
  }
}
