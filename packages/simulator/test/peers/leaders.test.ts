// What a leader's configuration says of its waiting for a quorum, and of its clients.

import { ErrorCode, QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { create, RawClient } from '../raw-client.ts'
import { agree, FakePeers, followServer } from './fake-peers.ts'

const SERVER_ID = 3
const WAIT_MS = 300
const ARRIVAL_MS = 5

/** A server that has just won the election, and waits in vain for up to a second. */
async function elect(settings: Readonly<Record<string, string>>): Promise<FakePeers> {
  const peers = new FakePeers(settings)
  peers.answer = agree
  await peers.until(() => peers.says('LEADING: waiting for learners'))
  peers.answer = () => null
  return peers
}

async function lookAgain(peers: FakePeers): Promise<void> {
  peers.tell(1, { state: 0, leader: 1, zxid: 0, electionEpoch: 1, peerEpoch: 0, config: null })
  await peers.pass(ARRIVAL_MS)
}

test('a leader whose voter looks for another waits for leader.maxTimeToWaitForEpoch, and looks, too', async () => {
  const peers = await elect({ 'leader.maxTimeToWaitForEpoch': String(WAIT_MS) })
  await lookAgain(peers)
  await peers.pass(WAIT_MS)
  // Nothing was heard since.
  expect(peers.says('LEADING is over')).toBe(false)

  await lookAgain(peers)
  expect(peers.says('LEADING is over: server 1 looks for another leader')).toBe(true)
})

test('without that setting a leader waits for a quorum until initLimit is over', async () => {
  const peers = await elect({})
  await peers.pass(2 * WAIT_MS)
  await lookAgain(peers)
  expect(peers.says('LEADING is over')).toBe(false)
  await peers.until(() => peers.says('LEADING is over: no quorum'))
})

test('a leader whose epoch is decided does not go for a voter that looks', async () => {
  const peers = new FakePeers({ 'leader.maxTimeToWaitForEpoch': '0' })
  await followServer(peers, 1)
  peers.answer = () => null
  await lookAgain(peers)
  expect(peers.says('LEADING is over')).toBe(false)
})

test('a leader with leaderServes=no leads without taking clients', async () => {
  const peers = new FakePeers({ leaderServes: 'no' })
  const link = await followServer(peers, 1)
  expect(peers.node.server?.mode).toBe('leader')

  const refused = new RawClient(peers.network, peers.peer(1), SERVER_ID, 0n, [create(1, '/a')])
  await peers.until(() => refused.isClosed)
  expect(refused.sessionId).toBeNull()
  expect(link.received.some(({ type }) => type === QuorumPacketType.proposal)).toBe(false)
})

test('a leader takes clients unless leaderServes says no', async () => {
  const peers = new FakePeers()
  const link = await followServer(peers, 1)
  peers.world.afterEvent = () => {
    const last = link.received.at(-1)
    if (last?.type === QuorumPacketType.proposal) link.send([QuorumPacketType.ack, last.zxid])
  }
  const client = new RawClient(peers.network, peers.peer(1), SERVER_ID, 0n, [create(1, '/a')])
  await peers.until(() => client.replies.length === 1)
  expect(client.replies).toEqual([{ xid: 1, err: ErrorCode.OK, path: '/a' }])
})
