import { readFileSync } from 'node:fs'
import { NodeDisk } from '@tskeeper/server/tools'
import { CommandError } from '../command-error.ts'
import type { Surroundings } from '../surroundings.ts'
import { configured, given, type LaunchSettings } from './launch-settings.ts'

/** The file with the server's process id; null when the configuration names no data directory. Its directory is created. */
export function locatePidFile(settings: LaunchSettings, surroundings: Surroundings): string | null {
  const explicit = given(surroundings.environment['ZOOPIDFILE'])
  const dataDir = configured(settings, 'dataDir')
  if (explicit === null && dataDir === null) return null
  const path = explicit ?? `${dataDir}/zookeeper_server.pid`
  const directory = path.slice(0, Math.max(path.lastIndexOf('/'), 0))
  if (directory !== '') new NodeDisk().makeDirectory(directory)
  return path
}

/** The process id in the file; null when there is no file. Throws a `CommandError` when the file holds something else. */
export function readPid(path: string): number | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  // 0 and negative numbers would reach whole groups of processes.
  if (/^[1-9]\d*\s*$/.test(text)) return Number(text)
  throw new CommandError(`${path} does not hold a process id: remove it when no server runs`)
}

/** True when there is such a process, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
