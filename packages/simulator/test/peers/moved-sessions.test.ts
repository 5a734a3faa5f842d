// A session that moves to this server, a follower, while requests that it sent over another one are on their way. The leader, which the
// test plays, does as Apache's: it answers the question about a session at once, and gives a request that comes over a server that the
// session has left a transaction that says so.

import { ByteReader, ByteWriter, ErrorCode, Op, QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { create, exists, RawClient } from '../raw-client.ts'
import { EPOCH, FakePeers, lead, type PeerLink, transaction } from './fake-peers.ts'

const SESSION_ID = 0x100000000000077n
const SERVER_ID = 3
/** After this everything has arrived that was sent. */
const ARRIVAL_MS = 5

/** What a follower has sent on behalf of its clients: the operation, and the client's number of the request. */
function requestsOf(link: PeerLink): (readonly [op: number, cxid: number])[] {
  return link.received
    .filter(({ type }) => type === QuorumPacketType.request)
    .map(({ data }) => {
      const reader = new ByteReader(data)
      reader.readLong()
      const cxid = reader.readInt()
      return [reader.readInt(), cxid] as const
    })
}

function validity(isValid: boolean): Uint8Array {
  const out = new ByteWriter(9)
  out.writeLong(SESSION_ID)
  out.writeBoolean(isValid)
  return out.toBytes()
}

/** The session's request `cxid` creates a node. */
function created(zxid: number, cxid: number, path: string): Uint8Array {
  const record = (out: ByteWriter): void => {
    out.writeString(path)
    out.writeBuffer(null)
    out.writeInt(1)
    out.writeInt(31)
    out.writeString('world')
    out.writeString('anyone')
    out.writeBoolean(false)
    out.writeInt(1)
  }
  return transaction(zxid, Op.create, record, SESSION_ID, cxid)
}

/** The session's request `cxid` came over a server that the session has left. */
function moved(zxid: number, cxid: number): Uint8Array {
  return transaction(zxid, Op.error, (out) => out.writeInt(ErrorCode.SESSION_MOVED), SESSION_ID, cxid)
}

class Setting {
  readonly peers: FakePeers
  readonly link: PeerLink
  private lastZxid = EPOCH

  private constructor(peers: FakePeers, link: PeerLink) {
    this.peers = peers
    this.link = link
  }

  static async start(): Promise<Setting> {
    const peers = new FakePeers()
    const link = await lead(peers, 1)
    await peers.until(() => link.has(QuorumPacketType.ack))
    link.send([QuorumPacketType.upToDate, -1])
    await peers.until(() => peers.says('FOLLOWING in epoch'))
    return new Setting(peers, link)
  }

  /** The leader commits the transactions. */
  commit(...makers: readonly ((zxid: number) => Uint8Array)[]): void {
    for (const make of makers) {
      const zxid = ++this.lastZxid
      this.link.send([QuorumPacketType.proposal, zxid, make(zxid)], [QuorumPacketType.commit, zxid])
    }
  }

  answerSync(): void {
    this.link.send([QuorumPacketType.sync, 0])
  }

  /** A client brings its session along; the leader has said that it lives. */
  async takeUp(): Promise<RawClient> {
    const { peers, link } = this
    const client = new RawClient(peers.network, peers.peer(1), SERVER_ID, SESSION_ID, [])
    await peers.until(() => link.has(QuorumPacketType.revalidate))
    link.send([QuorumPacketType.revalidate, -1, validity(true)])
    await peers.pass(ARRIVAL_MS)
    return client
  }

  /** As `takeUp`, and nothing of the session is on its way any more. */
  async takeUpInTime(): Promise<RawClient> {
    const client = await this.takeUp()
    this.answerSync()
    await this.peers.until(() => client.sessionId === SESSION_ID)
    return client
  }

  async arrive(...requests: Parameters<RawClient['send']>): Promise<RawClient> {
    const client = await this.takeUpInTime()
    client.send(...requests)
    await this.peers.until(() => requestsOf(this.link).length === 1 + requests.length)
    return client
  }
}

test('the answer to a request that was under way when a session moved here never goes to one of the new connection', async () => {
  const setting = await Setting.start()
  const { peers, link } = setting
  const client = await setting.takeUp()
  expect(requestsOf(link)).toEqual([[Op.sync, 0]])
  expect(client.sessionId).toBeNull()

  setting.commit((zxid) => created(zxid, 1, '/old'))
  await peers.pass(ARRIVAL_MS)
  expect(client.sessionId).toBeNull()
  setting.answerSync()
  await peers.until(() => client.sessionId === SESSION_ID)

  client.send(create(1, '/new'), exists(2, '/old'))
  await peers.pass(ARRIVAL_MS)
  setting.commit((zxid) => created(zxid, 1, '/new'))
  await peers.until(() => client.replies.length === 2)
  expect(client.replies).toEqual([
    { xid: 1, err: ErrorCode.OK, path: '/new' },
    { xid: 2, err: ErrorCode.OK, path: null },
  ])
})

test('a session that is over is refused at once, and the answer to the sync behind its question changes nothing', async () => {
  const { peers, link } = await Setting.start()
  const client = new RawClient(peers.network, peers.peer(1), SERVER_ID, SESSION_ID, [])
  await peers.until(() => requestsOf(link).length === 1)
  link.send([QuorumPacketType.revalidate, -1, validity(false)])
  await peers.until(() => client.isClosed)
  expect(client.sessionId).toBe(0n)
  link.send([QuorumPacketType.sync, 0])
  await peers.pass(ARRIVAL_MS)
  expect(link.isClosed).toBe(false)
  expect(peers.says('a sync that nobody waits for')).toBe(false)
})

test('what came too late over the server that a session has left does not close its new connection', async () => {
  const setting = await Setting.start()
  const { peers } = setting
  const client = await setting.arrive(create(1, '/a'), create(2, '/b'))
  setting.commit(
    (zxid) => moved(zxid, 1),
    (zxid) => moved(zxid, 2),
    (zxid) => created(zxid, 1, '/a'),
    (zxid) => created(zxid, 2, '/b'),
  )
  await peers.until(() => client.replies.length === 2)
  expect(client.replies.map(({ xid, path }) => [xid, path])).toEqual([
    [1, '/a'],
    [2, '/b'],
  ])
  setting.answerSync()
  await peers.pass(ARRIVAL_MS)
  expect(client.isClosed).toBe(false)
  expect(peers.says('a sync that nobody waits for')).toBe(false)
})

test('a connection whose session has moved on to another server is closed when the leader has answered all that it asked', async () => {
  const setting = await Setting.start()
  const { peers, link } = setting
  const client = await setting.arrive(create(1, '/a'))
  setting.commit((zxid) => moved(zxid, 1))
  await peers.until(() => requestsOf(link).length === 3)
  expect(requestsOf(link).at(-1)?.[0]).toBe(Op.sync)
  expect(client.isClosed).toBe(false)
  setting.answerSync()
  await peers.until(() => client.isClosed)
  expect(client.replies).toEqual([])
})

test('a later answer of the leader shows that the session of an earlier request has moved on', async () => {
  const setting = await Setting.start()
  const { peers, link } = setting
  const client = await setting.arrive(create(1, '/a'))
  const other = new RawClient(peers.network, peers.peer(1), SERVER_ID, 0n, [])
  await peers.until(() => requestsOf(link).length === 3)
  const sessionId = sessionOf(link)
  setting.commit((zxid) => moved(zxid, 1))
  await peers.pass(ARRIVAL_MS)
  expect(client.isClosed).toBe(false)

  setting.commit((zxid) => transaction(zxid, Op.createSession, (out) => out.writeInt(2000), sessionId, 0))
  await peers.until(() => client.isClosed && other.sessionId === sessionId)
})

/** Of the request that came last. */
function sessionOf(link: PeerLink): bigint {
  const last = link.received.filter(({ type }) => type === QuorumPacketType.request).at(-1)
  return new ByteReader(last?.data ?? new Uint8Array(8)).readLong()
}
