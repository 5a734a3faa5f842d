import type { LogFields, Logger } from '../src/logger.ts'

/** Keeps what it is told: `lines` as "level message". */
export class RecordingLogger implements Logger {
  readonly lines: string[] = []

  trace(message: string, _fields?: LogFields): void {
    this.lines.push(`trace ${message}`)
  }

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
}
