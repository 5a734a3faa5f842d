// Twenty candidates for one leadership, on connections that break and in sessions that end, for as many terms as are asked for. Never are two leaders
// accepted by what they lead, terms begin in the order of the line, and no node is left.

import type { ZooKeeper } from '@tskeeper/client'
import { LeaderLatch } from '@tskeeper/recipes'
import type { SeededRandom } from '../faults/seeded-random.ts'
import type { ServerTarget } from '../support/server-process.ts'
import { Contention } from './contention.ts'
import { check, progressing } from './findings.ts'
import { GuardedResource } from './guarded-resource.ts'

const CANDIDATES = 20
/** A node that nobody knows of stands in the way of all until its session ends: that is how a forgotten one is found. */
const STUCK_MS = 30_000
const PATH = '/contended/leader'
const TERMS_PER_FAULT = 4

export interface ElectionsOptions {
  readonly target: ServerTarget
  readonly terms: number
  readonly random: SeededRandom
}

export async function runElections({ target, terms, random }: ElectionsOptions): Promise<string> {
  await using contention = await Contention.start(target, random, CANDIDATES)
  const resource = new GuardedResource()
  const counts = { terms: 0, lost: 0 }
  let lastToken = 0n

  /** One candidacy, from lining up to the end of a term. */
  async function leadOnce(zk: ZooKeeper, latch: LeaderLatch): Promise<void> {
    const { fencingToken, signal } = await latch.whenLeading()
    counts.terms += 1
    check(fencingToken > lastToken || signal.aborted, `the term ${fencingToken} began after ${lastToken}`)
    if (fencingToken > lastToken) lastToken = fencingToken
    await resource.visit(fencingToken, signal, async () => {
      if (counts.terms % TERMS_PER_FAULT === 0) await contention.misbehave(zk)
      await contention.sure.exists('/')
    })
    if (signal.aborted) counts.lost += 1
  }

  const contending = contention.clients.map(async (zk, index) => {
    while (counts.terms < terms) {
      await using latch = new LeaderLatch(zk, PATH, { id: `candidate-${index}` })
      await leadOnce(zk, latch)
    }
  })
  await progressing(Promise.all(contending), () => counts.terms, STUCK_MS, 'terms')
  await contention.checkNoOrphan(PATH)
  const { accepted, refused, overtaken } = resource
  return `${counts.terms} terms of ${CANDIDATES} candidates, ${counts.lost} of them lost; ${accepted} writes accepted, ${refused} refused, ${overtaken} leaders overtaken; ${contention.story}`
}
