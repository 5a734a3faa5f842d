// Clients that ask and do not read. What they are owed must not pile up in the server: it stops
// reading from them, serves everyone else, and goes on when they do.

import { connectRequest, RawClient, readConnectResponse, requestPayload } from '../support/raw-client.ts'
import { frame, RawConnection } from '../support/raw-connection.ts'
import { RawOp } from '../support/raw-records.ts'
import { fourLetterWord, removeServerDirectory, type ServerProcess, startServer } from '../support/server-process.ts'
import { Canary } from './canary.ts'
import { MemorySampler } from './memory-sampler.ts'
import { delay, eventually, expect, type FaultContext, type FaultSuite } from './suite.ts'

const RESIDENT_MAX_MIB = 300
/** Apache's server keeps what it owes in its heap; it is held to everything but the memory. */
const JAVA_FLAGS = ['-Xmx4g']
const CANARY_MAX_MS = 2000
const SESSION_TIMEOUT_MS = 120_000
/** Just below what a frame may hold. */
const NODE_BYTES = 1_000_000

export const nonReaderSuite: FaultSuite = {
  name: 'non-reader',
  cases: [
    {
      name: 'a client that is owed 1 GB and never reads costs little memory, and gets every reply once it reads',
      run: oneNonReader,
    },
    {
      name: 'many clients that are owed 1 GB together and never read cost little memory, also when they vanish',
      run: manyNonReaders,
    },
    { name: 'watchers that never read while others write heavily cost little memory', run: watchingNonReaders },
    {
      name: 'a client that sends half a gigabyte of writes at once costs little memory, and each is carried out',
      run: eagerWriter,
    },
  ],
}

async function withServer(
  context: FaultContext,
  work: (server: ServerProcess) => Promise<string>,
  canaryMaxMs: number = CANARY_MAX_MS,
): Promise<string> {
  const server = await startServer({
    target: context.target,
    config: { tickTime: 2000, maxSessionTimeout: SESSION_TIMEOUT_MS },
    javaFlags: JAVA_FLAGS,
  })
  try {
    const canary = await Canary.start(server.port)
    const memory = new MemorySampler(server)
    const figures = await work(server)
    const usage = memory.stop()
    if (context.target === 'ours') expect(memory.highestMiB < RESIDENT_MAX_MIB, `too much memory: ${usage}; ${figures}`)
    return `${figures}; ${usage}; ${await canary.silence(canaryMaxMs)}`
  } finally {
    await server.kill()
    removeServerDirectory(server.directory)
  }
}

/** Large nodes, each with data of its own. */
async function createNodes(context: FaultContext, port: number): Promise<Map<string, Uint8Array>> {
  const client = await RawClient.connect('127.0.0.1', port)
  const nodes = new Map<string, Uint8Array>()
  for (let index = 0; index < 4; index++) {
    const data = context.random.bytes(NODE_BYTES)
    nodes.set(`/large${index}`, data)
    await client.create(`/large${index}`, data)
  }
  await client.close()
  return nodes
}

/** A connection with a session that has asked for large nodes and reads nothing. */
class NonReader {
  readonly connection: RawConnection
  readonly requests: number
  readonly #nodes: readonly [string, Uint8Array][]

  private constructor(connection: RawConnection, requests: number, nodes: ReadonlyMap<string, Uint8Array>) {
    this.connection = connection
    this.requests = requests
    this.#nodes = [...nodes]
  }

  static async open(port: number, requests: number, nodes: ReadonlyMap<string, Uint8Array>): Promise<NonReader> {
    const connection = await RawConnection.open('127.0.0.1', port)
    connection.sendFrame(connectRequest({ timeoutMs: SESSION_TIMEOUT_MS }))
    expect(readConnectResponse(await connection.nextFrame()).timeoutMs === SESSION_TIMEOUT_MS, 'the session was refused')
    connection.pause()
    const reader = new NonReader(connection, requests, nodes)
    const frames: Uint8Array[] = []
    for (let xid = 1; xid <= requests; xid++) {
      const payload = requestPayload(xid, RawOp.getData, (writer) => {
        writer.writeString(reader.#node(xid)[0])
        writer.writeBoolean(false)
      })
      frames.push(frame(payload))
    }
    connection.sendBytes(Buffer.concat(frames))
    return reader
  }

  /** Reads everything that is owed, and compares it. */
  async readAll(): Promise<number> {
    const startedMs = performance.now()
    let received = 0
    let violation: string | null = null
    const done = new Promise<void>((resolve) => {
      this.connection.listen(
        (payload) => {
          received++
          const reply = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
          const [path, data] = this.#node(received)
          const isRight =
            reply.readInt32BE(0) === received && reply.readInt32BE(12) === 0 && reply.subarray(20, 20 + NODE_BYTES).equals(data)
          if (!isRight)
            violation ??= `reply ${reply.readInt32BE(0)} came where ${received} (${path}) was awaited, or with other data`
          if (received === this.requests) resolve()
        },
        () => resolve(),
      )
    })
    this.connection.resume()
    await done
    expect(violation === null, String(violation))
    expect(received === this.requests, `${received} of ${this.requests} replies came`)
    return performance.now() - startedMs
  }

  #node(xid: number): readonly [string, Uint8Array] {
    const node = this.#nodes[xid % this.#nodes.length]
    if (node === undefined) throw new Error('there are no nodes to read')
    return node
  }
}

async function oneNonReader(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const nodes = await createNodes(context, server.port)
    const reader = await NonReader.open(server.port, 1080, nodes)
    await delay(context.size === 'quick' ? 3000 : 10_000)
    const tookMs = await reader.readAll()
    reader.connection.destroy()
    const owedMiB = (reader.requests * NODE_BYTES) / (1 << 20)
    return `${owedMiB.toFixed(0)} MiB owed, read afterwards at ${(owedMiB / (tookMs / 1000)).toFixed(0)} MiB/s`
  })
}

async function manyNonReaders(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    const nodes = await createNodes(context, server.port)
    const readers: NonReader[] = []
    for (let count = 0; count < 20; count++) readers.push(await NonReader.open(server.port, 54, nodes))
    await delay(context.size === 'quick' ? 2000 : 6000)
    // Every other one disappears without a word; the rest come back to life.
    for (const [index, reader] of readers.entries()) if (index % 2 === 0) reader.connection.reset()
    await Promise.all(readers.filter((_, index) => index % 2 === 1).map((reader) => reader.readAll()))
    for (const reader of readers) reader.connection.destroy()
    const isLeft = async (): Promise<boolean> => /^Connections: 2$/m.test(await fourLetterWord(server.port, 'srvr'))
    await eventually(isLeft, 5000, 'the connections of the readers are gone')
    return `${readers.length} clients, 54 MB each`
  })
}

async function watchingNonReaders(context: FaultContext): Promise<string> {
  return withServer(context, async (server) => {
    // Each silent watcher is owed more than a server may keep for it: 50 MB in the full size.
    const writes = context.size === 'quick' ? 10_000 : 60_000
    const watchers = 40
    const names = 50
    const writer = await RawClient.connect('127.0.0.1', server.port)
    await writer.create('/watched')
    // Long paths: what a watcher is owed is mostly the path in each event.
    const paths = Array.from({ length: names }, (_, index) => `/watched/${String(index).padStart(3, '0')}-${'p'.repeat(800)}`)
    await Promise.all(paths.map((path) => writer.create(path)))
    const silent: WatchReader[] = []
    for (let count = 0; count < watchers; count++) silent.push(await WatchReader.open(server.port, paths))
    const honest = await WatchReader.open(server.port, paths)
    for (const watcher of silent) watcher.connection.pause()
    const startedMs = performance.now()
    let acknowledged = 0
    let sent = 0
    const lane = async (): Promise<void> => {
      while (sent < writes) {
        const path = paths[sent++ % names]
        if (path !== undefined) await writer.setData(path, 'x')
        acknowledged++
      }
    }
    await Promise.all(Array.from({ length: 100 }, lane))
    const writesPerSecond = acknowledged / ((performance.now() - startedMs) / 1000)
    await eventually(() => honest.events === writes, 10_000, 'the watcher that reads has every event')
    // Now the silent ones read what there is: all of it, or the beginning of it and the end of their connection.
    for (const watcher of silent) watcher.connection.resume()
    await eventually(
      () => silent.every((each) => each.events === writes || each.connection.isClosed),
      60_000,
      'the silent watchers read on',
    )
    for (const watcher of [...silent, honest]) {
      expect(watcher.violation === null, String(watcher.violation))
      watcher.connection.destroy()
    }
    const complete = silent.filter((watcher) => watcher.events === writes).length
    await writer.close()
    return `${writes} writes at ${writesPerSecond.toFixed(0)}/s, ${watchers} silent watchers of which ${complete} got all events and ${watchers - complete} were dropped`
  })
}

/** A session with a recursive watch; counts its events and checks their order. */
class WatchReader {
  readonly connection: RawConnection
  events = 0
  violation: string | null = null
  readonly #paths: readonly string[]

  private constructor(connection: RawConnection, paths: readonly string[]) {
    this.connection = connection
    this.#paths = paths
  }

  static async open(port: number, paths: readonly string[]): Promise<WatchReader> {
    const connection = await RawConnection.open('127.0.0.1', port)
    connection.sendFrame(connectRequest({ timeoutMs: SESSION_TIMEOUT_MS }))
    await connection.nextFrame()
    const addWatch = requestPayload(1, RawOp.addWatch, (writer) => {
      writer.writeString('/watched')
      writer.writeInt(1)
    })
    connection.sendFrame(addWatch)
    await connection.nextFrame()
    const reader = new WatchReader(connection, paths)
    connection.listen(
      (payload) => reader.#take(payload),
      () => undefined,
    )
    return reader
  }

  /** An event: header (-1, zxid, 0), type 3, state 3, path. The writer goes through the paths in turn. */
  #take(payload: Buffer): void {
    const path = payload.toString('utf8', 28, 28 + payload.readInt32BE(24))
    const isRight =
      payload.readInt32BE(0) === -1 && payload.readInt32BE(16) === 3 && path === this.#paths[this.events % this.#paths.length]
    if (!isRight) this.violation ??= `event ${this.events} is of ${path.slice(0, 20)}, type ${payload.readInt32BE(16)}`
    this.events++
  }
}

async function eagerWriter(context: FaultContext): Promise<string> {
  return withServer(
    context,
    async (server) => {
      const writes = context.size === 'quick' ? 200 : 512
      const client = await RawClient.connect('127.0.0.1', server.port, { timeoutMs: SESSION_TIMEOUT_MS })
      await client.create('/eager')
      const data = context.random.bytes(NODE_BYTES)
      const startedMs = performance.now()
      const stats = await Promise.all(Array.from({ length: writes }, () => client.setData('/eager', data)))
      const seconds = (performance.now() - startedMs) / 1000
      for (const [index, stat] of stats.entries())
        expect(stat.version === index + 1, `write ${index + 1} made version ${stat.version}`)
      const shown = await client.getData('/eager')
      expect(Buffer.compare(shown.data ?? new Uint8Array(0), data) === 0, 'the data came out different')
      await client.close()
      return `${writes} MB of writes in ${seconds.toFixed(1)} s`
      // Its writes share the disk with everyone's: the others wait for their turn behind some of them.
    },
    5000,
  )
}
