// The system of examples/master-worker while its programs are killed and a worker's connection is cut: every task is done, and no result is
// accepted twice. What the nodes look like is also done by hand, as a person at the shell would.

import { connect, decodeText, type ZooKeeper } from '@tskeeper/client'
import { expect, test, vi } from 'vitest'
import { UnreliableProxy } from '../../packages/recipes/test/support/unreliable-proxy.ts'
import { RawOp } from '../support/raw-records.ts'
import { fourLetterWord } from '../support/server-process.ts'
import { TcpProxy } from './client/tcp-proxy.ts'
import { Program } from './program.ts'
import { TestServer } from './test-server.ts'

// Programs start slowly and sessions run out on a busy machine: every wait below ends whenever its turn comes, so this is only a limit.
vi.setConfig({ testTimeout: 240_000 })

// Sessions that live through the pauses of a busy machine, unless whoever holds them is killed or cut off.
const SESSION_MS = '4000'
const LONG_SESSION_MS = '60000'
/** A worker that takes so long over a task never finishes one. */
const FOREVER_MS = '3600000'

const startServer = (): Promise<TestServer> =>
  TestServer.start({ tickTime: 200, maxSessionTimeout: LONG_SESSION_MS, extendedTypesEnabled: 'true' })
const connectTo = (server: TestServer): Promise<ZooKeeper> =>
  connect(`127.0.0.1:${server.port}`, { deadlineMs: 60_000, sessionTimeoutMs: Number(LONG_SESSION_MS) })

const commandsOf = (batch: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${batch} ${index}`)

const master = (server: TestServer, name: string): Program =>
  new Program(server.port, { file: 'master-worker/master.mjs', SESSION_MS }, name)
const worker = (port: number, name: string, WORK_MS = '20'): Program =>
  new Program(port, { file: 'master-worker/worker.mjs', SESSION_MS, WORK_MS }, name)
const client = (server: TestServer, commands: readonly string[]): Program =>
  new Program(server.port, { file: 'master-worker/client.mjs', SESSION_MS: LONG_SESSION_MS }, ...commands)

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** The statuses that tasks have had: versions that were overtaken before they were read are missing. */
class StatusHistory {
  readonly byTask: Map<string, string[]> = new Map()
  readonly #zk: ZooKeeper
  readonly #reads: Promise<void>[] = []

  constructor(zk: ZooKeeper) {
    this.#zk = zk
  }

  async follow(): Promise<void> {
    await this.#zk.addWatch('/tasks', 'persistent-recursive', ({ type, path }) => {
      if (path.endsWith('/status') && (type === 'created' || type === 'changed')) this.#reads.push(this.#read(path))
    })
  }

  async #read(path: string): Promise<void> {
    const { data, stat } = await this.#zk.get(path)
    const history = this.byTask.get(path) ?? []
    history[stat.version] = decodeText(data)
    this.byTask.set(path, history)
  }

  /** Settles when all that was changed before the call is known. */
  async catchUp(): Promise<void> {
    await this.#zk.sync()
    await Promise.all(this.#reads)
  }

  /** The tasks whose present status is this. */
  async having(status: string): Promise<string[]> {
    await this.catchUp()
    return [...this.byTask].flatMap(([path, history]) => (history.at(-1) === status ? [path] : []))
  }
}

/** Waits until a worker is there, or is not. */
async function untilThere(zk: ZooKeeper, name: string, isThere: boolean): Promise<void> {
  for await (const { value } of zk.observe(`/workers/${name}`)) if ((value !== null) === isThere) break
}

test('a master whose connection is lost at each question about its own office stays in it', async () => {
  await using server = await startServer()
  await using proxy = await UnreliableProxy.start(server.port)
  await using zk = await connectTo(server)
  const proxyPort = Number(proxy.address.split(':').at(-1))
  // It becomes the master and does not hear of it, and the answers to who is the master, and since when, are lost, too.
  const lostAtFirst = [proxy.loseReplyTo(RawOp.multi), proxy.loseReplyTo(RawOp.getData)]
  using active = new Program(proxyPort, { file: 'master-worker/master.mjs', SESSION_MS: LONG_SESSION_MS }, 'master')
  await active.says('master is the master of epoch 1')
  await Promise.all(lostAtFirst)
  // Somebody begins another epoch, so an assignment is refused, and the answer to which one it is now is lost.
  await zk.set('/epoch', 'somebody')
  const lostAtLast = proxy.loseReplyTo(RawOp.getData)
  using busy = worker(server.port, 'worker')
  using asking = client(server, ['the task'])
  await active.says('master is the master of epoch 2')
  await lostAtLast
  expect(await asking.end()).toEqual(['the task: done by worker'])
  expect(active.lines.filter((line) => line.endsWith('is a backup'))).toEqual([])
  expect(busy.lines).toContain('worker is there')
})

test('a client whose session ends with the answer to a task gives that task once, and goes on', async () => {
  await using server = await startServer()
  await using proxy = await UnreliableProxy.start(server.port)
  await using zk = await connectTo(server)
  const sessionCount = async (): Promise<number> =>
    Number(/global_sessions\s+(\d+)/.exec(await fourLetterWord(server.port, 'mntr'))?.[1])
  // It makes sure of the four directories before it gives its task.
  const lost = proxy.loseReplyTo(RawOp.create2, 4)
  using asking = new Program(
    Number(proxy.address.split(':').at(-1)),
    { file: 'master-worker/client.mjs', SESSION_MS },
    'first task',
  )
  await lost
  proxy.close()
  expect(await zk.children('/tasks')).toHaveLength(1)
  await until(async () => (await sessionCount()) === 1)
  proxy.open()
  using active = master(server, 'master1.example.com:2223')
  using busy = worker(server.port, 'worker1.example.com')
  expect(await asking.end()).toEqual(['first task: done by worker1.example.com'])
  expect(await zk.children('/tasks')).toHaveLength(1)
  expect([active.errors, busy.errors]).toEqual(['', ''])
})

test('A239 A240 A241 A242: master, worker and connection die while tasks flow; every task is done, none accepted twice', async () => {
  const batches = [commandsOf('held', 6), commandsOf('flowing', 54), commandsOf('cut off', 12)] as const
  await using server = await startServer()
  await using proxy = await TcpProxy.start(server.port)
  await using zk = await connectTo(server)
  using active = master(server, 'master1.example.com:2223')
  await active.says(/is the master of epoch/)
  using backup = master(server, 'master2.example.com:2223')
  await backup.says('master2.example.com:2223 is a backup')
  const statuses = new StatusHistory(zk)
  await statuses.follow()

  // The first worker is the only one when it gets its tasks, and has them still when it is killed: it never finishes one.
  using first = worker(server.port, 'worker1.example.com', FOREVER_MS)
  await first.says(/is there$/)
  using holding = client(server, batches[0])
  const ofFirst = 'assigned to worker1.example.com'
  await until(async () => (await statuses.having(ofFirst)).length === batches[0].length)
  using second = worker(proxy.port, 'worker2.example.com')
  using third = worker(server.port, 'worker3.example.com')
  const others = [second, third]
  await Promise.all(others.map((each) => each.says(/is there$/)))
  const accepted = (): string[] => others.flatMap(({ lines }) => lines.filter((line) => line.startsWith('accepted ')))

  using flowing = client(server, batches[1])
  await until(() => accepted().length >= 3)
  active.kill()
  await until(() => accepted().length >= 8)
  proxy.cut()
  await until(() => accepted().length >= 12)
  first.kill()
  await backup.says(/^master2\.example\.com:2223 is the master of epoch \d+$/)
  await until(async () => (await statuses.having(ofFirst)).length === 0)
  // A worker that is cut off until its session is over comes back, finds its tasks given away, and goes on.
  proxy.isClosed = true
  proxy.cut()
  using cutOff = client(server, batches[2])
  await untilThere(zk, 'worker2.example.com', false)
  proxy.isClosed = false
  await untilThere(zk, 'worker2.example.com', true)

  const done = (await Promise.all([holding.end(), flowing.end(), cutOff.end()])).flat()
  expect(done.map((line) => line.replace(/: done by worker[23]\.example\.com$/, '')).toSorted()).toEqual(
    batches.flat().toSorted(),
  )
  const commands = accepted().map((line) => line.replace(/^accepted .*: /, ''))
  expect(new Set(commands).size).toBe(commands.length)
  // Once a task is done nothing changes its status any more.
  await statuses.catchUp()
  expect(statuses.byTask.size).toBe(batches.flat().length)
  for (const history of statuses.byTask.values()) {
    expect(history.filter((status) => status.startsWith('done'))).toHaveLength(1)
    expect(history.at(-1)).toMatch(/^done by worker[23]\.example\.com$/)
  }
  expect([first.lines, backup.errors, second.errors, third.errors]).toEqual([['worker1.example.com is there'], '', '', ''])
})

test('A239: a former master cannot assign anything, whatever it believes', async () => {
  await using server = await startServer()
  await using former = await connectTo(server)
  for (const path of ['/epoch', '/assign', '/assign/worker1.example.com', '/tasks']) await former.create(path)
  const epochOf = async (zk: ZooKeeper, name: string): Promise<number> => {
    const [, epoch] = await zk.transaction().create('/master', name, { mode: 'ephemeral' }).set('/epoch', name).commit()
    return epoch?.type === 'set' ? epoch.stat.version : -1
  }
  const old = await epochOf(former, 'master1.example.com:2223')
  await former.delete('/master')
  await using next = await connectTo(server)
  expect(await epochOf(next, 'master2.example.com:2223')).toBe(old + 1)
  const assignment = former.transaction().check('/epoch', old).create('/assign/worker1.example.com/task-0000000000', '0')
  await expect(assignment.commit()).rejects.toMatchObject({ code: 'BAD_VERSION', failedIndex: 0 })
  expect(await next.children('/assign/worker1.example.com')).toEqual([])
})

test('A243 A244 A245 A246 A247 A248: the nodes of the system tell their watchers what happens', async () => {
  await using server = await startServer()
  await using zk = await connectTo(server)
  const events: string[] = []
  const note = ({ type, path }: { type: string; path: string }): void => void events.push(`${type} ${path}`)
  expect(await zk.create('/master', 'master2.example.com:223', { mode: 'ephemeral' })).toBe('/master')
  for (const path of ['/workers', '/tasks', '/assign']) expect(await zk.create(path, '')).toBe(path)
  expect(await zk.children('/workers', { watch: note })).toEqual([])
  expect(await zk.children('/tasks', { watch: note })).toEqual([])
  const worker = 'worker1.example.com'
  await zk.create(`/workers/${worker}`, `${worker}:2224`, { mode: 'ephemeral' })
  expect(await zk.create(`/assign/${worker}`, '')).toBe(`/assign/${worker}`)
  expect(await zk.children(`/assign/${worker}`, { watch: note })).toEqual([])
  expect(await zk.create('/tasks/task-', 'cmd', { mode: 'persistent-sequential' })).toBe('/tasks/task-0000000000')
  await zk.create(`/assign/${worker}/task-0000000000`, '')
  await zk.sync()
  expect(events).toEqual(['children /workers', 'children /tasks', `children /assign/${worker}`])
})

test('A249 A250: a status must be created before it is set, and tells the client how its task went', async () => {
  await using server = await startServer()
  await using zk = await connectTo(server)
  await zk.create('/tasks/task-', 'cmd', { mode: 'persistent-sequential', withParents: true })
  const status = '/tasks/task-0000000000/status'
  await expect(zk.set(status, 'done')).rejects.toMatchObject({ code: 'NO_NODE', path: status })
  await zk.create(status, '')
  await zk.set(status, 'done')
  expect(decodeText((await zk.get('/tasks/task-0000000000')).data)).toBe('cmd')
  expect(decodeText((await zk.get(status)).data)).toBe('done')
})
