import { EventType, Op } from '@tskeeper/protocol'
import { expect, test } from 'vitest'
import type { WatchEvent, ZooKeeper } from '../../src/portable.ts'
import { type FakeConnection, type FakeServer, nodeBody, writeEvent, writeReply, writeStatOf } from '../fake-server.ts'
import { outcomeOf, VirtualWorld } from '../virtual-world.ts'

interface Stage {
  readonly world: VirtualWorld
  readonly client: ZooKeeper
  readonly server: FakeServer
  readonly events: string[]
  readonly note: (event: WatchEvent) => void
}

async function stage(connectString = 'a:2181', options: Parameters<VirtualWorld['client']>[1] = {}): Promise<Stage> {
  const world = new VirtualWorld()
  const client = world.client(connectString, options)
  await Promise.all([client.connect(), world.run(10)])
  const events: string[] = []
  return { world, client, server: world.server('a:2181'), events, note: ({ type, path }) => void events.push(`${type} ${path}`) }
}

/** Answers the newest request of a kind. */
async function answer(
  { world, server }: Stage,
  op: number,
  body: Parameters<FakeConnection['reply']>[2],
  err = 0,
): Promise<void> {
  await world.settle()
  const request = server.last.requests(op).at(-1)
  if (request === undefined) throw new Error(`no request of type ${op}`)
  server.last.reply(request, 5n, body, err)
  await world.settle()
}

async function armAll(on: Stage): Promise<void> {
  const { client, note } = on
  void outcomeOf(client.get('/data', { watch: note }))
  await answer(on, Op.getData, nodeBody(''))
  void outcomeOf(client.exists('/none', { watch: note }))
  await answer(on, Op.exists, undefined, -101)
  void outcomeOf(client.children('/parent', { watch: note }))
  await answer(on, Op.getChildren, (out) => out.writeInt(0))
}

test('a one-shot watch fires once, for whichever event comes first', async () => {
  const on = await stage()
  await armAll(on)
  on.server.last.event(EventType.nodeDataChanged, '/data', 9n)
  on.server.last.event(EventType.nodeDataChanged, '/data', 10n)
  on.server.last.event(EventType.nodeCreated, '/none')
  on.server.last.event(EventType.nodeChildrenChanged, '/parent')
  on.server.last.event(EventType.nodeDeleted, '/parent')
  await on.world.settle()
  expect(on.events).toEqual(['changed /data', 'created /none', 'children /parent'])
})

test('A81: a watcher gets type, path and state, and the zxid that servers of 3.9 tell; no watch without a good reply', async () => {
  const on = await stage()
  const seen: WatchEvent[] = []
  void outcomeOf(on.client.get('/data', { watch: (event) => seen.push(event) }))
  await answer(on, Op.getData, undefined, -101)
  void outcomeOf(on.client.get('/other', { watch: (event) => seen.push(event) }))
  await answer(on, Op.getData, nodeBody(''))
  on.server.last.event(EventType.nodeCreated, '/data', 8n)
  on.server.last.event(EventType.nodeDeleted, '/other', 9n)
  await on.world.settle()
  expect(seen).toEqual([{ type: 'deleted', path: '/other', zxid: 9n, state: 'connected' }])
})

test('callbacks and promises come in the order in which the server sent events and replies', async () => {
  const on = await stage()
  const order: string[] = []
  void outcomeOf(on.client.get('/data', { watch: () => order.push('event') }))
  await answer(on, Op.getData, nodeBody(''))
  for (const name of ['before', 'after']) void on.client.get(`/${name}`).then(() => order.push(name))
  await on.world.settle()
  const [before, after] = on.server.last.requests(Op.getData).slice(-2)
  on.server.last.send(
    (out) => writeReply(out, before?.xid ?? 0, 6n, 0, nodeBody('')),
    (out) => writeEvent(out, EventType.nodeDataChanged, '/data', 7n),
    (out) => writeReply(out, after?.xid ?? 0, 7n, 0, nodeBody('')),
  )
  await on.world.settle()
  expect(order).toEqual(['before', 'event', 'after'])
})

test('the same callback hears of an event once, different ones all do, and one that throws harms nobody', async () => {
  const on = await stage()
  const other = (): void => void on.events.push('other')
  const bad = (): void => {
    throw new Error('a bug of the application')
  }
  for (const watch of [on.note, bad, on.note, other]) {
    void outcomeOf(on.client.get('/data', { watch }))
    await answer(on, Op.getData, nodeBody(''))
  }
  on.server.last.event(EventType.nodeDataChanged, '/data')
  await on.world.settle()
  expect(on.events).toEqual(['changed /data', 'other'])
  expect(on.client.state).toBe('connected')
})

test('watches of all kinds are set again on a new connection, as of the last zxid, before any other request', async () => {
  const on = await stage()
  await armAll(on)
  void outcomeOf(on.client.addWatch('/tree', 'persistent-recursive', on.note))
  await answer(on, Op.addWatch, (out) => out.writeInt(0))
  void outcomeOf(on.client.addWatch('/node', 'persistent', on.note))
  await answer(on, Op.addWatch, (out) => out.writeInt(0))
  on.server.last.breakOff()
  await on.world.settle()
  void outcomeOf(on.client.get('/later'))
  await on.world.run(1_000)
  expect(on.server.last.received.map(({ op }) => op)).toEqual([Op.setWatches2, Op.getData])
  const { body } = on.server.last.request(Op.setWatches2)
  expect(body.readLong()).toBe(5n)
  const lists = Array.from({ length: 5 }, () => Array.from({ length: body.readInt() }, () => body.readString()))
  expect(lists).toEqual([['/data'], ['/none'], ['/parent'], ['/node'], ['/tree']])
  expect(on.events.toSorted()).toEqual(['gap /node', 'gap /tree'])
})

test('without persistent watches the older request sets them again, and used-up watches stay away', async () => {
  const on = await stage()
  await armAll(on)
  on.server.last.event(EventType.nodeDeleted, '/data')
  await on.world.settle()
  on.server.last.breakOff()
  await on.world.run(1_000)
  const { body } = on.server.last.request(Op.setWatches)
  body.readLong()
  expect(body.readInt()).toBe(0)
  on.server.last.event(EventType.nodeCreated, '/none')
  await on.world.settle()
  expect(on.events).toEqual(['deleted /data', 'created /none'])
})

test('a request that was given up leaves no watch, though its reply comes', async () => {
  const on = await stage()
  const controller = new AbortController()
  void outcomeOf(on.client.get('/data', { watch: on.note, signal: controller.signal }))
  await on.world.settle()
  controller.abort()
  await answer(on, Op.getData, nodeBody(''))
  on.server.last.event(EventType.nodeDataChanged, '/data')
  await on.world.settle()
  expect(on.events).toEqual([])
})

test('a gap is told once, when the last portion has been set again', async () => {
  const on = await stage()
  for (let index = 0; index < 30; index++) {
    void outcomeOf(on.client.addWatch(`/${index}/${'x'.repeat(10_000)}`, 'persistent', on.note))
    await answer(on, Op.addWatch, (out) => out.writeInt(0))
  }
  on.server.last.breakOff()
  await on.world.run(1_000)
  expect(on.server.last.requests(Op.setWatches2).length).toBe(3)
  expect(on.events).toHaveLength(30)
  expect(on.events.every((event) => event.startsWith('gap '))).toBe(true)
})

test('watches that a busy server does not take are set again a little later, and the gap is told then', async () => {
  const on = await stage()
  void outcomeOf(on.client.addWatch('/a', 'persistent', on.note))
  await answer(on, Op.addWatch, (out) => out.writeInt(0))
  on.server.last.breakOff()
  await on.world.settle()
  on.server.answersSetWatches = false
  await on.world.run(1_000)
  const { last } = on.server
  last.refuse(last.request(Op.setWatches2), -127)
  await on.world.settle()
  expect(on.events).toEqual([])
  await on.world.run(2_000)
  const [, again] = last.requests(Op.setWatches2)
  expect(again?.body.readLong()).toBe(5n)
  last.reply(again ?? last.request(Op.setWatches2), 7n)
  await on.world.settle()
  expect(on.events).toEqual(['gap /a'])

  last.breakOff()
  await on.world.run(1_000)
  on.server.last.refuse(on.server.last.request(Op.setWatches2), -127)
  await on.world.settle()
  void on.client.close({ deadlineMs: 10 })
  await on.world.run(10)
  expect(on.world.timerCount).toBe(0)
})

test('many watches are set again in portions that fit in a frame', async () => {
  const on = await stage()
  const paths = Array.from({ length: 3_000 }, (_, index) => `/${'x'.repeat(100)}-${index}`)
  const reads = paths.map((path) => outcomeOf(on.client.exists(path, { watch: on.note })))
  await on.world.settle()
  for (const request of on.server.last.requests(Op.exists)) on.server.last.reply(request, 5n, writeStatOf)
  await on.world.settle()
  expect(reads.every(({ isSettled }) => isSettled)).toBe(true)
  on.server.last.breakOff()
  await on.world.run(1_000)
  const portions = on.server.last.requests(Op.setWatches)
  expect(portions.length).toBe(3)
  const again: (string | null)[] = []
  for (const { body } of portions) {
    expect(body.end).toBeLessThan(140 * 1024)
    expect(body.readLong()).toBe(5n)
    for (let left = body.readInt(); left > 0; left--) again.push(body.readString())
  }
  expect(again).toEqual(paths)
})

test('a persistent watch stays, and a recursive one hears of everything below but of no list of children', async () => {
  const on = await stage()
  void outcomeOf(on.client.addWatch('/a', 'persistent', on.note))
  await answer(on, Op.addWatch, (out) => out.writeInt(0))
  const recursive: string[] = []
  void outcomeOf(on.client.addWatch('/', 'persistent-recursive', ({ type, path }) => recursive.push(`${type} ${path}`)))
  await answer(on, Op.addWatch, (out) => out.writeInt(0))
  on.server.last.event(EventType.nodeCreated, '/a')
  on.server.last.event(EventType.nodeChildrenChanged, '/a')
  on.server.last.event(EventType.nodeCreated, '/a/b/c')
  on.server.last.event(EventType.nodeDataChanged, '/a')
  await on.world.settle()
  expect(on.events).toEqual(['created /a', 'children /a', 'changed /a'])
  expect(recursive).toEqual(['created /a', 'created /a/b/c', 'changed /a'])
})

test('an event right behind the reply to addWatch is not missed', async () => {
  const on = await stage()
  void outcomeOf(on.client.addWatch('/a', 'persistent', on.note))
  await on.world.settle()
  const { xid } = on.server.last.request(Op.addWatch)
  on.server.last.send(
    (out) => writeReply(out, xid, 2n, 0, (body) => body.writeInt(0)),
    (out) => writeEvent(out, EventType.nodeCreated, '/a', 3n),
  )
  await on.world.settle()
  expect(on.events).toEqual(['created /a'])
})

test('a handle takes away its own callback, and the last one takes the watch from the server', async () => {
  const on = await stage()
  const first = outcomeOf(on.client.addWatch('/a', 'persistent', on.note))
  await answer(on, Op.addWatch, (out) => out.writeInt(0))
  const second = outcomeOf(on.client.addWatch('/a', 'persistent', on.note))
  await answer(on, Op.addWatch, (out) => out.writeInt(0))
  await first.value?.remove()
  await on.world.settle()
  expect(on.server.last.requests(Op.removeWatches)).toHaveLength(0)
  on.server.last.event(EventType.nodeCreated, '/a')
  await on.world.settle()
  expect(on.events).toEqual(['created /a'])
  const removed = outcomeOf(second.value?.remove() ?? Promise.reject(new Error('no handle')))
  await answer(on, Op.removeWatches, undefined)
  expect(removed.isSettled).toBe(true)
  on.server.last.breakOff()
  await on.world.run(1_000)
  expect(on.server.last.received).toHaveLength(0)
})

test('removed watches hear that they are, each of its kind', async () => {
  const on = await stage()
  await armAll(on)
  for (const path of ['/data', '/none', '/parent']) {
    void outcomeOf(on.client.removeWatches(path))
    await answer(on, Op.removeWatches, undefined)
  }
  expect(on.events).toEqual(['data-watch-removed /data', 'data-watch-removed /none', 'child-watch-removed /parent'])
})

test('watches hear of the end of the session, and nothing after it', async () => {
  const on = await stage()
  await armAll(on)
  await Promise.all([on.client.close(), on.world.run(10)])
  expect(on.events.toSorted()).toEqual(['none /data', 'none /none', 'none /parent'])
})

test('with a renewed session persistent watches go on with a gap, and one-shot watches end', async () => {
  const on = await stage('a:2181', { renewSession: true })
  await armAll(on)
  void outcomeOf(on.client.addWatch('/node', 'persistent', on.note))
  await answer(on, Op.addWatch, (out) => out.writeInt(0))
  on.server.isForgetful = true
  on.server.last.breakOff()
  await on.world.run(1_000)
  expect(on.events).toEqual(['none /data', 'none /none', 'none /parent', 'gap /node'])
})

test('a chroot is put before every path that is sent and taken from every path that comes', async () => {
  const on = await stage('a:2181/app')
  void outcomeOf(on.client.get('/data', { watch: on.note }))
  await on.world.settle()
  expect(on.server.last.request(Op.getData).body.readString()).toBe('/app/data')
  await answer(on, Op.getData, nodeBody(''))
  on.server.last.event(EventType.nodeDataChanged, '/app/data')
  void outcomeOf(on.client.exists('/', { watch: on.note }))
  await on.world.settle()
  expect(on.server.last.request(Op.exists).body.readString()).toBe('/app')
  await answer(on, Op.exists, writeStatOf)
  on.server.last.event(EventType.nodeDeleted, '/app')
  const created = outcomeOf(on.client.create('/q/n-', '', { mode: 'persistent-sequential' }))
  await answer(on, Op.create2, (out) => {
    out.writeString('/app/q/n-0000000007')
    writeStatOf(out)
  })
  expect(created.value).toBe('/q/n-0000000007')
  expect(on.events).toEqual(['changed /data', 'deleted /'])
  on.server.last.breakOff()
  await on.world.run(1_000)
  expect(on.server.last.received).toHaveLength(0)
})

test('without a connection, watches can be taken away on this side alone, and no new connection sets them again', async () => {
  const on = await stage()
  await armAll(on)
  on.server.mode = 'refuse'
  on.server.last.breakOff()
  await on.world.settle()
  const waits = outcomeOf(on.client.removeWatches('/data', 'data'))
  const local = [
    outcomeOf(on.client.removeWatches('/data', 'data', { local: true })),
    outcomeOf(on.client.removeWatches('/data', 'data', { local: true })),
    outcomeOf(on.client.removeWatches('/parent', 'any', { local: true })),
  ]
  await on.world.settle()
  expect(on.events).toEqual(['data-watch-removed /data', 'child-watch-removed /parent'])
  expect(local.map(({ error }) => error)).toEqual([undefined, expect.objectContaining({ code: 'NO_WATCHER' }), undefined])
  expect(waits.isSettled).toBe(false)
  on.server.mode = 'accept'
  await on.world.run(2_000)
  const [set] = on.server.last.requests(Op.setWatches)
  const paths = new TextDecoder().decode(set?.body.bytes)
  expect([paths.includes('/none'), paths.includes('/data'), paths.includes('/parent')]).toEqual([true, false, false])
})

test('watches go on this side too when the connection breaks under their removal', async () => {
  const on = await stage()
  await armAll(on)
  const removal = outcomeOf(on.client.removeWatches('/data', 'data', { local: true }))
  await on.world.settle()
  on.server.last.breakOff()
  await on.world.settle()
  expect(removal.error).toBeUndefined()
  expect(removal.isSettled).toBe(true)
  expect(on.events).toEqual(['data-watch-removed /data'])
})
