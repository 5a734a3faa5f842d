/** What is stored and how the Stat follows each change. */
import { RawCreateMode } from '../../../support/raw-client.ts'
import { type ProtocolCase, text } from './stage.ts'

export const statCases: readonly ProtocolCase[] = [
  {
    name: 'the nodes of an empty tree',
    play: async (stage) => {
      const client = await stage.client()
      for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) {
        const { data, stat } = await client.getData(path)
        // The counters of the root and of the quota's root go on from case to case.
        stage.note(path, text(data), stat.version, stat.aversion, stat.numChildren, stat.czxid, stat.ctime, stat.ephemeralOwner)
        const { acl } = await client.getAcl(path)
        stage.note(`${path} ACL`, acl)
      }
      stage.note('all', await client.getAllChildrenNumber('/'))
    },
  },
  {
    name: 'A35 A36 A38 A40 A41 A42 A43 A45 A46: the Stat after each change',
    play: async (stage) => {
      const client = await stage.client()
      const look = async (what: string): Promise<void> => {
        const { data, stat } = await client.getData('/a')
        stage.note(what, text(data), stage.stat(stat))
      }
      await client.create('/a', 'x')
      await look('created')
      stage.note('sequential', await client.create('/a/s-', null, RawCreateMode.persistentSequential))
      await look('one child')
      stage.note('named by the number alone', await client.create('/a/', null, RawCreateMode.persistentSequential))
      await look('two children')
      await client.setData('/a', null)
      await look('null data')
      await client.setData('/a', '')
      await look('empty data')
      await client.setData('/a', 'grün')
      await look('data beyond ASCII')
      await client.delete('/a/s-0000000000')
      await look('a child less')
      await client.setData('/a/0000000001', 'child')
      await look('data of a child')
      stage.note('setACL', stage.stat(await client.setAcl('/a', [{ perms: 31, scheme: 'world', id: 'anyone' }])))
      await look('ACL')
      await client.multi([
        { op: 'setData', path: '/a', data: '1' },
        { op: 'setData', path: '/a', data: '2' },
        { op: 'create', path: '/a/m' },
        { op: 'create', path: '/a/n' },
        { op: 'delete', path: '/a/m' },
      ])
      await look('a transaction')
      await client.sync('/a')
      await look('sync')
    },
  },
  {
    name: 'A26 A44: the Stat of every kind of node',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/k')
      for (const [name, mode] of Object.entries(RawCreateMode)) {
        if (mode === RawCreateMode.container) {
          await stage.outcome(name, client.createContainer(`/k/${name}`), ({ path, stat }) => [path, stage.stat(stat, client)])
        } else if (mode >= RawCreateMode.persistentWithTtl) {
          await stage.outcome(name, client.createTtl(`/k/${name}`, 60_000, 'x', mode), ({ path, stat }) => [
            path,
            stage.stat(stat, client),
          ])
        } else {
          await stage.outcome(name, client.create2(`/k/${name}`, 'x', mode), ({ path, stat }) => [path, stage.stat(stat, client)])
        }
      }
      const { children, stat } = await client.getChildren2('/k')
      stage.note('all', children.sort(), stage.stat(stat))
    },
  },
  {
    name: 'A30 A31 A32: sequence numbers count what was created below the parent',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/q')
      const names: string[] = []
      const create = async (path: string, flags: number): Promise<void> => {
        names.push(await client.create(path, null, flags))
      }
      await create('/q/a-', RawCreateMode.persistentSequential)
      await create('/q/plain', RawCreateMode.persistent)
      await create('/q/b-', RawCreateMode.ephemeralSequential)
      await client.delete('/q/a-0000000000')
      await create('/q/a-', RawCreateMode.persistentSequential)
      await client.multi([
        { op: 'create', path: '/q/lost-', flags: RawCreateMode.persistentSequential },
        { op: 'check', path: '/q', version: 77 },
      ])
      await create('/q/after-failure-', RawCreateMode.persistentSequential)
      const results = await client.multi([
        { op: 'create', path: '/q/m-', flags: RawCreateMode.persistentSequential },
        { op: 'create', path: '/q/m-', flags: RawCreateMode.persistentSequential },
        { op: 'create', path: '/q/m-', flags: RawCreateMode.ephemeralSequential },
      ])
      names.push(...results.map((result) => result.path ?? 'no path'))
      await create('/q/0000000', RawCreateMode.persistentSequential)
      await create('/q/%d%s', RawCreateMode.persistentSequential)
      stage.note('names', names)
    },
  },
  {
    name: 'versions wrap and are compared as they stand',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/v')
      await stage.outcome('version 0', client.setData('/v', '1', 0), (stat) => stat.version)
      await stage.outcome('version 0 again', client.setData('/v', '2', 0))
      await stage.outcome('version -2', client.setData('/v', '2', -2))
      await stage.outcome('any version', client.setData('/v', '2', -1), (stat) => stat.version)
      await stage.outcome('delete at a wrong version', client.delete('/v', 1))
      await stage.outcome('setACL at a wrong version', client.setAcl('/v', [{ perms: 31, scheme: 'world', id: 'anyone' }], 1))
      await stage.outcome(
        'setACL',
        client.setAcl('/v', [{ perms: 31, scheme: 'world', id: 'anyone' }], 0),
        (stat) => stat.aversion,
      )
      await stage.outcome('delete', client.delete('/v', 2))
    },
  },
  {
    name: 'counting descendants and listing ephemeral nodes',
    play: async (stage) => {
      const client = await stage.client()
      const other = await stage.client()
      for (const path of ['/a', '/a/b', '/a/b/c', '/ab']) await client.create(path)
      for (const path of ['/a/e', '/a/b/e', '/ab/e', '/e']) await client.create(path, null, RawCreateMode.ephemeral)
      await other.create('/a/other', null, RawCreateMode.ephemeral)
      for (const path of ['/', '/a', '/a/b', '/ab', '/a/e', '/nope']) {
        await stage.outcome(`count ${path}`, client.getAllChildrenNumber(path), (count) => count)
      }
      for (const prefix of [null, '', ' ', '/', '/a', '/a/', '/a/b', '/nope', 'a']) {
        await stage.outcome(`ephemeral below ${prefix}`, client.getEphemerals(prefix), (paths) => paths.sort())
      }
    },
  },
  {
    name: 'counting the descendants of the empty path',
    play: async (stage) => {
      const client = await stage.client()
      await stage.outcome('count', client.getAllChildrenNumber(''), (count) => count)
    },
  },
  {
    name: 'failures take a zxid and reads do not',
    play: async (stage) => {
      const client = await stage.client()
      const zxidNow = async (what: string): Promise<void> => stage.note(what, stage.zxid((await client.ping()).zxid))
      await zxidNow('a session')
      await client.create('/a')
      await zxidNow('create')
      await stage.outcome('create again', client.create('/a'))
      await zxidNow('a failed create')
      await client.multi([])
      await zxidNow('an empty multi')
      await client.multi([{ op: 'check', path: '/a', version: 9 }])
      await zxidNow('a failed multi')
      await stage.outcome('delete', client.delete('/nope'))
      await stage.outcome('setData', client.setData('/nope', 'x'))
      await stage.outcome('setAcl', client.setAcl('/nope', null))
      await zxidNow('three failures')
      await client.getData('/a')
      await client.getChildren('/a', true)
      await client.exists('/nope', true)
      await client.sync('/a')
      await client.getEphemerals()
      await client.whoAmI()
      await client.addWatch('/a', 1)
      await client.removeWatches('/a', 3)
      await client.multiRead([{ op: 'getData', path: '/a' }])
      await client.auth('digest', 'a:b')
      await zxidNow('reads')
      const other = await stage.client()
      await zxidNow('a session more')
      await other.create('/e1', null, RawCreateMode.ephemeral)
      await other.create('/e2', null, RawCreateMode.ephemeral)
      await other.close()
      await zxidNow('its end with two nodes')
      stage.note('pzxid of the root', stage.zxid((await client.exists('/'))?.pzxid ?? -2))
    },
  },
]
