import type { ConnectionHandler, NetworkConnection } from '@tskeeper/server'
import { expect, test } from 'vitest'
import { Machine } from '../../src/world/machine.ts'
import { VirtualNetwork } from '../../src/world/virtual-network.ts'
import { World } from '../../src/world/world.ts'

/** Two machines; the second echoes what it gets. */
function twoMachines(seed: number) {
  const world = new World(seed)
  const network = new VirtualNetwork(world)
  const [one, two] = [new Machine(world, 'one', '10.0.0.1'), new Machine(world, 'two', '10.0.0.2')]
  for (const machine of [one, two]) {
    network.addMachine(machine)
    machine.boot()
  }
  const accepted: NetworkConnection[] = []
  network.of(two).listen(
    { host: '', port: 2181, backlog: -1, keepAlive: false },
    (connection) => {
      accepted.push(connection)
      connection.handler = {
        onData: (bytes, _view, length) => connection.write(bytes.slice(0, length), length),
        onDrain() {},
        onEnd: () => connection.end(),
        onClose() {},
      }
    },
    () => {},
  )
  return { world, network, one, two, accepted }
}

class Recorder implements ConnectionHandler {
  readonly heard: string[] = []
  text = ''

  onData(bytes: Uint8Array, _view: DataView, length: number): void {
    this.text += new TextDecoder().decode(bytes.subarray(0, length))
  }

  onDrain(): void {
    this.heard.push('drain')
  }

  onEnd(): void {
    this.heard.push('end')
  }

  onClose(error: Error | null): void {
    this.heard.push(error === null ? 'close' : `close: ${error.message}`)
  }
}

async function connected(setting: ReturnType<typeof twoMachines>, handler: ConnectionHandler): Promise<NetworkConnection> {
  let connection: NetworkConnection | null = null
  const options = { host: '10.0.0.2', port: 2181, timeoutMs: 1000, noDelay: true, keepAlive: false }
  setting.network.of(setting.one).connect(options, handler, (_error, made) => {
    connection = made
  })
  await setting.world.runUntil(setting.world.nowMs + 100, () => connection !== null)
  if (connection === null) throw new Error('not connected')
  return connection
}

test('bytes arrive in their order, and an end on both sides closes the connection', async () => {
  const setting = twoMachines(1)
  const recorder = new Recorder()
  const connection = await connected(setting, recorder)
  for (let i = 0; i < 50; i++) connection.write(new TextEncoder().encode(`${i},`), `${i},`.length)
  connection.end()
  await setting.world.runUntil(10_000)
  expect(recorder.text).toBe(Array.from({ length: 50 }, (_, i) => `${i},`).join(''))
  expect(recorder.heard).toEqual(['end', 'close'])
  expect(setting.network.connectionCount).toBe(0)
})

test('a cut link holds bytes back until it is mended', async () => {
  const setting = twoMachines(2)
  const recorder = new Recorder()
  const connection = await connected(setting, recorder)
  setting.network.cut('10.0.0.1', '10.0.0.2')
  connection.write(new TextEncoder().encode('late'), 4)
  await setting.world.runUntil(setting.world.nowMs + 5000)
  expect(recorder.text).toBe('')
  setting.network.mendAll()
  await setting.world.runUntil(setting.world.nowMs + 100)
  expect(recorder.text).toBe('late')
})

test('a crash is learnt by the peer, and the crashed process hears nothing', async () => {
  const setting = twoMachines(3)
  const recorder = new Recorder()
  await connected(setting, recorder)
  const far = new Recorder()
  for (const connection of setting.accepted) connection.handler = far
  setting.network.crashed(setting.two)
  setting.two.kill()
  await setting.world.runUntil(setting.world.nowMs + 100)
  expect(recorder.heard).toEqual(['close: ECONNRESET (simulated)'])
  expect(far.heard).toEqual([])
})

test('a paused process hears everything when it goes on', async () => {
  const setting = twoMachines(4)
  const recorder = new Recorder()
  const connection = await connected(setting, recorder)
  setting.two.pause()
  connection.write(new TextEncoder().encode('echo'), 4)
  await setting.world.runUntil(setting.world.nowMs + 3000)
  expect(recorder.text).toBe('')
  setting.two.resume()
  await setting.world.runUntil(setting.world.nowMs + 100)
  expect(recorder.text).toBe('echo')
})

test('nobody listens: the connection is refused; a cut link: the attempt times out', async () => {
  const setting = twoMachines(5)
  const errors: (string | undefined)[] = []
  const attempt = (port: number): void => {
    const options = { host: '10.0.0.2', port, timeoutMs: 1000, noDelay: true, keepAlive: false }
    setting.network.of(setting.one).connect(options, new Recorder(), (error) => errors.push(error?.message))
  }
  attempt(1)
  await setting.world.runUntil(500)
  setting.network.cut('10.0.0.1', '10.0.0.2')
  attempt(2181)
  await setting.world.runUntil(3000)
  expect(errors).toEqual(['ECONNREFUSED (simulated)', 'ETIMEDOUT (simulated)'])
})

test('promises settle between events', async () => {
  const world = new World(6)
  const order: string[] = []
  world.after(1, () => {
    void Promise.resolve()
      .then(() => order.push('first'))
      .then(() => order.push('second'))
      .then(() => order.push('third'))
  })
  world.after(1, () => order.push('next event'))
  await world.runUntil(2)
  expect(order).toEqual(['first', 'second', 'third', 'next event'])
})
