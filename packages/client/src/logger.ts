/** Where the client reports to. Five methods; the first argument is a sentence for people. */
export interface Logger {
  trace(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Values that belong to the event; `error` holds its cause. */
export type LogFields = Readonly<Record<string, unknown>>

function ignore(): void {}

/** Says nothing: the default. */
export const silentLogger: Logger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }
