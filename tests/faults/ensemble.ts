// Faults of an ensemble's members: processes that stand still and go on, and processes that are killed, one or all, under a checked load.

import { MixedEnsemble } from '../compat/mixed-ensemble.ts'
import { connectAdministrator } from '../compat/suites/rich-tree.ts'
import { WriteLoad } from '../compat/suites/write-load.ts'
import { RawClient } from '../support/raw-client.ts'
import { ConnectionClosedError } from '../support/raw-connection.ts'
import { createServerDirectory, removeServerDirectory, type ServerConfig } from '../support/server-process.ts'
import { delay, expect, type FaultContext, type FaultSuite } from './suite.ts'

const TICK_MS = 500
const SYNC_LIMIT_TICKS = 4
const CONFIG: ServerConfig = { tickTime: TICK_MS, syncLimit: SYNC_LIMIT_TICKS, initLimit: 10, snapCount: 3000 }
const SYNC_LIMIT_MS = SYNC_LIMIT_TICKS * TICK_MS
/** Room for a machine that others use too. */
const SLACK_MS = 8000
const QUICK_ROUNDS = 5
const FULL_ROUNDS = 40

export const ensembleSuite: FaultSuite = {
  name: 'ensemble',
  cases: [
    { name: 'A128: a leader that stands still is replaced, and what it took alone is not acknowledged', run: frozenLeader },
    { name: 'A129: a follower that stands still holds nobody up, and comes into step when it goes on', run: frozenFollower },
    { name: 'A6 A8: members that are killed under load, one, two or all, lose nothing acknowledged', run: killedMembers },
  ],
}

async function withEnsemble(
  context: FaultContext,
  count: number,
  work: (ensemble: MixedEnsemble) => Promise<string>,
): Promise<string> {
  const directory = createServerDirectory('ensemble')
  const plans = Array.from({ length: count }, () => ({ target: context.target }))
  try {
    const ensemble = await MixedEnsemble.start(directory, plans, CONFIG)
    try {
      return await work(ensemble)
    } finally {
      await ensemble.killAll()
    }
  } finally {
    removeServerDirectory(directory)
  }
}

/** Waits until all hold the same; a server that goes on after it stood still serves until it has noticed, and then closes its connections. */
async function comeIntoStep(ensemble: MixedEnsemble): Promise<void> {
  await ensemble.eventually('all are in step', async () => {
    await ensemble.whenServing()
    try {
      return await ensemble.checkSame()
    } catch (error) {
      if (error instanceof ConnectionClosedError) return null
      throw error
    }
  })
}

function frozenLeader(context: FaultContext): Promise<string> {
  return withEnsemble(context, 3, async (ensemble) => {
    const leader = await ensemble.whenServing()
    const server = ensemble.member(leader)
    const client = await RawClient.connect(server.host, server.port, { timeoutMs: 20_000 })
    await client.create('/x', 'before')
    await server.freeze()
    const frozenMs = performance.now()
    const outcome = client.setData('/x', 'alone').then(
      () => 'acknowledged',
      () => 'unknown',
    )
    const next = await ensemble.whenServing(ensemble.ids.filter((id) => id !== leader))
    const replacedMs = performance.now() - frozenMs
    expect(replacedMs >= SYNC_LIMIT_MS / 2, `the leader was replaced after ${replacedMs} ms of standing still`)
    expect(replacedMs <= SYNC_LIMIT_MS + SLACK_MS, `the leader was replaced only after ${replacedMs} ms`)
    const writer = await connectAdministrator(ensemble.member(next))
    await writer.setData('/x', 'after')
    server.thaw()
    expect((await outcome) === 'unknown', 'the old leader acknowledged a write that no quorum has')
    await comeIntoStep(ensemble)
    expect((await writer.getText('/x')) === 'after', 'the write of the new leader is not there')
    writer.destroy()
    return `replaced after ${replacedMs.toFixed(0)} ms`
  })
}

function frozenFollower(context: FaultContext): Promise<string> {
  return withEnsemble(context, 3, async (ensemble) => {
    const leader = await ensemble.whenServing()
    const victim = ensemble.member(ensemble.ids.find((id) => id !== leader) ?? 0)
    const client = await connectAdministrator(ensemble.member(leader))
    await client.create('/x', '')
    await victim.freeze()
    const startedMs = performance.now()
    let longestMs = 0
    while (performance.now() - startedMs < 2 * SYNC_LIMIT_MS) {
      const sentMs = performance.now()
      await client.setData('/x', 'while it stands still')
      longestMs = Math.max(longestMs, performance.now() - sentMs)
    }
    expect(longestMs < SYNC_LIMIT_MS, `a write took ${longestMs} ms while a follower stood still`)
    victim.thaw()
    await comeIntoStep(ensemble)
    expect((await ensemble.whenServing()) === leader, 'another leader was elected because a follower stood still')
    client.destroy()
    return `longest write ${longestMs.toFixed(0)} ms`
  })
}

function killedMembers(context: FaultContext): Promise<string> {
  const rounds = context.rounds ?? (context.size === 'quick' ? QUICK_ROUNDS : FULL_ROUNDS)
  return withEnsemble(context, 3, async (ensemble) => {
    let acknowledged = 0
    const administrator = await connectAdministrator(ensemble.member(await ensemble.whenServing()))
    await administrator.create('/load')
    administrator.destroy()
    for (let round = 0; round < rounds; round++) {
      const loads = await startLoads(ensemble, `/load/round-${round}`)
      await Promise.all(loads.map((load) => load.whenAcknowledged(200 + context.random.below(1000))))
      const victims = chooseVictims(context, ensemble, await ensemble.whenServing())
      context.progress(`round ${round}: servers ${victims.join(', ')} are killed`)
      for (const id of victims) await ensemble.killMember(id)
      await delay(context.random.below(1500))
      for (const id of victims) await ensemble.startMember(id)
      await Promise.all(loads.map((load) => load.stop()))
      const leader = await ensemble.whenServing()
      const tree = new Map((await ensemble.tree(leader)).map(({ path, data }) => [path, data]))
      for (const load of loads) {
        acknowledged += load.acknowledged
        const problems = load.problemsOf(tree)
        expect(problems.length === 0, `${problems.length} acknowledged writes are lost, the first: ${problems[0]}`)
      }
      await ensemble.checkSame()
    }
    return `${rounds} rounds, ${acknowledged} acknowledged writes`
  })
}

/** A load through each member, below a node of its own. */
async function startLoads(ensemble: MixedEnsemble, root: string): Promise<WriteLoad[]> {
  const loads: WriteLoad[] = []
  for (const id of ensemble.ids) {
    const client = await connectAdministrator(ensemble.member(id))
    await client.sync('/')
    await client.create(`${root}-${id}`)
    client.destroy()
    const load = new WriteLoad()
    await load.start(ensemble.member(id), `${root}-${id}`)
    loads.push(load)
  }
  return loads
}

/** One by chance, the leader, the leader and another, or all. */
function chooseVictims(context: FaultContext, ensemble: MixedEnsemble, leader: number): number[] {
  const others = ensemble.ids.filter((id) => id !== leader)
  switch (context.random.below(4)) {
    case 0:
      return [others[context.random.below(others.length)] ?? leader]
    case 1:
      return [leader]
    case 2:
      return [leader, others[0] ?? leader]
    default:
      return ensemble.ids
  }
}
