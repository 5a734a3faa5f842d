// Members that come and go while clients write: the shell's reconfig in each of its forms, as an operator types it.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { judgeHistory } from '../support/ensemble-history.ts'
import { EnsembleLoad, LOAD_ROOT } from '../support/ensemble-load.ts'
import { ProcessEnsemble, SUPER_IDENTITY } from '../support/process-ensemble.ts'
import { expect, type FaultContext, type FaultSuite } from './suite.ts'

const SHELL = fileURLToPath(new URL('../../bin/zkCli.sh', import.meta.url))
const SESSION_TIMEOUT_MS = 10_000
const WRITERS = 3
/** So many writes of each writer are acknowledged between two changes. */
const WRITES_BETWEEN = 10

export const ensembleMembersSuite: FaultSuite = {
  name: 'ensemble-members',
  cases: [
    {
      name: 'A189: reconfig in the shell lets three grow to four and shrink again under load, and nothing acknowledged is lost',
      only: 'ours',
      run: growAndShrink,
    },
  ],
}

async function growAndShrink(context: FaultContext): Promise<string> {
  const members = Array.from({ length: 3 }, () => ({ target: context.target }))
  await using ensemble = await ProcessEnsemble.start(members, { config: { reconfigEnabled: 'true' } })
  const load = await EnsembleLoad.start({
    ports: ensemble.clientPorts,
    writers: WRITERS,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    random: () => context.random.fraction(),
  })
  try {
    for (const form of ['-add and -remove', '-members', '-file'] as const) await growAndShrinkOnce(context, ensemble, load, form)
  } finally {
    await load.stop()
  }
  const nodes = await ensemble.checkTrees([1, 2, 3])
  const verdict = judgeHistory(load.history, LOAD_ROOT, await ensemble.tree(1))
  expect(verdict.violations.length === 0, verdict.violations.join('\n'))
  const gapMs = Math.round(load.history.longestGapMs)
  return `${verdict.acknowledged} acknowledged writes, ${verdict.lost} lost, longest gap ${gapMs} ms, ${nodes} nodes in each tree`
}

type Form = '-add and -remove' | '-members' | '-file'

/** A fourth member joins and leaves. Each round has one of its own, with an empty directory. */
async function growAndShrinkOnce(
  context: FaultContext,
  ensemble: ProcessEnsemble,
  load: EnsembleLoad,
  form: Form,
): Promise<void> {
  const newest = await ensemble.add({ target: context.target })
  const [three, four] = [
    [1, 2, 3],
    [1, 2, 3, newest],
  ] as const
  await ensemble.launch(newest)
  await change(ensemble, form === '-add and -remove' ? `-add ${textOf(ensemble, [newest])}` : whole(ensemble, four, form), four)
  await ensemble.eventually(`server ${newest} votes`, async () => {
    const members = await ensemble.metric(await ensemble.whenServing([...four]), 'quorum_size').catch(() => 0)
    return members === four.length ? true : null
  })
  await load.untilMore(WRITES_BETWEEN)
  context.progress(`${form}: server ${newest} has joined, ${load.history.acknowledgedWrites} writes acknowledged so far`)

  await change(ensemble, form === '-add and -remove' ? `-remove ${newest}` : whole(ensemble, three, form), three)
  await ensemble.kill(newest)
  await ensemble.whenServing([...three])
  await load.untilMore(WRITES_BETWEEN)
}

/** `server.4=...`, several with commas between. */
function textOf(ensemble: ProcessEnsemble, ids: readonly number[], separator = ','): string {
  return ids.map((id) => `server.${id}=${ensemble.memberText(id)}`).join(separator)
}

function whole(ensemble: ProcessEnsemble, ids: readonly number[], form: '-members' | '-file'): string {
  if (form === '-members') return `-members ${textOf(ensemble, ids)}`
  const file = join(ensemble.directory, 'members.txt')
  writeFileSync(file, `${textOf(ensemble, ids, '\n')}\n`)
  return `-file ${file}`
}

/** Types the command, against the version that the members have now; a stale version is refused. */
async function change(ensemble: ProcessEnsemble, words: string, expected: readonly number[]): Promise<void> {
  const [port = 0] = ensemble.clientPorts
  const before = await typeInto(port, ['config'])
  const version = /^version=([0-9a-f]+)$/m.exec(before)?.[1] ?? ''
  const refused = await typeInto(port, [`reconfig -v 1 ${words}`])
  expect(refused.includes('is not valid'), `a change of version 1 was not refused: ${refused}`)
  const said = await typeInto(port, [`reconfig -s -v ${version} ${words}`])
  expect(said.includes('Committed new configuration:'), `reconfig ${words} said: ${said}`)
  const ids = [...said.matchAll(/^server\.(\d+)=/gm)].map(([, id]) => Number(id))
  expect(ids.join() === expected.join(), `the members are ${ids.join()} and not ${expected.join()}: ${said}`)
  expect(/^cZxid = 0x/m.test(said), `-s shows no Stat: ${said}`)
}

/** What the shell says, on both of its outputs, to commands of the administrator. */
function typeInto(port: number, commands: readonly string[]): Promise<string> {
  const shell = spawn(SHELL, ['-server', `127.0.0.1:${port}`], { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  }
  shell.stdin.end([`addauth digest ${SUPER_IDENTITY}`, ...commands, 'quit', ''].join('\n'))
  return new Promise((resolve, reject) => {
    shell.once('error', reject)
    shell.once('close', () => resolve(said))
  })
}
