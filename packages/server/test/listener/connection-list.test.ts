import { expect, test } from 'vitest'
import type { ClientConnection } from '../../src/listener/client-connection.ts'
import { ConnectionList } from '../../src/listener/connection-list.ts'

/** What the list knows of a connection. */
interface Listed {
  list: ConnectionList | null
  previousInList: Listed | null
  nextInList: Listed | null
}

function makeConnections(count: number): ClientConnection[] {
  return Array.from({ length: count }, () => {
    const listed: Listed = { list: null, previousInList: null, nextInList: null }
    return listed as unknown as ClientConnection
  })
}

/** By identity: what is linked to its neighbours cannot be compared by its content. */
function placesOf(members: Iterable<ClientConnection>, connections: readonly ClientConnection[]): number[] {
  return Array.from(members, (member) => connections.indexOf(member))
}

test('connections come in the order in which they were added, whichever of them have gone', () => {
  for (const gone of [[0], [1], [2], [0, 2], [2, 1], [1, 0, 2]]) {
    const list = new ConnectionList()
    const connections = makeConnections(4)
    for (const connection of connections.slice(0, 3)) list.add(connection)
    for (const index of gone) expect(list.delete(connections[index])).toBe(true)
    const left = [0, 1, 2].filter((index) => !gone.includes(index))
    expect(placesOf(list, connections)).toEqual(left)
    expect(list.size).toBe(left.length)
    expect(list.oldest() === (connections[left[0] ?? -1] ?? null)).toBe(true)
    list.add(connections[3])
    expect(placesOf(list, connections)).toEqual([...left, 3])
  }
})

test('a connection that has left a list refers to no other', () => {
  const list = new ConnectionList()
  const [first, second, third] = makeConnections(3) as [ClientConnection, ClientConnection, ClientConnection]
  for (const connection of [first, second, third]) list.add(connection)
  list.delete(second)
  expect([second.list, second.previousInList, second.nextInList]).toEqual([null, null, null])
})

test('what is in another list, or in none any more, is not taken out', () => {
  const list = new ConnectionList()
  const other = new ConnectionList()
  const [connection] = makeConnections(1) as [ClientConnection]
  other.add(connection)
  expect(list.delete(connection)).toBe(false)
  expect(other.delete(connection)).toBe(true)
  expect(other.delete(connection)).toBe(false)
  expect(list.size + other.size).toBe(0)
})

test('an iteration meets those that were there when it began, though all leave during it', () => {
  const list = new ConnectionList()
  const connections = makeConnections(3)
  for (const connection of connections) list.add(connection)
  const met: ClientConnection[] = []
  for (const connection of list) {
    met.push(connection)
    for (const other of connections) list.delete(other)
  }
  expect(placesOf(met, connections)).toEqual([0, 1, 2])
})
