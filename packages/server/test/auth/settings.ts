import { configFromProperties } from '../../src/config/load-config.ts'
import type { ServerConfig } from '../../src/config/server-config.ts'
import { silentLogger } from '../../src/logger.ts'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'

/** A configuration with these lines in its file, beside the two that every one needs. */
export function configWith(lines: Readonly<Record<string, string>>): ServerConfig {
  const properties = new Map([['dataDir', '/data'], ['clientPort', '2181'], ...Object.entries(lines)])
  return configFromProperties(properties, {
    disk: new MemoryDisk(),
    logger: silentLogger,
    workingDirectory: '/',
    properties: new Map(),
  })
}
