// How connections end: nothing that is owed is lost, and nothing is left behind.

import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { connectRequest, RawCreateMode, RawOp, requestPayload } from '../support/raw-client.ts'
import { frame } from '../support/raw-connection.ts'
import { openAcl, writeCreate } from '../support/raw-records.ts'
import { ask } from './ask.ts'
import { HeldDisk } from './held-disk.ts'
import { until } from './outcomes.ts'
import { framesBeforeClose, nextReplies, nextReply, openSession } from './raw-session.ts'
import { TestServer } from './test-server.ts'

/** Longer than any test may take: what only a sweep of idle connections would end counts as left behind. */
const SWEEP_MS = 60_000

const create = (xid: number, path: string, data: Uint8Array | null = null): Uint8Array =>
  requestPayload(xid, RawOp.create, (writer) => writeCreate(writer, path, data, openAcl, RawCreateMode.persistent))

const get = (xid: number, path: string): Uint8Array =>
  requestPayload(xid, RawOp.getData, (writer) => {
    writer.writeString(path)
    writer.writeBoolean(false)
  })

const closeSession = (xid: number): Uint8Array => requestPayload(xid, RawOp.closeSession)

function startServer(disk = new HeldDisk()): Promise<TestServer> {
  return TestServer.start({ tickTime: 4000, 'nio.sessionlessCnxnTimeout': SWEEP_MS }, { runtime: { disk } })
}

/** Waits until the server has no connection but the one that asks. */
async function untilNobodyIsLeft(server: TestServer): Promise<void> {
  await until(async () => (await ask(server.port, 'srvr')).includes('\nConnections: 1\n'), 'no connection is left', 3_000)
}

test('a client that closes its sending side gets the replies that it is owed, and then the end', async () => {
  const disk = new HeldDisk()
  await using server = await startServer(disk)
  const connection = await server.open()
  await openSession(connection)
  disk.hold()
  connection.sendBytes(Buffer.concat([create(1, '/a'), get(2, '/a'), create(3, '/b'), get(4, '/nowhere')].map(frame)))
  connection.endWriting()
  await until(() => disk.heldCount > 0, 'the sync of the writes')
  expect(connection.isClosed).toBe(false)
  disk.release()
  const replies = await nextReplies(connection, 4)
  expect(replies.map(({ xid, err }) => [xid, err])).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
    [4, -101],
  ])
  await connection.waitForClose()
  await untilNobodyIsLeft(server)
})

test('a client that sends everything at once and closes its sending side gets its session and all replies', async () => {
  const disk = new HeldDisk()
  await using server = await startServer(disk)
  const connection = await server.open()
  disk.hold()
  connection.sendBytes(Buffer.concat([connectRequest({}), create(1, '/a'), get(2, '/a')].map(frame)))
  connection.endWriting()
  await until(() => disk.heldCount > 0, 'the sync of the session')
  disk.release()
  expect((await connection.nextFrame()).length).toBe(37)
  const replies = await nextReplies(connection, 2)
  expect(replies.map(({ xid, err }) => [xid, err])).toEqual([
    [1, 0],
    [2, 0],
  ])
  await connection.waitForClose()
})

test('a client that closes its sending side behind the connect request gets its response', async () => {
  await using server = await startServer()
  const connection = await server.open()
  connection.sendFrame(connectRequest({}))
  connection.endWriting()
  expect((await connection.nextFrame()).length).toBe(37)
  await connection.waitForClose()
  await untilNobodyIsLeft(server)
})

test('a client that closes its sending side before it reads gets everything, however much it is', async () => {
  await using server = await startServer()
  const connection = await server.open()
  await openSession(connection)
  const data = new Uint8Array(300_000).fill(7)
  connection.pause()
  const count = 60
  const gets = Array.from({ length: count }, (_, index) => get(index + 2, '/big'))
  connection.sendBytes(Buffer.concat([create(1, '/big', data), ...gets].map(frame)))
  connection.endWriting()
  const other = await server.connect()
  await until(async () => (await other.exists('/big')) !== null, 'the create')
  connection.resume()
  expect(await nextReply(connection)).toMatchObject({ xid: 1, err: 0 })
  for (let index = 0; index < count; index++) {
    const reply = await nextReply(connection)
    expect([reply.xid, reply.err, reply.bodyLength]).toEqual([index + 2, 0, 4 + data.length + 68])
  }
  await connection.waitForClose()
  await other.close()
  await untilNobodyIsLeft(server)
})

test.each([
  ['nothing', ''],
  ['a piece of a length', '0000'],
  ['a length', '00000010'],
  ['a piece of a frame', '000000100000000100'],
])('a client that closes its sending side behind %s is let go at once', async (_what, hex) => {
  await using server = await startServer()
  const withSession = await server.open()
  await openSession(withSession)
  const without = await server.open()
  for (const connection of [withSession, without]) {
    connection.sendBytes(Buffer.from(hex, 'hex'))
    connection.endWriting()
    expect(await framesBeforeClose(connection)).toBe(0)
  }
  await untilNobodyIsLeft(server)
})

test('a session that is closed while its client reads nothing is answered in full, and its connection does not linger', async () => {
  const disk = new HeldDisk()
  await using server = await startServer(disk)
  const connection = await server.open()
  await openSession(connection)
  const data = new Uint8Array(300_000)
  disk.hold()
  connection.pause()
  const count = 60
  const gets = Array.from({ length: count }, (_, index) => get(index + 2, '/big'))
  connection.sendBytes(Buffer.concat([create(1, '/big', data), ...gets, closeSession(count + 2)].map(frame)))
  await until(() => disk.heldCount > 0, 'the sync of the create')
  disk.release()
  await until(async () => /^zk_num_alive_connections\t2$/m.test(await ask(server.port, 'mntr')), 'the server runs on')
  connection.resume()
  for (let index = 0; index < count + 2; index++) expect(await nextReply(connection)).toMatchObject({ xid: index + 1, err: 0 })
  await connection.waitForClose()
  await untilNobodyIsLeft(server)
})

test('a session that is closed while the server reads nothing of it leaves no connection behind', async () => {
  const disk = new HeldDisk()
  const properties = { globalOutstandingLimit: 1, 'nio.sessionlessCnxnTimeout': SWEEP_MS }
  await using server = await TestServer.start(properties, { runtime: { disk } })
  const connection = await server.open()
  await openSession(connection)
  disk.hold()
  connection.sendBytes(Buffer.concat([create(1, '/a'), create(2, '/b'), closeSession(3)].map(frame)))
  await until(() => disk.heldCount > 0, 'the sync of the writes')
  // Stands in the buffers when the server closes, and nobody will ever want it.
  connection.sendFrame(requestPayload(-2, RawOp.ping))
  await ask(server.port, 'ruok')
  disk.release()
  const replies = await nextReplies(connection, 3)
  expect(replies.map(({ xid, err }) => [xid, err])).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
  ])
  await connection.waitForClose()
  await untilNobodyIsLeft(server)
})

test('a server that stops answers what it has accepted, then closes its connections, and keeps their sessions', async () => {
  const disk = new HeldDisk()
  await using server = await startServer(disk)
  const client = await server.connect()
  const idle = await server.connect()
  await client.create('/e', null, RawCreateMode.ephemeral)
  disk.hold()
  const accepted = client.create('/accepted')
  await until(() => disk.heldCount > 0, 'the sync of the write')
  const restarted = server.restart()
  disk.release()
  expect(await accepted).toBe('/accepted')
  await restarted
  await client.connection.waitForClose()
  await idle.connection.waitForClose()
  const resumed = await server.connect({ sessionId: client.sessionId, password: client.password, lastZxidSeen: client.lastZxid })
  expect((await resumed.exists('/e'))?.ephemeralOwner).toBe(client.sessionId)
  expect(await resumed.exists('/accepted')).not.toBeNull()
})

test('clients that never close their side hold no place and only so many sockets', async () => {
  await using server = await TestServer.start({ maxClientCnxns: 2, 'nio.sessionlessCnxnTimeout': SWEEP_MS })
  const sockets: Socket[] = []
  for (let index = 0; index < 260; index++) {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    sockets.push(socket)
    socket.on('error', () => {})
    const ended = new Promise((resolve) => socket.once('end', resolve))
    socket.write('ruok')
    socket.resume()
    await ended
  }
  // The oldest are cut off: who writes to them learns of it, sooner or later.
  const [oldest, newest] = [sockets[0], sockets.at(-1)]
  await until(() => {
    newest?.write('x')
    return oldest?.write('x') === false || oldest?.destroyed === true
  }, 'the end of the oldest connection')
  await ask(server.port, 'ruok')
  expect(newest?.destroyed).toBe(false)
  for (const socket of sockets) socket.destroy()
})
