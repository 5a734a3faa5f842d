// What a command of the shell is: a row of a table with its options, and a function that asks the server and answers with a value. How the
// value gets to the person, as text or as JSON, is not the command's business.

import type { OperationOptions, WatchFn, ZooKeeper } from '@tskeeper/client'
import { validatePath } from '@tskeeper/protocol'
import type { Surroundings } from '../surroundings.ts'
import type { OptionSpec, ParsedWords } from './option-parser.ts'
import { ShellError } from './shell-error.ts'
import type { JsonValue } from './text/json-values.ts'

/** What a command has to say when it is done. */
export interface Answer {
  /** Lines for stdout. */
  readonly out?: readonly string[]
  /** Lines for stderr. Some good news go there, by tradition. */
  readonly err?: readonly string[]
  /** All of it, for programs. */
  readonly json: JsonValue
  /** 0 unless said otherwise. */
  readonly exitCode?: number
}

/** What a command may use. */
export interface CommandContext {
  /** The session's client; throws when the session is over. */
  readonly client: ZooKeeper
  /** For every operation: Ctrl-C takes it back. */
  readonly operation: OperationOptions
  readonly signal: AbortSignal
  /** The one callback of all watches that commands leave: it prints the event. */
  readonly watcher: WatchFn
  readonly isJson: boolean
  /** Whether this command was given on the command line, so that the input is free. */
  readonly isAlone: boolean
  readonly hasColour: boolean
  readonly surroundings: Surroundings
  /** Prints a line on stdout at once, for what should be seen while the command goes on. */
  print(line: string): void
  /** Prints a line on stderr at once, also with `--json`: advice, such as that a spelling is old. */
  warn(line: string): void
  /** A client of another ensemble, for as long as the command runs. */
  connectTo(connectString: string): Promise<ZooKeeper>
}

/** Runs a command. */
export type RunCommand = (call: CommandCall, context: CommandContext) => Promise<Answer>

/** A row of the table of commands. */
export interface ShellCommand {
  readonly name: string
  /** What stands behind the name in the usage text. */
  readonly synopsis: string
  /** What it does, for `help <command>`. */
  readonly purpose: string
  readonly options: readonly OptionSpec[]
  /** With fewer words than this, the usage is printed and nothing is done. */
  readonly wordsMin: number
  readonly wordsMax?: number
  /** Whether the usage line is followed by the table of options. */
  readonly hasOptionTable?: boolean
  /** Not among the commands that other releases have: left out of the usage text that scripts know. */
  readonly isExtra?: boolean
  readonly run: RunCommand
}

/** A command with its words and options. */
export class CommandCall {
  readonly command: ShellCommand
  readonly words: readonly string[]
  readonly #options: ReadonlyMap<string, string>

  constructor(command: ShellCommand, parsed: ParsedWords) {
    this.command = command
    this.words = parsed.words
    this.#options = parsed.options
  }

  /** The first word, as it was typed. */
  get rawPath(): string {
    return this.words[0] ?? ''
  }

  /** The first word as a valid path. */
  get path(): string {
    return validPath(this.rawPath)
  }

  has(option: string): boolean {
    return this.#options.has(option)
  }

  value(option: string): string | null {
    return this.#options.get(option) ?? null
  }

  /** The value as a whole number of 32 bits; the usage is shown when it is none. */
  int(option: string): number | null {
    const text = this.value(option)
    return text === null ? null : this.intOf(text)
  }

  /** A word as a whole number of 32 bits; the usage is shown when it is none. */
  intOf(text: string): number {
    const value = Number(text)
    if (!/^[+-]?\d+$/.test(text) || value !== (value | 0)) throw this.usage()
    return value
  }

  /** The failure of a command that was given the wrong words. */
  usage(): ShellError {
    return new ShellError(usageLines(this.command).join('\n'))
  }
}

/** The usage line, and the options where they belong to it. */
export function usageLines(command: ShellCommand): string[] {
  const line = `${command.name} ${command.synopsis}`
  return command.hasOptionTable === true ? [line, ...optionLines(command)] : [line]
}

/** The table of options, in alphabetical order. */
export function optionLines(command: ShellCommand): string[] {
  const names = command.options.map((option) => `-${option.name}${option.value === undefined ? '' : ' <arg>'}`)
  const width = Math.max(0, ...names.map((name) => name.length))
  return command.options
    .map((option, index) => ` ${(names[index] ?? '').padEnd(width)}   ${option.help}`)
    .sort((left, right) => (left.toLowerCase() < right.toLowerCase() ? -1 : 1))
}

/** The path, or the refusal that says what is wrong with it. */
export function validPath(path: string): string {
  const problem = validatePath(path)
  if (problem !== null) throw new ShellError(problem, { code: 'BAD_ARGUMENTS', path })
  return path
}

/** `[a, b]`. */
export function listText(items: readonly string[]): string {
  return `[${items.join(', ')}]`
}
