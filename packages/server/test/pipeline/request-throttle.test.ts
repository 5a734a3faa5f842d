// What happens to requests while too many are in process, or when they had to wait for too long.

import { Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { bareRequest, createRequest, existsRequest, setDataRequest, VirtualServer } from './virtual-server.ts'

const THROTTLED = -127
const OK = 0

function setDatas(from: number, to: number): Uint8Array[] {
  return Array.from({ length: to - from + 1 }, (_, index) => setDataRequest(from + index, '/a'))
}

function xids(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

async function startWithNode(settings: Readonly<Record<string, string | number>>): Promise<VirtualServer> {
  const server = await VirtualServer.start(settings)
  const client = server.connect()
  client.send(createRequest(1, '/a'))
  server.settle()
  client.cut()
  return server
}

test('without a limit every request that has come is in process', async () => {
  const server = await startWithNode({})
  const client = server.connect()
  server.isDiskHeld = true
  client.send(...setDatas(1, 200))
  expect(server.metric('outstanding_requests')).toBe(200)
  await server.stop()
  expect(client.takeReplies().map(({ xid }) => xid)).toEqual(xids(1, 200))
})

test('no more requests than the limit are taken up, and the others follow in their order', async () => {
  const server = await startWithNode({ requestThrottleLimit: 3 })
  const client = server.connect()
  server.isDiskHeld = true
  client.send(...setDatas(1, 10))
  expect(server.metric('outstanding_requests')).toBe(3)
  expect(client.isRead).toBe(false)
  expect(server.metric('request_throttle_wait_count')).toBe(1)
  server.isDiskHeld = false
  server.settle()
  expect(client.takeReplies().map(({ xid, err }) => [xid, err])).toEqual(xids(1, 10).map((xid) => [xid, OK]))
  expect(client.isRead).toBe(true)
  expect(server.metric('max_sync_processor_batch_size')).toBe(3)
  await server.stop()
})

test('while the limit is reached nobody’s requests are taken up, reads neither; four-letter words are answered', async () => {
  const server = await startWithNode({ requestThrottleLimit: 2 })
  const [writer, reader] = [server.connect(), server.connect()]
  server.isDiskHeld = true
  writer.send(...setDatas(1, 2))
  reader.send(existsRequest(1, '/a'))
  const late = server.open()
  late.connect(10_000)
  server.settle()
  expect(reader.takeReplies()).toEqual([])
  expect(late.takeBytes()).toHaveLength(0)
  expect(server.ask('ruok')).toBe('imok')
  server.isDiskHeld = false
  server.settle()
  expect(reader.takeReplies()).toHaveLength(1)
  expect(late.takeBytes()).toHaveLength(41)
  await server.stop()
})

test('reads that wait for writes count as in process', async () => {
  const server = await startWithNode({ requestThrottleLimit: 3 })
  const client = server.connect()
  server.isDiskHeld = true
  client.send(
    setDataRequest(1, '/a'),
    existsRequest(2, '/a'),
    existsRequest(3, '/a'),
    existsRequest(4, '/a'),
    setDataRequest(5, '/a'),
  )
  expect(server.metric('outstanding_requests')).toBe(3)
  server.isDiskHeld = false
  server.settle()
  expect(client.takeReplies().map(({ xid }) => xid)).toEqual([1, 2, 3, 4, 5])
  await server.stop()
})

test('connections take turns: one that sends much does not keep the others waiting until it is done', async () => {
  const server = await startWithNode({ requestThrottleLimit: 4 })
  const [greedy, modest] = [server.connect(), server.connect()]
  server.isDiskHeld = true
  greedy.send(...setDatas(1, 40))
  modest.send(setDataRequest(1, '/a'))
  server.isDiskHeld = false
  server.settle()
  // The greedy client was stalled first: its next four are taken up before the modest client's turn, no more.
  const firstOfModest = modest.takeReplies()[0]?.zxid ?? 0
  const before = greedy.takeReplies().filter(({ zxid }) => zxid < firstOfModest)
  expect(before).toHaveLength(8)
  await server.stop()
})

test('requests that were held back are dated by their arrival', async () => {
  const server = await startWithNode({ requestThrottleLimit: 1 })
  const client = server.connect()
  server.ask('srst')
  server.isDiskHeld = true
  client.send(...setDatas(1, 2))
  server.advance(40)
  server.disk.completeSyncs()
  server.settle()
  server.advance(2)
  server.isDiskHeld = false
  server.settle()
  expect(client.takeReplies()).toHaveLength(2)
  expect([server.metric('min_latency'), server.metric('max_latency')]).toEqual([40, 42])
  expect(server.metric('max_request_throttle_queue_time_ms')).toBe(40)
  await server.stop()
})

test('requests that are held back go with their connection, and are counted', async () => {
  const server = await startWithNode({ requestThrottleLimit: 2 })
  const client = server.connect()
  server.isDiskHeld = true
  client.send(...setDatas(1, 7))
  client.cut()
  server.isDiskHeld = false
  server.settle()
  expect(server.metric('stale_requests')).toBe(5)
  expect(server.metric('stale_requests_dropped')).toBe(5)
  // The two that had been taken up are done, and nobody wants to know.
  expect(server.metric('stale_replies')).toBe(2)
  const other = server.connect()
  other.send(existsRequest(1, '/a'))
  expect(other.takeReplies()[0]?.err).toBe(OK)
  await server.stop()
})

test('requests that were held back for longer than their session’s timeout are dropped with the connection, if that is wanted', async () => {
  for (const [dropStale, isDropped] of [
    ['true', true],
    ['false', false],
  ] as const) {
    const server = await startWithNode({
      requestThrottleLimit: 1,
      requestStaleLatencyCheck: 'true',
      requestThrottleDropStale: dropStale,
      tickTime: 100_000,
      minSessionTimeout: 50,
      maxSessionTimeout: 50,
    })
    const [writer, client] = [server.connect(), server.connect()]
    server.isDiskHeld = true
    writer.send(setDataRequest(1, '/a'))
    client.send(...setDatas(1, 3))
    server.advance(51)
    server.isDiskHeld = false
    server.settle()
    expect(client.isClosed).toBe(isDropped)
    expect(client.takeReplies()).toHaveLength(isDropped ? 0 : 3)
    expect(server.metric('stale_requests')).toBe(3)
    expect(server.metric('stale_requests_dropped')).toBe(isDropped ? 3 : 0)
    await server.stop()
  }
})

test('a request that had to wait for too long is answered with an error in its turn, and not carried out', async () => {
  const server = await startWithNode({ requestThrottleLimit: 2, throttledOpWaitTime: 20 })
  const [writer, client] = [server.connect(), server.connect()]
  server.isDiskHeld = true
  writer.send(...setDatas(1, 2))
  client.send(createRequest(1, '/b'), existsRequest(2, '/a'), bareRequest(-2, Op.ping))
  server.advance(21)
  server.isDiskHeld = false
  server.settle()
  expect(client.takeReplies().map(({ xid, err }) => [xid, err])).toEqual([
    [1, THROTTLED],
    [2, THROTTLED],
    [-2, OK],
  ])
  expect(server.metric('throttled_ops')).toBe(2)
  client.send(existsRequest(3, '/b'))
  expect(client.takeReplies()[0]?.err).toBe(-101)
  expect(server.ask('cons')).toContain('lop=EXIS')
  await server.stop()
})

test('a request that did not wait for longer than allowed is carried out', async () => {
  const server = await startWithNode({ requestThrottleLimit: 2, throttledOpWaitTime: 20 })
  const [writer, client] = [server.connect(), server.connect()]
  server.isDiskHeld = true
  writer.send(...setDatas(1, 2))
  client.send(createRequest(1, '/b'))
  server.advance(20)
  server.isDiskHeld = false
  server.settle()
  expect(client.takeReplies().map(({ err }) => err)).toEqual([OK])
  await server.stop()
})

test('an error for waiting too long keeps its place behind the replies to earlier requests', async () => {
  const server = await startWithNode({ requestThrottleLimit: 1, throttledOpWaitTime: 20 })
  const client = server.connect()
  server.isDiskHeld = true
  client.send(setDataRequest(1, '/a'), setDataRequest(2, '/a'), bareRequest(3, Op.closeSession))
  server.advance(30)
  server.isDiskHeld = false
  server.settle()
  expect(client.takeReplies().map(({ xid, err }) => [xid, err])).toEqual([
    [1, OK],
    [2, THROTTLED],
    [3, OK],
  ])
  expect(client.isClosed).toBe(true)
  await server.stop()
})

test('requests of a client that does not read its replies wait, too', async () => {
  const server = await startWithNode({ throttledOpWaitTime: 20 })
  const client = server.connect()
  client.isReading = false
  client.send(setDataRequest(1, '/a'))
  server.settle()
  client.send(existsRequest(2, '/a'), setDataRequest(3, '/a'))
  server.advance(25)
  expect(client.takeReplies().map(({ xid }) => xid)).toEqual([1])
  client.startReading()
  server.settle()
  expect(client.takeReplies().map(({ xid, err }) => [xid, err])).toEqual([
    [2, THROTTLED],
    [3, THROTTLED],
  ])
  // What comes now has not waited.
  client.send(existsRequest(4, '/a'))
  expect(client.takeReplies().map(({ xid, err }) => [xid, err])).toEqual([[4, OK]])
  await server.stop()
})

test('the rest of a frame may come late: that is the client’s time, not one of waiting', async () => {
  const server = await startWithNode({ throttledOpWaitTime: 20, requestThrottleLimit: 1 })
  const [writer, client] = [server.connect(), server.connect()]
  const request = existsRequest(1, '/a')
  const bytes = Uint8Array.of(0, 0, 0, request.length, ...request)
  server.isDiskHeld = true
  writer.send(setDataRequest(1, '/a'))
  client.deliver(bytes.subarray(0, 10))
  server.advance(100)
  server.isDiskHeld = false
  server.settle()
  server.advance(100)
  client.deliver(bytes.subarray(10))
  expect(client.takeReplies().map(({ err }) => err)).toEqual([OK])
  expect(server.metric('throttled_ops')).toBe(0)
  await server.stop()
})

test('connect requests that the connection throttle refuses are closed without a response', async () => {
  const server = await VirtualServer.start(
    { connectionMaxTokens: 2, connectionTokenFillTime: 1000, connectionFreezeTime: 5 },
    0.01,
  )
  const [first, second, third] = [server.open(), server.open(), server.open()]
  for (const client of [first, second, third]) client.connect(10_000)
  server.settle()
  expect([first, second, third].map((client) => client.takeBytes().length)).toEqual([41, 41, 0])
  expect(third.isClosed).toBe(true)
  expect(server.metric('connection_rejected')).toBe(1)
  expect(server.metric('connection_request_count')).toBe(3)
  expect([server.metric('cnt_connection_token_deficit'), server.metric('sum_connection_token_deficit')]).toEqual([3, 1 + 2 + 2])
  expect(server.metric('connection_drop_probability')).toBe(0)
  // The empty bucket raises the probability, and every random number is below it.
  server.advance(6)
  server.open().connect(10_000)
  expect(server.metric('connection_drop_probability')).toBe(0.02)
  server.advance(1000)
  const unlucky = server.open()
  unlucky.connect(10_000)
  server.settle()
  expect(unlucky.isClosed).toBe(true)
  await server.stop()
})
