/** A broken invariant stops the server: this error is never handled, only reported on the way out. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AssertionError'
  }
}

/**
 * States what must hold, in production too: going on with a broken invariant would spread the damage.
 * It is for our own mistakes; bytes, files and settings that are wrong have errors of their own.
 * The message says what must hold, and is a constant where the call is on a hot path.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
