/** Quotas, which both servers are told to enforce here. */
import { type RawClient, RawCreateMode } from '../../../support/raw-client.ts'
import { errorName, type ProtocolCase, text } from './stage.ts'

async function setQuota(client: RawClient, path: string, limits: string): Promise<void> {
  let at = '/zookeeper/quota'
  for (const name of path.split('/').slice(1)) {
    at += `/${name}`
    if ((await client.exists(at)) === null) await client.create(at)
  }
  await client.create(`${at}/zookeeper_limits`, limits)
  await client.create(`${at}/zookeeper_stats`, 'count=0,bytes=0')
}

async function usage(client: RawClient, path: string): Promise<string> {
  return text((await client.getData(`/zookeeper/quota${path}/zookeeper_stats`)).data)
}

export const quotaCases: readonly ProtocolCase[] = [
  {
    name: 'A195: usage follows what is created, changed and deleted below',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/q', 'abc')
      await client.create('/q/a', 'de')
      await setQuota(client, '/q', 'count=100,bytes=1000')
      stage.note('at first', await usage(client, '/q'))
      await client.create('/q/b', 'fghi')
      stage.note('created', await usage(client, '/q'))
      await client.setData('/q/b', '')
      await client.setData('/q', null)
      stage.note('changed', await usage(client, '/q'))
      await client.create('/q/b/c', '1')
      await client.create('/q/e', '22', RawCreateMode.ephemeral)
      await client.create('/qq', '333')
      stage.note('deeper', await usage(client, '/q'))
      await client.delete('/q/b/c')
      await client.delete('/q/a')
      stage.note('deleted', await usage(client, '/q'))
      await client.multi([
        { op: 'create', path: '/q/m', data: '1' },
        { op: 'setData', path: '/q/m', data: '22' },
        { op: 'delete', path: '/q/b' },
      ])
      stage.note('a transaction', await usage(client, '/q'))
      const stat = (await client.getData('/zookeeper/quota/q/zookeeper_stats')).stat
      stage.note('its own Stat', stage.stat(stat))
    },
  },
  {
    name: 'A195: hard limits refuse and soft limits do not',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/hard')
      await setQuota(client, '/hard', 'count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3')
      await stage.outcome('first', client.create('/hard/a', '12345'))
      await stage.outcome('second', client.create('/hard/b', '12345'))
      await stage.outcome('third', client.create('/hard/c'))
      await stage.outcome('a child of a child', client.create('/hard/a/x'))
      await stage.outcome('one byte more', client.setData('/hard/a', '123456'))
      await stage.outcome('the same size', client.setData('/hard/a', '54321'))
      await stage.outcome('smaller', client.setData('/hard/a', '1'))
      await stage.outcome('up to the limit', client.setData('/hard', '1234'))
      await stage.outcome('above it', client.setData('/hard', '12345'))
      await stage.outcome(
        'in a transaction',
        client.multi([
          { op: 'delete', path: '/hard/b' },
          { op: 'create', path: '/hard/c', data: '12345' },
          { op: 'create', path: '/hard/d' },
        ]),
        (results) => results.map((result) => errorName(result.err)),
      )
      stage.note('usage', await usage(client, '/hard'))
      await client.create('/soft')
      await setQuota(client, '/soft', 'count=1,bytes=1')
      await stage.outcome('above the soft limits', client.create('/soft/a', '12345'))
      stage.note('usage', await usage(client, '/soft'))
    },
  },
  {
    name: 'the order of refusals with a quota',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/q')
      await client.create('/q/a', 'x')
      await setQuota(client, '/q', 'count=-1,bytes=-1=;byteHardLimit=1;countHardLimit=2')
      await stage.outcome('an existing node', client.create('/q/a'))
      await stage.outcome('a new one', client.create('/q/b'))
      await stage.outcome('too large at a wrong version', client.setData('/q/a', 'xxx', 99))
      await stage.outcome('too large', client.setData('/q/a', 'xxx', 0))
      await stage.outcome('of a missing node', client.setData('/q/nope', 'xxx', 0))
    },
  },
  {
    name: 'limits that cannot be read',
    play: async (stage) => {
      const client = await stage.client()
      for (const [name, limits] of [
        ['a', 'nonsense'],
        ['b', 'count=x,bytes=1'],
        ['c', ''],
        ['d', 'count=1'],
      ] as const) {
        await client.create(`/${name}`)
        await stage.outcome(limits, setQuota(client, `/${name}`, limits))
        await stage.outcome(`${limits}: create below`, client.create(`/${name}/x`))
        await stage.outcome(`${limits}: create another`, client.create(`/${name}/y`))
      }
    },
  },
]
