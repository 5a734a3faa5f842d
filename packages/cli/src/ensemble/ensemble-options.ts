import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CommandError } from '../command-error.ts'

/** How `tskeeper ensemble` was called. */
export interface EnsembleArguments {
  readonly servers: number
  readonly observers: number
  /** Null for a temporary directory. */
  readonly directory: string | null
  readonly basePort: number
}

export const ENSEMBLE_USAGE = `Usage: tskeeper ensemble [--servers N] [--observers N] [--dir DIRECTORY] [--base-port PORT]
  --servers    members that vote, 3 unless said otherwise
  --observers  members that serve without a vote, none unless said otherwise
  --dir        where data, configurations and logs are kept; unless given, a temporary directory that is removed at the end
  --base-port  client port of the first member, 2181 unless said otherwise; the other members' follow, and those between the
               members are 707 and 1707 above
`

const DEFAULT_SERVERS = 3
const DEFAULT_BASE_PORT = 2181

/** Null when help is wanted. Throws a `CommandError` for what it does not understand. */
export function readEnsembleArguments(args: readonly string[], workingDirectory: string): EnsembleArguments | null {
  const values = parse(args)
  if (values.help === true) return null
  return {
    servers: wholeNumber('--servers', values.servers, DEFAULT_SERVERS),
    observers: wholeNumber('--observers', values.observers, 0),
    directory: values.dir === undefined ? null : resolve(workingDirectory, values.dir),
    basePort: wholeNumber('--base-port', values['base-port'], DEFAULT_BASE_PORT),
  }
}

interface Values {
  readonly servers?: string | undefined
  readonly observers?: string | undefined
  readonly dir?: string | undefined
  readonly 'base-port'?: string | undefined
  readonly help?: boolean | undefined
}

function parse(args: readonly string[]): Values {
  const text = { type: 'string' } as const
  const options = { servers: text, observers: text, dir: text, 'base-port': text, help: { type: 'boolean', short: 'h' } } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (cause) {
    throw new CommandError(cause instanceof Error ? cause.message : String(cause))
  }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (!/^\d{1,6}$/.test(text)) throw new CommandError(`${name} must be a whole number, not ${text}`)
  return Number(text)
}
