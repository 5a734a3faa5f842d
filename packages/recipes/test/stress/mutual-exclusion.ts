// Twenty clients contend for one lock through a proxy that cuts connections and loses requests and answers, while sessions expire,
// until the lock was granted so many times:
//
//   npx tsx --conditions=@tskeeper/source packages/recipes/test/stress/mutual-exclusion.ts [grants] [seed]
//
// The guarded resource knows nothing of the lock but the fencing tokens: it accepts a write if its token is the largest so far.
// Whoever has a lease whose signal is not aborted must be accepted; whoever is accepted while another one holds a living lease
// is a violation. Grants must come in the order of the tokens, and no node may be left.

import type { ZooKeeper } from '@tskeeper/client'
import { Lock } from '../../src/index.ts'
import { Opcode, until, World } from '../support/world.ts'

const PATH = '/stress/lock'
const CLIENTS = 20
const GRANTS = Number(process.argv[2] ?? 10_000)
let seed = Number(process.argv[3] ?? 1)

/** A small generator: the faults of a seed are the same in each run, their moments are not. */
function chance(limit: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((seed / 2 ** 32) * limit)
}

const counts = { grants: 0, cuts: 0, losses: 0, expiries: 0, refused: 0, lost: 0 }
/** What the guarded resource remembers. */
let largestToken = 0n
const living = new Set<AbortSignal>()

function violation(what: string): never {
  throw new Error(`${what} after ${counts.grants} grants`)
}

async function holdOnce(world: World, zk: ZooKeeper): Promise<void> {
  await using lease = await new Lock(zk, PATH).acquire()
  const { signal, fencingToken } = lease
  counts.grants += 1
  if (fencingToken <= largestToken && !signal.aborted) violation(`a living lease with the old token ${fencingToken}`)
  if ([...living].some((other) => !other.aborted) && !signal.aborted) await confirmOverlap(signal)
  living.add(signal)
  largestToken = fencingToken > largestToken ? fencingToken : largestToken
  await misbehave(world, zk)
  // The work that the lock is for: long enough for others to come in, if they could.
  await zk.exists(PATH).catch(() => undefined)
  if (fencingToken < largestToken) counts.refused += 1
  if (signal.aborted) counts.lost += 1
  living.delete(signal)
}

/**
 * Two leases that both look alive: allowed only as long as the news of the first one's end is on its way, so it must come. Its token is
 * smaller, so the resource refuses it in the meantime.
 */
async function confirmOverlap(newest: AbortSignal): Promise<void> {
  await until(() => newest.aborted || [...living].every((other) => other.aborted))
}

async function misbehave(world: World, zk: ZooKeeper): Promise<void> {
  const die = chance(200)
  if (die === 0) {
    counts.expiries += 1
    await world.expireUnreachable(zk)
  } else if (die < 4) {
    counts.cuts += 1
    world.proxy.cut()
  } else if (die < 12) {
    counts.losses += 1
    const opcode = [Opcode.create2, Opcode.delete, Opcode.getChildren, Opcode.getData][chance(4)] ?? Opcode.create2
    void (chance(2) === 0 ? world.proxy.loseReplyTo(opcode) : world.proxy.loseRequest(opcode))
  }
}

async function contend(world: World, zk: ZooKeeper): Promise<void> {
  while (counts.grants < GRANTS) await holdOnce(world, zk)
}

await using world = await World.start()
const clients = await Promise.all(Array.from({ length: CLIENTS }, () => world.proxied({ renewSession: true })))
const observer = await world.client()
await Promise.all(clients.map((zk) => contend(world, zk)))
await until(async () => (await observer.exists(PATH)) === null || (await observer.children(PATH)).length === 0)
console.log(JSON.stringify(counts))
