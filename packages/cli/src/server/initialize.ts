// Makes empty data directories, and marks them as meant to be empty: with `db.autocreate=false` a server votes with an
// empty tree only when it finds the file `initialize`.

import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { NodeDisk } from '@tskeeper/server/tools'
import { CommandError } from '../command-error.ts'
import type { Surroundings } from '../surroundings.ts'
import { configured, type LaunchSettings, readKeys, readLaunchSettings } from './launch-settings.ts'
import { isAlive, locatePidFile, readPid } from './pid-file.ts'

const USAGE = `Usage: %s [--configfile=FILE] [--myid=N] [--force] [-h|--help]
  --configfile  configuration file that names the directories
  --myid        id of this server in its ensemble, for the file myid
  --force       remove the data that are there
`

/** `zkServer-initialize.sh`: the first argument is the script as it was called. */
export async function runInitializeScript(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const [script = 'zkServer-initialize.sh', ...rest] = args
  return initialize(rest, null, script, surroundings)
}

/** `zkServer.sh init` and `tskeeper server init`; the configuration may also be given as a plain argument. */
export async function runInitialize(
  args: readonly string[],
  configDirectory: string | null,
  surroundings: Surroundings,
): Promise<number> {
  return initialize(args, configDirectory, 'tskeeper server init', surroundings)
}

interface Options {
  readonly configFile: string | null
  readonly myId: number | null
  readonly isForced: boolean
}

function initialize(
  args: readonly string[],
  configDirectory: string | null,
  program: string,
  surroundings: Surroundings,
): number {
  const options = parseOptions(args, surroundings)
  if (options === null) {
    surroundings.out(USAGE.replace('%s', program))
    return 1
  }
  const settings = readLaunchSettings({ configDirectory, configFile: options.configFile }, surroundings)
  if (readKeys(settings.configPath) === null) return refuse(`Unable to find config file at ${settings.configPath}`, surroundings)
  const dataDir = configured(settings, 'dataDir')
  if (dataDir === null) return refuse(`Unable to determine dataDir from ${settings.configPath}`, surroundings)
  const dataLogDir = configured(settings, 'dataLogDir') ?? dataDir
  if (isServerRunning(settings, surroundings))
    return refuse('The server is running: stop it before its data are removed', surroundings)
  if (options.isForced) surroundings.out('Force enabled, data/txnlog directories will be re-initialized\n')
  else if (existsSync(join(dataDir, 'version-2'))) return refuse(occupied('data', dataDir), surroundings)
  else if (existsSync(join(dataLogDir, 'version-2'))) return refuse(occupied('txnlog', dataLogDir), surroundings)

  rmSync(join(dataDir, 'myid'), { force: true })
  for (const directory of new Set([dataDir, dataLogDir])) {
    rmSync(join(directory, 'version-2'), { recursive: true, force: true })
    new NodeDisk().makeDirectory(join(directory, 'version-2'))
  }
  if (options.myId === null) {
    surroundings.out(`No myid provided, be sure to specify it in ${dataDir}/myid if using non-standalone\n`)
  } else {
    surroundings.out(`Using myid of ${options.myId}\n`)
    writeFileSync(join(dataDir, 'myid'), `${options.myId}\n`)
  }
  writeFileSync(join(dataDir, 'initialize'), '')
  return 0
}

/** Null for a call for help, and for arguments that cannot be used, which are named. */
function parseOptions(args: readonly string[], surroundings: Surroundings): Options | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        configfile: { type: 'string' },
        myid: { type: 'string' },
        force: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) return null
    const myId = values.myid === undefined ? null : Number(values.myid)
    if (myId !== null && !/^\d+$/.test(values.myid ?? ''))
      throw new CommandError(`--myid must be a whole number, not ${values.myid}`)
    return { configFile: values.configfile ?? positionals[0] ?? null, myId, isForced: values.force === true }
  } catch (error) {
    surroundings.error(`${error instanceof Error ? error.message : String(error)}\n`)
    return null
  }
}

function isServerRunning(settings: LaunchSettings, surroundings: Surroundings): boolean {
  const pidFile = locatePidFile(settings, surroundings)
  const pid = pidFile === null ? null : readPid(pidFile)
  return pid !== null && isAlive(pid)
}

function occupied(name: string, directory: string): string {
  return `ZooKeeper ${name} directory already exists at ${directory} (or use --force to force re-initialization)`
}

function refuse(text: string, surroundings: Surroundings): number {
  surroundings.out(`${text}\n`)
  return 1
}
