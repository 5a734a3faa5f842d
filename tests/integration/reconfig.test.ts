import { expect, test } from 'vitest'
import { type RawClient, RawReplyError } from '../support/raw-client.ts'
import { fourLetterWord, freePort } from '../support/server-process.ts'
import { TestEnsemble } from './test-ensemble.ts'

const OP_RECONFIG = 16
const RECONFIG = { reconfigEnabled: true, skipACL: 'yes' }

interface Change {
  readonly joining?: string
  readonly leaving?: string
  readonly members?: string
  readonly version?: number
}

/** The text of the configuration that the request brought. */
async function reconfigure(client: RawClient, change: Change): Promise<string> {
  const reply = await client.request(OP_RECONFIG, (writer) => {
    writer.writeString(change.joining ?? null)
    writer.writeString(change.leaving ?? null)
    writer.writeString(change.members ?? null)
    writer.writeNumber(change.version ?? -1)
  })
  if (reply.err !== 0) throw new RawReplyError('reconfig', reply.err, reply.zxid)
  return new TextDecoder().decode(reply.body.readBuffer() ?? new Uint8Array(0))
}

function memberIds(config: string): number[] {
  return [...config.matchAll(/^server\.(\d+)=/gm)].map(([, id]) => Number(id))
}

test('A server leaves and joins again, and every member tells the same configuration', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: RECONFIG })
  const leader = await ensemble.whenServing()
  const [one = 0, two = 0] = ensemble.ids.filter((id) => id !== leader)
  const client = await ensemble.connect(leader)
  const config = await client.getText('/zookeeper/config')
  expect(memberIds(config)).toEqual([1, 2, 3])
  expect(config).toMatch(/\nversion=100000000$/)

  const smaller = await reconfigure(client, { leaving: String(one) })
  expect(memberIds(smaller)).toEqual([two, leader].toSorted())
  await client.create('/with-two', '')
  for (const id of [two, leader]) {
    const reader = await ensemble.connect(id)
    await reader.sync('/')
    expect(await reader.getText('/zookeeper/config')).toBe(smaller)
  }

  const line = config.split('\n').find((text) => text.startsWith(`server.${one}=`)) ?? ''
  const larger = await reconfigure(client, { joining: `${line};127.0.0.1:${ensemble.clientPort(one)}` })
  expect(memberIds(larger)).toEqual([1, 2, 3])
  await client.create('/with-three', '')
  const returned = await ensemble.eventually(`server ${one} serves as a member again`, async () => {
    if ((await ensemble.mode(one)) === null) return null
    const reader = await ensemble.connect(one)
    await reader.sync('/').catch(() => undefined)
    return (await reader.getText('/zookeeper/config').catch(() => '')) === larger ? reader : null
  })
  expect(await returned.getChildren('/')).toEqual(expect.arrayContaining(['with-two', 'with-three']))
})

test('A leader that leaves hands over, and what was written before and after is there', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: RECONFIG })
  const leader = await ensemble.whenServing()
  const others = ensemble.ids.filter((id) => id !== leader)
  const client = await ensemble.connect(others[0] ?? 0)
  await client.create('/before', '')
  await reconfigure(client, { leaving: String(leader) }).catch(() => undefined)
  const next = await ensemble.whenServing(others)
  expect(others).toContain(next)
  const writer = await ensemble.connect(next)
  await writer.create('/after', '')
  expect(memberIds(await writer.getText('/zookeeper/config'))).toEqual(others)
  const reader = await ensemble.connect(others.find((id) => id !== next) ?? 0)
  await reader.sync('/')
  expect(await reader.getChildren('/')).toEqual(expect.arrayContaining(['before', 'after']))
})

test('A configuration that cannot be is refused with its code', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: RECONFIG })
  const client = await ensemble.connect(await ensemble.whenServing())
  await expect(reconfigure(client, { leaving: '1', version: 7 })).rejects.toMatchObject({ code: -103 })
  await expect(reconfigure(client, { members: 'nonsense' })).rejects.toMatchObject({ code: -8 })
  await expect(reconfigure(client, { leaving: '1,2' })).rejects.toMatchObject({ code: -8 })
  await client.create('/still-serving', '')
})

test('Without reconfigEnabled every request to reconfigure is refused', async () => {
  await using ensemble = await TestEnsemble.start(3)
  const client = await ensemble.connect(await ensemble.whenServing())
  await expect(reconfigure(client, { leaving: '1' })).rejects.toMatchObject({ code: -123 })
})

test('A server that the ensemble gives another address for its clients serves them there', async () => {
  await using ensemble = await TestEnsemble.start(3, { properties: RECONFIG })
  const leader = await ensemble.whenServing()
  const moved = ensemble.ids.find((id) => id !== leader) ?? 0
  const client = await ensemble.connect(leader)
  const staying = await ensemble.connect(moved)
  const line = (await client.getText('/zookeeper/config')).split('\n').find((text) => text.startsWith(`server.${moved}=`)) ?? ''
  const port = await freePort()
  await reconfigure(client, { joining: `${line};127.0.0.1:${port}` })
  const answer = await ensemble.eventually('it serves at the new port', async () => {
    const text = await fourLetterWord(port, 'srvr').catch(() => '')
    return text.includes('Mode: follower') ? text : null
  })
  expect(answer).toContain('Mode: follower')
  await expect(ensemble.connect(moved)).rejects.toThrow()
  await staying.create('/the-old-connection-stays', '')
})
