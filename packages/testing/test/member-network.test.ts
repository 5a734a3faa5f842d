// The members' network alone, with two servers that are nothing but their lives.

import type { ConnectionHandler, NetworkConnection } from '@tskeeper/server'
import { expect, test } from 'vitest'
import { MemberNetwork } from '../src/member-network.ts'
import { ServerLife } from '../src/server-life.ts'

const PORT = 2888

/** Long enough for everything that waits for a turn of the loop only. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Writes down what happens on a connection. */
class Recorder implements ConnectionHandler {
  readonly events: string[] = []

  onData(bytes: Uint8Array, _view: DataView, length: number): void {
    this.events.push(Buffer.from(bytes.subarray(0, length)).toString())
  }

  onDrain(): void {
    this.events.push('(drain)')
  }

  onEnd(): void {
    this.events.push('(end)')
  }

  onClose(): void {
    this.events.push('(close)')
  }
}

class Stage {
  readonly network = new MemberNetwork(['one', 'two'])
  readonly one = { host: 'one', life: new ServerLife() }
  readonly two = { host: 'two', life: new ServerLife() }
  readonly near = new Recorder()
  readonly far = new Recorder()
  accepted: NetworkConnection | null = null

  listen(): void {
    this.network.listen(this.two, PORT, (connection) => {
      connection.handler = this.far
      this.accepted = connection
    })
  }

  dial(timeoutMs = 60_000): Promise<NetworkConnection> {
    const options = { host: 'two', port: PORT, timeoutMs, noDelay: true, keepAlive: false }
    return new Promise((resolve, reject) => {
      this.network.connect(this.one, options, this.near, (error, connection) => {
        if (connection === null) reject(error ?? new Error('no connection'))
        else resolve(connection)
      })
    })
  }
}

function send(connection: NetworkConnection | null, text: string): boolean {
  const bytes = Buffer.from(text)
  const isFree = connection?.write(bytes, bytes.length) ?? true
  // The array is the writer's again at once.
  bytes.fill(0)
  return isFree
}

test('bytes go both ways and in their order', async () => {
  const stage = new Stage()
  stage.listen()
  const connection = await stage.dial()
  send(connection, 'a')
  send(connection, 'b')
  await settle()
  send(stage.accepted, 'c')
  await settle()
  expect(stage.far.events).toEqual(['a', 'b'])
  expect(stage.near.events).toEqual(['c'])
})

test('a host that does not listen refuses', async () => {
  await expect(new Stage().dial()).rejects.toThrow('ECONNREFUSED')
})

test('a port that is taken is not given twice, unless its holder is gone', () => {
  const { network, two } = new Stage()
  const again = { host: 'two', life: new ServerLife() }
  expect(network.listen(two, PORT, () => {})).toBe(true)
  expect(network.listen(again, PORT, () => {})).toBe(false)
  two.life.end()
  expect(network.listen(again, PORT, () => {})).toBe(true)
  // What the old holder does now is without effect.
  network.close(two, PORT)
  expect(network.listen(two, PORT, () => {})).toBe(false)
})

test('an end is heard of behind what was sent before it, and both ends make the close', async () => {
  const stage = new Stage()
  stage.listen()
  const connection = await stage.dial()
  send(connection, 'last')
  connection.end()
  await settle()
  expect(stage.far.events).toEqual(['last', '(end)'])
  send(stage.accepted, 'answer')
  stage.accepted?.end()
  await settle()
  expect(stage.near.events).toEqual(['answer', '(end)', '(close)'])
  expect(stage.far.events).toEqual(['last', '(end)', '(close)'])
})

test('a reader that pauses makes the writer wait, and get on afterwards', async () => {
  const stage = new Stage()
  stage.listen()
  const connection = await stage.dial()
  await settle()
  stage.accepted?.pause()
  expect(send(connection, 'x'.repeat(2 * 1024 * 1024))).toBe(false)
  await settle()
  expect(stage.near.events).toEqual([])
  expect(stage.far.events).toEqual([])
  stage.accepted?.resume()
  await settle()
  expect(stage.near.events).toEqual(['(drain)'])
  expect(stage.far.events.map((text) => text.length)).toEqual([2 * 1024 * 1024])
})

test('a cut holds bytes and ends back until it heals', async () => {
  const stage = new Stage()
  stage.listen()
  const connection = await stage.dial()
  await settle()
  stage.network.partition([['one'], ['two']])
  send(connection, 'held')
  connection.destroy()
  await settle()
  expect(stage.near.events).toEqual(['(close)'])
  expect(stage.far.events).toEqual([])
  stage.network.heal()
  await settle()
  expect(stage.far.events).toEqual(['held', '(end)', '(close)'])
})

test('a connection over a cut comes about when it heals, or not at all when its time is up', async () => {
  const stage = new Stage()
  stage.listen()
  stage.network.partition([['one'], ['two']])
  await expect(stage.dial(1)).rejects.toThrow('no connection to two:2888 within 1 ms')
  const dialling = stage.dial()
  await settle()
  expect(stage.accepted).toBeNull()
  stage.network.heal()
  send(await dialling, 'through')
  await settle()
  expect(stage.far.events).toEqual(['through'])
})

test('the connections of a life that ends break for the other side, and it hears nothing itself', async () => {
  const stage = new Stage()
  stage.listen()
  const connection = await stage.dial()
  await settle()
  stage.one.life.end()
  send(connection, 'from the dead')
  await settle()
  expect(stage.near.events).toEqual([])
  expect(stage.far.events).toEqual(['(end)', '(close)'])
})

test('a paused life takes connections and bytes when it goes on', async () => {
  const stage = new Stage()
  stage.listen()
  stage.two.life.pause()
  send(await stage.dial(), 'patience')
  await settle()
  expect(stage.accepted).toBeNull()
  stage.two.life.resume()
  await settle()
  expect(stage.far.events).toEqual(['patience'])
})
