// The operations one by one: what they answer, what they check and in which order.

import { expect, test } from 'vitest'
import { openAcl, type RawClient, RawCreateMode, RawOp } from '../support/raw-client.ts'
import { writeCreate } from '../support/raw-records.ts'
import { outcome } from './outcomes.ts'
import { TestServer } from './test-server.ts'

const CONTROL = '\u0001'

test('A50 A51 A52: a node is made, found, deleted and found no more', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  expect(await client.exists('/p')).toBeNull()
  expect(await client.create('/p', 'data')).toBe('/p')
  expect(await client.exists('/p')).toMatchObject({ version: 0, dataLength: 4 })
  await client.delete('/p')
  expect(await client.exists('/p')).toBeNull()
  expect(await outcome(client.delete('/p'))).toBe('NONODE')
})

test('A53 A54: setData answers with the new Stat, getData with the data and the same Stat', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/p', 'old')
  const stat = await client.setData('/p', 'new data')
  expect(stat).toMatchObject({ version: 1, dataLength: 8, mzxid: client.lastZxid })
  expect(await client.getData('/p')).toEqual({ data: new Uint8Array(Buffer.from('new data')), stat })
  expect(await outcome(client.setData('/missing', 'x'))).toBe('NONODE')
  expect(await outcome(client.getData('/missing'))).toBe('NONODE')
})

test('A55: getChildren answers with names, and not with what lies below them', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  for (const path of ['/p', '/p/a', '/p/b', '/p/b/c']) await client.create(path)
  expect((await client.getChildren('/p')).toSorted()).toEqual(['a', 'b'])
  expect(await client.getChildren('/p/a')).toEqual([])
  expect((await client.getChildren2('/p')).stat).toEqual(await client.exists('/p'))
  expect(await outcome(client.getChildren('/missing'))).toBe('NONODE')
  expect(await outcome(client.getChildren2('/missing'))).toBe('NONODE')
})

test('A57: a wrong version changes nothing', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/n', '0')
  await client.setData('/n', '1')
  await client.setData('/n', '2')
  for (const version of [0, 1, 3, -2, 2_147_483_647]) {
    expect(await outcome(client.setData('/n', 'x', version))).toBe('BADVERSION')
    expect(await outcome(client.delete('/n', version))).toBe('BADVERSION')
  }
  expect(await client.getData('/n')).toMatchObject({ stat: { version: 2 } })
  expect((await client.setData('/n', '3', 2)).version).toBe(3)
  await client.delete('/n', 3)
})

test('A58: of two writers who read the same version the second is refused', async () => {
  await using server = await TestServer.start()
  const one = await server.connect()
  const two = await server.connect()
  await one.create('/n')
  await one.setData('/n', 'first', 0)
  expect((await one.getData('/n')).stat.version).toBe(1)
  expect((await two.getData('/n')).stat.version).toBe(1)
  expect((await one.setData('/n', 'from one', 1)).version).toBe(2)
  expect(await outcome(two.setData('/n', 'from two', 1))).toBe('BADVERSION')
  expect(await two.getText('/n')).toBe('from one')
})

test('A19 A59 A62: twenty clients that add by compare and set lose no addition', async () => {
  await using server = await TestServer.start({ tickTime: 2000 })
  const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
  await clients[0]?.create('/counter', '0')
  const additions = 10
  let refused = 0
  await Promise.all(
    clients.map(async (client) => {
      for (let done = 0; done < additions; ) {
        const { data, stat } = await client.getData('/counter')
        const next = String(Number(Buffer.from(data ?? []).toString()) + 1)
        const result = await outcome(client.setData('/counter', next, stat.version))
        if (result === 'OK') done++
        else refused++
      }
    }),
  )
  expect(await clients[0]?.getText('/counter')).toBe(String(20 * additions))
  expect((await clients[0]?.exists('/counter'))?.version).toBe(20 * additions)
  expect(refused).toBeGreaterThan(0)
})

test('A61: what changes the tree or fails to takes a zxid, in order; what reads takes none', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const first = (await client.create2('/a')).stat.czxid
  await client.getData('/a')
  await client.exists('/nowhere')
  await client.sync('/a')
  await client.ping()
  await client.multiRead([{ op: 'getData', path: '/a' }])
  await client.addWatch('/a', 0)
  await client.whoAmI()
  await client.auth('digest', 'u:p')
  expect((await client.setData('/a', 'x')).mzxid).toBe(first + 1)
  await outcome(client.create('/a'))
  await outcome(client.delete('/nowhere'))
  await outcome(client.setData('/a', 'x', 9))
  await outcome(client.setAcl('/a', []))
  await client.multi([])
  await client.multi([{ op: 'delete', path: '/nowhere' }])
  expect((await client.create2('/b')).stat.czxid).toBe(first + 8)
})

test('sync echoes its path, whatever it is', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  for (const path of ['/', '/missing', '', 'no path at all', '//', '/é']) expect(await client.sync(path)).toBe(path)
  const reply = await client.request(RawOp.sync, (writer) => writer.writeString(null))
  expect([reply.err, reply.body.readString()]).toEqual([0, null])
})

test('create2 and createContainer answer with path and Stat, create with the path', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const plain = await client.create2('/a', 'xyz')
  expect(plain).toEqual({ path: '/a', stat: await client.exists('/a') })
  expect(plain.stat.dataLength).toBe(3)
  const sequential = await client.create2('/s-', null, RawCreateMode.ephemeralSequential)
  expect(sequential).toEqual({ path: '/s-0000000001', stat: await client.exists('/s-0000000001') })
  expect(sequential.stat.ephemeralOwner).toBe(client.sessionId)
  const container = await client.createContainer('/c')
  expect(container).toEqual({ path: '/c', stat: await client.exists('/c') })
  expect(container.stat.ephemeralOwner).toBe(0n)
})

/** What a create is answered with, by path. /a exists, /b does not, /e is ephemeral. */
const PATHS_TO_CREATE: Readonly<Record<string, string>> = {
  '': 'BADARGUMENTS',
  a: 'BADARGUMENTS',
  'a/b': 'NONODE',
  '/': 'NODEEXISTS',
  '/a': 'NODEEXISTS',
  '/b/c': 'NONODE',
  '/b/': 'NONODE',
  '/b//c': 'NONODE',
  '/b/.': 'NONODE',
  '/b/../c': 'NONODE',
  '/a/': 'BADARGUMENTS',
  '//b': 'NONODE',
  '//': 'NONODE',
  '/a//': 'NONODE',
  '/.': 'BADARGUMENTS',
  '/..': 'BADARGUMENTS',
  '/a/.': 'BADARGUMENTS',
  '/a/..': 'BADARGUMENTS',
  [`/${CONTROL}`]: 'BADARGUMENTS',
  '/\u0000': 'BADARGUMENTS',
  '/nul\u0000inside': 'BADARGUMENTS',
  '/\u007f': 'BADARGUMENTS',
  '/\u009f': 'BADARGUMENTS',
  '/\ue000': 'BADARGUMENTS',
  '/\uf8ff': 'BADARGUMENTS',
  '/\ufff0': 'BADARGUMENTS',
  '/\uffff': 'BADARGUMENTS',
  '/\u{1f600}': 'BADARGUMENTS',
  '/e/x': 'NOCHILDRENFOREPHEMERALS',
  '/...': 'OK',
  '/.a': 'OK',
  '/with blank ': 'OK',
  '/\u00a0': 'OK',
  '/\uf900': 'OK',
}

test('paths are checked when a node is made, its parent first', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  await client.create('/e', null, RawCreateMode.ephemeral)
  const answers: Record<string, string> = {}
  for (const path of Object.keys(PATHS_TO_CREATE)) answers[path] = await outcome(client.create(path))
  // The parent of "//b" is "/", written as the empty path: it exists, and the name is what is wrong.
  expect(answers).toEqual({ ...PATHS_TO_CREATE, '//b': 'BADARGUMENTS', '//': 'BADARGUMENTS' })
})

test('sequential nodes may have an empty name, and no other check is spared them', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  const create = (path: string): Promise<string> => outcome(client.create(path, null, RawCreateMode.persistentSequential))
  expect(await client.create('/a/', null, RawCreateMode.persistentSequential)).toBe('/a/0000000000')
  expect(await client.create('/', null, RawCreateMode.persistentSequential)).toBe('/0000000001')
  expect(await create('')).toBe('BADARGUMENTS')
  expect(await create('/b/')).toBe('NONODE')
  expect(await create(`/a/${CONTROL}`)).toBe('BADARGUMENTS')
  expect(await create('/a/.')).toBe('OK')
})

test('flags are checked before anything else', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  for (const flags of [7, -1, 100, 0x7fffffff]) {
    expect(await outcome(client.create('/a', null, flags))).toBe('BADARGUMENTS')
    expect(await outcome(client.create2('/nowhere/a', null, flags))).toBe('BADARGUMENTS')
  }
  // A container is made by its own operation: these flags make a plain node, which is never reaped.
  expect(await client.create('/plain', null, RawCreateMode.container)).toBe('/plain')
  // Nodes with a time to live are switched off.
  expect(await outcome(client.create('/t', null, RawCreateMode.persistentWithTtl))).toBe('UNIMPLEMENTED')
  expect(await outcome(client.createTtl('/t', 1000))).toBe('UNIMPLEMENTED')
  expect(await client.ping()).toMatchObject({ err: 0 })
})

test('the time to live must fit its kind of node', async () => {
  await using server = await TestServer.start({ extendedTypesEnabled: true })
  const client = await server.connect()
  for (const ttlMs of [0, -1, -5, 1_099_511_627_776]) expect(await outcome(client.createTtl('/t', ttlMs))).toBe('BADARGUMENTS')
  expect(await outcome(client.createTtl('/min', 1))).toBe('OK')
  expect(await outcome(client.createTtl('/max', 1_099_511_627_775))).toBe('OK')
  expect((await client.createTtl('/s-', 1000, null, RawCreateMode.persistentSequentialWithTtl)).path).toBe('/s-0000000002')
  for (const flags of [0, 1, 2, 3, 4]) expect(await outcome(client.createTtl('/x', 1000, null, flags))).toBe('BADARGUMENTS')
  expect(await outcome(client.createTtl('/x', -1, null, 0))).toBe('BADARGUMENTS')
  expect(await outcome(client.create('/x', null, RawCreateMode.persistentWithTtl))).toBe('BADARGUMENTS')
  expect((await client.exists('/max'))?.ephemeralOwner).toBe(0n)
})

async function createWithAcl(client: RawClient, path: string, acl: Parameters<RawClient['create']>[3]): Promise<string> {
  return outcome(client.create(path, null, RawCreateMode.persistent, acl))
}

test('the ACL of a new node is checked before its parent, and after its path has a slash', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  expect(await createWithAcl(client, '/nowhere/a', [])).toBe('INVALIDACL')
  expect(await createWithAcl(client, '/nowhere/a', null)).toBe('INVALIDACL')
  expect(await createWithAcl(client, 'a', [])).toBe('BADARGUMENTS')
  expect(await createWithAcl(client, '/nowhere/a', openAcl)).toBe('NONODE')
})

test('reads take paths as they come: the empty one is the root, and one that cannot exist does not', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  expect(await client.exists('')).toEqual(await client.exists('/'))
  expect(await client.getChildren('')).toEqual(expect.arrayContaining(['a', 'zookeeper']))
  expect((await client.getData('')).stat).toEqual(await client.exists('/'))
  for (const path of ['x', '/a/', '//', '//a', '/./a', `/${CONTROL}`]) {
    expect([path, await client.exists(path)]).toEqual([path, null])
    expect([path, await outcome(client.getData(path))]).toEqual([path, 'NONODE'])
    expect([path, await outcome(client.getChildren(path))]).toEqual([path, 'NONODE'])
    expect([path, await outcome(client.getAcl(path))]).toEqual([path, 'NONODE'])
  }
  expect(await outcome(client.exists('/nul\u0000'))).toBe('BADARGUMENTS')
})

test('writes check the path before the node', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  for (const path of ['', 'a', '/a/', '//a', '/a/..', `/${CONTROL}`]) {
    expect([path, await outcome(client.setData(path, 'x'))]).toEqual([path, 'BADARGUMENTS'])
    expect([path, await outcome(client.setAcl(path, openAcl))]).toEqual([path, 'BADARGUMENTS'])
  }
  expect(await outcome(client.setAcl('/a', []))).toBe('INVALIDACL')
  expect(await outcome(client.setAcl('/nowhere', []))).toBe('INVALIDACL')
  expect(await outcome(client.setAcl('/nowhere', openAcl))).toBe('NONODE')
  expect(await outcome(client.delete('a'))).toBe('BADARGUMENTS')
  expect(await outcome(client.delete('/nul\u0000'))).toBe('BADARGUMENTS')
  expect(await outcome(client.delete('/b/c'))).toBe('NONODE')
  expect(await outcome(client.delete('/a/'))).toBe('NONODE')
})

test('delete looks at the version before it looks for children', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  await client.create('/a/b')
  expect(await outcome(client.delete('/a', 5))).toBe('BADVERSION')
  expect(await outcome(client.delete('/a', 0))).toBe('NOTEMPTY')
})

test('null paths: a bad record for most, a bad path for setData and setACL', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const create = await client.request(RawOp.create, (writer) => writeCreate(writer, null, null, openAcl, 0))
  const remove = await client.request(RawOp.delete, (writer) => {
    writer.writeString(null)
    writer.writeInt(-1)
  })
  const set = await client.request(RawOp.setData, (writer) => {
    writer.writeString(null)
    writer.writeBuffer(null)
    writer.writeInt(-1)
  })
  const setAcl = await client.request(RawOp.setAcl, (writer) => {
    writer.writeString(null)
    writer.writeInt(1)
    writer.writeInt(31)
    writer.writeString('world')
    writer.writeString('anyone')
    writer.writeInt(-1)
  })
  expect([create.err, remove.err, set.err, setAcl.err]).toEqual([-5, -5, -8, -8])
})

test('a sequential name that somebody has taken is refused, and the number is used up by nobody', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  await client.create('/a/0000000001')
  const append = (): Promise<string> => outcome(client.create('/a/', null, RawCreateMode.persistentSequential))
  expect([await append(), await append()]).toEqual(['NODEEXISTS', 'NODEEXISTS'])
  await client.create('/a/other')
  expect(await client.create('/a/', null, RawCreateMode.persistentSequential)).toBe('/a/0000000002')
})
