import { type Logger, silentLogger } from '../../src/logger.ts'

/** A logger that keeps its warnings. */
export function recordWarnings(): { readonly logger: Logger; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  return { logger: { ...silentLogger, warn: (message) => warnings.push(message) }, warnings }
}
