// The words after `tskeeper`. Each command is imported when it is called for: starting a server is one of them,
// and what the others need must not cost it time or memory.

import { CommandError } from './command-error.ts'
import { EXIT_NOT_FOUND } from './exit-codes.ts'
import type { Surroundings } from './surroundings.ts'

/** Runs a command and gives the exit code of the process. */
type Run = (args: readonly string[], surroundings: Surroundings) => Promise<number>

interface Command {
  readonly name: string
  /** Arguments and purpose for the help, or null for commands that only the shell scripts call. */
  readonly help: { readonly usage: string; readonly purpose: string } | null
  readonly load: () => Promise<Run>
}

const commands: readonly Command[] = [
  {
    name: 'server',
    help: {
      usage: 'server start|start-foreground|stop|restart|status|print-cmd|version|init [config]',
      purpose: 'control a server, as bin/zkServer.sh does',
    },
    load: async () => (await import('./server/server-command.ts')).runServerCommand,
  },
  {
    name: 'serve',
    help: { usage: 'serve config | --quickstart', purpose: 'be a server: nothing but its own log on the output' },
    load: async () => {
      const { runServer } = await import('@tskeeper/server/main')
      return (args) => runServer(args)
    },
  },
  {
    name: 'shell',
    help: {
      usage: 'shell [-server host:port,...] [command words...]',
      purpose: 'look at and change nodes, as bin/zkCli.sh does',
    },
    load: async () => (await import('./shell/shell-command.ts')).runShell,
  },
  {
    name: 'ensemble',
    help: {
      usage: 'ensemble [--servers 3] [--observers 0] [--dir directory] [--base-port 2181]',
      purpose: 'run an ensemble on this machine until Ctrl-C',
    },
    load: async () => (await import('./ensemble/ensemble-command.ts')).runEnsemble,
  },
  {
    name: 'cleanup',
    help: { usage: 'cleanup -n count [config]', purpose: 'remove snapshots and logs that are no longer needed' },
    load: async () => (await import('./cleanup.ts')).runCleanup,
  },
  {
    name: 'version',
    help: { usage: 'version', purpose: 'print the version' },
    load: async () => (await import('./version.ts')).printVersion,
  },
  { name: 'ensemble-member', help: null, load: async () => (await import('./ensemble/ensemble-member.ts')).runEnsembleMember },
  { name: 'zkCli', help: null, load: async () => (await import('./shell/shell-command.ts')).runShell },
  { name: 'zkServer', help: null, load: async () => (await import('./server/server-command.ts')).runServerScript },
  { name: 'zkServer-initialize', help: null, load: async () => (await import('./server/initialize.ts')).runInitializeScript },
  { name: 'zkCleanup', help: null, load: async () => (await import('./cleanup.ts')).runCleanup },
]

/** Finds the command that the first word names and runs it with the rest. */
export async function runCommand(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    surroundings.out(helpText())
    return 0
  }
  const wanted = name === '--version' ? 'version' : name
  const command = commands.find((candidate) => candidate.name === wanted)
  if (command === undefined) return refuse(name, surroundings)
  const run = await command.load()
  try {
    return await run(rest, surroundings)
  } catch (error) {
    surroundings.error(`${describe(error)}\n`)
    return 1
  }
}

async function refuse(name: string, surroundings: Surroundings): Promise<number> {
  const { nearestName } = await import('./nearest-name.ts')
  const meant = nearestName(
    name,
    visible().map((command) => command.name),
  )
  surroundings.error(`There is no command ${name}.${meant === null ? '' : ` Did you mean ${meant}?`} See tskeeper --help.\n`)
  return EXIT_NOT_FOUND
}

function helpText(): string {
  const rows = visible().map(({ help }) => `  tskeeper ${help.usage}\n      ${help.purpose}\n`)
  return `A coordination service for everything that speaks to ZooKeeper.\n\n${rows.join('')}`
}

function visible(): (Command & { readonly help: NonNullable<Command['help']> })[] {
  return commands.flatMap((command) => (command.help === null ? [] : [{ ...command, help: command.help }]))
}

/** Failures of the system (a file that cannot be written) explain themselves; mistakes of the program show where they are. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error instanceof CommandError || 'code' in error ? error.message : (error.stack ?? error.message)
}
