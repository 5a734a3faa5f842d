// Files in memory and a log that remembers, for the tests of the configuration.

import { dirname } from 'node:path'
import { type ConfigSources, configFromProperties, loadConfig } from '../../src/config/load-config.ts'
import type { ServerConfig } from '../../src/config/server-config.ts'
import type { Logger } from '../../src/logger.ts'
import { MemoryDisk } from '../../src/runtime/memory-disk.ts'
import { StartupError } from '../../src/startup-error.ts'
import { RecordingLogger } from '../recording-logger.ts'

export interface Loaded {
  readonly config: ServerConfig
  readonly log: RecordingLogger
}

export interface Given {
  /** Further files by absolute path. */
  readonly files?: Readonly<Record<string, string>>
  readonly properties?: Readonly<Record<string, string>>
}

/** Loads `/srv/conf/zoo.cfg` with this text, as the server does, from the working directory `/srv`. */
export function load(text: string, given: Given = {}): Loaded {
  return loadPath('/srv/conf/zoo.cfg', { ...given, files: { '/srv/conf/zoo.cfg': text, ...given.files } })
}

export function loadPath(path: string, given: Given): Loaded {
  const log = new RecordingLogger()
  return { config: loadConfig(path, sources(given, log)), log }
}

export function loadProperties(properties: Readonly<Record<string, string>>, given: Given = {}): Loaded {
  const log = new RecordingLogger()
  return { config: configFromProperties(new Map(Object.entries(properties)), sources(given, log)), log }
}

/** The refusal of a configuration: its exit code, its own message, and the message of its cause. */
export function refusal(attempt: () => unknown): { exitCode: number; message: string; cause: string } {
  try {
    attempt()
  } catch (error) {
    if (!(error instanceof StartupError)) throw error
    return {
      exitCode: error.exitCode,
      message: error.message,
      cause: error.cause instanceof Error ? error.cause.message : String(error.cause),
    }
  }
  throw new Error('the configuration was accepted')
}

/** The lines of a level. */
export function linesAt(log: RecordingLogger, level: 'info' | 'warn' | 'error'): string[] {
  return log.lines.filter((line) => line.startsWith(`${level} `)).map((line) => line.slice(level.length + 1))
}

function sources(given: Given, logger: Logger): ConfigSources {
  const disk = new MemoryDisk()
  for (const [path, text] of Object.entries(given.files ?? {})) {
    disk.makeDirectory(dirname(path))
    disk.writeFile(path, Buffer.from(text, 'latin1'))
  }
  return { disk, logger, workingDirectory: '/srv', properties: new Map(Object.entries(given.properties ?? {})) }
}
