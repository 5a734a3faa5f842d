import { ByteWriter, type ElectionAddress, writeElectionHandshake } from '@tskeeper/protocol/server'
import { expect, test } from 'vitest'
import { ElectionLinks } from '../../src/quorum/election-links.ts'
import { ElectionListener } from '../../src/quorum/election-listener.ts'
import type { NetworkConnection } from '../../src/runtime/network.ts'
import type { StartupError } from '../../src/startup-error.ts'
import { RecordingLogger } from '../recording-logger.ts'
import { type MemoryConnection, MemoryWorld } from './memory-world.ts'

const HOST = '127.0.0.1'
const HANDSHAKE_TIMEOUT_MS = 2500

const addressOf = (serverId: number): ElectionAddress => ({ host: HOST, port: 3880 + serverId })

/** A server's links and listener, with what came in as "from: text". */
class Server {
  readonly id: number
  readonly links: ElectionLinks
  readonly logger = new RecordingLogger()
  readonly received: string[] = []
  readonly #listener: ElectionListener

  constructor(world: MemoryWorld, id: number, members: readonly number[] = [1, 2, 3]) {
    this.id = id
    this.links = new ElectionLinks(
      {
        serverId: id,
        ownAddresses: [addressOf(id)],
        addressesOf: (serverId) => (members.includes(serverId) ? [addressOf(serverId)] : []),
        receive: (serverId, payload) => {
          const text = new TextDecoder().decode(payload.bytes.subarray(payload.position, payload.end))
          this.received.push(`${serverId}: ${text}`)
        },
        unreachable: (serverId) => this.received.push(`${serverId} is unreachable`),
        lost: (serverId) => this.received.push(`${serverId} is lost`),
        connectTimeoutMs: 5000,
        handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        keepAlive: false,
        isMultiAddressEnabled: false,
        reachabilityTimeoutMs: 1000,
      },
      world.runtime,
      this.logger,
    )
    const options = { address: addressOf(id), bindAttemptsMax: 1, keepAlive: false }
    const accept = (connection: NetworkConnection): void => this.links.accept(connection)
    this.#listener = new ElectionListener(options, world.runtime, this.logger, accept, () => {})
  }

  send(to: number, text: string): void {
    this.links.send(to, frame(text))
  }

  take(): string[] {
    return this.received.splice(0)
  }

  stop(): void {
    this.#listener.close()
    this.links.close()
  }
}

/** The servers 1 and 2 of three. */
function twoServers(): { readonly world: MemoryWorld; readonly one: Server; readonly two: Server } {
  const world = new MemoryWorld()
  return { world, one: new Server(world, 1), two: new Server(world, 2) }
}

function frame(text: string): Uint8Array {
  const out = new ByteWriter()
  out.writeString(text)
  return out.toBytes()
}

function handshake(serverId: number, port = 3880 + serverId): Uint8Array {
  const out = new ByteWriter()
  writeElectionHandshake(out, serverId, [{ host: HOST, port }], false)
  return out.toBytes()
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex')
}

/** A stranger's end of a connection that the server has accepted. */
function dialIn(world: MemoryWorld, server: Server): MemoryConnection {
  return world.pair((connection) => server.links.accept(connection), 50_000)
}

test('the larger server dials the smaller one, says who it is in one write, and votes go both ways', () => {
  const { world, one, two } = twoServers()
  two.send(1, 'from two')
  world.settle()
  expect(world.dialled.map(({ to }) => to)).toEqual(['127.0.0.1:3881'])
  const address = Buffer.from('127.0.0.1:3882').toString('hex')
  expect(world.dialled[0]?.connection.written.map(hex)).toEqual([
    `ffffffffffff000000000000000000020000000e${address}`,
    hex(frame('from two')),
  ])
  one.send(2, 'from one')
  world.settle()
  expect(one.take()).toEqual(['2: from two'])
  expect(two.take()).toEqual(['1: from one'])
  expect(world.dialled.length).toBe(1)
})

test('the smaller server dials only to be dialled back: its connection closes, and its vote takes the other one', () => {
  const { world, one, two } = twoServers()
  one.send(2, 'from one')
  world.settle()
  expect(world.dialled.map(({ to, connection }) => [to, connection.isClosed])).toEqual([
    ['127.0.0.1:3882', true],
    ['127.0.0.1:3881', false],
  ])
  expect(two.take()).toEqual(['1: from one'])
})

test('both may dial at the same time: one link is left', () => {
  const { world, one, two } = twoServers()
  one.send(2, 'from one')
  two.send(1, 'from two')
  world.settle()
  expect(world.dialled.filter(({ connection }) => !connection.isClosed).length).toBe(1)
  expect([...new Set(one.take())]).toEqual(['2: from two'])
  expect([...new Set(two.take())]).toEqual(['1: from one'])
})

test('a smaller server that dials again gets a new link in place of the old one', () => {
  const { world, one, two } = twoServers()
  two.send(1, 'first')
  world.settle()
  one.take()
  const again = dialIn(world, two)
  again.write(handshake(1), 34)
  world.settle()
  expect(world.dialled.map(({ connection }) => connection.isClosed)).toEqual([true, false])
  expect(one.take()).toEqual(['2: first'])
})

test('a larger server that dials again replaces its old link', () => {
  const { world, one, two } = twoServers()
  two.send(1, 'first')
  world.settle()
  const again = dialIn(world, one)
  again.write(handshake(2), 34)
  again.write(frame('again'), 9)
  world.settle()
  expect(one.take()).toEqual(['2: first', '2: again'])
  expect(world.dialled[0]?.connection.isClosed).toBe(true)
  expect(one.links.isLinked(2)).toBe(true)
})

test('of the votes that wait for a link only the newest goes', () => {
  const world = new MemoryWorld()
  const two = new Server(world, 2)
  two.send(1, 'old')
  two.send(1, 'new')
  world.settle()
  expect(two.links.hasDelivered).toBe(false)
  const one = new Server(world, 1)
  two.links.connectAll()
  world.settle()
  expect(one.take()).toEqual(['2: new'])
  expect(two.links.hasDelivered).toBe(true)
})

test('of the votes that wait for a connection that is not read only the newest goes', () => {
  const { world, one, two } = twoServers()
  two.send(1, '1')
  world.settle()
  const connection = world.dialled[0]?.connection
  connection?.hold()
  for (const text of ['2', '3', '4']) two.send(1, text)
  expect(two.links.hasDelivered).toBe(false)
  connection?.release()
  world.settle()
  expect(one.take()).toEqual(['2: 1', '2: 2', '2: 4'])
})

test('a new link begins with the last vote, for it may have been lost with the old link', () => {
  const { world, one, two } = twoServers()
  two.send(1, 'vote')
  world.settle()
  one.take()
  world.dialled[0]?.connection.peer?.destroy()
  world.settle()
  two.links.connectAll()
  world.settle()
  expect(one.take()).toEqual(['2: vote'])
})

test('a new link begins with the newest vote alone, if there is one that waits', () => {
  const { world, one, two } = twoServers()
  two.send(1, 'vote')
  world.settle()
  one.take()
  world.dialled[0]?.connection.peer?.destroy()
  world.settle()
  two.send(1, 'newer')
  world.settle()
  expect(one.take()).toEqual(['2: newer'])
})

test('a broken link is not dialled again before there is something to say', () => {
  const { world, two } = twoServers()
  two.send(1, 'vote')
  world.settle()
  world.dialled[0]?.connection.destroy()
  world.advance(100_000)
  expect(world.dialled.length).toBe(1)
  expect(two.links.isLinked(1)).toBe(false)
})

test('a link that breaks counts as lost after a moment, unless another one takes its place', () => {
  const { world, one, two } = twoServers()
  two.send(1, 'vote')
  world.settle()
  world.dialled[0]?.connection.destroy()
  world.settle()
  two.send(1, 'another')
  world.advance(1000)
  expect(one.take()).toEqual(['2: vote', '2: another'])
  expect(two.take()).toEqual([])
  two.stop()
  world.advance(9)
  expect(one.take()).toEqual([])
  world.advance(1)
  expect(one.take()).toEqual(['2 is lost'])
})

test('a server at whose addresses nobody answers is reported', () => {
  const world = new MemoryWorld()
  const one = new Server(world, 1)
  one.send(2, 'vote')
  world.settle()
  expect(one.take()).toEqual(['2 is unreachable'])
})

test('while a connection is being opened there is no second one', () => {
  const { world, two } = twoServers()
  two.send(1, 'vote')
  two.links.connectAll()
  two.send(1, 'vote')
  world.settle()
  expect(world.dialled.length).toBe(1)
})

test('a server that no configuration names is dialled back at the address that it announces', () => {
  const world = new MemoryWorld()
  const [three, newcomer] = [new Server(world, 3), new Server(world, 2, [3])]
  const outsider = new Server(world, 1, [3])
  outsider.send(3, 'hello')
  world.settle()
  expect(three.take()).toEqual(['1: hello'])
  three.send(1, 'answer')
  world.settle()
  expect(outsider.take()).toEqual(['3: answer'])
  newcomer.stop()
})

test('an old server that announces no address is dialled back at the configured one', () => {
  const { world, one, two } = twoServers()
  const old = new ByteWriter()
  old.writeNumber(1)
  dialIn(world, two).write(old.toBytes(), 8)
  two.send(1, 'vote')
  world.settle()
  expect(world.dialled.map(({ to }) => to)).toEqual(['127.0.0.1:3881'])
  expect(one.take()).toEqual(['2: vote'])
})

test('anonymous observers are told apart', () => {
  const world = new MemoryWorld()
  const two = new Server(world, 2)
  const addresses = [
    { host: HOST, port: 4001 },
    { host: HOST, port: 4002 },
  ]
  for (const { port } of addresses) {
    const accept = (connection: NetworkConnection): void => {
      connection.write(frame(`at ${port}`), 11)
    }
    world.listen({ host: HOST, port, backlog: -1, keepAlive: false }, accept, () => {})
    const bytes = handshake(0, port)
    // 2^63 - 1 is no number of ours, so its bytes are written by hand.
    bytes.set([0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 8)
    dialIn(world, two).write(bytes, bytes.length)
  }
  world.settle()
  expect(two.take()).toEqual(['-1: at 4001', '-2: at 4002'])
})

test('a handshake and votes arrive whole, wherever they are cut', () => {
  const bytes = Uint8Array.from([...handshake(3), ...frame('first'), ...frame('second')])
  for (let cut = 1; cut < bytes.length; cut++) {
    const world = new MemoryWorld()
    const one = new Server(world, 1)
    const connection = dialIn(world, one)
    connection.write(bytes.subarray(0, cut), cut)
    world.settle()
    connection.write(bytes.subarray(cut), bytes.length - cut)
    world.settle()
    expect(one.take(), `cut after ${cut}`).toEqual(['3: first', '3: second'])
  }
})

test.each([
  ['that is of an unknown version', 'ffffffffffff0002' + '0000000000000003'],
  ['whose address is longer than an address can be', `ffffffffffff0000000000000000000300000801`],
  ['without an address', `ffffffffffff0000000000000000000300000000`],
  ['whose address is none', `ffffffffffff0000000000000000000300000003616161`],
  ['with the id of the server that it dials', hex(handshake(1))],
])('a handshake %s closes the connection and nothing else', (_name, text) => {
  const world = new MemoryWorld()
  const one = new Server(world, 1)
  const connection = dialIn(world, one)
  const bytes = Uint8Array.from(Buffer.from(text, 'hex'))
  connection.write(bytes, bytes.length)
  world.settle()
  expect(connection.isClosed).toBe(true)
  expect(one.logger.text('warn')).toContain('was closed')
  const next = dialIn(world, one)
  next.write(handshake(3), 34)
  next.write(frame('vote'), 8)
  world.settle()
  expect(one.take()).toEqual(['3: vote'])
})

test('who dials and stays silent is not waited for, and does not keep others waiting', () => {
  const world = new MemoryWorld()
  const one = new Server(world, 1)
  const silent = dialIn(world, one)
  const other = dialIn(world, one)
  other.write(handshake(3), 34)
  other.write(frame('vote'), 8)
  world.advance(HANDSHAKE_TIMEOUT_MS - 1)
  expect(one.take()).toEqual(['3: vote'])
  expect(silent.isClosed).toBe(false)
  world.advance(1)
  expect(silent.isClosed).toBe(true)
})

test.each([0, -1, 524_289])('a vote of %i bytes ends the link', (length) => {
  const world = new MemoryWorld()
  const one = new Server(world, 1)
  const connection = dialIn(world, one)
  const out = new ByteWriter()
  out.writeBytes(handshake(3))
  out.writeInt(length)
  connection.write(out.toBytes(), out.position)
  world.settle()
  expect(connection.isClosed).toBe(true)
  expect(one.links.isLinked(3)).toBe(false)
})

test('connections that say nothing are limited in number', () => {
  const world = new MemoryWorld()
  const one = new Server(world, 1)
  const connections = Array.from({ length: 257 }, () => dialIn(world, one))
  world.settle()
  expect(connections.filter((connection) => connection.isClosed).length).toBe(1)
})

test('servers that are not members are limited in number, and one that has gone makes room', () => {
  const world = new MemoryWorld()
  const one = new Server(world, 1)
  const connections = Array.from({ length: 257 }, (_, index) => {
    const connection = dialIn(world, one)
    const bytes = handshake(100 + index, 3881)
    connection.write(bytes, bytes.length)
    world.settle()
    return connection
  })
  expect(connections.map((connection) => connection.isClosed).lastIndexOf(true)).toBe(256)
  expect(connections.filter((connection) => connection.isClosed).length).toBe(1)
  connections[0]?.destroy()
  world.settle()
  const late = dialIn(world, one)
  const bytes = handshake(400, 3881)
  late.write(bytes, bytes.length)
  world.settle()
  expect(late.isClosed).toBe(false)
})

test('closed links send, accept and dial nothing', () => {
  const { world, one, two } = twoServers()
  two.send(1, 'vote')
  world.settle()
  const waiting = dialIn(world, two)
  two.stop()
  world.settle()
  expect(waiting.isClosed).toBe(true)
  expect(one.links.isLinked(2)).toBe(false)
  two.send(1, 'vote')
  const late = dialIn(world, two)
  world.settle()
  expect(late.isClosed).toBe(true)
  expect(world.dialled.length).toBe(1)
})

// Listening.

/** The failures that a listener on a port tells of, as they come. */
function listenerOn(world: MemoryWorld, bindAttemptsMax: number): StartupError[] {
  const failures: StartupError[] = []
  const options = { address: addressOf(1), bindAttemptsMax, keepAlive: false }
  const failed = (error: StartupError): number => failures.push(error)
  const listener = new ElectionListener(options, world.runtime, new RecordingLogger(), () => {}, failed)
  expect(listener.port).toBe(3881)
  return failures
}

test.each([
  [3, 3],
  [2, 2],
  [-5, 3],
])(
  'with electionPortBindRetry=%i a port that is in use is tried %i times, a second apart; then the process ends with status 14',
  (setting, attempts) => {
    const world = new MemoryWorld()
    world.taken.add('127.0.0.1:3881')
    const failures = listenerOn(world, setting)
    world.advance((attempts - 1) * 1000 - 1)
    expect(failures).toEqual([])
    world.advance(1)
    expect(failures.map(({ exitCode }) => exitCode)).toEqual([14])
    expect(failures[0]?.message).toContain('127.0.0.1, port 3881')
  },
)

test('with electionPortBindRetry=0 the port is tried until it is free', () => {
  const world = new MemoryWorld()
  world.taken.add('127.0.0.1:3881')
  const failures = listenerOn(world, 0)
  world.advance(50_500)
  world.taken.clear()
  world.advance(1000)
  expect(failures).toEqual([])
  const two = new Server(world, 2)
  two.send(1, 'vote')
  world.settle()
  expect(world.dialled.length).toBe(1)
  expect(world.dialled[0]?.connection.written.map(hex)).toContain(hex(frame('vote')))
})
