import { expect, test } from 'vitest'
import { type RawClient, RawCreateMode } from '../support/raw-client.ts'
import { outcome } from './outcomes.ts'
import { errorName } from './raw-session.ts'
import { TestServer } from './test-server.ts'

/** Sets a quota on `path`, as the command line tools do: first the limits, then the statistics. */
async function setQuota(client: RawClient, path: string, limits: string): Promise<void> {
  let parent = '/zookeeper/quota'
  for (const name of path.split('/').slice(1)) {
    parent = `${parent}/${name}`
    await client.create(parent)
  }
  await client.create(`${parent}/zookeeper_limits`, limits)
  await client.create(`${parent}/zookeeper_stats`, 'count=0,bytes=0')
}

function usage(client: RawClient, path: string): Promise<string> {
  return client.getText(`/zookeeper/quota${path}/zookeeper_stats`)
}

test('the statistics of a quota count what is below its path, from the moment it is set', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/q', '1234')
  await client.create('/q/a', '56')
  await client.create('/other', 'not counted')
  await setQuota(client, '/q', 'count=100,bytes=1000')
  expect(await usage(client, '/q')).toBe('count=2,bytes=6')
  await client.create('/q/a/b', '789')
  expect(await usage(client, '/q')).toBe('count=3,bytes=9')
  await client.setData('/q/a', null)
  expect(await usage(client, '/q')).toBe('count=3,bytes=7')
  await client.setData('/q', 'longer than it was')
  expect(await usage(client, '/q')).toBe('count=3,bytes=21')
  await client.delete('/q/a/b')
  expect(await usage(client, '/q')).toBe('count=2,bytes=18')
  await client.create('/qq', 'begins alike and is not below')
  expect(await usage(client, '/q')).toBe('count=2,bytes=18')
  // Nobody has changed the node: the server writes it past all versions and watches.
  const { stat } = await client.getData('/zookeeper/quota/q/zookeeper_stats')
  expect(stat).toMatchObject({ version: 0, mzxid: stat.czxid, dataLength: 16 })
  await client.exists('/zookeeper/quota/q/zookeeper_stats', true)
  await client.create('/q/c')
  await client.ping()
  expect(client.events).toEqual([])
})

test('the statistics follow ephemeral nodes, containers and multis', async () => {
  await using server = await TestServer.start({ 'znode.container.checkIntervalMs': 20 })
  const client = await server.connect()
  const other = await server.connect()
  await client.create('/q')
  await setQuota(client, '/q', 'count=100,bytes=1000')
  await other.create('/q/e', '12345', RawCreateMode.ephemeral)
  await client.createContainer('/q/c', '123')
  await client.multi([
    { op: 'create', path: '/q/c/m', data: '1' },
    { op: 'setData', path: '/q', data: '22' },
  ])
  expect(await usage(client, '/q')).toBe('count=4,bytes=11')
  await client.exists('/q/c', true)
  await client.delete('/q/c/m')
  await client.nextEvent()
  await other.close()
  expect(await usage(client, '/q')).toBe('count=1,bytes=2')
})

test('A195: a soft limit is reported in the log and refuses nothing', async () => {
  await using server = await TestServer.start({ enforceQuota: true })
  const client = await server.connect()
  await client.create('/q')
  await setQuota(client, '/q', 'count=2,bytes=5')
  await client.create('/q/a', '12345')
  expect(server.logger.linesWith('Quota exceeded: /q')).toEqual([])
  await client.create('/q/b', '6')
  const lines = server.logger.linesWith('Quota exceeded: /q')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('soft')
  expect(await usage(client, '/q')).toBe('count=3,bytes=6')
})

test('A195: a hard limit refuses what would exceed it, in a multi as well', async () => {
  await using server = await TestServer.start({ enforceQuota: true })
  const client = await server.connect()
  await client.create('/q')
  await setQuota(client, '/q', 'count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3')
  expect(await outcome(client.create('/q/a', '12345'))).toBe('OK')
  expect(await outcome(client.create('/q/b', '123456'))).toBe('QUOTAEXCEEDED')
  expect(await outcome(client.create('/q/b', '12345'))).toBe('OK')
  expect(await outcome(client.create('/q/c'))).toBe('QUOTAEXCEEDED')
  expect(await outcome(client.setData('/q/a', '123456'))).toBe('QUOTAEXCEEDED')
  expect(await outcome(client.setData('/q/a', '54321'))).toBe('OK')
  const results = await client.multi([
    { op: 'delete', path: '/q/b' },
    { op: 'setData', path: '/q', data: 'far too long a text' },
  ])
  expect(results.map((result) => errorName(result.err))).toEqual(['OK', 'QUOTAEXCEEDED'])
  expect(await usage(client, '/q')).toBe('count=3,bytes=10')
  await client.delete('/q/b')
  expect(await outcome(client.create('/q/c', '1'))).toBe('OK')
  // Deleting and changing the ACL is always allowed, and so is everything elsewhere.
  expect(await outcome(client.create('/elsewhere', 'far too long a text'))).toBe('OK')
})

test('A195: without enforceQuota a hard limit is reported and refuses nothing', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/q')
  await setQuota(client, '/q', 'count=-1,bytes=-1=;byteHardLimit=1;countHardLimit=1')
  expect(await outcome(client.create('/q/a', '12345'))).toBe('OK')
  expect(server.logger.linesWith('hard').length).toBeGreaterThan(0)
})

test('limits that cannot be read refuse what they would limit, and a quota that is taken away refuses nothing', async () => {
  await using server = await TestServer.start({ enforceQuota: true })
  const client = await server.connect()
  await client.create('/q')
  await setQuota(client, '/q', 'count=many')
  expect(await outcome(client.create('/q/a'))).toBe('MARSHALLINGERROR')
  await client.setData('/zookeeper/quota/q/zookeeper_limits', 'count=1,bytes=-1=;countHardLimit=1')
  expect(await outcome(client.create('/q/a'))).toBe('QUOTAEXCEEDED')
  await client.delete('/zookeeper/quota/q/zookeeper_limits')
  expect(await outcome(client.create('/q/a'))).toBe('OK')
  expect(await usage(client, '/q')).toBe('count=1,bytes=0')
})

test('a restart keeps quotas and counts again', async () => {
  await using server = await TestServer.start({ enforceQuota: true })
  const client = await server.connect()
  await client.create('/q', '1')
  await setQuota(client, '/q', 'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2')
  await client.create('/q/a', '22')
  await server.restart()
  const later = await server.connect()
  expect(await usage(later, '/q')).toBe('count=2,bytes=3')
  expect(await outcome(later.create('/q/b'))).toBe('QUOTAEXCEEDED')
  await later.delete('/q/a')
  expect(await usage(later, '/q')).toBe('count=1,bytes=1')
})
