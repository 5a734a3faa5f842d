// The tree as clients see it: names, data, kinds of nodes, and what the Stat of a node tells.

import { expect, test } from 'vitest'
import { openAcl, type RawClient, RawCreateMode, type RawStat } from '../support/raw-client.ts'
import { outcome } from './outcomes.ts'
import { TestServer } from './test-server.ts'

async function statOf(client: RawClient, path: string): Promise<RawStat> {
  const stat = await client.exists(path)
  if (stat === null) throw new Error(`${path} is not there`)
  return stat
}

test('A1: a create is followed by a read of the same data', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'x')
  expect(await client.getText('/a')).toBe('x')
})

test('A23: a node is file and directory at once', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', '1')
  await client.create('/a/b', '2')
  expect(await client.getText('/a')).toBe('1')
  expect(await client.getChildren('/a')).toEqual(['b'])
  expect(await client.getText('/a/b')).toBe('2')
})

test('A24: data are bytes, all 256 of them', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
  await client.create('/a', bytes)
  expect([...((await client.getData('/a')).data ?? [])]).toEqual([...bytes])
  await client.setData('/a', bytes.toReversed())
  expect([...((await client.getData('/a')).data ?? [])]).toEqual([...bytes.toReversed()])
})

test('A25: no data and empty data are two things', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/master', null)
  await client.create('/empty', '')
  expect(await client.getData('/master')).toMatchObject({ data: null, stat: { dataLength: 0 } })
  expect((await client.getData('/empty')).data).toHaveLength(0)
  expect(await client.getData('/empty')).toMatchObject({ stat: { dataLength: 0 } })
  await client.setData('/empty', null)
  await client.setData('/master', new Uint8Array(0))
  expect((await client.getData('/empty')).data).toBeNull()
  expect((await client.getData('/master')).data).toHaveLength(0)
})

test('A26 A44: the four kinds of nodes, and whose they are', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  expect(await client.create('/p', null, RawCreateMode.persistent)).toBe('/p')
  expect(await client.create('/e', null, RawCreateMode.ephemeral)).toBe('/e')
  expect(await client.create('/ps', null, RawCreateMode.persistentSequential)).toBe('/ps0000000002')
  expect(await client.create('/es', null, RawCreateMode.ephemeralSequential)).toBe('/es0000000003')
  expect((await statOf(client, '/p')).ephemeralOwner).toBe(0n)
  expect((await statOf(client, '/e')).ephemeralOwner).toBe(client.sessionId)
  expect((await statOf(client, '/ps0000000002')).ephemeralOwner).toBe(0n)
  expect((await statOf(client, '/es0000000003')).ephemeralOwner).toBe(client.sessionId)
})

test('A27: a persistent node outlives its client and the server', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'x')
  const before = await client.getData('/a')
  await client.close()
  await server.restart()
  const later = await server.connect()
  expect(await later.getData('/a')).toEqual(before)
  await later.delete('/a')
  expect(await later.exists('/a')).toBeNull()
})

test('A29: ephemeral nodes have no children', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/e', null, RawCreateMode.ephemeral)
  expect(await outcome(client.create('/e/x'))).toBe('NOCHILDRENFOREPHEMERALS')
  expect(await outcome(client.create('/e/x-', null, RawCreateMode.ephemeralSequential))).toBe('NOCHILDRENFOREPHEMERALS')
  expect((await statOf(client, '/e')).numChildren).toBe(0)
})

test('A30: the numbers of a parent go on after a delete, whatever the names before them', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/q')
  const append = (name: string): Promise<string> => client.create(`/q/${name}`, null, RawCreateMode.persistentSequential)
  expect([await append('n-'), await append('n-'), await append('n-')]).toEqual([
    ...['/q/n-0000000000', '/q/n-0000000001', '/q/n-0000000002'],
  ])
  await client.delete('/q/n-0000000002')
  expect(await append('n-')).toBe('/q/n-0000000003')
  expect(await append('other-')).toBe('/q/other-0000000004')
  expect(await append('')).toBe('/q/0000000005')
  await server.restart()
  const later = await server.connect()
  expect(await later.create('/q/n-', null, RawCreateMode.ephemeralSequential)).toBe('/q/n-0000000006')
})

test('A31: the first task has the number 0000000000', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/tasks')
  expect(await client.create('/tasks/task-', 'cmd', RawCreateMode.persistentSequential)).toBe('/tasks/task-0000000000')
})

test('A32: numbers tell the order of creation among clients that create at once', async () => {
  await using server = await TestServer.start({ tickTime: 2000 })
  const clients = await Promise.all(Array.from({ length: 10 }, () => server.connect()))
  await clients[0]?.create('/q')
  const made = await Promise.all(
    clients.flatMap((client) =>
      Array.from({ length: 100 }, () => client.create2('/q/n-', null, RawCreateMode.persistentSequential)),
    ),
  )
  const bySuffix = made.toSorted((left, right) => (left.path < right.path ? -1 : 1))
  const byZxid = made.toSorted((left, right) => left.stat.czxid - right.stat.czxid)
  expect(bySuffix.map(({ path }) => path)).toEqual(byZxid.map(({ path }) => path))
  expect(new Set(made.map(({ path }) => path)).size).toBe(1000)
  expect(bySuffix.at(-1)?.path).toBe('/q/n-0000000999')
})

test('A33: a name is taken once', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'first')
  expect(await outcome(client.create('/a', 'second'))).toBe('NODEEXISTS')
  expect(await outcome(client.create('/a', 'second', RawCreateMode.ephemeral))).toBe('NODEEXISTS')
  expect(await outcome(client.create('/'))).toBe('NODEEXISTS')
  expect(await client.getText('/a')).toBe('first')
})

test('A34: a node with children is not deleted', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/my_test')
  await client.create('/my_test/child')
  expect(await outcome(client.delete('/my_test'))).toBe('NOTEMPTY')
  await client.delete('/my_test/child')
  await client.delete('/my_test')
  expect(await client.exists('/my_test')).toBeNull()
})

test('A35 A36 A37 A38 A39 A40 A41 A42 A43 A45 A46: each field of the Stat moves with what it stands for, and with nothing else', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const beforeMs = Date.now()
  const { stat: born } = await client.create2('/n', 'äöü')
  expect(born).toEqual({
    czxid: client.lastZxid,
    mzxid: client.lastZxid,
    pzxid: client.lastZxid,
    ctime: born.ctime,
    mtime: born.ctime,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    dataLength: 6,
    numChildren: 0,
  })
  expect(born.ctime).toBeGreaterThanOrEqual(beforeMs)
  expect(born.ctime).toBeLessThanOrEqual(Date.now())
  expect(await statOf(client, '/n')).toEqual(born)

  const set = await client.setData('/n', 'x')
  expect(set).toEqual({ ...born, mzxid: client.lastZxid, mtime: set.mtime, version: 1, dataLength: 1 })
  expect(set.mtime).toBeGreaterThanOrEqual(born.mtime)

  const { stat: child } = await client.create2('/n/c')
  const parent = await statOf(client, '/n')
  expect(parent).toEqual({ ...set, pzxid: child.czxid, cversion: 1, numChildren: 1 })

  await client.setData('/n/c', 'x')
  expect(await statOf(client, '/n')).toEqual(parent)
  await client.create('/n/c/grandchild')
  expect(await statOf(client, '/n')).toEqual(parent)
  await client.delete('/n/c/grandchild')

  const acl = await client.setAcl('/n', openAcl)
  expect(acl).toEqual({ ...parent, aversion: 1 })

  await client.delete('/n/c')
  expect(await statOf(client, '/n')).toEqual({ ...acl, pzxid: client.lastZxid, cversion: 2, numChildren: 0 })
})

test('A40 A41: the end of an ephemeral child counts as a change of the parent', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const other = await server.connect()
  await client.create('/p')
  await other.create('/p/e', null, RawCreateMode.ephemeral)
  await other.close()
  expect(await statOf(client, '/p')).toMatchObject({ cversion: 2, numChildren: 0 })
  const made = await client.create2('/after')
  expect((await statOf(client, '/p')).pzxid).toBe(made.stat.czxid - 1)
})

test('A42 A56: a version begins at 0 and rises by one with each change of the data', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/n')
  for (let version = 1; version <= 3; version++) expect((await client.setData('/n', 'same')).version).toBe(version)
})

test('A43: the version of the ACL rises with each change of it, and guards against a change in between', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/n')
  expect((await client.setAcl('/n', openAcl, 0)).aversion).toBe(1)
  expect(await outcome(client.setAcl('/n', openAcl, 0))).toBe('BADVERSION')
  expect((await client.setAcl('/n', openAcl, 1)).aversion).toBe(2)
  expect((await client.setAcl('/n', openAcl, -1)).aversion).toBe(3)
})

test('A46 A55: the number of children is the length of their list', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/p')
  const names = Array.from({ length: 1000 }, (_, index) => `child-${index}`)
  await Promise.all(names.map((name) => client.create(`/p/${name}`)))
  const { children, stat } = await client.getChildren2('/p')
  expect(stat.numChildren).toBe(1000)
  expect(children.toSorted()).toEqual(names.toSorted())
  expect((await client.getChildren('/p')).toSorted()).toEqual(names.toSorted())
})

test('A17 A47: a read gives the data and the version of the same moment, never a mix of two writes', async () => {
  await using server = await TestServer.start({ tickTime: 2000 })
  const writers = [await server.connect(), await server.connect()]
  const readers = [await server.connect(), await server.connect()]
  const size = 65_536
  await writers[0]?.create('/a', new Uint8Array(size))
  const versions = new Map<number, number>([[0, 0]])
  const writing = writers.map(async (writer, index) => {
    for (let round = 0; round < 60; round++) {
      const pattern = 1 + ((2 * round + index) % 250)
      versions.set((await writer.setData('/a', new Uint8Array(size).fill(pattern))).version, pattern)
    }
  })
  const read: [number, number][] = []
  let isDone = false
  const reading = readers.map(async (reader) => {
    while (!isDone) {
      const { data, stat } = await reader.getData('/a')
      const pattern = data?.[0] ?? -1
      expect([data?.length, data?.every((byte) => byte === pattern)]).toEqual([size, true])
      read.push([stat.version, pattern])
    }
  })
  await Promise.all(writing)
  isDone = true
  await Promise.all(reading)
  expect(read.length).toBeGreaterThan(10)
  for (const [version, pattern] of read) expect([version, pattern]).toEqual([version, versions.get(version)])
})

test('A48: a node may be used by everyone in every way unless somebody says otherwise', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/n')
  expect((await client.getAcl('/n')).acl).toEqual([{ perms: 31, scheme: 'world', id: 'anyone' }])
})

test('names may hold any script and blanks, and lengths count bytes', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const names = ['ä', '日本', 'with blank', '.hidden', '...', 'a.b', '%20', 'É', 'e\u0301', '-', '~', `long-${'x'.repeat(2000)}`]
  for (const name of names) await client.create(`/${name}`, name)
  expect((await client.getChildren('/')).toSorted()).toEqual([...names, 'zookeeper'].toSorted())
  for (const name of names) expect(await client.getText(`/${name}`)).toBe(name)
  await server.restart()
  const later = await server.connect()
  for (const name of names) expect(await later.getText(`/${name}`)).toBe(name)
})

test('the reserved nodes are there and cannot be deleted', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  expect((await client.getChildren('/zookeeper')).toSorted()).toEqual(['config', 'quota'])
  for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) {
    expect(await outcome(client.delete(path))).toBe('BADARGUMENTS')
  }
  expect(await outcome(client.setData('/zookeeper/config', 'x'))).toBe('NOAUTH')
  expect((await client.getAcl('/zookeeper/config')).acl).toEqual([{ perms: 1, scheme: 'world', id: 'anyone' }])
  expect((await client.setData('/', 'data of the root')).version).toBe(1)
  expect((await client.setData('/zookeeper', 'x')).version).toBe(1)
  expect(await client.create('/zookeeper/mine')).toBe('/zookeeper/mine')
})

test('getAllChildrenNumber counts everything below a node, and getEphemerals what the session owns', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const other = await server.connect()
  for (const path of ['/a', '/a/b', '/a/b/c', '/a/d', '/ab']) await client.create(path)
  expect(await client.getAllChildrenNumber('/a')).toBe(3)
  expect(await client.getAllChildrenNumber('/a/b/c')).toBe(0)
  expect(await client.getAllChildrenNumber('/')).toBe(8)
  expect(await outcome(client.getAllChildrenNumber('/nowhere'))).toBe('NONODE')
  for (const path of ['/a/e1', '/ab/e2', '/e3']) await client.create(path, null, RawCreateMode.ephemeral)
  await other.create('/a/e4', null, RawCreateMode.ephemeral)
  for (const all of [null, '', ' ', '/']) {
    expect((await client.getEphemerals(all)).toSorted()).toEqual(['/a/e1', '/ab/e2', '/e3'])
  }
  expect((await client.getEphemerals('/a')).toSorted()).toEqual(['/a/e1', '/ab/e2'])
  expect(await client.getEphemerals('/a/')).toEqual(['/a/e1'])
  expect(await client.getEphemerals('/nowhere')).toEqual([])
  expect(await client.getEphemerals(' /a')).toEqual([])
  for (const all of [' ', '\t/\n', '/\0']) expect(await client.getEphemerals(all)).toHaveLength(3)
  expect(await other.getEphemerals('/')).toEqual(['/a/e4'])
})

test('the worked example of a node’s life has the Stats that the reference shows', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'x')
  const first = await client.create2('/a/s-', null, RawCreateMode.persistentSequential)
  expect(first.path).toBe('/a/s-0000000000')
  expect(await statOf(client, '/a')).toMatchObject({ cversion: 1, numChildren: 1, pzxid: first.stat.czxid })
  const second = await client.create2('/a/', null, RawCreateMode.persistentSequential)
  expect(second.path).toBe('/a/0000000001')
  expect(await statOf(client, '/a')).toMatchObject({ cversion: 2, numChildren: 2, pzxid: second.stat.czxid, version: 0 })
  expect(await client.setData('/a', null)).toMatchObject({ version: 1, dataLength: 0, cversion: 2, pzxid: second.stat.czxid })
  await client.delete('/a/s-0000000000')
  expect(await statOf(client, '/a')).toMatchObject({ cversion: 3, numChildren: 1, pzxid: client.lastZxid, version: 1 })
})
