// Where a launcher finds things: the same environment variables, defaults and file names as Apache's scripts,
// so that unit files, images and habits made for those work unchanged.

import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseProperties } from '@tskeeper/server/config'
import type { Surroundings } from '../surroundings.ts'

/** The files of one launch. */
export interface LaunchSettings {
  /** Configuration file, as it is shown to people: relative to what they gave, not cleaned up. */
  readonly configPath: string
  readonly logDirectory: string
}

/** What the command line says. */
export interface LaunchOptions {
  /** `--config`: directory of the configuration files. */
  readonly configDirectory: string | null
  /** Configuration file as given. */
  readonly configFile: string | null
}

/** Finds the files. A configuration file without a slash is looked for in the configuration directory. */
export function readLaunchSettings(options: LaunchOptions, surroundings: Surroundings): LaunchSettings {
  const { environment } = surroundings
  const prefix = installationPrefix(environment)
  const configDirectory = options.configDirectory ?? given(environment['ZOOCFGDIR']) ?? defaultConfigDirectory(prefix)
  const file = options.configFile ?? given(environment['ZOOCFG']) ?? 'zoo.cfg'
  return {
    configPath: file.includes('/') ? file : `${configDirectory}/${file}`,
    logDirectory: given(environment['ZOO_LOG_DIR']) ?? `${prefix}/logs`,
  }
}

/** The lines that every call of the launcher begins with; log matchers look for them, although there is no JMX here. */
export function announce(settings: LaunchSettings, surroundings: Surroundings): void {
  const { environment } = surroundings
  const disabled = given(environment['JMXDISABLE'])
  if (disabled !== null && disabled !== 'false') surroundings.error('JMX disabled by user request\n')
  else {
    surroundings.error('ZooKeeper JMX enabled by default\n')
    const port = given(environment['JMXPORT'])
    if (port !== null) {
      surroundings.error(`ZooKeeper remote JMX Port set to ${port}\n`)
      surroundings.error(`ZooKeeper remote JMX authenticate set to ${given(environment['JMXAUTH']) ?? 'false'}\n`)
      surroundings.error(`ZooKeeper remote JMX ssl set to ${given(environment['JMXSSL']) ?? 'false'}\n`)
      surroundings.error(`ZooKeeper remote JMX log4j set to ${given(environment['JMXLOG4J']) ?? 'true'}\n`)
    }
  }
  surroundings.error(`Using config: ${settings.configPath}\n`)
}

/** Keys and values of a properties file; null when it cannot be read. */
export function readKeys(path: string): ReadonlyMap<string, string> | null {
  try {
    return parseProperties(readFileSync(path))
  } catch {
    return null
  }
}

/** The value of a key in the configuration file; null when it is missing or empty. */
export function configured(settings: LaunchSettings, key: string): string | null {
  return given(readKeys(settings.configPath)?.get(key))
}

/**
 * With ZOO_DATADIR_AUTOCREATE_DISABLE, a directory that is missing stops every verb: an empty disk mounted by mistake
 * must not look like an empty server. True when all is there.
 */
export function checkDataDirectories(settings: LaunchSettings, surroundings: Surroundings): boolean {
  if (!isAutocreateDisabled(surroundings)) return true
  for (const [key, name] of [
    ['dataDir', 'data'],
    ['dataLogDir', 'txnlog'],
  ] as const) {
    const directory = configured(settings, key)
    if (directory === null || existsSync(join(directory, 'version-2'))) continue
    surroundings.out(`ZooKeeper ${name} directory is missing at ${directory} fix the path or run initialize\n`)
    return false
  }
  return true
}

/** Where the output of a server in the background goes. */
export function outputFile(settings: LaunchSettings, surroundings: Surroundings): string {
  const { environment } = surroundings
  return `${settings.logDirectory}/zookeeper-${environment['USER'] ?? ''}-server-${environment['HOSTNAME'] ?? hostname()}.out`
}

/** The command line of a server: program, options of the runtime, arguments. */
export function serverCommandLine(settings: LaunchSettings, surroundings: Surroundings): [program: string, ...args: string[]] {
  const main = fileURLToPath(new URL('../bundle/main.js', import.meta.url))
  const properties = isAutocreateDisabled(surroundings) ? ['-Dzookeeper.datadir.autocreate=false'] : []
  return [process.execPath, ...nodeFlags(surroundings.environment), main, 'serve', ...properties, settings.configPath]
}

/** Options of the runtime: those of NODE_FLAGS, and the heap in MB that ZK_SERVER_HEAP asks for. */
export function nodeFlags(environment: Surroundings['environment']): string[] {
  const flags = (environment['NODE_FLAGS'] ?? '').split(/\s+/).filter((flag) => flag !== '')
  const heap = given(environment['ZK_SERVER_HEAP'])
  return heap === null ? flags : [...flags, `--max-old-space-size=${heap}`]
}

/** True when the environment forbids to create data directories. */
export function isAutocreateDisabled(surroundings: Surroundings): boolean {
  return given(surroundings.environment['ZOO_DATADIR_AUTOCREATE_DISABLE']) !== null
}

/** The shell launchers say where they are. Without them it is the directory above this package's, when that has launchers. */
function installationPrefix(environment: Surroundings['environment']): string {
  const binDirectory = given(environment['ZOOBINDIR'])
  if (binDirectory !== null) return `${binDirectory}/..`
  const root = fileURLToPath(new URL('../../../..', import.meta.url))
  return existsSync(join(root, 'bin', 'zkServer.sh')) ? root.replace(/\/$/, '') : '.'
}

function defaultConfigDirectory(prefix: string): string {
  const usual = `${prefix}/conf`
  return existsSync(usual) ? usual : `${prefix}/etc/zookeeper`
}

/** An empty variable is an unset one. */
export function given(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === '' ? null : text
}
