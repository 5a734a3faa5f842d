// Twenty clients contend for one lock until it was granted as often as is asked for, on connections that break and in sessions that end. Never are two
// holders accepted by what the lock guards, grants come in the order of the line, and no node is left.

import type { ZooKeeper } from '@tskeeper/client'
import { Lock } from '@tskeeper/recipes'
import type { SeededRandom } from '../faults/seeded-random.ts'
import type { ServerTarget } from '../support/server-process.ts'
import { Contention } from './contention.ts'
import { check, progressing } from './findings.ts'
import { GuardedResource } from './guarded-resource.ts'

const CLIENTS = 20
/** A node that nobody knows of stands in the way of all until its session ends: that is how a forgotten one is found. */
const STUCK_MS = 30_000
const PATH = '/contended/lock'
const GRANTS_PER_FAULT = 40

export interface LocksOptions {
  readonly target: ServerTarget
  readonly grants: number
  readonly random: SeededRandom
}

export async function runLocks({ target, grants, random }: LocksOptions): Promise<string> {
  await using contention = await Contention.start(target, random, CLIENTS)
  const resource = new GuardedResource()
  const counts = { granted: 0, lost: 0 }
  let lastToken = 0n

  async function holdOnce(zk: ZooKeeper, lock: Lock): Promise<void> {
    await using lease = await lock.acquire()
    const { fencingToken, signal } = lease
    counts.granted += 1
    // The line is served in the order of its nodes' creation; a right that was lost before it was heard of may come late.
    check(fencingToken > lastToken || signal.aborted, `${fencingToken} was granted after ${lastToken}`)
    if (fencingToken > lastToken) lastToken = fencingToken
    await resource.visit(fencingToken, signal, async () => {
      if (counts.granted % GRANTS_PER_FAULT === 0) await contention.misbehave(zk)
      // Long enough for others to come in, if they could.
      await contention.sure.exists('/')
    })
    if (signal.aborted) counts.lost += 1
  }

  const contending = contention.clients.map(async (zk) => {
    const lock = new Lock(zk, PATH)
    while (counts.granted < grants) await holdOnce(zk, lock)
  })
  await progressing(Promise.all(contending), () => counts.granted, STUCK_MS, 'grants')
  await contention.checkNoOrphan(PATH)
  const { accepted, refused, overtaken } = resource
  return `${counts.granted} grants to ${CLIENTS} clients, ${counts.lost} of them lost while held; ${accepted} writes accepted, ${refused} refused, ${overtaken} holders overtaken; ${contention.story}`
}
