/** A reason not to start, or not to go on, that a person can act on. The process ends with `exitCode`; `cause` carries what lies beneath. */
export class StartupError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'StartupError'
    this.exitCode = exitCode
  }
}
