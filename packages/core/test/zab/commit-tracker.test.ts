import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import { CommitTracker } from '../../src/zab/commit-tracker.ts'
import { makeConfig } from './configs.ts'
import { zxidOf } from './transactions.ts'

const START = zxidOf(2, 0)

/** Proposals one by one, each with the set of those that acknowledged it: the rule as the protocol words it. */
class NaiveTracker {
  private readonly outstanding = new Map<number, { acks: Set<number>; configs: QuorumVerifier[]; next: QuorumVerifier | null }>()
  lastCommitted = START
  lastProposed = START
  committed: QuorumVerifier
  lastSeen: QuorumVerifier

  constructor(config: QuorumVerifier) {
    this.committed = config
    this.lastSeen = config
  }

  propose(next: QuorumVerifier | null): void {
    if (next !== null) this.lastSeen = next
    const configs = this.lastSeen.version > this.committed.version ? [this.committed, this.lastSeen] : [this.committed]
    this.lastProposed++
    this.outstanding.set(this.lastProposed, { acks: new Set(), configs, next })
  }

  ack(sid: number, zxid: number): void {
    for (const [proposed, { acks }] of this.outstanding) if (proposed <= zxid) acks.add(sid)
  }

  retract(sid: number): void {
    for (const { acks } of this.outstanding.values()) acks.delete(sid)
  }

  commit(): void {
    for (;;) {
      const proposal = this.outstanding.get(this.lastCommitted + 1)
      if (proposal === undefined || !proposal.configs.every((config) => config.containsQuorum(proposal.acks))) return
      this.outstanding.delete(++this.lastCommitted)
      if (proposal.next !== null) this.committed = proposal.next
    }
  }
}

type Action =
  | { readonly kind: 'propose'; readonly count: number }
  | { readonly kind: 'reconfig'; readonly voters: readonly number[] }
  | { readonly kind: 'ack'; readonly sid: number; readonly part: number }
  | { readonly kind: 'retract'; readonly sid: number }

const sid = fc.integer({ min: 1, max: 6 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('propose' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reconfig' as const), voters: fc.uniqueArray(sid, { minLength: 1, maxLength: 5 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('ack' as const), sid, part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retract' as const), sid }) },
)

/** Runs one action on both, and commits what can be committed as the leader does. */
function run(tracker: CommitTracker, naive: NaiveTracker, next: Action): void {
  if (next.kind === 'propose') {
    for (let index = 0; index < next.count; index++) naive.propose(null)
    tracker.proposed(naive.lastProposed)
  } else if (next.kind === 'reconfig') {
    // One reconfiguration at a time.
    if (naive.lastSeen.version > naive.committed.version) return
    const zxid = naive.lastProposed + 1
    const config = makeConfig(next.voters, { version: zxid })
    tracker.reconfigProposed(zxid, naive.committed, config)
    naive.propose(config)
  } else if (next.kind === 'ack') {
    const zxid = START + Math.round(next.part * (naive.lastProposed - START))
    tracker.ack(next.sid, zxid)
    naive.ack(next.sid, zxid)
  } else {
    tracker.retract(next.sid)
    naive.retract(next.sid)
  }
  commitAll(tracker)
  naive.commit()
}

function commitAll(tracker: CommitTracker): void {
  for (let zxid = tracker.committable(); zxid > tracker.lastCommitted; zxid = tracker.committable()) {
    const next = tracker.nextReconfig()
    tracker.commit(zxid)
    if (next !== null) tracker.activated(next)
  }
}

test('I5, I13: what is committed is what one set of acknowledgements a proposal would give, through reconfigurations', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const config = makeConfig([1, 2, 3])
      const tracker = new CommitTracker(START, config)
      const naive = new NaiveTracker(config)
      for (const next of actions) {
        run(tracker, naive, next)
        expect(tracker.lastCommitted).toBe(naive.lastCommitted)
      }
    }),
    { numRuns: 300 },
  )
})

test('a proposal is committed with a quorum of weights in a majority of groups', () => {
  const tracker = new CommitTracker(
    START,
    makeConfig([1, 2, 3, 4, 5, 6], {
      groups: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    }),
  )
  tracker.proposed(zxidOf(2, 3))

  tracker.ack(1, zxidOf(2, 3))
  tracker.ack(2, zxidOf(2, 3))
  tracker.ack(4, zxidOf(2, 2))
  expect(tracker.committable()).toBe(START)
  tracker.ack(5, zxidOf(2, 1))

  expect(tracker.committable()).toBe(zxidOf(2, 1))
})

test('an acknowledgement that says nothing new is told apart', () => {
  const tracker = new CommitTracker(START, makeConfig([1, 2, 3]))
  tracker.proposed(zxidOf(2, 5))

  expect(tracker.ack(1, zxidOf(2, 3))).toBe(true)
  expect(tracker.ack(1, zxidOf(2, 3))).toBe(false)
  expect(tracker.ack(1, zxidOf(2, 6))).toBe(false)
  expect(tracker.ack(2, zxidOf(1, 9))).toBe(false)
})
