// What was acknowledged is there after a restart and after a crash, and nothing else is.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAcl, type RawClient, RawCreateMode } from '../support/raw-client.ts'
import { type DumpedNode, dumpTree } from '../support/tree.ts'
import { ask } from './ask.ts'
import { HeldDisk } from './held-disk.ts'
import { outcome, until } from './outcomes.ts'
import { TestServer } from './test-server.ts'

const SUPER_DIGEST = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
/** Extended types for nodes with a time to live, and somebody who may read everything. */
const PROPERTIES = { extendedTypesEnabled: true, 'DigestAuthenticationProvider.superDigest': SUPER_DIGEST, tickTime: 2000 }

async function connectAsSuper(server: TestServer): Promise<RawClient> {
  const client = await server.connect({ timeoutMs: 40_000 })
  await client.auth('digest', 'super:test')
  return client
}

async function dumpOf(server: TestServer): Promise<DumpedNode[]> {
  return dumpTree(await connectAsSuper(server))
}

function filesOf(folder: string, prefix: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith(`${prefix}.`))
}

/** One node of every kind and with everything that a node can have. */
async function growTree(client: RawClient): Promise<void> {
  await client.auth('digest', 'u:p')
  await client.create('/a', 'data')
  await client.create('/a/null', null)
  await client.create('/a/empty', '')
  await client.create('/a/é', new Uint8Array(5000).fill(0xee))
  await client.create('/a/mine', 'x', RawCreateMode.persistent, [
    { perms: 31, scheme: 'auth', id: '' },
    { perms: 1, scheme: 'ip', id: '10.0.0.0/8' },
  ])
  await client.create('/a/eph', 'e', RawCreateMode.ephemeral)
  for (let index = 0; index < 5; index++) await client.create('/a/s-', String(index), RawCreateMode.persistentSequential)
  await client.delete('/a/s-0000000006')
  await client.setData('/a', 'changed')
  await client.setData('/a', 'changed again')
  await client.setAcl('/a/empty', [...openAcl, { perms: 3, scheme: 'digest', id: 'x:y' }])
  await client.createContainer('/container', 'c')
  await client.create('/container/child')
  await client.createTtl('/ttl', 10_000_000, 't')
  await client.multi([
    { op: 'create', path: '/m' },
    { op: 'create', path: '/m/n', data: 'in a multi' },
    { op: 'setData', path: '/m', data: 'm' },
  ])
  await outcome(client.create('/m'))
  await client.multi([{ op: 'delete', path: '/m' }])
  await client.create('/zookeeper/quota/a')
  await client.create('/zookeeper/quota/a/zookeeper_limits', 'count=100,bytes=100000')
  await client.create('/zookeeper/quota/a/zookeeper_stats', 'count=0,bytes=0')
  await client.create('/a/counted', 'c')
}

test.each([
  ['as it is set up', {}],
  ['with a snapshot every few writes', { snapCount: 4 }],
  ['with compressed snapshots', { snapCount: 4, 'snapshot.compression.method': 'gz' }],
  ['with snapshots in snappy', { snapCount: 4, 'snapshot.compression.method': 'snappy' }],
  ['with logs of one kilobyte', { txnLogSizeLimitInKb: 1, preAllocSize: 1 }],
  ['without digests', { 'digest.enabled': false, snapCount: 4 }],
  ['without the last zxid in its snapshots', { 'serializeLastProcessedZxid.enabled': false, snapCount: 4 }],
  ['without syncs', { forceSync: 'no' }],
  ['with the ends of sessions logged in the old form', { 'closeSessionTxn.enabled': false }],
])('A27: a server %s has the same tree after a restart, node by node', async (_what, properties) => {
  await using server = await TestServer.start({ ...PROPERTIES, ...properties })
  const client = await connectAsSuper(server)
  await growTree(client)
  const gone = await server.connect()
  await gone.create('/a/gone', null, RawCreateMode.ephemeral)
  await gone.close()
  const before = await dumpTree(client)
  const { lastZxid } = client
  await server.restart()
  // The session of the ephemeral node lives on; the one that dumps is new.
  expect(await dumpOf(server)).toEqual(before)
  const again = await connectAsSuper(server)
  expect((await again.create2('/next')).stat.czxid).toBe(lastZxid + 3)
  const later = await dumpTree(again)
  await server.restart()
  await server.restart()
  expect(await dumpOf(server)).toEqual(later)
  expect(server.logger.lines.filter((line) => line.startsWith('error') || line.includes('igest of'))).toEqual([])
})

test('A8: what was acknowledged is there when the machine dies at that moment', async () => {
  await using server = await TestServer.start({ ...PROPERTIES, snapCount: 20 })
  const client = await connectAsSuper(server)
  await client.create('/p')
  for (let round = 0; round < 5; round++) {
    let acknowledged = 0
    const count = 60
    const writes = Array.from({ length: count }, async (_, index) => {
      await client.create(`/p/${round}-${index}`, `${index}`)
      acknowledged++
    })
    await Promise.all(writes.slice(0, 1 + round * 10))
    const certain = acknowledged
    await using copy = await server.startOnCopy()
    await Promise.all(writes)
    const reader = await connectAsSuper(copy)
    const names = await reader.getChildren('/p')
    const numbers = names
      .filter((name) => name.startsWith(`${round}-`))
      .map((name) => Number(name.split('-')[1]))
      .toSorted((left, right) => left - right)
    expect(numbers.length).toBeGreaterThanOrEqual(certain)
    // What was sent later is there only if everything before it is.
    expect(numbers).toEqual(numbers.map((_, index) => index))
    expect(await ask(copy.port, 'mntr')).toMatch(/^zk_digest_mismatches_count\t0$/m)
  }
})

test('A8: a write that is not on the disk is acknowledged to nobody and seen by nobody', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start(PROPERTIES, { runtime: { disk } })
  const client = await server.connect()
  const other = await server.connect()
  await other.exists('/a', true)
  disk.hold()
  let isAcknowledged = false
  const created = client.create('/a').then(() => {
    isAcknowledged = true
  })
  await until(() => disk.heldCount > 0, 'the sync of the write')
  expect(await other.exists('/a')).toBeNull()
  await other.ping()
  expect(isAcknowledged).toBe(false)
  expect(other.events).toEqual([])
  disk.release()
  await created
  expect(await other.exists('/a')).not.toBeNull()
})

test('a disk that fails ends the server without acknowledging anything more, and what was acknowledged is there later', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start(PROPERTIES, { runtime: { disk } })
  const client = await server.connect()
  await client.create('/before')
  const { closed } = server
  disk.hold()
  const lost = client.create('/lost').then(
    () => 'acknowledged',
    () => 'not acknowledged',
  )
  await until(() => disk.heldCount > 0, 'the sync of the write')
  disk.break()
  expect(await lost).toBe('not acknowledged')
  expect(await closed).toBeInstanceOf(Error)
  expect(server.logger.linesWith('no write is acknowledged any more')).toHaveLength(1)
  await expect(server.connect()).rejects.toThrow()
  await using copy = await server.startOnCopy()
  expect(await (await copy.connect()).exists('/before')).not.toBeNull()
})

test('snapshots that are taken while the tree changes lead to the same tree, whenever the machine dies', async () => {
  await using server = await TestServer.start({ ...PROPERTIES, snapCount: 30 })
  const client = await connectAsSuper(server)
  await client.create('/p')
  await client.create('/q')
  let isDone = false
  const load = (async () => {
    for (let round = 0; !isDone; round++) {
      const batch: Promise<unknown>[] = []
      for (let index = 0; index < 20; index++) {
        const path = `/p/${(round * 7 + index) % 50}`
        batch.push(outcome(client.create(path, 'x'.repeat(index * 10))))
        batch.push(outcome(client.create(`${path}/child`)))
        batch.push(outcome(client.setData(path, `${round}`)))
        if (index % 3 === 0) batch.push(outcome(client.delete(`${path}/child`)), outcome(client.delete(path)))
        batch.push(client.create('/q/s-', null, RawCreateMode.ephemeralSequential))
        batch.push(
          client.multi([
            { op: 'setData', path: '/q', data: `${round}-${index}` },
            { op: 'setData', path: '/p', data: `${round}-${index}` },
          ]),
        )
      }
      await Promise.all(batch)
    }
  })()
  let snapshots = 0
  for (let round = 0; round < 6; round++) {
    const { lastZxid } = client
    await using copy = await server.startOnCopy()
    const reader = await connectAsSuper(copy)
    // Both sides of each multi are there, or neither.
    expect(await reader.getText('/q')).toBe(await reader.getText('/p'))
    expect((await reader.create2('/last')).stat.czxid).toBeGreaterThan(lastZxid)
    expect(await ask(copy.port, 'mntr')).toMatch(/^zk_digest_mismatches_count\t0$/m)
    snapshots = filesOf(server.dataFolder, 'snapshot').length
  }
  isDone = true
  await load
  expect(snapshots).toBeGreaterThan(3)
  const before = await dumpTree(client)
  await server.restart()
  expect(await dumpOf(server)).toEqual(before)
})

test('A144 A145: with purging on, a start keeps three snapshots and the logs that they need', async () => {
  await using server = await TestServer.start({ ...PROPERTIES, snapCount: 4 })
  const client = await connectAsSuper(server)
  await client.create('/a')
  while (filesOf(server.dataFolder, 'snapshot').length < 7) await client.setData('/a', 'x')
  const before = await dumpTree(client)
  await server.restart()
  expect(filesOf(server.dataFolder, 'snapshot').length).toBeGreaterThanOrEqual(7)
  await server.restart({ 'autopurge.purgeInterval': 1, 'autopurge.snapRetainCount': 1 })
  await until(() => server.logger.linesWith('Purge task completed').length > 0, 'the purge')
  // Another one may be on its way, of what was replayed.
  const kept = filesOf(server.dataFolder, 'snapshot').length
  expect([3, 4]).toContain(kept)
  expect(await dumpOf(server)).toEqual(before)
  await server.restart()
  expect(await dumpOf(server)).toEqual(before)
})

test('A146: logs and snapshots can have a directory each', async () => {
  // Relative paths start at the server's own directory.
  await using server = await TestServer.start({ ...PROPERTIES, dataLogDir: './logs' })
  const client = await connectAsSuper(server)
  await client.create('/a', 'x')
  const logFolder = join(server.directory, 'logs', 'version-2')
  expect(filesOf(logFolder, 'log')).toHaveLength(1)
  expect(filesOf(logFolder, 'snapshot')).toEqual([])
  expect(filesOf(server.dataFolder, 'log')).toEqual([])
  expect(filesOf(server.dataFolder, 'snapshot').length).toBeGreaterThan(0)
  await server.restart()
  expect(await (await server.connect()).getText('/a')).toBe('x')
})

test('an empty server that is restarted stays empty and goes on counting', async () => {
  await using server = await TestServer.start(PROPERTIES)
  const before = await dumpOf(server)
  expect(before.map((node) => node.path)).toEqual(['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota'])
  await server.restart()
  await server.restart()
  expect(await dumpOf(server)).toEqual(before)
  const client = await server.connect()
  // Three sessions began before.
  expect((await client.create2('/a')).stat.czxid).toBe(4)
})
