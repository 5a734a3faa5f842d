/** Plants a tree with a node of every kind and a history of every operation, for what is carried from one server to another. */
import { openAcl, RawClient, RawCreateMode } from '../../support/raw-client.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { SUPER_AUTH } from '../compat-server.ts'

/** Longer than any case, so that no session and no node with a time to live ends by itself. */
export const LONG_TIMEOUT_MS = 60_000
const LONG_TTL_MS = 86_400_000

const DIGEST_ID = 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ='

export interface PlantedTree {
  /** Their sessions are open and own ephemeral nodes. */
  readonly owners: readonly RawClient[]
  /** The ephemeral nodes of each owner. */
  readonly ephemerals: readonly (readonly string[])[]
}

/** All of it stands below `root`, so that a second tree can be planted beside the first. */
export async function plantRichTree(server: ServerProcess, root: string): Promise<PlantedTree> {
  const client = await RawClient.connect(server.host, server.port, { timeoutMs: LONG_TIMEOUT_MS })
  await client.create(root)
  await plantKinds(client, `${root}/kinds`)
  await plantAcls(client, `${root}/acl`)
  await plantHistories(client, `${root}/history`)
  await plantQuota(client, `${root}/quota`)
  await plantTransactions(client, `${root}/multi`)
  const planted = await plantEphemerals(server, client, `${root}/ephemeral`)
  await client.close()
  return planted
}

async function plantKinds(client: RawClient, path: string): Promise<void> {
  await client.create(path)
  await client.create(`${path}/null`, null)
  await client.create(`${path}/empty`, '')
  await client.create(
    `${path}/bytes`,
    Uint8Array.from({ length: 256 }, (_, value) => value),
  )
  await client.create(`${path}/large`, new Uint8Array(300_000).fill(0x5a))
  await client.create(`${path}/grün-日本-é`, 'ünïcödé')
  await client.create(`${path}/ a name with blanks `, 'x')
  for (let count = 0; count < 3; count++) await client.create(`${path}/seq-`, 'x', RawCreateMode.persistentSequential)
  await client.createContainer(`${path}/container`, 'x')
  await client.create(`${path}/container/child`, 'x')
  await client.createContainer(`${path}/unused-container`)
  await client.createTtl(`${path}/ttl`, LONG_TTL_MS, 'x')
  await client.createTtl(`${path}/ttl-`, LONG_TTL_MS, 'x', RawCreateMode.persistentSequentialWithTtl)
  await client.setData(`${path}/ttl`, 'changed')
}

async function plantAcls(client: RawClient, path: string): Promise<void> {
  await client.auth('digest', 'u:p')
  await client.create(path)
  await client.create(`${path}/auth`, 'x', RawCreateMode.persistent, [{ perms: 31, scheme: 'auth', id: '' }])
  await client.create(`${path}/read-only`, 'x', RawCreateMode.persistent, [{ perms: 1, scheme: 'world', id: 'anyone' }])
  const several = [
    { perms: 1, scheme: 'world', id: 'anyone' },
    { perms: 31, scheme: 'digest', id: DIGEST_ID },
    { perms: 6, scheme: 'ip', id: '10.0.0.0/8' },
  ]
  await client.create(`${path}/several`, 'x', RawCreateMode.persistent, several)
  await client.create(`${path}/changed`, 'x', RawCreateMode.persistent, several)
  await client.setAcl(`${path}/changed`, openAcl)
  await client.setAcl(`${path}/changed`, several, 1)
  await client.create(`${path}/closed`, 'x', RawCreateMode.persistent, [{ perms: 16, scheme: 'ip', id: '10.1.2.3' }])
}

/** Versions, counters of children and the numbers of sequential nodes come from what happened before. */
async function plantHistories(client: RawClient, path: string): Promise<void> {
  await client.create(path)
  await client.create(`${path}/changed`, '0')
  for (let version = 0; version < 5; version++) await client.setData(`${path}/changed`, `${version}`, version)
  await client.setData(`${path}/changed`, null)
  await client.create(`${path}/parent`)
  const names: string[] = []
  for (let count = 0; count < 20; count++)
    names.push(await client.create(`${path}/parent/n-`, 'x', RawCreateMode.persistentSequential))
  for (const name of names.slice(0, 13)) await client.delete(name)
  await client.create(`${path}/again`, 'first')
  await client.delete(`${path}/again`)
  await client.create(`${path}/again`, 'second')
  // What fails is written to the log too.
  for (const failing of [client.create(path), client.setData(`${path}/nope`, 'x'), client.delete(`${path}/parent`)]) {
    await failing.then(
      () => Promise.reject(new Error('a request that must fail went through')),
      () => undefined,
    )
  }
}

async function plantQuota(client: RawClient, path: string): Promise<void> {
  await client.create(path)
  let quotaPath = '/zookeeper/quota'
  for (const name of path.split('/').slice(1)) {
    quotaPath += `/${name}`
    if ((await client.exists(quotaPath)) === null) await client.create(quotaPath)
  }
  await client.create(`${quotaPath}/zookeeper_limits`, 'count=10,bytes=1000=;byteHardLimit=2000;countHardLimit=20')
  await client.create(`${quotaPath}/zookeeper_stats`, 'count=1,bytes=0')
  for (let count = 0; count < 5; count++) await client.create(`${path}/n${count}`, 'x'.repeat(count))
  await client.delete(`${path}/n1`)
  await client.setData(`${path}/n2`, 'longer')
}

async function plantTransactions(client: RawClient, path: string): Promise<void> {
  await client.create(path)
  await client.multi([
    { op: 'create', path: `${path}/a`, data: '1' },
    { op: 'create2', path: `${path}/a/s-`, data: '2', flags: RawCreateMode.persistentSequential },
    { op: 'createContainer', path: `${path}/box`, data: '3' },
    { op: 'create', path: `${path}/box/child` },
    { op: 'createTtl', path: `${path}/ttl`, ttlMs: LONG_TTL_MS, data: '4' },
    { op: 'setData', path: `${path}/a`, data: '5' },
    { op: 'check', path: `${path}/a`, version: 1 },
    { op: 'create', path: `${path}/gone` },
    { op: 'delete', path: `${path}/gone` },
  ])
  await client.multi([
    { op: 'create', path: `${path}/never` },
    { op: 'check', path: `${path}/a`, version: 99 },
    { op: 'delete', path: `${path}/a` },
  ])
  await client.multi([])
}

async function plantEphemerals(server: ServerProcess, client: RawClient, path: string): Promise<PlantedTree> {
  await client.create(path)
  const owners: RawClient[] = []
  const ephemerals: string[][] = []
  for (const name of ['first', 'second', 'closed']) {
    const owner = await RawClient.connect(server.host, server.port, { timeoutMs: LONG_TIMEOUT_MS })
    const own = [
      await owner.create(`${path}/${name}`, name, RawCreateMode.ephemeral),
      await owner.create(`${path}/${name}-`, name, RawCreateMode.ephemeralSequential),
    ]
    if (name === 'closed') {
      await owner.close()
    } else {
      await owner.setData(`${path}/${name}`, 'changed')
      owners.push(owner)
      ephemerals.push(own.sort())
    }
  }
  return { owners, ephemerals }
}

/** A client that may read everything. */
export async function connectAdministrator(server: ServerProcess): Promise<RawClient> {
  const client = await RawClient.connect(server.host, server.port, { timeoutMs: LONG_TIMEOUT_MS })
  await client.auth('digest', SUPER_AUTH)
  return client
}
