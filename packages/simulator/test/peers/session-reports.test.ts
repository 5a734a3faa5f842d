import { ByteReader, ByteWriter, Op, QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { EPOCH, FakePeers, followServer, type PeerLink } from './fake-peers.ts'

const SESSION_ID = 0x100000000000001n
const SHORT_MS = 300
const LONG_MS = 2000

function createSession(): Uint8Array {
  const out = new ByteWriter(64)
  out.writeLong(SESSION_ID)
  out.writeInt(0)
  out.writeInt(Op.createSession)
  out.writeInt(SHORT_MS)
  return out.toBytes()
}

function touch(timeoutMs: number): Uint8Array {
  const out = new ByteWriter(12)
  out.writeLong(SESSION_ID)
  out.writeInt(timeoutMs)
  return out.toBytes()
}

/** Acknowledges what is proposed, and answers each PING with what `reported` gives. */
function play(links: readonly PeerLink[], peers: FakePeers, reported: (link: PeerLink) => Uint8Array): void {
  const answeredCounts = links.map(() => 0)
  peers.world.afterEvent = () => {
    links.forEach((link, index) => {
      for (let at = answeredCounts[index] ?? 0; at < link.received.length; at++) {
        const packet = link.received[at]
        answeredCounts[index] = at + 1
        if (packet?.type === QuorumPacketType.proposal) link.send([QuorumPacketType.ack, packet.zxid])
        if (packet?.type === QuorumPacketType.ping) link.send([QuorumPacketType.ping, packet.zxid, reported(link)])
      }
    })
  }
}

test('the server that a session has left does not say how long it lives without being heard of', async () => {
  const peers = new FakePeers({ minSessionTimeout: '200' })
  const old = await followServer(peers, 1)
  const next = await followServer(peers, 2, EPOCH)
  let reports: PeerLink | null = null
  play([old, next], peers, (link) => {
    if (link !== reports) return new Uint8Array(0)
    reports = null
    return touch(SHORT_MS)
  })
  old.send([QuorumPacketType.request, -1, createSession()])
  await peers.until(() => next.has(QuorumPacketType.commit))
  next.send([QuorumPacketType.revalidate, -1, touch(LONG_MS)])
  await peers.until(() => next.has(QuorumPacketType.revalidate))

  // The client was still heard of there after the server's last report.
  reports = old
  await peers.pass(1000)

  expect(reports).toBeNull()
  expect(next.received.filter(({ type }) => type === QuorumPacketType.proposal)).toHaveLength(1)
  await peers.pass(1500)
  const last = next.received.filter(({ type }) => type === QuorumPacketType.proposal).at(-1)
  const reader = new ByteReader(last?.data ?? new Uint8Array(0))
  reader.position = 28
  expect(reader.readInt()).toBe(Op.closeSession)
})
