/** A mistake that the servers could have. */
export interface Mutant {
  readonly name: string
  /** What goes wrong in a server that has it. */
  readonly description: string
  /** Puts it into all servers of this process; returns what takes it out again. */
  plant(): () => void
}
