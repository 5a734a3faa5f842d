/** A server that serves. What `startServer` gives back, and all that an embedder needs to hold. */
export interface RunningServer {
  /** Port of the plain client listener as bound (useful when 0 was asked for); -1 when there is none. */
  readonly clientPort: number
  /** Closes the listeners, writes and syncs what was accepted, and settles when all is closed. May be called more than once. */
  stop(): Promise<void>
  /** Settles when the server has closed: null after `stop()`, otherwise the failure that ended it. Never rejects. */
  readonly closed: Promise<Error | null>
}
