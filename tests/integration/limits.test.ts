import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { RawOp, requestPayload } from '../support/raw-client.ts'
import { frame, type RawConnection } from '../support/raw-connection.ts'
import { toBytes } from '../support/raw-records.ts'
import { ask } from './ask.ts'
import { HeldDisk } from './held-disk.ts'
import { outcome, until } from './outcomes.ts'
import { framesBeforeClose, nextReplies, nextReply, openSession } from './raw-session.ts'
import { TestServer } from './test-server.ts'

function setPayload(xid: number, path: string, data: Uint8Array | string): Uint8Array {
  return requestPayload(xid, RawOp.setData, (writer) => {
    writer.writeString(path)
    writer.writeBuffer(toBytes(data))
    writer.writeInt(-1)
  })
}

/** True if the server closes the connection before it says anything. */
async function isTurnedAway(connection: RawConnection): Promise<boolean> {
  return (await framesBeforeClose(connection)) === 0
}

test('A143: the connection beyond maxClientCnxns is closed, those before it are served, and a place that is left can be taken', async () => {
  await using server = await TestServer.start({ maxClientCnxns: 3 })
  const clients = [await server.connect(), await server.connect(), await server.connect()]
  expect(await isTurnedAway(await server.open())).toBe(true)
  expect(await isTurnedAway(await server.open())).toBe(true)
  for (const client of clients) expect(await client.getChildren('/')).toEqual(['zookeeper'])
  await clients[0]?.close()
  const late = await server.connect()
  expect(await late.getChildren('/')).toEqual(['zookeeper'])
  expect(server.logger.linesWith('Too many connections').length).toBe(2)
})

test('A143: 60 connections are the limit for one address when nothing is said', async () => {
  await using server = await TestServer.start()
  const connections = await Promise.all(Array.from({ length: 60 }, () => server.open()))
  expect(await isTurnedAway(await server.open())).toBe(true)
  connections.pop()?.destroy()
  await until(async () => {
    const connection = await server.open()
    connection.sendBytes(Buffer.from('ruok'))
    let text = ''
    connection.socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await connection.waitForClose()
    return text === 'imok'
  }, 'the place that was left')
})

test('A143: maxClientCnxns counts each address by itself, and 0 is no limit', async () => {
  await using server = await TestServer.start({ maxClientCnxns: 1 })
  const client = await server.connect()
  expect(await isTurnedAway(await server.open())).toBe(true)
  // All of 127.0.0.0/8 is this machine.
  const other = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
  const answer = new Promise<string>((resolve, reject) => {
    other.once('data', (chunk) => resolve(chunk.toString()))
    other.once('error', reject)
    other.once('close', () => reject(new Error('the connection from another address was turned away')))
  })
  other.write('ruok')
  expect(await answer).toBe('imok')
  other.destroy()
  await client.ping()
  await using unlimited = await TestServer.start({ maxClientCnxns: 0 })
  const clients = await Promise.all(Array.from({ length: 70 }, () => unlimited.connect()))
  expect(new Set(clients.map((each) => each.sessionId)).size).toBe(70)
})

test('maxCnxns limits connections in all', async () => {
  await using server = await TestServer.start({ maxClientCnxns: 0, maxCnxns: 2 })
  await server.connect()
  const second = await server.connect()
  expect(await isTurnedAway(await server.open())).toBe(true)
  second.destroy()
  await until(async () => (await ask(server.port, 'ruok').catch(() => '')) === 'imok', 'the place that was left')
})

test('A84: a connection that opens no session is closed after the time for that; one with a session stays', async () => {
  await using server = await TestServer.start({ 'nio.sessionlessCnxnTimeout': 100 })
  const client = await server.connect({ timeoutMs: 20_000, pingIntervalMs: 0 })
  const startMs = performance.now()
  const silent = await server.open()
  const halfWord = await server.open()
  halfWord.sendBytes(Buffer.from('stmk'))
  const halfRequest = await server.open()
  halfRequest.sendBytes(Uint8Array.from([0, 0, 0, 45, 0, 0, 0]))
  for (const connection of [silent, halfWord, halfRequest]) expect(await framesBeforeClose(connection)).toBe(0)
  // By the coarse clock of the sweep: between one interval and two.
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(100)
  expect(client.isClosed).toBe(false)
  expect(await outcome(client.getData('/'))).toBe('OK')
})

test('large requests in progress are limited together: the one beyond the limit loses its connection', async () => {
  const disk = new HeldDisk()
  const properties = { largeRequestThreshold: 1000, largeRequestMaxBytes: 5000 }
  await using server = await TestServer.start(properties, { runtime: { disk } })
  const client = await server.connect()
  await client.create('/a')
  const first = await server.open()
  const second = await server.open()
  await openSession(first)
  await openSession(second)
  disk.hold()
  const large = new Uint8Array(2000)
  first.sendBytes(Buffer.concat([frame(setPayload(1, '/a', large)), frame(setPayload(2, '/a', large))]))
  await until(() => disk.heldCount > 0, 'the sync of the first requests')
  second.sendFrame(setPayload(1, '/a', large))
  expect(await isTurnedAway(second)).toBe(true)
  // Small ones and reads are none of its business.
  const small = client.setData('/a', 'x')
  disk.release()
  expect((await nextReplies(first, 2)).map(({ xid, err }) => [xid, err])).toEqual([
    [1, 0],
    [2, 0],
  ])
  expect((await small).version).toBe(3)
  // What is done counts no more.
  first.sendFrame(setPayload(3, '/a', new Uint8Array(4900)))
  expect(await nextReply(first)).toMatchObject({ xid: 3, err: 0 })
})

test('small requests do not use up what large ones may', async () => {
  const disk = new HeldDisk()
  const properties = { largeRequestThreshold: 1000, largeRequestMaxBytes: 5000 }
  await using server = await TestServer.start(properties, { runtime: { disk } })
  const client = await server.connect()
  await client.create('/a')
  disk.hold()
  const requests = Array.from({ length: 50 }, () => client.setData('/a', new Uint8Array(500)))
  await until(() => disk.heldCount > 0, 'the sync of the small requests')
  requests.push(...Array.from({ length: 50 }, () => client.setData('/a', new Uint8Array(500))))
  requests.push(client.setData('/a', new Uint8Array(4000)))
  await ask(server.port, 'ruok')
  disk.release()
  expect((await Promise.all(requests)).map((stat) => stat.version)).toEqual(requests.map((_, index) => index + 1))
})
