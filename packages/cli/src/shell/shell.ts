// Runs lines: finds the command, sorts its words out, waits for a connection, and prints the answer.

import { setMaxListeners } from 'node:events'
import { EXIT_NOT_FOUND } from '../exit-codes.ts'
import type { Surroundings } from '../surroundings.ts'
import { type Builtin, builtins, extraNames, type ShellControl, usageText } from './builtins.ts'
import { type Answer, CommandCall, type CommandContext, type ShellCommand } from './command.ts'
import { olderSpellings, serverCommands } from './command-table.ts'
import { History } from './history.ts'
import { parseOptions } from './option-parser.ts'
import { ShellError } from './shell-error.ts'
import { eventText, type ShellSession, type ShownEvent } from './shell-session.ts'
import { describeFailure } from './text/error-text.ts'
import type { JsonValue } from './text/json-values.ts'
import { splitWords } from './words.ts'

/** Takes back what a command has begun when it ends. */
type Cleanup = () => Promise<void>

const JSON_WORD = '--json'

/** Where a shell prints whole lines. */
export interface ShellOutput {
  out(text: string): void
  error(text: string): void
}

export interface ShellOptions {
  readonly session: ShellSession
  readonly output: ShellOutput
  readonly surroundings: Surroundings
  /** Whether every answer and event is printed as JSON. */
  readonly isJson: boolean
  readonly hasColour: boolean
  /** Whether a person reads stderr, so that more may be said there than scripts expect. */
  readonly isInteractive: boolean
  /** Whether one command is all that is run. */
  readonly isAlone: boolean
}

export class Shell implements ShellControl {
  readonly history: History = new History()
  printsWatches = true
  readonly #options: ShellOptions
  #exitCode = 0
  #isOver = false
  #running: AbortController | null = null

  constructor(options: ShellOptions) {
    this.#options = options
  }

  /** That of the last command. */
  get exitCode(): number {
    return this.#exitCode
  }

  /** Whether `quit` was entered. */
  get isOver(): boolean {
    return this.#isOver
  }

  prompt(): string {
    const { session, hasColour } = this.#options
    const text = `[zk: ${session.servers}(${session.promptState}) ${this.history.count}] `
    if (!hasColour) return text
    const colour = session.promptState.startsWith('CONNECTED') ? '32' : '33'
    return `\u001b[${colour}m${text}\u001b[39m`
  }

  /** Takes a line as a person enters it. An empty one is nothing. */
  async enter(line: string): Promise<void> {
    if (line.trim() === '') return
    this.history.add(line)
    this.#exitCode = await this.runLine(line)
  }

  runLine(line: string): Promise<number> {
    return this.run(splitWords(line))
  }

  /** Runs one command, in words; gives its exit code. */
  async run(words: readonly string[]): Promise<number> {
    const { isJson, words: rest } = takeJson(words)
    const wantsJson = isJson || this.#options.isJson
    try {
      return await this.#dispatch(rest, wantsJson)
    } catch (error) {
      const failure = describeFailure(error, null)
      this.#printFailure(failure, wantsJson)
      return failure.exitCode
    }
  }

  /** Takes back the command that runs, if one does. */
  interrupt(): void {
    this.#running?.abort()
  }

  async open(servers: string | undefined): Promise<void> {
    await this.#options.session.open(servers)
  }

  close(): Promise<void> {
    return this.#options.session.close()
  }

  async quit(): Promise<void> {
    await this.close()
    this.#isOver = true
  }

  /** Prints an event, unless nobody wants to see them. */
  showEvent(event: ShownEvent): void {
    if (!this.printsWatches) return
    const { output, hasColour, isAlone, isJson } = this.#options
    if (isJson) {
      // What a command alone prints is its answer, for a program that reads one value.
      if (isAlone && event.path === null) return
      output.out(`${JSON.stringify({ event: { ...event, zxid: event.zxid.toString() } })}\n`)
      return
    }
    const text = eventText(event)
    output.out(hasColour ? `\u001b[2m${text.slice(0, -1)}\u001b[22m\n` : text)
  }

  async #dispatch(words: readonly string[], isJson: boolean): Promise<number> {
    const [name = '', ...rest] = this.#todaysWords(words)
    // Scripts know that help is no command; only with a word behind it it is one of ours.
    if (name === 'help' && rest.length === 0) return this.#refuse(name, isJson)
    const builtin = builtins.find((candidate) => candidate.name === name)
    if (builtin !== undefined) return this.#runBuiltin(builtin, rest, isJson)
    const command = serverCommands.find((candidate) => candidate.name === name)
    if (command === undefined) return this.#refuse(name, isJson)
    if (!this.#options.session.isAlive) return this.#tellNotConnected(isJson)
    return this.#runCommand(command, rest, isJson)
  }

  #todaysWords(words: readonly string[]): readonly string[] {
    const [name, ...rest] = words
    const older = olderSpellings.find((spelling) => spelling.name === name)
    if (older === undefined) return words
    if (older.advice !== null) this.#options.output.error(`${older.advice}\n`)
    return [...older.today, ...rest]
  }

  async #runBuiltin(builtin: Builtin, rest: readonly string[], isJson: boolean): Promise<number> {
    const { session } = this.#options
    if (builtin.needsSession && !session.isAlive) return this.#tellNotConnected(isJson)
    const row: ShellCommand = { ...builtin, options: [], run: async () => ({ json: null }) }
    const call = new CommandCall(row, { words: rest, options: new Map() })
    checkWordCount(call)
    // `quit` gives the exit code of the command before it.
    const before = this.#exitCode
    const answer = await builtin.run(call, this)
    this.#printAnswer(answer, isJson)
    if (builtin.tellsSession === true && !session.isAlive && !isJson) this.#options.output.out('Not connected\n')
    return this.#isOver ? before : (answer.exitCode ?? 0)
  }

  #refuse(name: string, isJson: boolean): number {
    const message = `Command not found: Command not found ${name}`
    const text = [...usageText(), message].join('\n')
    const hint = `Only here: ${extraNames().join(', ')}; help and one of these explains it`
    this.#printFailure(new ShellError(isJson ? message : text, { code: 'NO_COMMAND', hint }), isJson)
    return EXIT_NOT_FOUND
  }

  #tellNotConnected(isJson: boolean): number {
    const { output } = this.#options
    if (isJson) this.#printFailure(new ShellError('Not connected', { code: 'CLOSED' }), true)
    else output.out('Not connected\n')
    return 1
  }

  async #runCommand(command: ShellCommand, rest: readonly string[], isJson: boolean): Promise<number> {
    const call = new CommandCall(command, parseOptions(rest, command.options))
    checkWordCount(call)
    const path = call.rawPath === '' ? null : call.rawPath
    const running = new AbortController()
    // Each request under way listens, and some commands have many.
    setMaxListeners(0, running.signal)
    const cleanups: Cleanup[] = []
    this.#running = running
    try {
      const context = this.#context(running.signal, isJson, cleanups)
      // What needs no server has been found wrong before; everything else waits for one.
      await this.#options.session.ready(path ?? '/', running.signal)
      const answer = await command.run(call, context)
      this.#printAnswer(answer, isJson)
      return answer.exitCode ?? 0
    } catch (error) {
      throw describeFailure(error, path)
    } finally {
      this.#running = null
      await Promise.all(cleanups.map((cleanup) => cleanup()))
    }
  }

  #context(signal: AbortSignal, isJson: boolean, cleanups: Cleanup[]): CommandContext {
    const { session, output, surroundings, hasColour, isAlone } = this.#options
    return {
      client: session.client,
      operation: { signal },
      signal,
      watcher: session.watcher,
      isJson,
      isAlone,
      hasColour,
      surroundings,
      print: (line) => output.out(`${line}\n`),
      warn: (line) => output.error(`${line}\n`),
      connectTo: async (servers) => {
        const client = await session.connectTo(servers, signal)
        cleanups.push(() => client.close())
        return client
      },
    }
  }

  #printAnswer(answer: Answer, isJson: boolean): void {
    const { output } = this.#options
    if (isJson) {
      if (answer.json !== null) output.out(`${JSON.stringify(answer.json)}\n`)
      return
    }
    if (answer.err !== undefined && answer.err.length > 0) output.error(`${answer.err.join('\n')}\n`)
    if (answer.out !== undefined && answer.out.length > 0) output.out(`${answer.out.join('\n')}\n`)
  }

  #printFailure(failure: ShellError, isJson: boolean): void {
    const { output, hasColour, isInteractive } = this.#options
    const text = failure.hint === null || !isInteractive ? failure.message : `${failure.message}\n${failure.hint}`
    if (isJson) {
      const error: JsonValue = { code: failure.code, message: failure.message, path: failure.path }
      output.out(`${JSON.stringify({ error })}\n`)
    } else if (failure.code === 'CLOSED') {
      output.out(`${failure.message}\n`)
    } else {
      output.error(hasColour ? `\u001b[31m${text}\u001b[39m\n` : `${text}\n`)
    }
  }
}

function checkWordCount(call: CommandCall): void {
  const { wordsMin, wordsMax = Number.POSITIVE_INFINITY } = call.command
  if (call.words.length < wordsMin || call.words.length > wordsMax) throw call.usage()
}

/** `--json` may stand anywhere before `--`. */
function takeJson(words: readonly string[]): { readonly isJson: boolean; readonly words: readonly string[] } {
  const end = words.indexOf('--')
  const at = words.indexOf(JSON_WORD)
  if (at < 0 || (end >= 0 && at > end)) return { isJson: false, words }
  return { isJson: true, words: words.filter((_word, index) => index !== at) }
}
