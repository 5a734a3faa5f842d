// The same elections as in memory, on real sockets: what differs is how connections open, close and are refused.

import { createServer } from 'node:net'
import { makeQuorumVerifier, parseMembership } from '@tskeeper/core'
import { PeerState } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { silentLogger } from '../../src/logger.ts'
import { ElectionService } from '../../src/quorum/election-service.ts'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'

const HOST = '127.0.0.1'
const runtime = nodeRuntime()

/** A free port below those that systems give to outgoing connections: one of them would take it before the election does. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const port = 12_000 + Math.floor(Math.random() * 20_000)
    const probe = createServer()
    probe.once('error', () => resolve(freePort()))
    probe.listen(port, HOST, () => probe.close(() => resolve(port)))
  })
}

const settings = {
  connectTimeoutMs: 5000,
  handshakeTimeoutMs: 2500,
  minIntervalMs: 200,
  maxIntervalMs: 60_000,
  bindAttemptsMax: 0,
  keepAlive: false,
  listensOnAllAddresses: false,
  isMultiAddressEnabled: false,
  reachabilityTimeoutMs: 1000,
}

interface Outcome {
  readonly service: ElectionService
  readonly decided: Promise<string>
}

function startLooking(serverId: number, lines: ReadonlyMap<string, string>): Outcome {
  const committed = makeQuorumVerifier(parseMembership(lines, 0, false))
  let tell: (text: string) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const decided = new Promise<string>((resolve, reject) => {
    tell = resolve
    fail = reject
  })
  const role = committed.member(serverId)?.role ?? 'participant'
  const configuration = { role, committed, lastSeen: null }
  const recovered = { lastZxid: 0, currentEpoch: 0 }
  const service = new ElectionService(serverId, configuration, recovered, settings, runtime, silentLogger, {
    decided: (state, vote) => tell(`${Object.keys(PeerState)[state]} ${vote.leader}`),
    adoptConfiguration: () => false,
    supporterLooking: () => {},
    failed: fail,
  })
  service.lookForLeader(0, 0)
  return { service, decided }
}

test('two voters and an observer agree, and one that is started anew finds the leader, whichever side has to dial', async () => {
  const lines = new Map<string, string>()
  for (const id of [1, 2, 3]) lines.set(`server.${id}`, `${HOST}:1:${await freePort()}${id === 3 ? ':observer' : ''}`)
  // A quorum is both voters, so that there is one outcome, however quick or slow each of them is.
  const servers = [1, 2, 3].map((id) => startLooking(id, lines))
  expect(await Promise.all(servers.map(({ decided }) => decided))).toEqual(['following 2', 'leading 2', 'observing 2'])
  for (const { service } of [servers[0], servers[2]].filter((server) => server !== undefined)) service.stop()
  const again = [1, 3].map((id) => startLooking(id, lines))
  expect(await again[0]?.decided).toBe('following 2')
  expect(await again[1]?.decided).toBe('observing 2')
  for (const { service } of [...servers, ...again]) service.stop()
})
