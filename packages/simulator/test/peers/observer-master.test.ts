// Sessions that move between a follower that feeds observers and those observers. The leader, which the test plays, sees one learner for all
// of them.

import { ByteReader, ByteWriter, Op, QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { create, RawClient } from '../raw-client.ts'
import { EPOCH, FakePeers, intBytes, lead, learnerInfo, type PeerLink, transaction } from './fake-peers.ts'

const SERVER_ID = 3
const OBSERVER_PORT = 2889
const SESSION_ID = 0x100000000000077n
const LONG_MS = 4000
const ARRIVAL_MS = 5

class Setting {
  readonly peers: FakePeers
  readonly leader: PeerLink

  private constructor(peers: FakePeers, leader: PeerLink) {
    this.peers = peers
    this.leader = leader
  }

  static async start(): Promise<Setting> {
    const peers = new FakePeers({ observerMasterPort: String(OBSERVER_PORT), minSessionTimeout: '200', syncLimit: '200' })
    const leader = await lead(peers, 1)
    await peers.until(() => leader.has(QuorumPacketType.ack))
    leader.send([QuorumPacketType.upToDate, -1])
    await peers.until(() => peers.says('Observers are served on'))
    return new Setting(peers, leader)
  }

  /** An observer that is in step. */
  async observe(id: number): Promise<PeerLink> {
    const { peers } = this
    const link = await peers.connect(1, OBSERVER_PORT)
    link.send([QuorumPacketType.observerInfo, 0, learnerInfo(id)])
    await peers.until(() => link.has(QuorumPacketType.leaderInfo))
    link.send([QuorumPacketType.ackEpoch, 0, intBytes(0)])
    await peers.until(() => link.has(QuorumPacketType.newLeader))
    link.send([QuorumPacketType.ack, EPOCH])
    await peers.until(() => link.has(QuorumPacketType.upToDate))
    link.send([QuorumPacketType.ack, EPOCH])
    return link
  }

  /** What has reached the leader on behalf of the session: operations and numbers, or `revalidate`. */
  asked(): (string | number)[] {
    const all: (string | number)[] = []
    for (const { type, data } of this.leader.received) {
      const reader = new ByteReader(data)
      if (type === QuorumPacketType.revalidate) all.push('revalidate')
      if (type !== QuorumPacketType.request || reader.readLong() !== SESSION_ID) continue
      const cxid = reader.readInt()
      if (reader.readInt() === Op.create) all.push(cxid)
    }
    return all
  }

  /** The leader says that the session lives, and that nothing of it is on its way. */
  async confirm(): Promise<void> {
    const out = new ByteWriter(9)
    out.writeLong(SESSION_ID)
    out.writeBoolean(true)
    this.leader.send([QuorumPacketType.revalidate, -1, out.toBytes()], [QuorumPacketType.sync, 0])
    await this.peers.pass(ARRIVAL_MS)
  }

  async takeUpOver(observer: PeerLink): Promise<void> {
    const count = this.asked().length
    observer.send([QuorumPacketType.revalidate, -1, touch(LONG_MS)])
    await this.peers.until(() => this.asked().length > count)
    const out = new ByteWriter(9)
    out.writeLong(SESSION_ID)
    out.writeBoolean(true)
    this.leader.send([QuorumPacketType.revalidate, -1, out.toBytes()])
    await this.peers.pass(ARRIVAL_MS)
  }

  async takeUpHere(): Promise<RawClient> {
    const { peers } = this
    const count = this.asked().length
    const client = new RawClient(peers.network, peers.peer(1), SERVER_ID, SESSION_ID, [])
    await peers.until(() => this.asked().length > count)
    await this.confirm()
    expect(client.sessionId).toBe(SESSION_ID)
    return client
  }
}

function touch(timeoutMs: number): Uint8Array {
  const out = new ByteWriter(12)
  out.writeLong(SESSION_ID)
  out.writeInt(timeoutMs)
  return out.toBytes()
}

function request(cxid: number, op: number): Uint8Array {
  const out = new ByteWriter(64)
  out.writeLong(SESSION_ID)
  out.writeInt(cxid)
  out.writeInt(op)
  return out.toBytes()
}

test('a follower takes nothing more of a session from its own client when that session moves to an observer', async () => {
  const setting = await Setting.start()
  const observer = await setting.observe(11)
  const old = await setting.takeUpHere()
  old.send(create(1, '/a'))
  await setting.peers.pass(ARRIVAL_MS)
  await setting.takeUpOver(observer)
  expect(old.isClosed).toBe(true)
  old.send(create(2, '/b'))
  await setting.peers.pass(ARRIVAL_MS)
  expect(setting.asked()).toEqual(['revalidate', 1, 'revalidate'])
  expect(observer.has(QuorumPacketType.revalidate)).toBe(true)
})

test('a client of the follower whose session an observer asks about after it is not served when the answers come', async () => {
  const setting = await Setting.start()
  const { peers, leader } = setting
  const observer = await setting.observe(11)
  const client = new RawClient(peers.network, peers.peer(1), SERVER_ID, SESSION_ID, [])
  await peers.until(() => setting.asked().length === 1)
  observer.send([QuorumPacketType.revalidate, -1, touch(LONG_MS)])
  await peers.until(() => setting.asked().length === 2)
  await setting.confirm()
  await peers.until(() => client.isClosed)
  // It may be alive, so that its client must not hear that it is over.
  expect(client.sessionId).toBeNull()
  await setting.confirm()
  expect(observer.has(QuorumPacketType.revalidate)).toBe(true)
  expect(leader.isClosed).toBe(false)
})

test('the follower that a session has left for an observer does not say how long it may be silent', async () => {
  const setting = await Setting.start()
  const observer = await setting.observe(11)
  await setting.takeUpHere()
  await setting.takeUpOver(observer)
  setting.leader.send([QuorumPacketType.ping, EPOCH])
  await setting.peers.until(() => setting.leader.has(QuorumPacketType.ping))
  expect(setting.leader.received.findLast(({ type }) => type === QuorumPacketType.ping)?.data).toEqual(new Uint8Array(0))

  observer.send([QuorumPacketType.ping, EPOCH, touch(LONG_MS)])
  await setting.peers.pass(ARRIVAL_MS)
  setting.leader.send([QuorumPacketType.ping, EPOCH])
  await setting.peers.pass(ARRIVAL_MS)
  expect(setting.leader.received.findLast(({ type }) => type === QuorumPacketType.ping)?.data).toEqual(touch(LONG_MS))
})

const moves: readonly (readonly [string, (setting: Setting, other: PeerLink) => Promise<unknown>])[] = [
  ['the follower itself', (setting) => setting.takeUpHere()],
  ['another observer', (setting, other) => setting.takeUpOver(other)],
]

for (const [where, move] of moves) {
  test(`a request that an observer sends when its session has moved to ${where} does not reach the leader`, async () => {
    const setting = await Setting.start()
    const [old, other] = [await setting.observe(11), await setting.observe(12)]
    await setting.takeUpOver(old)
    old.send([QuorumPacketType.request, -1, request(1, Op.create)])
    await setting.peers.until(() => setting.asked().includes(1))
    await move(setting, other)

    old.send([QuorumPacketType.request, -1, request(2, Op.create)])
    await setting.peers.until(() => old.isClosed)

    expect(setting.asked()).toEqual(['revalidate', 1, 'revalidate'])
    expect(other.isClosed).toBe(false)
    expect(setting.leader.isClosed).toBe(false)
  })
}

test('a session that comes back to an observer is served by it again, and one that is over is forgotten', async () => {
  const setting = await Setting.start()
  const [one, other] = [await setting.observe(11), await setting.observe(12)]
  await setting.takeUpOver(one)
  await setting.takeUpOver(other)
  await setting.takeUpOver(one)
  one.send([QuorumPacketType.request, -1, request(5, Op.create)])
  await setting.peers.until(() => setting.asked().includes(5))

  const closing = transaction(EPOCH + 1, Op.closeSession, () => {}, SESSION_ID, 6)
  setting.leader.send([QuorumPacketType.proposal, EPOCH + 1, closing], [QuorumPacketType.commit, EPOCH + 1])
  await setting.peers.until(() => one.has(QuorumPacketType.inform))
  other.send([QuorumPacketType.request, -1, request(7, Op.create)])
  await setting.peers.until(() => setting.asked().includes(7))
  expect(one.isClosed).toBe(false)
})
