import type { ClientConnection } from './client-connection.ts'

/**
 * Connections in the order in which they were added. A connection is in one list at most, and carries its place in it.
 *
 * This is no `Set` for the collector's sake. A set moves into another table now and then, and its old table goes on referring to the new
 * one and to what was in it. Once such a table has got old, the collector's quick passes take everything behind it for alive: half of all
 * connections that ever were, with their sockets, until the next pass over the whole heap. With 7,000 connections opened and
 * closed a second the quick passes took 5 ms each for copying the dead.
 */
export class ConnectionList {
  size = 0
  private first: ClientConnection | null = null
  private last: ClientConnection | null = null

  add(connection: ClientConnection): void {
    connection.list = this
    connection.previousInList = this.last
    if (this.last === null) this.first = connection
    else this.last.nextInList = connection
    this.last = connection
    this.size++
  }

  /** False if the connection is not in this list. */
  delete(connection: ClientConnection): boolean {
    if (connection.list !== this) return false
    const { previousInList: previous, nextInList: next } = connection
    if (previous === null) this.first = next
    else previous.nextInList = next
    if (next === null) this.last = previous
    else next.previousInList = previous
    connection.list = null
    connection.previousInList = null
    connection.nextInList = null
    this.size--
    return true
  }

  /** The one that was added first, null if there is none. */
  oldest(): ClientConnection | null {
    return this.first
  }

  /** Those that are in the list when the iteration begins, whatever becomes of them meanwhile. */
  [Symbol.iterator](): IterableIterator<ClientConnection> {
    const members: ClientConnection[] = []
    for (let connection = this.first; connection !== null; connection = connection.nextInList) members.push(connection)
    return members.values()
  }
}
