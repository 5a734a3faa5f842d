// What a member does with packets that a peer may send, although none of its own kind does.

import { ByteWriter, Op, QuorumPacketType, utf8Bytes } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { EPOCH, FakePeers, followServer, lead, transaction } from './fake-peers.ts'

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

test('a committed transaction that cannot be applied stops the server: it must not go on without it', async () => {
  const peers = new FakePeers()
  const link = await lead(peers, 1)
  await peers.until(() => link.has(QuorumPacketType.ack))
  link.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says('FOLLOWING in epoch'))
  const unknown = transaction(EPOCH + 1, 77, () => {})
  link.send([QuorumPacketType.proposal, EPOCH + 1, unknown], [QuorumPacketType.commit, EPOCH + 1])
  await peers.until(() => !peers.node.machine.isUp)
  expect(peers.node.ending?.message).toContain('100000001')
})
