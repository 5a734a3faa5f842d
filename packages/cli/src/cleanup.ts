// Removes the snapshots and logs that no kept snapshot needs. The server may run meanwhile: what it needs is newer.

import { existsSync, statSync } from 'node:fs'
import { locateDirectories, NodeDisk, purge, RETAINED_SNAPSHOTS_MIN, silentLogger } from '@tskeeper/server/tools'
import { configured, type LaunchSettings, readLaunchSettings } from './server/launch-settings.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `Usage:
PurgeTxnLog dataLogDir [snapDir] -n count
\tdataLogDir -- path to the txn log directory
\tsnapDir -- path to the snapshot directory
\tcount -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3
`

/** `-n count`, after an optional `--config directory` and before an optional configuration file. */
export async function runCleanup(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const hasDirectory = args[0] === '--config' && args[1] !== undefined
  const [flag, countText, configFile, ...more] = hasDirectory ? args.slice(2) : args
  if (flag !== '-n' || countText === undefined || more.length > 0) return refuse(null, surroundings)
  if (!/^[+-]?\d+$/.test(countText)) return refuse(`'${countText}' can not be parsed to integer.`, surroundings)
  const count = Number(countText)
  if (count < RETAINED_SNAPSHOTS_MIN) return refuse('count should be greater than or equal to 3', surroundings)
  const configDirectory = hasDirectory ? (args[1] ?? null) : null
  return cleanUp(readLaunchSettings({ configDirectory, configFile: configFile ?? null }, surroundings), count, surroundings)
}

function cleanUp(settings: LaunchSettings, count: number, surroundings: Surroundings): number {
  const dataDir = configured(settings, 'dataDir')
  if (dataDir === null) return refuse(`There is no dataDir in ${settings.configPath}`, surroundings)
  const dataLogDir = configured(settings, 'dataLogDir') ?? dataDir
  for (const directory of [dataLogDir, dataDir]) {
    if (!existsSync(directory)) return refuse(`Path '${directory}' does not exist. `, surroundings)
  }
  const { snapshotDirectory, logDirectory } = locateDirectories(dataDir, dataLogDir)
  if (!existsSync(snapshotDirectory) || !existsSync(logDirectory)) return 0
  const { failed } = purge({
    disk: new NodeDisk(),
    snapshotDirectory,
    logDirectory,
    retainCount: count,
    logger: silentLogger,
    onRemove: (path) => surroundings.out(`Removing file: ${longTime(statSync(path).mtime)}\t${path}\n`),
  })
  for (const { path } of failed) surroundings.error(`Failed to remove ${path}\n`)
  return 0
}

/** `Nov 20, 2026, 3:55:05 PM`, in the local time zone. */
function longTime(date: Date): string {
  const text = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium' }).format(date)
  // Newer locale data put a narrow blank before AM and PM.
  return text.replaceAll(/\s/g, ' ')
}

function refuse(reason: string | null, surroundings: Surroundings): number {
  if (reason !== null) surroundings.error(`${reason}\n`)
  surroundings.out(USAGE)
  return 1
}
