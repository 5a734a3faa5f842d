// Options as people have always typed them at this prompt: one dash whatever the length, anywhere on the line, `-se` for `-s -e`,
// and `-v1` or `-v=1` for `-v 1`. What comes after `--` is no option.

import { ShellError } from './shell-error.ts'

/** An option that a command knows. */
export interface OptionSpec {
  /** Without the dash. */
  readonly name: string
  /** Name of its value in help texts, for an option that has one. */
  readonly value?: string
  readonly help: string
  /** Of the options with the same group only one may be given. */
  readonly group?: string
}

/** The words behind a command's name, sorted out. */
export interface ParsedWords {
  /** What is no option, in order. */
  readonly words: readonly string[]
  /** Values by option name; the empty string for options without one. Given twice, the first one counts. */
  readonly options: ReadonlyMap<string, string>
}

const FOREIGN = 'org.apache.commons.cli.'
const NEGATIVE_NUMBER = /^-\d+(\.\d+)?$/

/** Sorts the words out; throws what the command line of old prints for an option that does not fit. */
export function parseOptions(words: readonly string[], specs: readonly OptionSpec[]): ParsedWords {
  const parser = new OptionParser(specs)
  for (const word of words) parser.take(word)
  return parser.finish()
}

class OptionParser {
  readonly #specs: ReadonlyMap<string, OptionSpec>
  readonly #words: string[] = []
  readonly #options = new Map<string, string>()
  /** The option of each group that has been given. */
  readonly #groups = new Map<string, string>()
  /** The option whose value comes next. */
  #waiting: OptionSpec | null = null
  #isOver = false

  constructor(specs: readonly OptionSpec[]) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]))
  }

  take(word: string): void {
    if (this.#isOver) {
      this.#words.push(word)
    } else if (word === '--') {
      this.#requireValue()
      this.#isOver = true
    } else if (this.#waiting !== null && !this.#isOption(word)) {
      this.#set(this.#waiting, word)
      this.#waiting = null
    } else if (word.length > 1 && word.startsWith('-')) {
      this.#requireValue()
      this.#takeOption(word)
    } else {
      this.#words.push(word)
    }
  }

  finish(): ParsedWords {
    this.#requireValue()
    return { words: this.#words, options: this.#options }
  }

  #isOption(word: string): boolean {
    if (word.length < 2 || !word.startsWith('-') || NEGATIVE_NUMBER.test(word)) return false
    const name = word.slice(1).split('=')[0] ?? ''
    return this.#specs.has(name) || this.#valueLead(word.slice(1)) !== null || this.#specs.has(name.charAt(0))
  }

  #takeOption(word: string): void {
    const body = word.slice(1)
    const whole = this.#specs.get(body)
    if (whole !== undefined) return this.#begin(whole)
    const equals = body.indexOf('=')
    const named = equals > 0 ? this.#specs.get(body.slice(0, equals)) : undefined
    if (named?.value !== undefined) return this.#set(named, body.slice(equals + 1))
    const lead = this.#valueLead(body)
    if (lead !== null) return this.#set(lead, body.slice(lead.name.length))
    this.#takeLetters(word)
  }

  /** The option of one letter that has a value and begins the word, as in `-v1`. */
  #valueLead(body: string): OptionSpec | null {
    const spec = this.#specs.get(body.charAt(0))
    return spec?.value !== undefined && body.length > 1 ? spec : null
  }

  /** `-se`: each letter an option; the last may be one with a value, which then comes next or is the rest of the word. */
  #takeLetters(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const spec = this.#specs.get(word.charAt(at))
      if (spec === undefined) throw parserError('UnrecognizedOptionException', `Unrecognized option: ${word}`)
      this.#begin(spec)
      if (this.#waiting === null || at === word.length - 1) continue
      this.#set(spec, word.slice(at + 1))
      this.#waiting = null
      return
    }
  }

  #begin(spec: OptionSpec): void {
    if (spec.value === undefined) this.#set(spec, '')
    else {
      this.#claimGroup(spec)
      this.#waiting = spec
    }
  }

  #set(spec: OptionSpec, value: string): void {
    this.#claimGroup(spec)
    if (!this.#options.has(spec.name)) this.#options.set(spec.name, value)
  }

  #claimGroup(spec: OptionSpec): void {
    if (spec.group === undefined) return
    const earlier = this.#groups.get(spec.group) ?? spec.name
    if (earlier !== spec.name) {
      throw parserError(
        'AlreadySelectedException',
        `The option '${spec.name}' was specified but an option from this group has already been selected: '${earlier}'`,
      )
    }
    this.#groups.set(spec.group, spec.name)
  }

  #requireValue(): void {
    if (this.#waiting === null) return
    throw parserError('MissingArgumentException', `Missing argument for option: ${this.#waiting.name}`)
  }
}

/** Scripts look for these names, foreign as they are. */
export function parserError(name: string, message: string): ShellError {
  return new ShellError(`${FOREIGN}${name}: ${message}`)
}
