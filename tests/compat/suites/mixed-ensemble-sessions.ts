/**
 * Sessions that move between the members of an ensemble of both kinds, with requests on their way, whose numbers the new connection uses
 * again; and sessions that are over.
 */

import { ProcessEnsemble } from '../../support/process-ensemble.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { SessionRefusedError } from '../../support/raw-client.ts'
import { freePort } from '../../support/server-process.ts'
import { check, checkEqual, runCase, type Suite, type SuiteContext } from '../suite.ts'
import { JAVA, ZOOKEEPER_JAR } from './cli-session.ts'
import { letLastLead, planOf } from './mixed-plans.ts'

const SESSION_TIMEOUT_MS = 10_000
const MOVES = 60
const WRITES_EACH = 8

export const mixedSessionsSuite: Suite = {
  name: 'mixed-sessions',
  purpose: 'sessions that move between members of both kinds, or are over',
  targets: ['ours'],
  software: [
    { file: ZOOKEEPER_JAR, debianPackage: 'zookeeper' },
    { file: JAVA, debianPackage: 'default-jre-headless' },
  ],
  run: async (context: SuiteContext): Promise<void> => {
    for (const mix of ['ooa', 'oaa', 'aao']) {
      const leader = mix.endsWith('a') ? "Apache's" : 'ours'
      await runCase(context, `A86: ${mix}: under ${leader}, a session that moves here is answered what it asked here`, () =>
        moveAbout(mix),
      )
      await runCase(context, `${mix}: under ${leader}, a session that is over is refused, and syncs go on`, () =>
        bringBackOver(mix),
      )
    }
    for (const [mix, sentence] of FED) {
      await runCase(context, `${mix}: ${sentence}, a session that moves here is answered what it asked here`, () =>
        moveAbout(mix, true),
      )
    }
  },
}

/** The first member feeds the observer. */
const FED: readonly (readonly [mix: string, sentence: string])[] = [
  ['aaaO', "with our observer behind one of Apache's"],
  ['ooaO', 'with our observer behind one of ours'],
  ['oaaA', "with Apache's observer behind one of ours"],
]

/** Those of ours, the leader among them. */
function oursOf(ensemble: ProcessEnsemble): number[] {
  return ensemble.ids.filter((id) => ensemble.targets.get(id) === 'ours')
}

async function startMix(mix: string, isFed = false): Promise<ProcessEnsemble> {
  const plans = planOf(mix)
  const port = isFed ? await freePort() : null
  const isMasterOrFed = (id: number): boolean => id === 1 || plans[id - 1]?.role === 'observer'
  const ensemble = await ProcessEnsemble.plan(plans, {
    memberConfig: (id) => (port !== null && isMasterOrFed(id) ? { observerMasterPort: port } : {}),
  })
  for (const id of ensemble.ids) await ensemble.launch(id)
  await letLastLead(ensemble)
  return ensemble
}

async function moveAbout(mix: string, isFed = false): Promise<unknown> {
  await using ensemble = await startMix(mix, isFed)
  const administrator = await ensemble.connect(1, { timeoutMs: SESSION_TIMEOUT_MS })
  await administrator.create('/moves', '')
  for (let move = 0; move < MOVES; move++) {
    const ours = oursOf(ensemble)
    const to = ours[move % ours.length] ?? 0
    const others = ensemble.ids.filter((id) => id !== to && (!isFed || isKeptInOrder(ensemble, id, to)))
    const from = others[Math.floor(move / ours.length) % others.length] ?? 0
    await moveOnce(ensemble, from, to, `/moves/m${move}`)
  }
  await ensemble.checkTrees()
  return { moves: MOVES }
}

/**
 * Between an observer master of Apache's and its observers nobody keeps the requests of a session in order. One of ours lets an observer go that
 * sends requests of a session which has moved to the master.
 */
function isKeptInOrder(ensemble: ProcessEnsemble, from: number, to: number): boolean {
  if (from === 1) return ensemble.targets.get(from) === 'ours'
  return to !== 1 || ensemble.voterIds.includes(from)
}

/** What the new connection asks has the numbers of what the old one has asked, of which nobody awaits the answers. */
async function moveOnce(ensemble: ProcessEnsemble, from: number, to: number, root: string): Promise<void> {
  const old = await ensemble.connect(from, { timeoutMs: SESSION_TIMEOUT_MS })
  await old.create(root, '')
  const { sessionId, password } = old
  // The root was the first request of the old connection.
  const lost = writeAll(old, `${root}/old-`)
  const next = await ensemble.connect(to, { sessionId, password, timeoutMs: SESSION_TIMEOUT_MS })
  const outcomes = await writeAll(next, `${root}/new-`)
  const wanted = Array.from({ length: WRITES_EACH }, (_, index) => `${root}/new-${index}`)
  checkEqual(outcomes, wanted, `what was answered on server ${to} to a session that came from server ${from}`)
  old.destroy()
  await lost
  await next.close()
}

function writeAll(client: RawClient, prefix: string): Promise<string[]> {
  const writes = Array.from({ length: WRITES_EACH }, (_, index) =>
    client.create(`${prefix}${index}`, new Uint8Array(2000)).catch((error: unknown) => String(error)),
  )
  return Promise.all(writes)
}

async function bringBackOver(mix: string): Promise<unknown> {
  await using ensemble = await startMix(mix)
  for (const to of oursOf(ensemble)) {
    for (const from of ensemble.ids) {
      const client = await ensemble.connect(from)
      const { sessionId, password } = client
      await client.close()
      const refusal = await ensemble.connect(to, { sessionId, password }).then(
        () => null,
        (error: unknown) => error,
      )
      check(refusal instanceof SessionRefusedError, `server ${to}, of a session closed on ${from}: ${String(refusal)}`)
      const other = await ensemble.connect(to)
      await other.sync('/')
      await other.create(`/after-${to}-${from}`, '')
      await other.close()
    }
  }
  await ensemble.checkTrees()
  return null
}
