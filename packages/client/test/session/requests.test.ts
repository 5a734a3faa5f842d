import { Op } from '@tskeeper/protocol'
import { expect, test } from 'vitest'
import { decodeText, retries, type ZooKeeper } from '../../src/portable.ts'
import { type FakeConnection, nodeBody, writeReply, writeStatOf } from '../fake-server.ts'
import { outcomeOf, VirtualWorld } from '../virtual-world.ts'

async function connected(options: Parameters<VirtualWorld['client']>[1] = {}): Promise<{
  world: VirtualWorld
  client: ZooKeeper
  connection: FakeConnection
}> {
  const world = new VirtualWorld()
  const client = world.client('a:2181', options)
  await Promise.all([client.connect(), world.run(10)])
  return { world, client, connection: world.server('a:2181').last }
}

test('requests of one tick leave in one write and are answered in order', async () => {
  const { world, client, connection } = await connected()
  const before = connection.writeCount
  const outcomes = ['/a', '/b', '/c'].map((path) => outcomeOf(client.get(path)))
  await world.settle()
  expect(connection.writeCount - before).toBe(1)
  const requests = connection.requests(Op.getData)
  expect(requests.map(({ xid }) => xid)).toEqual([1, 2, 3])
  connection.send(
    ...requests.map(
      ({ xid }) =>
        (out: Parameters<typeof writeReply>[0]) =>
          writeReply(out, xid, 9n, 0, nodeBody(`data ${xid}`)),
    ),
  )
  await world.settle()
  expect(outcomes.map(({ value }) => decodeText(value?.data ?? new Uint8Array(0)))).toEqual(['data 1', 'data 2', 'data 3'])
})

test('replies that come in single bytes are put together', async () => {
  const { world, client, connection } = await connected()
  const outcome = outcomeOf(client.get('/a'))
  await world.settle()
  const sent: Uint8Array[] = []
  const deliver = connection.sendBytes.bind(connection)
  connection.sendBytes = (bytes) => void sent.push(bytes)
  connection.reply(connection.request(Op.getData), 3n, nodeBody('x'.repeat(5_000)))
  for (const byte of sent[0] ?? []) deliver(Uint8Array.of(byte))
  await world.settle()
  expect(outcome.value?.data).toHaveLength(5_000)
})

test('a reply with another xid than the one that is due breaks the connection', async () => {
  const { world, client, connection } = await connected()
  const outcome = outcomeOf(client.set('/a', 'x'))
  await world.settle()
  connection.reply({ ...connection.request(Op.setData), xid: 17 }, 3n, writeStatOf)
  await world.settle()
  expect(outcome.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: true })
  expect(client.state).toBe('suspended')
})

test('a server that sends a frame of an impossible length loses the client', async () => {
  const { world, client, connection } = await connected({ maxReplyBytes: 1_000 })
  connection.sendBytes(Uint8Array.of(0, 0, 4, 0))
  await world.settle()
  expect(client.state).toBe('suspended')
})

test('a lost connection says of each request whether it may have been carried out', async () => {
  const { world, client, connection } = await connected()
  const read = outcomeOf(client.get('/a'))
  const write = outcomeOf(client.set('/a', 'x'))
  await world.settle()
  const unsent = outcomeOf(client.set('/a', 'y'))
  connection.breakOff()
  await world.settle()
  expect(read.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: false, wireCode: -4, category: 'connection' })
  expect(write.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: true, isRetryable: true })
  expect(unsent.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: false })
})

test('requests behind a full socket were not carried out when it breaks', async () => {
  const { world, client, connection } = await connected()
  connection.isBlocked = true
  const handedOver = outcomeOf(client.set('/a', 'x'))
  await world.settle()
  const kept = outcomeOf(client.set('/a', 'y'))
  await world.settle()
  connection.breakOff()
  await world.settle()
  expect(handedOver.error).toMatchObject({ mayHaveBeenApplied: true })
  expect(kept.error).toMatchObject({ mayHaveBeenApplied: false })
})

test('what gathers behind a full socket leaves when it drains', async () => {
  const { world, client, connection } = await connected()
  connection.isBlocked = true
  void outcomeOf(client.get('/a'))
  await world.settle()
  for (const path of ['/b', '/c']) void outcomeOf(client.get(path))
  await world.settle()
  expect(connection.received).toHaveLength(0)
  connection.unblock()
  await world.settle()
  expect(connection.requests(Op.getData).map(({ body }) => body.readString())).toEqual(['/a', '/b', '/c'])
})

test('an aborted request settles at once, and its reply is passed over', async () => {
  const { world, client, connection } = await connected()
  const controller = new AbortController()
  const aborted = outcomeOf(client.set('/a', 'x', { signal: controller.signal }))
  const other = outcomeOf(client.get('/b'))
  await world.settle()
  controller.abort(new Error('enough'))
  await world.settle()
  expect(aborted.error).toMatchObject({ code: 'ABORTED', mayHaveBeenApplied: true, category: 'usage' })
  connection.reply(connection.request(Op.setData), 2n, writeStatOf)
  connection.reply(connection.request(Op.getData), 2n, nodeBody('b'))
  await world.settle()
  expect(other.value?.isNull).toBe(false)
})

test('a request that is aborted before it is sent is not sent', async () => {
  const world = new VirtualWorld()
  const client = world.client()
  const controller = new AbortController()
  const aborted = outcomeOf(client.set('/a', 'x', { signal: controller.signal }))
  controller.abort()
  const born = outcomeOf(client.set('/a', 'x', { signal: AbortSignal.abort() }))
  await world.run(10)
  expect(aborted.error).toMatchObject({ code: 'ABORTED', mayHaveBeenApplied: false })
  expect(born.error).toMatchObject({ code: 'ABORTED', mayHaveBeenApplied: false })
  expect(world.server('a:2181').last.received).toHaveLength(0)
})

test('a deadline settles a request, its own before the default of the client', async () => {
  const { world, client } = await connected({ requestTimeoutMs: 500 })
  const byDefault = outcomeOf(client.get('/a'))
  const own = outcomeOf(client.set('/a', 'x', { deadlineMs: 200 }))
  await world.run(200)
  expect(own.error).toMatchObject({ code: 'TIMEOUT', mayHaveBeenApplied: true, category: 'connection' })
  expect(byDefault.isSettled).toBe(false)
  await world.run(300)
  expect(byDefault.error).toMatchObject({ code: 'TIMEOUT', mayHaveBeenApplied: false })
})

test('an answered request leaves no timer and no listener behind', async () => {
  const { world, client, connection } = await connected()
  const timers = world.timerCount
  const controller = new AbortController()
  const outcome = outcomeOf(client.get('/a', { deadlineMs: 1_000, signal: controller.signal }))
  await world.settle()
  expect(world.timerCount).toBe(timers + 1)
  connection.reply(connection.request(Op.getData), 2n, nodeBody('b'))
  await world.settle()
  expect(outcome.isSettled).toBe(true)
  expect(world.timerCount).toBe(timers)
})

test('a request over the limit is refused with the sizes, connected or not, and others go on', async () => {
  const { world, client, connection } = await connected({ maxPacketBytes: 100 })
  const large = outcomeOf(client.set('/a', new Uint8Array(100)))
  const small = outcomeOf(client.get('/a'))
  await world.settle()
  // Header 8, path 4 + 2, data 4 + 100, version 4.
  expect(large.error).toMatchObject({ code: 'REQUEST_TOO_LARGE', message: expect.stringMatching(/122 bytes.*accept 100/) })
  connection.reply(connection.request(Op.getData), 2n, nodeBody('b'))
  await world.settle()
  expect(small.value).toBeDefined()
  connection.breakOff()
  await world.settle()
  await expect(client.set('/a', new Uint8Array(100))).rejects.toMatchObject({
    message: expect.stringMatching(/122 bytes.*accept 100/),
  })
})

test('data is taken as it is at the call, also when it has to wait', async () => {
  const world = new VirtualWorld()
  const client = world.client()
  const data = Uint8Array.of(1, 2, 3)
  void outcomeOf(client.set('/a', data))
  data.fill(9)
  await world.run(10)
  const { body } = world.server('a:2181').last.request(Op.setData)
  body.readString()
  expect(body.readBuffer()).toEqual(Uint8Array.of(1, 2, 3))
})

test('a refusal names the operation, the path and the reason', async () => {
  const { world, client, connection } = await connected()
  const outcome = outcomeOf(client.delete('/a/b', { version: 3 }))
  await world.settle()
  connection.refuse(connection.request(Op.delete), -103)
  await world.settle()
  expect(outcome.error).toMatchObject({
    code: 'BAD_VERSION',
    wireCode: -103,
    path: '/a/b',
    category: 'server',
    isRetryable: false,
    mayHaveBeenApplied: false,
    message: 'delete /a/b: the version is not the one expected (BAD_VERSION)',
  })
})

test('a code that nobody has assigned is an unknown error with its number', async () => {
  const { world, client, connection } = await connected()
  const outcome = outcomeOf(client.get('/a'))
  await world.settle()
  connection.refuse(connection.request(Op.getData), -9999)
  await world.settle()
  expect(outcome.error).toMatchObject({ code: 'UNKNOWN_ERROR', wireCode: -9999 })
})

test('closing waits for what was asked for before, and takes nothing new', async () => {
  const { world, client, connection } = await connected()
  const before = outcomeOf(client.get('/a'))
  const closed = outcomeOf(client.close())
  const after = outcomeOf(client.get('/b'))
  connection.answersClose = false
  await world.settle()
  expect(after.error).toMatchObject({ code: 'CLOSED', category: 'session', mayHaveBeenApplied: false })
  expect(connection.received.map(({ op }) => op)).toEqual([Op.getData, Op.closeSession])
  connection.reply(connection.request(Op.getData), 2n, nodeBody('still'))
  await world.settle()
  expect(decodeText(before.value?.data ?? new Uint8Array(0))).toBe('still')
  expect(closed.isSettled).toBe(false)
  connection.reply(connection.request(Op.closeSession), 3n)
  await world.settle()
  expect(closed.isSettled).toBe(true)
})

test('closing is over when the server has said so, once, and leaves no timer', async () => {
  const { world, client } = await connected()
  const first = client.close()
  expect(client.close()).toBe(first)
  await Promise.all([first, world.run(10)])
  expect(client.state).toBe('closed')
  expect(world.timerCount).toBe(0)
})

test('closing without a connection is over at once, and after its deadline in any case', async () => {
  const world = new VirtualWorld()
  world.server('a:2181').mode = 'refuse'
  const waitingClient = world.client()
  const waiting = outcomeOf(waitingClient.get('/a'))
  await waitingClient.close()
  await world.settle()
  expect(waiting.error).toMatchObject({ code: 'CLOSED' })

  const { world: other, client, connection } = await connected()
  connection.isBlocked = true
  const closed = outcomeOf(client.close())
  void client.close({ deadlineMs: 100 })
  await other.run(99)
  expect(closed.isSettled).toBe(false)
  await other.run(1)
  expect(closed.isSettled).toBe(true)
  expect(other.timerCount).toBe(0)
})

test('retries repeat reads and what certainly did not happen, and writes only when told to', async () => {
  const { world, client, connection } = await connected({ retry: retries.bounded({ attemptsMax: 3 }) })
  const server = world.server('a:2181')
  const read = outcomeOf(client.get('/a'))
  const write = outcomeOf(client.set('/a', 'x'))
  const repeated = outcomeOf(client.set('/b', 'x', { retry: retries.bounded({ repeatsAmbiguousWrites: true }) }))
  await world.settle()
  connection.breakOff()
  await world.run(2_000)
  expect(write.error).toMatchObject({ code: 'CONNECTION_LOSS', mayHaveBeenApplied: true })
  server.last.reply(server.last.request(Op.getData), 2n, nodeBody('again'))
  server.last.reply(server.last.request(Op.setData), 2n, writeStatOf)
  await world.settle()
  expect(decodeText(read.value?.data ?? new Uint8Array(0))).toBe('again')
  expect(repeated.value).toBeDefined()
})

test('retries stop at the attempts that the policy allows, and at the deadline', async () => {
  const { world, client, connection } = await connected()
  const throttled = outcomeOf(client.get('/a', { retry: retries.bounded({ attemptsMax: 2, delayMs: 10 }) }))
  await world.settle()
  connection.refuse(connection.requests(Op.getData)[0] ?? fail(), -127)
  await world.run(100)
  connection.refuse(connection.requests(Op.getData)[1] ?? fail(), -127)
  await world.run(100)
  expect(throttled.error).toMatchObject({ code: 'THROTTLED_OP' })

  const late = outcomeOf(client.get('/b', { retry: retries.forever, deadlineMs: 1_000 }))
  await world.run(1_000)
  expect(late.error).toMatchObject({ code: 'TIMEOUT' })
})

test('a request that cannot be written is refused, and what is sent after it arrives whole', async () => {
  const { world, client, connection } = await connected()
  const fromVersion = 7 as unknown as bigint
  const unwritable = outcomeOf(client.reconfig({ leaving: ['1'], fromVersion }))
  const good = outcomeOf(client.get('/a'))
  await world.settle()
  expect(unwritable.error).toMatchObject({ code: 'BAD_ARGUMENTS', category: 'usage', mayHaveBeenApplied: false })
  expect(connection.received.map(({ op }) => op)).toEqual([Op.getData])
  connection.reply(connection.request(Op.getData), 2n, nodeBody('b'))
  await world.settle()
  expect(good.value).toBeDefined()

  connection.breakOff()
  await world.settle()
  await expect(client.reconfig({ leaving: ['1'], fromVersion })).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' })
})

test('a deadline without end is none, one that is very far away does not come early, and what is no time is refused', async () => {
  const { world, client } = await connected()
  const endless = outcomeOf(client.get('/a', { deadlineMs: Number.POSITIVE_INFINITY }))
  const retried = outcomeOf(client.get('/a', { deadlineMs: Number.POSITIVE_INFINITY, retry: retries.forever }))
  await world.run(1_000)
  expect(endless.isSettled || retried.isSettled).toBe(false)
  for (const deadlineMs of [Number.NaN, 'soon' as unknown as number]) {
    const refusal = { code: 'BAD_ARGUMENTS', message: expect.stringMatching(/deadlineMs/) }
    await expect(client.get('/a', { deadlineMs })).rejects.toMatchObject(refusal)
    await expect(client.get('/a', { deadlineMs, retry: retries.forever })).rejects.toMatchObject(refusal)
    await expect(client.connect({ deadlineMs })).rejects.toMatchObject(refusal)
  }
  const connecting = outcomeOf(world.client('silent:1').connect({ deadlineMs: Number.POSITIVE_INFINITY }))
  await world.settle()
  expect(connecting.error).toBeUndefined()
})

test('a request that was given up ends once for who traces it, also when a wrong reply comes', async () => {
  const ends: string[] = []
  const world = new VirtualWorld()
  const tracing = {
    isEnabled: true,
    start: () => undefined,
    end: (_: unknown, error: Error | null) => void ends.push(String(error)),
  }
  const client = world.client('a:2181', { runtime: { ...world.runtime, tracing } })
  await Promise.all([client.connect(), world.run(10)])
  const outcome = outcomeOf(client.get('/a', { deadlineMs: 100 }))
  await world.run(100)
  const { last } = world.server('a:2181')
  last.reply({ ...last.request(Op.getData), xid: 17 }, 3n, nodeBody('x'))
  await world.settle()
  expect(outcome.error).toMatchObject({ code: 'TIMEOUT' })
  expect(ends).toEqual([expect.stringMatching(/TIMEOUT/)])
})

test('credentials that cannot be presented are refused when they are given', async () => {
  const { world, client } = await connected()
  for (const [scheme, auth] of [
    ['', 'u:p'],
    [undefined, 'u:p'],
    ['digest', undefined],
    ['digest', null],
  ] as unknown as [string, string][]) {
    const refusal = { code: 'BAD_ARGUMENTS', category: 'usage' }
    await expect(client.addAuth(scheme, auth)).rejects.toMatchObject(refusal)
    expect(() => world.client('a:2181', { auth: [{ scheme, auth }] })).toThrow(expect.objectContaining(refusal))
  }
  world.server('a:2181').last.breakOff()
  await world.run(1_000)
  expect(client.state).toBe('connected')
})

function fail(): never {
  throw new Error('the request did not come')
}
