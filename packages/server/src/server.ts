// Starts the server that a configuration describes: one that stands alone, or a member of an ensemble.

import type { ServerConfig } from './config/server-config.ts'
import { startQuorumPeer } from './quorum/quorum-peer.ts'
import type { RunningServer, StartOptions } from './running-server.ts'
import { startStandaloneServer } from './standalone-server.ts'
import { StartupError } from './startup-error.ts'

const EXIT_BAD_CONFIG = 2

/**
 * Starts a server and settles when it serves. Rejects with a `StartupError`, whose exit code the process should end with, or
 * with what else went wrong.
 */
export async function startServer(config: ServerConfig, options: StartOptions): Promise<RunningServer> {
  if (config.secureClientPort !== null) {
    throw new StartupError(
      `secureClientPort=${config.secureClientPort}: TLS is not available in this version; remove the line`,
      EXIT_BAD_CONFIG,
    )
  }
  return config.isDistributed ? startQuorumPeer(config, options) : startStandaloneServer(config, options)
}
