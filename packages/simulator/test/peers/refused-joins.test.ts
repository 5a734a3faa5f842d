// A member whose leader has nothing to give it: it tries again, but not as fast as it can.

import { QuorumPacketType } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { EPOCH, FakePeers, follow, intBytes, lead, tellEpoch } from './fake-peers.ts'

/** What `leaderConnectDelayDuringRetryMs` is when nobody sets it. */
const LONGEST_PAUSE_MS = 100

/** A server that has promised epoch 5 to a leader of which nothing more is heard. */
async function promiseEpochFive(serverLine: string): Promise<FakePeers> {
  const peers = new FakePeers({}, serverLine)
  const link = await tellEpoch(peers, 5)
  await peers.until(() => link.has(QuorumPacketType.ackEpoch))
  peers.answer = follow(3)
  link.close()
  return peers
}

/** Tells everyone who connects within this time of epoch 3, and counts them. */
async function refuse(peers: FakePeers, durationMs: number): Promise<number> {
  const told = new Set(peers.accepted)
  const before = told.size
  const untilMs = peers.world.nowMs + durationMs
  while (peers.world.nowMs < untilMs) {
    await peers.pass(1)
    for (const link of peers.accepted) {
      if (told.has(link) || link.received.length === 0) continue
      told.add(link)
      link.send([QuorumPacketType.leaderInfo, 3 * EPOCH, intBytes(0x10000)])
    }
  }
  return told.size - before
}

for (const [role, serverLine] of [
  ['a follower', ''],
  ['an observer', ':observer'],
] as const) {
  test(`${role} that has promised a later epoch than the leader's tries again in pauses, and joins when a later one begins`, async () => {
    const peers = await promiseEpochFive(serverLine)
    const durationMs = 3000
    const count = await refuse(peers, durationMs)
    expect(peers.says("the leader's epoch 3 is less than 5")).toBe(true)
    expect(count).toBeGreaterThan(10)
    expect(count).toBeLessThan(10 + durationMs / LONGEST_PAUSE_MS)

    const link = await lead(peers, 6)
    await peers.until(() => link.has(QuorumPacketType.ack))
    link.send([QuorumPacketType.upToDate, -1])
    await peers.until(() => peers.says('in epoch 6'))
  })
}

test('who has lost a leader, or has tried in vain once, tries again at once', async () => {
  const peers = new FakePeers()
  const link = await lead(peers, 1)
  await peers.until(() => link.has(QuorumPacketType.ack))
  link.send([QuorumPacketType.upToDate, -1])
  await peers.until(() => peers.says('FOLLOWING in epoch'))

  for (let tries = 0; tries < 2; tries++) {
    const count = peers.accepted.length
    peers.accepted.at(-1)?.close()
    const lostMs = peers.world.nowMs
    await peers.until(() => peers.accepted.length > count)
    expect(peers.world.nowMs - lostMs).toBeLessThan(10)
  }
})
