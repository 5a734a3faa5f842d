/** Where the server reports to. Five methods; the first argument of a call is a sentence for people. */
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

/** Says nothing: for embedding and for tests. */
export const silentLogger: Logger = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore }
