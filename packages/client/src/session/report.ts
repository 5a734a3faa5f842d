import type { Logger } from '../logger.ts'

/** Calls into the application. What it throws must not reach the machinery of the connection: it goes to the logger. */
export function report(logger: Logger, message: string, call: () => void): void {
  try {
    call()
  } catch (error) {
    logger.error(message, { error })
  }
}
