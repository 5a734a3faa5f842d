import { expect, test } from 'vitest'
import { processReconfig, type ReconfigContext } from '../../src/zab/process-reconfig.ts'
import { makeConfig } from './configs.ts'
import { zxidOf } from './transactions.ts'

const OLD = makeConfig([1, 2, 3], { version: 1, observers: [4] })
const ZXID = zxidOf(2, 7)

function contextOf(given: Partial<ReconfigContext> = {}): ReconfigContext {
  return { isReconfigEnabled: true, sid: 2, role: 'participant', committed: OLD, lastSeen: OLD, currentLeader: 1, ...given }
}

test('with reconfiguration disabled nothing changes and nothing is written', () => {
  const next = makeConfig([2], { version: ZXID })

  const outcome = processReconfig(contextOf({ isReconfigEnabled: false }), next, 2, ZXID, true)

  expect(outcome).toMatchObject({
    committed: OLD,
    isNewer: false,
    isNextDone: false,
    writesConfigNode: false,
    isMajor: false,
    vote: null,
  })
})

test('a configuration that is not newer changes nothing, but the config node is written', () => {
  const outcome = processReconfig(contextOf(), makeConfig([2], { version: 1 }), 2, ZXID, true)

  expect(outcome).toMatchObject({
    committed: OLD,
    isNewer: false,
    writesConfigNode: true,
    restartsElection: false,
    isMajor: false,
  })
})

test('a newer version of the same members is in force without any other change', () => {
  const next = makeConfig([1, 2, 3], { version: ZXID, observers: [4] })

  const outcome = processReconfig(contextOf(), next, null, ZXID, true)

  expect(outcome).toMatchObject({ committed: next, lastSeen: next, isNewer: true, isNextDone: true })
  expect(outcome).toMatchObject({ restartsElection: false, rebindsClientPort: false, isMajor: false, skipsElection: null })
})

test('.next stays while a later configuration is proposed', () => {
  const proposed = makeConfig([1, 2], { version: ZXID + 5 })
  const next = makeConfig([1, 2, 3, 5], { version: ZXID })

  const outcome = processReconfig(contextOf({ lastSeen: proposed }), next, 1, ZXID, true)

  expect(outcome).toMatchObject({ committed: next, lastSeen: proposed, isNextDone: false })
})

test('a change that keeps role and leader restarts the election and is not major', () => {
  const outcome = processReconfig(contextOf(), makeConfig([1, 2, 3, 5], { version: ZXID }), 1, ZXID, true)

  expect(outcome).toMatchObject({ restartsElection: true, isMajor: false, vote: null, skipsElection: null, role: 'participant' })
})

test('a suggested leader that is another one becomes the vote, and the election is skipped', () => {
  const outcome = processReconfig(contextOf(), makeConfig([2, 3], { version: ZXID }), 3, ZXID, true)

  expect(outcome).toMatchObject({ isMajor: true, skipsElection: true })
  expect(outcome.vote).toEqual({ leader: 3, zxid: ZXID, electionEpoch: -1, peerEpoch: -1 })
})

test('a voter that becomes an observer changes its role', () => {
  const outcome = processReconfig(contextOf(), makeConfig([1, 3], { version: ZXID, observers: [2] }), 1, ZXID, true)

  expect(outcome).toMatchObject({ role: 'observer', isMajor: true, skipsElection: true, vote: null })
})

test('an observer that is not listed any more becomes a follower without a vote', () => {
  const outcome = processReconfig(
    contextOf({ sid: 4, role: 'observer' }),
    makeConfig([1, 2, 3], { version: ZXID }),
    1,
    ZXID,
    true,
  )

  expect(outcome).toMatchObject({ role: 'participant', isMajor: true, skipsElection: true })
})

test('without a suggestion a leader that is gone or has moved sends the server to an election', () => {
  const gone = processReconfig(contextOf(), makeConfig([2, 3], { version: ZXID }), null, ZXID, true)
  const moved = processReconfig(contextOf(), makeConfig([1, 2, 3], { version: ZXID, moved: [1] }), null, ZXID, true)

  for (const outcome of [gone, moved]) expect(outcome).toMatchObject({ isMajor: true, skipsElection: false, vote: null })
})

test('without a suggestion a leader that stays is kept', () => {
  const outcome = processReconfig(contextOf(), makeConfig([1, 2, 3, 5], { version: ZXID }), null, ZXID, true)

  expect(outcome).toMatchObject({ isMajor: false, skipsElection: false })
})

test('a server that learns a configuration before it has a leader goes to an election', () => {
  const outcome = processReconfig(contextOf({ currentLeader: null }), makeConfig([1, 2], { version: ZXID }), null, ZXID, false)

  expect(outcome).toMatchObject({ restartsElection: false, isMajor: true, skipsElection: false })
})

test('the port for clients is bound anew when the own address changes, and kept when the new line has none', () => {
  const without = makeConfig([1, 2, 3], { version: 1, clientless: [2] })
  const next = makeConfig([1, 2, 3, 5], { version: ZXID })

  expect(processReconfig(contextOf({ committed: without }), next, 1, ZXID, true).rebindsClientPort).toBe(true)
  expect(processReconfig(contextOf(), next, 1, ZXID, true).rebindsClientPort).toBe(false)
  const clientless = makeConfig([1, 2, 3, 5], { version: ZXID, clientless: [2] })
  expect(processReconfig(contextOf(), clientless, 1, ZXID, true).rebindsClientPort).toBe(false)
})
