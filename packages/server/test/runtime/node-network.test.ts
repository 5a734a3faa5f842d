import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { ConnectionHandler, Listener, NetworkConnection } from '../../src/runtime/network.ts'
import { NodeNetwork } from '../../src/runtime/node-network.ts'

const LOOPBACK = '127.0.0.1'
const network = new NodeNetwork()

/** Keeps what arrives as text, and says when the connection is gone. */
class Receiver implements ConnectionHandler {
  text = ''
  connection: NetworkConnection | null = null
  readonly closed: Promise<void>
  #close: () => void = () => {}
  onText: () => void = () => {}

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve
    })
  }

  onData(bytes: Uint8Array, _view: DataView, length: number): void {
    this.text += new TextDecoder().decode(bytes.subarray(0, length))
    this.onText()
  }

  onDrain(): void {}

  /** Connections stay open in the other direction until their owner closes them. */
  onEnd(): void {
    this.connection?.end()
  }

  onClose(): void {
    this.#close()
  }

  until(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.onText = () => {
        if (this.text === text) resolve()
      }
      this.onText()
    })
  }
}

function listen(accept: (connection: NetworkConnection) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const options = { host: LOOPBACK, port: 0, backlog: -1, keepAlive: false }
    const listener = network.listen(options, accept, (error) => (error === null ? resolve(listener) : reject(error)))
  })
}

function connect(port: number, handler: ConnectionHandler): Promise<NetworkConnection> {
  return new Promise((resolve, reject) => {
    const options = { host: LOOPBACK, port, timeoutMs: 10_000, noDelay: true, keepAlive: false }
    network.connect(options, handler, (error, connection) => {
      if (connection === null) reject(error ?? new Error('neither a connection nor an error'))
      else resolve(connection)
    })
  })
}

function close(listener: Listener): Promise<void> {
  return new Promise((resolve) => listener.close(resolve))
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

test('bytes go both ways over a connection that was opened, and its close is told to both ends', async () => {
  const near = new Receiver()
  const far = new Receiver()
  const listener = await listen((connection) => {
    connection.handler = far
    far.connection = connection
    connection.write(bytesOf('from the listener'), 17)
  })
  const connection = await connect(listener.port, near)
  expect(connection.remoteAddress).toBe(LOOPBACK)
  expect(connection.remotePort).toBe(listener.port)
  connection.write(bytesOf('from the dialler'), 16)
  await Promise.all([near.until('from the listener'), far.until('from the dialler')])
  connection.destroy()
  await Promise.all([near.closed, far.closed])
  await close(listener)
})

test('where nobody listens, the failure is told once and there is no connection', async () => {
  const listener = await listen(() => {})
  const { port } = listener
  await close(listener)
  await expect(connect(port, new Receiver())).rejects.toThrow('ECONNREFUSED')
})

test('an attempt that was given up is not heard of again', async () => {
  const accepted: NetworkConnection[] = []
  const listener = await listen((connection) => accepted.push(connection))
  const options = { host: LOOPBACK, port: listener.port, timeoutMs: 10_000, noDelay: true, keepAlive: false }
  const outcomes: unknown[] = []
  network.connect(options, new Receiver(), (error, connection) => outcomes.push(error ?? connection)).cancel()
  // A connection that is opened and closed afterwards: by its end the first one's outcome would have been told.
  const receiver = new Receiver()
  const connection = await connect(listener.port, receiver)
  connection.destroy()
  await receiver.closed
  expect(outcomes).toEqual([])
  for (const other of accepted) other.destroy()
  await close(listener)
})

test('a listener that closes is done when the last connection that it accepted is gone', async () => {
  const near = new Receiver()
  const far = new Receiver()
  const events: string[] = []
  const listener = await listen((connection) => {
    connection.handler = far
    far.connection = connection
    connection.write(bytesOf('hello'), 5)
  })
  const connection = await connect(listener.port, near)
  await near.until('hello')
  const isClosed = close(listener).then(() => events.push('closed'))
  // Whole turns of the loop: a listener that had counted no connection would be done in the first.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  events.push('still open')
  connection.destroy()
  await isClosed
  expect(events).toEqual(['still open', 'closed'])
})

test('a connection that is closed lets go of its socket, and whatever is asked of it then does nothing', async () => {
  const near = new Receiver()
  const far = new Receiver()
  let accepted: NetworkConnection | null = null
  const listener = await listen((connection) => {
    connection.handler = far
    far.connection = connection
    accepted = connection
    connection.write(bytesOf('hello'), 5)
  })
  const connection = await connect(listener.port, near)
  await near.until('hello')
  for (const end of [connection, accepted as NetworkConnection | null]) {
    expect(Object.values(end ?? {}).filter((value) => value instanceof Socket)).toHaveLength(1)
  }
  connection.destroy()
  await Promise.all([near.closed, far.closed])
  for (const end of [connection, accepted as NetworkConnection | null]) {
    expect(end).not.toBeNull()
    expect(Object.values(end ?? {}).filter((value) => value instanceof Socket)).toHaveLength(0)
    expect(end?.write(bytesOf('too late'), 8)).toBe(true)
    end?.pause()
    end?.resume()
    end?.end()
    end?.destroy()
  }
  await close(listener)
})
