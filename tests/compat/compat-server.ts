/** The server that the suites run against: the same configuration for ours and for Apache's. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type ServerConfig, type ServerProcess, type ServerTarget, startServer } from '../support/server-process.ts'
import type { SuiteContext } from './suite.ts'

/** `super:test`, the administrator's user and password in these suites. */
export const SUPER_AUTH = 'super:test'
const SUPER_DIGEST = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='

/** How often empty containers and nodes past their time to live are looked for. */
const REAP_INTERVAL_MS = 400

export const COMPAT_CONFIG: ServerConfig = {
  extendedTypesEnabled: 'true',
  enforceQuota: 'true',
  'DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
  'znode.container.checkIntervalMs': REAP_INTERVAL_MS,
}

/** Small and quick to start; Apache reads some settings only as properties of its Java machine. */
export const JAVA_FLAGS = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  `-Dznode.container.checkIntervalMs=${REAP_INTERVAL_MS}`,
]

export interface CompatServerOptions {
  /** Whose server, if it is not the one that the suite runs against. */
  readonly target?: ServerTarget
  readonly config?: ServerConfig
  /** Server directory to start in, again or for the first time; a fresh one in the suite's directory if absent. */
  readonly directory?: string
  readonly port?: number
  /** Further flags for the Java machine of Apache's server. */
  readonly javaFlags?: readonly string[]
}

export function startCompatServer(context: SuiteContext, options: CompatServerOptions = {}): Promise<ServerProcess> {
  return startServer({
    target: options.target ?? context.target,
    directory: options.directory ?? mkdtempSync(join(context.directory, 'server-')),
    config: { ...COMPAT_CONFIG, ...options.config },
    javaFlags: [...JAVA_FLAGS, ...(options.javaFlags ?? [])],
    ...(options.port === undefined ? {} : { port: options.port }),
  })
}
