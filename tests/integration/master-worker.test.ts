// The system of examples/master-worker while its programs are killed and a worker's connection is cut: every task is done, and no result is
// accepted twice. What the nodes look like is also done by hand, as a person at the shell would.

import { connect, decodeText, type ZooKeeper } from '@tskeeper/client'
import { expect, test, vi } from 'vitest'
import { TcpProxy } from './client/tcp-proxy.ts'
import { Program } from './program.ts'
import { TestServer } from './test-server.ts'

vi.setConfig({ testTimeout: 90_000 })

const TASKS = 60

const startServer = (): Promise<TestServer> => TestServer.start({ tickTime: 200, extendedTypesEnabled: 'true' })
const connectTo = (server: TestServer): Promise<ZooKeeper> => connect(`127.0.0.1:${server.port}`, { deadlineMs: 20_000 })
const file = (role: string): string => `master-worker/${role}.mjs`

/** Every status that was ever set, in order, by task. */
async function followStatuses(zk: ZooKeeper): Promise<Map<string, string[]>> {
  const statuses = new Map<string, string[]>()
  await zk.addWatch('/tasks', 'persistent-recursive', ({ type, path }) => {
    if (!path.endsWith('/status') || (type !== 'created' && type !== 'changed')) return
    void zk.get(path).then(({ data, stat }) => {
      const history = statuses.get(path) ?? []
      history[stat.version] = decodeText(data)
      statuses.set(path, history)
    })
  })
  return statuses
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('A239 A240 A241 A242: master, worker and connection die while tasks flow; every task is done, none accepted twice', async () => {
  await using server = await startServer()
  await using proxy = await TcpProxy.start(server.port)
  await using zk = await connectTo(server)
  using master = new Program(server.port, file('master'), 'master1.example.com:2223')
  await master.says(/is the master of epoch/)
  using backup = new Program(server.port, file('master'), 'master2.example.com:2223')
  await backup.says('master2.example.com:2223 is a backup')
  using first = new Program(server.port, file('worker'), 'worker1.example.com')
  using second = new Program(proxy.port, file('worker'), 'worker2.example.com')
  using third = new Program(server.port, file('worker'), 'worker3.example.com')
  const workers = [first, second, third]
  await Promise.all(workers.map((worker) => worker.says(/is there$/)))
  const statuses = await followStatuses(zk)
  const accepted = (): string[] => workers.flatMap(({ lines }) => lines.filter((line) => line.startsWith('accepted ')))

  using client = new Program(server.port, file('client'), ...Array.from({ length: TASKS }, (_, index) => `command ${index}`))
  await until(() => accepted().length >= 3)
  master.kill()
  await until(() => accepted().length >= 8)
  proxy.cut()
  await until(() => accepted().length >= 12)
  first.kill()
  await backup.says(/^master2\.example\.com:2223 is the master of epoch \d+$/)
  await backup.says(/^reassigned .* to worker[23]\.example\.com$/)
  // A worker that is cut off until its session is over comes back, finds its tasks given away, and goes on.
  proxy.isClosed = true
  proxy.cut()
  for await (const { value } of zk.observe('/workers/worker2.example.com')) if (value === null) break
  proxy.isClosed = false
  for await (const { value } of zk.observe('/workers/worker2.example.com')) if (value !== null) break

  const done = await client.end()
  expect(done.map((line) => line.replace(/: done by worker[123]\.example\.com$/, '')).toSorted()).toEqual(
    Array.from({ length: TASKS }, (_, index) => `command ${index}`).toSorted(),
  )
  expect(new Set(accepted()).size).toBe(accepted().length)
  expect(accepted().length).toBeLessThanOrEqual(TASKS)
  const commands = accepted().map((line) => line.replace(/^accepted .*: /, ''))
  expect(new Set(commands).size).toBe(commands.length)
  // Once a task is done nothing changes its status any more.
  expect(statuses.size).toBe(TASKS)
  for (const history of statuses.values()) expect(history.filter((status) => status.startsWith('done'))).toHaveLength(1)
  for (const history of statuses.values()) expect(history.at(-1)).toMatch(/^done by worker[123]\.example\.com$/)
  expect([backup.errors, second.errors, third.errors]).toEqual(['', '', ''])
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
