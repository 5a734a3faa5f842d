// The server, to embed: a configuration goes in, a running server comes out.

export type { ServerMode } from './admin/server-view.ts'
export { configFromProperties, loadConfig } from './config/load-config.ts'
export type { ServerConfig } from './config/server-config.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export type { RunningServer, StartOptions, StartServer } from './running-server.ts'
export type { Disk, DiskFile } from './runtime/disk.ts'
export type {
  ConnectionAttempt,
  ConnectionHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  NetworkConnection,
} from './runtime/network.ts'
export { nodeRuntime } from './runtime/node-runtime.ts'
export type { Clock, Random, Runtime, TimerHandle, Timers } from './runtime/runtime.ts'
export { startServer } from './server.ts'
export { StartupError } from './startup-error.ts'
