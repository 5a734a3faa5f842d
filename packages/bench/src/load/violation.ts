/** What a server can get wrong in a reply. A benchmark that meets one of these has no result. */
export type ViolationKind =
  | 'frame length'
  | 'reply order'
  | 'unexpected reply'
  | 'error code'
  | 'zxid order'
  | 'handshake'
  | 'payload'
  | 'stat'
  | 'version order'
  | 'stale read'
  | 'path'
  | 'children'
  | 'watch event'
  | 'final state'

/** The index of the control session, which prepares a run and inspects its outcome. */
export const CONTROL_SESSION = -1

/** A reply that a correct server would not have sent. It ends the run: numbers from a server that cheats are worth nothing. */
export class Violation extends Error {
  readonly kind: ViolationKind
  /** Which of the generator's sessions saw it, or `CONTROL_SESSION`. */
  readonly sessionIndex: number

  constructor(kind: ViolationKind, sessionIndex: number, detail: string) {
    super(`${kind}, session ${sessionIndex}: ${detail}`)
    this.name = 'Violation'
    this.kind = kind
    this.sessionIndex = sessionIndex
  }
}
