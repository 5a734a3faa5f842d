import { StartupError } from '../startup-error.ts'

/**
 * The transaction log holds something that no crash leaves behind, so transactions that were acknowledged may be
 * damaged or missing. The server does not start: what to do about it is for a person to decide.
 */
export class CorruptLogError extends StartupError {
  readonly file: string
  /** Byte of the file at which the trouble begins. */
  readonly offset: number
  readonly remedy: string

  constructor(file: string, offset: number, what: string, remedy: string, options?: { readonly cause?: unknown }) {
    super(`corrupt transaction log ${file} at byte ${offset}: ${what}. ${remedy}`, 1, options)
    this.name = 'CorruptLogError'
    this.file = file
    this.offset = offset
    this.remedy = remedy
  }
}

/** What to do when an entry is damaged. */
export function remedyForDamage(file: string, offset: number): string {
  return (
    'Put back a sound copy of this file, or, in an ensemble, move the data directory away and let the server fetch its data from the leader. ' +
    `To go on without this transaction and all later ones: keep a copy of the directory, cut the file ("truncate -s ${offset} ${file}") ` +
    'and move all later log files and snapshots away'
  )
}
