/**
 * Our servers and Apache's in one ensemble, in every mix of roles: who leads, who follows, who observes; every kind of transaction
 * through each member; members that come back by each way of synchronising; leaders killed under load; members added and removed.
 * At the end of each case all members show one tree and have found no digest that does not match.
 */

import { judgeHistory } from '../../support/ensemble-history.ts'
import { EnsembleLoad } from '../../support/ensemble-load.ts'
import { ProcessEnsemble } from '../../support/process-ensemble.ts'
import { openAcl, type RawClient, RawCreateMode } from '../../support/raw-client.ts'
import { ConnectionClosedError } from '../../support/raw-connection.ts'
import { RawErrorName } from '../../support/raw-records.ts'
import type { ServerConfig, ServerTarget } from '../../support/server-process.ts'
import { check, checkEqual, runCase, type Suite, type SuiteContext } from '../suite.ts'
import { JAVA, ZOOKEEPER_JAR } from './cli-session.ts'
import { letLastLead, planOf } from './mixed-plans.ts'
import { reconfigure } from './reconfig-request.ts'

const SESSION_TIMEOUT_MS = 10_000
/** More transactions than a leader keeps for the difference. */
const BEYOND_WINDOW = 1200

export const mixedRolesSuite: Suite = {
  name: 'mixed-roles',
  purpose: 'three to five members of both kinds in every mix of roles, under checked load',
  targets: ['ours'],
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
  ],
  run: runMixes,
}

/** One letter a member, in the order of the ids: o and a vote, O and A observe. The largest id leads at first. */
const MIXES: readonly (readonly [mix: string, sentence: string])[] = [
  ['aao', 'ours leads two of Apache'],
  ['ooa', "Apache's leads two of ours"],
  ['oaa', "Apache's leads one of ours and one of its own"],
  ['aoo', "ours leads one of Apache's and one of its own"],
  ['aaaO', "ours observes three of Apache's"],
  ['oooA', "Apache's observes three of ours"],
  ['oaoao', 'ours leads four in turns'],
  ['aoaoa', "Apache's leads four in turns"],
  ['aoaOA', 'observers of both kinds'],
]

async function runMixes(context: SuiteContext): Promise<void> {
  for (const [mix, sentence] of MIXES) {
    await runCase(context, `A98 A102 A113 A114: ${mix}: ${sentence}: every transaction through every member`, () =>
      everyTransaction(mix),
    )
  }
  for (const mix of ['aoa', 'oao']) {
    const leader = mix === 'aoa' ? "Apache's" : 'ours'
    await runCase(context, `A133: ${mix}: under ${leader}, members of both kinds come back by DIFF and by SNAP`, () =>
      comeBack(mix),
    )
    await runCase(context, `A133: ${mix}: a leader that was left alone with writes, ${leader}, cuts them off`, () => cutOff(mix))
  }
  for (const mix of ['oao', 'aoa', 'aooao']) {
    await runCase(context, `A11 A106 A127: ${mix}: leaders are killed under load and nothing acknowledged is lost`, () =>
      killLeaders(mix),
    )
  }
  for (const mix of ['oao', 'aoa']) {
    await runCase(context, `A117: ${mix}: members are added and removed through servers of either kind`, () =>
      reconfigurations(mix),
    )
  }
}

async function startMix(mix: string, config: ServerConfig = {}): Promise<ProcessEnsemble> {
  return ProcessEnsemble.start(planOf(mix), { config })
}

async function everyTransaction(mix: string): Promise<unknown> {
  await using ensemble = await ProcessEnsemble.plan(planOf(mix))
  for (const id of ensemble.ids) await ensemble.launch(id)
  const leader = await letLastLead(ensemble)
  for (const id of ensemble.ids) await writeEveryKind(await ensemble.connect(id, { timeoutMs: SESSION_TIMEOUT_MS }), `/of-${id}`)
  const nodes = await ensemble.checkTrees()
  for (const id of ensemble.ids) await checkWrittenThrough(ensemble, id)
  return { leads: ensemble.targets.get(leader), nodes }
}

/** All kinds of transactions that a client can cause, those that fail among them. */
async function writeEveryKind(client: RawClient, path: string): Promise<void> {
  await client.create(path, 'first')
  await client.create2(`${path}/two`, new Uint8Array(2000).fill(7))
  await client.create(`${path}/sequence-`, null, RawCreateMode.persistentSequential)
  await client.create(`${path}/mine`, 'ephemeral', RawCreateMode.ephemeral)
  await client.create(`${path}/mine-`, '', RawCreateMode.ephemeralSequential)
  await client.createContainer(`${path}/container`)
  await client.create(`${path}/container/child`, '')
  await client.createTtl(`${path}/lasting`, 3_600_000, 'lasting')
  await client.setData(`${path}/two`, 'second')
  await client.setAcl(`${path}/two`, [...openAcl, { perms: 1, scheme: 'digest', id: 'reader:hash' }])
  await client.multi([
    { op: 'create', path: `${path}/passing`, data: 'm' },
    { op: 'create2', path: `${path}/together`, data: 'm' },
    { op: 'createContainer', path: `${path}/contained` },
    { op: 'createTtl', path: `${path}/timed`, ttlMs: 3_600_000 },
    { op: 'setData', path: `${path}/two`, data: 'third' },
    { op: 'check', path, version: 0 },
    { op: 'delete', path: `${path}/passing` },
  ])
  const failed = await client.multi([
    { op: 'create', path: `${path}/never`, data: '' },
    { op: 'check', path, version: 77 },
  ])
  checkEqual(RawErrorName[failed[1]?.err ?? 0], 'BADVERSION', 'the result of a check that fails')
  const refused = await client.delete(`${path}/nobody`).then(
    () => 'deleted',
    (error: unknown) => String(error),
  )
  check(refused.includes('NONODE'), `deleting what is not there: ${refused}`)
  await client.delete(`${path}/lasting`)
}

/** A session that is closed through this member takes its ephemeral node with it everywhere. */
async function checkWrittenThrough(ensemble: ProcessEnsemble, id: number): Promise<void> {
  const closing = await ensemble.connect(id)
  await closing.create(`/of-${id}/closing`, '', RawCreateMode.ephemeral)
  await closing.close()
  for (const other of ensemble.ids) {
    const client = await ensemble.connect(other)
    await client.sync('/')
    check((await client.exists(`/of-${id}/closing`)) === null, `server ${other} still has the node of a closed session`)
    check((await client.exists(`/of-${id}/mine`)) !== null, `server ${other} lacks the node of a session that lives`)
    check((await client.getText(`/of-${id}/two`)) === 'third', `server ${other} has not what a multi wrote`)
    await client.close()
  }
}

async function comeBack(mix: string): Promise<unknown> {
  await using ensemble = await startMix(mix)
  const leader = await ensemble.whenServing()
  const client = await ensemble.connect(leader)
  const ways: string[] = []
  for (const id of ensemble.ids.filter((id) => id !== leader)) {
    for (const count of [60, BEYOND_WINDOW]) {
      await ensemble.kill(id)
      await client.create(`/away-${id}-${count}`, '')
      const writes = Array.from({ length: count }, (_, i) => client.create(`/away-${id}-${count}/n${i}`, `${i}`))
      await Promise.all(writes)
      await ensemble.launch(id)
      await ensemble.whenServing()
      await ensemble.checkTrees()
      ways.push(`${ensemble.targets.get(id)} after ${count}`)
      // What it was given is on its own disk: it comes back with it.
      await ensemble.kill(id)
      await ensemble.launch(id)
      await ensemble.whenServing()
      await ensemble.checkTrees()
    }
  }
  return { leads: ensemble.targets.get(leader), ways }
}

async function cutOff(mix: string): Promise<unknown> {
  await using ensemble = await startMix(mix)
  const old = await ensemble.whenServing()
  const others = ensemble.ids.filter((id) => id !== old)
  const lonely = await ensemble.connect(old, { timeoutMs: SESSION_TIMEOUT_MS })
  await lonely.create('/common', '')
  await Promise.all(others.map((id) => ensemble.kill(id)))
  const outcomes = [1, 2, 3].map((i) =>
    lonely.create(`/lost-${i}`, '').then(
      () => 'acknowledged',
      () => 'unknown',
    ),
  )
  await ensemble.eventually('the old leader gives up', async () => ((await ensemble.mode(old)) === null ? true : null))
  checkEqual(await Promise.all(outcomes), ['unknown', 'unknown', 'unknown'], 'writes without a quorum')
  await ensemble.kill(old)
  for (const id of others) await ensemble.launch(id)
  const leader = await ensemble.whenServing(others)
  await ensemble.launch(old)
  await ensemble.whenServing()
  check(!(await ensemble.tree(old)).some(({ path }) => path.startsWith('/lost')), 'a write without a quorum came back')
  await ensemble.checkTrees()
  await (await ensemble.connect(leader)).create('/later', '')
  await ensemble.kill(old)
  await ensemble.launch(old)
  await ensemble.whenServing()
  await ensemble.checkTrees()
  return { led: ensemble.targets.get(old), leads: ensemble.targets.get(leader) }
}

async function killLeaders(mix: string): Promise<unknown> {
  await using ensemble = await startMix(mix)
  const load = await EnsembleLoad.start({
    ports: ensemble.clientPorts,
    writers: 3,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    random: Math.random,
    isSyncWeak: (port) => ensemble.targetOfPort(port) === 'apache',
    pauseMs: 5,
  })
  const killed: (ServerTarget | undefined)[] = []
  for (let round = 0; round < 4; round++) {
    const leader = await ensemble.whenServing()
    await load.untilMore(30)
    await ensemble.kill(leader)
    killed.push(ensemble.targets.get(leader))
    await ensemble.whenServing()
    await load.untilMore(30)
    await ensemble.launch(leader)
  }
  await ensemble.whenServing()
  await load.stop()
  await ensemble.checkTrees()
  const { violations } = judgeHistory(load.history, '/load', await ensemble.tree(1))
  check(violations.length === 0, violations.join('\n'))
  check(load.history.sessionsLost === 0, `${load.history.sessionsLost} sessions were lost`)
  check(new Set(killed).size === 2, `leaders of one kind only were killed: ${killed.join(', ')}`)
  return null
}

/** A fourth member joins, as observer and then as voter, and one of the first three leaves; asked of each kind of server. */
async function reconfigurations(mix: string): Promise<unknown> {
  await using ensemble = await startMix(mix, { reconfigEnabled: 'true', standaloneEnabled: 'false' })
  const leader = await ensemble.whenServing()
  const follower = ensemble.ids.find((id) => ensemble.targets.get(id) !== ensemble.targets.get(leader)) ?? 0
  const newest = await ensemble.add({ target: ensemble.targets.get(follower) ?? 'ours' })
  await ensemble.launch(newest)
  const asked = await ensemble.connect(follower)
  const joined = await reconfigure(asked, { joining: `server.${newest}=${ensemble.memberText(newest)}` })
  check(joined.includes(`server.${newest}=`), `the new member is not in the configuration: ${joined}`)
  await ensemble.whenServing()
  await ensemble.checkTrees()
  const left = await reconfigure(await ensemble.connect(leader), { leaving: `${follower}` })
  check(!left.includes(`server.${follower}=`), `the old member is in the configuration: ${left}`)
  await ensemble.kill(follower)
  const rest = ensemble.ids.filter((id) => id !== follower)
  await ensemble.whenServing(rest)
  await ensemble.checkTrees(rest)
  // The leader itself leaves: another one is designated. The answer may be lost, for all leave the old leader.
  await reconfigure(await ensemble.connect(newest), {
    joining: `server.${follower}=${ensemble.memberText(follower)}`,
    leaving: `${leader}`,
  }).catch((error: unknown) => {
    if (!(error instanceof ConnectionClosedError)) throw error
  })
  ensemble.renewConfig(follower)
  await ensemble.launch(follower)
  const after = ensemble.ids.filter((id) => id !== leader)
  const second = await ensemble.whenServing(after)
  const client = await ensemble.connect(second)
  await client.create('/after-hand-over', '')
  const members = await client.getText('/zookeeper/config')
  check(!members.includes(`server.${leader}=`), `the old leader is in the configuration: ${members}`)
  check(members.includes(`server.${follower}=`), `the member that came back is not in the configuration: ${members}`)
  await ensemble.checkTrees(after)
  return { led: ensemble.targets.get(leader), leads: ensemble.targets.get(second) }
}
