/**
 * Our part in elections among Apache's servers, on sockets: their links, their votes, their leaders. Only the election is ours here: who follows
 * what was elected is another suite's matter, so a leader of ours leads nobody for long.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CurrentVote, type Membership, makeQuorumVerifier, parseMembership } from '@tskeeper/core'
import { PeerState } from '@tskeeper/protocol/server'
import { silentLogger } from '../../../packages/server/src/logger.ts'
import { ElectionService } from '../../../packages/server/src/quorum/election-service.ts'
import { nodeRuntime } from '../../../packages/server/src/runtime/node-runtime.ts'
import { withTimeout } from '../../support/raw-connection.ts'
import { freePort, launchServer, type ServerConfig, type ServerProcess } from '../../support/server-process.ts'
import { check, checkEqual, runCase, type Suite, type SuiteContext } from '../suite.ts'
import { JAVA, ZOOKEEPER_JAR } from './cli-session.ts'

const HOST = '127.0.0.1'
const DECISION_TIMEOUT_MS = 60_000
const JAVA_FLAGS = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

export const electionSuite: Suite = {
  name: 'election',
  purpose: "our votes among those of Apache's servers",
  targets: ['apache'],
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
  ],
  run: runElections,
}

async function runElections(context: SuiteContext): Promise<void> {
  await runCase(context, 'A120 A125: a server of ours with the smallest id and one of Apache elect the larger one', () =>
    coldStart(context, { ours: 1, apache: 2 }),
  )
  await runCase(context, 'A123: a server of ours with the larger id is elected by one of Apache', () =>
    coldStart(context, { ours: 3, apache: 2 }),
  )
  await runCase(context, 'A122: a server of ours that knows more is elected by one of Apache with a larger id', () =>
    moreKnown(context),
  )
  await runCase(
    context,
    'servers of ours with smaller and larger ids, voting or not, find the leader of a running ensemble and hear of its configuration',
    () => runningEnsemble(context),
  )
}

/** An ensemble's addresses. Each server has its own directory. */
class Ensemble {
  readonly #context: SuiteContext
  readonly #lines: ServerConfig
  readonly membership: Membership
  readonly #started: ServerProcess[] = []
  readonly #voices: Voice[] = []

  private constructor(context: SuiteContext, lines: Readonly<Record<string, string>>) {
    this.#context = context
    this.#lines = lines
    this.membership = parseMembership(new Map(Object.entries(lines)), 0, false)
  }

  static async plan(context: SuiteContext, voterCount: number, observerCount = 0): Promise<Ensemble> {
    const lines: Record<string, string> = {}
    for (let id = 1; id <= voterCount + observerCount; id++) {
      const role = id > voterCount ? 'observer' : 'participant'
      lines[`server.${id}`] = `${HOST}:${await freePort()}:${await freePort()}:${role}`
    }
    return new Ensemble(context, lines)
  }

  /** Starts one of Apache's servers. */
  async start(serverId: number): Promise<ServerProcess> {
    const directory = mkdtempSync(join(this.#context.directory, `server-${serverId}-`))
    mkdirSync(join(directory, 'data'))
    writeFileSync(join(directory, 'data', 'myid'), `${serverId}\n`)
    const config = { ...this.#lines, initLimit: 10, syncLimit: 5, reconfigEnabled: 'true' }
    const server = await launchServer({ target: 'apache', directory, config, javaFlags: JAVA_FLAGS })
    this.#started.push(server)
    return server
  }

  /** A vote of ours in the election. */
  join(serverId: number, lastZxid = 0, currentEpoch = 0): Voice {
    const voice = new Voice(serverId, this.membership, lastZxid, currentEpoch)
    this.#voices.push(voice)
    return voice
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const voice of this.#voices) voice.service.stop()
    await Promise.all(this.#started.map((server) => server.kill()))
  }
}

interface Decision {
  readonly state: string
  readonly leader: number
  readonly supporters: readonly number[]
}

/** A server of ours that does nothing but vote. */
class Voice {
  readonly service: ElectionService
  readonly decision: Promise<Decision>
  /** Versions of the configurations that peers told of. */
  readonly versions: number[] = []
  currentVote: CurrentVote | null = null

  constructor(serverId: number, membership: Membership, lastZxid: number, currentEpoch: number) {
    const { promise, resolve, reject } = withResolvers<Decision>()
    this.decision = promise
    const role = membership.members.get(serverId)?.role ?? 'participant'
    const configuration = { role, committed: makeQuorumVerifier(membership), lastSeen: null }
    const settings = {
      connectTimeoutMs: 5000,
      handshakeTimeoutMs: 2500,
      minIntervalMs: 200,
      maxIntervalMs: 1000,
      bindAttemptsMax: 3,
      keepAlive: false,
      listensOnAllAddresses: false,
      isMultiAddressEnabled: false,
      reachabilityTimeoutMs: 1000,
    }
    this.service = new ElectionService(
      serverId,
      configuration,
      { lastZxid, currentEpoch },
      settings,
      nodeRuntime(),
      silentLogger,
      {
        decided: (state, vote, supporters) => {
          this.currentVote = vote
          const name = Object.keys(PeerState)[state] ?? `${state}`
          resolve({ state: name, leader: vote.leader, supporters: [...supporters].sort((a, b) => a - b) })
        },
        adoptConfiguration: (newer) => {
          // The members are the same, so the election goes on, as it does in Apache's servers.
          this.versions.push(newer.version)
          this.service.configure({ role, committed: makeQuorumVerifier(newer), lastSeen: null })
          return false
        },
        supporterLooking: () => {},
        failed: reject,
      },
    )
    this.service.lookForLeader(lastZxid, currentEpoch)
  }

  decides(): Promise<Decision> {
    return withTimeout(this.decision, DECISION_TIMEOUT_MS, 'the end of the election')
  }
}

async function coldStart(context: SuiteContext, ids: { readonly ours: number; readonly apache: number }): Promise<unknown> {
  await using ensemble = await Ensemble.plan(context, 3)
  const server = await ensemble.start(ids.apache)
  const voice = ensemble.join(ids.ours)
  const leader = Math.max(ids.ours, ids.apache)
  const decision = await voice.decides()
  const state = leader === ids.ours ? 'leading' : 'following'
  checkEqual(decision, { state, leader, supporters: [ids.ours, ids.apache].sort() }, 'what ours decided')
  await hasState(server, leader === ids.apache ? 'LEADING' : 'FOLLOWING')
  return decision
}

async function moreKnown(context: SuiteContext): Promise<unknown> {
  await using ensemble = await Ensemble.plan(context, 3)
  const server = await ensemble.start(3)
  const decision = await ensemble.join(1, 0x300000007, 3).decides()
  checkEqual(decision, { state: 'leading', leader: 1, supporters: [1, 3] }, 'what ours decided')
  await hasState(server, 'FOLLOWING')
  return decision
}

/** Apache's 1, 2 and 3 serve; then ours come as 4, which votes, and 5, which observes, and at last in the place of one of the three. */
async function runningEnsemble(context: SuiteContext): Promise<unknown> {
  await using ensemble = await Ensemble.plan(context, 4, 1)
  const servers = await Promise.all([1, 2, 3].map((id) => ensemble.start(id)))
  await Promise.all(servers.map((server) => server.whenServing(DECISION_TIMEOUT_MS)))
  const leaders: number[] = []
  for (const [index, server] of servers.entries()) if (server.log().includes('LEADING -')) leaders.push(index + 1)
  const [leader = 0] = leaders
  const late = ensemble.join(4)
  const observer = ensemble.join(5)
  const seen = await Promise.all([late.decides(), observer.decides()])
  checkEqual(
    seen.map(({ state, leader: followed }) => [state, followed]),
    [
      ['following', leader],
      ['observing', leader],
    ],
    'what ours decided',
  )
  for (const voice of [late, observer]) {
    checkEqual(voice.versions, [0x100000000], 'the configuration that the ensemble told of')
    check(voice.currentVote?.peerEpoch === 1, `the epoch is ${voice.currentVote?.peerEpoch}`)
  }
  // All servers with larger ids, Apache's and ours, have to dial this one back.
  await servers[leader === 1 ? 1 : 0]?.kill()
  const early = await ensemble.join(leader === 1 ? 2 : 1).decides()
  checkEqual([early.state, early.leader], ['following', leader], 'what the one with a small id decided')
  return 'all follow the leader'
}

/** Waits until the server says in its log that it has this state. */
async function hasState(server: ServerProcess, state: string): Promise<void> {
  const deadlineMs = performance.now() + DECISION_TIMEOUT_MS
  while (!new RegExp(`\\b${state}\\b`).test(server.log())) {
    check(performance.now() < deadlineMs, `Apache's server does not say ${state}\n${server.logTail()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function withResolvers<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void; reject: (error: Error) => void } {
  let resolve: (value: Value) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
