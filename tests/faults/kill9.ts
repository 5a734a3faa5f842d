// kill -9 at a random moment under concurrent load, again and again on the same directory. After
// each kill the log must hold everything that was acknowledged, and after each restart the tree must
// be exactly what the log's writes make of it: see oracle.ts. Between kill and restart, some rounds
// damage what nobody was told about.

import { cpSync, existsSync, rmSync, truncateSync } from 'node:fs'
import { basename, join } from 'node:path'
import { RawClient, SessionRefusedError } from '../support/raw-client.ts'
import {
  createServerDirectory,
  fourLetterWord,
  launchServer,
  removeServerDirectory,
  type ServerConfig,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts'
import { History, RecordedSession } from './history.ts'
import { LoadWriter, prepareTree } from './load.ts'
import { type Damage, damageTail, flipByte } from './log-damage.ts'
import { compareTree, type Judgement, judgeLog, lastShownEntry } from './oracle.ts'
import { SeededRandom } from './seeded-random.ts'
import { delay, expect, type FaultContext, FaultFound, type FaultSuite } from './suite.ts'
import { FailingMount, failDiskUnder } from './temporary-mount.ts'
import { type LogFile, listSnapshots, readLogFiles } from './transaction-log.ts'
import { openObserver, walkTreeOf } from './tree-walk.ts'

const WRITERS = 6
const TICK_MS = 200
const SESSION_TIMEOUT_MS = 4000
/** Room for a machine that others use too; what it loosens is only the upper bound of an expiry. */
const EXPIRY_SLACK_MS = 3000

export const kill9Suite: FaultSuite = {
  name: 'kill9',
  cases: [
    {
      name: 'A8 A27 A30: after kill -9 under load each acknowledged write is there, and nothing that nobody asked for',
      run: killRounds,
    },
    {
      name: 'A8: after a power cut under load, which drops what is not synced, each acknowledged write is there',
      run: powerCuts,
    },
    { name: 'a damaged middle of the log stops the start, a whole one starts again', run: damagedMiddle },
    { name: 'the oracle notices an acknowledged write that was taken out of the log', run: noticeLoss },
  ],
}

interface Totals {
  rounds: number
  acknowledged: number
  unknown: number
  unknownPresent: number
  readsChecked: number
  sessionsResumed: number
  sessionsExpired: number
  damages: Map<string, number>
  killsWhileStarting: number
}

async function killRounds(context: FaultContext): Promise<string> {
  return runRounds(context, context.rounds ?? (context.size === 'quick' ? 12 : 200), false)
}

async function powerCuts(context: FaultContext): Promise<string> {
  return runRounds(context, context.rounds ?? (context.size === 'quick' ? 4 : 40), true)
}

async function runRounds(context: FaultContext, rounds: number, isPowerCut: boolean): Promise<string> {
  const totals: Totals = {
    rounds: 0,
    acknowledged: 0,
    unknown: 0,
    unknownPresent: 0,
    readsChecked: 0,
    sessionsResumed: 0,
    sessionsExpired: 0,
    damages: new Map(),
    killsWhileStarting: 0,
  }
  // Each lineage has a seed of its own: the seed in the message of a failure starts with that lineage.
  for (let seed = context.seed; totals.rounds < rounds; seed++) {
    const lineage = new Lineage(context, seed, totals, isPowerCut)
    await lineage.run(rounds - totals.rounds)
    context.progress(`${totals.rounds} of ${rounds} rounds, ${totals.acknowledged} acknowledged writes`)
  }
  const damages = [...totals.damages].map(([kind, count]) => `${kind} ${count}`).join(', ')
  return (
    `${totals.rounds} kills, ${totals.acknowledged} acknowledged writes, ${totals.unknownPresent} of ${totals.unknown} unknown present, ` +
    `${totals.readsChecked} reads checked, ${totals.sessionsResumed} sessions resumed, ${totals.sessionsExpired} expired, ` +
    `${totals.killsWhileStarting} kills while starting; damage: ${damages}`
  )
}

/** Several kills of one data directory. */
class Lineage {
  readonly #context: FaultContext
  readonly #seed: number
  readonly #random: SeededRandom
  readonly #totals: Totals
  readonly #directory: string
  readonly #disk: FailingMount | null
  readonly #dataDir: string
  readonly #folder: string
  readonly #history = new History()
  readonly #writers: LoadWriter[] = []
  /** The last log file, if it ends inside an entry: the next start must say that it leaves something out. */
  #tornLog: string | null = null
  #round = 0

  /** `isPowerCut`: the disk goes with the process, and with it whatever was not synced. */
  constructor(context: FaultContext, seed: number, totals: Totals, isPowerCut: boolean) {
    this.#context = context
    this.#seed = seed
    this.#random = new SeededRandom(seed)
    this.#totals = totals
    this.#directory = createServerDirectory('kill9')
    this.#disk = isPowerCut ? new FailingMount(1000) : null
    this.#dataDir = join(this.#disk?.path ?? this.#directory, 'data')
    this.#folder = join(this.#dataDir, 'version-2')
  }

  async run(roundsMax: number): Promise<void> {
    const rounds = Math.min(roundsMax, this.#random.between(3, 9))
    let judgement: Judgement | null = null
    try {
      for (this.#round = 1; this.#round <= rounds; this.#round++) {
        judgement = await this.#runRound(this.#random.fork(this.#round), judgement)
        this.#totals.rounds++
      }
      await this.#lastStart(judgement)
    } catch (error) {
      const message =
        error instanceof FaultFound ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
      throw new FaultFound(
        `round ${this.#round}, replay with --seed ${this.#seed}, files in ${this.#directory}${this.#disk === null ? '' : ` (data was on ${this.#keepData()})`}:\n${message}`,
      )
    }
    if (judgement !== null) {
      this.#totals.acknowledged += judgement.acknowledged
      this.#totals.unknown += judgement.unknown
      this.#totals.unknownPresent += judgement.unknownPresent
      this.#totals.readsChecked += judgement.readsChecked
    }
    this.#disk?.remove()
    removeServerDirectory(this.#directory)
  }

  /** Start, check what the last kill left, load, kill, judge the log, damage its tail. */
  async #runRound(random: SeededRandom, before: Judgement | null): Promise<Judgement> {
    const config = this.#chooseConfig(random)
    if (this.#context.target === 'apache') removeEmptyLastLogs(this.#folder)
    if (before !== null && random.isLikely(0.15)) await this.#killWhileStarting(config, random)
    const server = await startServer({ target: this.#context.target, directory: this.#directory, config })
    try {
      this.#checkTornLogIsTold(server)
      if (before === null) await this.#openWriters(server.port)
      else await this.#checkRestart(server, before, random)
      await this.#loadAndKill(server, random)
    } finally {
      await server.kill()
    }
    await this.#abandonAll()
    const judged = this.#judge('after the kill')
    const damage = chooseDamage(random)
    const done = damageTail(damage, this.#folder, judged.files, lastShownEntry(this.#history, judged.files), random)
    this.#totals.damages.set(damage, (this.#totals.damages.get(damage) ?? 0) + 1)
    const damaged = done === 'none' ? judged : this.#judge(`after the damage (${done})`)
    const last = damaged.files.at(-1)
    this.#tornLog = last?.ending === 'torn' ? basename(last.path) : null
    return damaged.judgement
  }

  #checkTornLogIsTold(server: ServerProcess): void {
    if (this.#tornLog === null || this.#context.target === 'apache') return
    const isTold = server
      .log()
      .split('\n')
      .some((line) => line.includes('torn') && line.includes(this.#tornLog ?? ''))
    expect(isTold, `the end of ${this.#tornLog} was torn, and the start does not say so:\n${server.logTail()}`)
  }

  async #openWriters(port: number): Promise<void> {
    for (let index = 0; index < WRITERS; index++) {
      const session = await RecordedSession.open(this.#history, port, SESSION_TIMEOUT_MS)
      this.#writers.push(new LoadWriter(index, session, this.#random, hasPassingAcls(this.#context)))
    }
    const first = this.#writers[0]
    if (first !== undefined) await prepareTree(first.session, WRITERS)
    // Apache's server does not sync the snapshot that it makes of an empty tree, and cannot start without it.
    if (this.#context.target === 'apache') this.#disk?.sync()
  }

  /** Load until a random moment, counted in time or in answers. */
  async #loadAndKill(server: ServerProcess, random: SeededRandom): Promise<void> {
    for (const writer of this.#writers) writer.start(server.port, random.pick([1, 1, 2, 5, 12, 40]), random.fork(writer.index))
    if (random.isLikely(0.5)) {
      await delay(random.between(20, 1200))
    } else {
      const wanted = this.#history.zxidSeen + random.between(10, 1500)
      const deadlineMs = performance.now() + 3000
      while (this.#history.zxidSeen < wanted && performance.now() < deadlineMs) await delay(1)
    }
    expect(server.exitStatus === null, `the server ended by itself under load:\n${server.logTail()}`)
    if (this.#disk !== null) {
      // The process lives on for a moment after its disk: whatever it acknowledges then would be lost.
      await failDiskUnder(server, this.#disk)
      await delay(random.below(50))
    }
    await server.kill()
    await Promise.all(this.#writers.map((writer) => writer.stop()))
    this.#disk?.repair()
  }

  async #killWhileStarting(config: ServerConfig, random: SeededRandom): Promise<void> {
    const server = await launchServer({ target: this.#context.target, directory: this.#directory, config })
    await server.exitWithin(random.between(1, this.#context.target === 'ours' ? 500 : 900))
    expect(server.exitStatus === null, `the server ended while it started:\n${server.logTail()}`)
    await server.kill()
    this.#totals.killsWhileStarting++
  }

  async #checkRestart(server: ServerProcess, before: Judgement, random: SeededRandom): Promise<void> {
    const zxid = Number.parseInt(/Zxid: 0x([0-9a-f]+)/.exec(await fourLetterWord(server.port, 'srvr'))?.[1] ?? '', 16)
    expect(zxid === before.lastZxid, `the server starts at zxid ${zxid}, its log ended at ${before.lastZxid}`)
    const lost: RecordedSession[] = []
    const isLosing = random.isLikely(0.2)
    for (const { session } of this.#writers) {
      if (!before.model.sessions.has(session.id)) continue
      if (isLosing && random.isLikely(0.5)) lost.push(session)
      else await this.#resume(session, server, random)
    }
    await this.#checkClosedSessions(server, before, random)
    const judgement = await this.#checkTree(server)
    await this.#checkExpiry(server, lost, judgement)
    for (const writer of this.#writers) {
      if (!writer.session.isConnected) writer.session = await RecordedSession.open(this.#history, server.port, SESSION_TIMEOUT_MS)
    }
  }

  /** An open session is there for whoever has its password, and for nobody else. */
  async #resume(session: RecordedSession, server: ServerProcess, random: SeededRandom): Promise<void> {
    try {
      if (random.isLikely(0.2)) await this.#checkRefused(server, session.id, random.bytes(16), 'taken over with a wrong password')
      await session.resume(server.port)
      this.#totals.sessionsResumed++
    } catch (error) {
      // On a machine that stood still, the session may have run out before we came to it. The log tells then.
      const ageMs = performance.now() - server.launchedAtMs
      if (!(error instanceof SessionRefusedError) || ageMs < SESSION_TIMEOUT_MS) throw error
    }
  }

  async #checkClosedSessions(server: ServerProcess, before: Judgement, random: SeededRandom): Promise<void> {
    const closed = [...this.#history.sessions].filter(([id]) => !before.model.sessions.has(id))
    for (let count = Math.min(3, closed.length); count > 0; count--) {
      const [id, password] = random.pick(closed)
      await this.#checkRefused(server, id, password, 'closed before the kill and lives again')
    }
  }

  async #checkRefused(server: ServerProcess, sessionId: bigint, password: Uint8Array, otherwise: string): Promise<void> {
    const client = await RawClient.connect('127.0.0.1', server.port, { sessionId, password }).catch((error: unknown) => {
      if (error instanceof SessionRefusedError) return null
      throw error
    })
    client?.destroy()
    expect(client === null, `session ${sessionId} was ${otherwise}`)
  }

  /** Compares the server's tree with what the log makes of it, at a moment when no session ran out meanwhile. */
  async #checkTree(server: ServerProcess): Promise<Judgement> {
    for (;;) {
      const { judgement: earlier } = this.#judge('after the restart')
      const shown = await walkTreeOf(this.#history, server.port)
      const { judgement } = this.#judge('after the restart')
      if (judgement.treeZxid !== earlier.treeZxid) continue
      const violations = compareTree(judgement.model, shown)
      expect(violations.length === 0, `${violations.join('\n')}\nserver's log:\n${server.logTail()}`)
      return judgement
    }
  }

  /** Sessions that nobody resumes: their ephemerals stay for the whole time-out and go within a tick after it. */
  async #checkExpiry(server: ServerProcess, lost: readonly RecordedSession[], judgement: Judgement): Promise<void> {
    if (lost.length === 0) return
    const waiting = new Map<bigint, string>()
    for (const session of lost) {
      const [ephemeral] = judgement.model.ephemerals(session.id)
      if (ephemeral !== undefined) waiting.set(session.id, ephemeral)
    }
    // The server begins to count somewhere between the start of its process and its first answer.
    const earliestMs = server.launchedAtMs + SESSION_TIMEOUT_MS
    const latestMs = server.servingAtMs + SESSION_TIMEOUT_MS + TICK_MS + EXPIRY_SLACK_MS
    const observer = await openObserver(this.#history, server.port)
    while (waiting.size > 0) {
      for (const [id, path] of waiting) {
        const askedMs = performance.now()
        const stat = await observer.exists(path)
        const answeredMs = performance.now()
        if (stat !== null && stat.ephemeralOwner === id) {
          expect(
            askedMs <= latestMs,
            `${path} of a lost session is there ${Math.round(askedMs - server.servingAtMs)} ms after the start`,
          )
        } else {
          expect(
            answeredMs >= earliestMs,
            `${path} of a live session was gone ${Math.round(answeredMs - server.launchedAtMs)} ms after the start`,
          )
          waiting.delete(id)
          this.#totals.sessionsExpired++
        }
      }
      await delay(20)
    }
    await observer.close()
    const after = await this.#checkTree(server)
    for (const { id } of lost) {
      const isGone = !after.model.sessions.has(id) || judgement.model.ephemerals(id).length === 0
      expect(isGone, `the ephemerals of session ${id} are gone, and the log does not say why`)
    }
  }

  /** A stop by SIGTERM and a last look. */
  async #lastStart(before: Judgement | null): Promise<void> {
    if (before === null) return
    if (this.#context.target === 'apache') removeEmptyLastLogs(this.#folder)
    const server = await startServer({
      target: this.#context.target,
      directory: this.#directory,
      config: this.#chooseConfig(this.#random),
    })
    try {
      await this.#checkTree(server)
    } finally {
      await server.stop()
    }
  }

  async #abandonAll(): Promise<void> {
    for (const writer of this.#writers) {
      writer.session.abandon()
      await writer.session.ended()
      const { violation } = writer.session
      if (violation !== null) throw new FaultFound(violation)
    }
  }

  #chooseConfig(random: SeededRandom): ServerConfig {
    return { dataDir: this.#dataDir, ...chooseConfig(random) }
  }

  /** Copies what is on the mounted disk to where it outlives this process. */
  #keepData(): string {
    const kept = join(this.#directory, 'data')
    cpSync(this.#dataDir, kept, { recursive: true })
    return kept
  }

  #judge(when: string): { judgement: Judgement; files: LogFile[] } {
    const files = readLogFiles(this.#folder)
    const judgement = judgeLog(this.#history, files)
    if (judgement.violations.length > 0) throw new FaultFound(`${when}:\n${judgement.violations.join('\n')}`)
    return { judgement, files }
  }
}

function chooseConfig(random: SeededRandom): ServerConfig {
  return {
    tickTime: TICK_MS,
    snapCount: random.pick([2, 10, 40, 150, 500, 100_000]),
    preAllocSize: random.pick([1, 4, 64, 1024, 65_536]),
    txnLogSizeLimitInKb: random.pick([-1, -1, 64, 512]),
    'snapshot.compression.method': random.pick(['', '', 'gz', 'snappy']),
    flushDelay: random.pick([0, 0, 0, 4]),
    maxBatchSize: random.pick([1000, 1000, 7]),
  }
}

/**
 * Apache's 3.8 does not start from a snapshot in which a node refers to an ACL that was first used after
 * the snapshot's table of ACLs was written.
 */
function hasPassingAcls(context: FaultContext): boolean {
  return context.target === 'ours'
}

/** Apache's 3.8 does not start when the crash came between the creation of a log file and its header. */
function removeEmptyLastLogs(folder: string): void {
  if (!existsSync(folder)) return
  for (const file of readLogFiles(folder).reverse()) {
    if (file.sizeBytes > 0) return
    rmSync(file.path)
  }
}

function chooseDamage(random: SeededRandom): Damage {
  if (random.isLikely(0.5)) return 'none'
  return random.pick<Damage>(['cut', 'cut and zeros', 'zeros', 'torn entry', 'torn snapshot'])
}

/** Fills a directory by `runs` runs that end with a kill; each leaves a log file of its own, and no snapshot but the first. */
async function fillDirectory(context: FaultContext, directory: string, history: History, runs: number): Promise<void> {
  const config = { tickTime: TICK_MS, snapCount: 1_000_000, preAllocSize: 64 }
  for (let run = 0; run < runs; run++) {
    const server = await startServer({ target: context.target, directory, config })
    const session = await RecordedSession.open(history, server.port, SESSION_TIMEOUT_MS)
    if (run === 0) await prepareTree(session, 1)
    const writer = new LoadWriter(0, session, context.random, hasPassingAcls(context))
    const wanted = history.zxidSeen + 150
    writer.start(server.port, 8, context.random.fork(run))
    while (history.zxidSeen < wanted) await delay(2)
    await server.kill()
    await writer.stop()
    writer.session.abandon()
  }
  const snapshots = listSnapshots(join(directory, 'data', 'version-2'))
  for (const snapshot of snapshots) if (snapshot.zxid > 0) rmSync(snapshot.path)
}

interface MiddleDamage {
  readonly name: string
  /** Which log file: the oldest, one in the middle, the last. */
  readonly file: 'old' | 'last'
  /** Byte of an entry in the middle of the file, counted from the entry's start or, if negative, from its end. */
  readonly offset: number
  readonly mask: number
  /** Apache's reader takes this damage for the end of the file. */
  readonly isStricter: boolean
}

const middleDamages: readonly MiddleDamage[] = [
  { name: 'a byte of the body, old file', file: 'old', offset: 30, mask: 0x01, isStricter: false },
  { name: 'a byte of the body, last file', file: 'last', offset: 40, mask: 0x80, isStricter: false },
  { name: 'the checksum, old file', file: 'old', offset: 7, mask: 0x10, isStricter: false },
  { name: 'the checksum, last file', file: 'last', offset: 4, mask: 0x04, isStricter: false },
  { name: 'the trailer, old file', file: 'old', offset: -1, mask: 0x40, isStricter: true },
  { name: 'the trailer, last file', file: 'last', offset: -1, mask: 0x02, isStricter: true },
  { name: 'a low bit of the length, old file', file: 'old', offset: 11, mask: 0x01, isStricter: true },
  { name: 'a middle bit of the length, last file', file: 'last', offset: 10, mask: 0x01, isStricter: true },
  { name: 'a high bit of the length, old file', file: 'old', offset: 8, mask: 0x40, isStricter: true },
  { name: 'the sign of the length, last file', file: 'last', offset: 8, mask: 0x80, isStricter: true },
]

async function damagedMiddle(context: FaultContext): Promise<string> {
  const original = createServerDirectory('middle')
  const history = new History()
  await fillDirectory(context, original, history, 3)
  const judgement = judgeLog(history, readLogFiles(join(original, 'data', 'version-2')))
  expect(judgement.violations.length === 0, judgement.violations.join('\n'))
  let refused = 0
  for (const damage of middleDamages) {
    if (damage.isStricter && context.target === 'apache') continue
    await checkRefusedStart(context, original, damage)
    refused++
  }
  const server = await startServer({ target: context.target, directory: original, config: { tickTime: TICK_MS } })
  const violations = compareTree(judgement.model, await walkTreeOf(history, server.port))
  await server.kill()
  expect(violations.length === 0, `the undamaged directory: ${violations.join('\n')}`)
  removeServerDirectory(original)
  return `${refused} kinds of damage refused, ${judgement.entries} entries in the undamaged log`
}

async function checkRefusedStart(context: FaultContext, original: string, damage: MiddleDamage): Promise<void> {
  const directory = createServerDirectory('middle')
  cpSync(original, directory, { recursive: true })
  const files = readLogFiles(join(directory, 'data', 'version-2')).filter((file) => file.entries.length > 20)
  const file = damage.file === 'old' ? files[0] : files.at(-1)
  const entry = file?.entries[Math.floor(file.entries.length / 2)]
  if (file === undefined || entry === undefined) throw new Error('the runs left no log to damage')
  flipByte(file.path, (damage.offset < 0 ? entry.end : entry.start) + damage.offset, damage.mask)
  const server = await launchServer({ target: context.target, directory, config: { tickTime: TICK_MS } })
  const status = await server.exitWithin(20_000)
  await server.kill()
  const log = server.log()
  expect(status !== null, `${damage.name}: the server started (files in ${directory})`)
  expect(status.code !== null && status.code !== 0, `${damage.name}: exit code ${status.code}, signal ${status.signal}`)
  if (context.target === 'ours') {
    const isTelling = log.includes(basename(file.path)) && log.includes(String(entry.start))
    expect(
      isTelling,
      `${damage.name}: the log names not both ${basename(file.path)} and byte ${entry.start}:\n${server.logTail()}`,
    )
  }
  removeServerDirectory(directory)
}

/** A test of the test: the oracle must see a loss, in the log and in the tree. */
async function noticeLoss(context: FaultContext): Promise<string> {
  const directory = createServerDirectory('loss')
  const history = new History()
  await fillDirectory(context, directory, history, 1)
  const folder = join(directory, 'data', 'version-2')
  const files = readLogFiles(folder)
  const whole = judgeLog(history, files)
  expect(whole.violations.length === 0, whole.violations.join('\n'))
  const victim = [...history.writes.values()].findLast((write) => write.outcome?.error === 0)
  const entry = files
    .flatMap((file) => file.entries)
    .find((each) => each.sessionId === victim?.sessionId && each.cxid === victim.cxid)
  if (entry === undefined) throw new Error('no acknowledged write was found')
  truncateSync(entry.file, entry.start)
  const cut = judgeLog(history, readLogFiles(folder))
  expect(
    cut.violations.some((violation) => violation.startsWith('LOST')),
    'the log without the write was judged whole',
  )
  const server = await startServer({ target: context.target, directory, config: { tickTime: TICK_MS } })
  const violations = compareTree(whole.model, await walkTreeOf(history, server.port))
  await server.kill()
  expect(violations.length > 0, 'the tree without the write was judged equal')
  removeServerDirectory(directory)
  return `${cut.violations.length} sentences about the log, ${violations.length} about the tree`
}
