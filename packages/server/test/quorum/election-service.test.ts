// Whole elections over links in memory: what the servers decide, and what becomes of listener and links when the membership changes.

import {
  type CurrentVote,
  type ElectionConfiguration,
  type Membership,
  makeQuorumVerifier,
  parseMembership,
} from '@tskeeper/core'
import { PeerState } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { type ElectionEvents, ElectionService, type ElectionSettings } from '../../src/quorum/election-service.ts'
import { RecordingLogger } from '../recording-logger.ts'
import { MemoryWorld } from './memory-world.ts'

const settings: ElectionSettings = {
  connectTimeoutMs: 5000,
  handshakeTimeoutMs: 2500,
  minIntervalMs: 200,
  maxIntervalMs: 60_000,
  bindAttemptsMax: 3,
  keepAlive: false,
  listensOnAllAddresses: false,
  isMultiAddressEnabled: false,
  reachabilityTimeoutMs: 1000,
}

function membershipOf(lines: Readonly<Record<string, string>>, version = 0): Membership {
  return parseMembership(new Map(Object.entries(lines)), version, false)
}

/** Server `id` takes votes on port 3880 + id, moved by `shift`. */
function membersTo(count: number, version = 0, observers: readonly number[] = [], shift = 0): Membership {
  const lines: Record<string, string> = {}
  for (let id = 1; id <= count; id++) {
    const role = observers.includes(id) ? ':observer' : ''
    lines[`server.${id}`] = `127.0.0.1:${2880 + id}:${3880 + shift + id}${role}`
  }
  return membershipOf(lines, version)
}

class Server implements ElectionEvents {
  readonly id: number
  readonly service: ElectionService
  readonly outcomes: string[] = []
  readonly adopted: Membership[] = []
  zxid = 0
  epoch = 0

  constructor(world: MemoryWorld, id: number, membership: Membership, zxid = 0, epoch = 0) {
    this.id = id
    this.zxid = zxid
    this.epoch = epoch
    const recovered = { lastZxid: zxid, currentEpoch: epoch }
    const logger = new RecordingLogger()
    this.service = new ElectionService(id, this.#configuration(membership), recovered, settings, world.runtime, logger, this)
  }

  look(): void {
    this.service.lookForLeader(this.zxid, this.epoch)
  }

  decided(state: PeerState, vote: CurrentVote, supporters: ReadonlySet<number>): void {
    const name = Object.keys(PeerState)[state]
    this.outcomes.push(`${name} ${vote.leader} by ${[...supporters].sort((a, b) => a - b).join()}`)
  }

  adoptConfiguration(membership: Membership): boolean {
    this.adopted.push(membership)
    this.service.restart(this.#configuration(membership))
    this.look()
    return true
  }

  supporterLooking(): void {}

  failed(error: Error): void {
    this.outcomes.push(error.message)
  }

  #configuration(membership: Membership): ElectionConfiguration {
    const role = membership.members.get(this.id)?.role ?? 'participant'
    return { role, committed: makeQuorumVerifier(membership), lastSeen: null }
  }
}

test('three servers that start together are in agreement without any time going on', () => {
  const world = new MemoryWorld()
  const servers = [1, 2, 3].map((id) => new Server(world, id, membersTo(3), id === 2 ? 5 : 4))
  for (const server of servers) server.look()
  world.settle()
  expect(servers.map(({ outcomes }) => outcomes)).toEqual([
    ['following 2 by 1,2,3'],
    ['leading 2 by 1,2,3'],
    ['following 2 by 1,2,3'],
  ])
})

test('two of three wait a moment for a third that was never there; it joins them when it comes', () => {
  const world = new MemoryWorld()
  const [one, two] = [1, 2].map((id) => new Server(world, id, membersTo(3))) as [Server, Server]
  one.look()
  two.look()
  world.settle()
  expect([one.outcomes, two.outcomes]).toEqual([[], []])
  world.advance(250)
  expect([one.outcomes, two.outcomes]).toEqual([['following 2 by 1,2'], ['leading 2 by 1,2']])
  const three = new Server(world, 3, membersTo(3))
  three.look()
  world.settle()
  expect(three.outcomes).toEqual(['following 2 by 1,2'])
})

test('when the leader of three dies the others elect anew as soon as its port is found closed', () => {
  const world = new MemoryWorld()
  const servers = [1, 2, 3].map((id) => new Server(world, id, membersTo(3))) as [Server, Server, Server]
  const [one, two, three] = servers
  for (const server of servers) server.look()
  world.advance(1000)
  expect(three.outcomes).toEqual(['leading 3 by 1,2,3'])
  three.service.stop()
  // What the two send now goes into links whose end they have not heard of.
  one.look()
  two.look()
  world.advance(20)
  expect([one.outcomes.at(-1), two.outcomes.at(-1)]).toEqual(['following 2 by 1,2', 'leading 2 by 1,2'])
})

test('two of three wait 200 ms for a third that takes connections and says nothing', () => {
  const world = new MemoryWorld()
  const [one, two] = [1, 2].map((id) => new Server(world, id, membersTo(3))) as [Server, Server]
  world.listen(
    { host: '127.0.0.1', port: 3883, backlog: -1, keepAlive: false },
    () => {},
    () => {},
  )
  one.look()
  two.look()
  world.advance(199)
  expect([one.outcomes, two.outcomes]).toEqual([[], []])
  world.advance(300)
  expect([one.outcomes, two.outcomes]).toEqual([['following 2 by 1,2'], ['leading 2 by 1,2']])
})

test('an observer finds the leader and is never asked', () => {
  const world = new MemoryWorld()
  const membership = membersTo(4, 0, [4])
  const servers = [1, 2, 3, 4].map((id) => new Server(world, id, membership))
  for (const server of servers) server.look()
  world.advance(1000)
  expect(servers.map(({ outcomes }) => outcomes.at(-1))).toEqual([
    'following 3 by 1,2,3',
    'following 3 by 1,2,3',
    'leading 3 by 1,2,3',
    expect.stringMatching(/^observing 3 by/),
  ])
})

test('a server that is alone tells nobody and finds nobody, and its votes come to those who start later', () => {
  const world = new MemoryWorld()
  const one = new Server(world, 1, membersTo(3))
  one.look()
  world.advance(10_000)
  expect(one.outcomes).toEqual([])
  const two = new Server(world, 2, membersTo(3))
  two.look()
  world.advance(500)
  expect(one.outcomes).toEqual(['following 2 by 1,2'])
})

test('a server that looks under an old configuration adopts the newer one, moves its listener and elects under it', () => {
  const world = new MemoryWorld()
  const newer = membersTo(3, 0x100000005, [], 100)
  const old = membershipOf({
    'server.1': '127.0.0.1:2881:3881',
    'server.2': '127.0.0.1:2882:3982',
    'server.3': '127.0.0.1:2883:3983',
  })
  const [one, two] = [new Server(world, 1, old), new Server(world, 2, newer)]
  two.look()
  one.look()
  world.advance(3000)
  expect(one.adopted.map(({ version }) => version)).toEqual([0x100000005])
  expect(one.service.ports).toEqual([3981])
  expect([one.outcomes, two.outcomes]).toEqual([['following 2 by 1,2'], ['leading 2 by 1,2']])
  expect(one.service.round, 'rounds are counted anew').toBe(two.service.round)
})

test('a restart with the same address keeps the listener and drops the links', () => {
  const world = new MemoryWorld()
  const servers = [1, 2].map((id) => new Server(world, id, membersTo(2))) as [Server, Server]
  for (const server of servers) server.look()
  world.settle()
  const [one] = servers
  const links = world.dialled.filter(({ connection }) => !connection.isClosed)
  expect(links.length).toBe(1)
  one.service.restart({ role: 'participant', committed: makeQuorumVerifier(membersTo(3, 7)), lastSeen: null })
  world.settle()
  expect(links.every(({ connection }) => connection.isClosed)).toBe(true)
  expect(one.service.ports).toEqual([3881])
  expect(one.service.state).toBe(PeerState.following)
  expect(one.service.currentVote.leader).toBe(2)
  expect(one.service.round).toBe(0)
})

test('a service that was stopped neither listens nor speaks', () => {
  const world = new MemoryWorld()
  const servers = [1, 2].map((id) => new Server(world, id, membersTo(3))) as [Server, Server]
  const [one, two] = servers
  one.look()
  one.service.stop()
  two.look()
  world.advance(100_000)
  expect([one.outcomes, two.outcomes]).toEqual([[], []])
  expect(world.dialled).toEqual([])
})

test('payloads that are no notifications are ignored, and the link stays', () => {
  const world = new MemoryWorld()
  const one = new Server(world, 1, membersTo(3))
  const two = new Server(world, 2, membersTo(3))
  two.look()
  world.settle()
  const link = world.dialled.find(({ to }) => to === '127.0.0.1:3881')?.connection
  for (const length of [1, 27, 39, 41, 43]) {
    const frame = new Uint8Array(4 + length).fill(0xff)
    new DataView(frame.buffer).setInt32(0, length)
    link?.write(frame, frame.length)
  }
  world.settle()
  expect(link?.isClosed).toBe(false)
  one.look()
  world.advance(500)
  expect(one.outcomes).toEqual(['following 2 by 1,2'])
})
