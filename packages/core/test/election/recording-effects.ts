import { type ElectionNotification, NO_VOTE, PeerState } from '@tskeeper/protocol/server'
import type { ElectionEffects } from '../../src/election/election-effects.ts'
import { type ElectionOptions, FastLeaderElection } from '../../src/election/fast-leader-election.ts'
import type { CurrentVote } from '../../src/election/vote.ts'
import { type Membership, parseMembership } from '../../src/membership/membership.ts'
import { makeQuorumVerifier, type QuorumVerifier } from '../../src/membership/quorum-verifier.ts'

const stateNames = new Map<number, string>(Object.entries(PeerState).map(([name, code]) => [code, name.toUpperCase()]))

/** Keeps what an election does as lines such as "to 2: LOOKING 1 zxid 0 epoch 0 round 1" and "FOLLOWING 2 round 1 by 1,2". */
export class RecordingEffects implements ElectionEffects {
  #lines: string[] = []
  dueMs: number = Number.POSITIVE_INFINITY
  adopted: Membership[] = []
  /** What `adoptConfiguration` answers. */
  isReplacedOnAdoption = true
  last: ElectionNotification | null = null

  send(serverId: number, notification: ElectionNotification): void {
    const { leader, zxid, peerEpoch, electionEpoch: round } = notification
    this.last = notification
    const proposed = leader === NO_VOTE ? 'nobody' : `${leader} zxid ${zxid} epoch ${peerEpoch}`
    this.#lines.push(`to ${serverId}: ${stateNames.get(notification.state)} ${proposed} round ${round}`)
  }

  connectAll(): void {
    this.#lines.push('connect to all')
  }

  schedule(dueMs: number): void {
    this.dueMs = dueMs
  }

  decided(state: PeerState, vote: CurrentVote, supporters: ReadonlySet<number>): void {
    const by = [...supporters].sort((a, b) => a - b).join()
    this.#lines.push(`${stateNames.get(state)} ${vote.leader} round ${vote.round} by ${by}`)
  }

  adoptConfiguration(membership: Membership): boolean {
    this.adopted.push(membership)
    return this.isReplacedOnAdoption
  }

  supporterLooking(serverId: number): void {
    this.#lines.push(`supporter ${serverId} looks`)
  }

  /** What was done since the last call. */
  take(): string[] {
    return this.#lines.splice(0)
  }
}

/** A configuration from lines as in zoo.cfg. */
export function verifierOf(lines: Readonly<Record<string, string>>, version = 0): QuorumVerifier {
  return makeQuorumVerifier(parseMembership(new Map(Object.entries(lines)), version, false))
}

/** Servers 1 to `voterCount` vote, the next ones observe. */
export function majorityOf(voterCount: number, observerCount = 0, version = 0): QuorumVerifier {
  const lines: Record<string, string> = {}
  for (let id = 1; id <= voterCount + observerCount; id++) {
    lines[`server.${id}`] = `h${id}:1:2${id > voterCount ? ':observer' : ''}`
  }
  return verifierOf(lines, version)
}

export interface Subject {
  readonly election: FastLeaderElection
  readonly effects: RecordingEffects
}

/** Server `serverId` before its first round. */
export function makeElection(serverId: number, committed: QuorumVerifier, options: Partial<ElectionOptions> = {}): Subject {
  const effects = new RecordingEffects()
  const election = new FastLeaderElection(
    {
      serverId,
      role: 'participant',
      committed,
      lastSeen: null,
      lastZxid: 0,
      currentEpoch: 0,
      minIntervalMs: 200,
      maxIntervalMs: 60_000,
      isMultiAddressEnabled: false,
      ...options,
    },
    effects,
  )
  return { election, effects }
}

/** A notification for `leader`, from a server that looks in round 1 unless told otherwise. */
export function notify(leader: number, changes: Partial<ElectionNotification> = {}): ElectionNotification {
  return {
    state: PeerState.looking,
    leader,
    zxid: 0,
    electionEpoch: 1,
    peerEpoch: 0,
    version: 2,
    config: null,
    ...changes,
  }
}
