import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { acceptHandles, receiveEvents, socketOf } from '../../src/runtime/shared-input-socket.ts'

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

test('the handles of new connections come instead of the event of the server, and are read into one buffer', async () => {
  const server = createServer({ pauseOnConnect: true }, () => expect.unreachable('the event of the server'))
  const port = await listening(server)
  const buffers = new Set<ArrayBufferLike>()
  const texts: string[] = []
  const received = new Promise<void>((resolve) => {
    const isTaken = acceptHandles(server, (handle) => {
      const socket = socketOf(server, handle, (bytes, view, length) => {
        buffers.add(bytes.buffer).add(view.buffer)
        texts.push(String.fromCharCode(...bytes.subarray(0, length)))
        socket.destroy()
        if (texts.length === 2) resolve()
      })
    })
    expect(isTaken).toBe(true)
  })
  for (const text of ['one', 'two']) {
    const client = connect(port, '127.0.0.1', () => client.write(text))
    client.on('close', () => client.destroy())
  }
  await received
  expect(texts.sort()).toEqual(['one', 'two'])
  expect(buffers.size).toBe(1)
  await new Promise((resolve) => server.close(resolve))
})

test('a server without a handle is left as it is', () => {
  expect(acceptHandles(createServer(), () => expect.unreachable('a connection'))).toBe(false)
})

test('where handles cannot be had, the sockets that Node accepts are read by their events', async () => {
  const server = createServer({ pauseOnConnect: true })
  const port = await listening(server)
  const received = new Promise<string>((resolve) => {
    server.on('connection', (accepted) => {
      const socket = receiveEvents(accepted, (bytes, view, length) => {
        expect(view.getUint8(0)).toBe(bytes[0])
        socket.destroy()
        resolve(String.fromCharCode(...bytes.subarray(0, length)))
      })
    })
  })
  const client = connect(port, '127.0.0.1', () => client.write('by events'))
  expect(await received).toBe('by events')
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
})
