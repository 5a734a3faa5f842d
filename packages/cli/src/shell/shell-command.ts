// `tskeeper shell` and bin/zkCli.sh: joins the parts, and runs one command or a session.

import type { ClientOptions } from '@tskeeper/client'
import type { Surroundings } from '../surroundings.ts'
import { commandNames } from './builtins.ts'
import { completeLine } from './completion.ts'
import { Shell } from './shell.ts'
import { readShellArguments, type ShellArguments } from './shell-arguments.ts'
import { ShellError } from './shell-error.ts'
import { ShellSession } from './shell-session.ts'
import { InteractiveTerminal, PlainTerminal, type Terminal, type TerminalOptions } from './terminal.ts'

/** A person who pressed Tab does not wait longer for names. */
const COMPLETION_TIMEOUT_MS = 2_000

const HELP = `tskeeper shell [-server host:port,...[/path]] [-timeout ms] [-r] [-waitforconnection]
               [-client-configuration file] [--json] [--prompt] [command words...]

With a command, runs it alone and ends with its exit code; without, reads commands from the input.
  -server               servers with commas between, and perhaps a path that stands for the root; localhost:2181
  -timeout              session time-out in milliseconds; 30000
  -r                    a server that only answers reads will do
  -waitforconnection    wait for a connection before anything else
  -client-configuration properties file with zookeeper.client.secure and zookeeper.ssl.* (PEM files)
  --json                answers and events are JSON, one value a line; also behind any single command
  --prompt              print the prompt even when the input is not a terminal
`

/** Runs the shell; gives its exit code. */
export async function runShell(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const parsed = readShellArguments(args)
  if (parsed.isHelpWanted) {
    surroundings.out(HELP)
    return 0
  }
  for (const complaint of parsed.complaints) surroundings.error(`${complaint}\n`)
  try {
    const client = await clientOptions(parsed, surroundings)
    return await new ShellRun(parsed, client, surroundings).run()
  } catch (error) {
    if (!(error instanceof ShellError)) throw error
    surroundings.error(`${error.message}\n`)
    return error.exitCode
  }
}

async function clientOptions(parsed: ShellArguments, surroundings: Surroundings): Promise<ClientOptions> {
  const base: ClientOptions = { sessionTimeoutMs: parsed.sessionTimeoutMs, readOnly: parsed.isReadOnlyAllowed }
  const { CLIENT_JVMFLAGS: clientFlags, JVMFLAGS: flags } = surroundings.environment
  const hasSettings = parsed.configurationFile !== null || `${clientFlags} ${flags}`.includes('-D')
  if (!hasSettings) return base
  const { readClientConfiguration } = await import('./client-configuration.ts')
  return { ...base, ...(await readClientConfiguration(parsed.configurationFile, surroundings)) }
}

/** One run of the program, from its first line of output to its exit code. */
class ShellRun {
  readonly #parsed: ShellArguments
  readonly #session: ShellSession
  readonly #terminal: Terminal
  readonly #shell: Shell

  constructor(parsed: ShellArguments, client: ClientOptions, surroundings: Surroundings) {
    this.#parsed = parsed
    const isAlone = parsed.command !== null
    const isPersonHere = !isAlone && process.stdin.isTTY && process.stdout.isTTY
    // A terminal that cannot move its cursor gets the prompt and nothing else.
    const isInteractive = isPersonHere && surroundings.environment['TERM'] !== 'dumb'
    this.#session = new ShellSession({
      servers: parsed.servers,
      client,
      patienceMs: parsed.sessionTimeoutMs,
      onEvent: (event) => this.#shell.showEvent(event),
      onChange: () => this.#terminal.refreshPrompt(),
    })
    const options: TerminalOptions = {
      surroundings,
      prompt: () => this.#shell.prompt(),
      complete: (line) => completeLine(line, { commandNames: commandNames(), children: (path) => this.#children(path) }),
      onInterrupt: () => this.#shell.interrupt(),
    }
    this.#terminal = isInteractive
      ? new InteractiveTerminal(options, { input: process.stdin, output: process.stdout, isErrorHere: process.stderr.isTTY })
      : new PlainTerminal(options, (parsed.hasPrompt || isPersonHere) && !isAlone)
    this.#shell = new Shell({
      session: this.#session,
      output: this.#terminal,
      surroundings,
      isJson: parsed.isJson,
      hasColour: isInteractive && hasColours(surroundings.environment),
      isInteractive: process.stderr.isTTY,
      isAlone,
    })
  }

  async run(): Promise<number> {
    const { command, waitsForConnection, servers, isJson } = this.#parsed
    if (!isJson) this.#terminal.out(`Connecting to ${servers}\n`)
    try {
      await this.#session.open()
      if (waitsForConnection) await this.#session.waitForConnection(new AbortController().signal)
      return await (command === null ? this.#converse() : this.#runAlone(command))
    } finally {
      // Only `quit` tells the session's last event: at the end of the input nobody asked for it.
      this.#shell.printsWatches = false
      await this.#session.close()
      this.#terminal.close()
    }
  }

  /** Reads and runs lines until the end of the input or `quit`. */
  async #converse(): Promise<number> {
    if (!this.#parsed.isJson)
      this.#terminal.out(`Welcome to ZooKeeper!\nJLine support is ${process.stdin.isTTY ? 'enabled' : 'disabled'}\n`)
    while (!this.#shell.isOver) {
      const line = await this.#terminal.nextLine()
      if (line === null) break
      await this.#shell.enter(line)
    }
    return this.#shell.exitCode
  }

  async #runAlone(command: readonly string[]): Promise<number> {
    const interrupt = (): void => this.#shell.interrupt()
    process.once('SIGINT', interrupt)
    const exitCode = await this.#shell.run(command)
    process.off('SIGINT', interrupt)
    return exitCode
  }

  async #children(path: string): Promise<readonly string[]> {
    if (!this.#session.isAlive) return []
    return this.#session.client.children(path, { deadlineMs: COMPLETION_TIMEOUT_MS })
  }
}

/** Colours are for people who have not said no: see no-color.org. */
export function hasColours(environment: Surroundings['environment']): boolean {
  const { NO_COLOR: no, TERM: term } = environment
  return (no === undefined || no === '') && term !== 'dumb'
}
