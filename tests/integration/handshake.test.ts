import { ByteWriter } from '@tskeeper/protocol'
import { expect, test } from 'vitest'
import { connectRequest, RawCreateMode, RawOp, requestPayload, SessionRefusedError } from '../support/raw-client.ts'
import { frame } from '../support/raw-connection.ts'
import { openAcl, readText, writeCreate } from '../support/raw-records.ts'
import { HeldDisk } from './held-disk.ts'
import { until } from './outcomes.ts'
import { framesBeforeClose, nextReplies, nextReply, openSession } from './raw-session.ts'
import { TestServer } from './test-server.ts'

/** A refusal without the read-only byte: version 0, timeout 0, id 0, and a password of 16 zeros. */
const REFUSAL = Buffer.from([...new Uint8Array(16), 0, 0, 0, 16, ...new Uint8Array(16)])

function createPayload(xid: number, path: string): Uint8Array {
  return requestPayload(xid, RawOp.create, (writer) => writeCreate(writer, path, 'x', openAcl, RawCreateMode.persistent))
}

function existsPayload(xid: number, path: string): Uint8Array {
  return requestPayload(xid, RawOp.exists, (writer) => {
    writer.writeString(path)
    writer.writeBoolean(false)
  })
}

/** A connect request with fields that no client of these tests sends on its own. */
function oddConnectRequest(fields: { protocolVersion?: number; password?: Uint8Array | null; readOnly?: number }): Uint8Array {
  const writer = new ByteWriter()
  writer.writeInt(fields.protocolVersion ?? 0)
  writer.writeNumber(0)
  writer.writeInt(6000)
  writer.writeLong(0n)
  writer.writeBuffer(fields.password === undefined ? new Uint8Array(16) : fields.password)
  writer.writeByte(fields.readOnly ?? 0)
  return writer.toBytes()
}

test('a connect request without the read-only byte is answered without it, and its session works', async () => {
  await using server = await TestServer.start()
  const connection = await server.open()
  const request = connectRequest({ readOnly: null, timeoutMs: 6000 })
  expect(request.length).toBe(44)
  connection.sendFrame(request)
  const response = await connection.nextFrame()
  expect(response.length).toBe(36)
  expect(response.readInt32BE(4)).toBe(6000)
  connection.sendFrame(createPayload(1, '/a'))
  expect(await nextReply(connection)).toMatchObject({ xid: 1, err: 0 })
})

test.each([
  ['another protocol version', oddConnectRequest({ protocolVersion: 5 })],
  ['no password', oddConnectRequest({ password: null })],
  ['an empty password', oddConnectRequest({ password: new Uint8Array(0) })],
  ['a password of 3 bytes', oddConnectRequest({ password: new Uint8Array(3) })],
  ['the wish for a server that may be read-only', oddConnectRequest({ readOnly: 1 })],
  ['a truth value of 7', oddConnectRequest({ readOnly: 7 })],
])('a new session is granted to a client with %s', async (_what, request) => {
  await using server = await TestServer.start()
  const connection = await server.open()
  connection.sendFrame(request)
  const response = await connection.nextFrame()
  expect(response.length).toBe(37)
  expect(response.readInt32BE(0)).toBe(0)
  expect(response.readInt32BE(4)).toBe(6000)
  expect(response[36]).toBe(0)
})

test('session ids rise by one, and each has the password that follows from it', async () => {
  await using server = await TestServer.start()
  const first = await server.connect()
  const second = await server.connect()
  expect(second.sessionId).toBe(first.sessionId + 1n)
  expect(Buffer.compare(second.password, first.password)).not.toBe(0)
})

test.each([
  ['cut off in the password', connectRequest({ readOnly: null }).subarray(0, 43)],
  ['empty', new Uint8Array(0)],
  ['with a password of negative length', connectRequest({}).fill(0xfe, 24, 28)],
  ['with a password longer than the frame', connectRequest({}).fill(0x01, 26, 27)],
])('a connect request that is %s ends the connection without an answer', async (_what, request) => {
  await using server = await TestServer.start()
  const connection = await server.open()
  connection.sendFrame(request)
  expect(await framesBeforeClose(connection)).toBe(0)
})

test('A84: a request before the connect request ends the connection without an answer, and does nothing', async () => {
  await using server = await TestServer.start()
  for (const payload of [createPayload(1, '/a'), existsPayload(1, '/'), requestPayload(-2, RawOp.ping)]) {
    const connection = await server.open()
    connection.sendFrame(payload)
    expect(await framesBeforeClose(connection)).toBe(0)
  }
  expect(await (await server.connect()).exists('/a')).toBeNull()
})

test('bytes of another protocol end the connection without an answer', async () => {
  await using server = await TestServer.start()
  for (const text of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\u0016\u0003\u0001\u0002\u0000\u0001', 'RUOK']) {
    const connection = await server.open()
    connection.sendBytes(Buffer.from(text, 'latin1'))
    expect(await framesBeforeClose(connection)).toBe(0)
  }
})

test('a second connect request on a connection is an operation that no client may send', async () => {
  await using server = await TestServer.start()
  const connection = await server.open()
  await openSession(connection)
  connection.sendFrame(connectRequest({}))
  expect(await nextReply(connection)).toMatchObject({ xid: 0, zxid: -1, err: -6, bodyLength: 0 })
  await connection.waitForClose()
})

test('A95: a client that has seen a later zxid than the server is closed without an answer, one that has seen the same is served', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const { stat } = await client.create2('/a')
  const ahead = await server.open()
  ahead.sendFrame(connectRequest({ lastZxidSeen: stat.czxid + 1 }))
  expect(await framesBeforeClose(ahead)).toBe(0)
  const resumingAhead = await server.open()
  resumingAhead.sendFrame(
    connectRequest({ lastZxidSeen: stat.czxid + 1, sessionId: client.sessionId, password: client.password }),
  )
  expect(await framesBeforeClose(resumingAhead)).toBe(0)
  expect(client.isClosed).toBe(false)
  const level = await server.connect({ lastZxidSeen: stat.czxid })
  expect(level.timeoutMs).toBe(10_000)
})

test('a session is resumed with its password: same id, the timeout as asked for now, its ephemeral nodes still there', async () => {
  await using server = await TestServer.start({ tickTime: 1000 })
  const client = await server.connect({ timeoutMs: 6000 })
  await client.create('/e', null, RawCreateMode.ephemeral)
  const { sessionId, password } = client
  client.destroy()
  const resumed = await server.connect({ sessionId, password, timeoutMs: 9000, lastZxidSeen: client.lastZxid })
  expect(resumed.sessionId).toBe(sessionId)
  expect(resumed.timeoutMs).toBe(9000)
  expect(Buffer.compare(resumed.password, password)).toBe(0)
  expect((await resumed.exists('/e'))?.ephemeralOwner).toBe(sessionId)
  expect(await resumed.getEphemerals()).toEqual(['/e'])
  await resumed.close()
  expect(await (await server.connect()).exists('/e')).toBeNull()
})

test('a session that is resumed without the read-only byte is answered without it, accepted or refused', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const accepted = await server.open()
  accepted.sendFrame(connectRequest({ sessionId: client.sessionId, password: client.password, readOnly: null }))
  expect((await accepted.nextFrame()).length).toBe(36)
  const refused = await server.open()
  refused.sendFrame(connectRequest({ sessionId: client.sessionId, readOnly: null }))
  expect(Buffer.compare(await refused.nextFrame(), REFUSAL)).toBe(0)
  await refused.waitForClose()
})

test('who resumes a session takes it over: the connection that had it is closed', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const { sessionId, password } = client
  const resumed = await server.connect({ sessionId, password })
  await client.connection.waitForClose()
  expect(await resumed.create('/a')).toBe('/a')
  // The old connection's end leaves the session alone.
  expect(resumed.isClosed).toBe(false)
})

test('a wrong password does not cut off the connection that holds the session', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/e', null, RawCreateMode.ephemeral)
  const { sessionId } = client
  for (const password of [new Uint8Array(16), new Uint8Array(15), new Uint8Array(0), null]) {
    const refused = await server.open()
    refused.sendFrame(connectRequest({ sessionId, password, readOnly: null }))
    expect(Buffer.compare(await refused.nextFrame(), REFUSAL)).toBe(0)
    await refused.waitForClose()
  }
  await client.ping()
  expect(await client.getEphemerals()).toEqual(['/e'])
})

test('sessions that are unknown, closed or expired are refused alike', async () => {
  await using server = await TestServer.start({ tickTime: 50 })
  const closed = await server.connect()
  await closed.close()
  const expired = await server.connect({ timeoutMs: 100, pingIntervalMs: 0 })
  await expired.connection.waitForClose()
  const living = await server.connect()
  const another = await server.connect()
  const attempts = [
    { sessionId: closed.sessionId, password: closed.password },
    { sessionId: expired.sessionId, password: expired.password },
    // The id of one and the password of another.
    { sessionId: living.sessionId, password: another.password },
  ]
  for (const { sessionId, password } of attempts) {
    await expect(server.connect({ sessionId, password })).rejects.toThrow(SessionRefusedError)
    const refused = await server.open()
    refused.sendFrame(connectRequest({ sessionId, password, readOnly: null }))
    expect(Buffer.compare(await refused.nextFrame(), REFUSAL)).toBe(0)
    expect(await framesBeforeClose(refused)).toBe(0)
  }
})

test('a session id of 0 is never resumed: it always means a new session', async () => {
  await using server = await TestServer.start()
  const first = await server.connect({ sessionId: 0n })
  const second = await server.connect({ sessionId: 0n, password: first.password })
  expect(second.sessionId).not.toBe(first.sessionId)
})

test('the connect response of a new session is sent only when the session is on the disk', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({}, { runtime: { disk } })
  disk.hold()
  const connection = await server.open()
  connection.sendFrame(connectRequest({}))
  await until(() => disk.heldCount > 0, 'the sync of the new session')
  expect(connection.bytesReceived).toBe(0)
  disk.release()
  expect((await connection.nextFrame()).length).toBe(37)
})

test('frames that come before the connect response are served after it, in order', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({}, { runtime: { disk } })
  disk.hold()
  const connection = await server.open()
  const early = [createPayload(1, '/a'), existsPayload(2, '/a'), createPayload(3, '/a'), requestPayload(-2, RawOp.ping)]
  connection.sendBytes(Buffer.concat([connectRequest({}), ...early].map(frame)))
  await until(() => disk.heldCount > 0, 'the sync of the new session')
  disk.release()
  expect((await connection.nextFrame()).length).toBe(37)
  const replies = await nextReplies(connection, 4)
  expect(replies.map(({ xid, err }) => [xid, err])).toEqual([
    [1, 0],
    [2, 0],
    [3, -110],
    [-2, 0],
  ])
})

test('frames that come in pieces before the connect response are served after it, in order', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({}, { runtime: { disk } })
  disk.hold()
  const connection = await server.open()
  connection.sendFrame(connectRequest({}))
  await until(() => disk.heldCount > 0, 'the sync of the new session')
  const bytes = Buffer.concat([createPayload(1, '/a'), existsPayload(2, '/a')].map(frame))
  connection.sendBytes(bytes.subarray(0, 5))
  await new Promise((resolve) => setImmediate(resolve))
  connection.sendBytes(bytes.subarray(5))
  disk.release()
  expect((await connection.nextFrame()).length).toBe(37)
  const replies = await nextReplies(connection, 2)
  expect(replies.map(({ xid, err }) => [xid, err])).toEqual([
    [1, 0],
    [2, 0],
  ])
})

test('frames behind the request to resume a session are served after the response, in order', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const { sessionId, password } = client
  const connection = await server.open()
  const frames = [connectRequest({ sessionId, password }), createPayload(1, '/a'), existsPayload(2, '/a')].map(frame)
  connection.sendBytes(Buffer.concat(frames))
  expect((await connection.nextFrame()).readBigInt64BE(8)).toBe(sessionId)
  const [created, found] = await nextReplies(connection, 2)
  expect(created).toMatchObject({ xid: 1, err: 0 })
  expect(created === undefined ? null : readText(created.body)).toBe('/a')
  expect(found).toMatchObject({ xid: 2, err: 0 })
})

test('a connection that ends while its session is made leaves a session that expires', async () => {
  const disk = new HeldDisk()
  await using server = await TestServer.start({ tickTime: 50 }, { runtime: { disk } })
  const watcher = await server.connect()
  disk.hold()
  const connection = await server.open()
  connection.sendFrame(connectRequest({ timeoutMs: 100 }))
  await until(() => disk.heldCount > 0, 'the sync of the new session')
  connection.destroy()
  disk.release()
  await until(() => server.logger.linesWith('Expiring session').length === 1, 'the expiry')
  await watcher.ping()
})
