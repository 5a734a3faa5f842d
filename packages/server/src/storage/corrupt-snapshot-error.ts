/** A snapshot that cannot be used. Another one may be: see recovery.ts. */
export class CorruptSnapshotError extends Error {
  readonly file: string

  constructor(file: string, what: string, options?: { readonly cause?: unknown }) {
    super(`corrupt snapshot ${file}: ${what}`, options)
    this.name = 'CorruptSnapshotError'
    this.file = file
  }
}
