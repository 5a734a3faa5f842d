import type { LogFields, Logger } from '../src/logger.ts'

/** Keeps what a server says, so that a test can look for it. Traces are not kept: there may be very many. */
export class RecordingLogger implements Logger {
  /** "level message", oldest first. */
  readonly lines: string[] = []

  trace(_message: string, _fields?: LogFields): void {}

  debug(message: string, _fields?: LogFields): void {
    this.lines.push(`debug ${message}`)
  }

  info(message: string, _fields?: LogFields): void {
    this.lines.push(`info ${message}`)
  }

  warn(message: string, _fields?: LogFields): void {
    this.lines.push(`warn ${message}`)
  }

  error(message: string, _fields?: LogFields): void {
    this.lines.push(`error ${message}`)
  }

  /** The lines of a level, joined: for a check of what was said. */
  text(level: string): string {
    return this.lines.filter((line) => line.startsWith(`${level} `)).join('\n')
  }

  /** The lines that contain `text`. */
  linesWith(text: string): string[] {
    return this.lines.filter((line) => line.includes(text))
  }
}
