// Servers and ensembles of tskeeper inside a test's own process.

export type { ServerMode } from '@tskeeper/server'
export { startEnsemble, type TestEnsembleOptions } from './start-ensemble.ts'
export { startServer, type TestServerOptions } from './start-server.ts'
export type { StorageOptions } from './storage.ts'
export type { TestEnsemble } from './test-ensemble.ts'
export type { Properties, TestServer } from './test-server.ts'
