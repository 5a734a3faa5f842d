// Session ids: the server's number in the top byte, then 40 bits of the time at which the server
// began, then a counter that starts at 0 and may run over into the time.
//
//   63      56 55                              16 15         0
//   | server | milliseconds, the low 40 bits     | counter    |
//
// The time is the wall clock's. Apache's server takes the time since boot, which comes round again
// after a reboot; with the wall clock an id that a data directory still holds is not given again.

import { assert } from '../lib/assert.ts'

const ID_MIN = -(2n ** 63n)

/** Knows which ids are in use: a session tracker does. */
export interface SessionIdsInUse {
  has(id: bigint): boolean
}

/** The first id of the server numbered `serverId` (0 to 255, 1 if it stands alone) that began at `nowMs`. */
export function firstSessionId(serverId: number, nowMs: number): bigint {
  assert(serverId >= 0 && serverId <= 255, 'the number of a server fits a byte')
  const id = BigInt.asIntN(64, (BigInt(serverId) << 56n) | (BigInt.asUintN(40, BigInt(Math.floor(nowMs))) << 16n))
  // The smallest of all numbers marks containers among the owners of nodes.
  return id === ID_MIN ? id + 1n : id
}

/** Gives each new session its id. */
export class SessionIdSource {
  private nextId: bigint

  constructor(serverId: number, nowMs: number) {
    this.nextId = firstSessionId(serverId, nowMs)
  }

  /** The next id that is not in use. A wall clock that was set back could otherwise hand one session to two clients. */
  next(inUse: SessionIdsInUse): bigint {
    let id = this.advance()
    while (id === 0n || inUse.has(id)) id = this.advance()
    return id
  }

  private advance(): bigint {
    const id = this.nextId
    this.nextId = BigInt.asIntN(64, id + 1n)
    return id
  }
}
