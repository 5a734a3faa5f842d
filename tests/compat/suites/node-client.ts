/** The client node-zookeeper-client from npm, which applications on Node.js use. */
import zookeeper, { type Client, type ClientError, type Stat, type WatchEvent } from 'node-zookeeper-client'
import { RawClient } from '../../support/raw-client.ts'
import { withTimeout } from '../../support/raw-connection.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { startCompatServer } from '../compat-server.ts'
import { CheckError, check, runCase, type Suite, type SuiteContext } from '../suite.ts'

const { ACL, CreateMode, Id, Permission } = zookeeper
const SESSION_TIMEOUT_MS = 6_000
const WAIT_MS = 15_000
const open = ACL.OPEN_ACL_UNSAFE

export const nodeClientSuite: Suite = {
  name: 'node-client',
  purpose: 'the client node-zookeeper-client from npm',
  software: [],
  run: runNodeClient,
}

interface NodeCase {
  readonly name: string
  readonly play: (world: World) => Promise<unknown>
}

async function runNodeClient(context: SuiteContext): Promise<void> {
  const server = await startCompatServer(context)
  try {
    for (const { name, play } of cases) {
      await runCase(context, name, async () => {
        const world = new World(server)
        try {
          return await play(world)
        } finally {
          world.close()
        }
      })
    }
  } finally {
    await server.stop()
  }
}

/** The clients of one case; all of them are closed behind it. */
class World {
  readonly server: ServerProcess
  readonly #clients: Client[] = []

  constructor(server: ServerProcess) {
    this.server = server
  }

  async client(chroot = '', sessionTimeout = SESSION_TIMEOUT_MS): Promise<Client> {
    const client = zookeeper.createClient(`${this.server.host}:${this.server.port}${chroot}`, {
      sessionTimeout,
      spinDelay: 50,
      retries: 0,
    })
    this.#clients.push(client)
    const connected = new Promise<void>((resolve) => client.once('connected', () => resolve()))
    client.connect()
    await withTimeout(connected, WAIT_MS, 'the connection')
    return client
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }
}

/** Turns one call with a callback into a promise of the callback's values. */
function call<T extends unknown[]>(start: (callback: (error: ClientError | null, ...values: T) => void) => void): Promise<T> {
  const answered = new Promise<T>((resolve, reject) => {
    start((error, ...values) => {
      if (error === null || error === undefined) resolve(values)
      else reject(error)
    })
  })
  return withTimeout(answered, WAIT_MS, 'an answer')
}

/** The name of the error that a call ends with. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return (error as ClientError).name
  }
  throw new CheckError('a call went through that had to fail')
}

const create = (
  client: Client,
  path: string,
  data: string | null = '',
  mode = CreateMode.PERSISTENT,
  acl = open,
): Promise<[string]> => call((callback) => client.create(path, data === null ? null : Buffer.from(data), acl, mode, callback))
const remove = (client: Client, path: string, version = -1): Promise<[]> =>
  call((callback) => client.remove(path, version, callback))
const setData = (client: Client, path: string, data: string, version = -1): Promise<[Stat]> =>
  call((callback) => client.setData(path, Buffer.from(data), version, callback))
const getData = (client: Client, path: string, watcher: Watcher = null): Promise<[Buffer | undefined, Stat]> =>
  call((callback) => client.getData(path, watcher, callback))
const exists = (client: Client, path: string, watcher: Watcher = null): Promise<[Stat | null]> =>
  call((callback) => client.exists(path, watcher, callback))
const getChildren = (client: Client, path: string, watcher: Watcher = null): Promise<[string[], Stat]> =>
  call((callback) => client.getChildren(path, watcher, callback))

type Watcher = ((event: WatchEvent) => void) | null

class Events {
  readonly told: string[] = []
  readonly watcher = (event: WatchEvent): void => {
    this.told.push(`${event.name} ${event.path}`)
  }

  async wait(count: number): Promise<void> {
    await until(() => this.told.length >= count, `${count} events, have ${this.told.join(', ')}`)
  }
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS
  while (!isTrue()) {
    if (performance.now() > deadlineMs) throw new CheckError(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function shape(stat: Stat | null): unknown {
  if (stat === null) return null
  const { version, cversion, aversion, dataLength, numChildren, ephemeralOwner } = stat
  const isEphemeral = ephemeralOwner.some((byte) => byte !== 0)
  return { version, cversion, aversion, dataLength, numChildren, isEphemeral }
}

const cases: readonly NodeCase[] = [
  {
    name: 'A50 A51 A52 A53 A54 A55 A57: create, read, change and delete',
    play: async (world) => {
      const client = await world.client()
      const seen: unknown[] = [await create(client, '/n', 'one')]
      const [data, stat] = await getData(client, '/n')
      seen.push(data?.toString(), shape(stat))
      seen.push(shape((await setData(client, '/n', 'two', 0))[0]))
      seen.push(await refusal(setData(client, '/n', 'x', 0)))
      await create(client, '/n/b')
      await create(client, '/n/a', null)
      seen.push((await getChildren(client, '/n'))[0].sort(), shape((await exists(client, '/n'))[0]))
      seen.push(
        await refusal(create(client, '/n')),
        await refusal(remove(client, '/n')),
        await refusal(remove(client, '/n/a', 3)),
      )
      seen.push((await call<[string[]]>((callback) => client.listSubTreeBFS('/n', callback)))[0].sort())
      await call((callback) => client.removeRecursive('/n', -1, callback))
      seen.push((await exists(client, '/n'))[0], await refusal(getData(client, '/n')))
      seen.push(await call((callback) => client.mkdirp('/deep/er/still', callback)))
      return seen
    },
  },
  {
    name: 'A26 A28 A29 A30 A31 A85: ephemeral and sequential nodes',
    play: async (world) => {
      const client = await world.client()
      const observer = await world.client()
      await create(client, '/kinds')
      const seen: unknown[] = [
        await create(client, '/kinds/s-', '', CreateMode.PERSISTENT_SEQUENTIAL),
        await create(client, '/kinds/e', '', CreateMode.EPHEMERAL),
        await create(client, '/kinds/es-', '', CreateMode.EPHEMERAL_SEQUENTIAL),
        await refusal(create(client, '/kinds/e/x')),
      ]
      const [stat] = await exists(client, '/kinds/e')
      check(stat?.ephemeralOwner.equals(client.getSessionId()) === true, 'the owner is the session')
      const events = new Events()
      await exists(observer, '/kinds/e', events.watcher)
      await exists(observer, '/kinds/es-0000000002', events.watcher)
      client.close()
      await events.wait(2)
      seen.push(events.told.sort(), (await getChildren(observer, '/kinds'))[0])
      return seen
    },
  },
  {
    name: 'A66 A68 A69 A70 A71 A72: watches are told their events once',
    play: async (world) => {
      const client = await world.client()
      const other = await world.client()
      const events = new Events()
      await create(other, '/w')
      await exists(client, '/w/n', events.watcher)
      await create(other, '/w/n')
      await events.wait(1)
      await getData(client, '/w/n', events.watcher)
      await setData(other, '/w/n', '1')
      await events.wait(2)
      await setData(other, '/w/n', '2')
      await getChildren(client, '/w', events.watcher)
      await create(other, '/w/m')
      await events.wait(3)
      await getData(client, '/w/n', events.watcher)
      await remove(other, '/w/n')
      await events.wait(4)
      return events.told
    },
  },
  {
    name: 'A13: transactions do all or nothing and tell which part failed',
    play: async (world) => {
      const client = await world.client()
      await create(client, '/m')
      const [results] = await call<[readonly { readonly type: number; readonly path?: string; readonly stat?: Stat }[]]>(
        (callback) =>
          client
            .transaction()
            .create('/m/a', Buffer.from('1'))
            .create('/m/s-', Buffer.from(''), open, CreateMode.PERSISTENT_SEQUENTIAL)
            .setData('/m/a', Buffer.from('22'), 0)
            .check('/m/a', 1)
            .remove('/m/a', 1)
            .commit(callback),
      )
      const seen: unknown[] = [
        results.map(({ type, path, stat }) => [type, path ?? null, stat === undefined ? null : shape(stat)]),
      ]
      seen.push(
        await new Promise((resolve) => {
          client
            .transaction()
            .create('/m/b')
            .check('/m', 9)
            .remove('/m/b')
            .commit((error, failed) =>
              resolve([error?.name ?? 'no error', failed.map((result) => [result.type, result.err ?? null])]),
            )
        }),
      )
      seen.push((await getChildren(client, '/m'))[0])
      return seen
    },
  },
  {
    name: 'A210 A211 A212 A214 A217 A218: identities and permissions',
    play: async (world) => {
      const owner = await world.client()
      const stranger = await world.client()
      owner.addAuthInfo('digest', Buffer.from('u:p'))
      await create(owner, '/acl', 'mine', CreateMode.PERSISTENT, ACL.CREATOR_ALL_ACL)
      const tell = async (client: Client): Promise<unknown> => {
        const [acls] = await call<
          [readonly { readonly permission: number; readonly id: { scheme: string; id: string } }[], Stat]
        >((callback) => client.getACL('/acl', callback))
        return acls.map(({ permission, id }) => `${permission} ${id.scheme} ${id.id}`)
      }
      const seen: unknown[] = [await tell(owner)]
      seen.push(await refusal(getData(stranger, '/acl')), await refusal(setData(stranger, '/acl', 'x')))
      seen.push(await refusal(call((callback) => stranger.setACL('/acl', open, -1, callback))))
      const shared = [
        new ACL(Permission.READ, new Id('world', 'anyone')),
        new ACL(Permission.ALL, new Id('digest', 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=')),
      ]
      const [stat] = await call<[Stat]>((callback) => owner.setACL('/acl', shared, 0, callback))
      seen.push(shape(stat), await tell(stranger), (await getData(stranger, '/acl'))[0]?.toString())
      stranger.addAuthInfo('digest', Buffer.from('u:p'))
      seen.push(shape((await setData(stranger, '/acl', 'ours'))[0]))
      seen.push(
        await refusal(create(stranger, '/bad', '', CreateMode.PERSISTENT, [new ACL(Permission.ALL, new Id('nosuch', 'x'))])),
      )
      return seen
    },
  },
  {
    name: 'A74 A86: a client whose session is taken for a moment comes back with its nodes and watches',
    play: async (world) => {
      const client = await world.client()
      const other = await world.client()
      const states: string[] = []
      client.on('state', (state: { readonly name: string }) => states.push(state.name))
      await create(client, '/mine', '', CreateMode.EPHEMERAL)
      await create(other, '/watched')
      const events = new Events()
      await getData(client, '/watched', events.watcher)
      const thief = await RawClient.connect(world.server.host, world.server.port, {
        sessionId: client.getSessionId().readBigInt64BE(),
        password: client.getSessionPassword(),
      })
      await until(() => states.includes('DISCONNECTED'), 'the loss of the connection')
      thief.destroy()
      await until(() => states.at(-1) === 'SYNC_CONNECTED', 'the connection')
      const [stat] = await exists(client, '/mine')
      check(stat?.ephemeralOwner.equals(client.getSessionId()) === true, 'the node is there and its own')
      await setData(other, '/watched', 'changed')
      await events.wait(1)
      return { first: states[0], last: states.at(-1), told: events.told }
    },
  },
  {
    name: 'a chroot is in front of every path',
    play: async (world) => {
      const plain = await world.client()
      await create(plain, '/root')
      const inside = await world.client('/root')
      const [path] = await create(inside, '/a', 'inner')
      return [path, (await getData(plain, '/root/a'))[0]?.toString(), (await getChildren(inside, '/'))[0]]
    },
  },
  {
    name: 'A90: the session time-out is clamped to what the server allows',
    play: async (world) => {
      const granted: number[] = []
      for (const wanted of [500, 3000, 3_600_000]) granted.push((await world.client('', wanted)).getSessionTimeout())
      return granted
    },
  },
  {
    name: 'A5 A12 A16: many requests at once and a megabyte of data',
    play: async (world) => {
      const client = await world.client()
      await create(client, '/many')
      const stats = await Promise.all(Array.from({ length: 500 }, (_, index) => setData(client, '/many', `${index}`, index)))
      check(
        stats.every(([stat], index) => stat.version === index + 1),
        'versions in the order sent',
      )
      const large = 'x'.repeat(1_000_000)
      await create(client, '/large', large)
      return (await getData(client, '/large'))[0]?.toString() === large
    },
  },
]
