// Moves a living ensemble from Apache's servers to ours and back, one server after the other, on the same data directories, while
// clients write. Prints what the clients noticed of it.
//
//   npm run demo:migrate [-- --writers N] [--forth-only]
//
// Needs Apache's server (Debian package zookeeper) and Java. Exit code 0 only if nothing was lost and all trees are equal.

import { parseArgs } from 'node:util'
import { judgeHistory } from '../tests/support/ensemble-history.ts'
import { EnsembleLoad, LOAD_ROOT } from '../tests/support/ensemble-load.ts'
import { ProcessEnsemble } from '../tests/support/process-ensemble.ts'
import type { ServerTarget } from '../tests/support/server-process.ts'

const MEMBERS = 3
const SESSION_TIMEOUT_MS = 10_000
/** Writes of each client between two replacements. */
const WRITES_BETWEEN = 150
const NAMES: Readonly<Record<ServerTarget, string>> = { apache: "Apache's", ours: 'ours' }

const { values } = parseArgs({
  options: { writers: { type: 'string', default: '4' }, 'forth-only': { type: 'boolean', default: false } },
})

process.exitCode = await main()
// A socket that is still open must not keep the program alive.
process.exit()

async function main(): Promise<number> {
  const startedMs = performance.now()
  const say = (text: string): void => console.log(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}`)
  const ensemble = await ProcessEnsemble.start(Array.from({ length: MEMBERS }, () => ({ target: 'apache' as const })))
  try {
    return await migrate(ensemble, say)
  } finally {
    await ensemble[Symbol.asyncDispose]()
  }
}

async function migrate(ensemble: ProcessEnsemble, say: (text: string) => void): Promise<number> {
  say(`${MEMBERS} servers of Apache's serve; ${await rolesOf(ensemble)}`)
  const load = await EnsembleLoad.start({
    ports: ensemble.clientPorts,
    writers: Number(values.writers),
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    random: Math.random,
    isSyncWeak: (port) => ensemble.targetOfPort(port) === 'apache',
    pauseMs: 2,
  })
  await load.untilMore(WRITES_BETWEEN)
  say(`${values.writers} clients write; ${load.history.acknowledgedWrites} writes acknowledged so far`)

  const ways: ServerTarget[] = values['forth-only'] ? ['ours'] : ['ours', 'apache']
  let longestGapMs = 0
  for (const target of ways) longestGapMs = Math.max(longestGapMs, await replaceAll(ensemble, load, target, say))

  await load.stop()
  return report(ensemble, load, longestGapMs)
}

/**
 * Followers first: the leader is replaced last, so that there is one election a way if all goes well. Returns the longest time
 * without a successful write.
 */
async function replaceAll(
  ensemble: ProcessEnsemble,
  load: EnsembleLoad,
  target: ServerTarget,
  say: (text: string) => void,
): Promise<number> {
  let longestGapMs = 0
  for (;;) {
    const leader = await ensemble.whenServing()
    const remaining = ensemble.ids.filter((id) => ensemble.targets.get(id) !== target)
    const next = remaining.find((id) => id !== leader) ?? remaining[0]
    if (next === undefined) return longestGapMs
    const before = NAMES[ensemble.targets.get(next) ?? target]
    load.history.restartGap()
    const stoppedMs = performance.now()
    await ensemble.stop(next)
    await ensemble.launch(next, target)
    await ensemble.whenServing()
    const awayMs = Math.round(performance.now() - stoppedMs)
    await load.untilMore(WRITES_BETWEEN)
    longestGapMs = Math.max(longestGapMs, load.history.longestGapMs)
    say(
      `server ${next}${next === leader ? ' (the leader)' : ''}: ${before} -> ${NAMES[target]}, away ${awayMs} ms, ` +
        `longest gap without a successful write ${Math.round(load.history.longestGapMs)} ms; ${await rolesOf(ensemble)}`,
    )
  }
}

async function rolesOf(ensemble: ProcessEnsemble): Promise<string> {
  const roles = await Promise.all(
    ensemble.ids.map(async (id) => `${id} ${NAMES[ensemble.targets.get(id) ?? 'ours']} ${await ensemble.mode(id)}`),
  )
  return roles.join(', ')
}

async function report(ensemble: ProcessEnsemble, load: EnsembleLoad, longestGapMs: number): Promise<number> {
  const nodes = await ensemble.checkTrees()
  const verdict = judgeHistory(load.history, LOAD_ROOT, await ensemble.tree(1))
  const { history } = load
  console.log('')
  console.log(`acknowledged writes              ${verdict.acknowledged}`)
  console.log(`acknowledged writes lost         ${verdict.lost}`)
  console.log(`sessions                         ${history.sessionCount}`)
  console.log(`sessions lost                    ${history.sessionsLost}`)
  console.log(`longest gap without a write      ${Math.round(longestGapMs)} ms`)
  console.log(`reads checked                    ${verdict.readsChecked}`)
  console.log(`violations of order or content   ${verdict.violations.length}`)
  console.log(`trees of all ${ensemble.ids.length} servers equal     yes, ${nodes} nodes; digests match`)
  for (const violation of verdict.violations) console.log(`  ${violation}`)
  return verdict.violations.length === 0 && history.sessionsLost === 0 ? 0 : 1
}
