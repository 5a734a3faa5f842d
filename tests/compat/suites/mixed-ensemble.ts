/**
 * Ensembles of our servers and Apache's: each leads, follows and observes among the others. Trees must be the same everywhere, node by node, and
 * every digest right, after writes of every kind, after each way of catching up, and after leaders were killed under load.
 */
import { readdirSync } from 'node:fs'
import { RawClient } from '../../support/raw-client.ts'
import type { ServerTarget } from '../../support/server-process.ts'
import { type MemberPlan, MixedEnsemble } from '../mixed-ensemble.ts'
import { canonicalJson, check, checkEqual, runCase, type Suite, type SuiteContext } from '../suite.ts'
import { JAVA, ZOOKEEPER_JAR } from './cli-session.ts'
import { connectAdministrator, LONG_TIMEOUT_MS, plantRichTree } from './rich-tree.ts'
import { WriteLoad } from './write-load.ts'

const LOAD_REQUESTS = 3_000

export const mixedEnsembleSuite: Suite = {
  name: 'mixed-ensemble',
  purpose: 'ensembles of our servers and Apache’s, in every role',
  targets: ['ours'],
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
  ],
  run: runMixedEnsemble,
}

async function runMixedEnsemble(context: SuiteContext): Promise<void> {
  for (const members of ['ours apache ours', 'ours ours apache', 'apache apache ours', 'ours apache apache']) {
    const name = `A7: with the servers ${members}, the last of them the leader, all hold what was written through each`
    await runCase(context, name, () => writeThroughEach(context, plansOf(members)))
  }
  await runCase(context, 'our server catches up with an Apache leader by difference, snapshot and cut', () =>
    catchUp(context, plansOf('ours apache apache'), 1),
  )
  await runCase(context, "Apache's server catches up with our leader by difference, snapshot and cut", () =>
    catchUp(context, plansOf('apache ours ours'), 1),
  )
  await runCase(context, 'A127: our leader is killed under load, and Apache takes over with everything acknowledged', () =>
    killLeader(context, plansOf('ours apache ours')),
  )
  await runCase(context, 'A127: an Apache leader is killed under load, and ours takes over with everything acknowledged', () =>
    killLeader(context, plansOf('apache ours apache')),
  )
  for (const members of ['ours apache ours', 'apache ours apache']) {
    const name = `of the servers ${members} each leaves and joins again, and all know the same members`
    await runCase(context, name, () => changeMembers(context, plansOf(members)))
  }
  await runCase(context, 'A115: our server observes an Apache ensemble', () => observe(context, 'apache', 'ours'))
  await runCase(context, "A115: Apache's server observes an ensemble of ours", () => observe(context, 'ours', 'apache'))
}

const OP_RECONFIG = 16

/** Asks for a change of the members; the text of the configuration that it brought. */
async function reconfigure(client: RawClient, joining: string | null, leaving: string | null): Promise<string> {
  const reply = await client.request(OP_RECONFIG, (writer) => {
    writer.writeString(joining)
    writer.writeString(leaving)
    writer.writeString(null)
    writer.writeNumber(-1)
  })
  check(reply.err === 0, `the change of members was refused with ${reply.err}`)
  return new TextDecoder().decode(reply.body.readBuffer() ?? new Uint8Array(0))
}

function sortedLines(text: string): string {
  return text.split('\n').sort().join('\n')
}

async function awaitConfiguration(ensemble: MixedEnsemble, id: number, text: string): Promise<void> {
  await ensemble.eventually(`server ${id} knows the configuration`, async () => {
    try {
      const client = await connectAdministrator(ensemble.member(id))
      await client.sync('/')
      const known = await client.getText('/zookeeper/config')
      client.destroy()
      return sortedLines(known) === sortedLines(text) ? true : null
    } catch {
      // It looks for its leader.
      return null
    }
  })
}

/** Each member leaves and joins again, the leader among them; all know the same configuration and write the same files. */
async function changeMembers(context: SuiteContext, plans: readonly MemberPlan[]): Promise<unknown> {
  const ensemble = await MixedEnsemble.start(context.directory, plans, { reconfigEnabled: 'true' })
  try {
    for (const leaving of ensemble.ids) await leaveAndJoin(ensemble, leaving)
    const files = ensemble.ids.map((id) => readdirSync(ensemble.directoryOf(id)).filter((name) => name.startsWith('zoo.cfg')))
    for (const names of files) checkEqual(names.sort(), files[0]?.sort(), 'the files of the configuration')
    return { nodes: await ensemble.checkSame() }
  } finally {
    await ensemble.killAll()
  }
}

async function leaveAndJoin(ensemble: MixedEnsemble, id: number): Promise<void> {
  const others = ensemble.ids.filter((other) => other !== id)
  const asking = await connectAdministrator(ensemble.member(others[0] ?? 0))
  await asking.sync('/')
  const line = (await asking.getText('/zookeeper/config')).split('\n').find((text) => text.startsWith(`server.${id}=`)) ?? ''
  // When the leader leaves, the answer may be lost with it.
  await reconfigure(asking, null, String(id)).catch(() => '')
  asking.destroy()
  const client = await ensemble.eventually(`server ${id} is out`, async () => {
    const candidate = await connectAdministrator(ensemble.member(await ensemble.whenServing(others)))
    await candidate.sync('/').catch(() => '')
    const text = await candidate.getText('/zookeeper/config').catch(() => line)
    if (!text.includes(`server.${id}=`)) return candidate
    candidate.destroy()
    return null
  })
  await client.create(`/without-${id}`)
  const withClient = line.includes(';') ? line : `${line};127.0.0.1:${ensemble.member(id).port}`
  const text = await reconfigure(client, withClient, null)
  await ensemble.whenServing()
  for (const member of ensemble.ids) await awaitConfiguration(ensemble, member, text)
  await client.create(`/with-${id}`)
  client.destroy()
}

function plansOf(targets: string): MemberPlan[] {
  return targets.split(' ').map((target) => ({ target: target === 'ours' ? 'ours' : 'apache' }))
}

async function withEnsemble(
  context: SuiteContext,
  plans: readonly MemberPlan[],
  body: (ensemble: MixedEnsemble) => Promise<unknown>,
): Promise<unknown> {
  const ensemble = await MixedEnsemble.start(context.directory, plans)
  try {
    return await body(ensemble)
  } finally {
    await ensemble.killAll()
  }
}

function writeThroughEach(context: SuiteContext, plans: readonly MemberPlan[]): Promise<unknown> {
  return withEnsemble(context, plans, async (ensemble) => {
    await letLastLead(ensemble)
    for (const id of ensemble.ids) {
      const planted = await plantRichTree(ensemble.member(id), `/through-${id}`)
      const other = ensemble.member((id % plans.length) + 1)
      // The sessions move to the next server, and their nodes with them.
      for (const [index, owner] of planted.owners.entries()) {
        const { sessionId, password, lastZxid } = owner
        const options = { sessionId, password, lastZxidSeen: lastZxid, timeoutMs: LONG_TIMEOUT_MS }
        const moved = await RawClient.connect(other.host, other.port, options)
        const found = (await moved.getEphemerals()).sort()
        check(canonicalJson(found) === canonicalJson(planted.ephemerals[index]), `session ${index} owns ${found.join(' ')}`)
        if (index === 0) await moved.close()
        else moved.destroy()
        owner.destroy()
      }
    }
    return { nodes: await ensemble.checkSame() }
  })
}

/** With equal histories the largest id wins, if its server was there in time: when another was quicker, that one starts again. */
async function letLastLead(ensemble: MixedEnsemble): Promise<void> {
  const last = ensemble.ids.length
  const first = await ensemble.whenServing()
  if (first === last) return
  await ensemble.killMember(first)
  await ensemble.whenServing()
  await ensemble.startMember(first)
  const leader = await ensemble.whenServing()
  check(leader === last, `server ${leader} leads, not the one with the largest id`)
}

async function writeSome(ensemble: MixedEnsemble, id: number, root: string, count: number): Promise<void> {
  const server = ensemble.member(id)
  const client = await RawClient.connect(server.host, server.port, { timeoutMs: LONG_TIMEOUT_MS })
  await client.create(root)
  const writes: Promise<unknown>[] = []
  for (let i = 0; i < count; i++) writes.push(client.create(`${root}/n${i}`, `value ${i}`))
  await Promise.all(writes)
  await client.close()
}

/** One server is away while others write a little, much, and while it was alone with a write that nobody else has. */
function catchUp(context: SuiteContext, plans: readonly MemberPlan[], away: number): Promise<unknown> {
  return withEnsemble(context, plans, async (ensemble) => {
    for (const [root, count] of [
      ['/little', 100],
      ['/much', 3000],
    ] as const) {
      await ensemble.stopMember(away)
      await writeSome(ensemble, await ensemble.whenServing(), root, count)
      await ensemble.startMember(away)
      await ensemble.whenServing()
      await ensemble.checkSame()
      // What it was sent is on its disk.
      await ensemble.killMember(away)
      await ensemble.startMember(away)
      await ensemble.whenServing()
      await ensemble.checkSame()
    }
    await leaveAloneWithWrite(ensemble, away)
    return { nodes: await ensemble.checkSame() }
  })
}

/** Makes `id` leader, kills the others while it gets a write, and lets them go on without it before it comes back. */
async function leaveAloneWithWrite(ensemble: MixedEnsemble, id: number): Promise<void> {
  const others = ensemble.ids.filter((other) => other !== id)
  const leaderBefore = await ensemble.whenServing()
  // It has to have the newest log and one other to lead: so the one with the largest id stays away.
  await ensemble.killMember(leaderBefore)
  const follower = others.find((other) => other !== leaderBefore) ?? 0
  await ensemble.killMember(follower)
  await ensemble.eventually('it gives up alone', async () => ((await ensemble.mode(id)) === null ? true : null))
  await ensemble.startMember(follower)
  const leader = await ensemble.whenServing([id, follower])
  const server = ensemble.member(leader)
  const client = await RawClient.connect(server.host, server.port, { timeoutMs: LONG_TIMEOUT_MS })
  const alone = leader === id ? follower : id
  await ensemble.killMember(alone)
  const outcome = await client.create('/alone', '').then(
    () => 'acknowledged',
    () => 'unknown',
  )
  check(outcome === 'unknown', 'a write was acknowledged without a quorum')
  await ensemble.killMember(leader)
  await ensemble.startMember(leaderBefore)
  await ensemble.startMember(alone)
  await ensemble.whenServing([leaderBefore, alone])
  await ensemble.startMember(leader)
  const now = await ensemble.whenServing()
  const administrator = await connectAdministrator(ensemble.member(now))
  check((await administrator.exists('/alone')) === null, 'a write that no quorum has came back')
  await administrator.close()
}

function killLeader(context: SuiteContext, plans: readonly MemberPlan[]): Promise<unknown> {
  return withEnsemble(context, plans, async (ensemble) => {
    const leader = await ensemble.whenServing()
    const administrator = await connectAdministrator(ensemble.member(leader))
    await administrator.create('/load')
    administrator.destroy()
    const loads = ensemble.ids.map(() => new WriteLoad())
    for (const [index, load] of loads.entries()) {
      const client = await connectAdministrator(ensemble.member(index + 1))
      await client.sync('/')
      await client.create(`/load/server-${index + 1}`)
      client.destroy()
      await load.start(ensemble.member(index + 1), `/load/server-${index + 1}`)
    }
    await Promise.all(loads.map((load) => load.whenAcknowledged(LOAD_REQUESTS)))
    await ensemble.killMember(leader)
    await Promise.all(loads.map((load) => load.stop()))
    const next = await ensemble.whenServing()
    const tree = new Map((await ensemble.tree(next)).map(({ path, data }) => [path, data]))
    for (const load of loads) {
      const problems = load.problemsOf(tree)
      check(problems.length === 0, `${problems.length} acknowledged writes are lost, the first: ${problems[0]}`)
    }
    await ensemble.startMember(leader)
    await ensemble.whenServing()
    await ensemble.checkSame()
    return { hasChanged: next !== leader }
  })
}

function observe(context: SuiteContext, voters: ServerTarget, observer: ServerTarget): Promise<unknown> {
  const plans = [{ target: voters }, { target: voters }, { target: voters }, { target: observer, isObserver: true }]
  return withEnsemble(context, plans, async (ensemble) => {
    check((await ensemble.mode(4)) === 'observer', `server 4 is ${await ensemble.mode(4)}`)
    const planted = await plantRichTree(ensemble.member(4), '/observed')
    for (const owner of planted.owners) await owner.close()
    await ensemble.checkSame()
    await ensemble.killMember(4)
    await writeSome(ensemble, 1, '/meanwhile', 1000)
    await ensemble.startMember(4)
    await ensemble.whenServing()
    return { nodes: await ensemble.checkSame() }
  })
}
