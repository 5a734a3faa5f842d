// Many machines on a network that loses, delays, doubles and reorders, driven by a seed: whatever it does, a leader is at least as good as each
// of those whose votes made it one, and once the network behaves all come to follow one leader.
//
// What follows an election is stood for by two rules: a server whose leader does not lead looks again after a while, and
// so does a leader that too few follow.

import { type ElectionNotification, PeerState } from '@tskeeper/protocol/server'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ElectionEffects } from '../../src/election/election-effects.ts'
import { FastLeaderElection } from '../../src/election/fast-leader-election.ts'
import { beats, type CurrentVote, type Vote } from '../../src/election/vote.ts'
import { SeededRandom } from '../../src/lib/seeded-random.ts'
import type { QuorumVerifier } from '../../src/membership/quorum-verifier.ts'
import { majorityOf, verifierOf } from './recording-effects.ts'

/** How long this takes says nothing about whether it is right. */
const UNTIMED = { timeout: 300_000 }

const { looking: LOOKING, following: FOLLOWING, leading: LEADING } = PeerState

/** How often the rules about lost leaders are looked at. */
const CHECK_INTERVAL_MS = 500
/** How long a server waits for its leader, or a leader for its followers. */
const PATIENCE_MS = 2000
/** A run that has not ended by then has failed. */
const END_MS = 60_000

interface Faults {
  readonly lossProbability: number
  readonly doublingProbability: number
  readonly delayMsMax: number
  /** When the network begins to behave. */
  readonly untilMs: number
}

const calm: Faults = { lossProbability: 0, doublingProbability: 0, delayMsMax: 5, untilMs: 0 }

interface Event {
  readonly dueMs: number
  readonly run: () => void
}

class Peer implements ElectionEffects {
  readonly id: number
  readonly knowledge: Vote
  readonly election: FastLeaderElection
  readonly #cluster: Cluster
  #dueMs = Number.POSITIVE_INFINITY
  decidedAtMs = 0

  constructor(cluster: Cluster, knowledge: Vote, verifier: QuorumVerifier) {
    this.id = knowledge.leader
    this.knowledge = knowledge
    this.#cluster = cluster
    const isVoter = verifier.voters.has(this.id)
    this.election = new FastLeaderElection(
      {
        serverId: this.id,
        role: isVoter ? 'participant' : 'observer',
        committed: verifier,
        lastSeen: null,
        lastZxid: knowledge.zxid,
        currentEpoch: knowledge.peerEpoch,
        minIntervalMs: 200,
        maxIntervalMs: 3000,
        isMultiAddressEnabled: false,
      },
      this,
    )
  }

  look(): void {
    const { zxid, peerEpoch } = this.knowledge
    this.election.lookForLeader(zxid, peerEpoch, this.#cluster.nowMs)
  }

  send(serverId: number, notification: ElectionNotification): void {
    this.#cluster.deliver(this.id, serverId, notification)
  }

  connectAll(): void {}

  schedule(dueMs: number): void {
    this.#dueMs = dueMs
    if (dueMs === Number.POSITIVE_INFINITY) return
    this.#cluster.at(dueMs, () => {
      if (this.#dueMs === dueMs) this.election.timer(this.#cluster.nowMs, true)
    })
  }

  decided(state: PeerState, vote: CurrentVote, supporters: ReadonlySet<number>): void {
    this.decidedAtMs = this.#cluster.nowMs
    this.#cluster.decisions.push({ state, vote, supporters })
  }

  adoptConfiguration(): boolean {
    return false
  }

  supporterLooking(): void {}
}

interface Decision {
  readonly state: PeerState
  readonly vote: CurrentVote
  readonly supporters: ReadonlySet<number>
}

class Cluster {
  nowMs = 0
  readonly peers = new Map<number, Peer>()
  readonly decisions: Decision[] = []
  readonly #verifier: QuorumVerifier
  readonly #random: SeededRandom
  readonly #faults: Faults
  #events: Event[] = []

  constructor(verifier: QuorumVerifier, knowledge: readonly Vote[], seed: number, faults: Faults) {
    this.#verifier = verifier
    this.#random = new SeededRandom(seed)
    this.#faults = faults
    for (const own of knowledge) this.peers.set(own.leader, new Peer(this, own, verifier))
  }

  at(dueMs: number, run: () => void): void {
    this.#events.push({ dueMs, run })
  }

  deliver(from: number, to: number, notification: ElectionNotification): void {
    const isCalm = this.nowMs >= this.#faults.untilMs
    const { lossProbability, doublingProbability, delayMsMax } = isCalm ? calm : this.#faults
    if (this.#random.next() < lossProbability) return
    const copies = this.#random.next() < doublingProbability ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.at(this.nowMs + this.#random.below(delayMsMax + 1), () => {
        this.peers.get(to)?.election.notification(from, notification, this.nowMs)
      })
    }
  }

  /** Starts all servers, each within `startMsMax`, and goes on until all agree. */
  run(startMsMax: number): void {
    for (const peer of this.peers.values()) this.at(this.#random.below(startMsMax + 1), () => peer.look())
    this.at(this.#faults.untilMs + startMsMax + CHECK_INTERVAL_MS, () => this.#checkRoles())
    while (!this.#isDone(startMsMax)) {
      const next = this.#takeFirst()
      expect(next.dueMs, 'the servers agree in time').toBeLessThan(END_MS)
      this.nowMs = Math.max(this.nowMs, next.dueMs)
      next.run()
    }
  }

  leaders(): Set<number> {
    return new Set([...this.peers.values()].map((peer) => peer.election.currentVote.leader))
  }

  #isDone(startMsMax: number): boolean {
    if (this.nowMs <= this.#faults.untilMs + startMsMax) return false
    const peers = [...this.peers.values()]
    const leads = peers.filter((peer) => peer.election.state === LEADING).length === 1
    return leads && this.leaders().size === 1 && peers.every((peer) => peer.election.state !== LOOKING)
  }

  #takeFirst(): Event {
    let first = this.#events[0]
    for (const event of this.#events) if (first === undefined || event.dueMs < first.dueMs) first = event
    if (first === undefined) throw new Error('the servers do not agree, and nothing more will happen')
    this.#events = this.#events.filter((event) => event !== first)
    return first
  }

  #checkRoles(): void {
    for (const peer of this.peers.values()) {
      const { state } = peer.election
      if (state === LOOKING || this.nowMs - peer.decidedAtMs < PATIENCE_MS) continue
      const isSupported = state === LEADING ? this.#isFollowed(peer.id) : this.#leads(peer.election.currentVote.leader)
      if (!isSupported) peer.look()
    }
    this.at(this.nowMs + CHECK_INTERVAL_MS, () => this.#checkRoles())
  }

  #leads(id: number): boolean {
    return this.peers.get(id)?.election.state === LEADING
  }

  #isFollowed(id: number): boolean {
    const followers = [...this.peers.values()].filter(({ election }) => {
      return election.currentVote.leader === id && (election.state === FOLLOWING || election.state === LEADING)
    })
    return this.#verifier.containsQuorum(new Set(followers.map((peer) => peer.id)))
  }
}

function checkDecisions(cluster: Cluster, verifier: QuorumVerifier): void {
  for (const { state, vote, supporters } of cluster.decisions) {
    expect(verifier.containsQuorum(supporters), 'a quorum decided').toBe(true)
    expect(verifier.weightOf(vote.leader), 'the leader has weight').toBeGreaterThan(0)
    // Others may have decided by the word of servers that joined the leader late, whatever they know.
    if (state !== LEADING) continue
    for (const id of supporters) {
      const supporter = cluster.peers.get(id)
      if (supporter === undefined || id === vote.leader) continue
      expect(
        beats(supporter.knowledge, vote, (other) => verifier.weightOf(other)),
        `${id} knows more than ${vote.leader}`,
      ).toBe(false)
    }
  }
}

/** What each of `count` servers knows: few different values, so that every part of the order decides now and then. */
const knowledgeOf = (count: number): fc.Arbitrary<Vote[]> =>
  fc
    .array(fc.record({ zxid: fc.integer({ min: 0, max: 2 }), peerEpoch: fc.integer({ min: 0, max: 2 }) }), {
      minLength: count,
      maxLength: count,
    })
    .map((all) => all.map((own, index) => ({ leader: index + 1, ...own })))

const seeds = fc.integer({ min: 0, max: 0x7fffffff })

const HIERARCHY = verifierOf({
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((id) => [`server.${id}`, `h${id}:1:2`])),
  'group.1': '1:2:3',
  'group.2': '4:5:6',
  'group.3': '7',
  'weight.2': '2',
  'weight.5': '0',
  'weight.7': '0',
})

test.each([
  ['three', majorityOf(3), 3],
  ['five', majorityOf(5), 5],
  ['three and two observers', majorityOf(3, 2), 5],
  ['seven in groups with weights', HIERARCHY, 7],
])('%s servers that start together on a network without faults elect the best of all', UNTIMED, (_name, verifier, count) => {
  fc.assert(
    fc.property(knowledgeOf(count), seeds, (knowledge, seed) => {
      const cluster = new Cluster(verifier, knowledge, seed, calm)
      cluster.run(0)
      const electable = knowledge.filter(({ leader }) => verifier.voters.has(leader) && verifier.weightOf(leader) > 0)
      const best = electable.reduce((a, b) => (beats(b, a, () => 1) ? b : a))
      expect([...cluster.leaders()]).toEqual([best.leader])
      expect(new Set([...cluster.peers.values()].map(({ election }) => election.round)).size, 'all are in one round').toBe(1)
      checkDecisions(cluster, verifier)
    }),
    { numRuns: 60 },
  )
})

test.each([
  ['three', majorityOf(3), 3],
  ['five', majorityOf(5), 5],
  ['three and an observer', majorityOf(3, 1), 4],
  ['seven in groups with weights', HIERARCHY, 7],
])(
  '%s servers on a bad network never elect one that knows less than its voters, and agree when it is over',
  UNTIMED,
  (_name, verifier, count) => {
    const faults = fc.record({
      lossProbability: fc.double({ min: 0, max: 0.9, noNaN: true }),
      doublingProbability: fc.double({ min: 0, max: 0.5, noNaN: true }),
      delayMsMax: fc.integer({ min: 0, max: 1500 }),
      untilMs: fc.integer({ min: 0, max: 20_000 }),
    })
    fc.assert(
      fc.property(knowledgeOf(count), seeds, faults, fc.integer({ min: 0, max: 5000 }), (knowledge, seed, bad, startMsMax) => {
        const cluster = new Cluster(verifier, knowledge, seed, bad)
        cluster.run(startMsMax)
        checkDecisions(cluster, verifier)
      }),
      { numRuns: 60 },
    )
  },
)
