/** What is known of a failure besides its text. */
export interface ShellErrorDetails {
  readonly code?: string
  readonly path?: string | null
  /** 1 unless said otherwise. */
  readonly exitCode?: number
  readonly hint?: string | null
  readonly cause?: unknown
}

/** A command that failed, in the words that a person reads. Everything that is expected to go wrong is told by this. */
export class ShellError extends Error {
  override readonly name: string = 'ShellError'
  /** A word for programs, such as `NO_NODE` or `USAGE`. */
  readonly code: string
  /** The node that it is about. */
  readonly path: string | null
  readonly exitCode: number
  /** What else a person would like to know; scripts, which know the message by heart, do not see it. */
  readonly hint: string | null

  constructor(message: string, details: ShellErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code ?? 'USAGE'
    this.path = details.path ?? null
    this.exitCode = details.exitCode ?? 1
    this.hint = details.hint ?? null
  }
}
