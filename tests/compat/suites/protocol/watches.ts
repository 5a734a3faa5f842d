/** Which watches are told what, in which order, and how they are looked at, removed and set again. */
import { type RawClient, RawCreateMode } from '../../../support/raw-client.ts'
import { checkEqual } from '../../suite.ts'
import { describeEvent, type ProtocolCase } from './stage.ts'

const openAclEntry = [{ perms: 31, scheme: 'world', id: 'anyone' }]

/** Every way to set a watch, by name. */
const watchKinds: Readonly<Record<string, (client: RawClient, path: string) => Promise<unknown>>> = {
  exists: (client, path) => client.exists(path, true),
  getData: (client, path) => client.getData(path, true),
  getChildren: (client, path) => client.getChildren(path, true),
  getChildren2: (client, path) => client.getChildren2(path, true),
  persistent: (client, path) => client.addWatch(path, 0),
  recursive: (client, path) => client.addWatch(path, 1),
}

/** Every change that could concern a watch on /w, by name. */
const changes: Readonly<Record<string, (client: RawClient) => Promise<unknown>>> = {
  'its data': (client) => client.setData('/w', 'changed'),
  'its data by the same value': (client) => client.setData('/w', 'x'),
  'its ACL': (client) => client.setAcl('/w', openAclEntry),
  'a new child': (client) => client.create('/w/new'),
  'data of a child': (client) => client.setData('/w/c', 'changed'),
  'a deleted child': (client) => client.delete('/w/c/d').then(() => client.delete('/w/c')),
  'a new grandchild': (client) => client.create('/w/c/new'),
  'a sequential child': (client) => client.create('/w/s-', null, RawCreateMode.persistentSequential),
  'its end': (client) =>
    client.multi([
      { op: 'delete', path: '/w/c/d' },
      { op: 'delete', path: '/w/c' },
      { op: 'delete', path: '/w' },
    ]),
  'its end and return': (client) =>
    client.multi([
      { op: 'delete', path: '/w/c/d' },
      { op: 'delete', path: '/w/c' },
      { op: 'delete', path: '/w' },
      { op: 'create', path: '/w' },
    ]),
  'a failed change': (client) => client.setData('/w', 'x', 99).catch(() => undefined),
  'a failed multi': (client) =>
    client.multi([
      { op: 'setData', path: '/w', data: 'x' },
      { op: 'check', path: '/w', version: 99 },
    ]),
  'a check': (client) => client.multi([{ op: 'check', path: '/w', version: 0 }]),
}

export const watchCases: readonly ProtocolCase[] = [
  {
    name: 'A65 A66 A68 A69 A70 A71 A72: each kind of watch against each kind of change',
    play: async (stage) => {
      const changer = await stage.client()
      for (const [changeName, change] of Object.entries(changes)) {
        for (const [kindName, watch] of Object.entries(watchKinds)) {
          await changer.create('/w', 'x')
          await changer.create('/w/c')
          await changer.create('/w/c/d')
          const watcher = await stage.client()
          await watch(watcher, '/w')
          await change(changer)
          await watcher.sync('/')
          stage.note(`${kindName}, ${changeName}`, watcher.events.map(describeEvent))
          await watcher.close()
          for (const path of ['/w/c/d', '/w/c/new', '/w/c', '/w/new', '/w/s-0000000001', '/w']) {
            await changer.delete(path).catch(() => undefined)
          }
        }
      }
    },
  },
  {
    name: 'a watch on a missing node is left by exists and addWatch alone',
    play: async (stage) => {
      const changer = await stage.client()
      for (const [kindName, watch] of Object.entries(watchKinds)) {
        const watcher = await stage.client()
        await watch(watcher, '/later').catch(() => undefined)
        await changer.create('/later')
        await changer.delete('/later')
        await watcher.sync('/')
        stage.note(kindName, watcher.events.map(describeEvent))
        await watcher.close()
      }
    },
  },
  {
    name: 'events of one multi come in the order of its parts',
    play: async (stage) => {
      const changer = await stage.client()
      const watcher = await stage.client()
      await changer.create('/m')
      await watcher.addWatch('/', 1)
      await watcher.getChildren('/m', true)
      await changer.multi([
        { op: 'create', path: '/m/a' },
        { op: 'setData', path: '/m/a', data: '1' },
        { op: 'create', path: '/m/b' },
        { op: 'delete', path: '/m/a' },
        { op: 'setData', path: '/m', data: '1' },
        { op: 'check', path: '/m', version: 1 },
      ])
      await watcher.sync('/')
      await stage.events('events', watcher, 6)
    },
  },
  {
    name: 'the end of a session tells its ephemeral nodes to all kinds of watches',
    play: async (stage) => {
      const owner = await stage.client()
      const watcher = await stage.client()
      await watcher.create('/p')
      await owner.create('/p/e', null, RawCreateMode.ephemeral)
      await watcher.exists('/p/e', true)
      await watcher.getChildren('/p/e', true)
      await watcher.getChildren('/p', true)
      const recursive = await stage.client()
      await recursive.addWatch('/p', 1)
      await owner.close()
      await stage.events('one-shot', watcher, 2)
      await stage.events('recursive', recursive, 1)
    },
  },
  {
    name: 'A77: the event of a change comes before the reply to it and before any read of it',
    play: async (stage) => {
      const client = await stage.client()
      const other = await stage.client()
      await client.create('/n', '0')
      await client.getData('/n', true)
      const orders: number[] = []
      // The reply of the change itself, in the same session.
      const reply = await client.request(5, (writer) => {
        writer.writeString('/n')
        writer.writeBuffer(new Uint8Array(1))
        writer.writeInt(-1)
      })
      orders.push(Math.sign(reply.order - (client.events[0]?.order ?? Number.NaN)))
      // Reads in flight while another session changes it.
      for (let round = 0; round < 200; round++) {
        await client.getData('/n', true)
        const known = client.events.length
        const change = other.setData('/n', `${round}`)
        for (;;) {
          const { data } = await client.getData('/n')
          if (Buffer.from(data ?? []).toString() !== `${round}`) continue
          if (client.events.length !== known + 1) orders.push(-round)
          break
        }
        await change
      }
      stage.note('1 means that the event was first', orders)
      checkEqual(orders, [1], 'orders')
    },
  },
  {
    name: 'A64: an event carries type, state and path and nothing else',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/n')
      await client.getData('/n', true)
      await client.setData('/n', 'secret')
      await client.waitForEvents(1)
      const event = client.events[0]
      stage.note('event', event?.type, event?.state, event?.path)
    },
  },
  {
    name: 'the zxid in the header of an event',
    play: async (stage) => {
      const client = await stage.client()
      const stat = (await client.create2('/n')).stat
      await client.getData('/n', true)
      const changed = await client.setData('/n', 'x')
      await client.waitForEvents(1)
      stage.note('of the change', changed.mzxid - stat.czxid, stage.zxid(client.events[0]?.zxid ?? 0))
    },
  },
  {
    name: 'a session watches the same node in several ways',
    play: async (stage) => {
      const client = await stage.client()
      const other = await stage.client()
      await client.create('/n')
      await client.getData('/n', true)
      await client.exists('/n', true)
      await client.getChildren('/n', true)
      await client.addWatch('/', 1)
      await other.setData('/n', '1')
      await other.create('/n/c')
      await other.delete('/n/c')
      await other.delete('/n')
      await client.sync('/')
      await stage.events('each change once', client, 4)
    },
  },
  {
    name: 'persistent and recursive watches of one session on the same node',
    play: async (stage) => {
      const client = await stage.client()
      const other = await stage.client()
      await client.create('/n')
      await client.addWatch('/n', 0)
      await client.addWatch('/n', 1)
      await other.create('/n/c')
      await client.sync('/')
      stage.note('events', client.events.map(describeEvent))
    },
  },
  {
    name: 'watches are checked and removed by type',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/n')
      const set = async (): Promise<void> => {
        await client.getData('/n', true)
        await client.getChildren('/n', true)
      }
      for (const type of [1, 2, 3]) {
        await set()
        for (const checked of [1, 2, 3]) await stage.outcome(`check ${checked} before`, client.checkWatches('/n', checked))
        await stage.outcome(`remove ${type}`, client.removeWatches('/n', type))
        for (const checked of [1, 2, 3])
          await stage.outcome(`check ${checked} after removing ${type}`, client.checkWatches('/n', checked))
        await client.removeWatches('/n', 3).catch(() => undefined)
      }
      for (const type of [0, 6, -1, 99]) await stage.outcome(`check ${type}`, client.checkWatches('/n', type))
      for (const mode of [2, -1, 99]) await stage.outcome(`mode ${mode}`, client.addWatch('/n', mode))
      await stage.outcome('nothing there', client.removeWatches('/nope', 3))
      stage.note('no events', client.events.length)
    },
  },
  {
    name: 'removing types 4 and 5, and what types 1 and 2 mean for persistent watches',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/n')
      for (const mode of [0, 1]) {
        await client.addWatch('/n', mode)
        for (const type of [1, 2, 3, 4, 5]) await stage.outcome(`mode ${mode}, check ${type}`, client.checkWatches('/n', type))
        for (const type of [4, 5]) await stage.outcome(`mode ${mode}, remove ${type}`, client.removeWatches('/n', type))
        await stage.outcome(`mode ${mode}, remove all`, client.removeWatches('/n', 3))
      }
    },
  },
  {
    name: 'removing every watch of a node takes the persistent ones too',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/n')
      await client.addWatch('/n', 0)
      await client.getData('/n', true)
      await client.removeWatches('/n', 3)
      await client.setData('/n', 'x')
      await client.create('/n/c')
      await client.sync('/')
      stage.note('events', client.events.length)
      await stage.outcome('again', client.removeWatches('/n', 3))
    },
  },
  {
    name: 'A86: watches set again after a reconnection tell what was missed, before the reply',
    play: async (stage) => {
      const setter = await stage.client()
      for (const path of ['/kept', '/changed', '/filled', '/deleted', '/again']) await setter.create(path)
      const before = (await setter.ping()).zxid
      await setter.setData('/changed', 'x')
      await setter.create('/filled/c')
      await setter.delete('/deleted')
      await setter.delete('/again')
      await setter.create('/again')
      await setter.create('/new')
      const all = ['/kept', '/changed', '/filled', '/deleted', '/again', '/new', '/nope']
      for (const list of ['data', 'exist', 'child', 'persistent', 'persistentRecursive'] as const) {
        const client = await stage.client()
        const reply = client.setWatches2({ relativeZxid: before, [list]: all })
        await reply
        stage.note(`${list}: at once`, client.events.map(describeEvent))
        // The reply must have been the last to come.
        const told = client.events.length
        await setter.setData('/kept', 'x')
        await setter.create('/nope')
        await setter.create('/kept/c')
        await setter.delete('/kept/c')
        await setter.delete('/nope')
        await client.sync('/')
        stage.note(`${list}: later`, client.events.slice(told).map(describeEvent))
        stage.note(`${list}: zxids of the first`, [...new Set(client.events.slice(0, told).map((event) => event.zxid))])
        await client.close()
      }
      const old = await stage.client()
      await old.setWatches({ relativeZxid: before, data: all, exist: all, child: all })
      stage.note('all in the older request', old.events.map(describeEvent))
      await stage.outcome(
        'null lists',
        setter.request(101, (writer) => {
          writer.writeNumber(0)
          for (let list = 0; list < 3; list++) writer.writeInt(-1)
        }),
        (reply) => reply.err,
      )
    },
  },
  {
    name: 'an event of a node that may not be read',
    play: async (stage) => {
      const owner = await stage.client()
      await owner.auth('digest', 'o:o')
      const watcher = await stage.client()
      await watcher.addWatch('/', 1)
      const closed = [{ perms: 31, scheme: 'auth', id: '' }]
      await owner.create('/closed', 'x', 0, closed)
      await owner.setData('/closed', 'y')
      await owner.create('/closed/open')
      await owner.delete('/closed/open')
      await owner.delete('/closed')
      await watcher.sync('/')
      stage.note('told', watcher.events.map(describeEvent))
    },
  },
]
