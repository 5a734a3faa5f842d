// Where a shell reads its lines and prints. On a terminal the line that is being typed stands below everything that is printed: an event of a
// watch goes above it and leaves it whole.

import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline'
import type { Surroundings } from '../surroundings.ts'

/** Gives the completions of a line and the part of it that they complete. */
export type Complete = (line: string) => Promise<[string[], string]>

export interface Terminal {
  /** Prints whole lines on stdout. */
  out(text: string): void
  /** Prints whole lines on stderr. */
  error(text: string): void
  /** The next line that is entered; null at the end of the input. */
  nextLine(): Promise<string | null>
  /** The prompt has changed. */
  refreshPrompt(): void
  close(): void
}

/** What a terminal asks the shell for. */
export interface TerminalOptions {
  readonly surroundings: Surroundings
  readonly prompt: () => string
  readonly complete: Complete
  /** Ctrl-C while a command runs. */
  readonly onInterrupt: () => void
}

/** Where a person sits. */
export interface TerminalStreams {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** Whether stderr is the same screen. */
  readonly isErrorHere: boolean
}

/** Lines from a pipe or file: no editing, and no prompt unless it is wanted. */
export class PlainTerminal implements Terminal {
  readonly #options: TerminalOptions
  readonly #hasPrompt: boolean
  readonly #lines: LineQueue = new LineQueue()
  #interface: Interface | null = null

  constructor(options: TerminalOptions, hasPrompt: boolean) {
    this.#options = options
    this.#hasPrompt = hasPrompt
  }

  out(text: string): void {
    this.#options.surroundings.out(text)
  }

  error(text: string): void {
    this.#options.surroundings.error(text)
  }

  nextLine(): Promise<string | null> {
    // The input is not touched before it is wanted: a command alone leaves it to others.
    this.#interface ??= this.#open()
    if (this.#hasPrompt) this.out(this.#options.prompt())
    return this.#lines.next()
  }

  refreshPrompt(): void {}

  close(): void {
    this.#interface?.close()
  }

  #open(): Interface {
    const lines = createInterface({ input: process.stdin, terminal: false, crlfDelay: Number.POSITIVE_INFINITY })
    lines.on('line', (line) => this.#lines.push(line))
    lines.on('close', () => this.#lines.end())
    return lines
  }
}

const HINT = 'quit or Ctrl-D ends the shell; so does Ctrl-C once more\n'

/** A person at a terminal: line editing, recall by the arrow keys, completion. */
export class InteractiveTerminal implements Terminal {
  readonly #options: TerminalOptions
  readonly #editor: Interface
  readonly #streams: TerminalStreams
  readonly #lines: LineQueue = new LineQueue()
  /** Whether the prompt stands on the screen. */
  #isAsking = false
  #wasInterrupted = false
  #isClosed = false

  constructor(options: TerminalOptions, streams: TerminalStreams) {
    this.#options = options
    this.#streams = streams
    this.#editor = createInterface({
      input: streams.input,
      output: streams.output,
      terminal: true,
      historySize: 500,
      prompt: '',
      completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
        options.complete(line).then(
          (result) => done(null, result),
          () => done(null, [[], line]),
        )
      },
    })
    this.#editor.on('line', (line) => {
      this.#wasInterrupted = false
      this.#isAsking = false
      this.#editor.setPrompt('')
      this.#lines.push(line)
    })
    this.#editor.on('close', () => this.#leave())
    this.#editor.on('SIGINT', () => this.#interrupt())
  }

  out(text: string): void {
    this.#above(text)
  }

  error(text: string): void {
    if (this.#streams.isErrorHere) this.#above(text)
    else this.#options.surroundings.error(text)
  }

  nextLine(): Promise<string | null> {
    if (this.#lines.isEmpty) {
      this.#isAsking = true
      this.#editor.setPrompt(this.#options.prompt())
      this.#editor.prompt(true)
    }
    return this.#lines.next()
  }

  refreshPrompt(): void {
    if (!this.#isAsking) return
    this.#editor.setPrompt(this.#options.prompt())
    this.#editor.prompt(true)
  }

  close(): void {
    this.#editor.close()
  }

  /** Takes the line that is being typed off the screen, prints, and puts it back. */
  #above(text: string): void {
    const { output } = this.#streams
    const isLineShown = !this.#isClosed && (this.#isAsking || this.#editor.line !== '')
    if (isLineShown) {
      moveCursor(output, 0, -this.#editor.getCursorPos().rows)
      cursorTo(output, 0)
      clearScreenDown(output)
    }
    output.write(text)
    if (!isLineShown) return
    // The editor remembers how many rows it has to go up before it draws: here it begins on the row where the cursor is.
    Reflect.set(this.#editor, 'prevRows', 0)
    this.#editor.prompt(true)
  }

  /** The end of the input: what comes now stands below the prompt. */
  #leave(): void {
    this.#isClosed = true
    if (this.#isAsking) this.#streams.output.write('\n')
    this.#isAsking = false
    this.#lines.end()
  }

  #interrupt(): void {
    if (!this.#isAsking) return this.#options.onInterrupt()
    if (this.#editor.line !== '') {
      this.#editor.write(null, { ctrl: true, name: 'e' })
      this.#editor.write(null, { ctrl: true, name: 'u' })
      return
    }
    if (this.#wasInterrupted) return this.close()
    this.#wasInterrupted = true
    this.#above(HINT)
  }
}

/** Lines that were entered and not run yet. */
class LineQueue {
  readonly #lines: string[] = []
  #waiting: ((line: string | null) => void) | null = null
  #isOver = false

  get isEmpty(): boolean {
    return this.#lines.length === 0
  }

  push(line: string): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting === null) this.#lines.push(line)
    else waiting(line)
  }

  end(): void {
    this.#isOver = true
    this.#waiting?.(null)
    this.#waiting = null
  }

  next(): Promise<string | null> {
    const line = this.#lines.shift()
    if (line !== undefined) return Promise.resolve(line)
    if (this.#isOver) return Promise.resolve(null)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}
