import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect as connectSocket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, retries } from '@tskeeper/client'
import { startServer } from '@tskeeper/testing'
import { expect, test, vi } from 'vitest'

// What a loaded machine needs for it must not decide a test.
vi.setConfig({ testTimeout: 60_000 })

/** Whether nobody has the port. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

test('a server serves when its start has settled, and gives its port up at the end of the block', async () => {
  let port = 0
  {
    await using server = await startServer()
    port = server.port
    expect(server.mode).toBe('standalone')
    expect(server.connectString).toBe(`127.0.0.1:${port}`)
    await using client = await connect(server.connectString)
    await client.create('/node', 'value')
    expect(await client.exists('/node')).toMatchObject({ dataLength: 5 })
    expect(await isFree(port)).toBe(false)
  }
  expect(await isFree(port)).toBe(true)
})

test('a server that is killed has what it acknowledged when it is started again, at the same address', async () => {
  await using server = await startServer()
  await using client = await connect(server.connectString, { retry: retries.forever })
  for (let i = 0; i < 20; i++) await client.create(`/node-${i}`)
  const { port } = server
  server.kill()
  expect(server.isRunning).toBe(false)
  expect(server.mode).toBeNull()
  // The port stays the server's, and who calls is hung up on.
  expect(await isFree(port)).toBe(false)
  await new Promise((resolve, reject) => connectSocket(port, '127.0.0.1').once('error', reject).once('close', resolve).resume())
  await server.start()
  expect(server.port).toBe(port)
  // The same session, too.
  expect(await client.children('/')).toHaveLength(21)
})

test('a stop and a start keep the data; a second start is refused', async () => {
  await using server = await startServer()
  await using client = await connect(server.connectString, { retry: retries.forever })
  await client.create('/kept')
  await server.restart()
  expect(await client.exists('/kept')).not.toBeNull()
  await expect(server.start()).rejects.toThrow('server 1 runs already')
  await server.stop()
  await server.stop()
  expect(server.isRunning).toBe(false)
})

test('a paused server answers nothing before it is resumed, and then everything', async () => {
  await using server = await startServer()
  await using client = await connect(server.connectString, { sessionTimeoutMs: 60_000 })
  await client.create('/node')
  server.pause()
  expect(server.isPaused).toBe(true)
  await expect(client.get('/node', { deadlineMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  const reading = client.get('/node')
  const writing = client.create('/other')
  const joining = connect(server.connectString)
  await expect(client.get('/node', { deadlineMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  server.resume()
  await reading
  await writing
  expect(await client.exists('/other')).not.toBeNull()
  expect(client.state).toBe('connected')
  await (await joining).close()
})

test('a paused server can be killed, and stopped', async () => {
  await using server = await startServer()
  server.pause()
  server.kill()
  await server.start()
  server.pause()
  await server.stop()
  expect(server.isRunning).toBe(false)
  expect(server.isPaused).toBe(false)
})

test('a server can be killed while it starts, and be started again', async () => {
  await using server = await startServer()
  await server.stop()
  const starting = server.start()
  server.kill()
  await starting
  expect(server.isRunning).toBe(false)
  await server.start()
  expect(server.mode).toBe('standalone')
})

test('a session that is made to expire takes its ephemeral nodes with it, and its client hears of it', async () => {
  await using server = await startServer()
  await using watcher = await connect(server.connectString)
  const client = await connect(server.connectString)
  await client.create('/mine', '', { mode: 'ephemeral' })
  const expired = new Promise<void>((resolve) => {
    client.on('state', ({ state }) => {
      if (state === 'expired') resolve()
    })
  })
  await server.expireSession(client.sessionId)
  expect(await watcher.exists('/mine')).toBeNull()
  await expired
  await expect(client.get('/')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' })
  await client.close()
  await expect(server.expireSession(12345n)).rejects.toThrow('knows no session 0x3039')
  expect(watcher.state).toBe('connected')
})

test('a directory that the test names keeps the data', async () => {
  const own = mkdtempSync(join(tmpdir(), 'tskeeper-testing-own-'))
  try {
    {
      await using server = await startServer({ directory: own })
      await using client = await connect(server.connectString)
      await client.create('/durable')
      server.kill()
    }
    expect(readdirSync(join(own, 'data', 'version-2')).some((name) => name.startsWith('log.'))).toBe(true)
    await using server = await startServer({ directory: own })
    await using client = await connect(server.connectString)
    expect(await client.exists('/durable')).not.toBeNull()
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
})

test('a temporary directory holds the files, if that is asked for, and is gone at the end', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'tskeeper-testing-parent-'))
  vi.stubEnv('TMPDIR', parent)
  try {
    {
      await using server = await startServer({ disk: 'files' })
      await using client = await connect(server.connectString)
      await client.create('/gone')
      expect(readdirSync(parent)).toHaveLength(1)
    }
    expect(readdirSync(parent)).toEqual([])
  } finally {
    vi.unstubAllEnvs()
    rmSync(parent, { recursive: true, force: true })
  }
})

test('a configuration that no server takes fails the start and leaves nothing behind', async () => {
  await expect(startServer({ properties: { tickTime: 'soon' } })).rejects.toThrow('Error processing the arguments')
})

test('properties reach the server', async () => {
  await using server = await startServer({ properties: { maxSessionTimeout: 3000 } })
  await using client = await connect(server.connectString, { sessionTimeoutMs: 40_000 })
  expect(client.negotiatedTimeoutMs).toBe(3000)
})
