import { Op } from '@tskeeper/protocol'
import { expect, test } from 'vitest'
import { writeStatOf } from '../fake-server.ts'
import { outcomeOf, VirtualWorld } from '../virtual-world.ts'

const PROTECTED = /^\/q\/_c_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-n-$/

async function lostCreate(options: { signal?: AbortSignal } = {}) {
  const world = new VirtualWorld()
  const client = world.client()
  const server = world.server('a:2181')
  await Promise.all([client.connect(), world.run(10)])
  const created = outcomeOf(client.create('/q/n-', 'x', { mode: 'ephemeral-sequential', protected: true, ...options }))
  await world.settle()
  const path = server.last.request(Op.create2).body.readString() ?? ''
  server.last.breakOff()
  await world.run(1_000)
  // The transaction of no parts: only behind it is the list of children sure to have the node.
  expect(server.last.received.map(({ op }) => op)).toEqual([Op.multi])
  server.last.reply(server.last.request(Op.multi), 9n, (out) => {
    out.writeInt(-1)
    out.writeBoolean(true)
    out.writeInt(-1)
  })
  await world.settle()
  return { world, client, server, created, path }
}

test('a protected create has a unique name, and finds its node when the answer was lost', async () => {
  const { world, server, created, path } = await lostCreate()
  expect(path).toMatch(PROTECTED)
  server.last.reply(server.last.request(Op.getChildren), 9n, (out) => {
    out.writeInt(2)
    out.writeString('other-0000000001')
    out.writeString(`${path.slice('/q/'.length)}0000000002`)
  })
  await world.settle()
  server.last.reply(server.last.request(Op.exists), 9n, writeStatOf)
  await world.settle()
  expect(created.value).toBe(`${path}0000000002`)
  expect(server.last.requests(Op.create2)).toHaveLength(0)
})

test('a protected create that did not happen is made again under the same name', async () => {
  const { world, server, created, path } = await lostCreate()
  server.last.reply(server.last.request(Op.getChildren), 9n, (out) => out.writeInt(0))
  await world.settle()
  expect(server.last.request(Op.create2).body.readString()).toBe(path)
  server.last.reply(server.last.request(Op.create2), 10n, (out) => {
    out.writeString(`${path}0000000003`)
    writeStatOf(out)
  })
  await world.settle()
  expect(created.value).toBe(`${path}0000000003`)
})

test('a protected create that is aborted deletes its node once it is found', async () => {
  const controller = new AbortController()
  const { world, server, created, path } = await lostCreate({ signal: controller.signal })
  controller.abort()
  await world.settle()
  expect(created.error).toMatchObject({ code: 'ABORTED', mayHaveBeenApplied: true })
  server.last.reply(server.last.request(Op.getChildren), 9n, (out) => {
    out.writeInt(1)
    out.writeString(`${path.slice('/q/'.length)}0000000002`)
  })
  await world.settle()
  server.last.reply(server.last.request(Op.exists), 9n, writeStatOf)
  await world.settle()
  expect(server.last.request(Op.delete).body.readString()).toBe(`${path}0000000002`)
})

test('a create that is not protected is not repeated, and says that it may have happened', async () => {
  const world = new VirtualWorld()
  const client = world.client()
  const server = world.server('a:2181')
  await Promise.all([client.connect(), world.run(10)])
  const created = outcomeOf(client.create('/a'))
  await world.settle()
  server.last.breakOff()
  await world.run(1_000)
  expect(created.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: true })
  expect(server.last.received).toHaveLength(0)
})
