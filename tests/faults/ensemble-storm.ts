// Five servers, all faults mixed, under a load whose whole history is judged: members are killed, stopped in their tracks, cut off
// from some or all others (reset, or silent), and one runs out of disk. Between the storms everything heals, and then all must serve
// again, go on writing, and hold one tree. At the end the history of all clients and the logs of all members must fit together.

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judgeHistory } from '../support/ensemble-history.ts'
import { EnsembleLoad, LOAD_ROOT } from '../support/ensemble-load.ts'
import { LinkProxies } from '../support/link-proxy.ts'
import { ProcessEnsemble } from '../support/process-ensemble.ts'
import type { SeededRandom } from './seeded-random.ts'
import { delay, expect, type FaultContext, type FaultSuite } from './suite.ts'
import { MemoryMount } from './temporary-mount.ts'
import { type LogEntry, readLogFiles } from './transaction-log.ts'

const MEMBERS = 5
const TICK_MS = 500
const SYNC_LIMIT_TICKS = 6
const SESSION_TIMEOUT_MS = 10_000
const WRITERS = 5
const PAUSE_MS = 20
const QUICK_MINUTES = 1.5
const FULL_MINUTES = 30
const FAULTS_PER_STORM = 5
/** This long after a fault a server may still answer as if it knew all: a sync is answered by a leader that does not know that it is none. */
const DOUBT_MS = SYNC_LIMIT_TICKS * TICK_MS + 2000
/** Everything heals in the end, but on a machine that others use too it may take its time. */
const PATIENCE_MS = 180_000
/** The member with a small disk, and its size. */
const SMALL_DISK_ID = 5
const SMALL_DISK_MIB = 192
/** With less room than this its operator removes what is no longer needed, as one does with every server. */
const SMALL_DISK_FREE_MIB = 96
const CLEANUP = fileURLToPath(new URL('../../bin/zkCleanup.sh', import.meta.url))

export const ensembleStormSuite: FaultSuite = {
  name: 'ensemble-storm',
  cases: [
    {
      name: 'A6 A8 A11 A110 A134: five servers through kills, stops, cut links and a full disk keep every promise to their clients',
      run: weather,
    },
  ],
}

async function weather(context: FaultContext): Promise<string> {
  const minutes = context.minutes ?? (context.size === 'quick' ? QUICK_MINUTES : FULL_MINUTES)
  await using storm = await Storm.start(context)
  const endMs = performance.now() + minutes * 60_000
  for (let round = 1; performance.now() < endMs || round === 1; round++) await storm.round(round)
  // Awaited here: the storm is disposed of when this block ends.
  return await storm.judge()
}

class Storm implements AsyncDisposable {
  readonly #context: FaultContext
  readonly #random: SeededRandom
  readonly #links = new LinkProxies()
  readonly #disk = new MemoryMount(SMALL_DISK_MIB)
  readonly #faults = new Map<string, number>()
  /** Until when a member's answer to a sync proves nothing. */
  readonly #doubtUntilMs = new Map<number, number>()
  #ensemble!: ProcessEnsemble
  #load!: EnsembleLoad

  private constructor(context: FaultContext) {
    this.#context = context
    this.#random = context.random
  }

  static async start(context: FaultContext): Promise<Storm> {
    const storm = new Storm(context)
    try {
      await storm.#start()
      return storm
    } catch (error) {
      await storm[Symbol.asyncDispose]()
      throw error
    }
  }

  async #start(): Promise<void> {
    const links = this.#links
    const members = Array.from({ length: MEMBERS }, () => ({ target: this.#context.target }))
    this.#ensemble = await ProcessEnsemble.plan(members, {
      config: { tickTime: TICK_MS, syncLimit: SYNC_LIMIT_TICKS, initLimit: 20, snapCount: 5000, 'autopurge.purgeInterval': 0 },
      addressOf: (from, to) => links.addressOf(from, to),
      dataDirectory: (id) => this.#dataDirectory(id),
    })
    const { ids } = this.#ensemble
    for (const from of ids) {
      for (const to of ids) if (from !== to) await links.open(from, to, this.#ensemble.portsOf(to))
    }
    for (const id of ids) await this.#ensemble.launch(id)
    await this.#ensemble.whenServing()
    this.#load = await EnsembleLoad.start({
      ports: this.#ensemble.clientPorts,
      writers: WRITERS,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      pauseMs: PAUSE_MS,
      random: () => this.#random.fraction(),
      isSyncWeak: (port) => this.#isInDoubt(port),
    })
  }

  #dataDirectory(id: number): string {
    return id === SMALL_DISK_ID ? join(this.#disk.path, 'data') : join(this.#ensemble.serverDirectory(id), 'data')
  }

  #isInDoubt(port: number): boolean {
    if (this.#context.target === 'apache') return true
    const id = this.#ensemble.ids.find((each) => this.#ensemble.portsOf(each).client === port) ?? 0
    return (this.#doubtUntilMs.get(id) ?? 0) > performance.now()
  }

  #doubt(ids: readonly number[], forMs: number): void {
    for (const id of ids) this.#doubtUntilMs.set(id, performance.now() + forMs + DOUBT_MS)
  }

  /** Several faults on top of each other, then fair weather. */
  async round(round: number): Promise<void> {
    const told: string[] = []
    const ending: Promise<void>[] = []
    for (let i = 0; i < FAULTS_PER_STORM; i++) {
      ending.push(this.#fault(told))
      await delay(this.#random.between(100, 2500))
    }
    await Promise.all(ending)
    await this.#clearUp()
    this.#context.progress(
      `round ${round}: ${told.join(', ')}; ${this.#load.history.acknowledgedWrites} writes acknowledged so far`,
    )
  }

  #fault(told: string[]): Promise<void> {
    const random = this.#random
    const choice = random.below(100)
    const id = random.between(1, MEMBERS)
    const lastsMs = random.between(200, 6000)
    const tell = (kind: string, what: string): void => {
      this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1)
      told.push(what)
    }
    if (choice < 25) return this.#kill([id], lastsMs, tell)
    if (choice < 35) return this.#killLeader(lastsMs, tell)
    if (choice < 40) return this.#kill(this.#ensemble.ids, lastsMs, tell)
    if (choice < 60) return this.#freeze(id, lastsMs, tell)
    if (choice < 75) return this.#isolate(id, lastsMs, tell)
    if (choice < 92) return this.#part(id, lastsMs, tell)
    return this.#fillDisk(lastsMs, tell)
  }

  async #kill(ids: readonly number[], lastsMs: number, tell: Tell): Promise<void> {
    tell('kill -9', `kill ${ids.join(' ')}`)
    await Promise.all(ids.map((id) => this.#ensemble.kill(id)))
    await delay(lastsMs)
    for (const id of ids) if (!this.#ensemble.isRunning(id)) await this.#ensemble.launch(id)
  }

  async #killLeader(lastsMs: number, tell: Tell): Promise<void> {
    const modes = await Promise.all(this.#ensemble.runningIds.map(async (id) => ({ id, mode: await this.#ensemble.mode(id) })))
    const leader = modes.find(({ mode }) => mode === 'leader')?.id
    if (leader !== undefined) await this.#kill([leader], lastsMs, tell)
  }

  async #freeze(id: number, lastsMs: number, tell: Tell): Promise<void> {
    if (!this.#ensemble.isRunning(id)) return
    tell('SIGSTOP', `stop ${id} for ${lastsMs} ms`)
    const server = this.#ensemble.process(id)
    this.#doubt([id], lastsMs)
    server.signal('SIGSTOP')
    await delay(lastsMs)
    server.thaw()
  }

  /** One member against all others. */
  async #isolate(id: number, lastsMs: number, tell: Tell): Promise<void> {
    await this.#breakLinks(
      this.#ensemble.ids.filter((other) => other !== id).map((other) => [id, other]),
      lastsMs,
      tell,
      `isolate ${id}`,
    )
  }

  /** Some links, so that there may be members that see more than others do. */
  async #part(id: number, lastsMs: number, tell: Tell): Promise<void> {
    const others = this.#ensemble.ids.filter((other) => other !== id && this.#random.isLikely(0.5))
    const pairs = others.map((other) => [id, other] as const)
    await this.#breakLinks(pairs, lastsMs, tell, `part ${id} from ${others.join(' ')}`)
  }

  async #breakLinks(pairs: readonly (readonly [number, number])[], lastsMs: number, tell: Tell, what: string): Promise<void> {
    const state = this.#random.isLikely(0.5) ? 'cut' : 'held'
    tell(`links ${state}`, `${what} (${state}) for ${lastsMs} ms`)
    this.#doubt(pairs.flat(), lastsMs)
    for (const [one, other] of pairs) this.#links.set(one, other, state)
    await delay(lastsMs)
    for (const [one, other] of pairs) this.#links.set(one, other, 'whole')
  }

  /** No room is left beside the member's data; when there is room again it starts if it has ended. */
  async #fillDisk(lastsMs: number, tell: Tell): Promise<void> {
    const filler = join(this.#disk.path, 'filler')
    tell('full disk', `fill the disk of ${SMALL_DISK_ID}`)
    fillUp(filler)
    await delay(lastsMs + 2000)
    rmSync(filler, { force: true })
  }

  /** Everything heals: within the bounds of patience all serve, all writers get on, and all trees are one. */
  async #clearUp(): Promise<void> {
    this.#links.healAll()
    for (const id of this.#ensemble.runningIds) this.#ensemble.process(id).thaw()
    const allServe = async (): Promise<true | null> => {
      // A member that found its disk full may end only now.
      await this.#relaunch()
      const modes = await Promise.all(this.#ensemble.ids.map((id) => this.#ensemble.mode(id)))
      return modes.includes(null) ? null : true
    }
    await this.#ensemble.eventually('all serve again', allServe, PATIENCE_MS)
    await this.#load.untilMore(3, PATIENCE_MS)
    this.#makeRoom()
  }

  /** The logs that are removed are kept elsewhere, since all logs are compared in the end. */
  #makeRoom(): void {
    const { bavail, bsize } = statfsSync(this.#disk.path)
    if (bavail * bsize >= SMALL_DISK_FREE_MIB << 20) return
    const folder = join(this.#dataDirectory(SMALL_DISK_ID), 'version-2')
    const archive = this.#archiveDirectory
    mkdirSync(archive, { recursive: true })
    const logs = readdirSync(folder).filter((name) => name.startsWith('log.'))
    for (const name of logs) copyFileSync(join(folder, name), join(archive, name))
    execFileSync(CLEANUP, ['-n', '3', join(this.#ensemble.serverDirectory(SMALL_DISK_ID), 'zoo.cfg')], { stdio: 'pipe' })
    for (const name of logs) if (existsSync(join(folder, name))) rmSync(join(archive, name))
  }

  get #archiveDirectory(): string {
    return join(this.#ensemble.serverDirectory(SMALL_DISK_ID), 'removed-logs')
  }

  /** Where the logs of a member are, oldest first. */
  #logFolders(id: number): string[] {
    const folder = join(this.#dataDirectory(id), 'version-2')
    return id === SMALL_DISK_ID && existsSync(this.#archiveDirectory) ? [this.#archiveDirectory, folder] : [folder]
  }

  /** Starts what has ended. Only a member whose disk was full may have ended by itself. */
  async #relaunch(): Promise<void> {
    for (const id of this.#ensemble.ids) {
      if (this.#ensemble.isRunning(id)) continue
      const server = this.#ensemble.process(id)
      const hasEndedItself = server.exitStatus?.signal !== 'SIGKILL'
      const mayEnd = id === SMALL_DISK_ID && this.#faults.has('full disk')
      expect(mayEnd || !hasEndedItself, `server ${id} has ended by itself:\n${server.logTail()}`)
      await this.#ensemble.launch(id)
    }
  }

  async judge(): Promise<string> {
    await this.#load.stop()
    await this.#ensemble.whenServing(this.#ensemble.ids, PATIENCE_MS)
    const nodes = await this.#ensemble.checkTrees()
    const { history } = this.#load
    const verdict = judgeHistory(history, LOAD_ROOT, await this.#ensemble.tree(1), { replacedLeaderMs: DOUBT_MS })
    expect(verdict.violations.length === 0, verdict.violations.join('\n'))
    await Promise.all(this.#ensemble.ids.map((id) => this.#ensemble.stop(id)))
    const compared = compareLogs(this.#ensemble.ids.map((id) => this.#logFolders(id)))
    const faults = [...this.#faults].map(([kind, count]) => `${kind} ${count}`).join(', ')
    return (
      `${faults}; ${verdict.acknowledged} acknowledged writes, ${verdict.lost} lost, ${verdict.unknownPresent} of ${verdict.unknown} ` +
      `unknown present, ${verdict.readsChecked} reads checked, ${history.sessionCount} sessions, ${history.sessionsLost} expired, ` +
      `longest gap ${Math.round(history.longestGapMs)} ms, ${nodes} nodes in each tree, ${compared} log entries compared`
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load?.stop().catch(() => undefined)
    await this.#ensemble?.[Symbol.asyncDispose]()
    await this.#links[Symbol.asyncDispose]()
    this.#disk.remove()
  }
}

type Tell = (kind: string, what: string) => void

function fillUp(path: string): void {
  const file = openSync(path, 'w')
  const bytes = new Uint8Array(1 << 16)
  try {
    for (;;) writeSync(file, bytes)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(file)
  }
}

/** Each zxid stands in all logs that have it with the same bytes, and each member's are in order. Returns how many entries were compared. */
function compareLogs(members: readonly (readonly string[])[]): number {
  const known = new Map<number, { readonly bytes: Buffer; readonly file: string }>()
  let compared = 0
  for (const folders of members) {
    let lastZxid = 0
    for (const file of folders.flatMap(readLogFiles)) {
      for (const entry of file.entries) {
        expect(entry.zxid > lastZxid, `${file.path}: 0x${entry.zxid.toString(16)} stands behind 0x${lastZxid.toString(16)}`)
        lastZxid = entry.zxid
        const bytes = readEntry(entry)
        const other = known.get(entry.zxid)
        if (other === undefined) known.set(entry.zxid, { bytes, file: file.path })
        else {
          compared++
          const isSame = other.bytes.equals(bytes)
          expect(isSame, `the transaction 0x${entry.zxid.toString(16)} is not the same in ${other.file} and ${file.path}`)
        }
      }
    }
  }
  return compared
}

function readEntry(entry: LogEntry): Buffer {
  const bytes = Buffer.alloc(entry.end - entry.start)
  const file = openSync(entry.file, 'r')
  readSync(file, bytes, 0, bytes.length, entry.start)
  closeSync(file)
  return bytes
}
