// Fast leader election as a state machine without clock and sockets.
//
//   lookForLeader   a round begins: the server proposes itself to all voters, and takes over any better proposal it hears of
//   gathering       votes come in; a quorum for the own proposal in the own round ends this
//   finalizing      the quorum is there; for FINALIZE_WAIT_MS a better proposal may still come and lead back to gathering, unless
//                   every voter who has not joined the quorum is known to be gone
//   decided         the server follows, leads or observes, and tells whoever still looks
//
// A round in which a quorum has voted and nothing moves any more is left for the next one, in which all begin with what they have: some may
// hold to a candidate that others do not know, or that is none any more. Whoever does so leaves it when it hears of the newer round.
//
// A server that comes late takes a short way: a quorum of servers that have a leader, the leader among them, is believed at once.
//
// What is decided here need not be right to be safe: a leader becomes one only by a quorum that follows it in its epoch. The
// order of the votes sees to it that the one elected has everything committed, and so the synchronisation after it succeeds.
//
// So it is the configuration in force alone that decides. Voters of a newer one, which is proposed, are told of the votes and find the leader by
// that; their quorum is a matter of the leader, which needs it for its epoch. Were it asked for here, the servers that have seen
// the proposal would wait for votes that the others do without, and each of these decide with one of those at a time, never all together.

import { type ElectionNotification, NO_VOTE, NOTIFICATION_VERSION, PeerState } from '@tskeeper/protocol/server'
import { assert } from '../lib/assert.ts'
import { Ring } from '../lib/ring.ts'
import { ConfigError } from '../membership/config-error.ts'
import { formatMembership, type Membership, parseMembershipText } from '../membership/membership.ts'
import type { QuorumVerifier } from '../membership/quorum-verifier.ts'
import type { MemberRole } from '../membership/server-line.ts'
import { BallotBox } from './ballot-box.ts'
import type { ElectionEffects } from './election-effects.ts'
import { StalemateWatch } from './stalemate-watch.ts'
import { beats, type CastVote, type CurrentVote, type Vote, votesAgree } from './vote.ts'

/** How long a server with a quorum waits for better proposals, in milliseconds. Part of the protocol. */
const FINALIZE_WAIT_MS = 200

/** Notifications kept while the server looks for a leader and has not begun a round; the oldest make room. */
const INBOX_SIZE_MAX = 100

/**
 * How soon a server that looks answers the same observer or newcomer again, in milliseconds. Such a peer in a newer round may take the
 * answer for that of a voter who is behind, and answer in turn: without a pause the two would never be silent.
 */
const ANSWER_INTERVAL_MS = 100

/** Peers outside the configuration whose last answer is remembered. Their ids are their own word. */
const ANSWERED_COUNT_MAX = 1000

/** The last zxid of a server whose data cannot be trusted: it has no say in an election. */
const UNTRUSTED_ZXID = -1

/** Who votes and how, as this server knows it now. */
export interface ElectionConfiguration {
  readonly role: MemberRole
  /** The configuration in force. */
  readonly committed: QuorumVerifier
  /** The newest one proposed; null or `committed` when there is no newer. */
  readonly lastSeen: QuorumVerifier | null
}

export interface ElectionOptions extends ElectionConfiguration {
  readonly serverId: number
  /** What this server's log held when it started: the vote that others are told before the first round. */
  readonly lastZxid: number
  readonly currentEpoch: number
  /** First and longest time without news after which the own vote is sent again. */
  readonly minIntervalMs: number
  readonly maxIntervalMs: number
  readonly isMultiAddressEnabled: boolean
}

/** Where a round stands. */
type Phase = 'idle' | 'gathering' | 'finalizing'

interface Received {
  readonly from: number
  readonly vote: CastVote
}

function isPeerState(code: number): code is PeerState {
  return code >= PeerState.looking && code <= PeerState.observing
}

/** A server's part in elections, from its start until its membership changes: then a new one takes its place. */
export class FastLeaderElection {
  readonly #serverId: number
  readonly #effects: ElectionEffects
  readonly #minIntervalMs: number
  readonly #maxIntervalMs: number
  readonly #isMultiAddressEnabled: boolean
  #configuration: ElectionConfiguration
  #configurationText: string
  /** The voters of the configuration in force, and after them those of a newer one. */
  #voters: ReadonlySet<number>
  #state: PeerState = PeerState.looking
  /** Counts rounds; servers in the same election come to have the same number. */
  #round = 0
  #currentVote: CurrentVote
  #phase: Phase = 'idle'
  /** What this server proposed when the round began: itself, if it votes. */
  #initialVote: Vote
  /** What it proposes now. */
  #proposal: Vote
  /** Votes of this round. */
  readonly #ballots = new BallotBox()
  /** Votes of servers that have a leader, of whatever round. */
  readonly #settled = new BallotBox()
  readonly #stalemates: StalemateWatch
  /** Whose votes made the proposal win; of meaning in the phase `finalizing` and after it. */
  #supporters: ReadonlySet<number> = new Set()
  /** Voters that could not be reached since the round began, and from whom nothing has come since. */
  readonly #absent = new Set<number>()
  /** Members from whom anything has ever come. */
  readonly #known = new Set<number>()
  /** Voters whose link broke in this round, and to whom the proposal was sent once more. */
  readonly #retried = new Set<number>()
  readonly #inbox: Ring<Received> = new Ring()
  readonly #answeredAtMs = new Map<number, number>()
  /** When the proposal was told, or the links were opened for that, and how long after that it is told again. */
  #toldAtMs = 0
  #intervalMs = 0
  #dueMs = Number.POSITIVE_INFINITY
  #isStopped = false

  constructor(options: ElectionOptions, effects: ElectionEffects) {
    assert(options.minIntervalMs > 0, 'the first interval between notifications is positive')
    this.#serverId = options.serverId
    this.#effects = effects
    this.#minIntervalMs = options.minIntervalMs
    this.#stalemates = new StalemateWatch(options.minIntervalMs)
    this.#maxIntervalMs = options.maxIntervalMs
    this.#isMultiAddressEnabled = options.isMultiAddressEnabled
    this.#currentVote = { leader: options.serverId, zxid: options.lastZxid, peerEpoch: options.currentEpoch, round: -1 }
    this.#initialVote = this.#currentVote
    this.#proposal = this.#currentVote
    this.#configuration = options
    this.#configurationText = ''
    this.#voters = new Set()
    this.configure(options)
  }

  get state(): PeerState {
    return this.#state
  }

  /** The outcome of the last election, with the leader's epoch once this server serves in it. */
  get currentVote(): CurrentVote {
    return this.#currentVote
  }

  get round(): number {
    return this.#round
  }

  /** Voters of the configurations in force: those to whom a vote is sent. */
  get voters(): ReadonlySet<number> {
    return this.#voters
  }

  /** Other roles and configurations, without a new election object: what comes from now on is seen in their light. */
  configure(configuration: ElectionConfiguration): void {
    const { role, committed, lastSeen } = configuration
    this.#configuration = { role, committed, lastSeen }
    this.#configurationText = formatMembership(committed.membership)
    const isNewer = lastSeen !== null && lastSeen.version > committed.version
    this.#voters = new Set([...committed.voters, ...(isNewer ? lastSeen.voters : [])])
  }

  /** This server has lost its leader or its leadership: it looks for another as soon as it knows its own last zxid. */
  beginLooking(): void {
    this.#state = PeerState.looking
    this.#supporters = new Set()
  }

  /** Begins a round. `lastZxid` and `currentEpoch` are what recovery from this server's disk would give. */
  lookForLeader(lastZxid: number, currentEpoch: number, nowMs: number): void {
    assert(!this.#isStopped, 'an election that was stopped does not begin a round')
    assert(this.#phase === 'idle', 'one round is over before the next begins')
    this.beginLooking()
    this.#round += 1
    this.#initialVote = this.#ownVote(lastZxid, currentEpoch)
    this.#proposal = this.#initialVote
    this.#settled.clear()
    this.#absent.clear()
    this.#retried.clear()
    this.#phase = 'gathering'
    this.#intervalMs = this.#minIntervalMs
    this.#stalemates.reset()
    this.#beginBallot(nowMs)
    this.#sendProposal(nowMs)
    this.#takeInbox(nowMs)
  }

  /** A role that a reconfiguration assigns without an election. */
  assume(state: PeerState): void {
    assert(this.#phase === 'idle', 'a role is not assigned during a round')
    this.#state = state
  }

  /** Another outcome than that of the last election: a reconfiguration named the next leader. */
  designate(vote: CurrentVote): void {
    this.#currentVote = vote
  }

  /** This server serves in `epoch` now: from here on others are told so, and all servers tell the same. */
  synchronised(epoch: number): void {
    this.#currentVote = { ...this.#currentVote, peerEpoch: epoch }
  }

  /** Ends this object's part; nothing is sent any more. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#phase = 'idle'
    this.#inbox.clear()
    this.#schedule(Number.POSITIVE_INFINITY)
  }

  /** A peer's notification. */
  notification(from: number, notification: ElectionNotification, nowMs: number): void {
    if (this.#isStopped) return
    if (this.#state === PeerState.looking && this.#isReplacedBy(notification)) return
    if (!this.#voters.has(from)) {
      this.#answerStranger(from, nowMs)
      return
    }
    if (!isPeerState(notification.state)) return
    this.#known.add(from)
    if (this.#state !== PeerState.looking) {
      if (notification.state === PeerState.looking) this.#answerLooking(from)
      return
    }
    if (notification.state === PeerState.looking && this.#isBehind(notification)) this.#answerLate(from)
    this.#absent.delete(from)
    const { leader, zxid, electionEpoch: round, peerEpoch, version, state } = notification
    this.#receive({ from, vote: { leader, zxid, round, peerEpoch, version, state } })
    this.#takeInbox(nowMs)
  }

  /**
   * The link to a peer broke. What it has taken may be lost, so the proposal is sent once more; that also tells whether the peer
   * is still there. Only once a round: a peer that takes links and drops them would keep this server busy.
   */
  linkLost(serverId: number): void {
    if (this.#phase === 'idle' || !this.#voters.has(serverId) || this.#retried.has(serverId)) return
    this.#retried.add(serverId)
    this.#effects.send(serverId, this.#notificationOf(this.#proposal, this.#round))
  }

  /**
   * A peer cannot be reached: nobody listens there, as after a crash. From a voter that is gone no better proposal can come, so a quorum that
   * has all others need not wait for one. A peer that is only silent is waited for: it may be slow. And one that was never heard of may be
   * just starting, as all are when an ensemble is switched on: decided without it, it would split those that meet it from those that did not.
   */
  unreachable(serverId: number): void {
    if (this.#phase === 'idle' || !this.#known.has(serverId)) return
    this.#absent.add(serverId)
    if (this.#phase === 'finalizing') this.#count()
  }

  /**
   * The time asked for by `schedule` has come; earlier calls do nothing. `hasDelivered`: what was sent to at least one
   * peer has left this server.
   */
  timer(nowMs: number, hasDelivered: boolean): void {
    if (this.#isStopped || nowMs < this.#dueMs) return
    if (this.#phase === 'finalizing') {
      this.#decide(this.#castProposal(), this.#supporters)
      return
    }
    if (this.#phase !== 'gathering') return
    if (hasDelivered) this.#sendProposal(nowMs)
    else this.#openLinks(nowMs)
    this.#intervalMs = Math.min(this.#intervalMs * 2, this.#maxIntervalMs)
    this.#takeInbox(nowMs)
  }

  #ownVote(lastZxid: number, currentEpoch: number): Vote {
    const { role, committed } = this.#configuration
    const isVoter = committed.voters.has(this.#serverId)
    const isParticipant = role === 'participant'
    return {
      leader: isVoter ? this.#serverId : NO_VOTE,
      zxid: isParticipant ? lastZxid : NO_VOTE,
      peerEpoch: isParticipant ? currentEpoch : NO_VOTE,
    }
  }

  /** True when the notification brought a configuration that makes this election obsolete. */
  #isReplacedBy(notification: ElectionNotification): boolean {
    const text = notification.config
    if (text === null || text === this.#configurationText) return false
    const membership = this.#parse(text)
    if (membership === null || membership.version <= this.#configuration.committed.version) return false
    if (!this.#effects.adoptConfiguration(membership)) return false
    this.stop()
    return true
  }

  #parse(text: string): Membership | null {
    try {
      return parseMembershipText(text, this.#isMultiAddressEnabled)
    } catch (error) {
      // The vote counts all the same: the peer may be newer than we are, or may write what we do not understand.
      if (error instanceof ConfigError) return null
      throw error
    }
  }

  /** Observers and servers that are not members vote in vain, but they learn here whom to follow. */
  #answerStranger(from: number, nowMs: number): void {
    if (this.#state === PeerState.looking) {
      const answeredAtMs = this.#answeredAtMs.get(from)
      if (answeredAtMs !== undefined && nowMs - answeredAtMs < ANSWER_INTERVAL_MS) return
      if (this.#answeredAtMs.size === ANSWERED_COUNT_MAX) this.#answeredAtMs.clear()
      this.#answeredAtMs.set(from, nowMs)
    }
    this.#effects.send(from, this.#notificationOf(this.#currentVote, this.#round))
  }

  /**
   * Has the peer missed what this server has said? Its round is over, or it still proposes what is worse. Our proposal may have reached it
   * while it had a leader, and was dropped; to wait until it is sent again would cost an ensemble without a leader a fifth of a second or more.
   */
  #isBehind({ electionEpoch, leader, zxid, peerEpoch }: ElectionNotification): boolean {
    if (electionEpoch !== this.#round) return electionEpoch < this.#round
    const isCounted = this.#voters.has(leader) && zxid !== UNTRUSTED_ZXID
    return isCounted && this.#beats(this.#proposal, { leader, zxid, peerEpoch })
  }

  /** Calls a voter that looks into this server's round. Who does not vote is not listened to, and so has nobody to call. */
  #answerLate(from: number): void {
    if (this.#phase === 'idle' || !this.#voters.has(this.#serverId)) return
    this.#effects.send(from, this.#notificationOf(this.#proposal, this.#round))
  }

  #answerLooking(from: number): void {
    this.#effects.send(from, this.#notificationOf(this.#currentVote, this.#currentVote.round))
    if (this.#state === PeerState.leading && this.#supporters.has(from)) this.#effects.supporterLooking(from)
  }

  #receive(received: Received): void {
    if (this.#inbox.size === INBOX_SIZE_MAX) this.#inbox.shift()
    this.#inbox.push(received)
  }

  #takeInbox(nowMs: number): void {
    while (this.#phase !== 'idle') {
      const received = this.#inbox.shift()
      if (received !== null) {
        this.#take(received, nowMs)
        continue
      }
      if (this.#resolvesStalemate(nowMs)) continue
      // The last wait begins anew with each notification: only silence ends it. The proposal is told again in its time, however much others talk:
      // two servers that lost their link would never dial each other again while a third one talks to both.
      this.#schedule(this.#phase === 'finalizing' ? nowMs + FINALIZE_WAIT_MS : this.#toldAtMs + this.#intervalMs)
      return
    }
  }

  /** True if something is said in this or another round now, since without it nothing would move any more. */
  #resolvesStalemate(nowMs: number): boolean {
    // Who has no vote moves nobody.
    if (this.#phase !== 'gathering' || !this.#voters.has(this.#serverId)) return false
    const verdict = this.#stalemates.verdict(this.#configuration.committed, nowMs)
    if (verdict === 'ask') this.#sendProposal(nowMs)
    else if (verdict === 'giveUp') this.#joinRound(this.#stalemates.newestRound + 1, this.#initialVote, nowMs)
    return verdict !== 'wait'
  }

  #joinRound(round: number, proposal: Vote, nowMs: number): void {
    this.#round = round
    // Something goes on again, so the others are asked as often as in the beginning.
    this.#intervalMs = this.#minIntervalMs
    this.#beginBallot(nowMs)
    this.#propose(proposal, nowMs)
  }

  #beginBallot(nowMs: number): void {
    this.#ballots.clear()
    this.#stalemates.roundBegun(this.#round, nowMs)
  }

  #take({ from, vote }: Received, nowMs: number): void {
    const wasFinalizing = this.#phase === 'finalizing'
    if (wasFinalizing && !this.#beats(vote, this.#proposal)) {
      this.#takeLateSupport(from, vote)
      return
    }
    this.#phase = 'gathering'
    if (this.#voters.has(from) && vote.round >= this.#round) this.#stalemates.heard(from, vote, nowMs)
    if (this.#voters.has(from) && this.#voters.has(vote.leader)) {
      if (vote.state === PeerState.looking) this.#takeBallot(from, vote, nowMs)
      else if (vote.state !== PeerState.observing) this.#takeSettled(from, vote)
    }
    // What seemed better and came to nothing (a vote of an old round, say) must not cost the quorum that was there.
    if (wasFinalizing && this.#phase === 'gathering') this.#count()
  }

  /**
   * During the last wait votes that are not better are ignored, but a further one for the proposal may complete the voters. Its sender may
   * be a step ahead and have decided for it already.
   */
  #takeLateSupport(from: number, vote: CastVote): void {
    if (vote.state === PeerState.observing || !votesAgree(vote, this.#castProposal())) return
    this.#ballots.put(from, { ...vote, version: 0 })
    this.#count()
  }

  /** The vote of a server that looks for a leader, too. */
  #takeBallot(from: number, vote: CastVote, nowMs: number): void {
    if (this.#initialVote.zxid === UNTRUSTED_ZXID || vote.zxid === UNTRUSTED_ZXID) return
    // Its sender has been told of the newer round when this came.
    if (vote.round < this.#round) return
    if (vote.round > this.#round) {
      this.#joinRound(vote.round, this.#beats(vote, this.#initialVote) ? vote : this.#initialVote, nowMs)
      this.#stalemates.heard(from, vote, nowMs)
    } else if (this.#beats(vote, this.#proposal)) {
      this.#propose(vote, nowMs)
    }
    this.#ballots.put(from, { ...vote, version: 0 })
    this.#count()
  }

  #propose({ leader, zxid, peerEpoch }: Vote, nowMs: number): void {
    this.#proposal = { leader, zxid, peerEpoch }
    this.#sendProposal(nowMs)
  }

  /** The vote of a server that has a leader. */
  #takeSettled(from: number, vote: CastVote): void {
    if (vote.round === this.#round) {
      // A recorded vote has version 0, so that epochs are not compared here: within a round the leader alone decides.
      this.#ballots.put(from, { ...vote, version: 0 })
      if (this.#isSettledBy(this.#ballots, vote)) return
    }
    this.#settled.put(from, vote)
    this.#isSettledBy(this.#settled, vote)
  }

  /** Ends the round if a quorum in `box` follows the leader of `vote` and that leader says so itself. */
  #isSettledBy(box: BallotBox, vote: CastVote): boolean {
    const supporters = box.quorumFor(vote, this.#configuration.committed)
    if (supporters === null || !this.#leads(box, vote)) return false
    this.#round = vote.round
    this.#decide(vote, supporters)
    return true
  }

  /**
   * Followers may not have noticed yet that their leader is gone, so the leader's own word is needed. This server
   * itself leads by the word of others only if they speak of the round in which it is.
   */
  #leads(box: BallotBox, { leader, round }: CastVote): boolean {
    if (leader === this.#serverId) return this.#round === round
    return box.voteOf(leader)?.state === PeerState.leading
  }

  /** Looks for a quorum that proposes what this server proposes. */
  #count(): void {
    const vote = this.#castProposal()
    const supporters = this.#ballots.quorumFor(vote, this.#configuration.committed)
    if (supporters === null) return
    // Nobody is left who could propose a better one, so there is nothing to wait for.
    if (this.#isComplete(supporters)) {
      this.#decide(vote, supporters)
      return
    }
    this.#supporters = supporters
    this.#phase = 'finalizing'
  }

  #isComplete(supporters: ReadonlySet<number>): boolean {
    for (const voter of this.#configuration.committed.voters) if (!supporters.has(voter) && !this.#absent.has(voter)) return false
    return true
  }

  #decide({ leader, zxid, peerEpoch, round }: CurrentVote, supporters: ReadonlySet<number>): void {
    this.#phase = 'idle'
    this.#inbox.clear()
    this.#supporters = supporters
    this.#currentVote = { leader, zxid, peerEpoch, round }
    this.#state = this.#stateUnder(leader)
    this.#schedule(Number.POSITIVE_INFINITY)
    this.#effects.decided(this.#state, this.#currentVote, supporters)
  }

  #stateUnder(leader: number): PeerState {
    if (leader === this.#serverId) return PeerState.leading
    return this.#configuration.role === 'participant' ? PeerState.following : PeerState.observing
  }

  /**
   * Candidates are the voters of the configuration in force, although those of a proposed one vote, too. Who does not know of the proposal takes no
   * other candidate, and a server that is only to become a voter stops proposing itself as soon as it knows what is in force: a vote for it, once
   * taken over, would keep this server from ever agreeing with the others.
   */
  #beats(challenger: Vote, vote: Vote): boolean {
    const { committed } = this.#configuration
    return beats(challenger, vote, (id) => (committed.voters.has(id) ? committed.weightOf(id) : 0))
  }

  #castProposal(): CastVote {
    return { ...this.#proposal, round: this.#round, state: PeerState.looking, version: 0 }
  }

  /** Tells all voters the proposal. This server hears of it like the others: that is how its own vote comes to be counted. */
  #sendProposal(nowMs: number): void {
    this.#toldAtMs = nowMs
    const notification = this.#notificationOf(this.#proposal, this.#round)
    for (const voter of this.#voters) {
      if (voter === this.#serverId) this.#receive({ from: voter, vote: this.#castProposal() })
      else this.#effects.send(voter, notification)
    }
  }

  #openLinks(nowMs: number): void {
    this.#toldAtMs = nowMs
    this.#effects.connectAll()
  }

  #notificationOf({ leader, zxid, peerEpoch }: Vote, round: number): ElectionNotification {
    const version = NOTIFICATION_VERSION
    return { state: this.#state, leader, zxid, electionEpoch: round, peerEpoch, version, config: this.#configurationText }
  }

  #schedule(dueMs: number): void {
    if (dueMs === this.#dueMs) return
    this.#dueMs = dueMs
    this.#effects.schedule(dueMs)
  }
}
