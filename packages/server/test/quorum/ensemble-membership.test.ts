import { makeQuorumVerifier, parseMembership, type QuorumVerifier } from '@tskeeper/core'
import { expect, test } from 'vitest'
import { EnsembleMembership } from '../../src/quorum/ensemble-membership.ts'
import type { Replica } from '../../src/replica.ts'

function configOf(voterCount: number, version: number): QuorumVerifier {
  const lines = new Map<string, string>()
  for (let id = 1; id <= voterCount; id++) lines.set(`server.${id}`, `h${id}:1:2;3`)
  return makeQuorumVerifier(parseMembership(lines, version, false))
}

const inForce = configOf(3, 0x100000000)
const proposed = configOf(5, 0x100000007)

function membershipWith(lastSeen: QuorumVerifier, isReconfigEnabled = true): { membership: EnsembleMembership; done: string[] } {
  const done: string[] = []
  const membership = new EnsembleMembership(inForce, lastSeen, 'participant', {
    serverId: 1,
    isReconfigEnabled,
    replica: { database: { setConfig: () => {} } } as unknown as Replica,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    currentLeader: () => null,
    onChanged: () => done.push('changed'),
    onProposed: () => done.push('the election knows'),
    files: {
      proposed: (config) => done.push(`next is ${config.version.toString(16)}`),
      activated: (config) => done.push(`in force is ${config.version.toString(16)}`),
      nextDone: () => done.push('no next'),
    },
  })
  return { membership, done }
}

test('a proposed configuration that the leader does not know is dropped, with its file, and counts in no election', () => {
  const { membership, done } = membershipWith(proposed)
  membership.dropProposed(inForce)
  expect(membership.lastSeen).toBe(inForce)
  expect(done).toEqual(['no next', 'the election knows'])
})

test('where the leader knows another proposed one, that takes the place of the dropped one', () => {
  const { membership, done } = membershipWith(proposed)
  const other = configOf(4, 0x100000003)
  membership.dropProposed(other)
  expect(membership.lastSeen).toBe(other)
  expect(membership.committed).toBe(inForce)
  expect(done).toEqual(['next is 100000003', 'the election knows'])
})

test('a configuration that the leader knows is not dropped, nor one before the one in force taken up', () => {
  const { membership, done } = membershipWith(proposed)
  membership.dropProposed(proposed)
  expect(membership.lastSeen).toBe(proposed)
  const settled = membershipWith(inForce)
  settled.membership.dropProposed(configOf(5, 0x30))
  expect(settled.membership.lastSeen).toBe(inForce)
  expect([...done, ...settled.done]).toEqual([])
})

test('an ensemble that does not change its members leaves everything as it is', () => {
  const { membership, done } = membershipWith(proposed, false)
  membership.dropProposed(inForce)
  expect(membership.lastSeen).toBe(proposed)
  expect(done).toEqual([])
})
