import type { ServerMode } from './admin/server-view.ts'
import type { ServerConfig } from './config/server-config.ts'
import type { Logger } from './logger.ts'
import type { Runtime } from './runtime/runtime.ts'

/** A server that serves. What `startServer` gives back, and all that an embedder needs to hold. */
export interface RunningServer {
  /** Port of the plain client listener as bound (useful when 0 was asked for); -1 when there is none. */
  readonly clientPort: number
  /** The part that the server plays for its clients and its ensemble; null while it looks for one or prepares for it. */
  readonly mode: ServerMode | null
  /** Closes the listeners, writes and syncs what was accepted, and settles when all is closed. May be called more than once. */
  stop(): Promise<void>
  /** Settles when the server has closed: null after a `stop()` that went well, otherwise the failure that ended it. Never rejects. */
  readonly closed: Promise<Error | null>
  /**
   * Lets a session expire now, whatever its client does; `done` is called when its end is applied here, and never if the server's role
   * ends before. False if it is not for this server to end it: only who stands alone or leads lets sessions expire.
   */
  expireSession(sessionId: bigint, done: () => void): boolean
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
