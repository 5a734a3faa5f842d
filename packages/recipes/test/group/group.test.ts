import { decodeText } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { Group, type GroupView, MaintainedNode } from '../../src/index.ts'
import { Opcode, until, World } from '../support/test-world.ts'

const PATH = '/workers'

test('A237: joining and leaving reach every observer', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const group = new Group(zk, PATH)
  const views: GroupView[] = []
  const controller = new AbortController()
  const observing = (async () => {
    for await (const view of new Group(other, PATH).changes({ signal: controller.signal })) views.push(view)
  })()
  await until(() => views.length === 1)
  const first = await group.join('a', 'idle')
  await until(() => views.at(-1)?.members.has('a') === true)
  const second = await group.join('b')
  await until(() => views.at(-1)?.members.has('b') === true)
  expect((await group.members()).sort()).toEqual(['a', 'b'])
  await first.close()
  await until(() => views.at(-1)?.members.has('a') === false)
  controller.abort()
  await observing
  expect(views.flatMap(({ joined }) => joined)).toEqual(['a', 'b'])
  expect(views.flatMap(({ left }) => left)).toEqual(['a'])
  await second.close()
  expect(await group.members()).toEqual([])
})

test('A227: a member that dies is missed, and one that renews its session joins again', async () => {
  await using world = await World.start()
  const [dying, renewing, observer] = [await world.client(), await world.client({ renewSession: true }), await world.client()]
  const [dead, living] = [await new Group(dying, PATH).join('dead'), await new Group(renewing, PATH).join('living')]
  const old = renewing.sessionId
  await world.expire(dying)
  await world.expire(renewing)
  await until(async () => (await observer.exists(`${PATH}/living`))?.ephemeralOwner === renewing.sessionId)
  expect(renewing.sessionId).not.toBe(old)
  expect(await new Group(observer, PATH).members()).toEqual(['living'])
  await until(() => dead.state.type === 'ended')
  expect(dead.state).toMatchObject({ cause: { code: 'SESSION_EXPIRED' } })
  await living.ready()
})

test('a maintained node comes back when somebody deletes it, and is put right when somebody writes to it', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  await using node = new MaintainedNode(zk, '/a/b/node', 'mine')
  await node.ready()
  await other.set('/a/b/node', 'yours')
  await until(async () => decodeText((await other.get('/a/b/node')).data) === 'mine')
  await other.delete('/a/b/node')
  await until(async () => (await other.exists('/a/b/node')) !== null)
  await node.update('new')
  expect(decodeText((await other.get('/a/b/node')).data)).toBe('new')
})

test('updates that come fast are written in few steps, the last one always', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await using node = new MaintainedNode(zk, '/node', '0')
  await node.ready()
  const updates = Array.from({ length: 200 }, (_, index) => node.update(String(index)))
  await Promise.all(updates)
  const { data, stat } = await zk.get('/node')
  expect(decodeText(data)).toBe('199')
  expect(stat.version).toBeLessThan(50)
})

test('a name that another session has is waited for', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  const first = new MaintainedNode(zk, '/node', 'first')
  await first.ready()
  const second = new MaintainedNode(other, '/node', 'second')
  await until(() => second.state.type === 'occupied')
  await zk.close()
  await second.ready()
  expect(decodeText((await other.get('/node')).data)).toBe('second')
  await second.close()
  expect(await other.exists('/node')).toBeNull()
  await expect(second.ready()).rejects.toMatchObject({ code: 'CLOSED' })
})

test('closing a node that waits for its name leaves the node of the other session alone', async () => {
  await using world = await World.start()
  const [zk, other] = [await world.client(), await world.client()]
  await using first = new MaintainedNode(zk, '/node', 'first')
  await first.ready()
  const second = new MaintainedNode(other, '/node', 'second')
  await until(() => second.state.type === 'occupied')
  await second.close()
  expect((await other.exists('/node'))?.ephemeralOwner).toBe(zk.sessionId)
})

test('a client maintains a path once at a time', async () => {
  await using world = await World.start()
  const zk = await world.client()
  const node = new MaintainedNode(zk, '/node', 'first')
  expect(() => new MaintainedNode(zk, '/node', 'second')).toThrow(/maintains \/node already/)
  await expect(new Group(zk, '/workers').join('a')).resolves.toBeInstanceOf(MaintainedNode)
  await expect(new Group(zk, '/workers').join('a')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' })
  await node.close()
  await using again = new MaintainedNode(zk, '/node', 'second')
  await again.ready()
})

test('closing a node at any moment leaves nothing behind', async () => {
  await using world = await World.start()
  const zk = await world.client()
  for (let turn = 0; turn < 10; turn += 1) {
    const node = new MaintainedNode(zk, '/workers/a', String(turn))
    if (turn % 2 === 0) void node.update('other').catch(() => undefined)
    for (let step = 0; step < turn; step += 1) await Promise.resolve()
    await node.close()
    expect(await zk.exists('/workers/a')).toBeNull()
  }
})

test('a maintained node survives lost answers', async () => {
  await using world = await World.start()
  const zk = await world.proxied()
  const lostCreate = world.proxy.loseReplyTo(Opcode.create2)
  await using node = new MaintainedNode(zk, '/node', 'a')
  await node.ready()
  await lostCreate
  const lostSet = world.proxy.loseReplyTo(Opcode.setData)
  await node.update('b')
  await lostSet
  expect(decodeText((await zk.get('/node')).data)).toBe('b')
})
