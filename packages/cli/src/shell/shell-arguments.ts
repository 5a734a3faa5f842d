// The words behind `zkCli.sh`: options first, then perhaps one command.

/** How the shell was called. */
export interface ShellArguments {
  /** Connect string: servers with commas between, and perhaps a path that stands for the root. */
  readonly servers: string
  readonly sessionTimeoutMs: number
  /** Whether a server that only answers reads will do. */
  readonly isReadOnlyAllowed: boolean
  readonly waitsForConnection: boolean
  /** A properties file with the settings of TLS. */
  readonly configurationFile: string | null
  readonly isJson: boolean
  /** Whether the prompt is printed even when nobody types. */
  readonly hasPrompt: boolean
  readonly isHelpWanted: boolean
  /** The command to run alone, in words; null for a session. */
  readonly command: readonly string[] | null
  /** What was wrong and is told, though the shell goes on. */
  readonly complaints: readonly string[]
}

const DEFAULT_SERVERS = 'localhost:2181'
const DEFAULT_SESSION_TIMEOUT_MS = 30_000

const flags: ReadonlySet<string> = new Set(['-r', '-waitforconnection', '--json', '--prompt', '--help'])
const valued: ReadonlySet<string> = new Set(['-server', '-timeout', '-client-configuration'])

/** Sorts the words out. An option that nobody knows is passed over, as it always was. */
export function readShellArguments(args: readonly string[]): ShellArguments {
  const values = new Map<string, string>()
  const complaints: string[] = []
  let at = 0
  for (; at < args.length; at++) {
    const word = args[at] ?? ''
    if (!word.startsWith('-')) break
    if (flags.has(word)) values.set(word, '')
    else if (valued.has(word)) {
      const value = args[++at]
      if (value === undefined) complaints.push(`Error: no argument found for option ${word}`)
      else values.set(word, value)
    }
  }
  const timeout = values.get('-timeout')
  const hasTimeout = timeout !== undefined && /^\d{1,9}$/.test(timeout)
  if (timeout !== undefined && !hasTimeout) complaints.push(`Error: -timeout is a number of milliseconds, not ${timeout}`)
  return {
    servers: values.get('-server') ?? DEFAULT_SERVERS,
    sessionTimeoutMs: hasTimeout ? Number(timeout) : DEFAULT_SESSION_TIMEOUT_MS,
    isReadOnlyAllowed: values.has('-r'),
    waitsForConnection: values.has('-waitforconnection'),
    configurationFile: values.get('-client-configuration') ?? null,
    isJson: values.has('--json'),
    hasPrompt: values.has('--prompt'),
    isHelpWanted: values.has('--help'),
    command: at < args.length ? args.slice(at) : null,
    complaints,
  }
}

/** How many servers a connect string names. */
export function serverCount(servers: string): number {
  const slash = servers.indexOf('/')
  const hosts = (slash < 0 ? servers : servers.slice(0, slash)).split(',')
  return Math.max(1, hosts.filter((host) => host.trim() !== '').length)
}
