import { NO_VOTE, PeerState } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beats, type CastVote, type Vote, votesAgree } from '../../src/election/vote.ts'

const equalWeights = (): number => 1

function vote(peerEpoch: number, zxid: number, leader: number): Vote {
  return { leader, zxid, peerEpoch }
}

test.each([
  ['A122: the larger zxid wins, whatever the ids', vote(1, 8, 1), vote(1, 7, 3)],
  ['A122: the larger epoch wins, whatever the zxids', vote(2, 1, 1), vote(1, 0x100000009, 3)],
  ['A123: with equal epoch and zxid the larger id wins', vote(1, 7, 3), vote(1, 7, 2)],
  ['a vote wins over none', vote(0, 0, 1), vote(NO_VOTE, NO_VOTE, NO_VOTE)],
])('%s', (_name, better, worse) => {
  expect(beats(better, worse, equalWeights)).toBe(true)
  expect(beats(worse, better, equalWeights)).toBe(false)
})

test('a vote does not beat itself', () => {
  expect(beats(vote(1, 2, 3), vote(1, 2, 3), equalWeights)).toBe(false)
})

test('a server without weight beats nobody, and loses to everybody', () => {
  const weightOf = (id: number): number => (id === 9 ? 0 : 1)
  expect(beats(vote(9, 9, 9), vote(0, 0, 1), weightOf)).toBe(false)
  expect(beats(vote(0, 0, 1), vote(0, 0, 0), weightOf)).toBe(true)
})

test('of any votes that differ exactly one beats the other, and what beats the better one beats the worse one', () => {
  const votes = fc.record({
    leader: fc.integer({ min: 1, max: 3 }),
    zxid: fc.integer({ min: 0, max: 2 }),
    peerEpoch: fc.integer({ min: 0, max: 2 }),
  })
  fc.assert(
    fc.property(votes, votes, votes, (a, b, c) => {
      const isSame = a.leader === b.leader && a.zxid === b.zxid && a.peerEpoch === b.peerEpoch
      const [aBeatsB, bBeatsA] = [beats(a, b, equalWeights), beats(b, a, equalWeights)]
      expect(Number(aBeatsB) + Number(bBeatsA)).toBe(isSame ? 0 : 1)
      if (aBeatsB && beats(b, c, equalWeights)) expect(beats(a, c, equalWeights)).toBe(true)
    }),
  )
})

const { looking: LOOKING, following: FOLLOWING, leading: LEADING } = PeerState

function cast(state: PeerState, changes: Partial<CastVote> = {}): CastVote {
  return { leader: 2, zxid: 5, peerEpoch: 1, round: 3, state, version: 2, ...changes }
}

test.each([
  ['equal votes of servers that look agree', cast(LOOKING), cast(LOOKING), true],
  ['another leader is another vote', cast(LOOKING), cast(LOOKING, { leader: 3 }), false],
  ['with one that looks the zxid counts', cast(LOOKING), cast(FOLLOWING, { zxid: 6 }), false],
  ['with one that looks the round counts', cast(FOLLOWING), cast(LOOKING, { round: 4 }), false],
  ['with one that looks the epoch counts', cast(LOOKING), cast(LEADING, { peerEpoch: 2 }), false],
  ['followers agree whatever their zxids and rounds', cast(FOLLOWING), cast(LEADING, { zxid: 9, round: 8 }), true],
  ['followers of the same leader in different epochs do not agree', cast(FOLLOWING), cast(FOLLOWING, { peerEpoch: 2 }), false],
  [
    'the epoch of one notification of version 0 is not compared',
    cast(LEADING, { peerEpoch: 9, version: 0 }),
    cast(LEADING),
    true,
  ],
  [
    'the epochs of two notifications of version 0 are compared',
    cast(LEADING, { version: 0 }),
    cast(LEADING, { peerEpoch: 9, version: 0 }),
    false,
  ],
])('%s', (_name, a, b, areEqual) => {
  expect(votesAgree(a, b)).toBe(areEqual)
  expect(votesAgree(b, a)).toBe(areEqual)
})
