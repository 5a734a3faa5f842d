import type { ZooKeeperError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { setWatches, setWatches2 } from '../operations/session-operations.ts'
import type { TimerHandle, Timers } from '../runtime/runtime.ts'
import type { WatchDispatcher } from '../watch/watch-dispatcher.ts'
import type { WatchBatch } from '../watch/watch-table.ts'
import type { Connection } from './connection.ts'
import { ownRequest } from './request.ts'

/** Pause before watches are set again that a server was too busy for. */
const AGAIN_MS = 1_000

/**
 * Sets the watches of a session again on a new connection, in portions that fit in a frame. The server tells at once what has happened since
 * `relativeZxid`, but not to persistent watches: those hear of a gap, if there can be one, when all are set. What they read then,
 * no event can be missing for.
 */
export class WatchRenewal {
  readonly #watches: WatchDispatcher
  readonly #timers: Timers
  readonly #logger: Logger
  readonly #relativeZxid: bigint
  readonly #tellsGap: boolean
  /** Portions that the server has not taken. */
  #openCount = 0
  readonly #pauses: TimerHandle[] = []

  constructor(watches: WatchDispatcher, timers: Timers, logger: Logger, relativeZxid: bigint, isFirst: boolean) {
    this.#watches = watches
    this.#timers = timers
    this.#logger = logger
    this.#relativeZxid = relativeZxid
    this.#tellsGap = !isFirst && watches.table.hasPersistent
  }

  /** Asks the server at the other end of the connection for all of them. */
  start(connection: Connection): void {
    const batches = this.#watches.table.batches()
    this.#openCount = batches.length
    for (const batch of batches) this.#send(connection, batch)
  }

  /** The connection is over. */
  stop(): void {
    for (const pause of this.#pauses) pause.cancel()
  }

  #send(connection: Connection, batch: WatchBatch): void {
    const isOld = batch.persistent.length === 0 && batch['persistent-recursive'].length === 0
    const settled = (): void => {
      this.#openCount -= 1
      if (this.#openCount === 0 && this.#tellsGap) this.#watches.tellGap()
    }
    const failed = (error: ZooKeeperError): void => {
      // A lost connection is not the last one: the next sets them all.
      if (error.category !== 'server') return
      if (error.isRetryable) return this.#sendLater(connection, batch)
      this.#logger.error('the watches could not be set again', { error })
      settled()
    }
    const body = { relativeZxid: this.#relativeZxid, batch }
    connection.send(ownRequest(isOld ? setWatches : setWatches2, body, settled, failed))
  }

  #sendLater(connection: Connection, batch: WatchBatch): void {
    this.#pauses.push(this.#timers.after(AGAIN_MS, () => this.#send(connection, batch)))
  }
}
