// What a member does with packets that a peer may send, although none of its own kind does.

import { ByteWriter, Op, QuorumPacketType, utf8Bytes } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { EPOCH, FakePeers, followServer, lead, type PeerLink, transaction } from './fake-peers.ts'

function createRequest(xid: number, path: string): Uint8Array {
  const out = new ByteWriter(64)
  out.writeLong(0x100n)
  out.writeInt(xid)
  out.writeInt(Op.create)
  out.writeString(path)
  out.writeBuffer(null)
  out.writeInt(1)
  out.writeInt(31)
  out.writeString('world')
  out.writeString('anyone')
  out.writeInt(0)
  return out.toBytes()
}

test('of acknowledgements that come together the highest counts: a follower of Apache’s may send older ones behind it', async () => {
  const peers = new FakePeers()
  const link = await followServer(peers, 1)
  link.send([QuorumPacketType.request, -1, createRequest(1, '/a')])
  await peers.until(() => link.has(QuorumPacketType.proposal))

  link.send([QuorumPacketType.ack, EPOCH + 1], [QuorumPacketType.ack, EPOCH])

  await peers.until(() => link.has(QuorumPacketType.commit))
})

test('a leader whose configuration cannot be read is left, and the server lives on', async () => {
  const peers = new FakePeers({ reconfigEnabled: 'true' })
  const link = await lead(peers, 1, utf8Bytes('server.1=nonsense\nversion=100000000'))
  await peers.until(() => link.isClosed)
  expect(peers.node.machine.isUp).toBe(true)
  expect(peers.says('FOLLOWING is over')).toBe(true)
})

test('a proposed configuration that cannot be read ends the role, and is not logged', async () => {
  const peers = new FakePeers({ reconfigEnabled: 'true' })
  const link = await lead(peers, 1)
  await peers.until(() => link.has(QuorumPacketType.ack))
  link.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says('FOLLOWING in epoch'))
  const proposal = transaction(EPOCH + 1, Op.reconfig, (out) => {
    out.writeString('/zookeeper/config')
    out.writeBuffer(utf8Bytes('server.1=nonsense'))
    out.writeInt(-1)
  })
  link.send([QuorumPacketType.proposal, EPOCH + 1, proposal])
  await peers.until(() => link.isClosed)
  expect(peers.node.machine.isUp).toBe(true)
  expect(peers.node.disk.disk.list('/data/version-2').filter((name) => name.startsWith('log.'))).toEqual([])
})

async function serveBelow(peers: FakePeers, name: string): Promise<PeerLink> {
  const link = await lead(peers, 1)
  await peers.until(() => link.has(QuorumPacketType.ack))
  link.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says(`${name} in epoch`))
  return link
}

test('a committed transaction that cannot be applied stops the server: it must not go on without it', async () => {
  const peers = new FakePeers()
  const link = await serveBelow(peers, 'FOLLOWING')
  const unreadable = transaction(EPOCH + 1, Op.create, (out) => out.writeInt(1000))
  link.send([QuorumPacketType.proposal, EPOCH + 1, unreadable], [QuorumPacketType.commit, EPOCH + 1])
  await peers.until(() => !peers.node.machine.isUp)
  expect(peers.node.ending?.message).toContain('100000001')
})

const NEWER_TYPE = 77

/** A multi of a check that is known, and a part of this type. */
function multiWith(type: number): Uint8Array {
  return transaction(EPOCH + 1, Op.multi, (out) => {
    out.writeInt(2)
    out.writeInt(Op.check)
    out.writeBuffer(new Uint8Array(3))
    out.writeInt(type)
    out.writeBuffer(new Uint8Array(5))
  })
}

const newerTransactions: readonly (readonly [string, Uint8Array])[] = [
  ['a transaction', transaction(EPOCH + 1, NEWER_TYPE, () => {})],
  ['a part of a multi', multiWith(NEWER_TYPE)],
]

for (const [what, bytes] of newerTransactions) {
  test(`${what} of a type that a follower does not know stops it before it is logged or acknowledged`, async () => {
    const peers = new FakePeers()
    const link = await serveBelow(peers, 'FOLLOWING')
    link.send([QuorumPacketType.proposal, EPOCH + 1, bytes])
    await peers.until(() => !peers.node.machine.isUp)
    expect(peers.node.ending?.message).toContain('of the type 77')
    expect(link.received.filter(({ type, zxid }) => type === QuorumPacketType.ack && zxid > EPOCH)).toEqual([])
    expect(peers.node.disk.disk.list('/data/version-2').filter((name) => name.startsWith('log.'))).toEqual([])
  })

  test(`${what} of a type that an observer does not know stops it before it is logged`, async () => {
    const peers = new FakePeers({}, ':observer')
    const link = await serveBelow(peers, 'OBSERVING')
    link.send([QuorumPacketType.inform, EPOCH + 1, bytes])
    await peers.until(() => !peers.node.machine.isUp)
    expect(peers.node.ending?.message).toContain('of the type 77')
    expect(peers.node.disk.disk.list('/data/version-2').filter((name) => name.startsWith('log.'))).toEqual([])
  })
}

test('a multi that ends inside of a part ends the role, and is not logged', async () => {
  const peers = new FakePeers()
  const link = await serveBelow(peers, 'FOLLOWING')
  const whole = multiWith(Op.setData)
  link.send([QuorumPacketType.proposal, EPOCH + 1, whole.slice(0, -1)])
  await peers.until(() => link.isClosed)
  expect(peers.node.machine.isUp).toBe(true)
  expect(peers.node.disk.disk.list('/data/version-2').filter((name) => name.startsWith('log.'))).toEqual([])
})
