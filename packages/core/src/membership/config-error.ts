/**
 * A configuration that cannot be used. The message starts with the words that Apache's server uses for
 * the same mistake, because people and scripts search for them, and goes on with what would be right.
 */
export class ConfigError extends Error {
  constructor(apacheText: string, remedy: string, options?: { readonly cause?: unknown }) {
    super(`${apacheText}: ${remedy}`, options)
    this.name = 'ConfigError'
  }
}
