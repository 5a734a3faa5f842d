/** What the service promises: order, atomicity, one view, no lost update. */
import { type RawClient, RawCreateMode, RawReplyError } from '../../../support/raw-client.ts'
import { check, checkEqual } from '../../suite.ts'
import type { ProtocolCase } from './stage.ts'

const PATTERN_BYTES = 65_536

async function compareAndSet(client: RawClient, path: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; ) {
    const { data, stat } = await client.getData(path)
    const next = Number(Buffer.from(data ?? []).toString()) + 1
    try {
      await client.setData(path, `${next}`, stat.version)
      round++
    } catch (error) {
      if (!(error instanceof RawReplyError) || error.code !== -103) throw error
    }
  }
}

export const promiseCases: readonly ProtocolCase[] = [
  {
    name: 'A5 A12 A87: 10,000 pipelined requests of one session take effect in the order sent',
    play: async (stage) => {
      const client = await stage.client()
      await client.create('/n')
      await client.create('/q')
      const zxids: Promise<number>[] = []
      for (let round = 0; round < 2500; round++) {
        zxids.push(client.setData('/n', `${round}`, round).then((stat) => stat.mzxid))
        zxids.push(client.create2('/q/c', null).then(({ stat }) => stat.czxid))
        zxids.push(client.setData('/q/c', 'x').then((stat) => stat.mzxid))
        zxids.push(
          client
            .request(2, (writer) => {
              writer.writeString('/q/c')
              writer.writeInt(1)
            })
            .then((reply) => (reply.err === 0 ? reply.zxid : Number.NaN)),
        )
      }
      const all = await Promise.all(zxids)
      // The header of a delete's reply may tell a later zxid; the others name their own.
      const own = all.filter((_, index) => index % 4 !== 3)
      check(
        all.every((zxid) => zxid > 0),
        'a request failed',
      )
      check(
        own.every((zxid, index) => index === 0 || zxid > (own[index - 1] ?? 0)),
        'the zxids of the replies do not rise',
      )
      stage.note('requests', all.length, 'last version', (await client.exists('/n'))?.version)
    },
  },
  {
    name: 'A10: sync, then a read sees what was written through another session',
    play: async (stage) => {
      const writer = await stage.client()
      const reader = await stage.client()
      await writer.create('/n')
      for (let round = 0; round < 1000; round++) {
        await writer.setData('/n', `${round}`)
        const [, { data }] = await Promise.all([reader.sync('/n'), reader.getData('/n')])
        checkEqual(Buffer.from(data ?? []).toString(), `${round}`, 'the value read')
      }
      stage.note('rounds', 1000)
    },
  },
  {
    name: 'A17 A18: readers beside two writers never see a mixture',
    play: async (stage) => {
      const first = await stage.client()
      const second = await stage.client()
      const reader = await stage.client()
      const pattern = (byte: number): Uint8Array => new Uint8Array(PATTERN_BYTES).fill(byte)
      await first.create('/n', pattern(1))
      const write = async (client: RawClient, byte: number): Promise<void> => {
        for (let round = 0; round < 150; round++) await client.setData('/n', pattern(byte))
      }
      let isWriting = true
      const writing = Promise.all([write(first, 1), write(second, 2)]).finally(() => {
        isWriting = false
      })
      let reads = 0
      while (isWriting) {
        const { data, stat } = await reader.getData('/n')
        check(data !== null && data.length === PATTERN_BYTES && stat.dataLength === PATTERN_BYTES, 'a read of another length')
        check(
          data.every((byte) => byte === data[0]),
          'a mixture of two writes',
        )
        reads++
      }
      await writing
      check(reads > 0, 'nothing was read')
      stage.note('version', (await reader.exists('/n'))?.version)
    },
  },
  {
    name: 'A19 A59 A62: 20 clients raise a counter 100 times each and lose nothing',
    play: async (stage) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => stage.client()))
      const [first] = clients
      check(first !== undefined, 'there are clients')
      await first.create('/counter', '0')
      await Promise.all(clients.map((client) => compareAndSet(client, '/counter', 100)))
      const { data, stat } = await first.getData('/counter')
      stage.note('value', Buffer.from(data ?? []).toString(), 'version', stat.version)
    },
  },
  {
    name: 'A32 A223 A235: sequence numbers are distinct and give the order of creation over all clients',
    play: async (stage) => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => stage.client()))
      await clients[0]?.create('/q')
      const created = await Promise.all(
        clients.flatMap((client) =>
          Array.from({ length: 1000 }, () => client.create2('/q/n-', null, RawCreateMode.persistentSequential)),
        ),
      )
      const byNumber = [...created].sort((left, right) => (left.path < right.path ? -1 : 1))
      check(
        byNumber.every(({ stat }, index) => index === 0 || stat.czxid > (byNumber[index - 1]?.stat.czxid ?? 0)),
        'order of creation',
      )
      stage.note('created', new Set(created.map(({ path }) => path)).size, 'last', byNumber.at(-1)?.path)
    },
  },
  {
    name: 'A24 A25 A47: data comes back byte for byte with its own Stat',
    play: async (stage) => {
      const client = await stage.client()
      const everyByte = Uint8Array.from({ length: 256 }, (_, value) => value)
      await client.create('/bytes', everyByte)
      const { data } = await client.getData('/bytes')
      checkEqual(data, everyByte, 'the data')
      await client.create('/null', null)
      await client.create('/empty', '')
      stage.note('null and empty', (await client.getData('/null')).data, (await client.getData('/empty')).data?.length)
    },
  },
  {
    name: 'A64: nothing is sent by the client between the change and the event',
    play: async (stage) => {
      const watcher = await stage.client({ pingIntervalMs: 0 })
      const changer = await stage.client()
      await changer.create('/n')
      await watcher.getData('/n', true)
      const before = watcher.connection.socket.bytesWritten
      await changer.setData('/n', 'x')
      await watcher.waitForEvents(1)
      stage.note('bytes sent', watcher.connection.socket.bytesWritten - before)
    },
  },
  {
    name: 'A66: of two changes a one-shot watch tells the first',
    play: async (stage) => {
      const watcher = await stage.client()
      const changer = await stage.client()
      await changer.create('/n', '0')
      await watcher.getData('/n', true)
      await changer.setData('/n', '1')
      await changer.setData('/n', '2')
      await watcher.sync('/')
      stage.note('events', watcher.events.length, 'value', await watcher.getText('/n'))
    },
  },
]
