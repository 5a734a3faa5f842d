import { OPEN_ACL, ZooKeeperError } from '@tskeeper/client'
import { expect, test } from 'vitest'
import { ensureDirectory } from '../../src/line/directory.ts'
import { Lock } from '../../src/lock/lock.ts'
import { ManualTimers, manualClient } from '../support/manual-client.ts'
import { World } from '../support/test-world.ts'

test('what is missing above is created as containers, and what is there stays what it is', async () => {
  await using world = await World.start()
  const zk = await world.client()
  await zk.create('/app', 'mine')
  await Promise.all([ensureDirectory(zk, '/app/a/b', OPEN_ACL, null), ensureDirectory(zk, '/app/a/b', OPEN_ACL, null)])
  await ensureDirectory(zk, '/app/a/b', OPEN_ACL, null)
  expect(await zk.children('/app/a')).toEqual(['b'])
  expect((await zk.get('/app')).stat.version).toBe(0)
})

test('a server that knows no containers gets persistent nodes', async () => {
  const created: string[] = []
  const zk = manualClient(new ManualTimers(), {
    create: (path, _data, options) => {
      if (options?.mode === 'container') return Promise.reject(new ZooKeeperError('UNIMPLEMENTED', 'no containers'))
      created.push(path)
      return Promise.resolve(path)
    },
  })
  await ensureDirectory(zk, '/a', OPEN_ACL, null)
  expect(created).toEqual(['/a'])
})

test('a root that nobody has created is named in the error', async () => {
  await using world = await World.start()
  const zk = await world.client({}, '/nowhere')
  await expect(new Lock(zk, '/lock').acquire()).rejects.toThrow(/root .*\/nowhere does not exist/)
})
