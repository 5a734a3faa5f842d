import { ByteReader, ByteWriter, Op, QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { EPOCH, FakePeers, followServer, type PeerLink } from './fake-peers.ts'

const SESSION_ID = 0x100000000000001n
const TIMEOUT_MS = 300

function createSession(): Uint8Array {
  const out = new ByteWriter(64)
  out.writeLong(SESSION_ID)
  out.writeInt(0)
  out.writeInt(Op.createSession)
  out.writeInt(TIMEOUT_MS)
  return out.toBytes()
}

function touches(): Uint8Array {
  const out = new ByteWriter(12)
  out.writeLong(SESSION_ID)
  out.writeInt(TIMEOUT_MS)
  return out.toBytes()
}

/** Acknowledges what is proposed, and answers each PING: with the session as long as its client is heard of. */
function playFollower(peers: FakePeers, link: PeerLink, isClientAlive: () => boolean): void {
  let answeredCount = 0
  peers.world.afterEvent = () => {
    for (; answeredCount < link.received.length; answeredCount++) {
      const packet = link.received[answeredCount]
      if (packet?.type === QuorumPacketType.proposal) link.send([QuorumPacketType.ack, packet.zxid])
      if (packet?.type !== QuorumPacketType.ping) continue
      link.send([QuorumPacketType.ping, packet.zxid, isClientAlive() ? touches() : new Uint8Array(0)])
    }
  }
}

/** What was proposed, by type. */
function proposedTypes(link: PeerLink): number[] {
  const proposals = link.received.filter(({ type }) => type === QuorumPacketType.proposal)
  return proposals.map(({ data }) => {
    const reader = new ByteReader(data)
    reader.position = 28
    return reader.readInt()
  })
}

async function begin(isClientAlive: () => boolean): Promise<{ readonly peers: FakePeers; readonly link: PeerLink }> {
  const peers = new FakePeers({ minSessionTimeout: '200' })
  const link = await followServer(peers, 1)
  playFollower(peers, link, isClientAlive)
  link.send([QuorumPacketType.request, -1, createSession()])
  await peers.until(() => link.has(QuorumPacketType.commit))
  await peers.pass(1000)
  expect(proposedTypes(link)).toEqual([Op.createSession])
  return { peers, link }
}

test('I18: a leader that did not get to run asks its learners whom they have heard of before it lets sessions expire', async () => {
  const { peers, link } = await begin(() => true)

  peers.node.machine.pause()
  await peers.pass(420)
  peers.node.machine.resume()
  await peers.pass(2000)

  expect(proposedTypes(link)).toEqual([Op.createSession])
  expect(link.isClosed).toBe(false)
})

test('I18: a session that no learner has heard of expires, also after a pause of the leader', async () => {
  let isClientAlive = true
  const { peers, link } = await begin(() => isClientAlive)

  isClientAlive = false
  peers.node.machine.pause()
  await peers.pass(420)
  peers.node.machine.resume()
  await peers.pass(400)

  expect(proposedTypes(link)).toEqual([Op.createSession, Op.closeSession])
  expect(link.received.some(({ type, zxid }) => type === QuorumPacketType.commit && zxid === EPOCH + 2)).toBe(true)
})
