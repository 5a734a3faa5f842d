import { expect, test } from 'vitest'
import { parseMembershipText } from '../../src/membership/membership.ts'
import { QuorumTracker, verifiersInForce } from '../../src/membership/quorum-tracker.ts'
import { makeQuorumVerifier, type QuorumVerifier } from '../../src/membership/quorum-verifier.ts'

function verifier(ids: readonly number[], version: number, observers: readonly number[] = []): QuorumVerifier {
  const lines = ids.map((id) => `server.${id}=h${id}:1:2`)
  const observerLines = observers.map((id) => `server.${id}=h${id}:1:2:observer`)
  return makeQuorumVerifier(
    parseMembershipText([...lines, ...observerLines, `version=${version.toString(16)}`].join('\n'), false),
  )
}

test('I13: what is decided under two configurations needs a quorum of each', () => {
  const tracker = new QuorumTracker([verifier([1, 2, 3], 1), verifier([3, 4, 5], 2)])
  for (const id of [1, 2]) tracker.addAck(id)
  expect(tracker.hasAllQuorums()).toBe(false)
  tracker.addAck(4)
  expect(tracker.hasAllQuorums()).toBe(false)
  tracker.addAck(3)
  expect(tracker.hasAllQuorums()).toBe(true)
})

test('a server that votes in neither configuration is not counted', () => {
  const tracker = new QuorumTracker([verifier([1, 2, 3], 1, [4]), verifier([1, 2], 2)])
  expect([1, 3, 4, 9].map((id) => tracker.addAck(id))).toEqual([true, true, false, false])
  expect([...tracker.acks]).toEqual([1, 3])
  expect(tracker.hasAllQuorums()).toBe(false)
})

test('a server that answers twice counts once', () => {
  const tracker = new QuorumTracker([verifier([1, 2, 3], 1)])
  tracker.addAck(1)
  tracker.addAck(1)
  expect(tracker.hasAllQuorums()).toBe(false)
})

test('a proposed configuration is in force beside the agreed one only while it is newer', () => {
  const committed = verifier([1, 2, 3], 5)
  const newer = verifier([1, 2], 6)
  expect(verifiersInForce(committed, newer)).toEqual([committed, newer])
  expect(verifiersInForce(committed, verifier([1, 2], 5))).toEqual([committed])
  expect(verifiersInForce(committed, null)).toEqual([committed])
})
