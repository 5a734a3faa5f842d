import { ControlSession } from '../load/control-session.ts'
import { FailoverLoad, type FailoverOutcome } from '../load/failover-load.ts'
import { SocketTransport } from '../load/socket-transport.ts'
import type { LifeRow } from './life-cycle.ts'
import { prime } from './load-comparison.ts'
import { HOST, sleep } from './loopback.ts'
import type { MeasuredEnsemble } from './measured-ensemble.ts'
import { measureLoad } from './measured-load.ts'
import type { MeasuredServer } from './measured-server.ts'

/** How much of it to measure. */
export interface EnsembleLifePlan {
  readonly lifeRepeats: number
  readonly idleKills: number
  readonly loadedKills: number
  readonly primeS: number
  readonly nodes: number
  readonly only: RegExp | null
  readonly log: (line: string) => void
}

const SETTLE_MS = 3000
const NODE_BYTES = 100
/** Before a kill, so that everybody is at rest, and so long under load, so that the compilers are done. */
const QUIET_MS = 1000
const LOADED_MS = 3000
const AFTER_KILL_MS = 4000
const PROBE_TIMEOUT_MS = 2000
const PROBE_INTERVAL_MS = 4
const PROBE_LIMIT_MS = 60000
const PROBE_PATH = '/probe'
const SESSION_TIMEOUT_MS = 10000
const FAILOVER_LOAD = { connections: 16, window: 4, payloadBytes: 1024 } as const

type Pair = readonly [MeasuredEnsemble, MeasuredEnsemble]
type Series = Pick<LifeRow, 'a' | 'b'>

interface RowNames {
  readonly leader: string
  readonly loadedLeader: string
  readonly loadedFollower: string
  readonly idle: string
  readonly loaded: string
}

function rowNames(nodes: number): RowNames {
  return {
    leader: 'leader killed: time to the first write',
    loadedLeader: 'leader killed under load: longest time without a write',
    loadedFollower: 'follower killed under load: longest time without a write',
    idle: 'resident memory of all servers, idle',
    loaded: `resident memory of all servers, ${nodes} znodes of ${NODE_BYTES} bytes`,
  }
}

/** The names that `--only` can select. */
export function ensembleLifeRowNames(nodes: number): string[] {
  return Object.values(rowNames(nodes))
}

/** Kills members of ensembles and looks at their memory; both are stopped before and afterwards. */
export async function compareEnsembleLife(ensembles: Pair, plan: EnsembleLifePlan): Promise<LifeRow[]> {
  const names = rowNames(plan.nodes)
  const isWanted = (...wanted: readonly string[]): boolean => wanted.some((name) => plan.only === null || plan.only.test(name))
  const rows: LifeRow[] = []
  try {
    if (isWanted(names.idle, names.loaded)) {
      const { idleMb, loadedMb } = await measureMemory(ensembles, plan)
      rows.push({ name: names.idle, unit: 'MB', ...idleMb, goal: { kind: 'ratio', most: 0.6 } })
      rows.push({ name: names.loaded, unit: 'MB', ...loadedMb, goal: { kind: 'ratio', most: 0.6 } })
    }
    if (isWanted(names.leader, names.loadedLeader, names.loadedFollower)) {
      for (const ensemble of ensembles) {
        await ensemble.startEmpty()
        await prime(ensemble, plan)
      }
      const leaderMs = await inTurn(ensembles, isWanted(names.leader) ? plan.idleKills : 0, (ensemble) =>
        killIdleLeader(ensemble, plan),
      )
      rows.push({ name: names.leader, unit: 'ms', ...leaderMs, goal: { kind: 'ratio', most: 0.5 } })
      const under = (name: string, role: 'leader' | 'follower'): Promise<Series> =>
        inTurn(ensembles, isWanted(name) ? plan.loadedKills : 0, (ensemble) => killUnderLoad(ensemble, role, plan))
      const loadedLeaderMs = await under(names.loadedLeader, 'leader')
      rows.push({ name: names.loadedLeader, unit: 'ms', ...loadedLeaderMs, goal: { kind: 'ratio', most: 0.5 } })
      const loadedFollowerMs = await under(names.loadedFollower, 'follower')
      rows.push({ name: names.loadedFollower, unit: 'ms', ...loadedFollowerMs, goal: { kind: 'absolute', most: 50 } })
    }
  } finally {
    for (const ensemble of ensembles) {
      await ensemble.stop()
      ensemble.clear()
    }
  }
  return rows.filter((row) => isWanted(row.name))
}

/** Measures one figure of each ensemble, in turning order. */
async function inTurn(
  ensembles: Pair,
  repeats: number,
  measure: (ensemble: MeasuredEnsemble) => Promise<number | null>,
): Promise<Series> {
  const a: (number | null)[] = []
  const b: (number | null)[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const turn = repeat % 2 === 0 ? ensembles : [...ensembles].reverse()
    for (const ensemble of turn) (ensemble === ensembles[0] ? a : b).push(await measure(ensemble))
  }
  return { a, b }
}

async function measureMemory(ensembles: Pair, plan: EnsembleLifePlan): Promise<{ idleMb: Series; loadedMb: Series }> {
  const a: (number | null)[] = []
  const b: (number | null)[] = []
  const load = ['--workload', 'load', '--operations', `${plan.nodes}`, '--payload', `${NODE_BYTES}`, '--keep', '--stall', '60']
  const idleMb = await inTurn(ensembles, plan.lifeRepeats, async (ensemble) => {
    await ensemble.startEmpty()
    await sleep(SETTLE_MS)
    const idle = ensemble.residentMb()
    const result = await measureLoad(ensemble, [...load, '--connections', '8', '--window', '64'])
    if ('failed' in result) throw new Error(`loading ${ensemble.name} failed: ${result.failed}`)
    await sleep(SETTLE_MS)
    const loaded = ensemble.residentMb()
    ;(ensemble === ensembles[0] ? a : b).push(loaded)
    await ensemble.stop()
    plan.log(`  memory: ${ensemble.name} ${idle.toFixed(0)} MB idle, ${loaded.toFixed(0)} MB with ${plan.nodes} znodes`)
    return idle
  })
  return { idleMb, loadedMb: { a, b } }
}

/** From the death of the leader until a survivor has acknowledged a write in a new session. */
async function killIdleLeader(ensemble: MeasuredEnsemble, plan: EnsembleLifePlan): Promise<number> {
  const victim = await ensemble.leader()
  const survivors = ensemble.members.filter((member) => member !== victim)
  await withControl(survivors[0] as MeasuredServer, async (control) => {
    const names = await control.children('/')
    if (!names.includes(PROBE_PATH.slice(1))) await control.create(PROBE_PATH, Buffer.alloc(0))
  })
  await sleep(QUIET_MS)
  const killedMs = performance.now()
  await victim.kill()
  const race = { isOver: false }
  const writtenMs = await Promise.race(survivors.map((member) => firstWriteMs(member, killedMs + PROBE_LIMIT_MS, race)))
  race.isOver = true
  plan.log(`  leader killed: ${ensemble.name}, first write after ${(writtenMs - killedMs).toFixed(0)} ms`)
  await ensemble.revive(victim)
  return writtenMs - killedMs
}

/** Tries to open a session and to write in it, again and again; returns when that was acknowledged. */
async function firstWriteMs(member: MeasuredServer, deadlineMs: number, race: { isOver: boolean }): Promise<number> {
  while (performance.now() < deadlineMs && !race.isOver) {
    const writtenMs = await tryWrite(member)
    if (writtenMs !== null) return writtenMs
    await sleep(PROBE_INTERVAL_MS)
  }
  throw new Error(`no write succeeded on ${member.name} for ${PROBE_LIMIT_MS} ms`)
}

async function tryWrite(member: MeasuredServer): Promise<number | null> {
  const control = new ControlSession(new SocketTransport([{ host: HOST, port: member.port }]), SESSION_TIMEOUT_MS)
  let timer: NodeJS.Timeout | null = null
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), PROBE_TIMEOUT_MS)
  })
  const write = async (): Promise<number> => {
    await control.open()
    await control.set(PROBE_PATH, Buffer.alloc(0))
    const writtenMs = performance.now()
    await control.close()
    return writtenMs
  }
  try {
    return await Promise.race([write(), timeout])
  } catch {
    // Refused, closed or silent: the member has no leader yet. The caller gives up after a while.
    return null
  } finally {
    if (timer !== null) clearTimeout(timer)
    control.destroy()
  }
}

/** When a follower dies its clients look for another server; here they are with the others, who should notice nothing. */
async function killUnderLoad(ensemble: MeasuredEnsemble, role: 'leader' | 'follower', plan: EnsembleLifePlan): Promise<number> {
  const leader = await ensemble.leader()
  const victim = role === 'leader' ? leader : (ensemble.members.find((member) => member !== leader) as MeasuredServer)
  const survivors = ensemble.members.filter((member) => member !== victim)
  const servers = role === 'leader' ? [...survivors, victim] : survivors
  const load = new FailoverLoad(new SocketTransport(servers.map((server) => ({ host: HOST, port: server.port }))), {
    ...FAILOVER_LOAD,
    resumesSessions: role === 'leader',
    root: `/failover-${Date.now().toString(36)}`,
  })
  try {
    await load.start()
    await sleep(LOADED_MS)
    load.observe()
    await victim.kill()
    await sleep(AFTER_KILL_MS)
    const outcome = await load.finish(survivors.map((_, index) => index))
    plan.log(`  ${role} killed under load: ${ensemble.name}, ${outcomeText(outcome)}`)
    await ensemble.revive(victim)
    return outcome.longestGapMs
  } finally {
    load.destroy()
  }
}

function outcomeText(outcome: FailoverOutcome): string {
  return (
    `longest gap ${outcome.longestGapMs.toFixed(0)} ms, ${outcome.acknowledgedWrites} writes, ` +
    `${outcome.unknownWrites} unanswered, ${outcome.lostConnections} connections lost`
  )
}

async function withControl(member: MeasuredServer, task: (control: ControlSession) => Promise<void>): Promise<void> {
  const control = new ControlSession(new SocketTransport([{ host: HOST, port: member.port }]), SESSION_TIMEOUT_MS)
  try {
    await control.open()
    await task(control)
    await control.close()
  } finally {
    control.destroy()
  }
}
