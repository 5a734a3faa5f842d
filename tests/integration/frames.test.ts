// What travels: frames however they are cut, headers, reserved xids, and what is refused.

import type { ByteWriter } from '@tskeeper/protocol'
import { expect, test } from 'vitest'
import { connectRequest, RawCreateMode, RawOp, requestPayload } from '../support/raw-client.ts'
import { frame, type RawConnection } from '../support/raw-connection.ts'
import { openAcl, readStat, toBytes, writeCreate, writeMulti, writeStrings } from '../support/raw-records.ts'
import { errorName, framesBeforeClose, nextReplies, nextReply, openSession, type RawReplyFrame } from './raw-session.ts'
import { TestServer } from './test-server.ts'

type WriteBody = (writer: ByteWriter) => void

async function openWithSession(server: TestServer): Promise<RawConnection> {
  const connection = await server.open()
  await openSession(connection)
  return connection
}

async function send(connection: RawConnection, xid: number, op: number, body?: WriteBody): Promise<RawReplyFrame> {
  connection.sendFrame(requestPayload(xid, op, body))
  return nextReply(connection)
}

function create(path: string): WriteBody {
  return (writer) => writeCreate(writer, path, 'x', openAcl, RawCreateMode.persistent)
}

function read(path: string | null): WriteBody {
  return (writer) => {
    writer.writeString(path)
    writer.writeBoolean(false)
  }
}

test.each([
  ['of length 0', [0, 0, 0, 0]],
  ['shorter than a header', [0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0]],
  ['of negative length', [0xff, 0xff, 0xff, 0xff]],
  ['of the smallest length that a number can be', [0x80, 0, 0, 0]],
  ['that begins like a four-letter word', [...Buffer.from('ruok')]],
])('a frame %s ends a session’s connection without an answer, and leaves the session', async (_what, bytes) => {
  await using server = await TestServer.start()
  const connection = await server.open()
  const { sessionId, password } = await openSession(connection)
  connection.sendBytes(Uint8Array.from(bytes))
  expect(await framesBeforeClose(connection)).toBe(0)
  const resumed = await server.connect({ sessionId, password })
  expect(resumed.sessionId).toBe(sessionId)
})

test('A16: jute.maxbuffer is the largest frame, to the byte', async () => {
  const limit = 1000
  await using server = await TestServer.start({ 'jute.maxbuffer': limit })
  const client = await server.connect()
  await client.create('/a')
  const data = new Uint8Array(limit - 8 - 6 - 4 - 4).fill(1)
  expect((await client.setData('/a', data)).dataLength).toBe(data.length)
  await expect(client.setData('/a', new Uint8Array(data.length + 1))).rejects.toThrow('the connection was closed')
  const later = await server.connect()
  expect(Buffer.compare((await later.getData('/a')).data ?? new Uint8Array(0), data)).toBe(0)
  expect((await later.exists('/a'))?.version).toBe(1)
})

test('a connect request is held to the limit of frames as well', async () => {
  await using server = await TestServer.start({ 'jute.maxbuffer': 44 })
  const connection = await server.open()
  connection.sendFrame(connectRequest({}))
  expect(await framesBeforeClose(connection)).toBe(0)
  const exact = await server.open()
  exact.sendFrame(connectRequest({ readOnly: null }))
  expect((await exact.nextFrame()).length).toBe(36)
})

test('frames are served however the stream is cut into packets', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/cut')
  const sizes = [1, 2, 3, 4, 5, 7, 11, 16, 33, 100]
  for (const size of sizes) {
    const connection = await server.open()
    const path = `/cut/${size}`
    const frames = [
      connectRequest({}),
      requestPayload(1, RawOp.create, create(path)),
      requestPayload(2, RawOp.getData, read(path)),
      requestPayload(-2, RawOp.ping),
      requestPayload(3, RawOp.getData, read('/nowhere')),
      requestPayload(4, RawOp.getChildren, read('/')),
    ]
    const bytes = Buffer.concat(frames.map(frame))
    for (let at = 0; at < bytes.length; at += size) {
      connection.sendBytes(bytes.subarray(at, at + size))
      // Without a pause the system would put the pieces together again.
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await connection.nextFrame()).length).toBe(37)
    const replies = await nextReplies(connection, 5)
    expect(replies.map(({ xid, err }) => `${xid} ${errorName(err)}`)).toEqual(['1 OK', '2 OK', '-2 OK', '3 NONODE', '4 OK'])
    connection.destroy()
  }
})

test('a thousand frames in one packet are all answered, in order', async () => {
  await using server = await TestServer.start()
  const connection = await openWithSession(server)
  const frames = Array.from({ length: 1000 }, (_, index) => frame(requestPayload(index + 1, RawOp.exists, read('/'))))
  connection.sendBytes(Buffer.concat(frames))
  const replies = await nextReplies(connection, 1000)
  expect(replies.map(({ xid, err, bodyLength }) => [xid, err, bodyLength])).toEqual(replies.map((_, index) => [index + 1, 0, 68]))
})

test('frames larger than any packet and small ones between them are answered in order', async () => {
  await using server = await TestServer.start()
  const connection = await openWithSession(server)
  const big = new Uint8Array(700_000)
  const payloads: Uint8Array[] = []
  for (let round = 0; round < 4; round++) {
    payloads.push(
      requestPayload(3 * round + 1, RawOp.create, (writer) => writeCreate(writer, `/n${round}`, big.fill(round), openAcl, 0)),
      requestPayload(3 * round + 2, RawOp.getData, read(`/n${round}`)),
      requestPayload(3 * round + 3, RawOp.delete, (writer) => {
        writer.writeString(`/n${round}`)
        writer.writeInt(-1)
      }),
    )
  }
  connection.sendBytes(Buffer.concat(payloads.map(frame)))
  for (let round = 0; round < 4; round++) {
    expect(await nextReply(connection)).toMatchObject({ xid: 3 * round + 1, err: 0 })
    const reply = await nextReply(connection)
    expect(reply).toMatchObject({ xid: 3 * round + 2, err: 0 })
    const data = reply.body.readBuffer() ?? new Uint8Array(0)
    expect([data.length, data[0], data.at(-1)]).toEqual([big.length, round, round])
    expect(await nextReply(connection)).toMatchObject({ xid: 3 * round + 3, err: 0 })
  }
})

test('bytes behind a request’s record are ignored', async () => {
  await using server = await TestServer.start()
  const connection = await openWithSession(server)
  const surplus: WriteBody = (writer) => writer.writeLong(-1n)
  const body: WriteBody = (writer) => {
    create('/a')(writer)
    surplus(writer)
  }
  expect(await send(connection, 1, RawOp.create, body)).toMatchObject({ xid: 1, err: 0 })
  const readBody: WriteBody = (writer) => {
    read('/a')(writer)
    surplus(writer)
  }
  expect(await send(connection, 2, RawOp.getData, readBody)).toMatchObject({ xid: 2, err: 0, bodyLength: 4 + 1 + 68 })
  expect(await send(connection, -2, RawOp.ping, surplus)).toMatchObject({ xid: -2, err: 0, bodyLength: 0 })
})

test('the xid of a reply is that of the request, whatever it is; only that of a ping is always -2', async () => {
  await using server = await TestServer.start()
  const connection = await openWithSession(server)
  for (const xid of [0, -1, -8, 2_147_483_647, -2_147_483_648]) {
    expect(await send(connection, xid, RawOp.exists, read('/'))).toMatchObject({ xid, err: 0 })
    expect(await send(connection, xid, RawOp.create, create(`/x${xid}`))).toMatchObject({ xid, err: 0 })
  }
  expect(await send(connection, 77, RawOp.ping)).toMatchObject({ xid: -2, err: 0, bodyLength: 0 })
  expect(await send(connection, 78, RawOp.sync, (writer) => writer.writeString('/a'))).toMatchObject({ xid: 78, err: 0 })
  const emptyWatches: WriteBody = (writer) => {
    writer.writeLong(0n)
    for (let list = 0; list < 3; list++) writeStrings(writer, [])
  }
  expect(await send(connection, -8, RawOp.setWatches, emptyWatches)).toMatchObject({ xid: -8, err: 0, bodyLength: 0 })
})

test('authentication is answered with zxid 0 under the xid that it came with', async () => {
  await using server = await TestServer.start()
  const connection = await openWithSession(server)
  const credentials: WriteBody = (writer) => {
    writer.writeInt(99)
    writer.writeString('digest')
    writer.writeBuffer(toBytes('u:p'))
  }
  for (const xid of [-4, 5, 0]) {
    expect(await send(connection, xid, RawOp.auth, credentials)).toMatchObject({ xid, zxid: 0, err: 0, bodyLength: 0 })
  }
})

test('a SASL token is answered with a null token: nothing is configured', async () => {
  await using server = await TestServer.start()
  const connection = await openWithSession(server)
  const reply = await send(connection, 3, RawOp.sasl, (writer) => writer.writeBuffer(toBytes('token')))
  expect(reply).toMatchObject({ xid: 3, zxid: 0, err: 0, bodyLength: 4 })
  expect(reply.body.readBuffer()).toBeNull()
  expect(await send(connection, 4, RawOp.exists, read('/'))).toMatchObject({ err: 0 })
})

test.each([
  ['nobody knows', 99],
  ['nobody knows either', -12],
  ['was never given a meaning', 10],
  ['far from any number in use', 0x7fffffff],
  ['notification', 0],
  ['error', -1],
  ['createSession', RawOp.createSession],
  ['check outside of a multi', RawOp.check],
  ['deleteContainer', RawOp.deleteContainer],
])('the operation %s (%i) is refused with zxid -1, and the connection closed', async (_what, op) => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  const connection = await server.open()
  const { sessionId, password } = await openSession(connection)
  const reply = await send(connection, 9, op, (writer) => {
    writer.writeString('/a')
    writer.writeInt(-1)
  })
  expect(reply).toMatchObject({ xid: 9, zxid: -1, err: -6, bodyLength: 0 })
  await connection.waitForClose()
  expect(await client.exists('/a')).not.toBeNull()
  // The session is none the worse for it.
  expect((await server.connect({ sessionId, password })).sessionId).toBe(sessionId)
})

test('an unknown operation is refused at once, before the replies to writes that were sent earlier', async () => {
  await using server = await TestServer.start()
  const connection = await openWithSession(server)
  connection.sendBytes(
    Buffer.concat([requestPayload(1, RawOp.create, create('/a')), requestPayload(2, 99)].map((payload) => frame(payload))),
  )
  expect(await nextReply(connection)).toMatchObject({ xid: 2, zxid: -1, err: -6 })
  await connection.waitForClose()
  // The write was accepted, and is carried out.
  const client = await server.connect()
  expect(await client.exists('/a')).not.toBeNull()
})

test('reconfig is refused as disabled, or as something that a server of its own cannot do; the connection stays', async () => {
  const reconfig: WriteBody = (writer) => {
    writer.writeString(null)
    writer.writeString(null)
    writer.writeString('server.1=127.0.0.1:2888:3888;2181')
    writer.writeLong(-1n)
  }
  for (const [reconfigEnabled, code] of [
    [false, 'RECONFIGDISABLED'],
    [true, 'UNIMPLEMENTED'],
  ] as const) {
    await using server = await TestServer.start({ reconfigEnabled })
    const connection = await openWithSession(server)
    const reply = await send(connection, 1, RawOp.reconfig, reconfig)
    expect([errorName(reply.err), reply.bodyLength]).toEqual([code, 0])
    expect(reply.zxid).toBeGreaterThan(0)
    expect(await send(connection, 2, RawOp.exists, read('/'))).toMatchObject({ xid: 2, err: 0 })
  }
})

const UNREADABLE: readonly [string, number, WriteBody | undefined][] = [
  ['a create without a record', RawOp.create, undefined],
  ['a create of a null path', RawOp.create, (writer) => writeCreate(writer, null, null, openAcl, 0)],
  [
    'a create that ends in its ACL',
    RawOp.create,
    (writer) => writer.writeBytes(Buffer.from('000000022f61ffffffff00000001', 'hex')),
  ],
  ['a path of length -2', RawOp.getData, (writer) => writer.writeInt(-2)],
  ['a path longer than the frame', RawOp.getData, (writer) => writer.writeInt(1000)],
  ['a path longer than any string may be', RawOp.exists, (writer) => writer.writeInt(0x7fffffff)],
  ['a getData without its last byte', RawOp.getData, (writer) => writer.writeString('/a')],
  ['a getData of a null path', RawOp.getData, read(null)],
  ['an exists of a null path', RawOp.exists, read(null)],
  ['a getChildren of a null path', RawOp.getChildren, read(null)],
  ['a getChildren2 without a record', RawOp.getChildren2, undefined],
  ['a getACL of a null path', RawOp.getAcl, (writer) => writer.writeString(null)],
  ['a getAllChildrenNumber of a null path', RawOp.getAllChildrenNumber, (writer) => writer.writeString(null)],
  ['a delete of a null path', RawOp.delete, (writer) => writer.writeBytes(Buffer.from('ffffffffffffffff', 'hex'))],
  ['a delete without a version', RawOp.delete, (writer) => writer.writeString('/a')],
  ['a sync without a record', RawOp.sync, undefined],
  ['an addWatch of a null path', RawOp.addWatch, (writer) => writer.writeBytes(Buffer.from('ffffffff00000000', 'hex'))],
  ['an addWatch of mode 2', RawOp.addWatch, (writer) => writer.writeBytes(Buffer.from('000000022f6100000002', 'hex'))],
  ['a removeWatches of type 0', RawOp.removeWatches, (writer) => writer.writeBytes(Buffer.from('000000022f6100000000', 'hex'))],
  ['a checkWatches of type 6', RawOp.checkWatches, (writer) => writer.writeBytes(Buffer.from('000000022f6100000006', 'hex'))],
  [
    'a setWatches with a null list',
    RawOp.setWatches,
    (writer) => writer.writeBytes(Buffer.from(`${'00'.repeat(16)}ffffffff`, 'hex')),
  ],
  ['a setWatches2 with three lists', RawOp.setWatches2, (writer) => writer.writeBytes(new Uint8Array(20))],
  [
    'a setWatches with a count of 2^31 - 1',
    RawOp.setWatches,
    (writer) => writer.writeBytes(Buffer.from('00000000000000007fffffff', 'hex')),
  ],
  ['a multi without an end', RawOp.multi, undefined],
  ['a multi of a read', RawOp.multi, (writer) => writeMulti(writer, [{ op: 'getData', path: '/a' }])],
  ['a multiRead of a write', RawOp.multiRead, (writer) => writeMulti(writer, [{ op: 'delete', path: '/a' }])],
  [
    'a multi of writes and reads',
    RawOp.multi,
    (writer) =>
      writeMulti(writer, [
        { op: 'delete', path: '/a' },
        { op: 'getChildren', path: '/a' },
      ]),
  ],
  [
    'a multi of an operation that none may have',
    RawOp.multi,
    (writer) => writer.writeBytes(Buffer.from('0000000700ffffffff000000022f61ffffffffffffffff', 'hex')),
  ],
  [
    'a multi that makes a node with flags that are none',
    RawOp.multi,
    (writer) => writeMulti(writer, [{ op: 'create', path: '/m', flags: 7 }]),
  ],
]

test('requests that cannot be read are answered MARSHALLINGERROR with nothing behind the header; the connection stays', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a')
  const connection = await openWithSession(server)
  const answers: string[] = []
  for (const [index, [what, op, body]] of UNREADABLE.entries()) {
    const reply = await send(connection, index + 1, op, body)
    expect(reply.xid).toBe(index + 1)
    answers.push(`${what}: ${errorName(reply.err)} and ${reply.bodyLength} bytes`)
  }
  expect(answers).toEqual(UNREADABLE.map(([what]) => `${what}: MARSHALLINGERROR and 0 bytes`))
  expect(await client.getChildren('/')).toHaveLength(2)
  expect((await client.exists('/a'))?.version).toBe(0)
})

test('an ACL with a negative count is an empty one, and a path that is no UTF-8 is a bad one', async () => {
  await using server = await TestServer.start()
  const connection = await openWithSession(server)
  const negative: WriteBody = (writer) => writer.writeBytes(Buffer.from('000000022f61fffffffffffffffd00000000', 'hex'))
  expect(errorName((await send(connection, 1, RawOp.create, negative)).err)).toBe('INVALIDACL')
  const badText: WriteBody = (writer) => {
    writer.writeBytes(Buffer.from('000000032fff61ffffffff', 'hex'))
    writer.writeBytes(Buffer.from('000000010000001f00000005776f726c6400000006616e796f6e6500000000', 'hex'))
  }
  expect(errorName((await send(connection, 2, RawOp.create, badText)).err)).toBe('BADARGUMENTS')
})

test('a truth value other than 0 and 1 is true', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  const connection = await openWithSession(server)
  const watched: WriteBody = (writer) => {
    writer.writeString('/a')
    writer.writeByte(0x55)
  }
  expect(errorName((await send(connection, 1, RawOp.exists, watched)).err)).toBe('NONODE')
  await client.create('/a')
  expect((await nextReply(connection)).xid).toBe(-1)
})

test('A64: an event is type, state and path under an xid of -1, and nothing of the data', async () => {
  await using server = await TestServer.start()
  const client = await server.connect()
  await client.create('/a', 'old')
  const connection = await openWithSession(server)
  const watched: WriteBody = (writer) => {
    writer.writeString('/a')
    writer.writeBoolean(true)
  }
  await send(connection, 1, RawOp.getData, watched)
  const sentBytes = connection.socket.bytesWritten
  const { mzxid } = await client.setData('/a', 'new')
  const event = await nextReply(connection)
  expect(event).toMatchObject({ xid: -1, zxid: mzxid, err: 0, bodyLength: 4 + 4 + 4 + 2 })
  expect([event.body.readInt(), event.body.readInt(), event.body.readString()]).toEqual([3, 3, '/a'])
  expect(connection.socket.bytesWritten).toBe(sentBytes)
})

test('each kind of reply has the body that belongs to it, to the byte', async () => {
  await using server = await TestServer.start({ extendedTypesEnabled: true })
  const connection = await openWithSession(server)
  const STAT = 68
  const acl: WriteBody = (writer) =>
    writer.writeBytes(Buffer.from('000000010000001f00000005776f726c6400000006616e796f6e65', 'hex'))
  const path =
    (text: string): WriteBody =>
    (writer) =>
      writer.writeString(text)
  const pathAndInt =
    (text: string, value: number): WriteBody =>
    (writer) => {
      writer.writeString(text)
      writer.writeInt(value)
    }
  const steps: readonly [string, number, WriteBody | undefined, number][] = [
    ['create', RawOp.create, create('/a'), 4 + 2],
    ['create2', RawOp.create2, create('/b'), 4 + 2 + STAT],
    ['createContainer', RawOp.createContainer, (writer) => writeCreate(writer, '/c', null, openAcl, 4), 4 + 2 + STAT],
    [
      'createTTL',
      RawOp.createTtl,
      (writer) => {
        writeCreate(writer, '/d', null, openAcl, 5)
        writer.writeLong(100_000n)
      },
      4 + 2 + STAT,
    ],
    ['exists', RawOp.exists, read('/a'), STAT],
    ['getData', RawOp.getData, read('/a'), 4 + 1 + STAT],
    ['getData of null', RawOp.getData, read('/c'), 4 + STAT],
    ['getChildren', RawOp.getChildren, read('/'), 4 + 4 * (4 + 1) + (4 + 9)],
    ['getChildren2', RawOp.getChildren2, read('/a'), 4 + STAT],
    ['getACL', RawOp.getAcl, path('/a'), 4 + 4 + 4 + 5 + 4 + 6 + STAT],
    [
      'setACL',
      RawOp.setAcl,
      (writer) => {
        writer.writeString('/a')
        acl(writer)
        writer.writeInt(-1)
      },
      STAT,
    ],
    [
      'setData',
      RawOp.setData,
      (writer) => {
        writer.writeString('/a')
        writer.writeBuffer(null)
        writer.writeInt(-1)
      },
      STAT,
    ],
    ['sync', RawOp.sync, path('/abc'), 4 + 4],
    ['ping', RawOp.ping, undefined, 0],
    ['addWatch', RawOp.addWatch, pathAndInt('/w', 0), 4],
    ['checkWatches', RawOp.checkWatches, pathAndInt('/w', 4), 0],
    ['removeWatches', RawOp.removeWatches, pathAndInt('/w', 3), 0],
    ['getEphemerals', RawOp.getEphemerals, path('/'), 4],
    ['getAllChildrenNumber', RawOp.getAllChildrenNumber, path('/'), 4],
    ['whoAmI', RawOp.whoAmI, undefined, 4 + 4 + 2 + 4 + 9],
    ['multi of nothing', RawOp.multi, (writer) => writeMulti(writer, []), 9],
    ['multiRead of nothing', RawOp.multiRead, (writer) => writeMulti(writer, []), 9],
    ['delete', RawOp.delete, pathAndInt('/b', -1), 0],
    ['closeSession', RawOp.closeSession, undefined, 0],
  ]
  const lengths: string[] = []
  for (const [what, op, body] of steps) {
    const reply = await send(connection, 1, op, body)
    expect([what, errorName(reply.err)]).toEqual([what, 'OK'])
    lengths.push(`${what} ${reply.bodyLength}`)
    if (what === 'exists') expect(readStat(reply.body)).toMatchObject({ version: 0, dataLength: 1 })
  }
  expect(lengths).toEqual(steps.map(([what, , , length]) => `${what} ${length}`))
  await connection.waitForClose()
})
