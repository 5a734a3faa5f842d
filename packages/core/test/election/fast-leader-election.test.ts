import { NO_VOTE, PeerState } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { formatMembership } from '../../src/membership/membership.ts'
import { majorityOf, makeElection, notify, type Subject, verifierOf } from './recording-effects.ts'

const { looking: LOOKING, following: FOLLOWING, leading: LEADING, observing: OBSERVING } = PeerState

/** Server 1 of three in its first round, with what it sent forgotten. */
function lookingServer(serverId = 1, voterCount = 3): Subject {
  const subject = makeElection(serverId, majorityOf(voterCount))
  subject.election.lookForLeader(0, 0, 0)
  subject.effects.take()
  return subject
}

/** Server 2 of three, leader since time 200 by its own vote and that of server 1, in epoch 1. */
function leadingServer(): Subject {
  const subject = lookingServer(2)
  subject.election.notification(1, notify(2), 0)
  subject.election.timer(200, true)
  subject.election.synchronised(1)
  subject.effects.take()
  return subject
}

// Beginning.

test('A120: each server proposes itself first, with its last zxid', () => {
  const { election, effects } = makeElection(2, majorityOf(3))
  election.lookForLeader(0x100000004, 1, 0)
  expect(effects.take()).toEqual([
    'to 1: LOOKING 2 zxid 4294967300 epoch 1 round 1',
    'to 3: LOOKING 2 zxid 4294967300 epoch 1 round 1',
  ])
  expect(effects.dueMs).toBe(200)
})

test('a notification carries the version and the text of the configuration in force', () => {
  const committed = majorityOf(3, 1, 0x100000002)
  const { election, effects } = makeElection(1, committed)
  election.lookForLeader(0, 0, 0)
  expect(effects.last?.version).toBe(2)
  expect(effects.last?.config).toBe(formatMembership(committed.membership))
})

test('an observer proposes nobody, to the voters only', () => {
  const { election, effects } = makeElection(4, majorityOf(3, 1), { role: 'observer' })
  election.lookForLeader(7, 1, 0)
  expect(effects.take()).toEqual(['to 1: LOOKING nobody round 1', 'to 2: LOOKING nobody round 1', 'to 3: LOOKING nobody round 1'])
  expect(effects.last).toMatchObject({ leader: NO_VOTE, zxid: NO_VOTE, peerEpoch: NO_VOTE })
})

test('a server that the configuration does not name proposes nobody but tells what it has', () => {
  const { election, effects } = makeElection(9, majorityOf(3))
  election.lookForLeader(7, 1, 0)
  expect(effects.last).toMatchObject({ leader: NO_VOTE, zxid: 7, peerEpoch: 1 })
})

// Silence.

test('without news the vote is sent again after 200 ms, 400 ms and so on up to the longest interval', () => {
  const { election, effects } = makeElection(1, majorityOf(3), { maxIntervalMs: 1000 })
  election.lookForLeader(0, 0, 0)
  const moments = []
  for (let count = 0; count < 5; count++) {
    moments.push(effects.dueMs)
    effects.take()
    election.timer(effects.dueMs, true)
    expect(effects.take()).toEqual(['to 2: LOOKING 1 zxid 0 epoch 0 round 1', 'to 3: LOOKING 1 zxid 0 epoch 0 round 1'])
  }
  expect(moments).toEqual([200, 600, 1400, 2400, 3400])
})

test('when nothing has left this server, it connects instead of sending again', () => {
  const { election, effects } = lookingServer()
  election.timer(200, false)
  expect(effects.take()).toEqual(['connect to all'])
  expect(effects.dueMs).toBe(600)
})

test('a call of the timer before its time does nothing', () => {
  const { election, effects } = lookingServer()
  election.timer(199, true)
  expect(effects.take()).toEqual([])
  expect(effects.dueMs).toBe(200)
})

test('the vote is told again in its time, however much others talk', () => {
  // The link between servers 2 and 3 is broken, and 1 talks to both: if that put the repetition off, 2 and 3 would never dial each other again.
  const { election, effects } = lookingServer(3, 5)
  for (const nowMs of [50, 199]) election.notification(1, notify(3), nowMs)
  expect(effects.dueMs).toBe(200)
  election.timer(200, true)
  expect(effects.take().at(-1)).toBe('to 5: LOOKING 3 zxid 0 epoch 0 round 1')
  for (const nowMs of [350, 599]) election.notification(1, notify(3), nowMs)
  expect(effects.dueMs).toBe(600)
})

test('a vote that changes is told at once, and again after the interval', () => {
  const { election, effects } = lookingServer(2, 5)
  election.timer(200, true)
  effects.take()
  election.notification(3, notify(3), 350)
  expect(effects.take().length).toBe(4)
  expect(effects.dueMs).toBe(750)
})

// Votes of servers that look, too.

test('A124: a better proposal is taken over, and the changed vote is sent to all', () => {
  const { election, effects } = lookingServer(1, 5)
  election.notification(2, notify(2), 10)
  expect(effects.take()).toEqual([2, 3, 4, 5].map((id) => `to ${id}: LOOKING 2 zxid 0 epoch 0 round 1`))
  election.notification(3, notify(3, { zxid: 4, peerEpoch: 1 }), 20)
  expect(effects.take()).toEqual([2, 3, 4, 5].map((id) => `to ${id}: LOOKING 3 zxid 4 epoch 1 round 1`))
})

test('a peer that proposes what is worse in the same round is told what is better, and nobody else is', () => {
  const { election, effects } = lookingServer(3, 5)
  election.notification(2, notify(2), 10)
  expect(effects.take()).toEqual(['to 2: LOOKING 3 zxid 0 epoch 0 round 1'])
  election.notification(2, notify(3), 20)
  expect(effects.take()).toEqual([])
})

test('A121: a vote of an older round is not counted, and its sender is told of the newer round', () => {
  const { election, effects } = lookingServer(2)
  election.notification(3, notify(1, { electionEpoch: 4 }), 0)
  effects.take()
  election.notification(1, notify(2, { electionEpoch: 3 }), 0)
  expect(effects.take()).toEqual(['to 1: LOOKING 2 zxid 0 epoch 0 round 4'])
  election.timer(effects.dueMs, true)
  expect(election.state).toBe(LOOKING)
})

test('A121: a vote of a newer round begins that round, and the votes of the older one are forgotten', () => {
  const { election, effects } = lookingServer(2, 5)
  election.notification(1, notify(2), 0)
  election.notification(3, notify(2, { electionEpoch: 2 }), 0)
  expect(election.round).toBe(2)
  expect(effects.take()).toEqual([1, 3, 4, 5].map((id) => `to ${id}: LOOKING 2 zxid 0 epoch 0 round 2`))
  // Two of five in this round: with the forgotten vote there would be a quorum.
  election.timer(effects.dueMs, true)
  expect(election.state).toBe(LOOKING)
})

test('a newer round begins with the own first vote where that is the better one, not with what was taken over before', () => {
  const { election, effects } = lookingServer(2, 5)
  election.notification(3, notify(3), 0)
  effects.take()
  election.notification(1, notify(1, { electionEpoch: 2 }), 0)
  expect(effects.take()).toEqual([1, 3, 4, 5].map((id) => `to ${id}: LOOKING 2 zxid 0 epoch 0 round 2`))
})

test.each([
  ['of a server that is not in the configuration', 9, notify(3)],
  ['for a server that is not in the configuration', 3, notify(9)],
  ['for nobody', 3, notify(NO_VOTE)],
  ['of an observer', 3, notify(3, { state: OBSERVING })],
  ['of a server whose data cannot be trusted', 3, notify(3, { zxid: -1 })],
  ['in a state that does not exist', 3, notify(3, { state: 4 })],
])('a vote %s changes nothing', (_name, from, notification) => {
  const { election, effects } = lookingServer(2)
  election.notification(from, notification, 0)
  expect(effects.take().filter((line) => !line.startsWith('to 9'))).toEqual([])
  election.timer(200, true)
  expect(election.state).toBe(LOOKING)
})

test('a server whose own data cannot be trusted counts no votes but believes those who have a leader', () => {
  const { election, effects } = makeElection(1, majorityOf(3))
  election.lookForLeader(-1, 0, 0)
  election.notification(2, notify(3), 0)
  election.notification(3, notify(3), 0)
  election.timer(effects.dueMs, true)
  expect(election.state).toBe(LOOKING)
  election.notification(2, notify(3, { state: FOLLOWING }), 300)
  election.notification(3, notify(3, { state: LEADING }), 300)
  expect(election.state).toBe(FOLLOWING)
})

// Counting and deciding.

test('A125: more than half of the voters decide, after 200 ms without a better proposal', () => {
  const { election, effects } = lookingServer(2, 5)
  election.notification(1, notify(2), 0)
  expect(effects.dueMs).toBe(200)
  election.notification(3, notify(2), 50)
  expect(effects.dueMs).toBe(250)
  expect(election.state).toBe(LOOKING)
  election.timer(250, true)
  expect(effects.take()).toEqual(['LEADING 2 round 1 by 1,2,3'])
  expect(effects.dueMs).toBe(Number.POSITIVE_INFINITY)
})

test('A126: who proposed the elected server follows it, and the elected server leads', () => {
  const { election, effects } = lookingServer(1, 3)
  election.notification(3, notify(3), 0)
  election.timer(200, true)
  expect(effects.take().at(-1)).toBe('FOLLOWING 3 round 1 by 1,3')
  expect(election.state).toBe(FOLLOWING)
  expect(election.currentVote).toEqual({ leader: 3, zxid: 0, peerEpoch: 0, round: 1 })
  expect(leadingServer().election.state).toBe(LEADING)
})

test('A126: an observer that overhears a quorum observes', () => {
  const { election, effects } = makeElection(4, majorityOf(3, 1), { role: 'observer' })
  election.lookForLeader(0, 0, 0)
  election.notification(2, notify(3), 0)
  election.notification(3, notify(3), 0)
  election.timer(effects.dueMs, true)
  expect(effects.take().at(-1)).toBe('OBSERVING 3 round 1 by 2,3')
})

test('when all voters propose the same server, there is nothing to wait for', () => {
  const { election, effects } = lookingServer(3)
  election.notification(1, notify(3), 5)
  election.notification(2, notify(3), 7)
  expect(effects.take()).toEqual(['LEADING 3 round 1 by 1,2,3'])
})

test('a voter that has decided for the same server already completes the voters, too', () => {
  const { election, effects } = lookingServer(3)
  election.notification(1, notify(3), 5)
  election.notification(2, notify(3, { state: FOLLOWING }), 7)
  expect(effects.take()).toEqual(['LEADING 3 round 1 by 1,2,3'])
})

/** A vote of a round that is over: it counts for nothing, but the server is known to have been there. */
function wasHeardOf({ election, effects }: ReturnType<typeof lookingServer>, serverId: number): void {
  election.notification(serverId, notify(serverId, { electionEpoch: 0 }), 1)
  effects.take()
}

test('no better proposal is waited for when every voter outside of the quorum is gone', () => {
  const looking = lookingServer(2)
  const { election, effects } = looking
  wasHeardOf(looking, 3)
  election.unreachable(3)
  expect(effects.take()).toEqual([])
  election.notification(1, notify(2), 5)
  expect(effects.take()).toEqual(['LEADING 2 round 1 by 1,2'])
})

test('a voter that was never heard of may be starting: it is waited for although it cannot be reached', () => {
  const { election, effects } = lookingServer(2)
  election.unreachable(3)
  election.notification(1, notify(2), 5)
  expect(election.state).toBe(LOOKING)
  election.timer(206, true)
  expect(effects.take().at(-1)).toBe('LEADING 2 round 1 by 1,2')
})

test('a voter that turns out to be gone during the last wait ends it', () => {
  const looking = lookingServer(2)
  const { election, effects } = looking
  wasHeardOf(looking, 3)
  election.notification(1, notify(2), 5)
  expect(election.state).toBe(LOOKING)
  election.unreachable(3)
  expect(effects.take()).toEqual(['LEADING 2 round 1 by 1,2'])
  expect(effects.dueMs).toBe(Number.POSITIVE_INFINITY)
})

test('of five voters one that is gone does not end the wait for one that is silent', () => {
  const looking = lookingServer(3, 5)
  const { election, effects } = looking
  wasHeardOf(looking, 5)
  election.notification(1, notify(3), 5)
  election.notification(2, notify(3), 6)
  election.unreachable(5)
  expect(election.state).toBe(LOOKING)
  election.timer(206, true)
  expect(effects.take().at(-1)).toBe('LEADING 3 round 1 by 1,2,3')
})

test('a voter that was gone and is heard of again is waited for', () => {
  const looking = lookingServer(3, 5)
  const { election, effects } = looking
  wasHeardOf(looking, 4)
  wasHeardOf(looking, 5)
  election.unreachable(5)
  election.unreachable(4)
  election.notification(5, notify(5, { electionEpoch: 0 }), 1)
  election.notification(1, notify(3), 5)
  election.notification(2, notify(3), 6)
  expect(election.state).toBe(LOOKING)
  election.timer(206, true)
  expect(effects.take().at(-1)).toBe('LEADING 3 round 1 by 1,2,3')
})

test('who was gone in the last round may be back in this one', () => {
  const looking = lookingServer(2)
  const { election } = looking
  wasHeardOf(looking, 3)
  election.unreachable(3)
  election.notification(1, notify(2), 5)
  expect(election.state).toBe(LEADING)
  election.lookForLeader(0, 0, 100)
  election.notification(1, notify(2, { electionEpoch: 2 }), 105)
  expect(election.state).toBe(LOOKING)
})

test('outside of a round it does not matter who is gone', () => {
  const { election, effects } = leadingServer()
  election.unreachable(1)
  election.linkLost(1)
  expect(effects.take()).toEqual([])
  expect(election.state).toBe(LEADING)
})

test('a voter whose link breaks during the round is sent the proposal once more, and not again', () => {
  const { election, effects } = lookingServer(2)
  election.linkLost(3)
  expect(effects.take()).toEqual(['to 3: LOOKING 2 zxid 0 epoch 0 round 1'])
  election.linkLost(3)
  election.linkLost(9)
  expect(effects.take()).toEqual([])
})

test('a server alone elects itself at once', () => {
  const { election, effects } = makeElection(1, majorityOf(1))
  election.lookForLeader(0, 0, 0)
  expect(effects.take()).toEqual(['LEADING 1 round 1 by 1'])
})

test('a better proposal during the last wait reopens the count', () => {
  const { election, effects } = lookingServer(1)
  election.notification(2, notify(2), 0)
  election.notification(3, notify(3), 150)
  expect(effects.take().slice(-2)).toEqual(['to 2: LOOKING 3 zxid 0 epoch 0 round 1', 'to 3: LOOKING 3 zxid 0 epoch 0 round 1'])
  election.timer(200, true)
  expect(election.state).toBe(LOOKING)
  election.timer(350, true)
  expect(effects.take()).toEqual(['FOLLOWING 3 round 1 by 1,3'])
})

test('a vote of an older round that looks better does not cost the quorum that was there', () => {
  const { election, effects } = lookingServer(2)
  election.notification(1, notify(2, { electionEpoch: 2 }), 0)
  election.notification(3, notify(3, { electionEpoch: 1 }), 100)
  election.timer(300, true)
  expect(effects.take().at(-1)).toBe('LEADING 2 round 2 by 1,2')
})

test('A125: groups decide by weight, each by the majority of its own', () => {
  const committed = verifierOf({
    ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((id) => [`server.${id}`, `h${id}:1:2`])),
    'group.1': '1:2:3',
    'group.2': '4:5:6',
    'weight.4': '3',
  })
  const { election, effects } = makeElection(3, committed)
  election.lookForLeader(9, 0, 0)
  for (const id of [1, 2, 5, 6]) election.notification(id, notify(3, { zxid: 9 }), 0)
  election.timer(effects.dueMs, true)
  expect(election.state).toBe(LOOKING)
  election.notification(4, notify(3, { zxid: 9 }), 300)
  expect(election.state).toBe(LEADING)
})

test('A125: a server without weight is not elected, however much it knows', () => {
  const committed = verifierOf({
    ...Object.fromEntries([1, 2, 3].map((id) => [`server.${id}`, `h${id}:1:2`])),
    'group.1': '1:2:3',
    'weight.3': '0',
  })
  const { election, effects } = makeElection(1, committed)
  election.lookForLeader(0, 0, 0)
  election.notification(3, notify(3, { zxid: 9, peerEpoch: 9 }), 0)
  election.notification(2, notify(2), 0)
  election.timer(effects.dueMs, true)
  expect(effects.take().at(-1)).toBe('FOLLOWING 2 round 1 by 1,2')
})

test('while a newer configuration is proposed, its voters are told, but the one in force decides', () => {
  // Server 1 knows nothing of the proposal and decides with the vote of 3: the two have to decide alike.
  const committed = majorityOf(3)
  const { election, effects } = makeElection(3, committed, { lastSeen: majorityOf(5, 0, 0x100000001) })
  election.lookForLeader(9, 0, 0)
  expect(effects.take()).toEqual([1, 2, 4, 5].map((id) => `to ${id}: LOOKING 3 zxid 9 epoch 0 round 1`))
  for (const voter of [4, 5]) election.notification(voter, notify(3, { zxid: 9 }), 0)
  expect(effects.take()).toEqual([])
  election.notification(1, notify(3, { zxid: 9 }), 0)
  election.notification(2, notify(3, { zxid: 9 }), 0)
  expect(effects.take()).toEqual(['LEADING 3 round 1 by 1,2,3'])
})

test('a server that only the proposed configuration names is proposed by nobody, whatever it knows', () => {
  // Server 3 came up with a file of old, in which it votes, and proposed itself until it learned that it is no member. Server 2 knows
  // nothing of the proposed configuration and never takes 3 for a candidate.
  const committed = majorityOf(2, 0, 0x100000001)
  const { election, effects } = makeElection(1, committed, { lastSeen: majorityOf(3, 0, 0x200000004) })
  election.lookForLeader(9, 2, 0)
  effects.take()
  election.notification(3, notify(3, { zxid: 9, peerEpoch: 2 }), 10)
  expect(effects.take()).toEqual([])
  election.notification(3, notify(3, { zxid: 9, peerEpoch: 2, electionEpoch: 2 }), 20)
  expect(effects.take()).toEqual(['to 2: LOOKING 1 zxid 9 epoch 2 round 2', 'to 3: LOOKING 1 zxid 9 epoch 2 round 2'])
  for (const voter of [3, 2]) election.notification(voter, notify(1, { zxid: 9, peerEpoch: 2, electionEpoch: 2 }), 30)
  expect(effects.take()).toEqual(['LEADING 1 round 2 by 1,2'])
})

// Rounds that come to nothing.

/** Server 2 of two: server 1 holds to server 3, which is no candidate here, so that the two never agree in this round. */
function stalledServer(): Subject {
  const subject = makeElection(2, majorityOf(2, 0, 0x100000001))
  subject.election.lookForLeader(8, 2, 0)
  holdTo3(subject, 0)
  subject.effects.take()
  return subject
}

/** Server 1 tells its vote, again and again. */
function holdTo3({ election }: Subject, nowMs: number, round = 1): void {
  election.notification(1, notify(3, { zxid: 9, peerEpoch: 2, electionEpoch: round }), nowMs)
}

test('when a quorum has voted and no vote changes for a second, the vote is told again, and after another second a new round begins', () => {
  const subject = stalledServer()
  const { election, effects } = subject
  holdTo3(subject, 999)
  expect(effects.take()).toEqual([])
  holdTo3(subject, 1000)
  expect(effects.take()).toEqual(['to 1: LOOKING 2 zxid 8 epoch 2 round 1'])
  holdTo3(subject, 1999)
  expect(effects.take()).toEqual([])
  holdTo3(subject, 2000)
  expect(effects.take()).toEqual(['to 1: LOOKING 2 zxid 8 epoch 2 round 2'])
  expect(election.round).toBe(2)
})

test('in the new round all begin with what they have, and find each other', () => {
  const subject = stalledServer()
  const { election, effects } = subject
  for (const nowMs of [1000, 2000]) holdTo3(subject, nowMs)
  effects.take()
  election.notification(1, notify(1, { zxid: 9, peerEpoch: 2, electionEpoch: 2 }), 2010)
  expect(effects.take()).toEqual(['to 1: LOOKING 1 zxid 9 epoch 2 round 2', 'FOLLOWING 1 round 2 by 1,2'])
})

test('the new round is newer than that of everyone', () => {
  const subject = stalledServer()
  for (const nowMs of [10, 1010, 2010]) holdTo3(subject, nowMs, 7)
  expect(subject.election.round).toBe(8)
})

test('each further round without an outcome is waited for twice as long', () => {
  const subject = stalledServer()
  for (const nowMs of [1000, 2000]) holdTo3(subject, nowMs)
  for (const nowMs of [2001, 4001, 6000]) holdTo3(subject, nowMs, 2)
  expect(subject.election.round).toBe(2)
  holdTo3(subject, 6001, 2)
  expect(subject.election.round).toBe(3)
})

test('a server that is asked and has decided already ends the round instead', () => {
  const { election, effects } = lookingServer(2, 5)
  for (const voter of [1, 3]) election.notification(voter, notify(voter), 0)
  effects.take()
  election.notification(1, notify(1), 1000)
  expect(effects.take().at(-1)).toBe('to 5: LOOKING 3 zxid 0 epoch 0 round 1')
  for (const voter of [1, 4, 5]) election.notification(voter, notify(3, { state: FOLLOWING }), 1900)
  election.notification(1, notify(3, { state: FOLLOWING }), 2500)
  expect(election.round).toBe(1)
  election.notification(3, notify(3, { state: LEADING }), 2600)
  expect(effects.take()).toEqual(['FOLLOWING 3 round 1 by 1,2,3,4,5'])
})

test('as long as less than a quorum has voted, the round is the same', () => {
  const { election, effects } = lookingServer(2, 5)
  election.notification(1, notify(2), 0)
  for (let count = 0; count < 8; count++) election.timer(effects.dueMs, true)
  expect(effects.dueMs).toBeGreaterThan(10_000)
  expect(election.round).toBe(1)
})

test('a vote that changes begins the wait anew', () => {
  const { election } = lookingServer(3, 5)
  election.notification(1, notify(1), 0)
  for (const nowMs of [900, 1899]) election.notification(2, notify(2), nowMs)
  election.notification(1, notify(2), 1899)
  for (const nowMs of [2899, 3898]) election.notification(2, notify(2), nowMs)
  expect(election.round).toBe(1)
  election.notification(2, notify(2), 3899)
  expect(election.round).toBe(2)
})

test('in a newer round the vote is told as often as in the first', () => {
  const { election, effects } = lookingServer(2, 5)
  for (let count = 0; count < 3; count++) election.timer(effects.dueMs, true)
  expect(effects.dueMs).toBe(3000)
  election.notification(3, notify(3, { electionEpoch: 2 }), 1500)
  expect(effects.dueMs).toBe(1700)
})

test('a server that has no vote begins no round of its own, whatever the others do', () => {
  const { election } = makeElection(4, majorityOf(3, 1), { role: 'observer' })
  election.lookForLeader(0, 0, 0)
  for (let nowMs = 0; nowMs <= 5000; nowMs += 500) {
    election.notification(1, notify(1), nowMs)
    election.notification(2, notify(2), nowMs)
  }
  expect(election.round).toBe(1)
})

// Votes of servers that have a leader.

test('a late server believes a quorum that has a leader, at once and whatever the rounds', () => {
  const { election, effects } = lookingServer(3)
  election.notification(1, notify(2, { state: FOLLOWING, electionEpoch: 7, peerEpoch: 1 }), 0)
  expect(election.state).toBe(LOOKING)
  election.notification(2, notify(2, { state: LEADING, electionEpoch: 8, peerEpoch: 1 }), 0)
  expect(effects.take()).toEqual(['FOLLOWING 2 round 8 by 1,2'])
  expect(election.round).toBe(8)
})

test('a quorum of followers is not enough: the leader has to say so itself', () => {
  const { election, effects } = lookingServer(3, 5)
  for (const id of [1, 4, 5]) election.notification(id, notify(2, { state: FOLLOWING, electionEpoch: 7, peerEpoch: 1 }), 0)
  expect(election.state).toBe(LOOKING)
  election.notification(2, notify(2, { state: LEADING, electionEpoch: 7, peerEpoch: 1 }), 0)
  expect(effects.take()).toEqual(['FOLLOWING 2 round 7 by 1,2,4,5'])
})

test('a leader with a quorum of the configuration in force is believed, also by a server that knows of a proposed one', () => {
  // The leader may know nothing of the proposal, which died with another one: to wait for its quorum would be in vain.
  const { election, effects } = makeElection(3, majorityOf(3), { lastSeen: majorityOf(5, 0, 0x100000001) })
  election.lookForLeader(9, 1, 0)
  effects.take()
  election.notification(1, notify(2, { state: FOLLOWING, peerEpoch: 2, electionEpoch: 4 }), 0)
  election.notification(2, notify(2, { state: LEADING, peerEpoch: 2, electionEpoch: 4 }), 0)
  expect(effects.take()).toEqual(['FOLLOWING 2 round 4 by 1,2'])
})

test('followers of one leader in different epochs are not a quorum', () => {
  const { election } = lookingServer(3)
  election.notification(1, notify(2, { state: FOLLOWING, electionEpoch: 7, peerEpoch: 1 }), 0)
  election.notification(2, notify(2, { state: LEADING, electionEpoch: 7, peerEpoch: 2 }), 0)
  expect(election.state).toBe(LOOKING)
})

test('within a round the epochs of those that have a leader are not compared: one of them may serve already', () => {
  const { election, effects } = lookingServer(3)
  election.notification(1, notify(2, { state: FOLLOWING, peerEpoch: 0 }), 0)
  election.notification(2, notify(2, { state: LEADING, peerEpoch: 1 }), 0)
  expect(effects.take()).toEqual(['FOLLOWING 2 round 1 by 1,2'])
})

test('followers that still wait for this server make it the leader only in its own round', () => {
  const { election, effects } = lookingServer(3, 5)
  for (const id of [1, 2, 4]) election.notification(id, notify(3, { state: FOLLOWING, electionEpoch: 7, peerEpoch: 1 }), 0)
  expect(election.state).toBe(LOOKING)
  for (const id of [1, 2]) election.notification(id, notify(3, { state: FOLLOWING }), 0)
  expect(effects.take()).toEqual(['LEADING 3 round 1 by 1,2,3'])
})

test('a server that was started anew finds its ensemble, although nobody is in its round', () => {
  const { election, effects } = makeElection(4, majorityOf(3, 1), { role: 'observer' })
  election.lookForLeader(0, 0, 0)
  election.notification(1, notify(2, { state: FOLLOWING, electionEpoch: 5, peerEpoch: 3 }), 0)
  election.notification(2, notify(2, { state: LEADING, electionEpoch: 5, peerEpoch: 3 }), 0)
  expect(effects.take().at(-1)).toBe('OBSERVING 2 round 5 by 1,2')
})

// Answers.

test('a server with a leader tells those who look, with the round of its election and the epoch in which it serves', () => {
  const { election, effects } = leadingServer()
  election.notification(3, notify(3, { electionEpoch: 4 }), 900)
  expect(effects.take()).toEqual(['to 3: LEADING 2 zxid 0 epoch 1 round 1'])
})

test('a server with a leader does not answer those that have one', () => {
  const { election, effects } = leadingServer()
  election.notification(3, notify(3, { state: FOLLOWING }), 900)
  expect(effects.take()).toEqual([])
})

test('a leader hears that one of those whose votes made it leader looks again', () => {
  const { election, effects } = leadingServer()
  election.notification(1, notify(1), 900)
  expect(effects.take()).toEqual(['to 1: LEADING 2 zxid 0 epoch 1 round 1', 'supporter 1 looks'])
})

test('observers and newcomers are answered in every state, and their votes are not counted', () => {
  const { election, effects } = lookingServer(2)
  election.notification(9, notify(2), 0)
  expect(effects.take()).toEqual(['to 9: LOOKING 2 zxid 0 epoch 0 round 1'])
  election.timer(200, true)
  expect(election.state).toBe(LOOKING)
  const leader = leadingServer()
  leader.election.notification(9, notify(9, { state: OBSERVING }), 900)
  expect(leader.effects.take()).toEqual(['to 9: LEADING 2 zxid 0 epoch 1 round 1'])
})

test('two servers that look do not answer each other for ever when one of them is outside the configuration of the other', () => {
  const voter = lookingServer(2)
  voter.election.notification(9, notify(9, { electionEpoch: 7 }), 1000)
  voter.election.notification(9, notify(9, { electionEpoch: 7 }), 1099)
  expect(voter.effects.take().length).toBe(1)
  voter.election.notification(9, notify(9, { electionEpoch: 7 }), 1100)
  expect(voter.effects.take().length).toBe(1)
  const observer = makeElection(4, majorityOf(3, 1), { role: 'observer' })
  observer.election.lookForLeader(0, 0, 0)
  observer.election.notification(3, notify(3, { electionEpoch: 7 }), 0)
  observer.effects.take()
  observer.election.notification(2, notify(3), 0)
  expect(observer.effects.take()).toEqual([])
})

// Again and again.

test('a server that lost its leader begins the next round with what it knows now', () => {
  const { election, effects } = leadingServer()
  election.beginLooking()
  expect(election.state).toBe(LOOKING)
  election.lookForLeader(0x100000002, 1, 5000)
  expect(effects.take()).toEqual([
    'to 1: LOOKING 2 zxid 4294967298 epoch 1 round 2',
    'to 3: LOOKING 2 zxid 4294967298 epoch 1 round 2',
  ])
  expect(effects.dueMs).toBe(5200)
})

test('what comes before the round begins is counted when it has begun', () => {
  const { election, effects } = leadingServer()
  election.beginLooking()
  election.notification(1, notify(2, { electionEpoch: 2, zxid: 1, peerEpoch: 1 }), 4000)
  expect(effects.take()).toEqual([])
  election.lookForLeader(1, 1, 5000)
  election.timer(5200, true)
  expect(effects.take().at(-1)).toBe('LEADING 2 round 2 by 1,2')
})

test('of many notifications before the round begins the newest 100 are kept', () => {
  const { election, effects } = leadingServer()
  election.beginLooking()
  election.notification(3, notify(3, { electionEpoch: 50 }), 0)
  for (let count = 0; count < 100; count++) election.notification(1, notify(1, { electionEpoch: 2 }), 0)
  effects.take()
  election.lookForLeader(0, 1, 5000)
  expect(election.round).toBe(2)
})

test('a reconfiguration names the leader without an election', () => {
  const { election, effects } = leadingServer()
  election.designate({ leader: 3, zxid: 9, peerEpoch: -1, round: -1 })
  election.beginLooking()
  election.assume(FOLLOWING)
  election.notification(1, notify(1), 900)
  expect(effects.take()).toEqual(['to 1: FOLLOWING 3 zxid 9 epoch -1 round -1'])
})

// Configurations.

const newer = formatMembership(majorityOf(5, 0, 0x100000001).membership)

test('a newer configuration from a peer replaces the election of a server that looks, and the notification is dropped', () => {
  const { election, effects } = lookingServer()
  election.notification(2, notify(2, { config: newer }), 0)
  expect(effects.adopted.map((membership) => membership.version)).toEqual([0x100000001])
  expect(effects.take()).toEqual([])
  expect(effects.dueMs).toBe(Number.POSITIVE_INFINITY)
  election.notification(3, notify(3), 0)
  expect(effects.take()).toEqual([])
})

test('a newer configuration that is refused or has the same members leaves the vote to be counted', () => {
  const { election, effects } = lookingServer()
  effects.isReplacedOnAdoption = false
  election.notification(2, notify(2, { config: newer }), 0)
  expect(effects.take().length).toBe(2)
})

test.each([
  ['the same', formatMembership(majorityOf(3).membership)],
  ['one of the same version', formatMembership(majorityOf(5).membership)],
  ['a text that is none', 'server.1=\nversion=ffffff'],
])('%s as configuration of a peer is not adopted, and the vote is counted', (_name, configuration) => {
  const { election, effects } = lookingServer()
  election.notification(2, notify(2, { config: configuration }), 0)
  expect(effects.adopted).toEqual([])
  expect(effects.take().length).toBe(2)
})

test('a server with a leader adopts no configuration from notifications', () => {
  const { election, effects } = leadingServer()
  election.notification(3, notify(3, { config: newer }), 0)
  expect(effects.adopted).toEqual([])
  expect(effects.take()).toEqual(['to 3: LEADING 2 zxid 0 epoch 1 round 1'])
})

test('a configuration that came with the leader counts at once: who is a voter now is told apart from strangers', () => {
  const { election, effects } = leadingServer()
  election.configure({ role: 'participant', committed: majorityOf(4, 0, 0x100000001), lastSeen: null })
  election.notification(4, notify(4, { state: FOLLOWING }), 0)
  expect(effects.take()).toEqual([])
  expect(effects.last?.config).toContain('version=0')
  election.notification(4, notify(4), 0)
  expect(effects.last?.config).toContain('version=100000001')
})

test('an election that was stopped does nothing more', () => {
  const { election, effects } = lookingServer()
  election.stop()
  expect(effects.dueMs).toBe(Number.POSITIVE_INFINITY)
  election.notification(2, notify(2), 0)
  election.notification(9, notify(2), 0)
  election.timer(1_000_000, true)
  expect(effects.take()).toEqual([])
})
