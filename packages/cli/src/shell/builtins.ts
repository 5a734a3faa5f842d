// Commands that the shell answers by itself: they are about the session and the shell, not about nodes.

import { type Answer, type CommandCall, optionLines, type ShellCommand } from './command.ts'
import { serverCommands } from './command-table.ts'
import type { History } from './history.ts'
import { ShellError } from './shell-error.ts'

/** What these commands do with the shell. */
export interface ShellControl {
  readonly history: History
  /** Whether events are printed. */
  printsWatches: boolean
  open(servers: string | undefined): Promise<void>
  close(): Promise<void>
  quit(): Promise<void>
  /** Runs a line again; gives its exit code. */
  runLine(line: string): Promise<number>
}

/** A row of the table: as for commands that ask a server, but for what it runs with. */
export interface Builtin extends Omit<ShellCommand, 'run' | 'options'> {
  /** Whether it needs a session that is not over. Those that do not may say that there is none, too. */
  readonly needsSession: boolean
  /** Whether it says `Not connected`, besides what it does, when there is none. */
  readonly tellsSession?: boolean
  readonly run: (call: CommandCall, shell: ShellControl) => Promise<Answer>
}

export const builtins: readonly Builtin[] = [
  {
    name: 'close',
    synopsis: '',
    purpose: 'Ends the session. The shell goes on; `connect` begins another one.',
    wordsMin: 0,
    needsSession: true,
    run: async (_call, shell) => {
      await shell.close()
      return { json: {} }
    },
  },
  {
    name: 'connect',
    synopsis: 'host:port',
    purpose: 'Ends the session and begins a new one, with the same servers unless others are named.',
    wordsMin: 0,
    needsSession: false,
    run: async (call, shell) => {
      await shell.open(call.words[0])
      return { json: {} }
    },
  },
  {
    name: 'help',
    synopsis: 'command',
    purpose: 'Explains a command.',
    wordsMin: 1,
    isExtra: true,
    needsSession: false,
    run: help,
  },
  {
    name: 'history',
    synopsis: '',
    purpose: 'Prints the last lines that were entered, with their numbers.',
    wordsMin: 0,
    needsSession: false,
    tellsSession: true,
    run: async (_call, { history }) => {
      const entries = history.recent()
      return {
        out: entries.map(({ number, line }) => `${number} - ${line}`),
        json: { history: entries.map((entry) => ({ ...entry })) },
      }
    },
  },
  {
    name: 'printwatches',
    synopsis: 'on|off',
    purpose: 'Says whether events are printed, or switches that.',
    wordsMin: 0,
    needsSession: false,
    tellsSession: true,
    run: printWatches,
  },
  {
    name: 'quit',
    synopsis: '',
    purpose: 'Ends the session and the shell, with the exit code of the last command.',
    wordsMin: 0,
    needsSession: false,
    run: async (_call, shell) => {
      await shell.quit()
      return { json: {} }
    },
  },
  {
    name: 'redo',
    synopsis: 'cmdno',
    purpose: 'Runs the line with this number of the history again.',
    wordsMin: 0,
    needsSession: false,
    run: redo,
  },
  {
    name: 'version',
    synopsis: '',
    purpose: 'Prints the version of this program.',
    wordsMin: 0,
    wordsMax: 0,
    needsSession: false,
    run: version,
  },
]

/** The text that unknown words are answered with. Commands that only this shell has are left out: scripts know the text by heart. */
export function usageText(): string[] {
  const commands = [...serverCommands, ...builtins].filter((command) => command.isExtra !== true)
  const lines = commands.map((command) => `\t${command.name} ${command.synopsis}`).sort()
  return ['ZooKeeper -server host:port -client-configuration properties-file cmd args', ...lines]
}

/** Names of the commands that only this shell has. */
export function extraNames(): string[] {
  return [...serverCommands, ...builtins]
    .filter((command) => command.isExtra === true)
    .map((command) => command.name)
    .sort()
}

/** Every name that can be typed, but for older spellings. */
export function commandNames(): string[] {
  return [...serverCommands, ...builtins].map((command) => command.name).sort()
}

async function help(call: CommandCall): Promise<Answer> {
  const name = call.words[0] ?? ''
  const command = [...serverCommands, ...builtins].find((candidate) => candidate.name === name)
  if (command === undefined)
    throw new ShellError(`Command not found: Command not found ${name}`, { code: 'NO_COMMAND', exitCode: 127 })
  const options = 'options' in command ? optionLines(command) : []
  const lines = [`${name} ${command.synopsis}`, command.purpose, ...options]
  return { out: lines, json: { name, synopsis: command.synopsis, purpose: command.purpose } }
}

async function printWatches(call: CommandCall, shell: ShellControl): Promise<Answer> {
  const [wanted] = call.words
  const json = (): Answer['json'] => ({ printwatches: shell.printsWatches })
  if (wanted === undefined) return { out: [`printwatches is ${shell.printsWatches ? 'on' : 'off'}`], json: json() }
  shell.printsWatches = wanted === 'on'
  return { json: json() }
}

async function redo(call: CommandCall, shell: ShellControl): Promise<Answer> {
  const [text] = call.words
  if (text === undefined) return { json: null }
  const line = shell.history.redo(call.intOf(text), (entered) => entered.trim().split(/\s+/)[0] === 'redo')
  return { json: null, exitCode: await shell.runLine(line) }
}

async function version(): Promise<Answer> {
  // The rest of the server is not needed for a shell, so its version is asked for only here.
  const { BUILT_ON, COMPATIBLE_RELEASE, SERVER_VERSION } = await import('@tskeeper/server/tools')
  const name = `${COMPATIBLE_RELEASE}-tskeeper.${SERVER_VERSION}`
  return {
    out: [`ZooKeeper CLI version: ${name}, built on ${BUILT_ON} UTC`],
    json: { version: SERVER_VERSION, follows: COMPATIBLE_RELEASE },
  }
}
