// `tskeeper server <verb>` and `zkServer.sh <verb>`: the same verbs, outputs and exit codes. Only a verb that does not exist is
// answered differently: the script has always printed its usage and succeeded.

import { EXIT_NOT_FOUND } from '../exit-codes.ts'
import type { Surroundings } from '../surroundings.ts'
import {
  announce,
  checkDataDirectories,
  isAutocreateDisabled,
  type LaunchSettings,
  readLaunchSettings,
} from './launch-settings.ts'

/** Runs with the files found, gives the exit code. */
type Verb = (settings: LaunchSettings, surroundings: Surroundings, args: ParsedArguments) => Promise<number>

interface ParsedArguments {
  readonly configDirectory: string | null
  /** The verb, or null for none. */
  readonly verb: string | null
  readonly configFile: string | null
  /** Everything after the verb, for verbs with options. */
  readonly rest: readonly string[]
}

const QUICKSTART = '--quickstart'
const EXPLAIN = '--explain-config'

const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>(
  Object.entries({
    start: async (settings, surroundings) => (await import('./start.ts')).start(settings, surroundings),
    'start-foreground': async (settings, surroundings) => {
      const { runServer } = await import('@tskeeper/server/main')
      const properties = isAutocreateDisabled(surroundings) ? ['-Dzookeeper.datadir.autocreate=false'] : []
      return runServer([...properties, settings.configPath])
    },
    stop: async (settings, surroundings) => (await import('./stop.ts')).stop(settings, surroundings),
    restart: async (settings, surroundings) => (await import('./restart.ts')).restart(settings, surroundings),
    status: async (settings, surroundings) => (await import('./status.ts')).status(settings, surroundings),
    'print-cmd': async (settings, surroundings) => (await import('./print-command.ts')).printCommand(settings, surroundings),
    version: async (_settings, surroundings) => {
      const { BUILT_ON, SERVER_VERSION, COMPATIBLE_RELEASE } = await import('@tskeeper/server/tools')
      surroundings.out(`Apache ZooKeeper, version ${COMPATIBLE_RELEASE}-tskeeper.${SERVER_VERSION} ${BUILT_ON} UTC\n`)
      return 0
    },
    [EXPLAIN]: async (settings) => (await import('@tskeeper/server/main')).runServer([EXPLAIN, settings.configPath]),
  } satisfies Record<string, Verb>),
)

/** What `tskeeper server` does with its arguments. */
export async function runServerCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const parsed = parseArguments(args)
  const { verb } = parsed
  if (verb === null) {
    surroundings.out(usage('tskeeper server'))
    return 0
  }
  if (verb === 'start-foreground' && parsed.rest.includes(QUICKSTART)) {
    const { runServer } = await import('@tskeeper/server/main')
    return runServer(parsed.rest)
  }
  if (verb === 'init') return (await import('./initialize.ts')).runInitialize(parsed.rest, parsed.configDirectory, surroundings)
  if (!verbs.has(verb)) {
    const { nearestName } = await import('../nearest-name.ts')
    const meant = nearestName(verb, verbs.keys())
    surroundings.error(
      `There is no server ${verb}.${meant === null ? '' : ` Did you mean server ${meant}?`}\n${usage('tskeeper server')}`,
    )
    return EXIT_NOT_FOUND
  }
  return runVerb(parsed, surroundings, 'tskeeper server')
}

/** What `zkServer.sh` does; the first argument is the script as it was called. */
export async function runServerScript(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const [script = 'zkServer.sh', ...rest] = args
  const parsed = parseArguments(rest)
  if (parsed.verb === 'init')
    return (await import('./initialize.ts')).runInitialize(parsed.rest, parsed.configDirectory, surroundings)
  return runVerb(parsed, surroundings, script)
}

async function runVerb(parsed: ParsedArguments, surroundings: Surroundings, program: string): Promise<number> {
  const settings = readLaunchSettings(parsed, surroundings)
  announce(settings, surroundings)
  if (!checkDataDirectories(settings, surroundings)) return 1
  const verb = parsed.verb === null ? undefined : verbs.get(parsed.verb)
  if (verb !== undefined) return verb(settings, surroundings, parsed)
  surroundings.error(usage(program))
  return 0
}

function parseArguments(args: readonly string[]): ParsedArguments {
  const hasDirectory = args[0] === '--config' && args[1] !== undefined
  const [verb, ...rest] = hasDirectory ? args.slice(2) : args
  return {
    configDirectory: hasDirectory ? (args[1] ?? null) : null,
    verb: verb ?? null,
    configFile: rest.find((argument) => !argument.startsWith('-')) ?? null,
    rest,
  }
}

function usage(program: string): string {
  return `Usage: ${program} [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}\n`
}
