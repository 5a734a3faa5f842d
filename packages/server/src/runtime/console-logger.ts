// Log lines in the layout that Apache's server prints to its console, because people's log pipelines parse it:
//
//   2026-11-20 18:06:00,123 [myid:1] - INFO  [main:config] - message key=value other="two words"
//
// One line is one write. Text from outside (paths, client data) cannot start a line of its own: line breaks
// inside messages and values are escaped. An error given in the field `error` adds its chain of causes on
// the lines below.

import { writeSync } from 'node:fs'
import type { LogFields, Logger } from '../logger.ts'
import { StartupError } from '../startup-error.ts'
import type { Clock } from './runtime.ts'

/** From chatty to silent. */
export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'OFF'

const LEVELS: readonly LogLevel[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'OFF']

/** Where lines go: takes the whole line with its newline. May throw; the logger goes on. */
export type LogSink = (line: string) => void

/** Options of `ConsoleLogger`. */
export interface ConsoleLoggerOptions {
  readonly level: LogLevel
  readonly clock: Pick<Clock, 'nowMs'>
  readonly write: LogSink
  /** Named in the second pair of brackets. */
  readonly component?: string
}

/** Writes lines; never throws, whatever happens to the place that it writes to. */
export class ConsoleLogger implements Logger {
  readonly #shared: SharedState
  readonly #component: string

  constructor(options: ConsoleLoggerOptions, shared?: SharedState) {
    this.#shared = shared ?? {
      threshold: LEVELS.indexOf(options.level),
      clock: options.clock,
      write: options.write,
      myId: '',
      second: Number.NaN,
      secondText: '',
      lostLineCount: 0,
    }
    this.#component = options.component ?? 'server'
  }

  /** The same log under another name in the brackets. */
  forComponent(component: string): ConsoleLogger {
    const { clock, write } = this.#shared
    return new ConsoleLogger({ level: this.level, clock, write, component }, this.#shared)
  }

  /** Shown in every line from now on, in those of other components, too. */
  setMyId(myId: number): void {
    this.#shared.myId = String(myId)
  }

  /** Lines below this level are not written. */
  get level(): LogLevel {
    return LEVELS[this.#shared.threshold] ?? 'INFO'
  }

  trace(message: string, fields?: LogFields): void {
    if (this.#shared.threshold <= 0) this.#line('TRACE', message, fields)
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#shared.threshold <= 1) this.#line('DEBUG', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    if (this.#shared.threshold <= 2) this.#line('INFO ', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    if (this.#shared.threshold <= 3) this.#line('WARN ', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    if (this.#shared.threshold <= 4) this.#line('ERROR', message, fields)
  }

  #line(paddedLevel: string, message: string, fields: LogFields | undefined): void {
    const shared = this.#shared
    const nowMs = shared.clock.nowMs()
    const start = `${timeText(shared, nowMs)} [myid:${shared.myId}] - `
    let text = `${start}${paddedLevel} [main:${this.#component}] - ${escapeLineBreaks(message)}${fields === undefined ? '' : fieldText(fields)}\n`
    if (shared.lostLineCount > 0)
      text = `${start}WARN  [main:log] - ${shared.lostLineCount} lines of this log could not be written\n${text}`
    try {
      shared.write(text)
      shared.lostLineCount = 0
    } catch {
      // The reader of the pipe is gone, or too slow for one that does not block. Serving goes on without it,
      // and if it comes back the next line tells how many are missing.
      shared.lostLineCount++
    }
  }
}

/** What the loggers of one process share. */
interface SharedState {
  readonly threshold: number
  readonly clock: Pick<Clock, 'nowMs'>
  readonly write: LogSink
  myId: string
  /** The second whose text is kept: most lines share it with the one before. */
  second: number
  secondText: string
  lostLineCount: number
}

/** The level that a text names, in any case; null when it names none. */
export function parseLogLevel(text: string): LogLevel | null {
  const word = text.trim().toUpperCase()
  const level = word === 'WARNING' ? 'WARN' : word === 'ALL' ? 'TRACE' : word === 'FATAL' ? 'ERROR' : word
  return LEVELS.find((candidate) => candidate === level) ?? null
}

/**
 * Writes to a file descriptor, one system call a line. A descriptor of a pipe or terminal blocks while its
 * reader is slow, as the console of every server does.
 */
export function descriptorSink(descriptor: number): LogSink {
  return (line) => {
    const bytes = Buffer.from(line, 'utf8')
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset)
  }
}

/** `2026-11-20 18:06:00,123` in the local time zone. */
function timeText(shared: SharedState, nowMs: number): string {
  const second = Math.floor(nowMs / 1000)
  if (second !== shared.second) {
    const date = new Date(second * 1000)
    const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
    shared.secondText = `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
    shared.second = second
  }
  return `${shared.secondText},${String(nowMs - second * 1000).padStart(3, '0')}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function fieldText(fields: LogFields): string {
  let text = ''
  let tail = ''
  for (const [key, value] of Object.entries(fields)) {
    if (key === 'error') tail = errorText(value)
    else if (value !== undefined) text += ` ${key}=${valueText(value)}`
  }
  return text + tail
}

function valueText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
    case 'bigint':
      // Session ids: unsigned, as everybody writes them.
      return `0x${BigInt.asUintN(64, value).toString(16)}`
    case 'object':
      return value === null ? 'null' : objectText(value)
    default:
      return String(value)
  }
}

function objectText(value: object): string {
  if (value instanceof Error) return JSON.stringify(value.message)
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? valueText(inner) : inner))
  } catch {
    return '"[unprintable]"'
  }
}

/**
 * The error and its causes, one below the other. A refused start tells a person what to do and needs no stack
 * trace; anything else, and a mistake of the program among its causes, is a surprise and gets one.
 */
function errorText(error: unknown): string {
  const isExplained = error instanceof StartupError
  let text = ''
  let current = error
  for (let depth = 0; current !== undefined && current !== null && depth < CAUSES_MAX; depth++) {
    text += `\n${depth === 0 ? '' : 'Caused by: '}${bodyText(current, isExplained)}`
    current = current instanceof Error ? current.cause : undefined
  }
  return text
}

function bodyText(error: unknown, isExplained: boolean): string {
  if (!(error instanceof Error)) return escapeLineBreaks(String(error))
  const hasStack = !isExplained || isMistake(error)
  return hasStack ? (error.stack ?? error.message) : escapeLineBreaks(error.message)
}

/** Errors may be their own cause in a circle; deeper chains than this help nobody. */
const CAUSES_MAX = 10

function isMistake(error: Error): boolean {
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError ||
    error.name === 'AssertionError'
  )
}

function escapeLineBreaks(text: string): string {
  return /[\u0000-\u001f\u007f]/.test(text) ? text.replace(/[\u0000-\u001f\u007f]/g, escapeControl) : text
}

function escapeControl(character: string): string {
  const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  return short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
