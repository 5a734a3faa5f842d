// A session that is taken up on a new connection while writes of its old one are on their way. What a client asks comes behind what
// it asked before, on whichever connection it did.

import { ErrorCode, Op } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { bareRequest, createRequest, existsRequest, syncRequest, type VirtualClient, VirtualServer } from './virtual-server.ts'

const TIMEOUT_MS = 10_000

interface Setting {
  readonly server: VirtualServer
  readonly old: VirtualClient
  readonly sessionId: bigint
}

/** A server, and a client of it with a session. */
async function startWithSession(): Promise<Setting> {
  const server = await VirtualServer.start({})
  const old = server.open()
  old.connect(TIMEOUT_MS)
  server.settle()
  return { server, old, sessionId: old.takeSessionId() ?? 0n }
}

/** The same, and the creation of `/a`, with xid 7, waits for the disk. */
async function startWithHeldWrite(): Promise<Setting> {
  const setting = await startWithSession()
  setting.server.isDiskHeld = true
  setting.old.send(createRequest(7, '/a'))
  setting.server.settle()
  return setting
}

/** A new connection that takes the session up, and sends these requests with that. */
function takeUp({ server, sessionId }: Setting, ...requests: readonly Uint8Array[]): VirtualClient {
  const client = server.open()
  client.connect(TIMEOUT_MS, sessionId, ...requests)
  return client
}

/** From now on each sync ends when the test calls what it finds here. */
function holdSyncs({ disk }: VirtualServer): (() => void)[] {
  const syncs: (() => void)[] = []
  disk.scheduleSync = (done) => syncs.push(done)
  return syncs
}

function errors(client: VirtualClient): readonly (readonly [number, number])[] {
  return client.takeReplies().map(({ xid, err }) => [xid, err] as const)
}

test('a read on a new connection waits for a write of the old one that is being synced', async () => {
  const setting = await startWithHeldWrite()
  const { server, sessionId } = setting
  const client = takeUp(setting, existsRequest(1, '/a'))
  server.settle()
  expect(client.takeSessionId()).toBeNull()
  server.isDiskHeld = false
  server.settle()
  expect(client.takeSessionId()).toBe(sessionId)
  expect(errors(client)).toEqual([[1, ErrorCode.OK]])
  await server.stop()
})

test('a read on a new connection waits for a write of the old one that gathers behind a sync', async () => {
  const setting = await startWithSession()
  const { server, old, sessionId } = setting
  const syncs = holdSyncs(server)
  old.send(createRequest(7, '/a'))
  server.settle()
  old.send(createRequest(8, '/b'))
  server.settle()
  const client = takeUp(setting, existsRequest(1, '/b'))
  syncs.shift()?.()
  server.settle()
  expect(client.takeSessionId()).toBeNull()
  syncs.shift()?.()
  expect(client.takeSessionId()).toBe(sessionId)
  expect(errors(client)).toEqual([[1, ErrorCode.OK]])
  server.disk.scheduleSync = null
  await server.stop()
})

test('a read on a new connection waits for a write that came in the same turn, also when the old connection is gone', async () => {
  const setting = await startWithSession()
  const { server, old, sessionId } = setting
  old.send(createRequest(7, '/a'))
  old.cut()
  const client = takeUp(setting, existsRequest(1, '/a'))
  server.settle()
  expect(client.takeSessionId()).toBe(sessionId)
  expect(errors(client)).toEqual([[1, ErrorCode.OK]])
  await server.stop()
})

test('a sync on a new connection comes behind the writes of the old one', async () => {
  const setting = await startWithHeldWrite()
  const { server, sessionId } = setting
  const client = takeUp(setting, syncRequest(1, '/'), existsRequest(2, '/a'))
  server.settle()
  expect(client.takeSessionId()).toBeNull()
  server.isDiskHeld = false
  server.settle()
  expect(client.takeSessionId()).toBe(sessionId)
  expect(errors(client)).toEqual([
    [1, ErrorCode.OK],
    [2, ErrorCode.OK],
  ])
  await server.stop()
})

test('a new connection does not wait for writes that come after it', async () => {
  const setting = await startWithSession()
  const { server, old, sessionId } = setting
  const other = server.connect()
  const syncs = holdSyncs(server)
  old.send(createRequest(7, '/a'))
  server.settle()
  const client = takeUp(setting, existsRequest(1, '/a'))
  other.send(createRequest(1, '/b'))
  server.settle()
  syncs.shift()?.()
  expect(client.takeSessionId()).toBe(sessionId)
  expect(errors(client)).toEqual([[1, ErrorCode.OK]])
  expect(other.takeReplies()).toEqual([])
  syncs.shift()?.()
  expect(other.takeReplies()).toHaveLength(1)
  server.disk.scheduleSync = null
  await server.stop()
})

test('a new connection is answered at once when nothing is on its way', async () => {
  const setting = await startWithSession()
  const { server, sessionId } = setting
  const client = takeUp(setting, existsRequest(1, '/a'))
  expect(client.takeSessionId()).toBe(sessionId)
  expect(errors(client)).toEqual([[1, ErrorCode.NO_NODE]])
  await server.stop()
})

test('the reply to a write of the old connection never goes to the new one, whose requests have the same numbers', async () => {
  const setting = await startWithSession()
  const { server, old, sessionId } = setting
  server.isDiskHeld = true
  old.send(createRequest(1, '/a'))
  server.settle()
  const client = takeUp(setting, createRequest(1, '/a'), existsRequest(2, '/a'))
  server.isDiskHeld = false
  server.settle()
  expect(client.takeSessionId()).toBe(sessionId)
  expect(errors(client)).toEqual([
    [1, ErrorCode.NODE_EXISTS],
    [2, ErrorCode.OK],
  ])
  await server.stop()
})

test('a connection that waits can be closed, and be taken over in its turn', async () => {
  const setting = await startWithHeldWrite()
  const { server, sessionId } = setting
  const gone = takeUp(setting, existsRequest(1, '/a'))
  gone.cut()
  const replaced = takeUp(setting, existsRequest(1, '/a'))
  const last = takeUp(setting, existsRequest(1, '/a'))
  expect(replaced.isClosed).toBe(true)
  server.isDiskHeld = false
  server.settle()
  expect(gone.takeBytes()).toHaveLength(0)
  expect(replaced.takeBytes()).toHaveLength(0)
  expect(last.takeSessionId()).toBe(sessionId)
  expect(errors(last)).toEqual([[1, ErrorCode.OK]])
  expect(server.metric('num_alive_connections')).toBe(2)
  await server.stop()
})

test('a client that has closed its sending side while it waits gets its answers before the connection ends', async () => {
  const setting = await startWithHeldWrite()
  const { server, sessionId } = setting
  const client = takeUp(setting, existsRequest(1, '/a'))
  client.handler.onEnd()
  expect(client.isClosed).toBe(false)
  server.isDiskHeld = false
  server.settle()
  expect(client.takeSessionId()).toBe(sessionId)
  expect(errors(client)).toEqual([[1, ErrorCode.OK]])
  expect(client.isClosed).toBe(true)
  await server.stop()
})

test('a connection that waits for as long as the timeout of its session is closed, and the session expires', async () => {
  const setting = await startWithSession()
  const { server, old } = setting
  server.isDiskHeld = true
  old.send(createRequest(7, '/a'))
  server.settle()
  const client = takeUp(setting, existsRequest(1, '/a'))
  server.advance(TIMEOUT_MS * 2)
  server.isDiskHeld = false
  server.settle()
  expect(client.isClosed).toBe(true)
  expect(client.takeBytes()).toHaveLength(0)
  const late = takeUp(setting)
  expect(late.takeSessionId()).toBe(0n)
  await server.stop()
})

test('a session that its client closes on the old connection is refused on a new one, when its end is on disk', async () => {
  const setting = await startWithSession()
  const { server, old } = setting
  server.isDiskHeld = true
  old.send(bareRequest(7, Op.closeSession))
  server.settle()
  const client = takeUp(setting, existsRequest(1, '/a'))
  server.settle()
  expect(client.takeSessionId()).toBeNull()
  server.isDiskHeld = false
  server.settle()
  expect(client.takeSessionId()).toBe(0n)
  expect(errors(old)).toEqual([[7, ErrorCode.OK]])
  await server.stop()
})

test('a connection that waits when the server stops is closed', async () => {
  const setting = await startWithSession()
  const { server, old } = setting
  server.isDiskHeld = true
  old.send(createRequest(7, '/a'))
  server.settle()
  const client = takeUp(setting, existsRequest(1, '/a'))
  await server.stop()
  expect(client.isClosed).toBe(true)
})
