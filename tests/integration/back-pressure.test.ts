// Clients that ask faster than they read, or than the disk can follow: what they cost is bounded, and nobody else notices.

import { expect, test } from 'vitest'
import { RawOp, requestPayload } from '../support/raw-client.ts'
import { frame, type RawConnection } from '../support/raw-connection.ts'
import { toBytes } from '../support/raw-records.ts'
import { ask } from './ask.ts'
import { HeldDisk } from './held-disk.ts'
import { until } from './outcomes.ts'
import { nextReply, openSession } from './raw-session.ts'
import { TestServer } from './test-server.ts'

const BIG = new Uint8Array(200_000).fill(0x61)

function getPayload(xid: number, path: string): Uint8Array {
  return requestPayload(xid, RawOp.getData, (writer) => {
    writer.writeString(path)
    writer.writeBoolean(false)
  })
}

function setPayload(xid: number, path: string, data: Uint8Array | string): Uint8Array {
  return requestPayload(xid, RawOp.setData, (writer) => {
    writer.writeString(path)
    writer.writeBuffer(toBytes(data))
    writer.writeInt(-1)
  })
}

/** A connection whose socket is not read until `resume`. */
async function openUnreading(server: TestServer): Promise<RawConnection> {
  const connection = await server.open()
  await openSession(connection, { timeoutMs: 40_000 })
  connection.pause()
  return connection
}

test('a client that does not read is not read from, costs the server little, and gets every reply when it reads', async () => {
  await using server = await TestServer.start({ tickTime: 2000 })
  const client = await server.connect()
  await client.create('/big', BIG)
  await client.create('/a')
  const connection = await openUnreading(server)
  const count = 500
  const bytes = Buffer.concat(Array.from({ length: count }, (_, index) => frame(getPayload(index + 1, '/big'))))
  const before = process.memoryUsage().arrayBuffers
  connection.sendBytes(bytes)
  await until(() => connection.socket.writableLength === 0, 'the requests are with the system')
  // Others are served meanwhile, reads and writes.
  for (let round = 0; round < 20; round++) {
    await client.setData('/a', 'x')
    expect((await client.exists('/a'))?.version).toBe(round + 1)
  }
  // 500 replies of 200 kB are owed: 100 MB. What the server made of them is a buffer or two.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000)
  connection.resume()
  for (let index = 0; index < count; index++) {
    const reply = await nextReply(connection)
    expect([reply.xid, reply.err]).toEqual([index + 1, 0])
    expect(reply.bodyLength).toBe(4 + BIG.length + 68)
  }
})

test('a client that does not read while reads of it wait for a write holds nobody else up', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({ tickTime: 2000, globalOutstandingLimit: 10 }, { runtime: { disk } })
  const client = await server.connect()
  await client.create('/big', BIG)
  await client.create('/a')
  const connection = await openUnreading(server)
  disk.hold()
  const count = 400
  const payloads = [setPayload(1, '/a', 'x'), ...Array.from({ length: count }, (_, index) => getPayload(index + 2, '/big'))]
  connection.sendBytes(Buffer.concat(payloads.map(frame)))
  await until(() => disk.heldCount > 0, 'the sync of the write')
  disk.release()
  // The reads that nobody takes are far more than the limit of requests in progress, and must not count as such.
  const others = await Promise.all([server.connect(), server.connect()])
  for (let round = 0; round < 10; round++) {
    await Promise.all([client, ...others].flatMap((other) => [other.setData('/a', 'y'), other.exists('/a')]))
  }
  connection.resume()
  for (let index = 0; index <= count; index++) expect(await nextReply(connection)).toMatchObject({ xid: index + 1, err: 0 })
})

test('what waited for the client counts as served when it is gone', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({ tickTime: 2000 }, { runtime: { disk } })
  const client = await server.connect()
  await client.create('/big', BIG)
  for (const isReset of [true, false]) {
    const connection = await openUnreading(server)
    disk.hold()
    const payloads = [setPayload(1, '/big', BIG), ...Array.from({ length: 100 }, (_, index) => getPayload(index + 2, '/big'))]
    connection.sendBytes(Buffer.concat(payloads.map(frame)))
    await until(() => disk.heldCount > 0, 'the sync of the write')
    if (isReset) connection.reset()
    disk.release()
    if (!isReset) {
      await client.setData('/big', BIG)
      connection.reset()
    }
    await until(async () => (await ask(server.port, 'srvr')).includes('Connections: 2\nOutstanding: 0\n'), 'nothing outstanding')
  }
})

test('the time of a write that waited for its client to read is that of its turn', async () => {
  await using server = await TestServer.start({ tickTime: 2000 })
  const client = await server.connect()
  await client.create('/big', BIG)
  await client.create('/a')
  const connection = await openUnreading(server)
  const count = 100
  const gets = Array.from({ length: count }, (_, index) => getPayload(index + 1, '/big'))
  connection.sendBytes(Buffer.concat([...gets, setPayload(count + 1, '/a', 'x')].map(frame)))
  await until(() => connection.socket.writableLength === 0, 'the requests are with the system')
  const firstMs = (await client.setData('/big', BIG)).mtime
  expect((await client.exists('/a'))?.version).toBe(0)
  await client.setData('/big', BIG)
  // The clock moves on while the server waits for its client.
  await until(() => Date.now() > firstMs + 20, 'a later time')
  const resumedMs = Date.now()
  connection.resume()
  for (let index = 0; index <= count; index++) expect(await nextReply(connection)).toMatchObject({ xid: index + 1, err: 0 })
  expect((await client.exists('/a'))?.mtime).toBeGreaterThanOrEqual(resumedMs)
})

test('thousands of writes beyond the limit of requests in progress are all answered, in order', async () => {
  await using server = await TestServer.start({ globalOutstandingLimit: 3, tickTime: 2000 })
  const clients = await Promise.all([1, 2, 3, 4].map(() => server.connect()))
  await clients[0]?.create('/a')
  const replies = await Promise.all(
    clients.flatMap((client) =>
      Array.from({ length: 500 }, () => [
        client.request(RawOp.setData, (writer) => {
          writer.writeString('/a')
          writer.writeBuffer(null)
          writer.writeInt(-1)
        }),
        client.request(RawOp.exists, (writer) => {
          writer.writeString('/a')
          writer.writeBoolean(false)
        }),
      ]).flat(),
    ),
  )
  // The clients themselves check that replies come in the order of the requests.
  expect(replies.map((reply) => reply.err)).toEqual(replies.map(() => 0))
  expect((await clients[0]?.exists('/a'))?.version).toBe(2000)
  expect(await ask(server.port, 'mntr')).toMatch(/^zk_outstanding_requests\t0$/m)
})

test('a client beyond the limit of requests in progress is not read from until the disk has caught up', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({ globalOutstandingLimit: 1, tickTime: 2000 }, { runtime: { disk } })
  const client = await server.connect()
  const reader = await server.connect()
  await client.create('/a')
  disk.hold()
  const writes = [client.setData('/a', '1'), client.setData('/a', '2'), client.setData('/a', '3')]
  await until(() => disk.heldCount > 0, 'the sync of the writes')
  const cons = await ask(server.port, 'cons')
  // Interest 0: the server asks for no more bytes of that connection. The reader, who owes nothing, is read.
  expect(cons).toMatch(new RegExp(`\\[0\\]\\(.*sid=0x${client.sessionId.toString(16)},`))
  expect(cons).toMatch(new RegExp(`\\[1\\]\\(.*sid=0x${reader.sessionId.toString(16)},`))
  expect((await reader.exists('/a'))?.version).toBe(0)
  disk.release()
  expect((await Promise.all(writes)).map((stat) => stat.version)).toEqual([1, 2, 3])
  expect(await client.getText('/a')).toBe('3')
})

test('a client that does not read its events is cut off, and costs no more than its share', async () => {
  await using server = await TestServer.start({ tickTime: 2000 })
  const client = await server.connect()
  const path = `/${'p'.repeat(60_000)}`
  await client.create(path)
  const watcher = await openUnreading(server)
  watcher.sendFrame(
    requestPayload(1, RawOp.addWatch, (writer) => {
      writer.writeString(path)
      writer.writeInt(0)
    }),
  )
  await until(async () => (await ask(server.port, 'wchs')).startsWith('1 connections'), 'the watch')
  let sets = 0
  while (server.logger.linesWith('it does not read the events').length === 0) {
    await Promise.all(Array.from({ length: 20 }, () => client.setData(path, null)))
    sets += 20
    // 60 kB each: what the system buffers and the limit of the server are long past by then.
    expect(sets).toBeLessThan(2000)
  }
  watcher.resume()
  await watcher.waitForClose()
  expect((await client.exists(path))?.version).toBe(sets)
})
