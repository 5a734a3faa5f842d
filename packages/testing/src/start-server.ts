import type { Logger } from '@tskeeper/server'
import { ClientPort, HOST } from './client-port.ts'
import { MemberNetwork } from './member-network.ts'
import { openStorage, type StorageOptions } from './storage.ts'
import { type Properties, TestServer } from './test-server.ts'

/** How a server of a test differs from the usual one. */
export interface TestServerOptions extends StorageOptions {
  /** Added to the configuration, or in place of what is there: keys and values of zoo.cfg. */
  readonly properties?: Properties
  /** The port of the clients; a free one unless said otherwise. */
  readonly port?: number
  /** Where the server reports to; nowhere unless said otherwise. */
  readonly logger?: Logger
}

/**
 * What all servers of tests have in common. Ticks are short, so that sessions can be: from 200 ms to a minute, as their clients ask.
 * A log begins with 64 KiB instead of 64 MiB.
 */
export const COMMON_PROPERTIES: Properties = {
  tickTime: 100,
  maxSessionTimeout: 60_000,
  maxClientCnxns: 0,
  clientPortAddress: HOST,
  preAllocSize: 64,
  '4lw.commands.whitelist': '*',
}

/** Starts a server that stands alone; it serves when this settles. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clientPort = await ClientPort.bind(options.port ?? 0)
  const storage = openStorage(options)
  const server = new TestServer({
    id: 1,
    host: HOST,
    clientPort,
    members: new MemberNetwork([]),
    storage: storage.of('data'),
    properties: { ...COMMON_PROPERTIES, ...options.properties, clientPort: clientPort.port },
    logger: options.logger,
    onDisposed: () => storage.dispose(),
  })
  try {
    await server.start()
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}
