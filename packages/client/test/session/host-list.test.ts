import { expect, test } from 'vitest'
import type { HostPort } from '../../src/connect-string.ts'
import { HostList } from '../../src/session/host-list.ts'
import { VirtualWorld } from '../virtual-world.ts'

function hosts(...names: string[]): HostPort[] {
  return names.map((host) => ({ host, port: 2181 }))
}

test('every server is tried once before any is tried again', () => {
  const list = new HostList(hosts('a', 'b', 'c'), new VirtualWorld().runtime.random)
  const round = [list.next().host, list.next().host]
  expect(list.roundsFailed).toBe(0)
  round.push(list.next().host)
  expect(round.toSorted()).toEqual(['a', 'b', 'c'])
  expect(list.roundsFailed).toBe(1)
  expect([list.next().host, list.next().host, list.next().host]).toEqual(round)
})

test('A97: three thousand clients choose each of three servers for a third, give or take five per cent', () => {
  const { random } = new VirtualWorld().runtime
  const counts = new Map<string, number>()
  for (let i = 0; i < 3_000; i++) {
    const { host } = new HostList(hosts('a', 'b', 'c'), random).next()
    counts.set(host, (counts.get(host) ?? 0) + 1)
  }
  for (const host of ['a', 'b', 'c']) expect(Math.abs((counts.get(host) ?? 0) / 3_000 - 1 / 3)).toBeLessThan(0.05)
})

/** Where 6,000 clients, spread evenly over the old servers, are after a change of the list. */
function spreadAfter(old: string[], next: string[]): Map<string, number> {
  const { random } = new VirtualWorld(7).runtime
  const counts = new Map<string, number>()
  for (let i = 0; i < 6_000; i++) {
    const list = new HostList(hosts(...old), random)
    const current = list.next()
    list.connected()
    const { host } = list.update(hosts(...next), current) ? list.next() : current
    counts.set(host, (counts.get(host) ?? 0) + 1)
  }
  return counts
}

test.each([
  ['two more servers', ['a', 'b', 'c'], ['a', 'b', 'c', 'd', 'e']],
  ['one server less', ['a', 'b', 'c'], ['a', 'b']],
  ['one server for another', ['a', 'b', 'c'], ['a', 'b', 'd']],
  ['all servers for others', ['a', 'b'], ['c', 'd', 'e']],
  ['fewer servers, one of them new', ['a', 'b', 'c', 'd'], ['a', 'b', 'e']],
])('clients are spread evenly after a change of the list: %s', (_name, old, next) => {
  const counts = spreadAfter(old, next)
  expect([...counts.keys()].toSorted()).toEqual(next)
  for (const host of next) expect(Math.abs((counts.get(host) ?? 0) / 6_000 - 1 / next.length)).toBeLessThan(0.03)
})

test('a client whose server stays in a list that did not grow stays with it', () => {
  const list = new HostList(hosts('a', 'b', 'c'), new VirtualWorld().runtime.random)
  const current = list.next()
  list.connected()
  expect(list.update(hosts('a', 'b', 'c'), current)).toBe(false)
  expect(list.update(hosts(current.host), current)).toBe(false)
})

test('a move goes through every server of the new list, and then round as always', () => {
  const list = new HostList(hosts('x'), new VirtualWorld().runtime.random)
  const current = list.next()
  list.connected()
  expect(list.update(hosts('a', 'b', 'c'), current)).toBe(true)
  const tried = [list.next().host, list.next().host, list.next().host]
  expect(tried.toSorted()).toEqual(['a', 'b', 'c'])
  expect(list.next()).toBeDefined()
})
