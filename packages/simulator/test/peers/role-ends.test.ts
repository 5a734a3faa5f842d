// What reaches a member between two roles: the one before is not over, or the search for a leader has not begun.

import { Op, QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { serverAddress } from '../../src/world/server-node.ts'
import { EPOCH, FakePeers, lead, type PeerLink, transaction } from './fake-peers.ts'

/** The three servers and a fourth, newer than what they began with. */
function newerConfig(serverRole: string): string {
  const lines = [1, 2, 3, 4].map((id) => `server.${id}=${serverAddress(id)}:2888:3888:${id === 3 ? serverRole : 'participant'}`)
  return [...lines, 'version=500000000'].join('\n')
}

async function serve(peers: FakePeers, name: string): Promise<PeerLink> {
  const link = await lead(peers, 1)
  await peers.until(() => link.has(QuorumPacketType.ack))
  link.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says(`${name} in epoch`))
  return link
}

function tellNewerConfig(peers: FakePeers, serverRole: string): void {
  const vote = { leader: 1, zxid: 0, electionEpoch: 1, peerEpoch: 0 }
  peers.tell(1, { state: 0, ...vote, config: newerConfig(serverRole) })
}

test('a newer configuration that comes while a role ends does not begin the search before all of its log is synced', async () => {
  const peers = new FakePeers({ reconfigEnabled: 'true' })
  const link = await serve(peers, 'FOLLOWING')
  peers.answer = () => null
  Object.assign(peers.node.disk.pace, { syncMinMs: 100, syncMaxMs: 100 })
  link.send([QuorumPacketType.proposal, EPOCH + 1, transaction(EPOCH + 1, Op.error, (out) => out.writeInt(-101))])
  await peers.pass(5)
  peers.lines.length = 0

  link.close()
  await peers.pass(5)
  expect(peers.says('FOLLOWING is over')).toBe(true)
  tellNewerConfig(peers, 'participant')
  await peers.pass(20)
  expect(peers.says('LOOKING')).toBe(false)

  await peers.pass(1000)
  const searches = peers.lines.filter((line) => line.startsWith('Looking for a leader'))
  expect(searches).toEqual(['Looking for a leader, with last zxid 0x100000001 and epoch 1'])
})

test('a newer configuration that comes while an observer pauses before its search begins that search, once', async () => {
  const peers = new FakePeers({ reconfigEnabled: 'true' }, ':observer')
  const link = await serve(peers, 'OBSERVING')
  peers.answer = () => null
  peers.lines.length = 0

  link.close()
  await peers.pass(2)
  expect(peers.says('OBSERVING is over')).toBe(true)
  expect(peers.says('LOOKING')).toBe(false)
  tellNewerConfig(peers, 'observer')

  await peers.pass(1000)
  expect(peers.lines.filter((line) => line === 'LOOKING')).toEqual(['LOOKING'])
})
