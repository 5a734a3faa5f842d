// Clients on connections that break at moments of chance, for as many operations as are asked for. In the end every promise has settled, no
// acknowledged write is missing and none is there that was "not carried out", observers have told every gap and the last state, each
// watch has fired once, and neither this process nor the server has anything left over.

import { connect, type ZooKeeper } from '@tskeeper/client'
import type { SeededRandom } from '../faults/seeded-random.ts'
import { fourLetterWord, removeServerDirectory, type ServerTarget, startServer } from '../support/server-process.ts'
import { ChaosObservers } from './chaos-observers.ts'
import { ChaosProxy } from './chaos-proxy.ts'
import { ChaosWorker } from './chaos-worker.ts'
import { check, eventually, progressing } from './findings.ts'

const WORKERS = 6
const OBSERVERS = 2
/** Operations that each worker has under way. */
const LANES = 32
/** One fault in so many operations. */
const OPERATIONS_PER_FAULT = 250
/** Changes that the observers look at: one in so many operations. */
const OPERATIONS_PER_CHANGE = 100
const SESSION_TIMEOUT_MS = 4_000
/** How long what is under way may take when the work is done: a stalled connection is noticed after two thirds of the session time-out. */
const SETTLE_MS = 60_000

export interface ChaosOptions {
  readonly target: ServerTarget
  readonly operations: number
  readonly random: SeededRandom
}

export async function runChaos({ target, operations, random }: ChaosOptions): Promise<string> {
  const server = await startServer({ target, config: { tickTime: 500, forceSync: 'no', maxSessionTimeout: 60_000 } })
  try {
    const before = resources()
    const proxy = await ChaosProxy.start(server.port, random.fork('proxy'))
    const figures = await runThrough(proxy, server.port, operations, random)
    await proxy[Symbol.asyncDispose]()
    await eventually(
      () => leftOver(before).length === 0,
      SETTLE_MS,
      () => `left over in this process: ${leftOver(before).join(', ')}`,
    )
    return `${figures}; ${proxy.connections} connections, broken by ${proxy.story}`
  } finally {
    await server.stop()
    removeServerDirectory(server.directory)
  }
}

async function runThrough(proxy: ChaosProxy, port: number, operations: number, random: SeededRandom): Promise<string> {
  const options = { sessionTimeoutMs: SESSION_TIMEOUT_MS, renewSession: true, deadlineMs: SETTLE_MS }
  const sure = await connect(`127.0.0.1:${port}`, { sessionTimeoutMs: 30_000 })
  const clients = await Promise.all(Array.from({ length: WORKERS + OBSERVERS }, () => connect(proxy.address, options)))
  const workers = clients.slice(0, WORKERS).map((zk, index) => new ChaosWorker(zk, `worker-${index}`, random.fork(index)))
  for (const worker of workers) await worker.prepare(sure)
  const observers = new ChaosObservers(sure, random.fork('changes'))
  await observers.prepare()
  for (const zk of clients.slice(WORKERS)) await observers.join(zk)

  const budget = new Budget(operations, proxy, observers)
  const settledCount = (): number => workers.reduce((sum, worker) => sum + worker.settled, 0)
  const working = workers.flatMap((worker) => Array.from({ length: LANES }, () => work(worker, budget)))
  await progressing(Promise.all(working), settledCount, SETTLE_MS, 'settled operations')
  await budget.changes
  check(settledCount() === operations, `${settledCount()} of ${operations} operations have settled`)

  for (const worker of workers) await worker.checkNodes(sure)
  await eventually(
    () => observers.areUpToDate(),
    SETTLE_MS,
    () => `not up to date: ${observers.laggards}`,
  )
  const looked = await observers.end()
  await checkWatches(workers, clients, sure, port)
  await Promise.all(clients.map((zk) => zk.close()))
  await sure.close()
  await checkServer(port)
  return `${operations} operations: ${endings(workers)}; ${looked}`
}

/** Hands out operations, and with them the faults and changes that are due. */
class Budget {
  readonly #proxy: ChaosProxy
  readonly #observers: ChaosObservers
  #left: number
  /** The changes for the observers, one after the other. */
  changes: Promise<void> = Promise.resolve()

  constructor(operations: number, proxy: ChaosProxy, observers: ChaosObservers) {
    this.#left = operations
    this.#proxy = proxy
    this.#observers = observers
  }

  take(): boolean {
    if (this.#left === 0) return false
    this.#left -= 1
    if (this.#left % OPERATIONS_PER_FAULT === 0) this.#proxy.breakSomething()
    if (this.#left % OPERATIONS_PER_CHANGE === 0) this.changes = this.changes.then(() => this.#observers.change())
    return true
  }
}

async function work(worker: ChaosWorker, budget: Budget): Promise<void> {
  while (budget.take()) await worker.operate()
}

function endings(workers: readonly ChaosWorker[]): string {
  const sum = (ending: 'applied' | 'unknown' | 'not-applied'): number =>
    workers.reduce((total, worker) => total + worker.endings[ending], 0)
  return `${sum('applied')} answered, ${sum('unknown')} of unknown ending, ${sum('not-applied')} not carried out`
}

/** Deletes all that is watched: each watch fires, and the server keeps none, though the clients are still there. */
async function checkWatches(
  workers: readonly ChaosWorker[],
  clients: readonly ZooKeeper[],
  sure: ZooKeeper,
  port: number,
): Promise<void> {
  await sure.delete('/chaos', { recursive: true })
  await Promise.all(clients.map((zk) => zk.connect({ deadlineMs: SETTLE_MS })))
  await eventually(
    () => workers.every((worker) => worker.areWatchesDone),
    SETTLE_MS,
    () => 'watches that were set have not fired',
  )
  let watches = ''
  await eventually(
    async () => {
      watches = await fourLetterWord(port, 'wchs')
      return watches.includes('Total watches:0')
    },
    SETTLE_MS,
    () => `the server still has watches: ${watches}`,
  )
  for (const worker of workers) worker.checkWatches()
}

async function checkServer(port: number): Promise<void> {
  let connections = ''
  await eventually(
    async () => {
      // The connection that asks is one of them.
      connections = /^Connections: (\d+)$/m.exec(await fourLetterWord(port, 'srvr'))?.[1] ?? ''
      return Number(connections) <= 1
    },
    SETTLE_MS,
    () => `the server still has ${connections} connections`,
  )
}

/** What keeps this process alive, by kind. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

function leftOver(before: ReadonlyMap<string, number>): string[] {
  const found: string[] = []
  // The pause of the check itself is a timer.
  for (const [name, count] of resources()) {
    const allowed = (before.get(name) ?? 0) + (name === 'Timeout' ? 1 : 0)
    if (count > allowed) found.push(`${count - allowed} ${name}`)
  }
  return found
}
