// A follower that is sent the leader's whole tree.

import { beginSnapshot, Database } from '@tskeeper/core'
import { crc32 } from '@tskeeper/protocol'
import { ByteWriter, Op, QuorumPacketType, SNAPSHOT_SIGNATURE } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { EPOCH, FakePeers, lead, tellEpoch, transaction } from './fake-peers.ts'

/** An empty tree, without sessions, as it comes over the link. */
function emptyTree(): Uint8Array {
  const database = new Database({
    hashSeed: 1,
    isDigestEnabled: true,
    areExtendedTypesEnabled: true,
    hasOldTtlNodes: false,
    crc32,
  })
  database.createReservedNodes()
  const out = new ByteWriter(1024)
  out.writeInt(0)
  out.writeInt(0)
  const source = beginSnapshot(database)
  while (!source.writeNodes(out, 1024));
  out.writeString('/')
  out.writeString(SNAPSHOT_SIGNATURE)
  return out.toBytes()
}

test('a follower that joins by a snapshot after a restart that replayed its log writes one snapshot, not two', async () => {
  const peers = new FakePeers()
  const first = await lead(peers, 1)
  await peers.until(() => first.has(QuorumPacketType.ack))
  first.send([QuorumPacketType.upToDate, -1])
  const bytes = transaction(EPOCH + 1, Op.error, (out) => out.writeInt(-101))
  first.send([QuorumPacketType.proposal, EPOCH + 1, bytes], [QuorumPacketType.commit, EPOCH + 1])
  await peers.until(() => first.received.some(({ type, zxid }) => type === QuorumPacketType.ack && zxid > EPOCH))
  peers.node.crash()
  await peers.until(() => first.isClosed)
  peers.lines.length = 0

  peers.node.start()
  const second = await tellEpoch(peers, 2)
  await peers.until(() => second.has(QuorumPacketType.ackEpoch))
  second.send([QuorumPacketType.snap, EPOCH + 1000])
  second.sendRaw(emptyTree())
  second.send([QuorumPacketType.newLeader, 2 * EPOCH, new Uint8Array(0)])
  await peers.until(() => second.has(QuorumPacketType.ack))
  second.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says('FOLLOWING in epoch 2'))
  await peers.pass(1000)

  expect(peers.lines.filter((line) => line.startsWith('Snapshotting:'))).toHaveLength(1)
})
