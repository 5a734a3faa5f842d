// Sizes and orders that a client may count on, on a real server under pressure.

import { connectRequest, RawClient, requestPayload } from '../support/raw-client.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { openAcl, RawCreateMode, RawOp, writeCreate } from '../support/raw-records.ts'
import { removeServerDirectory, type ServerConfig, type ServerProcess, startServer } from '../support/server-process.ts'
import { expect, type FaultContext, type FaultSuite } from './suite.ts'

/** The default of jute.maxbuffer. */
const FRAME_MAX = 0xfffff

export const limitsSuite: FaultSuite = {
  name: 'limits',
  cases: [
    { name: 'A16: a frame of jute.maxbuffer bytes is accepted, one byte more closes the connection', run: frameSize },
    { name: 'A17 A47: readers that race two writers never see a mix, nor data with the Stat of other data', run: wholeReads },
    {
      name: 'A5 A12 A87: 10,000 writes that are sent without waiting are carried out in the order in which they were sent',
      run: sendOrder,
    },
  ],
}

async function withServer(
  context: FaultContext,
  work: (server: ServerProcess) => Promise<string>,
  config: ServerConfig = {},
): Promise<string> {
  const server = await startServer({ target: context.target, config })
  try {
    return await work(server)
  } finally {
    await server.kill()
    removeServerDirectory(server.directory)
  }
}

/** A create whose payload has exactly `length` bytes. */
function createOfLength(xid: number, path: string, length: number): Uint8Array {
  const empty = requestPayload(xid, RawOp.create, (writer) => writeCreate(writer, path, new Uint8Array(0), openAcl, 0))
  const data = new Uint8Array(length - empty.length).fill(0x61)
  return requestPayload(xid, RawOp.create, (writer) => writeCreate(writer, path, data, openAcl, 0))
}

async function frameSize(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const checker = await RawClient.connect('127.0.0.1', server.port)
    for (const [length, isAccepted] of [
      [FRAME_MAX - 1, true],
      [FRAME_MAX, true],
      [FRAME_MAX + 1, false],
      [8 * FRAME_MAX, false],
    ] as const) {
      const path = `/size-${length}`
      const connection = await RawConnection.open('127.0.0.1', server.port)
      connection.sendFrame(connectRequest({ timeoutMs: 5000 }))
      await connection.nextFrame()
      connection.sendFrame(createOfLength(1, path, length))
      const reply = await connection.nextFrame().catch(() => null)
      expect((reply !== null) === isAccepted, `a frame of ${length} bytes was ${reply === null ? 'refused' : 'accepted'}`)
      if (reply !== null) expect(reply.readInt32BE(12) === 0, `a create of ${length} bytes ended with ${reply.readInt32BE(12)}`)
      else await connection.waitForClose(5000)
      const stat = await checker.exists(path)
      expect((stat !== null) === isAccepted, `${path} ${stat === null ? 'is not there' : 'is there'}`)
      // What was accepted can be read again, even where its reply is longer than its request was.
      if (isAccepted) expect((await checker.getData(path)).data?.length === stat?.dataLength, `${path} cannot be read`)
      connection.destroy()
    }
    await checker.close()
    return `${FRAME_MAX} bytes accepted, ${FRAME_MAX + 1} refused`
  })
}

async function wholeReads(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const writes = context.size === 'quick' ? 150 : 1000
    const dataBytes = 65_536
    const owner = await RawClient.connect('127.0.0.1', server.port)
    await owner.create('/raced', new Uint8Array(dataBytes))
    let isWriting = true
    let reads = 0
    // Each write fills all of the data with one byte, the low byte of the version that it makes.
    const write = async (): Promise<void> => {
      const client = await RawClient.connect('127.0.0.1', server.port)
      for (let count = 0; count < writes; count++) {
        const { stat } = await client.getData('/raced')
        const data = new Uint8Array(dataBytes).fill(stat.version + 1)
        await client.setData('/raced', data, stat.version).catch((error: unknown) => {
          // The other writer was faster: that is the race.
          if (!(error instanceof Error) || !error.message.includes('BADVERSION')) throw error
        })
      }
      await client.close()
    }
    const read = async (): Promise<void> => {
      const client = await RawClient.connect('127.0.0.1', server.port)
      while (isWriting) {
        const shown = await Promise.all([client.getData('/raced'), client.getData('/raced'), client.getData('/raced')])
        for (const { data, stat } of shown) {
          const wanted = Buffer.alloc(dataBytes, stat.version)
          expect(data !== null && wanted.equals(data), `data of version ${stat.version} holds bytes of another`)
          expect(stat.dataLength === dataBytes, `dataLength ${stat.dataLength}`)
          reads++
        }
      }
      await client.close()
    }
    const readers = Array.from({ length: 4 }, read)
    await Promise.all([write(), write()]).finally(() => {
      isWriting = false
    })
    await Promise.all(readers)
    const { stat } = await owner.getData('/raced')
    await owner.close()
    return `${stat.version} writes of ${dataBytes} bytes won, ${reads} reads`
  })
}

async function sendOrder(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const client = await RawClient.connect('127.0.0.1', server.port, { timeoutMs: 20_000 })
    const rival = await RawClient.connect('127.0.0.1', server.port, { timeoutMs: 20_000 })
    await client.create('/order')
    await client.create('/rival')
    const writes = 10_000
    let lastZxid = 0
    let lastVersion = 0
    const sent: Promise<void>[] = []
    for (let number = 1; number <= writes; number++) {
      const kind = number % 4
      const request =
        kind === 0
          ? client.create2(`/order/n-`, null, RawCreateMode.persistentSequential).then(({ path, stat }) => {
              expect(path === `/order/n-${String(number / 4 - 1).padStart(10, '0')}`, `create ${number} made ${path}`)
              return stat.czxid
            })
          : client.setData('/order', String(number)).then((stat) => {
              lastVersion++
              expect(stat.version === lastVersion, `write ${number} made version ${stat.version} instead of ${lastVersion}`)
              return stat.mzxid
            })
      sent.push(
        request.then((zxid) => {
          expect(zxid > lastZxid, `write ${number} got zxid ${zxid} after ${lastZxid}`)
          lastZxid = zxid
        }),
      )
      // Another client in between, so that the zxids of this one have gaps.
      if (number % 100 === 0) sent.push(rival.setData('/rival', 'x').then(() => undefined))
    }
    await Promise.all(sent)
    const text = await client.getText('/order')
    const last = writes % 4 === 0 ? writes - 1 : writes
    expect(text === String(last), `the last write was ${last}, the data is ${text}`)
    await client.close()
    await rival.close()
    return `${writes} writes, zxids rise with the order of sending`
  })
}
