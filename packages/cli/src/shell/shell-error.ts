/** A command that failed, in the words that a person reads. Everything that is expected to go wrong is told by this. */
export class ShellError extends Error {
  override readonly name: string = 'ShellError'
  /** A word for programs, such as `NO_NODE` or `USAGE`. */
  readonly code: string
  /** The node that it is about. */
  readonly path: string | null
  readonly exitCode: number

  constructor(message: string, details: { code?: string; path?: string | null; exitCode?: number; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code ?? 'USAGE'
    this.path = details.path ?? null
    this.exitCode = details.exitCode ?? 1
  }
}
