// Encrypted connections: a relay that speaks TLS stands before a server that does not.

import { connect as connectSocket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { connect, decodeText } from '@tskeeper/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ClientTarget } from './client-target.ts'
import { CERTIFICATE, KEY } from './tls-certificate.ts'

let target: ClientTarget
let relay: Server
let port = 0

beforeAll(async () => {
  target = await ClientTarget.start()
  relay = createServer({ key: KEY, cert: CERTIFICATE }, (client) => {
    const server = connectSocket({ host: '127.0.0.1', port: target.port })
    for (const socket of [client, server]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        server.destroy()
      })
    }
    client.pipe(server).pipe(client)
  })
  relay.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const address = relay.address()
  port = address !== null && typeof address === 'object' ? address.port : 0
}, 60_000)

afterAll(async () => {
  await target[Symbol.asyncDispose]()
  relay.close()
})

test('everything goes over TLS, also what is longer than its records', async () => {
  await using zk = await connect(`127.0.0.1:${port}`, { tls: { ca: CERTIFICATE }, deadlineMs: 20_000 })
  const text = 'long '.repeat(100_000)
  await zk.create('/tls', text)
  const values = await Promise.all(Array.from({ length: 20 }, () => zk.get('/tls')))
  expect(values.every(({ data }) => decodeText(data) === text)).toBe(true)
})

test('a certificate that nobody vouches for is not accepted, and the reason is told', async () => {
  await expect(connect(`127.0.0.1:${port}`, { tls: {}, deadlineMs: 500 })).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringMatching(/self-signed certificate/),
  })
})

test('a certificate for another name is not accepted, unless names are not looked at', async () => {
  const tls = { ca: CERTIFICATE, serverName: 'elsewhere' }
  await expect(connect(`127.0.0.1:${port}`, { tls, deadlineMs: 500 })).rejects.toMatchObject({
    message: expect.stringMatching(/does not match certificate/),
  })
  await using zk = await connect(`127.0.0.1:${port}`, { tls: { ...tls, verifyHostName: false }, deadlineMs: 20_000 })
  expect(zk.state).toBe('connected')
})

test('a client without TLS gets no answer from a server with it', async () => {
  await expect(connect(`127.0.0.1:${port}`, { deadlineMs: 300 })).rejects.toMatchObject({ code: 'TIMEOUT' })
})

test('a key that is none is told of like any other reason, and harms nothing else', async () => {
  const tls = { ca: CERTIFICATE, certificate: CERTIFICATE, key: 'not a key' }
  await expect(connect(`127.0.0.1:${port}`, { tls, deadlineMs: 500 })).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringMatching(/the last attempt: .*(?:PEM|key|DECODER)/i),
  })
})
