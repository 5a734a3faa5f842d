// A change of members that was proposed and is not part of the history that goes on: what becomes of it at a server that has seen it.

import { Op, QuorumPacketType, utf8Bytes } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { serverAddress } from '../../src/world/server-node.ts'
import { EPOCH, FakePeers, follow, intBytes, learnerInfo, type PeerLink, transaction } from './fake-peers.ts'

/** Servers 1 to `voterCount`. */
function configText(voterCount: number, version: number): Uint8Array {
  const ids = Array.from({ length: voterCount }, (_, index) => index + 1)
  const lines = ids.map((id) => `server.${id}=${serverAddress(id)}:2888:3888:participant;2181`)
  return utf8Bytes([...lines, `version=${version.toString(16)}`].join('\n'))
}

function reconfiguration(zxid: number, voterCount: number): Uint8Array {
  return transaction(zxid, Op.reconfig, (out) => {
    out.writeString('/zookeeper/config')
    out.writeBuffer(configText(voterCount, zxid))
    out.writeInt(-1)
  })
}

const failure = (zxid: number): Uint8Array => transaction(zxid, Op.error, (out) => out.writeInt(-101))

type Packets = Parameters<PeerLink['send']>

/** Server 2 leads `epoch`, and the server serves in it after a synchronisation by `packets`. */
async function serveUnder2(peers: FakePeers, epoch: number, config: Uint8Array, packets: Packets): Promise<PeerLink> {
  const linkCount = peers.accepted.length
  peers.answer = follow(epoch)
  await peers.until(() => peers.accepted.length > linkCount && peers.accepted.at(-1)?.has(QuorumPacketType.followerInfo) === true)
  const link = peers.accepted.at(-1) as PeerLink
  link.send([QuorumPacketType.leaderInfo, epoch * EPOCH, intBytes(0x10000)])
  await peers.until(() => link.has(QuorumPacketType.ackEpoch))
  link.send(...packets, [QuorumPacketType.newLeader, epoch * EPOCH, config])
  await peers.until(() => link.has(QuorumPacketType.ack))
  link.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says(`FOLLOWING in epoch ${epoch}`))
  return link
}

/** Server 3 of three has logged a change to five members, which server 2 proposed in epoch 1 before it was lost. */
async function proposedInVain(): Promise<FakePeers> {
  const peers = new FakePeers({ reconfigEnabled: 'true' })
  const link = await serveUnder2(peers, 1, configText(3, EPOCH), [[QuorumPacketType.diff, 0]])
  link.send([QuorumPacketType.proposal, EPOCH + 1, failure(EPOCH + 1)], [QuorumPacketType.commit, EPOCH + 1])
  link.send([QuorumPacketType.proposal, EPOCH + 2, reconfiguration(EPOCH + 2, 5)])
  await peers.until(() => link.received.some(({ type, zxid }) => type === QuorumPacketType.ack && zxid === EPOCH + 2))
  lose(peers, link)
  return peers
}

function lose(peers: FakePeers, link: PeerLink): void {
  peers.answer = () => null
  peers.lines.length = 0
  link.close()
}

/** Whether the server, elected by server 1, can lead with it alone: two of three are enough for an epoch, but not two of five. */
async function leadsWith1(peers: FakePeers): Promise<boolean> {
  peers.answer = (peerId, heard) => (peerId === 1 ? heard : null)
  await peers.until(() => peers.says('LEADING: waiting for learners'))
  const link = await peers.connect(1)
  link.send([QuorumPacketType.followerInfo, 0, learnerInfo(1)])
  await peers.pass(500)
  return link.has(QuorumPacketType.leaderInfo)
}

test('a change of members in flight counts for a new epoch as long as its transaction is in the log', async () => {
  const peers = await proposedInVain()
  expect(await leadsWith1(peers)).toBe(false)
})

test('a change of members goes with its transaction when a leader that does not know it has the log cut', async () => {
  const peers = await proposedInVain()
  const packets: Packets = [[QuorumPacketType.trunc, EPOCH + 1]]
  lose(peers, await serveUnder2(peers, 2, configText(3, EPOCH), packets))
  expect(await leadsWith1(peers)).toBe(true)
})

test('a change of members that comes again with the history of the next leader stays in flight', async () => {
  const peers = await proposedInVain()
  const again = reconfiguration(EPOCH + 2, 5)
  const packets: Packets = [
    [QuorumPacketType.trunc, EPOCH + 1],
    [QuorumPacketType.proposal, EPOCH + 2, again],
  ]
  lose(peers, await serveUnder2(peers, 2, configText(3, EPOCH), packets))
  expect(await leadsWith1(peers)).toBe(false)
})
