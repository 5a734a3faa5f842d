// A session of an ensemble that moves to a new connection, of the same server or of another one, while what it asked over the old one
// is on its way. The disks are slow, so that there is much time between a write's proposal and its commit.

import { ErrorCode } from '@tskeeper/protocol/server'
import type { Logger } from '@tskeeper/server'
import { expect, test } from 'vitest'
import { Machine } from '../src/world/machine.ts'
import { ServerNode, serverAddress } from '../src/world/server-node.ts'
import { VirtualNetwork } from '../src/world/virtual-network.ts'
import { World } from '../src/world/world.ts'
import { closeSession, create, exists, RawClient, type Request, sync, TIMEOUT_MS } from './raw-client.ts'

const SERVER_IDS = [1, 2, 3]
/** A packet takes half a millisecond, so that after this a request has reached every server which it concerns. */
const ARRIVAL_MS = 5
/** A write takes this long at least, while the disks are slow. */
const SYNC_MS = 50

class TestEnsemble {
  readonly world: World = new World(1)
  readonly nodes: readonly ServerNode[]
  readonly network: VirtualNetwork
  /** The server that leads, 0 for none, and how many follow. */
  leaderId = 0
  private followerCount = 0
  private readonly machine: Machine

  private constructor(properties: ReadonlyMap<string, string>) {
    const { world } = this
    const network = new VirtualNetwork(world)
    Object.assign(network.weather, { latencyMinMs: 0.5, latencyMaxMs: 0.5, splitRate: 0 })
    this.network = network
    this.nodes = SERVER_IDS.map(
      (id) =>
        new ServerNode(world, network, { id, properties, systemProperties: new Map(), hasId: true, logger: this.loggerOf(id) }),
    )
    this.machine = new Machine(world, 'client', '10.0.1.1')
    this.machine.boot()
    network.addMachine(this.machine)
  }

  /** Three servers, one of which leads. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TestEnsemble> {
    const all = {
      tickTime: '100',
      initLimit: '10',
      syncLimit: '5',
      'admin.enableServer': 'false',
      preAllocSize: '16',
      ...settings,
    }
    const properties = new Map(Object.entries(all))
    for (const id of SERVER_IDS) properties.set(`server.${id}`, `${serverAddress(id)}:2888:3888`)
    const ensemble = new TestEnsemble(properties)
    for (const node of ensemble.nodes) ensemble.world.after(0, () => node.start())
    await ensemble.until(() => ensemble.leaderId > 0 && ensemble.followerCount === 2)
    return ensemble
  }

  private loggerOf(id: number): Logger {
    const ignore = (): void => {}
    const info = (message: string): void => {
      if (message.startsWith('LEADING in epoch')) this.leaderId = id
      if (message.startsWith('FOLLOWING in epoch')) this.followerCount++
    }
    return { trace: ignore, debug: ignore, info, warn: ignore, error: ignore }
  }

  get followerIds(): readonly [number, number] {
    const [one = 0, other = 0] = SERVER_IDS.filter((id) => id !== this.leaderId)
    return [one, other]
  }

  /** From now on a write takes long, also when one of the disks, that of `fastId`, does not. */
  slowDown(syncMs: number = SYNC_MS, fastId = 0): void {
    for (const { disk, id } of this.nodes) if (id !== fastId) Object.assign(disk.pace, { syncMinMs: syncMs, syncMaxMs: syncMs })
  }

  /** The follower loses its leader for a moment, and follows it again. */
  async followAgain(id: number): Promise<void> {
    const count = this.followerCount
    this.network.reset(serverAddress(id), serverAddress(this.leaderId))
    await this.until(() => this.followerCount > count)
  }

  async until(isDone: () => boolean): Promise<void> {
    if (!(await this.world.runUntil(this.world.nowMs + 20_000, isDone))) throw new Error('it does not come about')
  }

  async pass(durationMs: number): Promise<void> {
    await this.world.runUntil(this.world.nowMs + durationMs)
  }

  /** A connection that asks for this session, 0 for a new one, and sends these requests with that. */
  connect(serverId: number, sessionId: bigint, ...requests: readonly Request[]): RawClient {
    return new RawClient(this.network, this.machine, serverId, sessionId, requests)
  }

  /** A client that has a session with this server. */
  async openSession(serverId: number): Promise<{ readonly old: RawClient; readonly sessionId: bigint }> {
    const old = this.connect(serverId, 0n)
    await this.until(() => old.sessionId !== null)
    return { old, sessionId: old.sessionId ?? 0n }
  }
}

const roles: readonly (readonly [string, (ensemble: TestEnsemble) => number])[] = [
  ['the leader', ({ leaderId }) => leaderId],
  ['a follower', ({ followerIds }) => followerIds[0]],
]

for (const [name, serverOf] of roles) {
  test(`a read and a sync on a new connection with ${name} come behind the writes of the old one`, async () => {
    const ensemble = await TestEnsemble.start()
    const serverId = serverOf(ensemble)
    const { old, sessionId } = await ensemble.openSession(serverId)
    ensemble.slowDown()
    old.send(create(7, '/a'))
    await ensemble.pass(ARRIVAL_MS)
    const reader = ensemble.connect(serverId, sessionId, exists(1, '/a'))
    await ensemble.until(() => reader.replies.length === 1)
    expect(reader.replies).toEqual([{ xid: 1, err: ErrorCode.OK, path: null }])
    expect(reader.sessionId).toBe(sessionId)

    reader.send(create(2, '/b'))
    await ensemble.pass(ARRIVAL_MS)
    const syncer = ensemble.connect(serverId, sessionId, sync(1), exists(2, '/b'))
    await ensemble.until(() => syncer.replies.length === 2)
    expect(syncer.replies).toEqual([
      { xid: 1, err: ErrorCode.OK, path: null },
      { xid: 2, err: ErrorCode.OK, path: null },
    ])
  })

  test(`with ${name} the reply to a write of the old connection never goes to one of the new, which has the same number`, async () => {
    const ensemble = await TestEnsemble.start()
    const serverId = serverOf(ensemble)
    const { old, sessionId } = await ensemble.openSession(serverId)
    ensemble.slowDown()
    old.send(create(1, '/a'), create(2, '/aa'))
    await ensemble.pass(ARRIVAL_MS)
    const client = ensemble.connect(serverId, sessionId, create(1, '/b'), create(2, '/bb'))
    await ensemble.until(() => client.replies.length === 2)
    expect(client.replies.map(({ xid, path }) => [xid, path])).toEqual([
      [1, '/b'],
      [2, '/bb'],
    ])
  })
}

test('a read on a new connection of a session that only its server knows comes behind the writes of the old one', async () => {
  const ensemble = await TestEnsemble.start({ localSessionsEnabled: 'true' })
  const [serverId] = ensemble.followerIds
  const { old, sessionId } = await ensemble.openSession(serverId)
  ensemble.slowDown()
  old.send(create(7, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  const client = ensemble.connect(serverId, sessionId, exists(1, '/a'))
  await ensemble.until(() => client.replies.length === 1)
  expect(client.replies).toEqual([{ xid: 1, err: ErrorCode.OK, path: null }])
})

test('a read on a new connection of such a session also comes behind a sync of the old one', async () => {
  const ensemble = await TestEnsemble.start({ localSessionsEnabled: 'true' })
  const [serverId] = ensemble.followerIds
  const { old, sessionId } = await ensemble.openSession(serverId)
  const { old: other } = await ensemble.openSession(ensemble.leaderId)
  ensemble.slowDown()
  other.send(create(1, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  old.send(sync(7))
  await ensemble.pass(ARRIVAL_MS)
  const client = ensemble.connect(serverId, sessionId, exists(1, '/a'))
  await ensemble.until(() => client.replies.length === 1)
  expect(client.replies).toEqual([{ xid: 1, err: ErrorCode.OK, path: null }])
})

test('a session that moves to the leader finds what it has written over a follower', async () => {
  const ensemble = await TestEnsemble.start()
  const { old, sessionId } = await ensemble.openSession(ensemble.followerIds[0])
  ensemble.slowDown()
  old.send(create(7, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  const client = ensemble.connect(ensemble.leaderId, sessionId, exists(1, '/a'))
  await ensemble.until(() => client.replies.length === 1)
  expect(client.replies).toEqual([{ xid: 1, err: ErrorCode.OK, path: null }])
})

test('the reply to a write that a session sent to one follower never goes to a write of the same number over another', async () => {
  const ensemble = await TestEnsemble.start()
  const [from, to] = ensemble.followerIds
  const { old, sessionId } = await ensemble.openSession(from)
  ensemble.slowDown()
  old.send(create(1, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  const client = ensemble.connect(to, sessionId, create(1, '/b'), exists(2, '/a'))
  await ensemble.until(() => client.replies.length === 2)
  expect(client.replies).toEqual([
    { xid: 1, err: ErrorCode.OK, path: '/b' },
    { xid: 2, err: ErrorCode.OK, path: null },
  ])
})

test('the reply to a write that a follower sent before it lost its leader never goes to a write of the same number after that', async () => {
  const ensemble = await TestEnsemble.start({ syncLimit: '50' })
  const [serverId] = ensemble.followerIds
  const { old, sessionId } = await ensemble.openSession(serverId)
  // The leader commits when its own disk is done, long after the follower is back.
  ensemble.slowDown(1500, serverId)
  old.send(create(1, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  await ensemble.followAgain(serverId)
  const client = ensemble.connect(serverId, sessionId, create(1, '/b'), exists(2, '/a'))
  await ensemble.until(() => client.replies.length === 2)
  expect(client.replies).toEqual([
    { xid: 1, err: ErrorCode.OK, path: '/b' },
    { xid: 2, err: ErrorCode.OK, path: null },
  ])
})

test('a session that its old server is told to close while the leader lets its new connection wait is refused', async () => {
  const ensemble = await TestEnsemble.start()
  const { old, sessionId } = await ensemble.openSession(ensemble.followerIds[0])
  ensemble.slowDown()
  old.send(create(7, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  const client = ensemble.connect(ensemble.leaderId, sessionId, exists(1, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  old.send(closeSession(8))
  await ensemble.until(() => client.isClosed)
  await ensemble.pass(ARRIVAL_MS)
  expect(client.sessionId).toBe(0n)
  expect(client.replies).toEqual([])
  // It was not told so before the end was committed.
  expect(old.replies.map(({ xid }) => xid)).toContain(8)
})

test('a session that is closed while another server asks about it is refused there', async () => {
  const ensemble = await TestEnsemble.start()
  const [from, to] = ensemble.followerIds
  const { old, sessionId } = await ensemble.openSession(from)
  ensemble.slowDown()
  old.send(create(7, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  const client = ensemble.connect(to, sessionId, exists(1, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  old.send(closeSession(8))
  await ensemble.until(() => client.isClosed)
  await ensemble.pass(ARRIVAL_MS)
  expect(client.sessionId).toBe(0n)
  expect(client.replies).toEqual([])
  // It was not told so before the end was committed.
  expect(old.replies.map(({ xid }) => xid)).toContain(8)
})

test('a leader without a quorum tells nobody that a session is over, which the next leader may keep', async () => {
  const ensemble = await TestEnsemble.start({ syncLimit: '50' })
  const { leaderId, followerIds } = ensemble
  const { sessionId } = await ensemble.openSession(leaderId)
  for (const id of followerIds) {
    ensemble.network.cut(serverAddress(leaderId), serverAddress(id))
    ensemble.network.cut(serverAddress(id), serverAddress(leaderId))
  }
  await ensemble.pass(TIMEOUT_MS + 500)
  const client = ensemble.connect(leaderId, sessionId)
  await ensemble.until(() => client.isClosed)
  expect(client.sessionId).toBeNull()
})

test('a follower learns that a session is over when its end is committed', async () => {
  const ensemble = await TestEnsemble.start({ syncLimit: '50' })
  const [serverId, otherId] = ensemble.followerIds
  const { sessionId } = await ensemble.openSession(otherId)
  ensemble.nodes.find(({ id }) => id === otherId)?.crash()
  ensemble.slowDown(3000)
  await ensemble.pass(TIMEOUT_MS + 500)
  const client = ensemble.connect(serverId, sessionId)
  await ensemble.pass(500)
  expect(client.sessionId).toBeNull()
  await ensemble.until(() => client.isClosed)
  expect(client.sessionId).toBe(0n)
})

for (const [name, serverOf] of roles) {
  test(`a connection that waits when the role of ${name} ends is closed, and hears nothing of the next`, async () => {
    const ensemble = await TestEnsemble.start()
    const serverId = serverOf(ensemble)
    const { old, sessionId } = await ensemble.openSession(serverId)
    ensemble.slowDown(300)
    old.send(create(7, '/a'))
    await ensemble.pass(ARRIVAL_MS)
    const client = ensemble.connect(serverId, sessionId, exists(1, '/a'))
    await ensemble.pass(ARRIVAL_MS)
    for (const node of ensemble.nodes) if (node.id !== serverId) node.crash()
    await ensemble.until(() => client.isClosed)
    for (const node of ensemble.nodes) if (node.id !== serverId) node.start()
    await ensemble.pass(5000)
    expect(client.sessionId).toBeNull()
    expect(client.replies).toEqual([])
  })
}

test('a follower answers a sync before the write that was sent behind it, although both are committed together', async () => {
  const ensemble = await TestEnsemble.start()
  const { old, sessionId } = await ensemble.openSession(ensemble.followerIds[0])
  expect(sessionId).not.toBe(0n)
  ensemble.slowDown()
  old.send(create(1, '/a'))
  await ensemble.pass(ARRIVAL_MS)
  // The disks are busy with that one: the next two are synced, and acknowledged, together.
  old.send(create(2, '/b'))
  await ensemble.pass(ARRIVAL_MS)
  old.send(sync(3), exists(4, '/c'), create(5, '/c'))
  await ensemble.until(() => old.replies.length === 5)
  expect(old.replies.map(({ xid }) => xid)).toEqual([1, 2, 3, 4, 5])
  expect(old.replies[3]?.err).toBe(ErrorCode.NO_NODE)
})
