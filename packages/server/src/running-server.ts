import type { ServerConfig } from './config/server-config.ts'
import type { Logger } from './logger.ts'
import type { Runtime } from './runtime/runtime.ts'

/** A server that serves. What `startServer` gives back, and all that an embedder needs to hold. */
export interface RunningServer {
  /** Port of the plain client listener as bound (useful when 0 was asked for); -1 when there is none. */
  readonly clientPort: number
  /** Closes the listeners, writes and syncs what was accepted, and settles when all is closed. May be called more than once. */
  stop(): Promise<void>
  /** Settles when the server has closed: null after `stop()`, otherwise the failure that ended it. Never rejects. */
  readonly closed: Promise<Error | null>
}

/** What a server lives in. */
export interface StartOptions {
  readonly runtime: Runtime
  readonly logger: Logger
}

/**
 * Starts a server and settles when it serves. Rejects with a `StartupError`, whose exit code the process ends
 * with, or with what went wrong otherwise.
 */
export type StartServer = (config: ServerConfig, options: StartOptions) => Promise<RunningServer>
