// What one connection sends is answered in the order in which it was sent, and each request sees those before it.

import type { ByteWriter } from '@tskeeper/protocol'
import { expect, test } from 'vitest'
import { RawCreateMode, RawOp, type RawReply, requestPayload } from '../support/raw-client.ts'
import { frame } from '../support/raw-connection.ts'
import { openAcl, toBytes, writeCreate } from '../support/raw-records.ts'
import { HeldDisk } from './held-disk.ts'
import { eventTexts, outcome, until } from './outcomes.ts'
import { errorName, nextReplies, nextReply, openSession } from './raw-session.ts'
import { TestServer } from './test-server.ts'

const PROTECTED = [{ perms: 31, scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' }]

const payloads = {
  get: (xid: number, path: string) =>
    requestPayload(xid, RawOp.getData, (writer) => {
      writer.writeString(path)
      writer.writeBoolean(false)
    }),
  watchedGet: (xid: number, path: string) =>
    requestPayload(xid, RawOp.getData, (writer) => {
      writer.writeString(path)
      writer.writeBoolean(true)
    }),
  set: (xid: number, path: string, data: string) =>
    requestPayload(xid, RawOp.setData, (writer) => {
      writer.writeString(path)
      writer.writeBuffer(toBytes(data))
      writer.writeInt(-1)
    }),
  create: (xid: number, path: string, flags: number = RawCreateMode.persistent) =>
    requestPayload(xid, RawOp.create, (writer) => writeCreate(writer, path, 'x', openAcl, flags)),
  ping: () => requestPayload(-2, RawOp.ping),
  close: (xid: number) => requestPayload(xid, RawOp.closeSession),
  auth: (scheme: string, auth: string) =>
    requestPayload(-4, RawOp.auth, (writer) => {
      writer.writeInt(0)
      writer.writeString(scheme)
      writer.writeBuffer(toBytes(auth))
    }),
}

function getBody(writer: ByteWriter): void {
  writer.writeString('/a')
  writer.writeBoolean(false)
}

function setBody(data: string): (writer: ByteWriter) => void {
  return (writer) => {
    writer.writeString('/a')
    writer.writeBuffer(toBytes(data))
    writer.writeInt(-1)
  }
}

test('A5 A87: 10,000 sets that are sent without waiting take effect in the order of sending', async () => {
  await using server = await TestServer.start({ tickTime: 2000 })
  const client = await server.connect()
  await client.create('/a')
  const requests: Promise<{ mzxid: number; version: number }>[] = []
  for (let index = 0; index < 10_000; index++) requests.push(client.setData('/a', String(index)))
  const stats = await Promise.all(requests)
  const first = stats[0]?.mzxid ?? 0
  // Nobody else writes: the zxids have no gaps, either.
  expect(stats.map((stat) => stat.mzxid)).toEqual(stats.map((_, index) => first + index))
  expect(stats.map((stat) => stat.version)).toEqual(stats.map((_, index) => index + 1))
  expect(await client.getText('/a')).toBe('9999')
})

test('A12 A87: creates, sets, reads and deletes that are sent without waiting see each other in order', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const seen: Promise<string>[] = []
  for (let round = 0; round < 200; round++) {
    seen.push(outcome(client.create('/a', `created ${round}`)))
    seen.push(client.getText('/a'))
    seen.push(outcome(client.setData('/a', `set ${round}`, 0)))
    seen.push(client.getText('/a'))
    seen.push(outcome(client.setData('/a', 'not set', 0)))
    seen.push(outcome(client.create('/a/b')))
    seen.push(client.getChildren('/a').then((names) => names.join()))
    seen.push(outcome(client.delete('/a')))
    seen.push(outcome(client.delete('/a/b')))
    seen.push(outcome(client.delete('/a', 1)))
    seen.push(outcome(client.getData('/a')))
  }
  const expected = Array.from({ length: 200 }, (_, round) => [
    ...['OK', `created ${round}`, 'OK', `set ${round}`, 'BADVERSION', 'OK', 'b', 'NOTEMPTY', 'OK', 'OK', 'NONODE'],
  ])
  expect(await Promise.all(seen)).toEqual(expected.flat())
})

test('a read waits for the writes of its own connection, and for no others', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({}, { runtime: { disk } })
  const writer = await server.connect()
  const reader = await server.connect()
  await writer.create('/a', 'old')
  disk.hold()
  const text = (reply: RawReply): string => Buffer.from(reply.body.readBuffer() ?? []).toString()
  let answered = 0
  const requests = [
    writer.request(RawOp.setData, setBody('new')),
    writer.request(RawOp.getData, getBody),
    writer.ping(),
    writer.request(RawOp.setData, setBody('newer')),
    writer.request(RawOp.getData, getBody),
  ]
  for (const request of requests) request.then(() => answered++).catch(() => {})
  await until(() => disk.heldCount > 0, 'the sync of the write')
  // What is not on the disk does not exist for anybody, and nobody else has to wait for it.
  expect(await reader.getText('/a')).toBe('old')
  expect(answered).toBe(0)
  disk.release()
  const replies = await Promise.all(requests)
  const first = replies[0]?.order ?? 0
  expect(replies.map(({ order, err }) => [order, err])).toEqual(replies.map((_, index) => [first + index, 0]))
  expect([replies[1], replies[4]].map((reply) => (reply === undefined ? '' : text(reply)))).toEqual(['new', 'newer'])
})

test('a write that was sent after a read does not show in it', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'old')
  const [before, , between, , after] = await Promise.all([
    client.getText('/a'),
    client.setData('/a', 'new'),
    client.getText('/a'),
    client.setData('/a', 'newer'),
    client.getText('/a'),
  ])
  expect([before, between, after]).toEqual(['old', 'new', 'newer'])
})

test('replies carry a zxid that never falls, and that of a write is at least its own', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const other = await server.connect()
  await client.create('/a')
  const replies = []
  for (let round = 0; round < 100; round++) {
    replies.push(
      client.request(RawOp.setData, (writer) => {
        writer.writeString('/a')
        writer.writeBuffer(null)
        writer.writeInt(-1)
      }),
    )
    replies.push(
      client.request(RawOp.exists, (writer) => {
        writer.writeString('/a')
        writer.writeBoolean(false)
      }),
    )
    other.setData('/a', String(round)).catch(() => {})
  }
  let last = 0
  for (const reply of await Promise.all(replies)) {
    expect(reply.zxid).toBeGreaterThanOrEqual(last)
    last = reply.zxid
    const stat = reply.body
    stat.readNumber()
    // The node's own last change cannot be later than what the reply claims to know.
    expect(stat.readNumber()).toBeLessThanOrEqual(reply.zxid)
  }
})

test('everything that was sent before the end of the session is answered before it', async () => {
  await using server = await TestServer.start()
  const connection = await server.open()
  await openSession(connection)
  const frames = [
    payloads.create(1, '/a'),
    payloads.get(2, '/a'),
    payloads.ping(),
    payloads.set(3, '/a', 'new'),
    payloads.get(4, '/a'),
    payloads.close(5),
    // Nothing is served behind the end.
    payloads.get(6, '/a'),
    payloads.set(7, '/a', 'not any more'),
  ]
  connection.sendBytes(Buffer.concat(frames.map(frame)))
  const replies = await nextReplies(connection, 6)
  expect(replies.map(({ xid, err }) => [xid, err])).toEqual([1, 2, -2, 3, 4, 5].map((xid) => [xid, 0]))
  await connection.waitForClose()
  expect(await (await server.connect()).getText('/a')).toBe('new')
})

test('A77: whoever watches is told of a change before anything of theirs can show it', async () => {
  await using server = await TestServer.start()
  const writer = await server.connect()
  const watcher = await server.connect()
  await writer.create('/a', '0')
  const read = async (isWatched: boolean): Promise<{ value: number; order: number }> => {
    const reply = await watcher.request(RawOp.getData, (request) => {
      request.writeString('/a')
      request.writeBoolean(isWatched)
    })
    return { value: Number(Buffer.from(reply.body.readBuffer() ?? []).toString()), order: reply.order }
  }
  for (let round = 1; round <= 1000; round++) {
    expect((await read(true)).value).toBe(round - 1)
    const change = writer.setData('/a', String(round))
    // Reads race with the change: the first that shows it must come behind the event, those that do not before it.
    const reads = []
    do reads.push(await read(false))
    while (reads.at(-1)?.value !== round)
    expect(watcher.events.length).toBe(round)
    const eventOrder = watcher.events.at(-1)?.order ?? 0
    expect(reads.map(({ value, order }) => value === round || order < eventOrder)).not.toContain(false)
    expect(eventOrder).toBeLessThan(reads.at(-1)?.order ?? 0)
    await change
  }
})

test('A77: the event of a client’s own write comes before the reply to it', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  await client.exists('/a', true)
  await client.getChildren('/a', true)
  const [set, made, removed] = await Promise.all([
    client.request(RawOp.setData, (writer) => {
      writer.writeString('/a')
      writer.writeBuffer(null)
      writer.writeInt(-1)
    }),
    client.request(RawOp.create, (writer) => writeCreate(writer, '/a/b', null, openAcl, 0)),
    client.request(RawOp.delete, (writer) => {
      writer.writeString('/a/b')
      writer.writeInt(-1)
    }),
  ])
  expect(eventTexts(client.events)).toEqual(['changed /a', 'children /a'])
  expect(client.events[0]?.order).toBe((set?.order ?? 0) - 1)
  expect(client.events[1]?.order).toBe((made?.order ?? 0) - 1)
  expect(client.events[0]?.zxid).toBe(set?.zxid)
  expect(removed?.err).toBe(0)
})

test('events of a multi come in the order of its operations, all with its zxid', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const watcher = await server.connect()
  await client.create('/w')
  await watcher.addWatch('/w', 1)
  await client.multi([
    { op: 'create', path: '/w/b' },
    { op: 'setData', path: '/w/b', data: 'x' },
    { op: 'create', path: '/w/a' },
    { op: 'delete', path: '/w/b' },
    { op: 'setData', path: '/w', data: 'x' },
  ])
  await watcher.ping()
  expect(eventTexts(watcher.events)).toEqual(['created /w/b', 'changed /w/b', 'created /w/a', 'deleted /w/b', 'changed /w'])
  expect(new Set(watcher.events.map((event) => event.zxid))).toEqual(new Set([client.lastZxid]))
})

test('authentication is answered at once and counts for what was sent behind it, not for what was sent before', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({}, { runtime: { disk } })
  const owner = await server.connect()
  await owner.auth('digest', 'u:p')
  await owner.create('/secret', 'x', RawCreateMode.persistent, PROTECTED)
  await owner.create('/a')
  const connection = await server.open()
  await openSession(connection)
  disk.hold()
  const frames = [
    payloads.set(1, '/a', 'x'),
    payloads.set(2, '/secret', 'before'),
    payloads.get(3, '/secret'),
    payloads.auth('digest', 'u:p'),
    payloads.get(4, '/secret'),
    payloads.set(5, '/secret', 'behind'),
    payloads.get(6, '/secret'),
  ]
  connection.sendBytes(Buffer.concat(frames.map(frame)))
  expect(await nextReply(connection)).toMatchObject({ xid: -4, zxid: 0, err: 0, bodyLength: 0 })
  disk.release()
  const replies = await nextReplies(connection, 6)
  expect(replies.map(({ xid, err }) => `${xid} ${errorName(err)}`)).toEqual([
    ...['1 OK', '2 NOAUTH', '3 NOAUTH', '4 OK', '5 OK', '6 OK'],
  ])
})

test('sync comes behind the writes before it, and a read behind it sees them', async () => {
  await using server = await TestServer.start()
  const writer = await server.connect()
  const reader = await server.connect()
  await writer.create('/a', '0')
  for (let round = 1; round <= 50; round++) {
    await writer.setData('/a', String(round))
    const [, text] = await Promise.all([reader.sync('/'), reader.getText('/a')])
    expect(text).toBe(String(round))
  }
  expect(await writer.sync('/no/such/node')).toBe('/no/such/node')
})

test('a read does not see a write that was sent after it, even if its client reads the reply late', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({ tickTime: 5000 }, { runtime: { disk } })
  const client = await server.connect()
  await client.create('/big', new Uint8Array(900_000))
  await client.create('/a')
  const connection = await server.open()
  await openSession(connection, { timeoutMs: 100_000 })
  connection.pause()
  disk.hold()
  // The first write makes the reads wait; when it is done their replies fill every buffer.
  const frames = [payloads.set(1, '/a', 'first')]
  for (let xid = 2; xid < 15; xid++) frames.push(payloads.get(xid, '/big'))
  frames.push(payloads.watchedGet(15, '/a'), payloads.set(16, '/a', 'second'), payloads.get(17, '/a'))
  connection.sendBytes(Buffer.concat(frames.map(frame)))
  await until(() => disk.heldCount > 0, 'the sync of the writes')
  disk.release()
  await until(async () => (await client.exists('/a'))?.version === 2, 'both writes')
  connection.resume()
  for (let xid = 1; xid < 15; xid++) expect(await nextReply(connection)).toMatchObject({ xid, err: 0 })
  const read = await nextReply(connection)
  expect([read.xid, Buffer.from(read.body.readBuffer() ?? []).toString()]).toEqual([15, 'first'])
  // So the watch that it set is told of the second write.
  expect(await nextReply(connection)).toMatchObject({ xid: -1 })
  expect(await nextReply(connection)).toMatchObject({ xid: 16, err: 0 })
  const last = await nextReply(connection)
  expect([last.xid, Buffer.from(last.body.readBuffer() ?? []).toString()]).toEqual([17, 'second'])
})

test('many reads before a write cost no more than a few when nobody reads the replies, and stay in order', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({ tickTime: 5000 }, { runtime: { disk } })
  const client = await server.connect()
  await client.create('/big', new Uint8Array(900_000))
  await client.create('/a', '0')
  const connection = await server.open()
  await openSession(connection, { timeoutMs: 100_000 })
  connection.pause()
  const before = process.memoryUsage().arrayBuffers
  disk.hold()
  // Three times: a write, 100 MB of replies, and a read that must show this write and not the next.
  const frames: Uint8Array[] = []
  for (let round = 0; round < 3; round++) {
    frames.push(payloads.set(frames.length + 1, '/a', String(round)))
    for (let count = 0; count < 100; count++) frames.push(payloads.get(frames.length + 1, '/big'))
    frames.push(payloads.get(frames.length + 1, '/a'))
  }
  connection.sendBytes(Buffer.concat(frames.map(frame)))
  await until(() => disk.heldCount > 0, 'the sync of a write')
  disk.release()
  for (let round = 0; round < 20; round++) await client.setData('/big', new Uint8Array(900_000))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(80_000_000)
  connection.resume()
  const seen: string[] = []
  for (let xid = 1; xid <= frames.length; xid++) {
    const reply = await nextReply(connection)
    expect([reply.xid, reply.err]).toEqual([xid, 0])
    if (xid % 102 === 0) seen.push(Buffer.from(reply.body.readBuffer() ?? []).toString())
  }
  expect(seen).toEqual(['0', '1', '2'])
})
