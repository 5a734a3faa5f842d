/** Something that must never be was. Ends the run. */
export class Violation extends Error {
  override readonly name: string = 'Violation'
  /** Which property does not hold: one of the names in docs/simulator.md. */
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

export function hex(zxid: number): string {
  return zxid < 0 ? `${zxid}` : `0x${zxid.toString(16)}`
}
