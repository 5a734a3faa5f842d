// A member whose disk refuses what a role wants to keep: it ends with the reason, and tells nobody what it could not keep.

import { Op, QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { serverAddress } from '../../src/world/server-node.ts'
import { create, RawClient } from '../raw-client.ts'
import { agree, EPOCH, FakePeers, follow, lead, learnerInfo, tellEpoch, transaction } from './fake-peers.ts'

const ARRIVAL_MS = 5
/** The server is a quorum by itself. */
const LEADS_ALONE = { 'group.1': '1:2:3', 'weight.1': '0', 'weight.2': '0', 'weight.3': '1' }

function breakFile(peers: FakePeers, pathPart: string): void {
  peers.node.disk.disk.failNext({ operation: 'rename', code: 'EIO', pathPart })
}

async function untilEnded(peers: FakePeers): Promise<void> {
  await peers.until(() => !peers.node.machine.isUp)
  expect(peers.node.ending).toMatchObject({ code: 'EIO' })
  expect(peers.says('Severe unrecoverable error')).toBe(true)
}

test('a follower that cannot keep its promise to follow an epoch makes none, and ends', async () => {
  const peers = new FakePeers()
  peers.answer = follow(1)
  await peers.until(() => peers.accepted.length > 0)
  breakFile(peers, 'acceptedEpoch')
  const link = await tellEpoch(peers, 1)
  await untilEnded(peers)
  expect(link.has(QuorumPacketType.ackEpoch)).toBe(false)
})

test('a follower that cannot adopt an epoch does not acknowledge NEWLEADER, and ends', async () => {
  const peers = new FakePeers()
  peers.answer = follow(1)
  await peers.until(() => peers.accepted.length > 0)
  breakFile(peers, 'currentEpoch')
  const link = await lead(peers, 1)
  await untilEnded(peers)
  expect(link.has(QuorumPacketType.ack)).toBe(false)
})

for (const file of ['acceptedEpoch', 'currentEpoch']) {
  test(`a leader that cannot write its ${file} ends, and nobody hears of what it could not keep`, async () => {
    const peers = new FakePeers()
    peers.answer = agree
    await peers.until(() => peers.says('LEADING: waiting for learners'))
    breakFile(peers, file)
    const link = await peers.connect(1)
    link.send([QuorumPacketType.followerInfo, 0, learnerInfo(1)])
    await peers.pass(ARRIVAL_MS)
    link.send([QuorumPacketType.ackEpoch, 0, Uint8Array.of(0, 0, 0, 0)])
    await untilEnded(peers)
    expect(link.has(file === 'acceptedEpoch' ? QuorumPacketType.leaderInfo : QuorumPacketType.newLeader)).toBe(false)
  })
}

test('a leader that is a quorum by itself adopts no epoch that it could not promise, and starts again', async () => {
  const peers = new FakePeers(LEADS_ALONE)
  await peers.until(() => peers.says('LOOKING'))
  breakFile(peers, 'acceptedEpoch')
  await untilEnded(peers)

  peers.node.start()
  await peers.until(() => peers.node.ending !== null || peers.says('LEADING in epoch 1'))
  expect(peers.node.ending).toBe(null)
})

test('a member that cannot look at its files when a role begins ends with the reason', async () => {
  const peers = new FakePeers()
  await peers.until(() => peers.says('LOOKING'))
  peers.node.disk.disk.failNext({ operation: 'list', code: 'EIO' })
  peers.answer = follow(1)
  await untilEnded(peers)
  expect(peers.says('FOLLOWING')).toBe(false)
})

test('a member that looks for a leader and cannot keep a newer configuration ends with the reason', async () => {
  const peers = new FakePeers({ reconfigEnabled: 'true' }, ';2181', true)
  await peers.until(() => peers.says('LOOKING'))
  breakFile(peers, 'zoo.cfg.dynamic')
  const config = [1, 2, 3, 4].map((id) => `server.${id}=${serverAddress(id)}:2888:3888:participant;2181`).join('\n')
  peers.answer = (_peerId, heard) => ({ ...heard, config: `${config}\nversion=500000000` })
  await untilEnded(peers)
})

for (const after of [0, 1]) {
  test(`a leader that cannot list its ${after === 0 ? 'snapshots' : 'logs'} for a learner sends it what it has in memory, and leads on`, async () => {
    const peers = new FakePeers(LEADS_ALONE)
    await peers.until(() => peers.says('LEADING in epoch 1'))
    const client = new RawClient(peers.network, peers.peer(1), 3, 0n, [create(1, '/a')])
    await peers.until(() => client.replies.length > 0)

    peers.node.disk.disk.failNext({ operation: 'list', code: 'EIO', after })
    const link = await peers.connect(1)
    link.send([QuorumPacketType.followerInfo, 0, learnerInfo(1)])
    await peers.until(() => link.has(QuorumPacketType.leaderInfo))
    link.send([QuorumPacketType.ackEpoch, 0, Uint8Array.of(0, 0, 0, 0)])
    await peers.until(() => link.has(QuorumPacketType.snap))
    expect(peers.says('The log cannot be read for a learner')).toBe(true)
    expect(peers.node.server?.mode).toBe('leader')
  })
}

test('a member whose log cannot be synced when it is told to stop says so', async () => {
  const peers = new FakePeers({ forceSync: 'yes' })
  const link = await lead(peers, 1)
  await peers.until(() => link.has(QuorumPacketType.ack))
  link.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says('FOLLOWING in epoch'))
  link.send([QuorumPacketType.proposal, EPOCH + 1, transaction(EPOCH + 1, Op.error, (out) => out.writeInt(-101))])
  await peers.until(() => link.received.some(({ type, zxid }) => type === QuorumPacketType.ack && zxid > EPOCH))

  peers.node.disk.disk.failNext({ operation: 'sync', code: 'EIO', pathPart: 'log.' })
  peers.node.stop()

  await peers.until(() => !peers.node.machine.isUp)
  expect(peers.node.ending).toMatchObject({ code: 'EIO' })
  expect(peers.says('The transaction log could not be closed')).toBe(true)
})
