/**
 * The same requests, drawn from a seed, to Apache's server and to ours, and everything that comes back must be the same; so must the trees
 * behind it, what the four-letter words say, and what each server makes of the other's data directory. Where the two differ, the steps are
 * reduced to those that are needed and printed.
 */
import { cpSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SeededRandom } from '../../faults/seeded-random.ts'
import { fourLetterWord, type ServerConfig, type ServerProcess, type ServerTarget } from '../../support/server-process.ts'
import { startCompatServer } from '../compat-server.ts'
import { CheckError, runCase, type Suite, type SuiteContext } from '../suite.ts'
import { JAVA, ZOOKEEPER_JAR } from './cli-session.ts'
import { compareStreams, type Difference } from './differential/comparison.ts'
import { ReplyDecoder } from './differential/decoder.ts'
import { SchedulePlayer, type Streams } from './differential/player.ts'
import { profileOf, type ServerProfile } from './differential/profile.ts'
import { abbreviated, describeConfig, describeStep, type RoundConfig, type Schedule } from './differential/schedule.ts'
import { drawConfig, drawSchedule } from './differential/schedule-maker.ts'
import { shrink } from './differential/shrinker.ts'
import { compareStates, readState, readTree, type ServerState, type StateDifference } from './differential/state.ts'

/** Every run begins with these. */
const FIXED_SEEDS: readonly number[] = [1, 2, 3]
/** So many rounds follow from the run's own seed, if it has one. */
const OWN_ROUNDS = 3
const STEPS_A_ROUND = 500
/** Each try to leave steps out starts both servers anew. */
const SHRINK_TIME_MAX_MS = 120_000
const ROUND_TIME_MAX_MS = 2 * SHRINK_TIME_MAX_MS
const LOOKS_MAX = 5
const LOOK_INTERVAL_MS = 200
/** Every so many rounds the directories change hands. */
const ROUNDS_A_SWAP = 3

export const differentialSuite: Suite = {
  name: 'differential',
  purpose: 'random requests to both servers at once, whose answers must agree',
  // It starts both servers by itself.
  targets: ['ours'],
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
  ],
  run: runDifferential,
}

async function runDifferential(context: SuiteContext): Promise<void> {
  const version = await apacheVersion(context)
  for (const [index, { seed, stepCount }] of roundsOf(context).entries()) {
    await runCase(
      context,
      `round ${index + 1}: Apache's ${version} and ours answer alike`,
      async () => {
        const random = new SeededRandom(seed)
        const profile = profileOf(version, random.fork('profile'))
        const schedule = drawSchedule(random.fork('steps'), profile, drawConfig(random.fork('config')), stepCount)
        await playRound(context, profile, schedule, seed, index % ROUNDS_A_SWAP === 0)
      },
      ROUND_TIME_MAX_MS,
    )
  }
}

interface Round {
  readonly seed: number
  readonly stepCount: number
}

/** By hand, with a number of steps, all rounds follow from the seed: the first one is that of the seed itself. */
function roundsOf({ seed, steps }: SuiteContext): readonly Round[] {
  if (steps === null) {
    const own = seed === null ? [] : Array.from({ length: OWN_ROUNDS }, (_, index) => seed + index)
    return [...FIXED_SEEDS, ...own].map((each) => ({ seed: each, stepCount: STEPS_A_ROUND }))
  }
  return Array.from({ length: Math.ceil(steps / STEPS_A_ROUND) }, (_, index) => ({
    seed: (seed ?? 1) + index,
    stepCount: Math.min(STEPS_A_ROUND, steps - index * STEPS_A_ROUND),
  }))
}

async function apacheVersion(context: SuiteContext): Promise<string> {
  const server = await startCompatServer(context, { target: 'apache' })
  const text = await fourLetterWord(server.port, 'srvr')
  await server.kill()
  return /^Zookeeper version: (\d+\.\d+\.\d+)/.exec(text)?.[1] ?? 'unknown'
}

async function playRound(
  context: SuiteContext,
  profile: ServerProfile,
  schedule: Schedule,
  seed: number,
  swapsDirectories: boolean,
): Promise<void> {
  const found = await findDifference(context, profile, schedule, swapsDirectories)
  if (found === null) return
  const cut = found.step === null ? schedule : { ...schedule, steps: schedule.steps.slice(0, found.step + 1) }
  let last = found
  const deadlineMs = performance.now() + SHRINK_TIME_MAX_MS
  const shrunk = await shrink(
    cut,
    async (candidate) => {
      const difference = await findDifference(context, profile, candidate, swapsDirectories && found.step === null)
      if (difference?.kind !== found.kind || difference.name !== found.name) return false
      last = difference
      return true
    },
    () => performance.now() < deadlineMs,
  )
  throw new CheckError(report(seed, shrunk, last))
}

interface FoundDifference {
  /** A shrunk schedule must fail in the same way. */
  readonly kind: 'answer' | 'state' | 'directory'
  /** What differs, as far as it has a name. */
  readonly name: string
  /** The step at which it showed, if it showed in an answer. */
  readonly step: number | null
  readonly text: string
}

function report(seed: number, schedule: Schedule, difference: FoundDifference): string {
  const steps = schedule.steps.map((step, index) => `${String(index).padStart(4)} ${abbreviated(describeStep(step), 400)}`)
  return [`seed ${seed}, ${describeConfig(schedule.config)}`, ...steps, difference.text].join('\n')
}

interface Played {
  readonly server: ServerProcess
  readonly player: SchedulePlayer
  readonly streams: Streams
}

/** Plays on two fresh servers. */
async function findDifference(
  context: SuiteContext,
  profile: ServerProfile,
  schedule: Schedule,
  swapsDirectories: boolean,
): Promise<FoundDifference | null> {
  const [apache, ours] = await Promise.all([play(context, 'apache', schedule), play(context, 'ours', schedule)])
  try {
    const difference = compareStreams(profile, schedule, apache.streams, ours.streams)
    if (difference !== null) return { kind: 'answer', name: 'answer', step: difference.step, text: differenceText(difference) }
    const state = await compareLeftovers(profile, apache, ours)
    if (state !== null) return { kind: 'state', name: state.name, step: null, text: `what is left differs\n${state.text}` }
    if (!swapsDirectories) return null
    for (const played of [apache, ours]) await played.server.stop()
    const swapped = await swapDirectories(context, schedule.config, apache.server.directory, ours.server.directory)
    return swapped === null ? null : { kind: 'directory', step: null, ...swapped }
  } finally {
    for (const played of [apache, ours]) {
      played.player.destroy()
      await played.server.kill()
    }
  }
}

/** Servers notice after a while that a client is gone: a difference counts only if it stays. */
async function compareLeftovers(profile: ServerProfile, apache: Played, ours: Played): Promise<StateDifference | null> {
  for (let look = 1; ; look++) {
    const [theirs, mine] = await Promise.all(
      [apache, ours].map(({ server, player }) => readState(server, profile, player.decoder)),
    )
    const difference = theirs === undefined || mine === undefined ? null : compareStates(theirs, mine)
    if (difference === null || look === LOOKS_MAX) return difference
    await delay(LOOK_INTERVAL_MS)
  }
}

function differenceText({ stream, step, apache, ours }: Difference): string {
  return `step ${step}, ${stream}\n  apache: ${abbreviated(apache, 1000)}\n  ours:   ${abbreviated(ours, 1000)}`
}

async function play(context: SuiteContext, target: ServerTarget, schedule: Schedule): Promise<Played> {
  const server = await start(context, target, schedule.config)
  const player = new SchedulePlayer(server.host, server.port)
  try {
    return { server, player, streams: await player.play(schedule) }
  } catch (error) {
    player.destroy()
    await server.kill()
    throw new Error(`${target} failed: ${server.logTail()}`, { cause: error })
  }
}

/** Sessions outlive the round, and nothing is reaped. */
function start(context: SuiteContext, target: ServerTarget, config: RoundConfig, directory?: string): Promise<ServerProcess> {
  const settings: ServerConfig = {
    tickTime: 3000,
    minSessionTimeout: 60_000,
    maxSessionTimeout: 120_000,
    preAllocSize: 1024,
    'znode.container.checkIntervalMs': 600_000,
    extendedTypesEnabled: `${config.isExtended}`,
    enforceQuota: `${config.enforcesQuota}`,
    reconfigEnabled: `${config.allowsReconfig}`,
    skipACL: config.skipsAcl ? 'yes' : 'no',
  }
  const javaFlags = ['-Dznode.container.checkIntervalMs=600000', `-Dzookeeper.skipACL=${config.skipsAcl ? 'yes' : 'no'}`]
  return startCompatServer(context, { target, config: settings, javaFlags, ...(directory === undefined ? {} : { directory }) })
}

/** Each server opens both directories; all four trees must be the same, and all digests right. */
async function swapDirectories(
  context: SuiteContext,
  config: RoundConfig,
  apacheDirectory: string,
  ourDirectory: string,
): Promise<StateDifference | null> {
  for (const [writer, directory] of [
    ['apache', apacheDirectory],
    ['ours', ourDirectory],
  ] as const) {
    const decoder = new ReplyDecoder()
    const byApache = await openCopy(context, 'apache', directory, config, decoder)
    const byOurs = await openCopy(context, 'ours', directory, config, decoder)
    const difference = compareStates(byApache, byOurs)
    if (difference !== null)
      return { ...difference, text: `the directory that ${writer} wrote is read differently\n${difference.text}` }
  }
  return null
}

async function openCopy(
  context: SuiteContext,
  target: ServerTarget,
  directory: string,
  config: RoundConfig,
  decoder: ReplyDecoder,
): Promise<ServerState> {
  const copy = mkdtempSync(join(context.directory, `copy-for-${target}-`))
  cpSync(join(directory, 'data'), join(copy, 'data'), { recursive: true })
  const server = await start(context, target, config, copy)
  try {
    const mismatches = /^zk_digest_mismatches_count\t(\d+)/m.exec(await fourLetterWord(server.port, 'mntr'))?.[1]
    // The session that looks is a new one, of the server that looks.
    const tree = await readTree(server.host, server.port, decoder)
    return new Map([...tree, ['digest mismatches', mismatches ?? 'not told']])
  } finally {
    await server.kill()
  }
}
