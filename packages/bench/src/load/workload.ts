import type { ControlSession } from './control-session.ts'
import type { ReplyFrame } from './reply-frame.ts'
import type { Session } from './session.ts'

/** What every workload has to know about its run. */
export interface WorkloadSetting {
  /** The node below which everything of this run lies. It exists before `prepare`. */
  readonly root: string
  readonly connections: number
  /** Operations outstanding on each connection. */
  readonly window: number
  readonly payloadBytes: number
  readonly seed: number
  /** Nothing was prepared and the server answers without looking: check only what such a server can get right. */
  readonly isRaw: boolean
}

/**
 * One kind of operation, repeated. An operation is `requestsPerOperation` requests that are sent together;
 * it is done when the last of them is answered.
 *
 * `slot` numbers the operations that are outstanding anywhere, from 0 to connections x window - 1: a workload
 * keeps what it must remember about an operation in arrays with that index, so that nothing is allocated
 * for each.
 */
export interface Workload {
  readonly requestsPerOperation: number
  /** Makes the nodes that the operations need. */
  prepare(control: ControlSession): Promise<void>
  /** Encodes the requests of one operation into the session's output. */
  issue(session: Session, slot: number): void
  /** Checks one reply completely; `part` counts the requests of the operation from 0. Throws a `Violation`. */
  verify(session: Session, slot: number, part: number, reply: ReplyFrame): void
  /** Checks that the server's final state is the sum of what it acknowledged; the sessions are still open. */
  inspect(control: ControlSession): Promise<void>
  /** The same after the sessions have been closed. */
  inspectAfterClose(control: ControlSession): Promise<void>
}

/** Marsaglia's xorshift: random enough to spread keys, reproducible from the seed, and a few instructions long. */
export class KeyChooser {
  private state: number

  constructor(seed: number) {
    this.state = seed | 1
  }

  /** A number in [0, limit). */
  below(limit: number): number {
    let state = this.state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.state = state
    return Math.floor(((state >>> 0) / 4294967296) * limit)
  }
}
